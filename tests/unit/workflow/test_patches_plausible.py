"""The smallest plausible fix, told from what a dry run kept."""

from collections.abc import Sequence
from typing import Any

import pytest

from runs.records.case import Case
from runs.records.evidence import CaseResult, FixTrial, Patch
from runs.records.version import Version
from tests import builders
from tests.oracles import route
from workflow.patches.plausible import MOST, UNKNOWN, Kept, Plausible, smallest

THRESHOLD = "route/confidence/threshold/review/act"
MISTAKEN = "decide/label/misclassified/refund/delivery"
ESCALATED = "route/route/should_have_escalated/review/act"


def case(id: str, *, routes: tuple[str, ...] = ("act",), **fields: Any) -> Case:
    """A ticket about a refund."""
    told = {"text": "money back", **fields}
    return builders.case(id=id, family=id, input=told, routes=routes)


def result(id: str, outcome: str, failure: str = "", **changed: Any) -> CaseResult:
    """What the version did with it: it acted, quite sure."""
    values: dict[str, Any] = {
        "trial": "t",
        "case": id,
        "family": id,
        "epoch": 0,
        "outcome": outcome,
        "label": "refund" if outcome == "right_auto" else "delivery",
        "confidence": 0.9,
        "scope": 0.9,
        "route": "act",
        "rule": "threshold",
        "failure": failure,
    }
    return CaseResult.model_validate(values | changed)


def version(**changed: Any) -> Version:
    """A version whose contract has an amount, a tier and a name nobody is told."""
    contract = (
        {"name": "text", "type": "text", "required": True},
        {"name": "amount", "type": "number"},
        {"name": "tier", "type": "choice", "choices": ("gold", "plain")},
        {"name": "name", "type": "choice", "choices": ("eve", "bob")},
    )
    return builders.version(**{"contract": contract, "mask": ("field:name",)} | changed)


def judged(
    pairs: Sequence[tuple[Case, CaseResult]], tried: Sequence[FixTrial] = (), **changed: Any
) -> Plausible:
    """The smallest plausible fix of what these cases came to."""
    return smallest(
        Kept(
            results=[result for _, result in pairs],
            cases=[case for case, _ in pairs],
            version=version(**changed),
            policy=builders.policy(),
            plan=builders.plan(),
            tried=tried,
        )
    )


def right(count: int, **fields: Any) -> list[tuple[Case, CaseResult]]:
    """Cases that it got right alone."""
    return [(case(f"ok{n}", **fields), result(f"ok{n}", "right_auto")) for n in range(count)]


def wrong(
    failure: str = MISTAKEN,
    *,
    count: int = 4,
    fields: Any = None,
    routes: Any = ("act", "review"),
    **changed: Any,
) -> list[tuple[Case, CaseResult]]:
    """Cases that it got wrong alone, and which a person may look at."""
    return [
        (
            case(f"no{n}", routes=routes, **(fields or {})),
            result(f"no{n}", "wrong_auto", failure, **changed),
        )
        for n in range(count)
    ]


def test_a_limit_that_tells_wrong_from_right_is_of_rank_1() -> None:
    """The wrong answers were less sure."""
    found = judged([*right(20), *wrong(THRESHOLD, confidence=0.6)])

    assert found.rank == 1
    assert found.why == "4 times threshold: another act_threshold tells them apart"


def test_what_belongs_nowhere_is_told_by_its_scope() -> None:
    """The other limit."""
    found = judged(
        [*right(20), *wrong("route/label/out_of_scope/review/act", scope=0.1)],
        bounds={"scope_floor": {"low": "0", "high": "0.9"}},
    )

    assert (found.rank, "another scope_floor" in found.why) == (1, True)


@pytest.mark.parametrize("bounds", [{}, {"act_threshold": {"low": "0.1", "high": "0.55"}}])
def test_a_value_that_may_not_move_so_far_mends_nothing(bounds: dict[str, Any]) -> None:
    """Operations move it within its bound, and without one not at all."""
    found = judged([*right(20), *wrong(THRESHOLD, confidence=0.6)], bounds=bounds)

    assert found.rank > 1


@pytest.mark.parametrize(
    ("fields", "others", "fact"),
    [
        ({"amount": 900}, {"amount": 20}, "item.amount"),
        ({"amount": 5}, {"amount": 20}, "item.amount"),
        ({"tier": "gold"}, {"tier": "plain"}, "item.tier"),
    ],
)
def test_a_condition_that_tells_them_apart_is_of_rank_2(
    fields: dict[str, Any], others: dict[str, Any], fact: str
) -> None:
    """Where confidence does not: as sure of the wrong as of the right."""
    found = judged([*right(20, **others), *wrong(ESCALATED, fields=fields, label="refund")])

    assert found == (2, f"4 times should have escalated: a rule on {fact} tells them apart")


def test_a_masked_field_is_no_condition() -> None:
    """Nobody is told whose items fail."""
    pairs = [*right(20, name="bob"), *wrong(ESCALATED, fields={"name": "eve"}, label="refund")]

    assert judged(pairs).rank == 7


def test_a_rule_that_sends_too_much_away_can_be_changed() -> None:
    """It is named."""
    key = "route/amount_limit/needless_escalation/act/review"
    told = {"route": "review", "rule": "amount_limit", "label": "refund"}
    pairs = [(case(f"c{n}"), result(f"c{n}", "needless_review", key, **told)) for n in range(3)]

    assert judged(pairs) == (
        2,
        "3 times needless escalation: rule amount_limit decides them and can be changed",
    )


@pytest.mark.parametrize(
    ("failure", "rank", "says"),
    [
        ("context/source/missing_context/act/review", 3, "a field of a connected source"),
        ("decide/answer/tool_error/act/error", 6, "another route has to answer"),
        ("intake/contract/malformed_input/act/refuse", 7, "another step"),
        ("route/rule/unexplained/act/review", UNKNOWN, "nobody can say yet why"),
    ],
)
def test_what_nothing_stored_tells_apart_needs_a_larger_fix(
    failure: str, rank: int, says: str
) -> None:
    """By the kind of failure; what is not explained has no fix."""
    told = {"rule": "other", "route": "review"}
    pairs = [(case(f"c{n}"), result(f"c{n}", "needless_review", failure, **told)) for n in range(3)]
    found = judged(pairs)

    assert (found.rank, says in found.why) == (rank, True)


@pytest.mark.parametrize(("others", "rank"), [(0, 7), (1, 7), (2, 6)])
def test_another_model_of_the_version_is_smaller_than_another_step(others: int, rank: int) -> None:
    """Where it asks more than one."""
    models = tuple(route(name=f"model-{n}") for n in range(others))
    pairs = [*right(20, name="bob"), *wrong(ESCALATED, fields={"name": "eve"}, label="refund")]

    assert judged(pairs, models=models).rank == rank


def test_what_only_more_examples_teach_is_of_rank_4() -> None:
    """As sure as the right ones, of no fact of its own, and no person may be asked instead."""
    found = judged([*right(20), *wrong(MISTAKEN, routes=("act",))])

    assert found == (4, "4 times misclassified: more examples of refund can be learnt")


def test_without_a_kept_failure_no_fix_is_known() -> None:
    """The highest rank, with the reason."""
    assert judged(right(5)) == (UNKNOWN, "no failure of it is kept, so no fix is known")


def test_the_largest_group_decides() -> None:
    """Four cases that a limit mends, beside five that need examples."""
    mistaken = wrong(count=5, routes=("act",))
    doubtful = [
        (
            case(f"d{n}", routes=("act", "review")),
            result(f"d{n}", "wrong_auto", THRESHOLD, confidence=0.6),
        )
        for n in range(4)
    ]

    assert judged([*right(20), *mistaken, *doubtful]).rank == 4


def tried(rank: int, *, accepted: bool) -> FixTrial:
    """A change that was weighed for the doubtful ones."""
    patch = Patch(rank=rank, document="policy", operations=(), tokens=0, says="a limit")
    return FixTrial(
        id=f"f{rank}{accepted}",
        run="r-1",
        group=THRESHOLD,
        patch=patch,
        version=builders.DIGEST,
        policy=builders.DIGEST,
        repaired=0,
        broken=0,
        critical_broken=0,
        gain=0,
        loss=0,
        p_improve="1",
        holdout_low="",
        look=0,
        accepted=accepted,
        reason="",
        tried_at=builders.NOW,
    )


@pytest.mark.parametrize(
    ("known", "rank"),
    [
        ((tried(1, accepted=False), tried(2, accepted=False)), 7),
        ((tried(1, accepted=False), tried(1, accepted=True)), 1),
    ],
)
def test_a_rank_that_was_only_refused_is_not_plausible(
    known: tuple[FixTrial, ...], rank: int
) -> None:
    """What was accepted once may help again."""
    assert judged([*right(20), *wrong(THRESHOLD, confidence=0.6)], known).rank == rank


def test_a_limit_that_costs_more_than_it_saves_is_not_plausible() -> None:
    """Every right answer would be looked at: 2 each, for two errors of 10."""
    pairs = [*right(2 * MOST), *wrong(THRESHOLD, count=2, confidence=0.95, fields={"tier": "gold"})]

    assert judged(pairs).rank == 2
