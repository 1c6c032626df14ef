"""an emergency approval is confirmed by the ordinary approvers in time, or it is withdrawn."""

from datetime import timedelta

from runs import asking
from runs.records.approval import Approval, Need
from runs.records.record import digest_of
from runs.store.change import Change


def ask(
    change: Change, approved: Approval, *, by: str, needs: tuple[Need, ...], hours: timedelta
) -> None:
    """Ask the ordinary approvers whether they stand by what one person approved alone."""
    covers = {"approval": approved.id, "subject": approved.subject}
    now = change.clock.now()
    told = {
        "id": f"{approved.id}.confirm",
        "kind": "confirmation",
        "title": f"{by} approved alone, in an emergency: {approved.title}",
        "subject": digest_of(covers),
        "covers": covers,
        "needs": needs,
        "excluded": tuple(sorted({*approved.excluded, by})),
        "if_approved": "the emergency approval stands",
        "if_rejected": "it is withdrawn: a release that rests on it goes back to what it served "
        "before, or is held, and the owners are told; so it is if nobody answers in time",
        "status": "open",
        "due_at": now + hours,
        "opened_at": now,
        "solo": False,
        "supersedes": "",
        "escalates": "",
        "agreed": (),
        "confirms": approved.id,
    }
    asking.put(change, approved.model_copy(update=told))


def settle(change: Change, confirmation: Approval) -> None:
    """Withdraw the emergency approval whose confirmation ended without the others' yes.

    Any other question, and a confirmation that was given, changes nothing.
    """
    if not confirmation.confirms or confirmation.status in ("open", "approved"):
        return
    approved = asking.in_change(change, confirmation.confirms)
    if approved.status == "approved":
        asking.close(change, approved, "withdrawn")
        asking.wake(change, approved, cause=f"{approved.id}:withdrawn")


def drop(change: Change, approved: Approval) -> None:
    """Take back the question about an emergency approval that is void itself."""
    if not approved.emergency:
        return
    asked = asking.in_change(change, f"{approved.id}.confirm")
    if asked.status == "open":
        asking.close(change, asked, "withdrawn")
