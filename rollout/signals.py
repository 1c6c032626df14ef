"""live measurements over a window, with their intervals.

Two windows. The *sample* of a stage is fixed before any output exists: the first `stage.sample`
items chosen by hash since the evidence of the stage began, under exactly this version and policy.
It becomes evidence once, when every one of them has a person's answer or is overdue; until then
nothing of it is told but how many are there. The *signals* are read off the newest items; no gate
reads them. They count once they are kept (`rollout/watch.py`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from policies.intervals import lower, upper
from rollout import counting, drift, ladder, spread
from rollout.counting import Reading, Window, by_item
from rollout.drift import Moved
from runs import snapshots
from runs.plan import COUNTED, Plan, PlanRecord
from runs.records.evidence import Evidence, Outcome, OutcomeTable
from runs.records.item import Item, Output, Review
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import Measure, Release, Signal
from runs.records.version import PolicyValues, Version
from runs.store.filtered import ItemFilter
from runs.store.store import Store

CONFIDENCE = 0.99
"""Each end of a signal's interval holds with it: signals are read again and again."""
SLOWEST = Decimal("0.95")
"""The latency that is told is the one this share of the items stays under."""


class Repeated(NamedTuple):
    """The same failure, seen more than once."""

    outcome: Outcome
    rule: str
    said: str
    right: str
    times: int


class Counted(NamedTuple):
    """How much of a stage's sample is there."""

    settled: int
    """Items of the sample that have a person's answer or are overdue."""
    sample: int

    @property
    def says(self) -> str:
        """How far the sample is, in one sentence."""
        return f"{self.settled} of {self.sample} sampled items are answered or overdue"


class StageEvidence(NamedTuple):
    """What is known of a stage."""

    evidence: Evidence | None
    """None until the whole sample is answered or overdue."""
    signals: tuple[Signal, ...]
    repeated: tuple[Repeated, ...]
    """Most frequent first."""
    settled: int
    """Items of the sample that have a person's answer or are overdue."""
    sample: int

    @property
    def says(self) -> str:
        """How far the sample is, in one sentence."""
        return Counted(self.settled, self.sample).says


class _View(NamedTuple):
    """Whose release is looked at, and when."""

    store: Store
    customer: Customer
    release: Release
    now: datetime


class _Look(NamedTuple):
    """One item chosen for a person, and what the person made of it."""

    item: Item
    outcome: Outcome | Literal["pending", "unlabelled"]
    said: str = ""
    right: str = ""


def measure(
    store: Store,
    customer: Customer,
    *,
    release: Release,
    now: datetime,
    is_early: bool = False,
) -> StageEvidence:
    """What the live items of the release's present stage show; reads only.

    `now` is UTC. Items of another version, policy or stage, and those admitted before the evidence
    of the stage began, do not count. With `is_early` drift is not compared while the sample is not
    whole: it takes nothing back, and every case of the dry run has to be read for it.
    """
    view = _View(store, customer, release, now)
    stage = ladder.find_stage(release)
    size = stage.sample if stage else 0
    recent = store.items.list(customer, _window(release), limit=COUNTED)
    selected = store.items.in_order(customer, _window(release, audited=True), limit=size)
    looks = _look(view, [*selected, *recent])
    settled = [looks[i.id] for i in selected if looks[i.id].outcome != "pending"]
    is_whole = 0 < size == len(settled)
    told = _read(view, looks, recent, with_drift=is_whole or not is_early)
    return StageEvidence(
        evidence=_evidence(view, settled) if is_whole else None,
        signals=told,
        repeated=_repeated(looks.values()),
        settled=len(settled),
        sample=size,
    )


def count(store: Store, customer: Customer, *, release: Release, now: datetime) -> Counted:
    """How far the sample of the present stage is, without measuring anything else."""
    stage = ladder.find_stage(release)
    size = stage.sample if stage else 0
    selected = store.items.in_order(customer, _window(release, audited=True), limit=size)
    looks = _look(_View(store, customer, release, now), selected)
    return Counted(sum(look.outcome != "pending" for look in looks.values()), size)


def about(release: Release, kind: str, *, notes: dict[str, str], now: datetime) -> dict[str, Any]:
    """What every piece of live evidence says of itself; without what it counts."""
    name = digest_of([release.id, release.stage, release.policy, now.isoformat(), notes])
    return {
        "id": f"{kind}-{name.partition(':')[2][:16]}",
        "run": release.run,
        "version": release.version,
        "policy": release.policy,
        "subject": ladder.subject(release),
        "split": "live",
        "notes": notes,
        "measured_at": now,
    }


def _window(release: Release, *, audited: bool | None = None) -> ItemFilter:
    stage = ladder.find_stage(release)
    return ItemFilter(
        workflow=release.workflow,
        release=release.id,
        stage=release.stage,
        arm="canary" if stage is None or ladder.allows(stage).acts else "shadow",
        version=release.version,
        policy=release.policy,
        audited=audited,
        since=release.entered_at,
    )


def _evidence(view: _View, sample: Sequence[_Look]) -> Evidence:
    policy = view.store.get(view.customer, PolicyValues, view.release.policy)
    hours = policy.evidence_hours.get("stage")
    counts = Counter(look.outcome for look in sample)
    unlabelled = counts.pop("unlabelled", 0)
    notes = {"items": digest_of([look.item.id for look in sample])}
    if view.release.without:
        notes["without"] = ", ".join(map(str, view.release.without))
    shared = about(view.release, "stage", notes=notes, now=view.now)
    shared |= {"items": OutcomeTable(**counts), "unlabelled": unlabelled}
    until = None if hours is None else view.now + timedelta(hours=hours)
    return Evidence(**shared, kind="stage", expires_at=until)


def _look(view: _View, items: Iterable[Item]) -> dict[str, _Look]:
    chosen = {item.id: item for item in items if item.audited}
    reviews: dict[str, list[Review]] = defaultdict(list)
    for review in view.store.reviews.of_items(view.customer, list(chosen)):
        reviews[review.item].append(review)
    outputs = (item.output for item in chosen.values())
    kept = snapshots.read_many(view.store, view.customer, outputs)
    return {
        id: _judge(view, item, reviews=reviews[id], output=kept.get(item.output))
        for id, item in chosen.items()
    }


def _judge(
    view: _View, item: Item, *, reviews: Sequence[Review], output: dict[str, Any] | None
) -> _Look:
    """Unanswered, answered without saying which routes were right, or erased: never right."""
    answered = [review for review in reviews if review.status == "decided" and review.routes]
    if not answered:
        return _Look(item, _unanswered(view, item, reviews))
    answer = max(answered, key=lambda review: (review.decided_at or view.now, review.id))
    if item.route != "act":
        # What broke the contract was refused before it had a route.
        is_right = (item.route or "refuse") in answer.routes
        return _Look(item, "right_review" if is_right else "needless_review", "", answer.label)
    if output is None:
        return _Look(item, "unlabelled")
    said = output["label"]
    is_right = "act" in answer.routes and said == answer.label and not answer.wrong
    right = answer.label + (f", but {', '.join(answer.wrong)}" if answer.wrong else "")
    return _Look(item, "right_auto" if is_right else "wrong_auto", said, right)


def _unanswered(
    view: _View, item: Item, reviews: Sequence[Review]
) -> Literal["pending", "unlabelled", "error"]:
    due = max((one.due_at for one in reviews if one.status == "open"), default=item.due_at)
    if due is None or view.now < due:
        return "pending"
    return "error" if item.status == "queued" else "unlabelled"


def _repeated(looks: Iterable[_Look]) -> tuple[Repeated, ...]:
    failed: Counter[tuple[Outcome, str, str, str]] = Counter()
    for look in looks:
        if look.outcome == "wrong_auto" or look.outcome == "needless_review":
            failed[look.outcome, look.item.rule, look.said, look.right] += 1
    found = [Repeated(*key, times) for key, times in failed.items() if times > 1]
    return tuple(sorted(found, key=lambda one: (-one.times, one[:4])))


def _read(
    view: _View, looks: Mapping[str, _Look], recent: Sequence[Item], *, with_drift: bool
) -> tuple[Signal, ...]:
    release, plan = view.release, _plan(view)
    repeated, window = _repeated(looks.values()), _gather(view, recent)
    read = _said_by_people(looks.values(), repeated) | _said_by_record(view, window)
    if with_drift:
        read["drift"] = counting.drift(_moved(view, window))
    return tuple(
        Signal(
            release=release.id,
            stage=release.stage,
            name=name,
            value=one.value or f"{one.events / max(one.total, 1):.4f}",
            low=lower(one.events, one.total, CONFIDENCE) if one.is_rate else None,
            high=upper(one.events, one.total, CONFIDENCE) if one.is_rate else None,
            events=one.events,
            total=one.total,
            owner=owner_of(plan, name),
            since=release.entered_at or release.opened_at,
            until=view.now,
            figures=dict(one.figures),
        )
        for name, one in read.items()
    )


def owner_of(plan: Plan, name: str) -> str:
    """Who answers for a signal: whom the plan names for it, else for what it is about."""
    named = {one.name: one.owner for one in plan.signals}
    asked = {"review_pass": plan.owners.evaluation, "cost": plan.owners.business_outcome}
    return named.get(name) or asked.get(name) or plan.owners.workflow_behaviour


def _plan(view: _View) -> Plan:
    return view.store.get(view.customer, PlanRecord, view.release.plan).plan


def _said_by_people(looks: Iterable[_Look], repeated: Sequence[Repeated]) -> dict[Measure, Reading]:
    """What people say of what they looked at."""
    counts = Counter(look.outcome for look in looks)
    answered = sum(counts.values()) - counts["pending"] - counts["unlabelled"]
    right = counts["right_auto"]
    return {
        "quality": Reading(right, right + counts["wrong_auto"]),
        "coverage": Reading(right + counts["right_review"], answered),
        "repeated_failure": Reading(repeated[0].times if repeated else 0, answered),
    }


def _said_by_record(view: _View, window: Window) -> dict[Measure, Reading]:
    """What the record itself says of the newest items."""
    week = ItemFilter(
        release=view.release.id,
        arm=_window(view.release).arm,
        since=view.now - timedelta(days=7),
    )
    items = sum(view.store.items.count(view.customer, week).values())
    return {
        "review_pass": counting.review_pass(window),
        "trace": counting.trace(window),
        "context": counting.context(window),
        "latency": counting.latency(window, SLOWEST),
        "cost": counting.cost(window, items),
        "fallback": counting.fallback(window),
        "escalation": counting.escalation(window),
    }


def _gather(view: _View, recent: Sequence[Item]) -> Window:
    """The items with everything that is kept of them, read together."""
    store, customer = view.store, view.customer
    ids = [item.id for item in recent]
    # A stage may last: what was done for items before these is not read.
    since = recent[-1].received_at if recent else view.now
    actions = store.items.actions(customer, replace(_window(view.release), since=since))
    named = [digest for item in recent for digest in (item.input, item.snapshot, item.output)]
    named += [action.receipt for action in actions]
    return Window(
        plan=_plan(view),
        version=store.get(customer, Version, view.release.version),
        items=recent,
        reviews=by_item(store.reviews.of_items(customer, ids)),
        actions=by_item(actions),
        kept=snapshots.read_many(store, customer, named),
    )


def _moved(view: _View, window: Window) -> Moved | None:
    """How far live items moved from the dry run; None where nothing can be compared."""
    measured = spread.find_screened(view.store, view.customer, view.release)
    inputs = [window.kept[one.input] for one in window.items if window.kept.get(one.input)]
    if measured is None or len(inputs) < drift.LEAST:
        return None
    answers = (window.kept.get(one.output) for one in window.items)
    outputs = [Output.model_validate(one) for one in answers if one]
    before = spread.of_dry_run(view.store, view.customer, window.version, measured)
    return drift.compare_all(before, spread.of_live(window.version, inputs, outputs))
