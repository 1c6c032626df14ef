"""What may never be, as the record of one run says it: counted the same for every trial."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from runs import approvals
from runs.audit import verify
from runs.records.approval import Decision
from runs.records.item import Action
from tests.faults.ends import actions_of, decisions_in, lines_of, the_run
from tests.faults.scenario import DECIDED, Play


def faults_of(play: Play, before: list[Decision], *, has_ended: bool) -> dict[str, Any]:
    """Duplicated, lost and unapproved, each as sentences; the keys that are done, and approved.

    `before` were the decisions when the last process began; `has_ended`: the run should have.
    """
    actions = actions_of(play)
    keys = Counter((one.item or one.run, one.operation) for one in actions)
    return {
        "duplicated": [f"{n} actions of {key}" for key, n in keys.items() if n > 1],
        "lost": list(_lost(play, before)),
        "unapproved": [says for one in actions if (says := _unapproved(play, one))],
        "other": list(_other(play, actions, has_ended=has_ended)),
        "keys": [one.key for one in actions if one.status == "done"],
        "approved": [one.key for one in actions if one.run and not _unapproved(play, one)],
    }


def _lost(play: Play, before: list[Decision]) -> Iterator[str]:
    now = {decision.id: decision for decision in decisions_in(play)}
    yield from (f"changed or gone: {one.id}" for one in before if now.get(one.id) != one)
    for line in lines_of(play.wired.home.folder / DECIDED):
        if line.replace(" ", ".") not in now:
            yield f"told as recorded and gone: {line}"
    run = the_run(play)
    asked = approvals.list_approvals(play.wired.store, play.customer, status="", run=run.id)
    for one in asked:
        said = [d.kind for d in now.values() if d.approval == one.id]
        if one.status == "approved" and len(said) < len(one.needs):
            yield f"approved without its decisions: {one.id}"
        if said and one.status == "open" and len(said) >= len(one.needs):
            yield f"decided and still open: {one.id}"


def _unapproved(play: Play, action: Action) -> str:
    """Why an action of the run should not have been begun; empty when it was approved before."""
    if not action.run:
        return ""
    if not action.approval:
        return f"no approval: {action.key}"
    asked = approvals.get(play.wired.store, play.customer, action.approval)
    said = approvals.decisions_of(play.wired.store, play.customer, asked.id)
    if asked.status != "approved" or asked.covers.get("content") != action.content:
        return f"{asked.status} approval, or of other content: {action.key}"
    if any(one.kind != "approve" or one.decided_at > action.reserved_at for one in said):
        return f"decided after it was begun: {action.key}"
    return ""


def _other(play: Play, actions: list[Action], *, has_ended: bool) -> Iterator[str]:
    report = verify(play.wired.store.database)
    if not report.ok:
        yield f"audit: {report.problems}"
    for one in actions:
        if one.status != "done" or not one.receipt:
            yield f"{one.status}, receipt {one.receipt!r}: {one.key}"
    run = the_run(play)
    if has_ended and run.status != "ended":
        yield f"run {run.status}, waits for {run.waits_for!r}"
    asked = approvals.list_approvals(play.wired.store, play.customer, status="", run=run.id)
    sent = sum(bool(one.run) for one in actions)
    for one in asked if run.status == "ended" else ():
        if one.kind == "update" and (one.status == "approved") != bool(sent):
            yield f"the update is {one.status}, and {sent} were sent"
