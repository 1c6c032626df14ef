"""whether the work goes on: measured, told to an owner once a breach, and told when it is over.

A look may be repeated at any moment and by any process: what is open stands in the record, and a
notice is left once under the name of its alarm.
"""

from collections.abc import Iterator
from datetime import timedelta

from pilotage.wiring import Wired
from policies.watchdog import Breach, Flow, Seen, judge
from rollout import alerts
from rollout.admission import DRILL
from runs.people import OWNER, find_people
from runs.records.alarm import Alarm, AlarmEnd
from runs.records.person import Customer
from runs.records.release import Release
from runs.store.filtered import ItemFilter
from runs.store.store import keep
from tools.notify import tell

MOST = 500
"""Alarms looked through, the newest first."""
TOLD_AGAIN = 20
"""Of so many that are over it is seen to that they were told."""
GAVE_UP = "gave up"


def look(wired: Wired, customer: Customer) -> None:
    """Keep what began and what is over, then tell what was not told yet."""
    store, now = wired.store, wired.store.clock.now()
    seen, rules = measure(wired, customer), wired.installation.watchdog
    with store.change(customer, "worker") as change:
        before = {(one.kind, one.subject): one for one in open_now(wired, customer)}
        breaches = judge(seen, rules, now, before.keys())
        for one in breaches:
            if (one.kind, one.subject) not in before:
                name = f"{one.kind}:{one.subject}:{now:%Y%m%dT%H%M%S.%f}"
                keep(change, Alarm(id=name, at=now, **one._asdict()))
        still = {(one.kind, one.subject) for one in breaches}
        for key, alarm in before.items():
            if key not in still:
                keep(change, AlarmEnd(id=alarm.id, at=now))
    _tell(wired, customer)


def open_now(wired: Wired, customer: Customer) -> list[Alarm]:
    """The breaches that were told and are not over, newest first."""
    over = {one.id for one in wired.store.list(customer, AlarmEnd, limit=MOST)}
    return [one for one in wired.store.list(customer, Alarm, limit=MOST) if one.id not in over]


def breaches(wired: Wired, customer: Customer) -> list[Breach]:
    """What is not well now, told or not; reads only."""
    told = {(one.kind, one.subject) for one in open_now(wired, customer)}
    now = wired.store.clock.now()
    return judge(measure(wired, customer), wired.installation.watchdog, now, told)


def measure(wired: Wired, customer: Customer) -> Seen:
    """What the work of one customer looks like now."""
    store, jobs = wired.store, wired.store.jobs
    given_up = [
        (one.id, one.owner)
        for one in store.webhooks.every(customer)
        if store.webhooks.find_given_up(customer, one.id) is not None
    ]
    waits = jobs.waits_since(customer)
    return Seen(
        owner=_owner(wired, customer),
        waits_since=waits,
        done_at=None if waits is None else jobs.ended_at(customer),
        is_worked=bool(wired.workers()),
        flows=tuple(_flows(wired, customer)),
        given_up=tuple(given_up),
    )


def _flows(wired: Wired, customer: Customer) -> Iterator[Flow]:
    """Every workflow with a release, by its newest."""
    newest: dict[str, Release] = {}
    for release in wired.store.releases.list(customer):
        if not release.workflow.endswith(DRILL):
            newest.setdefault(release.workflow, release)
    return (_flow(wired, customer, release) for release in newest.values())


def _flow(wired: Wired, customer: Customer, release: Release) -> Flow:
    items, name = wired.store.items, release.workflow
    since = wired.store.clock.now() - timedelta(hours=wired.installation.watchdog.window_hours)
    recent = ItemFilter(workflow=name, since=since)
    counted = items.count(customer, recent)
    first = items.in_order(customer, ItemFilter(workflow=name, status="queued"), limit=1)
    wrong = items.went_wrong(customer, recent)
    return Flow(
        workflow=name,
        owner=alerts.answering(wired.store, customer, release, "") or _owner(wired, customer),
        items=sum(counted.values()),
        quarantined=counted.get("quarantined", 0),
        failures={way or GAVE_UP: count for way, count in wrong.items()},
        oldest_queued=first[0].received_at if first else None,
    )


def _owner(wired: Wired, customer: Customer) -> str:
    """The first who answers for the installation: whom its escalation names, else an owner."""
    people = [one for one in find_people(wired.store, customer) if not one.is_disabled]
    wanted = (*wired.installation.policy.escalation, OWNER)
    found = (one.id for name in wanted for one in people if one.id == name or name in one.roles)
    return next(found, "")


def _tell(wired: Wired, customer: Customer) -> None:
    """Leave what was not left yet; whoever died behind keeping it is made good for here."""
    over = {one.id for one in wired.store.list(customer, AlarmEnd, limit=MOST)}
    for number, alarm in enumerate(wired.store.list(customer, Alarm, limit=MOST)):
        if alarm.id not in over or number < TOLD_AGAIN:
            _leave(wired, customer, alarm, is_over=False)
        if alarm.id in over and number < TOLD_AGAIN:
            _leave(wired, customer, alarm, is_over=True)


def _leave(wired: Wired, customer: Customer, alarm: Alarm, *, is_over: bool) -> None:
    notices, key = wired.notices(customer), f"{alarm.id}:over" if is_over else alarm.id
    if not alarm.owner or notices.find_receipt(key) is not None:
        return
    what = alarm.kind.replace("_", " ")
    title = f"{alarm.subject}: {what} {'is over' if is_over else ''}".rstrip()
    since = f"Since {alarm.at:%Y-%m-%d %H:%M} UTC"
    text = f"{since}: {alarm.says}.\nIt is over.\n" if is_over else f"{since}: {alarm.says}.\n"
    tell(notices, to=(alarm.owner,), title=title, text=f"{text}Look: {alarm.remedy}\n", key=key)
