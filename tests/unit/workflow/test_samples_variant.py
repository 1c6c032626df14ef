"""A sample played otherwise: what is other, and that nothing else is."""

import pytest

from policies.rules import read_plan
from runs.errors import InvalidInput
from runs.plan import Plan
from workflow.samples.known import ALL, find_sample
from workflow.samples.sample import Sample
from workflow.samples.variant import LIVE_FAMILIES, asking, fewer, until_sandbox

ASKING = [one for one in ALL if one.name != "document_drafting"]


def plan_of(sample: Sample, priority: int = 0) -> Plan:
    """The plan of a priority; whole."""
    text = sample.documents.text(sample.priorities[priority].plan)
    read = read_plan(text, "plan.yaml")
    assert read.plan is not None, read.missing
    return read.plan


def others(one: Plan, other: Plan) -> set[str]:
    """The areas in which two plans differ."""
    mine, theirs = one.as_json(), other.as_json()
    return {name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name)}


@pytest.mark.parametrize("sample", ASKING, ids=lambda one: one.name)
def test_a_plan_that_asks_models_is_whole_and_says_so(sample: Sample) -> None:
    """Each route in order; what else it says of models is true of it; the rest is as it was."""
    plan = plan_of(asking(sample, ["near", "far"]))

    assert [(one.name, one.endpoint) for one in plan.models] == [
        ("primary", "near"),
        ("fallback", "far"),
    ]
    assert plan.switching.model_dependency.startswith("A model is asked first")
    assert others(plan, plan_of(sample)) == {"models", "economics", "switching"}
    assert len(asking(sample, ["near"]).priorities) == 1


def test_a_plan_asks_no_more_models_than_it_can_hold() -> None:
    """The first five of those that are declared."""
    plan = plan_of(asking(find_sample("support_triage"), [f"r{n}" for n in range(20)]))

    assert [one.endpoint for one in plan.models] == ["r0", "r1", "r2", "r3", "r4"]


def test_a_sample_of_which_nobody_wrote_what_it_asks_is_refused() -> None:
    """With what to do."""
    with pytest.raises(InvalidInput, match=r"document_drafting.* name another sample"):
        asking(find_sample("document_drafting"), ["near"])


def test_a_plan_done_at_the_sandbox_is_else_the_same() -> None:
    """Of every priority, beside what was varied before; less live work is drawn for it."""
    sample = find_sample("support_triage")
    short = until_sandbox(sample)
    both = until_sandbox(asking(sample, ["near"]))

    assert plan_of(short).rollout.agreed_stage == "sandbox"
    assert others(plan_of(short), plan_of(sample)) == {"rollout"}
    assert others(plan_of(short, 1), plan_of(sample, 1)) == set()
    assert others(plan_of(both), plan_of(sample)) == {
        "models",
        "economics",
        "switching",
        "rollout",
    }
    assert {one.live_families for one in short.priorities} == {LIVE_FAMILIES}


def test_fewer_families_are_the_first_of_all_with_each_of_their_cases() -> None:
    """The same customer as far as it goes."""
    sample = find_sample("support_triage")
    whole, few = (one.cases(1, "support_triage") for one in (sample, fewer(sample, 60)))
    families = {one["family"] for one in few}

    assert len(families) == 60
    assert few == [one for one in whole if one["family"] in families]
