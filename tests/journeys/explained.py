"""`run explain` held against what a journey knows of itself, whatever its trigger and its end."""

from typing import Any

from pilotage.cli import run_explained
from runs import approvals, words
from runs.records.evidence import Evidence, Verdict
from tests.voyage import Voyage

QUESTIONS = (
    "what went in",
    "which versions",
    "what came out",
    "who decided",
    "what was done outside",
    "why this end",
)


def explained(voyage: Voyage) -> dict[str, Any]:
    """Six answers, read from the record."""
    return run_explained.explanation(voyage.store, voyage.customer, voyage.run)


def check_explained(
    voyage: Voyage, *, kind: str = "priority", text: str = "A day is lost."
) -> None:
    """Each of the six answers is what happened, in the record and outside; all are printed."""
    told = explained(voyage)
    shown = run_explained.lines(told)
    assert [line for line in shown if line in QUESTIONS][-1] == "why this end"
    _check_in(voyage, told, kind, text)
    _check_versions(voyage, told)
    _check_out(voyage, told)
    _check_decided(voyage, told)
    _check_outside(voyage, told)
    _check_end(voyage, told, "\n".join(shown))


def _check_in(voyage: Voyage, told: dict[str, Any], kind: str, text: str) -> None:
    trigger, run = told["went_in"]["trigger"], voyage.run
    assert (trigger["kind"], trigger["opened_by"]) == (kind, run.requester)
    assert trigger["title"] == "Sort the desk's tickets"
    assert told["went_in"]["text"]["text"] == text
    assert told["went_in"]["continues"] == run.continues


def _check_versions(voyage: Voyage, told: dict[str, Any]) -> None:
    measured = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)
    versions = told["versions"]
    assert {(one["version"], one["policy"]) for one in versions["tried"]} == {
        (one.version, one.policy) for one in measured
    }
    opened = voyage.told().count("release_opened")
    assert len(versions["released"]) == opened
    assert versions["loop"] == voyage.run.graph


def _check_out(voyage: Voyage, told: dict[str, Any]) -> None:
    judged = voyage.store.of_run(voyage.customer, Verdict, voyage.run_id)
    assert [one["outcome"] for one in told["came_out"]] == [one.outcome for one in judged]
    proposed = voyage.told().count("lesson_proposed")
    assert len(told["made"]["lessons"]) == proposed


def _check_decided(voyage: Voyage, told: dict[str, Any]) -> None:
    asked = voyage.questions()
    answers = [
        (one.kind, answer.person, answer.kind, answer.seen)
        for one in asked
        for answer in approvals.decisions_of(voyage.store, voyage.customer, one.id)
    ]
    assert [(one["kind"], one["status"]) for one in told["decided"]] == [
        (one.kind, one.status) for one in asked
    ]
    assert [
        (one["kind"], answer["person"], answer["kind"], answer["seen"])
        for one in told["decided"]
        for answer in one["decisions"]
    ] == answers
    assert len(answers) == voyage.told().count("decision_recorded")


def _check_outside(voyage: Voyage, told: dict[str, Any]) -> None:
    """What the systems outside hold, not what the record says of them."""
    outside = told["done_outside"]
    sent = [one for one in outside["by_the_run"] if one["status"] == "done"]
    acted = sum(one.get("done", 0) for one in outside["actions"])
    assert len(sent) == len(voyage.messages)
    assert all(one["receipt"] and one["approval"] for one in sent)
    assert acted == len(voyage.acted)


def _check_end(voyage: Voyage, told: dict[str, Any], shown: str) -> None:
    end, terminal = told["end"], voyage.terminal
    says = words.told(voyage.store, voyage.customer, terminal.reason)
    assert (end["kind"], end["owner"], end["reason"]) == (terminal.kind, terminal.owner, says)
    assert [one["id"] for one in end["proof"]] == [*terminal.proof]
    assert all(one["is"] for one in end["proof"])
    assert f"{terminal.kind.replace('_', ' ')}: {says}" in shown
