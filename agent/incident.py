"""what a failure report named: made into cases, seen wrong before and right after."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from agent.deps import Deps
from agent.state import State
from runs import intake, snapshots
from runs.plan import Hole, Plan
from runs.records.case import Case, Dataset
from runs.records.evidence import Evidence, Verdict
from runs.records.intake import Intake
from runs.records.release import Release
from runs.records.version import Route, Version
from workflow import corrections, review
from workflow.dataset.widening import widen
from workflow.sources import Context


class _Right(NamedTuple):
    """What is right for one item, and who said so."""

    expected: dict[str, Any]
    """The label, and of a draft its fields."""
    routes: tuple[Route, ...]
    person: str


def find_report(state: State, deps: Deps) -> Intake | None:
    """The failure report the run began on; None for a run with another trigger."""
    customer = deps.customer(state)
    run = deps.store.runs.get(customer, state.run)
    if deps.store.runs.trigger(customer, run.trigger).kind != "failure":
        return None
    return intake.find_of_run(deps.store, customer, run)


def unanswered(state: State, deps: Deps, plan: Plan) -> tuple[Hole, ...]:
    """What is not known of a reported failure: which items, and what was right for each."""
    report = find_report(state, deps)
    if report is None:
        return ()
    if not report.items:
        says = f"Report {report.id} names no item: which went wrong? Report it again with --item."
        return (Hole(field="incident.items", question=says, person=report.by),)
    return tuple(
        Hole(
            field=f"incident.{item}",
            question=f"Nobody said what is right for item {item}: answer its review, or "
            f"`pilotage intake failure --item {item} --right {item}=LABEL`.",
            person=plan.owners.domain_expert,
        )
        for item in report.items
        if _find_right(state, deps, item) is None
    )


def dataset_of(state: State, deps: Deps, plan: Plan) -> Dataset:
    """The newest cases of the plan; of a failure, with the reported items among dev.

    What is learnt from and what is held out stay as they are.
    """
    customer, store = deps.customer(state), deps.store
    newest = store.cases.newest(customer, plan.dataset)
    report = find_report(state, deps)
    if report is None:
        return newest
    present = store.cases.read(customer, newest.digest)
    added = list(_cases(state, deps, report))
    made = widen(newest, present, added, by=report.by, at=store.clock.now())
    if made.dataset == newest:
        return newest
    return store.cases.keep(customer, f"run:{state.run}", made.dataset, made.cases)


def find_incumbent(state: State, deps: Deps) -> Version | None:
    """The version a reported failure is of: what is in use; None for another trigger."""
    if find_report(state, deps) is None:
        return None
    run = deps.store.runs.get(deps.customer(state), state.run)
    release = in_use(deps, state, run.workflow)
    return None if release is None else deps.get(state, Version, release.version)


def in_use(deps: Deps, state: State, workflow: str) -> Release | None:
    """The release whose version serves a workflow, its climb over; None while people do."""
    found = deps.store.releases.list(deps.customer(state), workflow)
    return next((one for one in found if one.run and one.status == "complete"), None)


def judged(state: State, deps: Deps, screened: Verdict) -> Verdict:
    """The screen's verdict; it fails as long as one reported item is still wrong."""
    wrong = _wrong(state, deps, screened.evidence)
    if screened.outcome == "fail" or not wrong:
        return screened
    unmended = screened.model_copy(
        update={
            "id": f"{screened.id}.incident",
            "gate": "incident",
            "outcome": "fail",
            "reason": f"{len(wrong)} reported items are still wrong: {', '.join(wrong)}",
            "bars": (),
        }
    )
    return deps.keep_once(state, Verdict, unmended.id, lambda: unmended)


def is_reproduced(state: State, deps: Deps) -> bool:
    """Whether a dry run of this run saw a reported item wrong; true without a report."""
    return find_report(state, deps) is None or find_seen(state, deps) is not None


def find_seen(state: State, deps: Deps) -> Evidence | None:
    """The first dry run that saw a reported item wrong."""
    return next((one for one in _dry_runs(state, deps) if _wrong(state, deps, one.id)), None)


def find_mended(state: State, deps: Deps, release: Release) -> Evidence | None:
    """The dry run of what was released, once it has every reported item right."""
    released = (release.version, release.policy)
    mine = [one for one in _dry_runs(state, deps) if (one.version, one.policy) == released]
    return mine[-1] if mine and not _wrong(state, deps, mine[-1].id) else None


def sharing_holdout(state: State, deps: Deps) -> set[str]:
    """Every dataset whose held-out cases are the run's, or some of them, or hold them all.

    A look at one is a look at all: a case more brings no looks back.
    """
    customer, store = deps.customer(state), deps.store
    mine = deps.get(state, Dataset, state.dataset)
    named = store.cases.datasets(customer, mine.name)
    if len(named) < 2:
        return {state.dataset}
    held = {
        one.digest: {case.digest for case in store.cases.read(customer, one.digest, "holdout")}
        for one in named
    }
    ours = held[mine.digest]
    return {name for name, cases in held.items() if cases <= ours or ours <= cases}


def _dry_runs(state: State, deps: Deps) -> list[Evidence]:
    kept = deps.store.of_run(deps.customer(state), Evidence, state.run)
    return [one for one in kept if one.kind == "dry_run"]


def _wrong(state: State, deps: Deps, evidence: str) -> list[str]:
    """Reported items whose case the trial of this evidence got wrong."""
    report = find_report(state, deps)
    if report is None:
        return []
    results = deps.store.cases.results(deps.customer(state), evidence)
    items = {_name(item): item for item in report.items}
    return [
        items[one.case]
        for one in results
        if one.case in items and not one.outcome.startswith("right")
    ]


def _cases(state: State, deps: Deps, report: Intake) -> Iterator[Case]:
    customer, store = deps.customer(state), deps.store
    for id in report.items:
        answer = _find_right(state, deps, id)
        item = store.items.get(customer, id)
        if answer is None:
            continue
        seen = snapshots.read(store, customer, item.snapshot) if item.snapshot else None
        yield Case(
            id=_name(id),
            family=f"incident:{id}",
            input=snapshots.read(store, customer, item.input),
            expected=answer.expected,
            routes=answer.routes,
            origin="incident",
            labelled_by=answer.person,
            context=Context.model_validate(seen).values if seen else {},
            split="dev",
        )


def _find_right(state: State, deps: Deps, item: str) -> _Right | None:
    """The newest word of an expert on an item, else of its review; None where nobody said."""
    customer, store = deps.customer(state), deps.store
    for report in store.list(customer, Intake, None, of=intake.ABOUT_ONE):
        for right in report.right:
            if right.item == item:
                return _Right({"label": right.label}, (right.route,), report.by)
    answered = [
        one
        for one in store.reviews.of_item(customer, item)
        if one.status == "decided" and one.label and one.routes
    ]
    if not answered:
        return None
    last = max(answered, key=lambda one: (one.decided_at or one.opened_at, one.id))
    output = review.find_output(store, customer, store.items.get(customer, item))
    right = corrections.find_right(store, customer, output, last)
    return _Right(right, last.routes, last.decided_by)


def _name(item: str) -> str:
    return f"incident-{item}"
