"""A version asks the models its plan names, in order; one that asks none is what it always was."""

from typing import Any

import pytest

from policies import plans
from runs.errors import InvalidInput
from tests import builders
from tests.unit.workflow.test_version import CONTRACT, ROUTING, dataset, record
from workflow.version import make

PLANNED: dict[str, Any] = {
    "name": "primary",
    "kind": "classification",
    "endpoint": "big",
    "task": "Say what the ticket is about.",
    "reads": ["text"],
    "budget": {"calls": 2, "tokens": 4000, "cost": "0.01"},
}
KNOWN = "sha256:632de3b73aaa050596aabfa797bce01972ddad5e6042eca9abc9a8f8175ca2e4"
LISTED = ROUTING | {"lists": {"tiers": ("gold",)}}


def test_a_version_without_models_keeps_the_digest_it_always_had() -> None:
    """Named before there were models: nothing that was approved of it is another now."""
    assert builders.version().digest == KNOWN
    assert "models" not in builders.version().as_json()
    assert "models" not in record().plan.as_json()


def test_a_version_asks_the_models_of_its_plan_in_order() -> None:
    """With the words of each; one letter changed, another version."""
    plans_of = [
        record(models=[PLANNED, PLANNED | {"name": "fallback", "task": task}])
        for task in ("Sort it", "Sort it.")
    ]

    first, other = (make(one, dataset()) for one in plans_of)

    assert [one.name for one in first.models] == ["primary", "fallback"]
    assert first.models[0] == other.models[0]
    assert "Sort it" in first.models[1].text
    assert first.digest != other.digest


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"reads": ["iban"]}, "models.0.reads is iban, which is masked"),
        ({"reads": ["context.crm.tier"]}, "crm is no declared source"),
        ({"reads": ["text", "text"]}, "models.0.reads names one place twice"),
        ({"name": "baseline"}, "models.0.name is baseline, which is taken"),
        ({"task": "Refuse above 200."}, "models.0.task says '200.': business_rule_in_prompt"),
        ({"task": "Gold goes first."}, "models.0.task says 'gold': business_rule_in_prompt"),
        ({"task": "Look at {{text}}."}, "models.0.task has a place"),
        (
            {"kind": "drafting", "label": "letter"},
            "models.0.label is letter, which is no label",
        ),
    ],
)
def test_a_model_is_told_what_is_declared_and_no_rule(
    changed: dict[str, Any], problem: str
) -> None:
    """The plan and the version say the same of it."""
    made = record(models=[PLANNED | changed], routing=LISTED)

    with pytest.raises(InvalidInput, match=problem):
        make(made, dataset())
    assert any(one.path[0] == "models" for one in plans.problems(made.plan))


def test_all_models_of_a_version_answer_the_same() -> None:
    """A fallback of another kind would be no fallback."""
    other = PLANNED | {"name": "fallback", "kind": "extraction", "label": "refund"}
    other |= {"fields": [{"name": "amount", "kind": "number"}]}

    with pytest.raises(InvalidInput, match=r"models\.1\.kind differs from the first"):
        make(record(models=[PLANNED, other], contract=CONTRACT), dataset())
