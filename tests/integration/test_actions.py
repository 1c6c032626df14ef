"""The action ledger at work: permission, key, receipt, and what a failure leaves."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runs import snapshots
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from runs.leases import Lease, release, take
from runs.records.item import Action
from runs.records.record import digest_of
from tests.integration.desk import Killed, MortalTool
from tests.integration.ledger import (
    ASSIGN,
    CONTENT,
    SEND,
    UPDATE,
    Ledger,
    anything,
    request,
)
from tools.tool import without_means
from workflow.actions import perform, reconcile

pytestmark = pytest.mark.both_databases


class Answering(MortalTool):
    """A desk whose act raises, before or after it was done."""

    raises: Exception
    is_done: bool

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Do it or not, and raise."""
        if self.is_done:
            super().act(operation, content, key)
        raise self.raises


def failing(
    ledger: Ledger, raises: Exception, *, is_done: bool, remembers: bool = True
) -> Answering:
    """A desk that fails in this way."""
    tool = Answering(ledger.sink, remembers_keys=remembers)
    tool.raises, tool.is_done = raises, is_done
    return tool


def test_an_action_is_done_once_and_its_row_says_everything(tmp_path: Path) -> None:
    """The second call returns the first row and asks nobody."""
    ledger = Ledger(tmp_path)
    first = ledger.perform()
    second = ledger.perform()

    assert first == second
    assert first.key == f"i-1:assign:{digest_of(CONTENT)[7:23]}"
    assert (first.status, first.tool, first.operation) == ("done", "desk", "assign")
    assert snapshots.read(ledger.store, ledger.customer, first.content) == CONTENT
    assert first.content == request().digest
    assert snapshots.read(ledger.store, ledger.customer, first.receipt)["key"] == first.key
    assert (ledger.tool.acts, ledger.written) == (1, [f"{first.key}.json"])


def test_other_content_is_another_action() -> None:
    """One byte, another key; item, effect and run tell keys apart as well."""
    keys = {
        request().key,
        request(content=CONTENT | {"label": "parcel"}).key,
        request(item="i-2").key,
        request(effect=SEND).key,
        request(item="", run="r-1").key,
    }

    assert len(keys) == 5


def test_nothing_passes_where_no_check_was_handed_in(tmp_path: Path) -> None:
    """The empty policy is no."""
    ledger = Ledger(tmp_path)

    with pytest.raises(NotAllowed, match="nothing was handed in that permits it"):
        perform(replace(ledger.deps(), checks=()), ledger.customer, request())
    assert (ledger.actions(), ledger.written) == ([], [])


def test_a_check_that_says_no_reserves_nothing(tmp_path: Path) -> None:
    """The key stays free for the day it is permitted."""
    ledger = Ledger(tmp_path)
    with pytest.raises(NotAllowed, match="not today"):
        ledger.perform(anything, lambda _: "not today")

    assert (ledger.actions(), ledger.written) == ([], [])
    assert ledger.perform().status == "done"


def test_what_changes_between_reserve_and_do_stops_it(tmp_path: Path) -> None:
    """Every check is made again, immediately before."""
    ledger = Ledger(tmp_path)
    answers = iter(["", "the release was rolled back"])

    action = ledger.perform(lambda _: next(answers))

    assert (action.status, action.reason) == ("stopped", "the release was rolled back")
    assert ledger.written == []
    assert ledger.perform().status == "stopped"


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        ({"tool": "none"}, "there is no tool 'none'"),
        ({"level": "suggest"}, "declared as suggest and tool 'desk' can update"),
        ({"level": "trigger"}, "declared as trigger and tool 'desk' can update"),
    ],
)
def test_a_tool_does_no_more_than_the_plan_says(
    tmp_path: Path, effect: dict[str, Any], says: str
) -> None:
    """A tool that is not there, or does more than was declared, is not used."""
    ledger = Ledger(tmp_path)

    with pytest.raises(NotAllowed, match=says):
        ledger.perform(effect=ASSIGN.model_copy(update=effect))
    assert ledger.written == []


def test_a_risk_the_plan_does_not_name_stops_the_action(tmp_path: Path) -> None:
    """What faces the customer cannot be declared harmless."""
    ledger = Ledger(tmp_path)
    harmless = SEND.model_copy(update={"risks": ("irreversible",)})

    with pytest.raises(NotAllowed, match="send_update is not declared as customer_facing"):
        ledger.perform(effect=harmless, content=UPDATE)
    assert ledger.written == []


def test_a_demo_customer_reaches_no_real_system(tmp_path: Path) -> None:
    """Whoever wired it: the ledger looks again."""
    ledger = Ledger(tmp_path, is_demo=True)
    with pytest.raises(NotAllowed, match="'desk' reaches a real system and customer 'acme' is a"):
        ledger.perform()
    ledger.tool.is_real = False

    assert ledger.perform().status == "done"


def test_without_means_an_action_fails_and_nothing_happens(tmp_path: Path) -> None:
    """Even when every check were wrong, the sandbox has nothing to act with."""
    ledger = Ledger(tmp_path)
    bare = without_means(ledger.sink)

    action = perform(ledger.deps(desk=bare), ledger.customer, request())

    assert (action.status, ledger.written) == ("failed", [])
    assert "without means here (sandbox)" in action.reason


@pytest.mark.parametrize("error", [InvalidInput, NotFound, Conflict, NotAllowed])
def test_what_the_other_side_refused_has_failed(tmp_path: Path, error: type[Exception]) -> None:
    """A refusal says that nothing was done; what it repeats is masked."""
    ledger = Ledger(tmp_path)
    tool = failing(ledger, error("no eve@example.com here"), is_done=False)

    action = perform(ledger.deps(desk=tool), ledger.customer, request())

    assert (action.status, action.reason) == ("failed", "no [masked:email] here")
    assert ledger.written == []


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("error", [Unavailable("no answer in 10 s"), OSError("broken pipe")])
def test_an_act_without_an_answer_is_asked_for_and_never_repeated_blindly(
    tmp_path: Path, error: Exception, *, is_done: bool
) -> None:
    """Done or not, the next call asks first and ends with one file."""
    ledger = Ledger(tmp_path)
    tool = failing(ledger, error, is_done=is_done)
    with pytest.raises(type(error)):
        perform(ledger.deps(desk=tool), ledger.customer, request())
    assert ledger.actions() == [(request().key, "reserved")]

    assert ledger.perform().status == "done"
    assert ledger.tool.acts == int(not is_done)
    assert len(ledger.written) == 1


def test_where_nobody_can_tell_a_person_looks(tmp_path: Path) -> None:
    """No receipt, and none to be had: unknown, again and again, and not repeated."""
    ledger = Ledger(tmp_path)
    tool = failing(ledger, Unavailable("no answer"), is_done=True, remembers=False)
    deps = ledger.deps(desk=tool)
    with pytest.raises(Unavailable):
        perform(deps, ledger.customer, request())

    first, second = (perform(deps, ledger.customer, request()) for _ in range(2))

    assert (first.status, first) == ("unknown", second)
    assert first.reason == (
        f"it may have been done: tool 'desk' cannot tell; look there for key {first.key}"
    )
    assert tool.acts == 1


def test_a_tool_that_is_gone_leaves_it_unknown(tmp_path: Path) -> None:
    """Reserved, and then the tool is taken away: a person looks."""
    ledger = Ledger(tmp_path)
    ledger.tool.dies = "after"
    with pytest.raises(Killed):
        ledger.perform()
    deps = replace(ledger.deps(), tools={})

    assert perform(deps, ledger.customer, request()).status == "unknown"


@pytest.mark.parametrize(("is_done", "status"), [(True, "done"), (False, "failed")])
def test_an_unknown_action_is_settled_once_the_other_side_can_tell(
    tmp_path: Path, status: str, *, is_done: bool
) -> None:
    """Found is done; surely absent has failed, and is not done now on its own."""
    ledger = Ledger(tmp_path)
    tool = failing(ledger, Unavailable("no answer"), is_done=is_done, remembers=False)
    deps = ledger.deps(desk=tool)
    with pytest.raises(Unavailable):
        perform(deps, ledger.customer, request())
    unknown = perform(deps, ledger.customer, request())

    settled = reconcile(ledger.deps(), ledger.customer, unknown)

    assert settled.status == status
    assert reconcile(ledger.deps(), ledger.customer, settled) == settled
    assert len(ledger.written) == int(is_done)


def test_a_file_that_is_not_ours_is_no_receipt(tmp_path: Path) -> None:
    """Somebody wrote under our key: neither done nor repeated."""
    ledger = Ledger(tmp_path)
    ledger.tool.dies = "before"
    with pytest.raises(Killed):
        ledger.perform()
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / f"{request().key}.json").write_text("{}", encoding="utf-8")

    action = ledger.perform()

    assert action.status == "unknown"
    assert "is not what was written" in action.reason


def test_who_lost_the_lease_does_not_act(tmp_path: Path) -> None:
    """A worker that was thought dead finds out before it acts; the new one does it."""
    ledger = Ledger(tmp_path)
    slow = ledger.deps()
    assert isinstance(slow.lease, Lease)
    release(ledger.store, ledger.customer, slow.lease)
    other = take(ledger.store, ledger.customer, "item:i-1", holder="worker-2", ttl_s=60)
    assert other is not None
    with pytest.raises(Unavailable, match="was taken over"):
        perform(slow, ledger.customer, request())
    assert ledger.written == []

    assert perform(replace(slow, lease=other), ledger.customer, request()).status == "done"
    assert ledger.tool.acts == 1


def test_of_many_workers_at_once_the_effect_happens_once(tmp_path: Path) -> None:
    """Sixteen calls in eight threads: one row, one file, one receipt."""
    ledger = Ledger(tmp_path)
    deps = ledger.deps()

    def work(_: int) -> Action:
        return perform(deps, ledger.customer, request())

    with ThreadPoolExecutor(8) as pool:
        actions = list(pool.map(work, range(16)))

    assert {(a.status, a.receipt) for a in actions} == {("done", actions[0].receipt)}
    assert ledger.actions() == [(request().key, "done")]
    assert len(ledger.written) == 1
