"""A version is what the plan says, named by its content, or it is not made."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from policies.compiled import compile_plan
from runs.errors import InvalidInput, NotAllowed
from runs.plan import Plan, PlanRecord
from runs.records.case import Dataset
from tests import builders
from tests.unit.workflow.builders import learnt
from workflow.version import make, mask_of, out_of_scope

BOUNDS = {"act_threshold": {"low": "0.1", "high": "0.99"}, "scope_floor": {"low": "0", "high": "1"}}
VALUES = {"act_threshold": "0.5", "scope_floor": "0"}
ROUTING = {"bounds": BOUNDS, "values": VALUES}
FIELDS = (
    {"name": "text", "type": "text", "required": True},
    {"name": "iban", "type": "text", "masked": True},
    {"name": "amount", "type": "number"},
)
RULE = {"id": "r", "when": "item.amuont > 3", "route": "review", "owner": "o", "why": "w"}
SOURCE = builders.source(key_field="id", fields=("x",))
OUTSIDE = "routing.values.act_threshold: 0.{} lies outside"
AMOUNT = {"kind": "number", "field": "amount"}
CONTRACT = {"fields": FIELDS, "text_field": "text", "labels": ("refund", "oos")}


def looks(field: str) -> dict[str, Any]:
    """A route that looks at one field as a choice."""
    return {"features": ({"kind": "choice", "field": field},)}


def record(**changed: Any) -> PlanRecord:
    """The desk's plan with bounds for all its values."""
    changes = {"routing": ROUTING, "contract": CONTRACT} | changed
    return builders.plan_record(plan=builders.plan(**changes))


def dataset(**changed: Any) -> Dataset:
    """A split dataset without a gap."""
    values: dict[str, Any] = {
        "name": "desk",
        "workflow": "desk",
        "cases": builders.DIGEST,
        "counts": {"learn": 50, "dev": 25, "holdout": 25},
        "families": {"learn": 50, "dev": 25, "holdout": 25},
        "salt": "s",
        "gaps": (),
        "accepted_by": "",
        "agreement": "0.9",
        "imported_at": datetime(2030, 1, 1, tzinfo=UTC),
        "imported_by": "eva",
    }
    return Dataset.model_validate(values | changed)


def test_the_same_plan_and_cases_make_the_same_version() -> None:
    """And another dataset another."""
    version = make(record(), dataset())

    assert version.digest == make(record(), dataset()).digest
    assert version.digest != make(record(), dataset(salt="other")).digest


def test_a_version_learns_from_the_dataset_it_names() -> None:
    """And knows which label belongs to no other."""
    version = make(record(), dataset())
    route = learnt(version)

    assert (route.text_field, route.dataset) == ("text", dataset().digest)
    assert route.settings == {"out_of_scope": "oos"}
    assert out_of_scope(version) == "oos"
    assert (
        learnt(make(record(contract=CONTRACT | {"labels": ("a", "b")}), dataset())).settings == {}
    )


def test_a_route_without_features_keeps_the_form_it_always_had() -> None:
    """So the digests of every version and plan that looks at a text alone stay as they were."""
    made = record()

    assert set(make(made, dataset()).routes[0].as_json()) == {
        "kind",
        "text_field",
        "dataset",
        "settings",
    }
    assert "learning" not in made.plan.as_json()


def test_a_version_looks_at_the_features_of_its_plan() -> None:
    """With or without a text."""
    parts = {"contract": CONTRACT | {"text_field": ""}, "learning": {"features": (AMOUNT,)}}
    route = learnt(make(record(**parts), dataset()))

    assert (route.text_field, [one.field for one in route.features]) == ("", ["amount"])


def test_what_the_plan_masks_is_masked() -> None:
    """Fields of the contract and of the plan, and patterns."""
    mask = mask_of(make(record(), dataset()))

    assert mask({"text": "write to a@example.com", "iban": "DE0"}).value == {
        "text": "write to [masked:email]",
        "iban": "[masked:iban]",
    }


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"contract": CONTRACT | {"text_field": "body"}}, "contract.text_field: 'body'"),
        ({"contract": CONTRACT | {"text_field": "iban"}}, "contract.text_field: 'iban'"),
        ({"routing": ROUTING | {"values": {"act_threshold": "0.5"}}}, "'scope_floor' is missing"),
        ({"routing": ROUTING | {"bounds": {}}}, OUTSIDE.format("5")),
        ({"routing": ROUTING | {"values": VALUES | {"act_threshold": "1"}}}, "threshold: 1 lies"),
        ({"routing": ROUTING | {"rules": (RULE,)}}, "rule 'r'"),
        ({"context": {"sources": (SOURCE,)}}, "'crm' is keyed by 'id'"),
        ({"contract": CONTRACT | {"text_field": ""}}, "contract.text_field: ''"),
        ({"learning": looks("iban")}, "learning.features.0.field is iban, which is masked"),
        (
            {"learning": looks("context.crm.x")},
            "crm is no declared source; declare it, or name one of: none",
        ),
    ],
)
def test_a_plan_whose_parts_do_not_fit_makes_no_version(
    changed: dict[str, Any], problem: str
) -> None:
    """The message names the part."""
    with pytest.raises(InvalidInput, match=problem):
        make(record(**changed), dataset())


@pytest.mark.parametrize(
    ("changed", "error", "problem"),
    [
        (
            {"gaps": ("routes",)},
            NotAllowed,
            "'desk' lacks routes; ask the domain expert to accept that",
        ),
        ({"workflow": "other"}, InvalidInput, "is for workflow 'other', the plan for 'desk'"),
        ({"counts": {"dev": 9}}, InvalidInput, "has no case to learn from"),
    ],
)
def test_a_dataset_that_is_not_ready_makes_no_version(
    changed: dict[str, Any], error: type[Exception], problem: str
) -> None:
    """Gaps nobody accepted, another workflow, nothing to learn from."""
    with pytest.raises(error, match=problem):
        make(record(), dataset(**changed))


def test_gaps_that_were_accepted_are_no_obstacle() -> None:
    """The expert's word stands in the dataset."""
    accepted = dataset(gaps=("routes",), accepted_by="eva")

    assert make(record(), accepted).routes[0].dataset == accepted.digest


def test_the_first_policy_has_the_plan_s_numbers_and_the_installation_s_people() -> None:
    """Bars, values and lists are what the plan asks approval for."""
    gate = {"wrong_auto_max": 0.05, "coverage_min": 0.6, "min_cases": 10}
    parts = builders.plan().as_json()
    parts["acceptance"]["gates"] = {"dry_run": gate}
    parts["routing"]["values"]["amount_limit"] = "200"
    policy = compile_plan(Plan.model_validate(parts), builders.policy(workflow="any")).policy

    assert (policy.workflow, policy.values["amount_limit"]) == ("desk", Decimal(200))
    assert list(policy.gates) == ["dry_run"]
    assert policy.review_owner == builders.policy().review_owner


def test_without_defaults_there_is_no_policy() -> None:
    """Who approves is never guessed."""
    with pytest.raises(InvalidInput, match="no defaults for approvers"):
        compile_plan(builders.plan(), None)
