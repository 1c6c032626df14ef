"""what was read of a release's signals, and how they stand to the limits of its plan.

A signal counts once it is kept: the worker reads by the clock, a run reads before it judges, and
what judges reads only what was kept before. A reading is of one stretch of a stage: what was read
before its evidence began again is of another.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

from rollout import signals
from runs.people import find_people
from runs.plan import Limit, Plan, PlanRecord, RollbackRule, SignalPlan
from runs.records.evidence import Evidence
from runs.records.person import Customer
from runs.records.release import Measure, Release, Signal
from runs.store.store import Store
from runs.store.store import keep as keep_record

NEWEST = 100
"""The last reading is among so many kept signals; one reading keeps eleven."""


ENOUGH = 30
"""Fewer items say nothing of what an item costs in the mean."""


class Ceiling(NamedTuple):
    """The most that one figure of a signal may come to."""

    figure: str
    most: Decimal
    asked_by: str
    """Path in the plan."""
    min_items: int = 1
    """Fewer items exceed nothing."""


class Standing(NamedTuple):
    """One signal as it was last read, and what was agreed about it."""

    name: Measure
    owner: str
    limit: Limit | None
    """None for what is measured and has no limit of its own."""
    bars: tuple[RollbackRule, ...]
    last: Signal | None
    ceilings: tuple[Ceiling, ...] = ()

    @property
    def is_planned(self) -> bool:
        """Whether the plan asks anything of it; nothing rests on it otherwise."""
        return self.limit is not None or bool(self.ceilings)

    @property
    def is_unread(self) -> bool:
        """Whether it is planned and has shown nothing: a count of no items says nothing."""
        return self.is_planned and (self.last is None or not self.last.total)

    @property
    def is_breached(self) -> bool:
        """Whether it breaks its limit on enough items, exceeds a ceiling, or crossed a bar."""
        is_off = self._is_off_limit() or bool(self.find_exceeded())
        return is_off or self.find_crossed() is not None

    def find_exceeded(self) -> tuple[Ceiling, ...]:
        """The ceilings that a figure of the last reading lies above."""
        last = self.last
        if last is None or not last.total:
            return ()
        return tuple(
            one
            for one in self.ceilings
            if last.total >= one.min_items
            and one.figure in last.figures
            and Decimal(last.figures[one.figure]) > one.most
        )

    def _is_off_limit(self) -> bool:
        last, limit = self.last, self.limit
        if last is None or limit is None or not last.total:
            return False
        asked = limit.value * last.total
        is_off = last.events < asked if limit.direction == "at_least" else last.events > asked
        return is_off and last.total >= limit.min_items

    def find_crossed(self) -> RollbackRule | None:
        """The rollback bar that the whole interval lies beyond, on enough items; or None."""
        last = self.last
        if last is None or last.low is None or last.high is None:
            return None
        for bar in self.bars:
            value = float(bar.value)
            is_beyond = last.high < value if bar.direction == "below" else last.low > value
            if is_beyond and last.total >= bar.min_items:
                return bar
        return None

    @property
    def state(self) -> Literal["unplanned", "unread", "crossed", "breached", "kept"]:
        """How it stands in one word; `crossed`: beyond a rollback bar."""
        if not self.is_planned:
            return "unplanned"
        if self.is_unread:
            return "unread"
        if self.find_crossed() is not None:
            return "crossed"
        return "breached" if self.is_breached else "kept"

    @property
    def says(self) -> str:
        """Signal, value, limit and owner in one sentence's part."""
        asked = f", {_told(self.limit)} is asked" if self.limit else ""
        over = "".join(f", {self._says_exceeded(one)}" for one in self.find_exceeded())
        return f"{self.name} {self.seen}{asked}{over}, owner {self.owner}"

    @property
    def says_crossed(self) -> str:
        """Signal, value, interval, rollback bar and owner; empty while none is crossed."""
        bar, last = self.find_crossed(), self.last
        if bar is None or last is None:
            return ""
        where = f"between {last.low:.4f} and {last.high:.4f}, all {bar.direction} {bar.value}"
        return f"{self.name} {self.seen}, {where}, owner {self.owner}"

    def _says_exceeded(self, over: Ceiling) -> str:
        figures = {} if self.last is None else self.last.figures
        what, unit = over.figure.replace("_", " "), figures.get("currency", "")
        return f"{what} {figures[over.figure]} {unit} where {over.asked_by} is {over.most}"

    @property
    def seen(self) -> str:
        """What was last read, in a sentence's part."""
        if self.last is None or not self.last.total:
            return "has shown nothing yet"
        share = Decimal(self.last.events) / self.last.total
        return f"{share:.4f} ({self.last.events} of {self.last.total} items)"


def standings(plan: Plan, last: Mapping[Measure, Signal]) -> tuple[Standing, ...]:
    """The planned signals in their order, what every plan asks for, then what else was read; pure.

    Every plan asks for its review pass rate and for its ceilings of cost.
    """
    rules = plan.rollout.rollback_when
    limits: dict[Measure, Limit] = {one.name: one.limit for one in plan.signals}
    limits["review_pass"] = Limit(direction="at_least", value=plan.acceptance.review_pass_min)
    ceilings: dict[Measure, tuple[Ceiling, ...]] = {"cost": _ceilings(plan)}
    others = sorted(last, key=str)
    names: dict[Measure, None] = dict.fromkeys([*limits, *ceilings, *others])
    return tuple(
        Standing(
            name,
            signals.owner_of(plan, name),
            limits.get(name),
            tuple(rule for rule in rules if rule.signal == name),
            last.get(name),
            ceilings.get(name, ()),
        )
        for name in names
    )


def _ceilings(plan: Plan) -> tuple[Ceiling, ...]:
    item, week = plan.acceptance.cost_per_item, plan.economics.cost_ceiling_per_week
    return (
        Ceiling("per_item", item, "acceptance.cost_per_item", ENOUGH),
        Ceiling("per_week", week, "economics.cost_ceiling_per_week"),
    )


def standings_of(
    store: Store, customer: Customer, *, release: Release, now: datetime
) -> tuple[Standing, ...]:
    """The signals of the release's present stage as they were last kept."""
    return standings(_plan(store, customer, release), last_read(store, customer, release, now=now))


def last_read(
    store: Store, customer: Customer, release: Release, *, now: datetime
) -> dict[Measure, Signal]:
    """The newest kept reading of each signal of the present stage; none from the future."""
    kept = store.list(customer, Signal, limit=NEWEST, run=release.run)
    return {one.name: one for one in _in_order(kept, release, now)}


def is_due(plan: Plan, last: Mapping[Measure, Signal], now: datetime) -> bool:
    """Whether a planned signal was not read for as long as its plan says, or never."""
    return any(
        one.name not in last or now - last[one.name].until >= timedelta(minutes=one.every_minutes)
        for one in plan.signals
    )


def read_if_due(store: Store, customer: Customer, *, release: Release, now: datetime) -> bool:
    """Read the signals of the present stage and keep them, if that is due; again does nothing."""
    last = last_read(store, customer, release, now=now)
    if not is_due(_plan(store, customer, release), last, now):
        return False
    seen = signals.measure(store, customer, release=release, now=now)
    keep(store, customer, "worker", release=release, read=seen.signals)
    return True


def keep(
    store: Store, customer: Customer, actor: str, *, release: Release, read: Sequence[Signal]
) -> None:
    """Keep one reading whole, each signal with the time since when it breaches its limit."""
    plan, now = _plan(store, customer, release), store.clock.now()
    with store.change(customer, actor, release.run) as change:
        # Read inside the change: nobody keeps another reading in between.
        before = last_read(store, customer, release, now=now)
        for one in standings(plan, {signal.name: signal for signal in read}):
            if one.last is not None:
                keep_record(change, _stamped(one.last, one, before.get(one.name)))


def watch(store: Store, customer: Customer, *, release: Release, now: datetime) -> Evidence:
    """Whether the release is watched, from what was kept of its present stage; keeps nothing.

    Notes, each empty when all is well: `unread` signals that showed nothing yet, `late` ones that
    nobody read for longer than their plan allows at any time since the stage began, `unowned` ones
    without an active person, `breached` ones beyond their limit, `crossed` ones beyond a rollback
    bar. Before the first stage nothing is served and nothing can have been read: only owners are
    asked for there.
    """
    plan = _plan(store, customer, release)
    began = _began(release) if release.stage >= 0 else now
    read = _readings(store, customer, release, now)
    told = standings(plan, {name: found[-1] for name, found in read.items()})
    told = told if release.stage >= 0 else ()
    times = {one.name: [began, *(s.until for s in read.get(one.name, ()))] for one in plan.signals}
    oldest = min(found[-1] for found in times.values())
    notes = {
        "unread": " ".join(one.name for one in told if one.is_unread),
        "late": " ".join(one.name for one in plan.signals if _is_late(one, times[one.name], now)),
        "unowned": " ".join(_unowned(store, customer, plan)),
        "breached": "; ".join(one.says for one in told if one.is_breached),
        "crossed": "; ".join(one.says_crossed for one in told if one.find_crossed()),
        "read_at": oldest.isoformat(),
    }
    until = min(times[one.name][-1] + _silence(one) for one in plan.signals)
    heading = signals.about(release, "monitoring", notes=notes, now=now)
    return Evidence(**heading, kind="monitoring", expires_at=until)


def _plan(store: Store, customer: Customer, release: Release) -> Plan:
    return store.get(customer, PlanRecord, release.plan).plan


def _readings(
    store: Store, customer: Customer, release: Release, now: datetime
) -> dict[Measure, list[Signal]]:
    """Every reading of each signal in the present stage, oldest first."""
    found: dict[Measure, list[Signal]] = defaultdict(list)
    kept = store.of_run(customer, Signal, release.run, since=_began(release))
    for one in _in_order(kept, release, now):
        found[one.name].append(one)
    return found


def _in_order(kept: Iterable[Signal], release: Release, now: datetime) -> list[Signal]:
    here = (release.id, release.stage, _began(release))
    mine = [s for s in kept if (s.release, s.stage, s.since) == here and s.until <= now]
    return sorted(mine, key=lambda one: (one.until, one.total))


def _began(release: Release) -> datetime:
    return release.entered_at or release.opened_at


def _is_late(signal: SignalPlan, times: Sequence[datetime], now: datetime) -> bool:
    """Whether nobody read it for too long, from the beginning of the stage until now."""
    return any(after - before > _silence(signal) for before, after in pairwise([*times, now]))


def _silence(signal: SignalPlan) -> timedelta:
    return timedelta(hours=signal.silence_hours)


def _unowned(store: Store, customer: Customer, plan: Plan) -> Iterator[str]:
    people = {one.id for one in find_people(store, customer) if not one.is_disabled}
    asked = {one.name: one.owner for one in standings(plan, {})}
    owners = {"incidents": plan.owners.incidents} | asked
    return (name for name, owner in owners.items() if owner not in people)


def _stamped(signal: Signal, standing: Standing, before: Signal | None) -> Signal:
    if not standing.is_breached:
        return signal
    since = before.breached_since if before else None
    return signal.model_copy(update={"breached_since": since or signal.until})


def _told(limit: Limit) -> str:
    return f"{limit.direction.replace('_', ' ')} {limit.value}"
