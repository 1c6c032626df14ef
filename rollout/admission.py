"""take an item in once: key, arm, version, queue; for the API and the command line alike.

Who serves an item is decided here, once, by the releases as they stand in the very transaction
that writes it, and so is by which values; where one moved meanwhile it is decided again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from rollout.assignment import Placement, Standing, is_audited
from rollout.sent import TOO_LARGE, Sent, TooLarge, find_wrong, find_wrong_key, find_wrong_priority
from runs import approvals, snapshots, words
from runs.errors import Busy, Conflict, InvalidInput, NotFound, PilotageError
from runs.plan import Owners, PlanRecord
from runs.records.item import Item
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import Release
from runs.records.version import PolicyValues, Version
from runs.snapshots import Terms
from runs.store.change import Change
from runs.store.items import admit_item, are_unmoved, find_unfinished, move_item
from runs.store.policies import led_in
from runs.store.store import Store

CHUNK = 100
"""Items written in one transaction."""
ATTEMPTS = 5
"""How often an admission is decided again because a release moved meanwhile."""
MAX_BATCH = 120
AFTER_S = 30
"""Whoever is refused because too much waits may try again in so many seconds."""
DRILL = ".drill"
"""Ends the workflow's name in the rows of a rollback drill: no real item ever meets them."""


@dataclass(frozen=True)
class Deps:
    """What taking items in needs."""

    store: Store
    actor: str
    """Who sends them, for the audit: a person id, `token:<id>`, `worker` or `cli`."""
    terms: Callable[[Version], Terms]
    """What may be kept of an input, and how long; compiled from the version."""


class Sorted(NamedTuple):
    """Items apart from each other: what can be taken in, and why the others cannot."""

    accepted: list[Sent]
    refused: list["Refused"]


class Refused(NamedTuple):
    """One item that was not taken in."""

    number: int
    """Its place among those that were sent, from 0."""
    key: str
    error: PilotageError


class _Batch(NamedTuple):
    deps: Deps
    customer: Customer
    workflow: str
    name: str


class _Ground(NamedTuple):
    """What the items that one release decides have in common."""

    policy: str
    values: PolicyValues
    owners: Owners
    terms: Terms


class _Draft(NamedTuple):
    """An item whose input is not kept yet."""

    key: str
    sent: Sent
    placed: Placement
    ground: _Ground


def submit(
    deps: Deps,
    customer: Customer,
    workflow: str,
    input: dict[str, Any],
    *,
    key: str,
    batch: str = "",
) -> Item:
    """Take one item in; the same key with the same input is the item there is.

    Raises Conflict where the key was used for another input, InvalidInput for what is not a bounded
    JSON object, NotFound for a workflow without a release, Busy where too many wait.
    """
    return submit_many(deps, customer, workflow, [Sent(key, input)], batch=batch)[0]


def submit_many(
    deps: Deps, customer: Customer, workflow: str, sent: Sequence[Sent], *, batch: str = ""
) -> list[Item]:
    """Take items in and return them in the order given; a hundred are written in one transaction.

    What `submit` refuses is looked for in all of them before anything is written. After a crash the
    same call goes on where it ended.
    """
    _check_all(sent, batch)
    group = _Batch(deps, customer, workflow, batch)
    present = deps.store.items.find_by_keys(customer, workflow, [one.key for one in sent])
    _check_same(group, present, sent)
    absent = list({one.key: one for one in sent if one.key not in present}.values())
    leads = _leading(group)
    _check_priorities(leads, absent)
    _require_room(group, leads, len(absent))
    for start in range(0, len(absent), CHUNK):
        present |= {item.key: item for item in _admit(group, absent[start : start + CHUNK])}
    return [present[one.key] for one in sent]


def sort_out(deps: Deps, customer: Customer, workflow: str, sent: Sequence[Sent]) -> Sorted:
    """What of these could be taken in, each looked at alone; writes nothing.

    Of those under one key the first input counts; a key that was used for another is refused.
    """
    group = _Batch(deps, customer, workflow, "")
    leads = _leading(group)
    present = deps.store.items.find_by_keys(customer, workflow, [one.key for one in sent])
    found, first = Sorted([], []), dict[str, Sent]()
    for number, one in enumerate(sent):
        try:
            _check_all([one, *([first[one.key]] if one.key in first else [])], "")
            _check_same(group, present, [one])
            _check_priorities(leads, [] if one.key in present else [one])
        except (InvalidInput, Conflict) as error:
            found.refused.append(Refused(number, one.key, error))
        else:
            first.setdefault(one.key, one)
            found.accepted.append(one)
    return found


def call_off(deps: Deps, customer: Customer, id: str, *, reason: str, terms: Terms) -> Item:
    """End an item of which nothing was begun outside; what was asked about it is withdrawn.

    Conflict where its work has ended, or something was begun: that is not undone by it.
    """
    with deps.store.change(customer, deps.actor) as change:
        item = find_unfinished(change, id)
        begun = [one.key for one in deps.store.actions.of_item(customer, item.id)]
        if begun:
            raise Conflict(
                f"item {item.id}: {', '.join(begun)} was begun; let it come to its end, and see "
                f"what it did with `pilotage item show {item.id}`"
            )
        for asked in approvals.open_of_item(change, item.id):
            approvals.withdraw(change, asked)
        said = words.quote(words.say(change, reason, terms, kind="reason"))
        told = {"status": "closed", "reason": f"called off by {deps.actor}: {said}"}
        ended = item.model_copy(update={**told, "finished_at": change.clock.now()})
        move_item(change, ended)
    return ended


def standing(store: Store, customer: Customer, workflow: str) -> Standing:
    """The releases of the workflow as they stand now; NotFound when it never had one."""
    releases = store.releases.list(customer, workflow)
    if not releases:
        raise NotFound(
            f"workflow {workflow!r} has no release; `pilotage run start` brings one on its way"
        )
    real = workflow.removesuffix(DRILL)
    elsewhere = store.releases.list(customer, real) if real != workflow else []
    return Standing(tuple(releases), tuple(elsewhere))


def _admit(group: _Batch, sent: Sequence[Sent]) -> list[Item]:
    store, wanted = group.deps.store, {one.key for one in sent}
    for _ in range(ATTEMPTS):
        stands = standing(store, group.customer, group.workflow)
        led = store.policies.find_led(group.customer, group.workflow)
        drafts = list(_drafts(group, stands, sent))
        with store.change(group.customer, group.deps.actor) as change:
            # What leads when an item comes in is what it is worked on with.
            is_same = led_in(change, group.workflow) == led
            if is_same and are_unmoved(change, stands.relevant):
                written = [_write(change, group, draft) for draft in drafts]
                return [item for item in written if item.key in wanted]
    raise Conflict(
        f"the release or the values of {group.workflow} moved {ATTEMPTS} times meanwhile; send the "
        "items again"
    )


def _drafts(group: _Batch, stands: Standing, sent: Sequence[Sent]) -> Iterator[_Draft]:
    """Every item to write: what was sent, and its shadow where one works beside it."""
    grounds: dict[str, _Ground] = {}
    for one in sent:
        shadow = stands.find_shadow(one.input)
        placements = {one.key: stands.place(one.key, one.input)}
        if shadow is not None:
            placements[f"shadow:{shadow.release.id}:{_short(one.key)}"] = shadow
        for key, placed in placements.items():
            if placed.release.id not in grounds:
                grounds[placed.release.id] = _ground(group, placed.release)
            yield _Draft(key, one, placed, grounds[placed.release.id])


def _write(change: Change, group: _Batch, draft: _Draft) -> Item:
    terms = draft.ground.terms
    kept = snapshots.keep_in(change, kind="input", value=draft.sent.input, terms=terms)
    return admit_item(change, _item(group, draft, kept))


def _item(group: _Batch, draft: _Draft, kept: str) -> Item:
    key, sent, placed, ground = draft
    release, now = placed.release, group.deps.store.clock.now()
    is_people = placed.arm == "incumbent"
    return Item(
        id=f"item-{_short(f'{group.workflow}/{key}')}",
        workflow=group.workflow,
        key=key,
        batch=group.name,
        release=release.id,
        arm=placed.arm,
        stage=release.stage,
        version=placed.version,
        policy=ground.policy,
        input=kept,
        snapshot="",
        output="",
        status="handed_over" if is_people else "queued",
        route="",
        rule="",
        reason=placed.why[:500],
        owner=ground.owners.support if is_people else ground.owners.workflow_behaviour,
        audited=_is_audited(placed, key, ground.values.audit_share),
        priority=ground.values.priority if sent.priority is None else sent.priority,
        received_at=now,
        due_at=now + timedelta(hours=ground.values.review_due_hours),
        finished_at=now if is_people else None,
    )


def _is_audited(placed: Placement, key: str, share: float) -> bool:
    """In the shadow every item goes to a person, who works on it as before."""
    if placed.arm == "canary":
        return is_audited(placed.release.salt, key, share)
    return placed.arm == "shadow"


def _ground(group: _Batch, release: Release) -> _Ground:
    store, customer = group.deps.store, group.customer
    newest = store.releases.find_open(customer, group.workflow)
    leading = store.policies.find_leading(customer, group.workflow)
    # What leads, leads for the newest release; an older one keeps what it was released with.
    policy = leading if leading and newest and newest.id == release.id else release.policy
    return _Ground(
        policy,
        store.get(customer, PolicyValues, policy),
        store.get(customer, PlanRecord, release.plan).plan.owners,
        group.deps.terms(store.get(customer, Version, release.version)),
    )


def _leading(group: _Batch) -> PolicyValues | None:
    """The values that lead for the workflow; None while nothing serves it."""
    store, customer = group.deps.store, group.customer
    serves = store.releases.find_open(customer, group.workflow)
    if serves is None:
        return None
    leading = store.policies.find_leading(customer, group.workflow) or serves.policy
    return store.get(customer, PolicyValues, leading)


def _check_priorities(values: PolicyValues | None, sent: Sequence[Sent]) -> None:
    for one in sent:
        says = find_wrong_priority(one, values) if values is not None else ""
        if says:
            raise InvalidInput(f"item with key {one.key!r}: {says}")


def _require_room(group: _Batch, values: PolicyValues | None, count: int) -> None:
    """Busy where more would wait than may; who sends at the same moment may go a little beyond."""
    if not count or values is None:
        return
    waiting = group.deps.store.items.waiting(group.customer, group.workflow)
    if waiting + count > values.queue_most:
        says = (
            f"{waiting} items of {group.workflow} wait, and {values.queue_most} may (queue_most of "
            "its policy)"
        )
        raise Busy(f"{says}: send them again in {AFTER_S} s, or fewer at once", after_s=AFTER_S)


def _check_all(sent: Sequence[Sent], batch: str) -> None:
    if len(batch) > MAX_BATCH or not (batch.isprintable() and batch == batch.strip()):
        raise InvalidInput(
            f"batch {batch[:40]!r}: give it a name of at most {MAX_BATCH} printable characters"
        )
    inputs: dict[str, dict[str, Any]] = {}
    for one in sent:
        says = find_wrong_key(one.key) or find_wrong(one.input)
        if says:
            kind = TooLarge if says == TOO_LARGE else InvalidInput
            raise kind(f"item with key {str(one.key)[:80]!r}: {says}")
        if inputs.setdefault(one.key, one.input) != one.input:
            raise Conflict(
                f"key {one.key!r} is sent twice with different inputs; give each its own"
            )


def _check_same(group: _Batch, present: Mapping[str, Item], sent: Sequence[Sent]) -> None:
    """Conflict unless the items there are have these inputs, masked as they were masked then."""
    store, customer, terms = group.deps.store, group.customer, dict[str, Terms]()
    for one in sent:
        item = present.get(one.key)
        if item is None:
            continue
        if item.release not in terms:
            version = store.releases.get(customer, item.release).version
            terms[item.release] = group.deps.terms(store.get(customer, Version, version))
        if digest_of(terms[item.release].mask(one.input).value) != item.input:
            raise Conflict(
                f"key {one.key!r} of workflow {group.workflow} was used for another input "
                f"(item {item.id}); send the changed item under its own key"
            )


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:20]
