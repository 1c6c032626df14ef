"""an action that nobody could settle: asked for again, settled by a person's word, or taken back.

Each is a named person's act with a token of their own, one change with its event, and a refusal is
an event too; a worker only looks over what a crash left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from policies.approvals import why_not_proved
from policies.permissions import ALL_RISKS, WAITING
from runs import leases, snapshots, words
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.leases import Lease
from runs.records.item import Action
from runs.records.person import Customer, Identity
from runs.records.version import Effect
from runs.snapshots import Terms
from runs.store.actions import Word, settle_by_word
from runs.store.items import UNFINISHED
from runs.store.store import Store
from tools.tool import Closed, Compensated, Tool
from workflow.actions import ActionDeps, abandon, perform, reconcile
from workflow.requests import Check, Request

MAY_SETTLE = ("ops_lead", "ops_manager", "owner")
MAX_REASON = 4_000
LOOKING = ":look"
"""After the name of a worker that only looks over what a crash left."""
UNDO = "undo_"
"""Before the name of an effect that takes another back."""


@dataclass(frozen=True)
class Deps:
    """What settling an action needs."""

    store: Store
    tools: Mapping[str, Tool]
    terms: Terms
    """What may be kept of reasons and receipts."""
    holder: str
    """Unique for this process: whoever takes something back holds the item or run meanwhile."""
    lease_s: float = 30.0


class Why(NamedTuple):
    """Why somebody has an action taken back, and what allows it."""

    reason: str
    approval: str = ""
    """Id of an approval of exactly that action."""
    approved: Check | None = None
    """Judges that approval; without it none counts."""


class Undo(NamedTuple):
    """How an action could be taken back."""

    operation: str
    """Of the same tool; empty where nothing is declared."""
    why_not: str
    """Why it cannot be, in one sentence; empty when it can."""


def settle(deps: Deps, identity: Identity, key: str, *, is_done: bool, reason: str) -> Action:
    """Settle an unknown action by a person's word: it was done, or it was not.

    Raises NotAllowed, with an event, for anybody without the role; Conflict unless it is unknown;
    InvalidInput without a reason.
    """
    found = deps.store.actions.get(identity.customer, key)
    _admit(deps.store, identity, found, "settle")
    _check_reason(reason)
    with deps.store.change(identity.customer, identity.person) as change:
        said = words.say(change, reason, deps.terms, kind="reason")
        value = {"key": found.key, "person": identity.person, "said": said}
        kept = snapshots.keep_in(change, kind="receipt", value=value, terms=words.AS_SAID)
        word = Word(is_done, said, kept if is_done else "", identity.proved_by)
        return settle_by_word(change, found.key, word)


def ask_again(deps: Deps, identity: Identity, key: str) -> Action:
    """Settle an open action by what the other side says now; never does it.

    One that surely was not done is over when nobody is left who would do it. Raises Conflict while
    somebody works on it, NotAllowed where the tool's credential is not here, Unavailable when the
    other side does not answer.
    """
    customer, found = identity.customer, deps.store.actions.get(identity.customer, key)
    _admit(deps.store, identity, found, "reconcile")
    tool = deps.tools.get(found.tool)
    if isinstance(tool, Closed):
        tool.find_receipt(found.key)
    _require_nobody_on(deps.store, customer, found)
    told = ActionDeps(deps.store, deps.tools, deps.terms, (), NOBODY)
    is_over = _is_over(deps.store, customer, found)
    return abandon(told, customer, found) if is_over else reconcile(told, customer, found)


def look_over(deps: Deps, customer: Customer, action: Action) -> Action:
    """Settle an open action by what the other side says now, whoever looks; never does it.

    One that surely was not done is stopped once its item or run has ended elsewhere, as soon as
    nobody holds that: whoever held it finds its lease gone. Unavailable when nothing answers now.
    """
    told = ActionDeps(deps.store, deps.tools, deps.terms, (), NOBODY)
    if action.status != "reserved" or not _is_over(deps.store, customer, action):
        return reconcile(told, customer, action)
    name = _name(action)
    with leases.held(deps.store, customer, name, holder=deps.holder, ttl_s=deps.lease_s) as lease:
        return action if lease is None else abandon(told, customer, action)


def find_undo(tools: Mapping[str, Tool], action: Action) -> Undo:
    """How an action could be taken back, or why it cannot be."""
    tool = tools.get(action.tool)
    declared = tool.undo if isinstance(tool, Compensated) else {}
    operation = declared.get(action.operation, "")
    if action.undoes:
        return Undo("", "it takes another back; leave it")
    if not operation:
        return Undo(
            "",
            f"tool {action.tool!r} declares no `undo` of {action.operation}; undo it by hand, "
            "there",
        )
    if action.status != "done":
        return Undo(
            operation,
            f"it is {action.status} and only what was done is taken back; nothing is left to do",
        )
    return Undo(operation, "")


def can_be_undone(
    store: Store, customer: Customer, tools: Mapping[str, Tool], actions: Iterable[Action]
) -> list[Action]:
    """Those of the actions that were done, can be taken back, and were not yet."""
    taken_back = {one.undoes for one in store.actions.every(customer) if one.undoes}
    able = (one for one in actions if not find_undo(tools, one).why_not)
    return [one for one in able if one.key not in taken_back]


def compensate(deps: Deps, identity: Identity, key: str, why: Why) -> Action:
    """Take back what an action did, as an action of its own under its own key, once.

    The rules of every action hold: the tool's level and risks, the ledger, the receipt. What is of
    a risk class needs an approval of exactly this action, judged by `why`. Raises
    NotAllowed, Conflict while somebody works on the item or run, and what `perform` raises.
    """
    store, customer = deps.store, identity.customer
    found = store.actions.get(customer, key)
    _admit(store, identity, found, "compensate")
    undo = find_undo(deps.tools, found)
    if undo.why_not:
        raise NotAllowed(f"{found.key}: {undo.why_not}")
    request = _request(deps, identity, found, operation=undo.operation, why=why)
    with leases.held(
        store, customer, _name(found), holder=deps.holder, ttl_s=deps.lease_s
    ) as lease:
        if lease is None:
            raise Conflict(f"{_name(found)} is being worked on; try again in a moment")
        checks = (_may_be_done(why.approved),)
        told = ActionDeps(store, deps.tools, deps.terms, checks, lease)
        return perform(told, customer, request)


def _request(deps: Deps, identity: Identity, found: Action, *, operation: str, why: Why) -> Request:
    store, customer = deps.store, identity.customer
    tool = deps.tools[found.tool]
    effect = Effect(
        name=UNDO + found.operation,
        tool=found.tool,
        operation=operation,
        level=tool.level,
        risks=tool.risks,
    )
    content = snapshots.read(store, customer, found.content)
    before = store.actions.find(customer, Request(effect, content, found.item, found.run).key)
    said = before.said if before is not None else _said(deps, identity, why.reason)
    return Request(
        effect,
        content,
        item=found.item,
        run=found.run,
        approval=why.approval,
        undoes=found.key,
        said=said,
    )


def _said(deps: Deps, identity: Identity, reason: str) -> str:
    _check_reason(reason)
    with deps.store.change(identity.customer, identity.person) as change:
        return words.say(change, reason, deps.terms, kind="reason")


def _may_be_done(approved: Check | None) -> Check:
    """A person's order is enough, but for what waits for an approval of exactly that action."""

    def check(request: Request) -> str:
        risks = set(request.effect.risks) & WAITING.get(request.effect.level, ALL_RISKS)
        if not risks:
            return ""
        if approved is None:
            return (
                f"{request.effect.name} is {', '.join(sorted(risks))}: it needs an approval of "
                "exactly this action"
            )
        return approved(request)

    return check


def _check_reason(reason: str) -> None:
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise InvalidInput(f"a reason of 1 to {MAX_REASON} characters is needed; add --reason TEXT")


def _admit(store: Store, identity: Identity, found: Action, verb: str) -> None:
    """Let a named person of the right role act; NotAllowed with an event for anybody else."""
    says = why_not_proved(identity)
    if not says and not set(identity.roles) & set(MAY_SETTLE):
        says = (
            f"{identity.person} holds none of the roles {', '.join(MAY_SETTLE)}; ask somebody who "
            "does"
        )
    if not says:
        return
    actor = identity.person or f"token:{identity.token}"
    with store.change(identity.customer, actor, found.run) as change:
        change.append("access_refused", person=identity.person, verb=f"action_{verb}")
    raise NotAllowed(f"action {verb}: {says}")


def _require_nobody_on(store: Store, customer: Customer, found: Action) -> None:
    held = leases.live(store, customer, _name(found))
    if held:
        raise Conflict(f"{held[0].holder} works on {_name(found)}; ask again when it is done")


def _is_over(store: Store, customer: Customer, found: Action) -> bool:
    """Nobody is left who would do it: its item or run has ended."""
    if found.undoes:
        return False
    if found.item:
        return store.items.get(customer, found.item).status not in UNFINISHED
    return store.runs.get(customer, found.run).status == "ended"


def _name(found: Action) -> str:
    return f"item:{found.item}" if found.item else f"run:{found.run}"


NOBODY = Lease("", "", 0)
"""Asking needs no lease: nothing is done."""
