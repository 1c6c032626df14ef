"""what an ops review looks at: each finding names its record, and what is missing is not well."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from agent import cadence
from agent.deps import Deps
from agent.state import State
from rollout import drift, redesign, spread, watch
from rollout.drift import Moved
from runs import audit, intake, people, snapshots
from runs.plan import Plan, PlanRecord
from runs.records.evidence import Evidence, Verdict
from runs.records.item import Output
from runs.records.person import Customer
from runs.records.release import Release, Signal
from runs.records.run import OpsFinding, OpsReview
from runs.records.version import Version
from runs.store.filtered import ItemFilter
from runs.store.store import Store

COUNTED = 500
"""The newest items whose answers are compared with those of the dry run."""
LEFT_OPEN = timedelta(minutes=2)
"""An action that is open for longer was left so."""


class _View(NamedTuple):
    """What is looked at, and when."""

    state: State
    deps: Deps
    release: Release
    plan: Plan
    now: datetime
    since: datetime
    """What came in before it was looked at by the review before."""

    @property
    def store(self) -> Store:
        """The record."""
        return self.deps.store

    @property
    def customer(self) -> Customer:
        """Whose workflow it is."""
        return self.deps.customer(self.state)


def look(state: State, deps: Deps, workflow: str) -> OpsReview:
    """Look at a workflow in use; kept once a run."""
    return deps.keep_once(
        state, OpsReview, f"{state.run}.ops", lambda: _look(state, deps, workflow)
    )


def can_build(found: OpsReview) -> bool:
    """Whether a better version may mend something of what was found."""
    return any(one.is_built for one in found.wrong)


def _look(state: State, deps: Deps, workflow: str) -> OpsReview:
    customer, now = deps.customer(state), deps.store.clock.now()
    every = timedelta(days=cadence.days(deps.store, customer, workflow))
    release = cadence.newest(deps.store, customer, workflow)
    if release is None:
        found = [
            _finding(
                "release",
                "missing",
                f"no release of {workflow} ever stood on a stage",
                state.run,
                deps.store.runs.get(customer, state.run).requester,
            )
        ]
    else:
        plan = deps.get(state, PlanRecord, release.plan).plan
        view = _View(state, deps, release, plan, now=now, since=now - every)
        found = [one for look_at in _LOOKS for one in look_at(view)]
    return OpsReview(
        id=f"{state.run}.ops",
        run=state.run,
        workflow=workflow,
        findings=tuple(found),
        at=now,
        next_check=now + every,
    )


def _release(view: _View) -> Iterator[OpsFinding]:
    release, owner = view.release, view.plan.owners.expansion
    at = release.stages[release.stage].name
    says = f"{release.status.replace('_', ' ')} at {at}, {release.weight_bp / 100:g} % of the items"
    run = view.store.runs.get(view.customer, release.run)
    if release.status == "complete" or (release.status == "open" and run.status != "ended"):
        yield _finding("release", "ok", says, release.id, owner)
    else:
        is_gone = release.status == "rolled_back"
        yield _finding("release", "wrong", says, release.id, owner, is_built=is_gone)


def _watched(view: _View) -> Iterator[OpsFinding]:
    """Every planned signal was read lately, shows something, and keeps its limit."""
    told = watch.standings_of(view.store, view.customer, release=view.release, now=view.now)
    silence = {one.name: timedelta(hours=one.silence_hours) for one in view.plan.signals}
    for one in told:
        if not one.is_planned:
            continue
        source = view.release.id if one.last is None else one.last.digest
        # What every plan asks for is read together with what this one asks for.
        allowed = silence.get(one.name, max(silence.values()))
        is_late = one.last is None or view.now - one.last.until > allowed
        if is_late:
            says = f"{one.name} was not read for {allowed}; is a worker running?"
            yield _finding("signals", "missing", says, source, view.plan.owners.incidents)
        elif one.is_unread:
            yield _finding("signals", "missing", one.says, source, one.owner)
        else:
            state = "wrong" if one.is_breached else "ok"
            yield _finding("signals", state, one.says, source, one.owner, is_built=True)


def _evidence(view: _View) -> Iterator[OpsFinding]:
    """The stage's gate passed, and items came in since the last look that can show anything."""
    owner = view.plan.owners.evaluation
    kept = view.store.of_run(view.customer, Verdict, view.release.run)
    staged = [one for one in kept if one.gate.startswith("stage ")]
    if not staged:
        says = "no gate of a stage was ever judged on live items"
        yield _finding("evidence", "missing", says, view.release.id, owner)
    else:
        last = staged[-1]
        says = f"{last.gate}: {last.outcome} at {last.judged_at:%Y-%m-%d}: {last.reason}"
        state = "ok" if last.outcome == "pass" else "wrong"
        yield _finding("evidence", state, says, last.id, owner, is_built=True)
    count = sum(view.store.items.count(view.customer, _recent(view)).values())
    says = f"{count} items came in since {view.since:%Y-%m-%d}"
    state = "ok" if count else "missing"
    yield _finding("evidence", state, says, view.release.id, view.plan.owners.business_outcome)


def _drift(view: _View) -> Iterator[OpsFinding]:
    """Fields and answers are spread as in the dry run of what serves; alone it takes nothing back.

    By the items since the last look, whatever stage they were admitted at.
    """
    owner = view.plan.owners.evaluation
    measured = spread.find_screened(view.store, view.customer, view.release)
    if measured is None:
        says = "no dry run of what serves is kept to compare with"
        yield _finding("drift", "missing", says, view.release.id, owner)
        return
    moved = _moved(view, measured)
    if not moved.compared:
        says = f"fewer than {drift.LEAST} items, so their spread tells nothing yet"
        yield _finding("drift", "note", says, measured.id, owner)
        return
    apart = [
        f"{name} {one.stability:.3f} where chance explains {one.limit:.3f}"
        for name, one in moved.over.items()
    ]
    says = f"{moved.compared} spreads of {moved.now} items against the dry run's"
    says = f"{says}: {', '.join(apart)}" if apart else f"{says}: none moved"
    yield _finding("drift", "wrong" if apart else "ok", says, measured.id, owner)


def _moved(view: _View, measured: Evidence) -> Moved:
    store, customer = view.store, view.customer
    version = store.get(customer, Version, view.release.version)
    items = store.items.list(customer, _recent(view), limit=COUNTED)
    named = (digest for one in items for digest in (one.input, one.output))
    kept = snapshots.read_many(store, customer, named)
    inputs = [kept[one.input] for one in items if kept.get(one.input)]
    outputs = [Output.model_validate(kept[one.output]) for one in items if kept.get(one.output)]
    before = spread.of_dry_run(store, customer, version, measured)
    return drift.compare_all(before, spread.of_live(version, inputs, outputs))


def _backlog(view: _View) -> Iterator[OpsFinding]:
    reviews, workflow = view.store.reviews, view.release.workflow
    late = reviews.waiting(view.customer, workflow=workflow, due_by=view.now, limit=1)
    if not late:
        says = "no item waits for a person past its due time"
        yield _finding("reviews", "ok", says, view.release.id, view.plan.owners.support)
        return
    first = late[0].review
    count = reviews.count_late(view.customer, workflow, view.now)
    says = f"{count} items wait past their due time, the oldest since {first.due_at:%Y-%m-%d}"
    yield _finding("reviews", "wrong", says, first.id, first.owner)


def _people(view: _View) -> Iterator[OpsFinding]:
    """Every owner the plan names is there."""
    there = {one.id for one in people.find_people(view.store, view.customer) if not one.is_disabled}
    owners = {name: str(person) for name, person in view.plan.owners}
    owners |= {f"signal {one.name}": one.owner for one in view.plan.signals}
    gone = [f"{name} ({person})" for name, person in owners.items() if person not in there]
    says = f"not there any more: {', '.join(gone)}" if gone else "every owner is there"
    state = "wrong" if gone else "ok"
    yield _finding("owners", state, says, view.release.plan, view.plan.owners.changes)


def _actions(view: _View) -> Iterator[OpsFinding]:
    """Of every effect it is known whether it was done."""
    before, owner = view.now - LEFT_OPEN, view.plan.owners.incidents
    left = [a for a in view.store.actions.unsettled(view.customer) if a.reserved_at < before]
    if not left:
        yield _finding("actions", "ok", "every action has its end", view.release.id, owner)
    for action in left:
        says = f"{action.key} by {action.tool} is {action.status}; look there for this key"
        yield _finding("actions", "wrong", says, action.key, owner)


def _audit(view: _View) -> Iterator[OpsFinding]:
    report = audit.verify(view.store.database)
    if report.ok:
        says = f"{report.events} events and {report.records} rows are as they were written"
        yield _finding("audit", "ok", says, view.release.id, people.OWNER)
        return
    says = f"the record does not verify: {report.problems[0].says}; restore it"
    yield _finding("audit", "wrong", says, view.release.id, people.OWNER)


def _cost(view: _View) -> Iterator[OpsFinding]:
    """What an item and a week cost by the last reading; the ceilings are judged with the signal."""
    owner, economics = view.plan.owners.business_outcome, view.plan.economics
    last = watch.last_read(view.store, view.customer, view.release, now=view.now).get("cost")
    if last is None or not last.total:
        says = "what an item costs was not read, or of no item"
        yield _finding("cost", "missing", says, view.release.id, owner)
        return
    figures = {name.replace("_", " "): text for name, text in last.figures.items()}
    told = ", ".join(f"{name} {text}" for name, text in figures.items() if name != "currency")
    says = f"{told} ({economics.currency}); {economics.cost_ceiling_per_week} a week may be"
    yield _finding("cost", "note", says, last.digest, owner)


def _redesign(view: _View) -> Iterator[OpsFinding]:
    """No measure lay beyond a bar of the plan for as long as asks for another design."""
    owner = view.plan.owners.workflow_behaviour
    kept = view.store.of_run(view.customer, Signal, view.release.run)
    mine = [one for one in kept if one.release == view.release.id]
    for rule in view.plan.economics.redesign_when:
        row = redesign.look(rule, mine, view.now)
        state = "wrong" if row.is_due else "ok" if row.is_read else "note"
        yield _finding("redesign", state, row.says, view.release.id, owner)


def _overrides(view: _View) -> Iterator[OpsFinding]:
    """How often people changed what was produced, in the last week."""
    week, workflow = view.now - timedelta(days=7), view.release.workflow
    answers = view.store.reviews.answers_since(view.customer, workflow, week)
    owner = view.plan.owners.business_outcome
    changed, total = answers["edit"] + answers["reject"], answers.total()
    says = f"{changed} of {total} answers of the last week changed what was produced"
    yield _finding("overrides", "note", says, view.release.id, owner)


def _said(view: _View) -> Iterator[OpsFinding]:
    """What customers reported of it and no run took up."""
    owner = view.plan.owners.incidents
    mine = [
        one
        for one in intake.open_ones(view.store, view.customer)
        if one.workflow == view.release.workflow and one.kind in intake.ABOUT_ONE
    ]
    for one in mine:
        state = "wrong" if one.kind == "failure" else "note"
        says = f"{one.kind} {one.id} waits: pilotage run start --from {one.id}"
        yield _finding("reports", state, says, one.id, owner)
    if not mine:
        yield _finding("reports", "ok", "none waits for a run", view.release.id, owner)


def _lessons(view: _View) -> Iterator[OpsFinding]:
    kept = view.store.lessons.list(view.customer)
    over = [one for one in kept if one.valid_until is not None and one.valid_until <= view.now]
    for one in over:
        says = f"lesson {one.id} held until {one.valid_until:%Y-%m-%d}; confirm or retire it"
        yield _finding("lessons", "note", says, one.id, view.plan.owners.domain_expert)


def _recent(view: _View) -> ItemFilter:
    return ItemFilter(release=view.release.id, version=view.release.version, since=view.since)


def _finding(
    name: str,
    state: Literal["ok", "note", "missing", "wrong"],
    says: str,
    source: str,
    owner: str,
    *,
    is_built: bool = False,
) -> OpsFinding:
    return OpsFinding(
        name=name, state=state, says=says, source=source, owner=owner, is_built=is_built
    )


_LOOKS: tuple[Callable[[_View], Iterator[OpsFinding]], ...] = (
    _release,
    _watched,
    _evidence,
    _drift,
    _backlog,
    _people,
    _actions,
    _audit,
    _cost,
    _redesign,
    _overrides,
    _said,
    _lessons,
)
