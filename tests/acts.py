"""An action as it stands in the ledger, reserved or ended in a change of its own."""

from runs.moves import ActionStatus
from runs.records.item import Action
from runs.records.person import Customer
from runs.store.actions import Reserved, reserve_in, settle_in
from runs.store.store import Store


def reserve(store: Store, customer: Customer, action: Action, fence: int = 1) -> Reserved:
    """Reserve its key; what the product does together with what the action rests on."""
    with store.change(customer, "worker", action.run) as change:
        return reserve_in(change, action, fence)


def settle(
    store: Store, customer: Customer, key: str, *, status: ActionStatus, receipt: str, reason: str
) -> Action:
    """End it; what the product does together with the end of its item."""
    with store.change(customer, "worker") as change:
        return settle_in(change, key, status=status, receipt=receipt, reason=reason)
