"""do an action once: permission, key, receipt.

reserve (a row with our key) -> do (the key is handed to the other side) -> settle (the receipt).
Whoever finds a row reserved asks the other side by the key before anything else: found is settled,
surely absent is done under the same key, and what nobody can tell is `unknown`, for a person.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from runs.leases import Hold, Lease
from runs.moves import ActionStatus
from runs.records.item import Action, Rests
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.snapshots import Masked, Terms, Text, make, write_in
from runs.store.actions import reserve_in, settle_in, settle_known_in
from runs.store.change import Change
from runs.store.store import Store
from tools.tool import NotSent, Paced, Tool
from workflow.requests import Check, Request, wrong_tool
from workflow.sources import masking

NOTHING_DONE = ("failed", "stopped")
"""Ends of an action after which it is certain that the other side did nothing."""

Write = Callable[[Change], object]
"""Writes something inside a change."""


class Within(NamedTuple):
    """How an action shares the changes of its item."""

    glance: tuple[Check, ...]
    """What lets it pass before it is reserved, where something was read just now."""
    first: Write
    """Written in the change that reserves it."""
    rests: Rests | None
    """What it is begun on."""
    begun: int | None = None
    """How many actions of the item there are, where it must be no other when it is reserved."""
    later: Callable[[Write], None] | None = None
    """Takes over what came of it, to be written in the very change that ends the item."""


@dataclass(frozen=True)
class ActionDeps:
    """What doing an action needs."""

    store: Store
    tools: Mapping[str, Tool]
    terms: Terms
    """What of a receipt may be kept, and how long."""
    checks: tuple[Check, ...]
    """Each must let it pass immediately before it is done; none at all lets nothing pass."""
    lease: Lease | Hold
    """Held by the caller on the item or run, or taken here with the reservation."""
    lags: bool = False
    """What came of it may reach the disk with the change that ends the item: until then the other
    side is asked again."""
    within: Within | None = None
    """How it shares the changes of its item; None where it makes its own."""


class _Answer(NamedTuple):
    """What the other side says of a key."""

    receipt: dict[str, Any] | None
    is_sure: bool
    """Without a receipt: nothing was done. Otherwise nobody can tell."""
    says: str = ""


class _Reserved(NamedTuple):
    """A reservation, whether this call made it, and the fence under which it goes on."""

    action: Action
    is_first: bool
    fence: int


class _End(NamedTuple):
    """How an action ended."""

    status: ActionStatus
    reason: str
    receipt: Text | None = None


def perform(
    deps: ActionDeps, customer: Customer, request: Request, *, is_begun: bool | None = None
) -> Action:
    """Do the effect, at most once ever; returns how it stands: done, failed, unknown or stopped.

    `is_begun`: whether its key was reserved before, where the caller has just looked. Raises
    NotAllowed, with nothing reserved, when a check says no; Unavailable when the same call has to
    be made again: it then begins by asking the other side.
    """
    if is_begun is None:
        is_begun = deps.store.actions.find(customer, request.key) is not None
    if not is_begun:
        # Before anything is reserved: whose turn comes later has begun nothing. And before it is
        # looked at: a turn may have to be waited for.
        _take_turn(deps, request)
        if refusal := find_refusal(_before(deps, request), customer, request):
            raise NotAllowed(refusal)
    action, is_first, fence = _reserve(deps, customer, request)
    if not is_first and action.status == "reserved":
        action = reconcile(deps, customer, action)
    if action.status != "reserved":
        return action
    if is_begun:
        _take_turn(deps, request)
    return _settle(deps, customer, action, _do(deps, customer, request), fence)


def _before(deps: ActionDeps, request: Request) -> ActionDeps:
    """What lets it pass before it is reserved: a glance, where it can still be left after it."""
    if deps.within is None or not _remembers(deps, request):
        return deps
    return replace(deps, checks=deps.within.glance)


def _remembers(deps: ActionDeps, request: Request) -> bool:
    """Whether its other side can be asked later what became of the key."""
    tool = deps.tools.get(request.effect.tool)
    return tool is not None and tool.remembers_keys


def _take_turn(deps: ActionDeps, request: Request) -> None:
    tool = deps.tools.get(request.effect.tool)
    if isinstance(tool, Paced):
        tool.take_turn(request.effect.operation)


def find_refusal(deps: ActionDeps, customer: Customer, request: Request) -> str:
    """Why the request may not be done now, in one sentence; empty when it may."""
    if not deps.checks:
        return "nothing was handed in that permits it; hand in the checks"
    return next((says for says in _refusals(deps, customer, request) if says), "")


def reconcile(deps: ActionDeps, customer: Customer, action: Action) -> Action:
    """Settle an action that was begun by asking the other side for its key.

    A receipt makes it done. Surely absent leaves a reserved one reserved, to be done, and fails an
    unknown one. Where nobody can tell it is unknown. Raises Unavailable when nothing answers now.
    """
    if action.status not in ("reserved", "unknown"):
        return action
    answer = _ask(deps, action)
    if answer.receipt is not None:
        return _settle(deps, customer, action, _done(deps, action.key, answer.receipt))
    if answer.is_sure and action.status == "reserved":
        return action
    if answer.is_sure:
        return _settle(deps, customer, action, _End("failed", "the other side never did it"))
    if action.status == "unknown":
        return action
    says = f"it may have been done: {answer.says}; look there for key {action.key}"
    return _settle(deps, customer, action, _End("unknown", says))


def abandon(deps: ActionDeps, customer: Customer, action: Action) -> Action:
    """Settle an action that was begun and will not be done any more; surely absent is stopped."""
    settled = reconcile(deps, customer, action)
    if settled.status != "reserved":
        return settled
    over = _End("stopped", "it was begun and is not done any more")
    return _settle(deps, customer, action, over)


def _refusals(deps: ActionDeps, customer: Customer, request: Request) -> Iterator[str]:
    yield wrong_tool(deps.tools.get(request.effect.tool), customer, request.effect)
    for check in deps.checks:
        yield check(request)


def _reserve(deps: ActionDeps, customer: Customer, request: Request) -> _Reserved:
    # As it is: the content holds only what was masked before, and must be exactly what is done.
    terms = deps.terms._replace(mask=lambda value: Masked(value, 0))
    content = make(kind="action", value=dict(request.content), terms=terms)
    action = Action(
        id=digest_of(request.key).partition(":")[2][:12],
        key=request.key,
        item=request.item,
        run=request.run,
        tool=request.effect.tool,
        operation=request.effect.operation,
        level=request.effect.level,
        risks=request.effect.risks,
        content=content.digest,
        approval=request.approval,
        status="reserved",
        receipt="",
        reason="",
        reserved_at=deps.store.clock.now(),
        settled_at=None,
        undoes=request.undoes,
        said=request.said,
        rests=deps.within.rests if deps.within else None,
    )
    with deps.store.change(customer, "worker", action.run) as change:
        fence = _lease_in(deps, change).fence
        if deps.within is not None:
            deps.within.first(change)
        write_in(change, content)
        begun = deps.within.begun if deps.within else None
        return _Reserved(*reserve_in(change, action, fence, begun=begun), fence)


def _do(deps: ActionDeps, customer: Customer, request: Request) -> _End:
    """Never inside a retry: what is raised here leaves the row reserved, and the way back asks."""
    if refusal := _last_refusal(deps, customer, request):
        return _End("stopped", refusal)
    _require_lease(deps, customer)
    tool = deps.tools[request.effect.tool]
    try:
        receipt = tool.act(request.effect.operation, request.content, request.key)
    except NotSent as error:
        if tool.remembers_keys:
            raise
        # Nobody could be asked later: that nothing was done is known now, and only now.
        return _End("failed", _told(deps, error))
    except (InvalidInput, NotFound, Conflict, NotAllowed) as error:
        return _End("failed", _told(deps, error))
    return _done(deps, request.key, receipt)


def _last_refusal(deps: ActionDeps, customer: Customer, request: Request) -> str:
    """The same, asked once more; where nothing answers and nobody could be asked later, that."""
    try:
        return find_refusal(deps, customer, request)
    except Unavailable as error:
        if _remembers(deps, request):
            raise
        # Nothing was done, and only now that is sure.
        if error.is_outage or request.approval:
            return _told(deps, error)
    # It is only not the turn to look at sources once more: they were, right before it was
    # reserved. What needs no turn is asked all the same.
    return next((says for check in deps.checks if (says := _now(check, request))), "")


def _now(check: Check, request: Request) -> str:
    """What a check says; nothing where its turn comes only later."""
    try:
        return check(request)
    except Unavailable as error:
        if error.is_outage:
            raise
        return ""


def _require_lease(deps: ActionDeps, customer: Customer) -> None:
    if not deps.lease.is_held(deps.store, customer):
        raise Unavailable(
            f"the lease on {deps.lease.name} was taken over, and this worker stops here; "
            "it is tried again"
        )


def _lease_in(deps: ActionDeps, change: Change) -> Lease:
    """The caller's lease under the write lock; Unavailable once it is another's."""
    try:
        return deps.lease.require_in(change)
    except Conflict as error:
        raise Unavailable(str(error)) from error


def _ask(deps: ActionDeps, action: Action) -> _Answer:
    tool = deps.tools.get(action.tool)
    if tool is None:
        return _Answer(None, is_sure=False, says="its tool is not there any more")
    try:
        receipt = tool.find_receipt(action.key)
    except (InvalidInput, NotFound, Conflict, NotAllowed) as error:
        return _Answer(None, is_sure=False, says=_told(deps, error))
    return _Answer(receipt, tool.remembers_keys, f"tool {tool.name!r} cannot tell")


def _told(deps: ActionDeps, error: Exception) -> str:
    """What a tool said, masked: it may repeat what it was given."""
    return str(deps.terms.mask(str(error)).value)


def _done(deps: ActionDeps, key: str, receipt: dict[str, Any]) -> _End:
    terms = masking(deps.terms, "answer")
    kept = make(kind="receipt", value={"key": key, "answer": receipt}, terms=terms)
    return _End("done", "", kept)


def _settle(
    deps: ActionDeps, customer: Customer, action: Action, end: _End, fence: int | None = None
) -> Action:
    """Keep the receipt and say how the action ended, in one change; or let the item's end say it.

    `fence`: under which it was reserved, where that was just now. The first end is believed.
    """
    receipt = "" if end.receipt is None else end.receipt.digest
    told = {"status": end.status, "receipt": receipt, "reason": end.reason}
    settled = action.model_copy(update={**told, "settled_at": deps.store.clock.now()})

    def settle(change: Change) -> Action:
        if end.receipt is not None:
            write_in(change, end.receipt)
        if fence is not None:
            return settle_known_in(change, settled, fence)
        return settle_in(change, action.key, status=end.status, receipt=receipt, reason=end.reason)

    if deps.within is not None and deps.within.later is not None and fence is not None:
        deps.within.later(settle)
        return settled
    with deps.store.change(customer, "worker", lags=deps.lags) as change:
        return settle(change)
