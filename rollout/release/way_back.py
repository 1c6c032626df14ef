"""Hold, narrow and roll back: one authorised person or the evidence is enough, and nothing waits.

Rolling back and rehearsing it are the same steps (`walk`): serve nothing, stop what was not begun,
list what was done, and prove by decisions that the incumbent serves. Each may be done again.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from rollout import admission, ladder
from rollout.assignment import lineage
from rollout.release.cause import Asked, Because, Cause, admit
from runs.approvals import open_of_item, withdraw
from runs.errors import Conflict, InvalidInput
from runs.events import BodyValue, EventKind
from runs.people import find_people
from runs.records.evidence import Evidence
from runs.records.item import Action, Item
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.version import PolicyValues, Version
from runs.store.change import Change
from runs.store.filtered import ItemFilter
from runs.store.items import UNFINISHED, is_unfinished, move_item
from runs.store.reviews import open_review
from runs.store.store import Store
from workflow import review

PROBES = 20
"""Decisions that must all go to the incumbent after a way back (spec 4.6)."""
CHUNK = 100
ATTEMPTS = 5
DRILL_TTL = timedelta(days=14)
RULE = "rolled_back"
"""The rule of an item that was stopped because its version was taken away."""


class WalkedBack(NamedTuple):
    """A way back that was walked, and what proves it."""

    release: Release
    stopped: tuple[str, ...]
    """Items this walk stopped before their next effect; each waits for a person now."""
    effects: tuple[Action, ...]
    """What was begun or done outside; a person decides what is made good."""
    probes: int
    """Decisions taken after it that went to the incumbent, of `PROBES`."""
    began_at: datetime
    cut_at: datetime
    """When nothing was served any more."""
    ended_at: datetime

    @property
    def is_verified(self) -> bool:
        """Whether every probe was served by the recorded incumbent."""
        return self.probes == PROBES


class RolledBack(NamedTuple):
    """A release that was rolled back, and the evidence that it is gone."""

    walked: WalkedBack
    evidence: Evidence


def hold(store: Store, customer: Customer, *, release: Release, cause: Cause) -> Release:
    """Let new items go to the incumbent until a person looks; what began goes on."""
    because = admit(store, customer, release=release, cause=cause, verb="hold")

    def held(present: Release) -> Release:
        if present.status not in ("open", "held"):
            raise Conflict(
                f"release {present.id} is {present.status}; only one on its way is paused: "
                "narrow it or roll it back"
            )
        if present.stage < 0 and isinstance(cause, Asked):
            raise Conflict(
                f"release {present.id} has not entered a stage; there is nothing to pause yet: "
                "reject its question, or roll it back"
            )
        return present.model_copy(update={"status": "held"})

    return _contract(store, customer, release.id, because, make=held, event="release_held")


def narrow(
    store: Store,
    customer: Customer,
    *,
    release: Release,
    cause: Cause,
    weight_bp: int | None = None,
    segment: str = "",
) -> Release:
    """Serve a smaller share, or no item of a segment of the data contract, or both.

    A share is served at the lowest stage that has room for it; 0 is the sandbox. A segment, as
    `field=value`, goes to the incumbent. The evidence of the stage restarts. A weight that is not
    smaller is InvalidInput; what it has already changes nothing.
    """
    if weight_bp is None and not segment:
        raise InvalidInput(
            f"release {release.id}: narrow it by a share, a segment or both; add --weight or "
            "--segment"
        )
    version = store.get(customer, Version, release.version)
    cut = ladder.read_segment(segment, version) if segment else None
    because = admit(store, customer, release=release, cause=cause, verb="narrow")

    def narrowed(present: Release) -> Release:
        if present.status == "rolled_back":
            raise Conflict(
                f"release {present.id} was rolled back and serves nothing; nothing is left to do"
            )
        after = ladder.narrowed(present, weight_bp=weight_bp, segment=cut)
        if after == present:
            return present
        return after.model_copy(update={"entered_at": store.clock.now()})

    return _contract(store, customer, release.id, because, make=narrowed, event="release_narrowed")


def roll_back(store: Store, customer: Customer, *, release: Release, cause: Cause) -> RolledBack:
    """Take the version away and prove that the incumbent serves; again gives the proof there is.

    Where the proof fails nothing is served by the version either, and a person has to look.
    """
    because = admit(store, customer, release=release, cause=cause, verb="roll_back")
    walked = walk(store, customer, release=release, because=because)
    for attempt in range(1, 100):
        name = f"{release.id}-way-back-{attempt}"
        present = store.find(customer, Evidence, name)
        if present is None:
            proof = evidence_of(store, customer, walked, name=name, notes={"occasion": "rollback"})
            store.keep(customer, "worker", proof, release.run)
            return RolledBack(walked, proof)
        if present.notes["outcome"] == "pass":
            return RolledBack(walked, present)
    raise Conflict(f"release {release.id}: 99 ways back could not be verified; look at its probes")


def find_values_before(store: Store, customer: Customer, release: Release) -> PolicyValues | None:
    """The values of the version that serves again after it; None for the human process."""
    before = (
        one
        for one in store.releases.list(customer, release.workflow)
        if one.version == release.incumbent and one.status == "complete" and one.id != release.id
    )
    found = next(before, None)
    return None if found is None else store.get(customer, PolicyValues, found.policy)


def find_values_owed(store: Store, customer: Customer, release: Release) -> PolicyValues | None:
    """The values that lead again with a way back, where whoever walked it died before that.

    None once others lead, whoever let them: only what the release brought has to give way.
    """
    led = store.policies.find_led(customer, release.workflow)
    if release.status != "rolled_back" or release.stage < 0 or led is None:
        return None
    gone = store.events(customer, release.run, limit=None, kinds=("release_rolled_back",))
    taken_at = max((event.seq for event in gone if event.subject == release.id), default=0)
    if led.digest != release.policy or led.since > taken_at:
        return None
    before = find_values_before(store, customer, release)
    return None if before is None or before.digest == led.digest else before


def walk(store: Store, customer: Customer, *, release: Release, because: Because) -> WalkedBack:
    """The way back itself: cut, stop, list, verify; each step may be done again."""
    began = store.clock.now()

    def gone(present: Release) -> Release:
        return present.model_copy(update={"status": "rolled_back", "weight_bp": 0})

    cut = _contract(store, customer, release.id, because, make=gone, event="release_rolled_back")
    cut_at = store.clock.now()
    stopped = tuple(_stop_all(store, customer, cut, because))
    effects = store.items.actions(customer, ItemFilter(release=cut.id))
    return WalkedBack(
        release=cut,
        stopped=stopped,
        effects=tuple(effects),
        probes=_probe(store, customer, cut),
        began_at=began,
        cut_at=cut_at,
        ended_at=store.clock.now(),
    )


def evidence_of(
    store: Store, customer: Customer, walked: WalkedBack, *, name: str, notes: dict[str, str]
) -> Evidence:
    """What a way back proves, with its times; `notes` are told beside it."""
    release = walked.release
    policy = store.get(customer, PolicyValues, release.policy)
    told = timedelta(hours=policy.evidence_hours.get("drill", 0))
    seconds = (walked.ended_at - walked.began_at).total_seconds()
    return Evidence(
        id=name,
        run=release.run,
        kind="drill",
        version=release.version,
        policy=release.policy,
        subject=lineage(release.salt),
        seconds=f"{seconds:.3f}",
        notes={
            "outcome": "pass" if walked.is_verified else "fail",
            "release": release.id,
            "incumbent": release.incumbent,
            "stopped": str(len(walked.stopped)),
            "effects": str(len(walked.effects)),
            "probes": f"{walked.probes} of {PROBES}",
            "began_at": walked.began_at.isoformat(),
            "cut_at": walked.cut_at.isoformat(),
            "ended_at": walked.ended_at.isoformat(),
        }
        | notes,
        measured_at=walked.ended_at,
        expires_at=walked.ended_at + min(told, DRILL_TTL),
    )


def _contract(
    store: Store,
    customer: Customer,
    id: str,
    because: Because,
    *,
    make: Callable[[Release], Release],
    event: EventKind,
) -> Release:
    """Make a release smaller from whatever it is now; where it moves meanwhile, from there."""
    for _ in range(ATTEMPTS):
        present = store.releases.get(customer, id)
        after = make(present)
        if after == present:
            return present
        body: dict[str, BodyValue] = {
            "reason": because.reason,
            "stage": after.stage,
            "weight_bp": after.weight_bp,
            "before_bp": present.weight_bp,
        }
        if after.without:
            body["without"] = ", ".join(map(str, after.without))
        try:
            return store.releases.change(
                customer, because.actor, before=present, after=after, event=(event, body)
            )
        except Conflict:
            continue
    raise Conflict(f"release {id} moved {ATTEMPTS} times meanwhile; do it again")


def _stop_all(
    store: Store, customer: Customer, release: Release, because: Because
) -> Iterator[str]:
    """Stop every item whose work has not ended, a hundred in one transaction."""
    policy = store.get(customer, PolicyValues, release.policy)
    owner = _owner(store, customer, policy)
    after = timedelta(hours=policy.review_due_hours)
    for status in UNFINISHED:
        unfinished = ItemFilter(release=release.id, status=status)
        while items := store.items.in_order(customer, unfinished, limit=CHUNK):
            with store.change(customer, because.actor, release.run) as change:
                stopped = _stop(change, items, owner=owner, after=after)
                _withdraw(change, stopped)
            yield from stopped


def _owner(store: Store, customer: Customer, policy: PolicyValues) -> str:
    """The person who reviews, or the first there is to escalate to; never nobody."""
    people = [one for one in find_people(store, customer) if not one.is_disabled]
    for named in (policy.review_owner, *policy.escalation):
        for one in people:
            if named == one.id or named in one.roles:
                return one.id
    return policy.review_owner


def _stop(change: Change, items: Sequence[Item], *, owner: str, after: timedelta) -> list[str]:
    now, stopped = change.clock.now(), []
    for item in items:
        if not is_unfinished(change, item):
            continue
        why = f"release {item.release} was rolled back before the work on it ended"
        told = {"rule": RULE, "reason": why, "owner": owner, "due_at": now + after}
        gone = item.model_copy(update={**told, "status": "stopped", "finished_at": now})
        move_item(change, gone)
        move_item(change, gone.model_copy(update={"status": "in_review", "route": "review"}))
        open_review(change, review.make(gone, "exception", at=now, due_at=now + after))
        stopped.append(item.id)
    return stopped


def _withdraw(change: Change, stopped: Collection[str]) -> None:
    """Nobody is asked any more about what is not done any more."""
    for item in stopped:
        for asked in open_of_item(change, item):
            withdraw(change, asked)


def _probe(store: Store, customer: Customer, release: Release) -> int:
    """How many of the next decisions leave the release and reach the recorded incumbent."""
    stands = admission.standing(store, customer, release.workflow)
    units = [f"probe:{release.id}:{number}" for number in range(PROBES)]
    left = [u for u in units if not stands.is_served_by(release, u)]
    return sum(stands.reaches_incumbent(release, unit) for unit in left)
