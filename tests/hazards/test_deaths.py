"""A process that dies at the end of a step, with its work done and its checkpoint not written."""

from contextlib import suppress
from typing import Any

import pytest

from agent import graph
from runs import leases
from runs.records.evidence import Evidence, FixTrial
from tests.harbours import Harbour
from tests.hazards.loops import Crash, dying
from tests.tickets import contrary
from tests.voyage import Voyage


def story(voyage: Voyage) -> dict[str, Any]:
    """To the end of a release that a person takes back, going on after every death."""
    if not voyage.run_id:
        voyage.start()
    for _ in range(40):
        if voyage.run.status == "ended":
            break
        if voyage.waits_for == "signals":
            voyage.withdraw()
        elif voyage.waits_for:
            voyage.agree()
        with suppress(Crash):
            voyage.advance("w1")
    voyage.verify()
    end = voyage.terminal
    return {
        "asked": [(one.kind, one.status) for one in voyage.questions()],
        "end": (end.kind, end.owner, end.reason.partition(":")[0], len(end.proof)),
        "sent": len(voyage.messages),
        "tried": len(voyage.store.of_run(voyage.customer, FixTrial, voyage.run_id)),
        "releases": len(voyage.store.releases.of_run(voyage.customer, voyage.run_id)),
        "lessons": [one.status for one in voyage.store.lessons.list(voyage.customer, status="")],
    }


UNDISTURBED = {
    "asked": [(kind, "approved") for kind in ("plan", "test_exit", "stage", "update")],
    "end": ("blocker_escalated", "ana", "hold", 2),
    "sent": 1,
    "tried": 4,
    "releases": 1,
    "lessons": ["active"],
}


def test_a_voyage_that_nothing_disturbs_comes_to_this_end(harbour: Harbour) -> None:
    """What a disturbed one is held against."""
    assert story(harbour.at("home")) == UNDISTURBED


@pytest.mark.both_databases
def test_a_death_after_every_node_comes_to_the_same_end_with_one_message(harbour: Harbour) -> None:
    """Each one's work was done and its checkpoint not written: done again, it is once."""
    crashes: list[str] = []
    voyage = harbour.at("home")
    voyage.build_graph = dying(set(graph.NODES), crashes)

    assert story(voyage) == UNDISTURBED
    # Nothing fails on this way, so that nothing waits to be tried again.
    assert sorted(crashes) == sorted(set(graph.NODES) - {"wait_again"})


@pytest.mark.both_databases
def test_who_gets_a_run_that_another_has_just_ended_begins_nothing_again(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked before the end and got the lease after it: the checkpoints are gone by then."""
    voyage = harbour.at("plan")
    voyage.refuse()
    voyage.agree()
    real, between = leases.held, list[str]()

    def held(*given: Any, **named: Any) -> Any:
        if not between:
            between.append("")
            between.append(voyage.advance("w2").status)
        return real(*given, **named)

    monkeypatch.setattr(leases, "held", held)
    voyage.advance("w1")

    assert between == ["", "ended"]
    assert [one.status for one in voyage.questions("update")] == ["approved"]
    assert (voyage.run.status, voyage.waits_for, len(voyage.messages)) == ("ended", "", 1)


def test_a_death_while_rolling_back_is_told_as_the_roll_back_it_was(
    harbour: Harbour,
) -> None:
    """Given a slice whose gate fails; when the worker dies after the way back; then it is one."""
    crashes: list[str] = []
    voyage = harbour.at("plan/test_exit/stage/signals/stage/signals")
    voyage.build_graph = dying({"stage_release"}, crashes)
    voyage.bring(contrary)
    with pytest.raises(Crash):
        voyage.advance("w1")
    voyage.advance("w2")
    voyage.until("ended")

    assert voyage.terminal.reason.startswith("roll back: the stage's gate fails")
    assert voyage.told().count("release_rolled_back") == 1
    drills = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)
    assert [one.notes["occasion"] for one in drills if one.kind == "drill"] == ["drill", "rollback"]
