"""whether an installation is well: one finding for each thing that was looked at."""

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

from agent.cadence import calendar
from agent.loop import RETRY, code_digest
from agent.shape import shape_of
from agent.upgrade import Now, find_pin, meet, owner_of
from memory_store.embedding import hash_ngram
from memory_store.memory.folder import Folder
from pilotage import trust, watchdog
from pilotage.credentials import remedy
from pilotage.due import LEFT_OPEN
from pilotage.lookout import watched as standing
from pilotage.taking_up import meeting_another_loop
from pilotage.trust import Finding
from pilotage.wiring import Wired
from policies.asking import why_undeclared
from rollout.assignment import SERVING
from runs import people
from runs.approvals import get
from runs.errors import PilotageError
from runs.plan import PlanRecord
from runs.records.person import Customer
from runs.records.run import Run
from runs.records.version import Version
from runs.store import schema
from runs.store.items import UNFINISHED

OURS = (
    "pilotage",
    "console",
    "agent",
    "rollout",
    "workflow",
    "memory_store",
    "tools",
    "prompts",
    "policies",
    "runs",
)
"""The top-level names of this program; any other distribution with one of them overwrites it."""


BECOMES = {
    "continues": "continues",
    "asked_again": "is asked again",
    "closed": "is closed as a blocker",
}
"""What is said of a run that meets another loop or other rules."""


def look_over(wired: Wired) -> list[Finding]:
    """Everything, in order; reads only."""
    looks: list[Callable[[], Iterator[Finding]]] = [
        names,
        lambda: database(wired),
        lambda: trust.chain(wired),
        lambda: trust.anchored(wired),
        lambda: work(wired),
        lambda: models(wired),
        lambda: trust.held(wired),
        lambda: trust.refused(wired, people.WHOLE),
    ]
    found = [finding for look in looks for finding in look()]
    for customer in wired.store.customers():
        found += list(_of_customer(wired, customer))
    return found


def names(ours: Sequence[str] = OURS) -> Iterator[Finding]:
    """Nobody else owns one of our names, and each is imported from where we are installed."""
    owners = packages_distributions()
    here = _place("pilotage")
    strangers = {name: sorted(set(owners.get(name, [])) - {"pilotage"}) for name in ours}
    elsewhere = {name: _place(name) for name in ours if _place(name) != here}
    for name, others in strangers.items():
        if others:
            says = f"{', '.join(others)} owns {name} too; install Pilotage in its own environment"
            yield Finding("names", "wrong", says)
    for name, place in elsewhere.items():
        says = f"{name} is imported from {place}, Pilotage stands at {here}; install it anew"
        yield Finding("names", "wrong", says)
    if not elsewhere and not any(strangers.values()):
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        yield Finding("names", "ok", f"all {len(ours)} are ours, on Python {python}")


def database(wired: Wired) -> Iterator[Finding]:
    """The schema is the one this program works with."""
    record = wired.store.database
    yield Finding("database", "ok", f"{schema.server(record)} at {record.name}")
    state = schema.state(record)
    yield Finding("schema", "ok" if state.is_current else "wrong", f"revision {state.found}")


def work(wired: Wired) -> Iterator[Finding]:
    """Somebody works, or nothing waits for it."""
    present, waiting = wired.who_works(), wired.store.jobs.unfinished()
    if present:
        yield Finding("worker", "ok", f"{present} works; {waiting} jobs are not done yet")
    elif waiting:
        yield Finding("worker", "wrong", f"jobs that wait: {waiting}; start `pilotage worker`")
    else:
        yield Finding("worker", "ok", "none is running, and no job waits")


def models(wired: Wired) -> Iterator[Finding]:
    """Each model that is declared can be asked and has a price; nothing is sent to find out."""
    try:
        routes = wired.models.routes()
    except PilotageError as error:
        yield Finding("models", "wrong", str(error))
        return
    for one in routes:
        if one.credential and wired.secrets.find(one.credential) is None:
            says = f"{one.name}: {one.credential} leads to nothing; {remedy(one.credential)}"
            yield Finding("models", "wrong", says)
        elif one.price is None:
            says = f"{one.name}: no price is declared, so only calls and tokens are limited"
            yield Finding("models", "note", f"{says}; name it in models.yaml")
        else:
            yield Finding("models", "ok", f"{one.name}: declared; `pilotage model check` asks it")
    if not routes:
        yield Finding("models", "ok", "none is declared; the work goes its deterministic way")


def asked(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """Every model that a version in use asks is declared; what is wrong in the file was told."""
    try:
        declared = wired.models.names()
    except PilotageError:
        return
    for release in standing(wired.store.releases.list(customer)):
        if release.status not in SERVING:
            continue
        plan = wired.store.get(customer, PlanRecord, release.plan).plan
        for one in wired.store.get(customer, Version, release.version).models:
            if says := why_undeclared(one.endpoint, declared):
                told = f"{customer.id}: {release.workflow}: the endpoint of model {one.name} {says}"
                who = f"{plan.owners.builder} answers for it; until then its baseline answers"
                yield Finding("models", "wrong", f"{told}; {who}")


def left_open(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """Requests to models that nobody settled: whoever sent them died, and they stay spent."""
    before = wired.clock.now() - LEFT_OPEN
    found = wired.store.calls.every(customer, status="reserved")
    old = [one for one in found if one.asked_at < before]
    if old:
        says = f"{customer.id}: {len(old)} requests have no end and stay spent as reserved"
        yield Finding("models", "note", f"{says}; `pilotage model calls` shows them")


def _of_customer(wired: Wired, customer: Customer) -> Iterator[Finding]:
    yield from given_up(wired, customer)
    yield from unsettled(wired, customer)
    yield from asked(wired, customer)
    yield from left_open(wired, customer)
    yield from overdue(wired, customer)
    yield from missed(wired, customer)
    yield from watched(wired, customer)
    yield from paused(wired, customer)
    yield from files(wired, customer)
    yield from index(wired, customer)
    yield from trust.refused(wired, customer)


def given_up(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """No job gave up on something that is still open."""
    stuck = 0
    for job in wired.store.jobs.failed():
        kind, subject = job["id"].split(":")[:2]
        if job["customer"] == customer.id and _is_open(wired, customer, kind, subject):
            stuck += 1
            remedy = f"; `pilotage run retry {subject}`" if kind == "advance_run" else ""
            says = f"{kind} {subject} gave up: {job['error'][:200]}{remedy}"
            yield Finding("jobs", "wrong", says)
    if not stuck:
        yield Finding("jobs", "ok", f"{customer.id}: none gave up on what is still open")


def unsettled(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """Every action that was begun has its end."""
    before = wired.store.clock.now() - LEFT_OPEN
    left = [a for a in wired.store.actions.unsettled(customer) if a.reserved_at < before]
    for action in left:
        yield Finding("actions", "wrong", trust.told_of(wired, customer, action))
    if not left:
        yield Finding("actions", "ok", f"{customer.id}: every action has its end")


def overdue(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """No item waits for a person past its due time."""
    late = wired.store.reviews.overdue(customer, wired.store.clock.now())
    if not late:
        yield Finding("reviews", "ok", f"{customer.id}: none waits past its due time")
        return
    owners = ", ".join(f"{owner} {count}" for owner, count in late.items())
    says = f"{sum(late.values())} wait past their due time ({owners})"
    yield Finding("reviews", "wrong", f"{customer.id}: {says}; `pilotage item list --overdue`")


def watched(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """The work goes on: the same that owners are told of."""
    found = watchdog.breaches(wired, customer)
    for one in found:
        says = f"{one.says}; {one.owner or 'nobody'} answers for it; {one.remedy}"
        yield Finding("watchdog", "wrong", f"{customer.id}: {says}")
    if not found:
        yield Finding("watchdog", "ok", f"{customer.id}: the work goes on")


def missed(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """Every workflow in use is looked at again when its time comes."""
    now, found = wired.store.clock.now(), calendar(wired.store, customer)
    late = [one for one in found if one.is_missed(now)]
    for one in late:
        when = f"{one.next_check:%Y-%m-%d %H:%M} UTC"
        says = f"scheduled review missed: {one.workflow} was due {when}"
        remedy = f"{one.owner} answers for it; `pilotage ops review --due`"
        yield Finding("ops", "wrong", f"{customer.id}: {says}; {remedy}")
    if not late:
        yield Finding("ops", "ok", f"{customer.id}: no scheduled review of {len(found)} was missed")


def paused(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """Every run that is under way finds its place in the loop of this program."""
    under_way = wired.store.runs.under_way(customer)
    moved = meeting_another_loop(wired, customer)
    if not moved:
        says = f"{customer.id}: {len(under_way)} under way, all with the loop as it is"
        yield Finding("runs", "ok", says)
        return
    now = _loop_of(wired)
    for run in moved:
        yield _meeting(wired, customer, run, now)


def files(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """What people edit can be read, and may lead."""
    looks: dict[str, Callable[[], object]] = {"tools": lambda: wired.tools(customer)}
    for workflow in wired.policy_files.workflows(customer):
        looks[f"policy {workflow}"] = lambda name=workflow: wired.policy_files.check(customer, name)
    for name, look in looks.items():
        says = _complaint(look)
        state = "wrong" if says else "ok"
        yield Finding(name.split()[0], state, says or f"{customer.id}: {name} can be used")
    yield from held(wired, customer)


def held(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """What each policy file says leads, or waits for people; one that cannot be used was told."""
    for workflow in wired.policy_files.known(customer):
        standing = wired.policy_files.standing(customer, workflow)
        if standing.leads is not None and (standing.differs or standing.is_gone):
            state = "note" if standing.waits else "wrong"
            yield Finding("policy", state, f"{customer.id}: {workflow}: {standing.why}")


def index(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """Which way lessons are found, and whether the search index can be trusted."""
    embedder = hash_ngram()
    vectors = wired.store.lessons.vectors(customer, embedder.name)
    indexed = sum(vector.indexed for vector in vectors)
    folder = Folder(wired.home.index / f"pilotage-{embedder.name}-{embedder.dimension}")
    state = folder.state()
    if state == "changed":
        says = "its files changed while nobody had it open; the next worker makes it again"
        yield Finding("memory", "wrong", f"index: {says}")
        return
    is_left = state == "left_open" and not wired.who_works()
    tier = "index" if wired.who_works() and indexed == len(vectors) and vectors else "SQL"
    says = f"{customer.id}: lessons are found by {tier}; {indexed} of {len(vectors)} are indexed"
    more = "; the index was left open and is probed by the next worker" if is_left else ""
    yield Finding("memory", "note" if is_left else "ok", says + more)


def _loop_of(wired: Wired) -> Now:
    """The loop and the rules of this program; langgraph is loaded only where a run meets them."""
    from agent.seat import whole

    return Now(code_digest(), wired.installation.digest, shape_of(whole()))


def _meeting(wired: Wired, customer: Customer, run: Run, now: Now) -> Finding:
    """What becomes of a run when the worker takes it up in this loop."""
    node = _stands_at(wired, customer, run)
    if not node:
        says = f"{run.id} continues: it is at work, and every step reads the record again"
        return Finding("runs", "note", f"{customer.id}: {says}")
    met = meet(find_pin(wired.store, customer, run.id), now, node)
    says = f"{run.id} {BECOMES[met.outcome]}: {met.why}"
    if met.outcome == "closed":
        says += f"; {owner_of(wired.store, customer, run)} answers for it"
    return Finding("runs", "wrong" if met.outcome == "closed" else "note", f"{customer.id}: {says}")


def _stands_at(wired: Wired, customer: Customer, run: Run) -> str:
    """The node a waiting run goes on with; empty while it is at work."""
    if run.waits_for.startswith("signals:"):
        return "monitor"
    if run.waits_for.startswith(RETRY):
        return "wait_again"
    return f"ask_{get(wired.store, customer, run.waits_for).kind}" if run.waits_for else ""


def _is_open(wired: Wired, customer: Customer, kind: str, subject: str) -> bool:
    if kind == "advance_run":
        run = wired.store.runs.get(customer, subject)
        busy = {job.subject for job in [*wired.store.jobs.waiting(), *wired.store.jobs.enqueued()]}
        return run.status == "open" and run.id not in busy
    if kind == "process_item":
        return wired.store.items.get(customer, subject).status in UNFINISHED
    return False


def _complaint(look: Callable[[], object]) -> str:
    try:
        look()
    except PilotageError as error:
        return str(error)
    return ""


def _place(name: str) -> Path | None:
    spec = find_spec(name)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent.parent
