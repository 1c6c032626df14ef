"""gather the trigger, feedback, history, failures, usage, cost, ROI and lessons."""

from agent.deps import Deps
from agent.state import State, Update
from runs import snapshots, words
from runs.approvals import list_approvals
from runs.records.person import Customer
from runs.records.run import Briefing, Statement, Terminal
from runs.store.items import ItemFilter
from runs.store.store import Store


def review_context(state: State, deps: Deps) -> Update:
    """Keep a briefing in which every statement names the record it came from."""
    customer, store = deps.customer(state), deps.store
    run = store.runs.get(customer, state.run)
    trigger = store.runs.trigger(customer, run.trigger)
    text = snapshots.read(store, customer, trigger.text)["text"]
    title = words.words(store, customer, trigger.title)
    pack = deps.recall(customer, f"{title}\n{text}", "")
    statements = [
        Statement(topic="priority", text=words.quote(trigger.title), source=trigger.id),
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
    return {"briefing": deps.keep(state, briefing)}


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
