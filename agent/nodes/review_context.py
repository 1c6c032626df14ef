"""gather the trigger, feedback, history, failures, usage, cost, ROI and lessons."""

from agent import cadence, ops_review
from agent.deps import Deps
from agent.state import State, Update
from runs import intake, snapshots, words
from runs.approvals import list_approvals
from runs.records.intake import Intake
from runs.records.person import Customer
from runs.records.run import Briefing, Run, Statement, Terminal, Trigger
from runs.store.filtered import ItemFilter
from runs.store.store import Store

MOST = 50
"""Of what waits for a run, and of what was observed, a briefing tells so many, newest first."""


def review_context(state: State, deps: Deps) -> Update:
    """Keep a briefing in which every statement names the record it came from.

    A scheduled review looks its workflow over; it begins from the plan and values that serve.
    """
    customer, store = deps.customer(state), deps.store
    run = store.runs.get(customer, state.run)
    trigger = store.runs.trigger(customer, run.trigger)
    text = snapshots.read(store, customer, trigger.text)["text"]
    title = words.words(store, customer, trigger.title)
    pack = deps.recall(customer, f"{title}\n{text}", "")
    statements = [
        Statement(topic=trigger.kind, text=words.quote(trigger.title), source=trigger.id),
        *_brought(store, customer, run),
        *_history(store, customer, state.run),
        *_open_questions(store, customer),
        *_usage(store, customer),
        *(
            Statement(topic="lesson", text=words.quote(kept.id), source=kept.id)
            for kept in pack.lessons
        ),
    ]
    briefing = Briefing(
        run=state.run,
        statements=tuple(statements),
        lessons=tuple(kept.id for kept in pack.lessons),
    )
    update: Update = {"briefing": deps.keep(state, briefing)}
    return {**update, **_reviewed(state, deps)} if _is_review(trigger) else update


def _is_review(trigger: Trigger) -> bool:
    return trigger.kind == "scheduled_review"


def _reviewed(state: State, deps: Deps) -> Update:
    """The ops review, and what serves: its people are told and asked."""
    customer = deps.customer(state)
    workflow = deps.store.runs.get(customer, state.run).workflow
    found = ops_review.look(state, deps, workflow)
    release = cadence.newest(deps.store, customer, workflow)
    if release is None:
        return {"review": found.id}
    return {"review": found.id, "plan": release.plan, "policy": release.policy}


def _brought(store: Store, customer: Customer, run: Run) -> list[Statement]:
    """What the run began on, what waits for another, and what was observed."""
    own = intake.find_of_run(store, customer, run)
    waiting = intake.open_ones(store, customer)[:MOST]
    seen = intake.observations(store, customer, MOST)
    return [_of_intake(one) for one in [*([own] if own else []), *waiting, *seen]]


def _of_intake(brought: Intake) -> Statement:
    figures = "; ".join(f"{f.name} {f.value} {f.unit}".strip() for f in brought.figures)
    told = [words.quote(brought.text)]
    told += [f"workflow {brought.workflow}"] if brought.workflow else []
    told += [f"items {', '.join(brought.items)}"] if brought.items else []
    told += [figures] if figures else []
    return Statement(topic=brought.kind, text="; ".join(told), source=brought.id)


def _history(store: Store, customer: Customer, run: str) -> list[Statement]:
    ended = store.runs.list(customer, status="ended", limit=10)
    statements = []
    for past in ended:
        end = store.get(customer, Terminal, past.terminal)
        topic = "failure" if end.kind == "blocker_escalated" else "history"
        says = f"{past.workflow or 'a run'} ended: {end.kind.replace('_', ' ')}; {end.reason}"
        if past.id != run:
            statements.append(Statement(topic=topic, text=says, source=past.id))
    return statements


def _open_questions(store: Store, customer: Customer) -> list[Statement]:
    return [
        Statement(topic="approval", text=f"still open: {asked.title}", source=asked.id)
        for asked in list_approvals(store, customer, limit=20)
    ]


def _usage(store: Store, customer: Customer) -> list[Statement]:
    statements = []
    for release in store.releases.list(customer)[:10]:
        counts = store.items.count(customer, ItemFilter(release=release.id))
        total = sum(counts.values())
        says = ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "none yet"
        text = f"{release.workflow}: {total} items ({says}); release {release.status}"
        statements.append(Statement(topic="usage", text=text, source=release.id))
    return statements
