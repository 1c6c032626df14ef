"""Where labels are in doubt the domain expert is asked first, and nothing is mended."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.ending import terminal_of
from agent.nodes.dry_run import judge, measure
from agent.nodes.fix_smallest_issue import fix_smallest_issue
from agent.state import State
from runs.records.case import Case
from runs.records.evidence import FixTrial
from tests.integration.test_fix_cycles import drawn, made
from tests.unit.workflow.builders import many, policy, seen, trial, version
from tests.voyage import Voyage, set_out
from workflow.failures import group
from workflow.patches import doubts
from workflow.patches.patch import Changed


@pytest.fixture
def voyage(tmp_path: Path, database: str) -> Voyage:
    """A home of one's own."""
    return set_out(tmp_path / "home")


def doubtful() -> list[Case]:
    """A second person calls the new way of asking a delivery, as the version does."""
    return [
        one.model_copy(update={"second": {"label": "delivery"}}) if "voucher" in text else one
        for one in drawn(0)
        for text in [one.input["text"]]
    ]


def test_the_expert_is_asked_and_owns_the_blocker(voyage: Voyage) -> None:
    """No change is tried for the group; the end names who settles its labels, and the cases."""
    state, deps = made(voyage, 0, brought=doubtful())
    update = fix_smallest_issue(state, deps)
    tried = voyage.store.of_run(voyage.customer, FixTrial, state.run)
    verdict = judge(state, deps, measure(state, deps, "dev"))
    ended = State(**{**vars(state), "verdict": verdict.id, "fix": "none"})
    end = terminal_of(ended, deps)

    assert update == {"fix": "none"}
    assert [one.patch.rank for one in tried] == [0]
    assert "a second person labels otherwise in 12 (0-6-0, 0-6-1" in end.reason
    assert end.reason.count("is asked first whether the labels are right") == 1
    assert (end.kind, end.owner) == ("blocker_escalated", "ana")


def test_one_doubtful_label_or_less_than_half_of_a_group_is_no_doubt() -> None:
    """The group is mended as any other."""
    before = Changed(version(), policy())
    wrong = [seen(f"w{n}", label="delivery", confidence=0.97) for n in range(6)]
    second = {"label": "delivery"}
    told = [replace(o, case=o.case.model_copy(update={"second": second})) for o in wrong]
    for count, expected in ((1, 0), (2, 0), (3, 3), (6, 6)):
        tried = trial([*told[:count], *wrong[count:], *many(20)], *before)
        (failed,) = group(tried.results, tried.cases)

        assert len(doubts.second_says_otherwise(failed, tried)) == expected


@pytest.mark.parametrize(
    ("confidence", "second", "expected"), [(0.97, "", 4), (0.9, "", 0), (0.97, "refund", 0)]
)
def test_only_a_label_nobody_confirmed_is_doubted_by_a_sure_answer(
    confidence: float, second: str, expected: int
) -> None:
    """Two people weigh more than the version."""
    wrong = [seen(f"w{n}", label="delivery", confidence=confidence) for n in range(4)]
    given = {"second": {"label": second}} if second else {}
    told = [replace(one, case=one.case.model_copy(update=given)) for one in wrong]
    tried = trial([*told, *many(20)], version(), policy())
    (failed,) = group(tried.results, tried.cases)

    assert len(doubts.answers_are_sure(failed, tried)) == expected
