"""A plan says everything that is due, its parts agree, and each hole has somebody who is asked."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from policies import plans, rules, texts
from runs.errors import InvalidInput
from runs.plan import Limit, Owners, Plan
from tests.unit.policies.builders import PLAN

WHOLE: dict[str, Any] = texts.read(PLAN, "plan.yaml").value
AT_MOST = Limit(direction="at_most", value=Decimal("0.1"))
ELSEWHERE = ("routing.values.act_threshold", "routing.values.scope_floor")
"""Due though no record has a field of that name."""


def record_in(annotation: Any) -> type[BaseModel] | None:
    """The record an annotation holds, itself or as what a list or mapping is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inside = (record_in(one) for one in get_args(annotation))
    return next((one for one in inside if one), None)


def due(kind: type[BaseModel], value: Any, path: str = "") -> Iterator[str]:
    """The path of every leaf that is due in a written plan."""
    for name, field in kind.model_fields.items():
        inner = record_in(field.annotation)
        here = f"{path}{name}"
        if name not in value:
            continue
        if inner is None or not isinstance(value[name], dict | list):
            yield from [here] if field.is_required() else []
        elif field.annotation is inner:
            yield from due(inner, value[name], f"{here}.")
        else:
            yield from [here] if field.is_required() and isinstance(value[name], list) else []
            many = value[name].items() if isinstance(value[name], dict) else enumerate(value[name])
            for key, one in many:
                yield from due(inner, one, f"{here}.{key}.")


LEAVES = [*due(Plan, WHOLE), *ELSEWHERE, "context.sources.0.max_age_hours"]


def without(path: str, put: Any = None) -> str:
    """The whole plan without one leaf, or with another value in its place."""
    written = deepcopy(WHOLE)
    *above, name = path.split(".")
    part: Any = written
    for step in above:
        part = part[int(step)] if isinstance(part, list) else part[step]
    if put is None:
        del part[name]
    else:
        part[name] = put
    return texts.write(written)


def test_the_leaves_are_those_of_every_area() -> None:
    """The look at the plan's fields sees all of them."""
    areas = set(Plan.model_fields) - {"learning", "drafting", "models"}

    assert {leaf.partition(".")[0] for leaf in LEAVES} == areas
    assert len(LEAVES) > 150


@pytest.mark.parametrize("leaf", LEAVES)
def test_whatever_is_missing_is_a_hole_of_exactly_that_name(leaf: str) -> None:
    """With an area of ownership that is asked for it."""
    reading = rules.read_plan(without(leaf), "plan.yaml")

    assert (reading.plan, reading.missing) == (None, (leaf,))
    assert plans.owner_of(leaf) in Owners.model_fields


def test_a_field_of_no_area_asks_nobody_in_particular() -> None:
    """Then the person who asked for the run is asked."""
    assert plans.owner_of("plan") == ""
    assert plans.owner_of("acceptance.cost_per_item") == "business_outcome"
    assert plans.owner_of("acceptance.gates.slice.min_cases") == "evaluation"


def test_the_owners_are_known_however_much_else_is_missing() -> None:
    """So that they can be asked for it."""
    reading = rules.read_plan("owners: {builder: dan, incidents: '?'}\n", "plan.yaml")

    assert reading.owners == {"builder": "dan"}


@pytest.mark.parametrize(
    ("path", "put", "says"),
    [
        ("privacy.allowed_sources", [], "context.sources.0.name is crm, which privacy.allowed_s"),
        ("scope.included.sources", [], "context.sources.0.name is crm, which scope.included.so"),
        ("scope.included.sources", ["crm", "erp"], "scope.included.sources names erp, which is n"),
        ("scope.included.actions", ["close"], "scope.included.actions names close"),
        ("scope.included.actions", ["close"], "actions.allowed.0.name is assign, which scope"),
        ("systems.0.tool", "crm", "context.sources.0.tool is crm_read, the tool of no entry of s"),
        ("systems.0.mode", "write", "tool is crm_read, which its entry in systems lets write only"),
        ("systems.1.mode", "read", "tool is desk, which its entry in systems lets read only"),
        ("acceptance.release_confidence", 0.99, "gates.dry_run.confidence is 0.95, below accept"),
        ("acceptance.review_pass_min", 0, "acceptance.review_pass_min is 0"),
        ("privacy.regulated", True, "phases.design.approvers names product_owner, and privacy.reg"),
        ("economics.redesign_when", ["too dear"], "write it as {measure: escalation, direction"),
        (
            "economics.redesign_when.0.value",
            50,
            "write the value of escalation as a share from 0 to 1",
        ),
        ("phases.testing.deadline", "soon", "phases.testing.deadline is soon"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(path: str, put: Any, says: str) -> None:
    """It is no hole: the person who wrote it mends it."""
    with pytest.raises(InvalidInput, match=r"plan\.yaml, line") as refused:
        rules.read_plan(without(path, put), "plan.yaml")

    assert says in str(refused.value)


def test_regulated_data_with_compliance_in_the_design_is_whole() -> None:
    """Compliance takes part in the gate, so the plan may go on."""
    text = without("privacy.regulated", put=True)
    text = text.replace("- role: product_owner", "- role: product_owner\n    - role: compliance", 1)

    assert rules.read_plan(text, "plan.yaml").missing == ()


@pytest.mark.parametrize(
    ("path", "put", "says"),
    [
        ("scope.included.sources", [], "context.sources.0.name is crm, which scope.included.so"),
        ("systems.0.tool", "crm", "context.sources.0.tool is crm_read, the tool of no entry of s"),
        ("rollout.agreed_stage", "moon", "rollout.agreed_stage is moon, which is no stage"),
        ("risk", "some", "risk is some"),
    ],
)
def test_a_hole_elsewhere_hides_nothing_that_is_wrong(path: str, put: Any, says: str) -> None:
    """What the parts that are there say of each other is told, and beside it what is open."""
    written = texts.read(without(path, put), "plan.yaml").value
    del written["goal"]["business_goal"], written["economics"]["currency"]
    look = rules.look_at_plan(texts.write(written), "plan.yaml")

    assert says in str(look.wrong)
    assert look.reading.missing == ("goal.business_goal", "economics.currency")


def test_a_hole_hides_no_other_hole_and_no_warning() -> None:
    """What only shows when parts stand side by side is asked in the same go."""
    written = texts.read(without("economics.ways.0.fallback"), "plan.yaml").value
    del written["goal"]["business_goal"], written["routing"]["values"]["act_threshold"]
    written["owners"]["business_outcome"] = "dan"
    reading = rules.read_plan(texts.write(written), "plan.yaml")

    assert set(reading.missing) == {
        "goal.business_goal", "economics.ways.0.fallback", "routing.values.act_threshold",
    }  # fmt: skip
    assert any("nobody else accepts what was built" in one for one in reading.warnings)


def test_a_heavy_way_needs_its_fallback() -> None:
    """A light one does not."""
    heavy = without("economics.ways.0.fallback")
    light = heavy.replace("is_heavy: true", "is_heavy: false")

    assert rules.read_plan(heavy, "plan.yaml").missing == ("economics.ways.0.fallback",)
    assert rules.read_plan(light, "plan.yaml").missing == ()


def test_a_secret_in_a_plan_is_refused_and_not_repeated() -> None:
    """A plan names a reference; the message names the field alone."""
    with pytest.raises(InvalidInput, match=r"systems\.0\.credential is no reference") as refused:
        rules.read_plan(without("systems.0.credential", "hunter2-token"), "plan.yaml")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("reference", ["env:CRM_TOKEN", "file:crm.token", "none"])
def test_a_reference_to_a_secret_is_taken(reference: str) -> None:
    """By the name of a variable or a file, or none."""
    assert rules.read_plan(without("systems.0.credential", reference), "plan.yaml").plan


def dated(**deadlines: str) -> str:
    """The plan with deadlines of phases."""
    written = yaml.safe_load(PLAN)
    for phase, deadline in deadlines.items():
        written["phases"][phase]["deadline"] = deadline
    return yaml.safe_dump(written)


def test_a_deadline_before_its_gate_is_a_warning() -> None:
    """The gate is a hole as any; the deadline alone stops nothing."""
    text = dated(sandbox="2026-05-01T00:00:00Z").replace("- sandbox passed", "- tbd")
    reading = rules.read_plan(text, "plan.yaml")

    assert reading.missing == ("phases.sandbox.gate_out",)
    assert len(reading.warnings) == 1
    assert reading.warnings[0].startswith("phases.sandbox.deadline stands before")


def test_deadlines_out_of_order_are_a_warning() -> None:
    """The plan is whole all the same."""
    text = dated(design="2026-06-01T00:00:00Z", testing="2026-05-01T00:00:00Z")
    reading = rules.read_plan(text, "plan.yaml")

    assert reading.plan is not None
    assert reading.warnings == (
        "phases.testing.deadline lies before that of design, which comes first",
    )


def test_a_time_without_a_zone_is_utc_and_is_compared_with_any_other() -> None:
    """People write a day; nothing is judged in the time of whatever machine reads it."""
    text = dated(design="2026-06-01", testing="2026-06-01T01:00:00+02:00")
    reading = rules.read_plan(text, "plan.yaml")

    assert reading.plan is not None
    assert reading.plan.phases.design.deadline == datetime(2026, 6, 1, tzinfo=UTC)
    assert reading.warnings == (
        "phases.testing.deadline lies before that of design, which comes first",
    )


@pytest.mark.parametrize(
    ("path", "put", "says"),
    [
        ("acceptance.cost_per_item", 1, "comes to 1200 EUR a week"),
        ("owners.business_outcome", "dan", "nobody else accepts what was built"),
        ("scope.included.user_roles", ["clerks"], "gives something to reviewers, whom"),
        ("goal.due", "2020-01-01T00:00:00Z", "phases.design.deadline lies after goal.due"),
    ],
)
def test_what_should_be_looked_at_is_a_warning(path: str, put: Any, says: str) -> None:
    """It is told and stops nothing."""
    text = without(path, put)
    if path == "goal.due":
        text = text.replace("  design:\n", "  design:\n    deadline: '2026-05-01T00:00:00Z'\n")
    reading = rules.read_plan(text, "plan.yaml")

    assert reading.plan is not None
    assert [warning for warning in reading.warnings if says in warning]


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("adjacent_workflows", "desk_triage"),
        ("unapproved_actions", "assign"),
        ("integrations", "crm_read"),
        ("integrations", "customer records"),
        ("segments", "all"),
    ],
)
def test_what_is_left_out_and_used_nevertheless_is_refused(part: str, name: str) -> None:
    """Its edges are what makes a first release small."""
    with pytest.raises(InvalidInput, match=f"scope.excluded.{part} names {name}, which the plan"):
        rules.read_plan(without(f"scope.excluded.{part}", [name]), "plan.yaml")


def test_a_risky_action_that_waits_for_a_person_may_be_left_out_as_unapproved() -> None:
    """It has its approval logic: a person, item by item."""
    written = texts.read(PLAN, "plan.yaml").value
    written["actions"]["needing_approval"] = ["assign"]
    written["scope"]["excluded"]["unapproved_actions"] = ["assign"]

    assert rules.read_plan(texts.write(written), "plan.yaml").plan is not None


def test_a_signal_of_context_needs_something_that_is_read() -> None:
    """It would stay unread for ever, and hold everything."""
    plan = rules.read_plan(PLAN, "plan.yaml").plan
    assert plan is not None
    context = plan.signals[0].model_copy(update={"name": "context", "limit": AT_MOST})
    blind = plan.model_copy(
        update={
            "signals": (context,),
            "context": plan.context.model_copy(update={"sources": ()}),
        }
    )
    told = [one.key for one in plans.problems(blind)]
    seeing = [one.key for one in plans.problems(blind.model_copy(update={"context": plan.context}))]

    assert ("signals.0.name" in told, "signals.0.name" in seeing) == (True, False)


@pytest.mark.parametrize(
    ("tools", "person"), [({"crm_read"}, "sales operations"), ({"desk"}, "ida"), (set(), "dan")]
)
def test_a_system_is_answered_for_by_its_person(tools: set[str], person: str) -> None:
    """Else by its owner; for none of them by the builder."""
    written = texts.read(PLAN, "plan.yaml").value
    written["systems"][1]["person"] = "ida"
    plan = rules.read_plan(texts.write(written), "plan.yaml").plan
    assert plan is not None

    assert plans.who_answers(plan, tools) == person
