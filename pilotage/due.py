"""what falls due without anybody asking: each look may be repeated at any moment."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, get_args

from agent.loop import RETRY, measured
from pilotage.emergencies import announce, take_back
from pilotage.engines import Engines
from pilotage.lookout import watch_releases
from pilotage.wiring import Wired
from policies.approvals import is_over
from runs import approvals, snapshots, standins
from runs.approvals import Rules
from runs.errors import Conflict, InvalidInput, Unavailable
from runs.people import find_people
from runs.queue import ATTEMPTS
from runs.records.approval import Approval
from runs.records.item import Item
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.version import PolicyValues
from runs.store import jobs
from runs.store.jobs import JobKind
from runs.words import untold
from tools.notify import tell_once
from workflow import offers

log = logging.getLogger("pilotage.due")

S = TypeVar("S")

TRIES = 5
"""So often an item's work is taken up again while a system outside does not answer."""
KINDS: Mapping[str, JobKind] = {kind: kind for kind in get_args(JobKind)}
LONGEST = 200
"""Characters of a notice's title."""
AT_ONCE = 200
"""So many items past their deadline go to people at one look."""
LEFT_OPEN = timedelta(minutes=2)
"""After this time an action that is still open was left so by a crash."""


def look(wired: Wired, engines: Engines, customer: Customer) -> None:
    """Everything that may have fallen due for one customer, in order."""
    _apart(follow_policies, wired, customer)
    _apart(expire, wired, customer)
    _apart(refresh, wired, customer)
    _apart(take_back, wired, customer)
    _apart(remind, wired, customer)
    _apart(watch_releases, wired, customer)
    _apart(wake_monitors, wired, customer)
    _apart(erase_past, wired, customer)
    _apart(Engines.recheck_actions, engines, customer)
    _apart(try_again, engines, customer)
    _apart(end_late, engines, customer)
    _apart(lambda moving, whose: moving.reconcile_actions(whose, LEFT_OPEN), engines, customer)
    _apart(tell_unknown, wired, customer)


def look_rarely(wired: Wired, customer: Customer) -> None:
    """What need not be looked at so often, as all that people ever answered is read for it."""
    _apart(tell_offered, wired, customer)


def _apart(
    step: Callable[[S, Customer], None], given: S, customer: Customer, *, of: str = ""
) -> None:
    """Let one step fail without the others: what it could not do is due at the next look.

    A bug in one as well: whoever is told of what falls due last must not wait for its repair. `of`:
    what it was about, where several are looked at one by one.
    """
    try:
        step(given, customer)
    except Exception:
        what = f"what falls due of {of}" if of else "a step of what falls due"
        log.exception("%s failed; the next look tries again", what)


def follow_policies(wired: Wired, customer: Customer) -> None:
    """Let every edited policy file lead, or ask whom it needs; a wrong one leads nothing."""
    for workflow in wired.policy_files.workflows(customer):
        try:
            wired.policy_files.find(customer, workflow)
        except InvalidInput as error:
            log.warning("a policy file may not lead: %s", error)


def expire(wired: Wired, customer: Customer) -> None:
    """What nobody answered in time holds, and the next people in line are told."""
    approvals.expire_due(wired.store, customer, wired.decision_rules(customer))
    # Told from the record: whoever died between expiring and telling is made good for here.
    for run in wired.store.runs.under_way(customer):
        for asked in approvals.list_approvals(wired.store, customer, status="expired", run=run.id):
            _tell_expired(wired, customer, asked, run.workflow)
        for asked in approvals.list_approvals(
            wired.store, customer, status="changes_asked", run=run.id
        ):
            _tell_maker(wired, customer, asked)
    for workflow in wired.policy_files.workflows(customer):
        held = wired.policy_files.standing(customer, workflow).approval
        if held is not None and held.status == "expired":
            _tell_expired(wired, customer, held, workflow)


def _tell_expired(wired: Wired, customer: Customer, asked: Approval, workflow: str) -> None:
    policy = wired.policy_files.last_led(customer, workflow)
    told = _named(wired, customer, _escalation(wired, policy))
    _tell(wired, customer, asked, to=told, title=f"nobody answered: {asked.title}")


def _tell_maker(wired: Wired, customer: Customer, asked: Approval) -> None:
    """What has to be changed goes back to the ones who made it."""
    makers = _named(wired, customer, asked.excluded)
    _tell(wired, customer, asked, to=makers, title=f"changes are asked for: {asked.title}")


def refresh(wired: Wired, customer: Customer) -> None:
    """Supersede what is open and rests on evidence that ran out: it is asked anew.

    And what was put to one person alone, once a second is here. Whatever else changes under a
    digest supersedes it where it changes, and is found again when it is decided and done.
    """
    due = approvals.run_out(wired.store, customer)
    if due:
        rules = wired.decision_rules(customer)
        for asked in due:
            # One source that does not answer keeps no other question from being looked at.
            _apart(partial(_refresh_one, asked, rules), wired, customer, of=f"question {asked.id}")
    if not wired.installation.is_solo:
        return
    around = standins.around(wired.store, customer)
    for asked in approvals.pages(wired.store, customer):
        if is_over(asked, around):
            approvals.supersede(wired.store, customer, "worker", asked.id)


def _refresh_one(asked: Approval, rules: Rules, wired: Wired, customer: Customer) -> None:
    if rules.current(asked) != asked.subject:
        approvals.supersede(wired.store, customer, "worker", asked.id)


def remind(wired: Wired, customer: Customer) -> None:
    """Tell the people who must agree, once a question, and whom it was passed on to since."""
    while told := approvals.untold(wired.store, customer):
        found = approvals.find_all(wired.store, customer, list(told))
        for asked in found.values():
            if asked.confirms:
                announce(wired, customer, asked)
            title = f"waits for you: {asked.title}"
            _tell(wired, customer, asked, to=told[asked.id], title=title)
        approvals.mark_told(wired.store, customer, told)


def wake_monitors(wired: Wired, customer: Customer) -> None:
    """Look again at every run whose release has been measured further, or whose time has come.

    Once a measurement, and once a time.
    """
    now = wired.store.clock.now()
    for run in wired.store.runs.under_way(customer):
        what, _, id = run.waits_for.partition(":")
        if run.waits_for.startswith(RETRY) and datetime.fromisoformat(id) <= now:
            wired.store.runs.wake(customer, run.id, run.waits_for)
        if what == "signals":
            release = wired.store.releases.get(customer, id)
            cause = f"signals:{measured(wired.store, customer, release)}"
            wired.store.runs.wake(customer, run.id, cause)


def erase_past(wired: Wired, customer: Customer) -> None:
    """Erase the texts whose retention is over; what is left over comes with the next look."""
    snapshots.erase_past(wired.store, customer)


def tell_unknown(wired: Wired, customer: Customer) -> None:
    """Tell who answers for its item or run of every action nobody can tell of, once."""
    for action in wired.store.actions.every(customer, status="unknown"):
        if action.item:
            owner = wired.store.items.get(customer, action.item).owner
        else:
            owner = wired.store.runs.get(customer, action.run).requester
        of = action.item or action.run
        text = (
            f"{action.operation} of {of} may have been done: nobody can tell.\n"
            f"Look on the other side for the key {action.key}, then say what you found:\n"
            f"  pilotage action settle {action.key} --done (or --not-done) --reason TEXT\n"
        )
        to = _named(wired, customer, [owner, *wired.installation.policy.escalation])[:1]
        if to:
            title = f"an action is unknown: {action.operation} of {of}"
            notices, key = wired.notices(customer), f"{action.id}:unknown"
            tell_once(notices, to=tuple(to), title=title[:LONGEST], text=text, key=key)


def tell_offered(wired: Wired, customer: Customer) -> None:
    """Tell whoever answers for a dataset of every edit that is offered to it, once an edit."""
    for one in offers.offered(wired.store, customer):
        to = _named(wired, customer, [one.owner, *wired.installation.policy.escalation])[:1]
        title = f"a case is offered to dataset {one.dataset}"
        text = (
            f"{one.review.decided_by} set the answer to item {one.item.id} otherwise.\n"
            f"Look: pilotage item show {one.item.id}\n"
            f"Then: pilotage data accept {one.review.id} --reason TEXT (or refuse)\n"
        )
        if to:
            key = f"{one.review.id}:offered"
            tell_once(wired.notices(customer), to=tuple(to), title=title, text=text, key=key)


def try_again(engines: Engines, customer: Customer) -> None:
    """Write anew every job that gave up because a system outside did not answer.

    An item that cannot be worked on, for that reason too often or for another, goes to a person.
    """
    for failed in engines.chosen.store.jobs.failed(1000, customer=customer.id):
        _apart(partial(_again, failed), engines, customer, of=f"job {failed['id']}")


def _again(failed: Mapping[str, Any], engines: Engines, customer: Customer) -> None:
    store = engines.chosen.store
    kind, subject, tries, root = _told(failed["id"])
    is_outage = failed["error"].startswith(Unavailable.__name__)
    is_spent = tries >= TRIES or failed["outages"] + 1 >= ATTEMPTS
    gives_up = kind == "process_item" and (is_spent or not is_outage)
    if not gives_up and not is_outage:
        return
    if gives_up:
        engines.give_up(customer, subject, f"the worker gave up: {failed['error'][:200]}")
    with store.change(customer, "worker") as change:
        jobs.settle(change, failed["id"])
        if not gives_up:
            told = {"cause": f"again:{tries + 1}:{root}", "priority": failed["priority"]}
            jobs.add(change, KINDS[kind], subject, **told)


def end_late(engines: Engines, customer: Customer) -> None:
    """Give every item to a person that is past its deadline and that no worker has in hand.

    What a worker has been given it ends itself, and whatever was begun outside it settles first.
    """
    store = engines.chosen.store
    for workflow in store.policies.workflows(customer):
        for led in {one.policy for one in store.policies.leads(customer, workflow)}:
            minutes = store.get(customer, PolicyValues, led).deadline_minutes
            told = {"policy": led, "until": store.clock.now() - timedelta(minutes=minutes)}
            late = (
                store.pauses.overdue(customer, workflow, **told, limit=AT_ONCE) if minutes else ()
            )
            for item in late:
                _apart(partial(_end_late, item), engines, customer, of=f"item {item.id}")


def _end_late(item: Item, engines: Engines, customer: Customer) -> None:
    try:
        engines.end_late(customer, item)
    except Conflict:
        log.info("a worker has an item in hand that is late; it ends it", extra={"item": item.id})


def _told(job: str) -> tuple[str, str, int, str]:
    """Kind and subject of a job, how often it was taken up again, and a name of its first cause."""
    kind, subject, cause, *rest = job.split(":")
    tries = int(rest[0]) if cause == "again" and rest and rest[0].isdecimal() else 0
    return kind, subject, tries, rest[-1] if tries else digest_of(job)[7:15]


def _escalation(wired: Wired, policy: PolicyValues | None) -> tuple[str, ...]:
    return (policy or wired.installation.policy).escalation


def _named(wired: Wired, customer: Customer, wanted: Iterable[str]) -> list[str]:
    """Person ids for roles and person ids, in order."""
    everybody = [p for p in find_people(wired.store, customer) if not p.is_disabled]
    found = [p.id for one in wanted for p in everybody if one == p.id or one in p.roles]
    return list(dict.fromkeys(found))


def _tell(wired: Wired, customer: Customer, asked: Approval, *, to: list[str], title: str) -> None:
    """Leave a notice for named people, once; it carries no authority and no customer text.

    Whoever a question was passed on to is told as well: the notice is another then.
    """
    what = title.partition(":")[0].replace(" ", "-")
    title = " ".join(untold(title).split())[:LONGEST]
    now = approvals.latest(wired.store, customer, asked.id)
    went_on = (
        "" if now.id == asked.id else f"Asked of others now: pilotage approval show {now.id}\n"
    )
    text = (
        f"{title}\nDue {asked.due_at:%Y-%m-%d %H:%M} UTC. If nobody answers, it holds.\n"
        f"{went_on}Look: pilotage approval show {asked.id}\n"
    )
    notices = wired.notices(customer)
    key = f"{asked.id}:{what}"
    before = notices.find_receipt(key)
    if before is not None and what == "waits-for-you":
        told = set(before["to"].split(", "))
        # A name of people as a digest: a key has a length, and letters of its own.
        key = f"{key}:{digest_of(to)[7:19]}"
        to = [one for one in to if one not in told]
    elif before is not None:
        return
    if to:
        tell_once(notices, to=tuple(to), title=title, text=text, key=key)
