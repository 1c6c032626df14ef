"""What may never be, as the record of one run says it: counted the same for every trial."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from policies.permissions import waits
from runs import approvals
from runs.audit import verify
from runs.records.approval import Approval, Decision
from runs.records.item import Action, Item
from runs.records.version import Version
from runs.store.filtered import ItemFilter
from runs.store.items import UNFINISHED
from tests.faults.ends import actions_of, asked_in, decisions_in, missing, the_run
from tests.faults.house import WORKFLOW
from tests.faults.scenario import Play


def faults_of(play: Play, before: list[Decision], *, has_ended: bool) -> dict[str, Any]:
    """Duplicated, lost and unapproved, each as sentences; what was done, and was agreed to.

    `before` were the decisions when the last process began; `has_ended`: the run should have.
    `agreed`: the content by its key, of every action that needs no yes or had one before it began.
    """
    actions = actions_of(play)
    keys = Counter((one.item or one.run, one.tool, one.operation) for one in actions)
    refused = {one.key: says for one in actions if (says := _unapproved(play, one))}
    return {
        "duplicated": [f"{n} actions of {key}" for key, n in keys.items() if n > 1],
        "lost": [*missing(play, before), *_unheard(play)],
        "unapproved": list(refused.values()),
        "other": list(_other(play, actions, has_ended=has_ended)),
        "keys": [one.key for one in actions if one.status == "done"],
        "agreed": {one.key: one.content for one in actions if one.key not in refused},
    }


def _unheard(play: Play) -> Iterator[str]:
    """Questions that do not stand as their decisions say."""
    said = Counter(one.approval for one in decisions_in(play))
    for one in asked_in(play):
        wanted = sum(need.count for need in one.needs)
        if one.status == "approved" and said[one.id] < wanted:
            yield f"approved without its decisions: {one.id}"
        if one.status == "open" and said[one.id] >= wanted:
            yield f"decided and still open: {one.id}"


def _unapproved(play: Play, action: Action) -> str:
    """Why an action should not have been begun; empty where it had its yes, or needs none."""
    if not _needs_yes(play, action):
        return ""
    if not action.approval:
        return f"no approval: {action.key}"
    asked = approvals.get(play.wired.store, play.customer, action.approval)
    if asked.status != "approved" or not _covers(asked, action):
        return f"{asked.status} approval, or of other content: {action.key}"
    said = approvals.decisions_of(play.wired.store, play.customer, asked.id)
    if {one.person for one in said} != {need.people[0] for need in asked.needs}:
        return f"others agreed than were asked: {action.key}"
    if any(one.kind != "approve" or one.decided_at > action.reserved_at for one in said):
        return f"decided after it was begun: {action.key}"
    return ""


def _needs_yes(play: Play, action: Action) -> bool:
    """Whether a person must agree to exactly this action, as its plan and its version say."""
    if action.run:
        return True
    item = play.wired.store.items.get(play.customer, action.item)
    version = play.wired.store.get(play.customer, Version, item.version)
    did = (action.tool, action.operation)
    [effect] = [one for one in version.effects if (one.tool, one.operation) == did]
    return waits(effect, version.waiting)


def _covers(asked: Approval, action: Action) -> bool:
    """Whether a question was about exactly this: the content, and of an item its key as well."""
    named = {"content": action.content}
    if action.item:
        named |= {"item": action.item, "key": action.key}
    return {name: asked.covers.get(name) for name in named} == named


def _other(play: Play, actions: list[Action], *, has_ended: bool) -> Iterator[str]:
    report = verify(play.wired.store.database)
    if not report.ok:
        yield f"audit: {report.problems}"
    for one in actions:
        is_stopped = one.status == "stopped" and _is_taken_back(play, one.item)
        if not is_stopped and (one.status != "done" or not one.receipt):
            yield f"{one.status}, receipt {one.receipt!r}: {one.key}"
    run = the_run(play)
    if has_ended and run.status != "ended":
        yield f"run {run.status}, waits for {run.waits_for!r}"
    sent = sum(bool(one.run) for one in actions)
    for one in asked_in(play) if run.status == "ended" else ():
        if one.kind == "update" and (one.status == "approved") != bool(sent):
            yield f"the update is {one.status}, and {sent} were sent"
    items = play.wired.store.items.list(play.customer, ItemFilter(workflow=WORKFLOW), limit=10_000)
    for item in items:
        yield from _wrong_end(play, item, actions)


def _wrong_end(play: Play, item: Item, actions: list[Action]) -> Iterator[str]:
    """What does not follow from the answers: an agreed item acted, every other one did not.

    Of a version that was taken back meanwhile, an agreed one may have been stopped before it acted.
    """
    if item.status in UNFINISHED:
        yield f"item {item.id} is {item.status}: {item.reason}"
    asked = approvals.of_item(play.wired.store, play.customer, item.id)
    done = {one.approval for one in actions if one.item == item.id and one.approval}
    agreed = {one.id for one in asked if one.status == "approved"}
    if asked and _is_taken_back(play, item.id):
        is_wrong = not done <= agreed or (item.status == "acted" and done != agreed)
    else:
        is_wrong = done != agreed or (item.status == "acted") != bool(agreed)
    if asked and is_wrong:
        yield f"item {item.id} is {item.status}, agreed {sorted(agreed)}, done {sorted(done)}"


def _is_taken_back(play: Play, item: str) -> bool:
    """Whether the item is one of a version that serves nothing any more."""
    if not item:
        return False
    release = play.wired.store.items.get(play.customer, item).release
    return play.wired.store.releases.get(play.customer, release).status == "rolled_back"
