"""examples and prompts changed for one kind of failure, over every run, and its reopening.

A kind is the key of a failure group without what was answered instead: step, field, code, expected.
"""

import shlex
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from policies.stopping import REWRITES_MAX, WORDS
from runs import words
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.people import find_people
from runs.plan import Plan, PlanRecord
from runs.records.evidence import FixTrial, Reopening
from runs.records.person import Customer, Identity
from runs.snapshots import Terms
from runs.store.store import Store, keep

MAX_REASON = 4_000
MOST = 10_000


class Churn(NamedTuple):
    """What was rewritten for one kind of failure since it was last reopened."""

    key: str
    rewrites: tuple[FixTrial, ...]
    """Accepted fixes of ranks 4 and 5, oldest first."""
    reopened: Reopening | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the next failure of this kind has no rewrite left."""
        return len(self.rewrites) >= REWRITES_MAX


class Asked(NamedTuple):
    """Who wants a kind of failure reopened, and why."""

    identity: Identity
    reason: str
    terms: Terms
    """What of the reason may be kept."""


def key_of(group: str) -> str:
    """The kind of failure of a group's key."""
    return group.rpartition("/")[0]


def find(store: Store, customer: Customer, workflow: str) -> dict[str, Churn]:
    """Every kind of failure that was rewritten for in any run of the workflow, by its key."""
    kept = store.list(customer, FixTrial, limit=MOST)
    rewrites = [one for one in kept if one.accepted and one.patch.rank in WORDS]
    runs = {id: store.runs.get(customer, id).workflow for id in {one.run for one in rewrites}}
    found: dict[str, list[FixTrial]] = defaultdict(list)
    for one in sorted(rewrites, key=lambda one: (one.tried_at, one.id)):
        if runs[one.run] == workflow:
            found[key_of(one.group)].append(one)
    opened = _reopened(store, customer, workflow)
    return {key: _since(key, trials, opened.get(key)) for key, trials in found.items()}


def without(churn: Churn, ids: Sequence[str]) -> Churn:
    """The same, these fixes not counted."""
    kept = tuple(one for one in churn.rewrites if one.id not in ids)
    return churn._replace(rewrites=kept)


def told(churn: Churn, workflow: str, owner: str) -> str:
    """Why there is no rewrite any more: each one by its name, and how it goes on."""
    named = "; ".join(f"{one.patch.says} [{one.id}]" for one in churn.rewrites)
    return (
        f"ranks 4 and 5 are closed for {churn.key}, which failed again after "
        f"{len(churn.rewrites)} rewrites: {named}; it needs another structure, or {owner} reopens "
        f"it: pilotage workflow reopen {workflow} {shlex.quote(churn.key)} --reason TEXT"
    )


def reopen(store: Store, customer: Customer, *, workflow: str, key: str, asked: Asked) -> Reopening:
    """Let words be rewritten again for a kind of failure; from here its rewrites count anew.

    By who answers for the workflow's behaviour, or their deputy. NotAllowed, with an event, for
    anybody else; NotFound for a kind nobody rewrote for; Conflict where nothing is closed.
    """
    person = asked.identity.person
    plan = _newest_plan(store, customer, workflow)
    says = _find_refusal(store, customer, plan, asked.identity)
    if says:
        with store.change(customer, person or f"token:{asked.identity.token}") as change:
            change.append("access_refused", person=person, workflow=workflow, verb="reopen")
        raise NotAllowed(f"reopen {key} of {workflow}: {says}")
    if not 1 <= len(asked.reason.strip()) <= MAX_REASON:
        raise InvalidInput(
            f"reopen {key} of {workflow}: a reason of 1 to {MAX_REASON} characters is needed; "
            "add --reason TEXT"
        )
    churn = _closed(find(store, customer, workflow), workflow, key)
    with store.change(customer, person) as change:
        opened = Reopening(
            id=f"{workflow}.reopened.{churn.rewrites[-1].id}",
            workflow=workflow,
            key=key,
            rewrites=tuple(one.id for one in churn.rewrites),
            by=person,
            reason=words.say(change, asked.reason, asked.terms),
            reopened_at=store.clock.now(),
        )
        keep(change, opened)
    return opened


def _closed(found: dict[str, Churn], workflow: str, key: str) -> Churn:
    churn = found.get(key)
    if churn is None:
        there = f"name one of: {', '.join(sorted(found))}" if found else "nothing is left to reopen"
        raise NotFound(f"no words of {workflow} were rewritten for {key!r}; {there}")
    if not churn.is_closed:
        raise Conflict(
            f"{key} of {workflow} is open: {len(churn.rewrites)} of {REWRITES_MAX} rewrites are "
            "counted; wait until it is closed"
        )
    return churn


def _reopened(store: Store, customer: Customer, workflow: str) -> dict[str, Reopening]:
    """The newest reopening of each kind of failure."""
    newest_first = store.list(customer, Reopening, limit=MOST)
    return {one.key: one for one in reversed(newest_first) if one.workflow == workflow}


def _since(key: str, trials: Sequence[FixTrial], opened: Reopening | None) -> Churn:
    ends = max(
        (i + 1 for i, one in enumerate(trials) if opened and one.id in opened.rewrites), default=0
    )
    return Churn(key, tuple(trials[ends:]), opened)


def _newest_plan(store: Store, customer: Customer, workflow: str) -> Plan:
    kept = store.list(customer, PlanRecord, limit=MOST)
    found = next((one.plan for one in kept if one.plan.workflow == workflow), None)
    if found is None:
        raise NotFound(f"there is no workflow {workflow!r}; `pilotage workflow list` shows them")
    return found


def _find_refusal(store: Store, customer: Customer, plan: Plan, identity: Identity) -> str:
    if identity.customer.id != customer.id:
        return "this is another customer's workflow; use a token of that customer"
    if identity.is_machine or not identity.person:
        return "a machine does not decide this; use a token of your own"
    owner = plan.owners.workflow_behaviour
    everybody = find_people(store, customer)
    deputy = next((one.deputy for one in everybody if one.id == owner), "")
    if identity.person in (owner, deputy):
        return ""
    return f"{identity.person} is not {owner}, who answers for how the workflow behaves; ask them"
