"""Actions that wait for a person's yes to exactly that action."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runs import approvals
from runs.errors import NotAllowed
from runs.records.approval import Approval
from runs.records.item import Action
from runs.records.record import digest_of
from runs.records.release import StageKind
from tests import builders
from tests.integration import desk
from tests.integration.ledger import SEND, UPDATE, Ledger, request
from workflow.requests import Check, approved, permission


def update_of(ledger: Ledger, **changed: Any) -> Approval:
    """An approval of the customer's update, as the run asked for it."""
    covers = {"content": digest_of(UPDATE), "report": builders.DIGEST}
    asked = builders.approval(kind="update", covers=covers, **changed)
    return approvals.open_approval(ledger.store, ledger.customer, "worker", asked)


def approval_check(ledger: Ledger, current: Callable[[Approval], str] | None = None) -> Check:
    """What judges the approval of an update."""
    return approved(
        lambda id: approvals.get(ledger.store, ledger.customer, id),
        current or (lambda approval: approvals.subject_of(approval.covers)),
    )


def send(ledger: Ledger, check: Check, **changed: Any) -> Action:
    """Send the update that was approved."""
    values = {"effect": SEND, "content": UPDATE, "item": "", "run": "r-1", "approval": "a-1"}
    return ledger.perform(check, **values | changed)


def test_an_approved_update_is_sent_once(tmp_path: Path) -> None:
    """The row names the approval; the run finds its action."""
    ledger = Ledger(tmp_path)
    update_of(ledger, status="approved")
    first, second = (send(ledger, approval_check(ledger)) for _ in range(2))

    assert (first.status, first.approval, first) == ("done", "a-1", second)
    assert ledger.store.actions.of_run(ledger.customer, "r-1") == [first]
    assert ledger.written == [f"{first.key}.txt"]


@pytest.mark.parametrize(
    "status", ["open", "changes_asked", "rejected", "expired", "superseded", "withdrawn"]
)
def test_without_a_standing_approval_nothing_is_sent(tmp_path: Path, status: str) -> None:
    """Silence is no consent, nor is any other answer than yes."""
    ledger = Ledger(tmp_path)
    update_of(ledger, status=status)

    with pytest.raises(NotAllowed, match=f"approval a-1 is {status}"):
        send(ledger, approval_check(ledger))
    assert ledger.written == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"approval": ""}, "send_update has no approval"),
        ({"content": UPDATE | {"text": "All well!"}}, "approval a-1 covers other content"),
    ],
)
def test_an_approval_covers_exactly_one_content(
    tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    """One byte of the text changed after the yes, and the yes is void."""
    ledger = Ledger(tmp_path)
    update_of(ledger, status="approved")

    with pytest.raises(NotAllowed, match=says):
        send(ledger, approval_check(ledger), **changed)
    assert ledger.written == []


def test_an_approval_is_void_when_what_it_covers_changed(tmp_path: Path) -> None:
    """The digest is made again from the records as they are now."""
    ledger = Ledger(tmp_path)
    update_of(ledger, status="approved")

    with pytest.raises(NotAllowed, match="what approval a-1 covers has changed"):
        send(ledger, approval_check(ledger, lambda _: builders.DIGEST))
    assert ledger.written == []


@pytest.mark.parametrize(
    ("stage", "approval", "status", "says"),
    [
        ("slice", "a-1", "approved", ""),
        ("full", "a-1", "approved", ""),
        ("slice", "", "approved", "a person must agree"),
        ("slice", "a-1", "rejected", "approval a-1 is rejected"),
        ("sandbox", "a-1", "approved", "not allowed in the sandbox stage"),
        (None, "a-1", "approved", "its version was rolled back"),
    ],
)
def test_permission_asks_for_stage_and_approval(
    tmp_path: Path, stage: StageKind | None, approval: str, status: str, says: str
) -> None:
    """A risky effect needs a stage with room for it and a yes to exactly this."""
    ledger = Ledger(tmp_path)
    update_of(ledger, status=status)
    version = desk.version(effects=(SEND,))
    check = permission(version, lambda: stage, approval_check(ledger))

    found = check(request(effect=SEND, content=UPDATE, approval=approval))

    assert (says in found) if says else found == ""


def test_without_a_judge_no_approval_counts() -> None:
    """Naming one is not having one."""
    check = permission(desk.version(effects=(SEND,)), lambda: "full")

    assert (
        check(request(effect=SEND, content=UPDATE, approval="a-1"))
        == "no approval counts here; do it by hand"
    )
