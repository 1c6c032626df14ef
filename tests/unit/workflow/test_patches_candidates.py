"""The patches proposed for a group: few, small first, and none that would be refused on dev."""

from decimal import Decimal

import pytest
from hypothesis import given, settings

from runs.errors import InvalidInput
from runs.records.evidence import FailureGroup, Patch
from tests.unit.workflow.builders import many, plan, policy, seen, trial, version
from tests.unit.workflow.test_evaluate import ACME, Shelf
from tests.unit.workflow.worlds import worlds
from workflow.evaluate.bench import Bench, Seen
from workflow.failures import group
from workflow.patches import search
from workflow.patches.acceptance import accept, compare, terms_of
from workflow.patches.candidates import candidates, last_resort
from workflow.patches.patch import Changed, apply, between


def proposed(found: list[Seen], before: Changed) -> list[tuple[FailureGroup, list[Patch]]]:
    """Every group with its patches, worst first."""
    tried = trial(found, *before)
    return [
        (failed, candidates(failed, tried, version=before[0], policy=before[1], plan=plan()))
        for failed in group(tried.results, tried.cases)
    ]


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_no_patch_is_proposed_that_would_be_refused_on_dev(
    world: tuple[list[Seen], Changed],
) -> None:
    """Tried whole, each is accepted once no look at the holdout is to spare."""
    found, before = world
    terms = terms_of(plan(), before.policy)
    tried = trial(found, *before)
    for failed, patches in proposed(found, before):
        for patch in patches:
            after = trial(found, *apply(patch, *before))
            told = compare(tried, after, group=failed, terms=terms)
            ruled = accept(told, terms, learnt=None, holdout=None, looks_left=1)
            assert ruled.accepted, (patch.says, ruled.reason)


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_patches_are_few_and_the_smallest_comes_first(world: tuple[list[Seen], Changed]) -> None:
    """At most six a rank; rank before operations before tokens."""
    for _, patches in proposed(*world):
        sizes = [patch.size for patch in patches]
        assert sizes == sorted(sizes)
        assert max([sum(p.rank == rank for p in patches) for rank in (1, 2)]) <= 6


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_the_same_trial_proposes_the_same_patches(world: tuple[list[Seen], Changed]) -> None:
    """Whatever the order in which its cases were read."""
    found, before = world

    assert proposed(found, before) == proposed(found[::-1], before)


def test_what_no_machine_may_decide_is_mended_by_rules_not_by_doubt() -> None:
    """A threshold would mend it too, at the cost of answers that are right."""
    large = [seen(f"l{i}", amount=300 + i, confidence=0.6, routes=("review",)) for i in range(5)]
    found = [*large, *many(4, "low", confidence=0.65), *many(40, amount=10)]
    ((_, patches),) = proposed(found, Changed(version(), policy()))

    assert [(patch.rank, patch.says) for patch in patches] == [
        (2, "to review when item.amount is above 200")
    ]


def test_where_no_fact_tells_such_items_apart_doubt_may() -> None:
    """The limits of confidence and scope are the last resort."""
    strange = many(6, "strange", scope=0.2, routes=("review",))
    before = Changed(version(), policy())
    tried = trial([*strange, *many(40)], *before)
    (failed,) = group(tried.results, tried.cases)
    told = {"version": before.version, "policy": before.policy, "plan": plan()}

    assert candidates(failed, tried, **told) == []
    assert [patch.says for patch in last_resort(failed, tried, **told)] == [
        "scope_floor from 0 to 0.6"
    ]


def test_doubt_is_reached_only_after_every_rule_was_refused() -> None:
    """Also where dev spoke for a rule: learn or the holdout may refuse it."""
    large = [seen(f"l{i}", amount=300 + i, confidence=0.6, routes=("review",)) for i in range(5)]
    found, before = [*large, *many(40, amount=10)], Changed(version(), policy())
    tried = trial(found, *before)
    (failed,) = group(tried.results, tried.cases)
    told = {"pair": before, "plan": plan(), "bench": Bench(Shelf([]), ACME)}
    says = [one.says for one in search.of_group(failed, tried, **told, ranks={1, 2})]

    assert says.index("to review when item.amount is above 200") < len(says) - 1
    assert says[-1] == "act_threshold from 0.5 to 0.7"


def test_cases_without_any_typed_fact_still_have_their_thresholds() -> None:
    """Text and label are all there is."""
    bare = version(contract=({"name": "text", "type": "text", "required": True},), sources=())
    wrong = many(6, "wrong", label="delivery", confidence=0.55, scope=0.9)
    ((_, patches),) = proposed([*wrong, *many(40, scope=0.9)], Changed(bare, policy()))

    assert {patch.says for patch in patches} == {
        "act_threshold from 0.5 to 0.7",
        "to review when answer.label is delivery",
    }


def test_a_group_nobody_can_explain_gets_no_patch() -> None:
    """It is looked into first."""
    tried = trial(many(5, label="delivery"), version(), policy())
    (failed,) = group(tried.results, tried.cases)
    unexplained = failed.model_copy(update={"explained": False})
    at = {"version": version(), "policy": policy(), "plan": plan()}

    assert candidates(unexplained, tried, **at) == []


def test_a_patch_of_a_value_is_one_operation_on_the_policy() -> None:
    """Its size is what a reader would count."""
    values = policy()
    raised = values.model_copy(
        update={"values": {**values.values, "act_threshold": Decimal("0.72")}}
    )
    before = Changed(version(), values)
    patch = between(before, Changed(version(), raised), rank=1, says="raised")

    assert (patch.document, patch.size) == ("policy", (1, 1, 2))
    assert patch.operations[0].path == "/policy/values/act_threshold"
    assert apply(patch, *before) == Changed(version(), raised)


@settings(max_examples=15, deadline=None)
@given(worlds(), worlds())
def test_a_patch_between_any_two_pairs_makes_the_one_of_the_other(
    one: tuple[list[Seen], Changed], other: tuple[list[Seen], Changed]
) -> None:
    """Digests and all."""
    before, after = one[1], other[1]
    changed = apply(between(before, after, rank=2, says="other"), *before)

    assert changed == after
    assert changed.version.digest == after.version.digest


def test_a_patch_that_breaks_a_record_is_refused() -> None:
    """Whatever wrote it."""
    before = Changed(version(), policy())
    wrong = policy().model_copy(update={"review_due_hours": 0})
    patch = between(before, Changed(version(), wrong), rank=1, says="no time")

    with pytest.raises(InvalidInput, match="patch 'no time' makes no valid version and policy"):
        apply(patch, *before)
