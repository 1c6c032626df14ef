"""A worker that dies anywhere leaves an item that comes to the same end, with one receipt."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runs import tables
from runs.audit import verify
from runs.errors import Unavailable
from runs.records.item import Item, Output
from runs.records.version import Version
from tests.integration.desk import (
    ASSIGNING,
    TAGGING,
    TICKET,
    Desk,
    Killed,
    answer,
)
from workflow.process.item import give_up, process_item

pytestmark = pytest.mark.both_databases

MOST_COMMITS = 40
UNSURE = TICKET | {"text": "unsure: refund"}
EMPTY = TICKET | {"text": None}


class End(NamedTuple):
    """Everything that must not depend on where a worker died."""

    item: tuple[str, ...]
    actions: tuple[tuple[str, str], ...]
    reviews: tuple[str, ...]
    files: int


def end_of(desk: Desk, id: str) -> End:
    """How an item stands: in the record, and at the desk."""
    item = desk.store.items.get(desk.customer, id)
    actions = desk.store.actions.of_item(desk.customer, id)
    reviews = desk.store.reviews.of_item(desk.customer, id)
    assert all(action.receipt for action in actions if action.status == "done")
    fields = (item.status, item.route, item.rule, item.reason, item.owner, item.policy)
    return End(
        (*fields, item.snapshot, item.output),
        tuple((action.operation, action.status) for action in actions),
        tuple(review.kind for review in reviews),
        sum(name.startswith(f"{id}:") for name in desk.queued),
    )


def admitted(desk: Desk, number: int, ticket: dict[str, Any]) -> str:
    """One more item of the same content, drawn for checking."""
    id = f"i-{number}-"
    return desk.admit(ticket, id=id, key=f"ticket-{number}", audited=True).id


def is_killed(desk: Desk, id: str, dies_at: int, *, is_before: bool) -> bool:
    """Work on an item in a process that dies at a commit; False when it lived to the end."""
    deps = desk.deps(desk.mortal_store(dies_at, is_before=is_before))
    try:
        process_item(deps, desk.customer, id)
    except Killed:
        return True
    return False


def killed_items(desk: Desk, ticket: dict[str, Any], *, is_before: bool) -> Iterator[str]:
    """An item for each commit of its work, each left by a worker that died there."""
    for dies_at in range(1, MOST_COMMITS):
        id = admitted(desk, dies_at, ticket)
        if not is_killed(desk, id, dies_at, is_before=is_before):
            return
        yield id
    raise AssertionError("the work never ends")


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize(
    ("ticket", "effects", "commits"),
    [
        (TICKET, (ASSIGNING,), 2),
        (TICKET, (ASSIGNING, TAGGING), 4),
        (UNSURE, (ASSIGNING,), 1),
        (EMPTY, (ASSIGNING,), 1),
    ],
)
def test_a_death_at_any_commit_changes_nothing_about_the_end(
    tmp_path: Path,
    ticket: dict[str, Any],
    effects: tuple[Any, ...],
    commits: int,
    *,
    side: str,
) -> None:
    """On either side of every commit; what no change held is found out anew."""
    desk = Desk(tmp_path, effects=effects)
    process_item(desk.deps(), desk.customer, admitted(desk, 0, ticket))
    expected, died = end_of(desk, "i-0-"), 0

    for id in killed_items(desk, ticket, is_before=side == "before"):
        process_item(desk.deps(), desk.customer, id)
        assert end_of(desk, id) == expected
        died += 1

    assert died == commits
    assert desk.desk_tool.acts == len(desk.queued)
    assert verify(desk.store.database).ok


@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_death_beside_the_act_ends_in_one_file_and_one_receipt(tmp_path: Path, dies: str) -> None:
    """Between reserve and settle the other side is asked first."""
    desk = Desk(tmp_path)
    desk.admit()
    desk.desk_tool.dies = dies
    with pytest.raises(Killed):
        process_item(desk.deps(), desk.customer, "i-1")

    assert process_item(desk.deps(), desk.customer, "i-1").status == "acted"
    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert (action.status, bool(action.receipt)) == ("done", True)
    assert (desk.desk_tool.acts, len(desk.queued)) == (1, 1)


def change_the_tier(desk: Desk) -> None:
    """The customer edits the account."""
    desk.write_account(tier="gold")


def roll_back(desk: Desk) -> None:
    """A person takes the version back."""
    desk.move_release(status="rolled_back")


def back_to_the_sandbox(desk: Desk) -> None:
    """A person narrows the release to its first stage."""
    desk.move_release(stage=0)


def raise_the_threshold(desk: Desk) -> None:
    """Operations let nothing act alone any more."""
    values = desk.policy.values | {"act_threshold": "1.0"}
    desk.lead(type(desk.policy).model_validate(desk.policy.as_json() | {"values": values}))


CHANGES = [change_the_tier, roll_back, back_to_the_sandbox, raise_the_threshold]


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_done_is_known_as_done_whatever_changed_since(
    tmp_path: Path, change: Callable[[Desk], None]
) -> None:
    """The act happened before the worker died; nothing that comes later makes it undone."""
    desk = Desk(tmp_path)
    desk.admit()
    desk.desk_tool.dies = "after"
    with pytest.raises(Killed):
        process_item(desk.deps(), desk.customer, "i-1")
    change(desk)

    assert process_item(desk.deps(), desk.customer, "i-1").status == "acted"
    assert desk.desk_tool.acts == 1


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        (change_the_tier, "in_review", "crm changed since it was read: tier"),
        (roll_back, "stopped", "its version was rolled back"),
        (back_to_the_sandbox, "in_review", "update is not allowed in the sandbox stage"),
    ],
)
def test_what_was_only_reserved_is_checked_again_before_it_is_done(
    tmp_path: Path, change: Callable[[Desk], None], status: str, says: str
) -> None:
    """A permission of before the death does not outlive it."""
    desk = Desk(tmp_path)
    desk.admit()
    desk.desk_tool.dies = "before"
    with pytest.raises(Killed):
        process_item(desk.deps(), desk.customer, "i-1")
    change(desk)

    item = process_item(desk.deps(), desk.customer, "i-1")

    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert (item.status, action.status) == (status, "stopped")
    assert says in item.reason
    assert desk.queued == []


def parcel(version: Version, *seen: Any) -> Output:
    """A model that says something else now."""
    return answer(version, *seen).model_copy(update={"label": "parcel"})


def forget_what_it_rests_on(desk: Desk) -> None:
    """As an older program began it, which did not say."""
    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    body = {name: value for name, value in action.as_json().items() if name != "rests"}
    with desk.store.change(desk.customer, "worker") as change:
        key = {"key": action.key}
        change.update(tables.actions, key, {"body": body}, "action_reserved")


@pytest.mark.parametrize("dies", ["before", "after"])
def test_what_was_begun_goes_on_with_what_it_was_begun_on(tmp_path: Path, dies: str) -> None:
    """No step result is left, and model and operations say something else: it was decided once."""
    desk = Desk(tmp_path)
    desk.admit()
    desk.desk_tool.dies = dies
    with pytest.raises(Killed):
        process_item(desk.deps(), desk.customer, "i-1")
    raise_the_threshold(desk)

    item = process_item(desk.deps(answer=parcel), desk.customer, "i-1")

    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert (item.status, action.status, len(desk.queued)) == ("acted", "done", 1)
    assert action.rests is not None
    assert (item.output, item.policy) == (action.rests.output, action.rests.policy)


@pytest.mark.parametrize(("dies", "ends"), [("before", "stopped"), ("after", "done")])
def test_another_answer_after_the_death_does_not_act_beside_the_first(
    tmp_path: Path, dies: str, ends: str
) -> None:
    """Nobody knows what it was begun on, and the model says something else: a person looks."""
    desk = Desk(tmp_path)
    desk.admit()
    desk.desk_tool.dies = dies
    with pytest.raises(Killed):
        process_item(desk.deps(), desk.customer, "i-1")
    forget_what_it_rests_on(desk)

    item = process_item(desk.deps(answer=parcel), desk.customer, "i-1")

    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert item.status == "in_review"
    assert f"{action.key} is {ends}" in item.reason
    assert (action.status, len(desk.queued)) == (ends, int(ends == "done"))


@pytest.mark.parametrize(("dies", "ends"), [("before", "stopped"), ("after", "done")])
def test_another_route_after_the_death_goes_on_with_nothing(
    tmp_path: Path, dies: str, ends: str
) -> None:
    """Nobody knows what it was begun on, and it would not act now: what was begun is told."""
    desk = Desk(tmp_path, effects=(ASSIGNING, TAGGING))
    desk.admit()
    desk.desk_tool.dies = dies
    with pytest.raises(Killed):
        process_item(desk.deps(), desk.customer, "i-1")
    forget_what_it_rests_on(desk)
    raise_the_threshold(desk)

    item = process_item(desk.deps(), desk.customer, "i-1")

    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert (item.status, item.route, action.status) == ("in_review", "review", ends)
    assert f"{action.key} is {ends}" in item.reason
    assert len(desk.queued) == int(ends == "done")


def test_where_the_other_side_cannot_tell_nothing_is_repeated(tmp_path: Path) -> None:
    """The worker died around the act and no receipt can be asked for: unknown, to a person."""
    desk = Desk(tmp_path)
    desk.admit()
    desk.desk_tool.dies, desk.desk_tool.remembers_keys = "after", False
    with pytest.raises(Killed):
        process_item(desk.deps(), desk.customer, "i-1")

    item = process_item(desk.deps(), desk.customer, "i-1")

    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert (item.status, action.status) == ("in_review", "unknown")
    assert f"look there for key {action.key}" in item.reason
    assert desk.desk_tool.acts == 1


def test_a_dead_workers_lease_holds_off_others_and_not_itself(tmp_path: Path) -> None:
    """Another worker waits until the lease runs out; the same one goes on."""
    desk = Desk(tmp_path)
    desk.admit()
    assert is_killed(desk, "i-1", 1, is_before=False)
    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert action.status == "reserved"

    with pytest.raises(Unavailable, match="another worker holds"):
        process_item(replace(desk.deps(), holder="worker-2"), desk.customer, "i-1")
    assert process_item(desk.deps(), desk.customer, "i-1").status == "acted"


def test_giving_up_names_what_was_begun(tmp_path: Path) -> None:
    """The person is told which key to look for; the ledger keeps it open."""
    desk = Desk(tmp_path)
    desk.admit()
    desk.desk_tool.dies = "after"
    with pytest.raises(Killed):
        process_item(desk.deps(), desk.customer, "i-1")

    item: Item = give_up(desk.deps(), desk.customer, "i-1", "it was tried 5 times")

    [action] = desk.store.actions.unsettled(desk.customer)
    assert item.status == "in_review"
    assert item.reason == f"it was tried 5 times; begun before: {action.key}"


def test_of_workers_at_once_one_acts_and_all_see_the_same_end(tmp_path: Path) -> None:
    """Two workers take the same item: whoever is held off tries again and finds it ended."""
    desk = Desk(tmp_path)
    desk.admit()

    def work(worker: int) -> Item:
        deps = replace(desk.deps(), holder=f"worker-{worker}")
        for _ in range(1000):
            try:
                return process_item(deps, desk.customer, "i-1")
            except Unavailable:
                continue
        raise AssertionError("the lease is never given back")

    with ThreadPoolExecutor(2) as pool:
        items = list(pool.map(work, range(2)))

    assert {item.status for item in items} == {"acted"}
    assert len(desk.store.actions.of_item(desk.customer, "i-1")) == 1
    assert (desk.desk_tool.acts, len(desk.queued)) == (1, 1)
