"""Why a release is moved back, or goes on, and who says so: a named person, or the evidence."""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from policies.compiled import containers
from runs import snapshots
from runs.errors import InvalidInput, NotAllowed
from runs.plan import PlanRecord
from runs.records.person import Customer, Identity
from runs.records.release import Move, Release
from runs.snapshots import Terms
from runs.store.store import Store

MAY_CONTRACT = ("rollout_owner", "incident_owner", "ops_manager", "ops_lead")
"""One person in one of these roles is enough to hold, narrow or roll back; so are the people whom
the plan names for containment, incidents and expansion."""
MAY_RESUME = ("rollout_owner",)
"""Who lets a held release serve again; so does the person the plan names for expansion."""
Verb = Literal["hold", "narrow", "roll_back", "resume"]
SAID: Mapping[Verb, str] = {
    "hold": "pause",
    "narrow": "narrow",
    "roll_back": "roll back",
    "resume": "resume",
}
"""What people call it, on the command line and in what they are told."""
MAX_REASON = 4_000


class Asked(NamedTuple):
    """A person wants it."""

    identity: Identity
    reason: str
    terms: Terms
    """What of the reason may be kept."""


class Judged(NamedTuple):
    """The evidence demands it."""

    move: Move


Cause = Asked | Judged


class Because(NamedTuple):
    """A cause that was looked at: who acts, and the digest of why."""

    actor: str
    reason: str


def admit(
    store: Store, customer: Customer, *, release: Release, cause: Cause, verb: Verb
) -> Because:
    """Let a cause stand for holding, narrowing, rolling back or resuming (`verb`), and keep it.

    Raises NotAllowed, with an event, for a machine, a person without the role or of another
    customer; NotAllowed for evidence that demands something else; InvalidInput without a reason.
    """
    if isinstance(cause, Judged):
        if cause.move.kind != verb:
            raise NotAllowed(
                f"the evidence asks to {cause.move.kind} {release.id}, not to {verb}; look at it "
                f"with `pilotage release show {release.id}`"
            )
        return Because("worker", store.keep(customer, "worker", cause.move, release.run))
    identity = cause.identity
    says = _find_refusal(customer, identity, verb, _named(store, customer, release, verb))
    if says:
        with store.change(customer, identity.person or f"token:{identity.token}") as change:
            change.append("access_refused", person=identity.person, release=release.id, verb=verb)
        raise NotAllowed(f"{SAID[verb]} {release.id}: {says}")
    if not 1 <= len(cause.reason.strip()) <= MAX_REASON:
        raise InvalidInput(
            f"{SAID[verb]} {release.id}: a reason of 1 to {MAX_REASON} characters is needed; "
            "add --reason TEXT"
        )
    text = {"text": cause.reason.strip()}
    kept = snapshots.keep(
        store, customer, identity.person, kind="reason", value=text, terms=cause.terms
    )
    return Because(identity.person, kept)


def _named(store: Store, customer: Customer, release: Release, verb: Verb) -> set[str]:
    """The people whom the plan itself names for this."""
    plan = store.get(customer, PlanRecord, release.plan).plan
    return {plan.owners.expansion} if verb == "resume" else set(containers(plan))


def _find_refusal(
    customer: Customer, identity: Identity, verb: Verb, named: Collection[str]
) -> str:
    if identity.customer.id != customer.id:
        return "this is another customer's release; use a token of that customer"
    if identity.is_machine or not identity.person:
        return "a machine does not decide this; use a token of your own"
    roles = MAY_RESUME if verb == "resume" else MAY_CONTRACT
    if identity.person in named or set(identity.roles) & set(roles):
        return ""
    return (
        f"{identity.person} holds none of the roles {', '.join(roles)} and is not "
        f"{' or '.join(sorted(named))}, whom the plan names for it; ask one of these"
    )
