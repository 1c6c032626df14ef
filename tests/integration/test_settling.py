"""What nobody can tell of is settled by the other side, else by a person, and can be taken back."""

from pathlib import Path
from typing import Any

import pytest

from runs import snapshots, words
from runs.audit import verify
from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.leases import take
from runs.records.item import Action
from runs.records.person import Identity
from tests import builders
from tests.integration.desk import Killed, MortalTool
from tests.integration.ledger import Ledger
from tests.integration.signing import Signing
from tools.files.sink import FolderSink
from tools.tool import Closed, Tool
from workflow import settling
from workflow.settling import Why

pytestmark = pytest.mark.both_databases

ANYTHING = {"type": "object"}
WRONG = Why("wrong queue since noon")


def lead(ledger: Ledger, **changed: Any) -> Identity:
    """The operations lead, by a token of their own."""
    return builders.identity(ledger.customer, "ben", roles=("ops_lead",), **changed)


def deps(ledger: Ledger, **tools: Tool) -> settling.Deps:
    """What settling is handed."""
    known: dict[str, Tool] = {"desk": ledger.tool, "outbox": ledger.outbox}
    return settling.Deps(ledger.store, known | tools, words.AS_SAID, "command-1", lease_s=5)


def unknown(ledger: Ledger, *, is_done: bool = True) -> Action:
    """An action whose process died, on a tool that remembers no keys."""
    ledger.tool.remembers_keys = False
    ledger.tool.dies = "after" if is_done else "before"
    with pytest.raises(Killed):
        ledger.perform()
    return ledger.perform()


def undoing(ledger: Ledger, **changed: Any) -> FolderSink:
    """The desk, which can take an assignment back."""
    schema = {"assign": ANYTHING, "unassign": ANYTHING}
    clock = StoppedClock(builders.NOW)
    told: dict[str, Any] = {"schema": schema, "undo": {"assign": "unassign"}, "clock": clock}
    return FolderSink("desk", ledger.folder / "desk", **told | changed)


@pytest.mark.parametrize("is_done", [True, False])
def test_a_person_settles_what_nobody_can_tell_of(tmp_path: Path, *, is_done: bool) -> None:
    """Who, why and how they proved it stand in the record and in the event."""
    ledger = Ledger(tmp_path)
    open_one = unknown(ledger, is_done=is_done)
    settled = settling.settle(
        deps(ledger), lead(ledger), open_one.key, is_done=is_done, reason="looked there"
    )

    assert (open_one.status, settled.status) == ("unknown", "done" if is_done else "failed")
    assert (settled.settled_by, bool(settled.receipt)) == ("ben", is_done)
    assert words.words(ledger.store, ledger.customer, settled.said) == "looked there"
    [event] = [e for e in ledger.store.events(ledger.customer) if e.body.get("said")]
    assert (event.kind, event.actor, event.body["proved_by"]) == ("action_settled", "ben", "token")
    assert verify(ledger.store.database).ok


def test_what_was_settled_by_a_person_is_not_done_again(tmp_path: Path) -> None:
    """Not even where the word was that it was not done: the key is used up."""
    ledger = Ledger(tmp_path)
    key = unknown(ledger).key
    settling.settle(deps(ledger), lead(ledger), key, is_done=False, reason="not there")

    assert ledger.perform().status == "failed"
    assert ledger.tool.acts == 1
    with pytest.raises(Conflict, match="is failed"):
        settling.settle(deps(ledger), lead(ledger), key, is_done=True, reason="it is there")


@pytest.mark.parametrize(
    ("changed", "reason", "error"),
    [
        ({"roles": ("product_owner",)}, "looked", NotAllowed),
        ({"person": "", "is_machine": True}, "looked", NotAllowed),
        ({"proved_by": "demo"}, "looked", NotAllowed),
        ({}, " ", InvalidInput),
    ],
)
def test_only_a_person_of_the_role_settles_and_says_why(
    tmp_path: Path, changed: Any, reason: str, error: type[Exception]
) -> None:
    """A refusal for want of a role is an event."""
    ledger = Ledger(tmp_path)
    key = unknown(ledger).key
    asking = lead(ledger).model_copy(update=changed)
    before = len(ledger.store.events(ledger.customer))

    with pytest.raises(error):
        settling.settle(deps(ledger), asking, key, is_done=True, reason=reason)
    told = ledger.store.events(ledger.customer)[before:]
    assert [e.kind for e in told] == ["access_refused"] * (error is NotAllowed)
    assert ledger.store.actions.find(ledger.customer, key) == ledger.perform()


def test_what_is_under_way_is_no_matter_of_a_word(tmp_path: Path) -> None:
    """A reserved one is asked for first; an action nobody knows is not there."""
    ledger = Ledger(tmp_path)
    ledger.tool.dies = "after"
    with pytest.raises(Killed):
        ledger.perform()
    [(key, _)] = ledger.actions()

    with pytest.raises(Conflict, match="is reserved"):
        settling.settle(deps(ledger), lead(ledger), key, is_done=True, reason="seen")
    with pytest.raises(NotFound):
        settling.settle(deps(ledger), lead(ledger), "nobody", is_done=True, reason="seen")


def test_asking_again_waits_for_whoever_works_on_it(tmp_path: Path) -> None:
    """Then the other side's receipt settles it."""
    ledger = Ledger(tmp_path)
    ledger.store.items.admit(ledger.customer, "cli", builders.item())
    ledger.tool.dies = "after"
    with pytest.raises(Killed):
        ledger.perform()
    [(key, _)] = ledger.actions()
    with pytest.raises(Conflict, match="works on item:i-1"):
        settling.ask_again(deps(ledger), lead(ledger), key)
    take(ledger.store, ledger.customer, "item:i-1", holder="worker-1", ttl_s=-1)

    assert settling.ask_again(deps(ledger), lead(ledger), key).status == "done"
    assert ledger.tool.acts == 1


def test_an_agreed_action_that_was_not_done_is_left_to_its_item(tmp_path: Path) -> None:
    """It is asked while it acts: whoever takes it up again does it, as people agreed."""
    desk = Signing(tmp_path)
    desk.admit()
    desk.work()
    desk.decide()
    desk.desk_tool.dies = "before"
    with pytest.raises(Killed):
        desk.work()
    [begun] = desk.store.actions.of_item(desk.customer, "i-1")
    told = settling.Deps(desk.store, {"desk": desk.desk_tool}, words.AS_SAID, "command-1")
    by = builders.identity(desk.customer, "ben", roles=("ops_lead",))
    asked = settling.ask_again(told, by, begun.key)

    assert (desk.item.status, asked.status) == ("asked", "reserved")
    assert desk.work().status == "acted"


def test_without_the_secret_nobody_is_asked(tmp_path: Path) -> None:
    """What cannot be asked for here stays as it is."""
    ledger = Ledger(tmp_path)
    key = unknown(ledger).key
    closed = Closed("desk", "update", (), {}, is_real=True, credential="env:NONE")

    with pytest.raises(NotAllowed, match="env:NONE"):
        settling.ask_again(deps(ledger, desk=closed), lead(ledger), key)


def test_what_was_done_is_taken_back_once_under_its_own_key(tmp_path: Path) -> None:
    """With the same content, through the same ledger; the second time it is the first."""
    ledger = Ledger(tmp_path)
    ledger.tool = MortalTool(undoing(ledger))
    done = ledger.perform()
    take(ledger.store, ledger.customer, "item:i-1", holder="worker-1", ttl_s=-1)
    given = deps(ledger, desk=undoing(ledger))
    able = settling.can_be_undone(ledger.store, ledger.customer, given.tools, [done])
    first, second = (settling.compensate(given, lead(ledger), done.key, WRONG) for _ in range(2))

    assert (first, able) == (second, [done])
    assert (first.status, first.operation, first.undoes) == ("done", "unassign", done.key)
    assert first.key != done.key
    assert words.words(ledger.store, ledger.customer, first.said) == WRONG.reason
    assert settling.can_be_undone(ledger.store, ledger.customer, given.tools, [done, first]) == []
    asked = snapshots.read(ledger.store, ledger.customer, first.content)
    assert asked == snapshots.read(ledger.store, ledger.customer, done.content)


@pytest.mark.parametrize(
    ("changed", "why", "says"),
    [
        ({"undo": {}}, WRONG, "declares no `undo`"),
        ({"risks": ("financial",)}, WRONG, "needs an approval of exactly this action"),
        ({"risks": ("financial",)}, Why("x", "a-1", lambda _: "a-1 is open"), "a-1 is open"),
    ],
)
def test_what_may_not_be_taken_back_is_not(
    tmp_path: Path, changed: Any, why: Why, says: str
) -> None:
    """The rules of every action hold for its way back."""
    ledger = Ledger(tmp_path)
    done = ledger.perform()
    take(ledger.store, ledger.customer, "item:i-1", holder="worker-1", ttl_s=-1)
    written = ledger.written

    with pytest.raises(NotAllowed, match=says):
        settling.compensate(
            deps(ledger, desk=undoing(ledger, **changed)), lead(ledger), done.key, why
        )
    assert ledger.written == written


def test_what_was_not_done_is_not_taken_back(tmp_path: Path) -> None:
    """First somebody finds out."""
    ledger = Ledger(tmp_path)
    key = unknown(ledger).key

    with pytest.raises(NotAllowed, match="it is unknown"):
        settling.compensate(deps(ledger, desk=undoing(ledger)), lead(ledger), key, WRONG)
