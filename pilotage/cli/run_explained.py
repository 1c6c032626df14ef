"""one run explained from the record: what went in and came out, who decided, why this end."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pilotage.cli import called, proposed
from pilotage.cli.output import one_line, section, short, table, when
from pilotage.cli.run_story import answer_line, asked, cleared, cleared_line, share
from runs import approvals, intake, snapshots, words
from runs.errors import Conflict, NotFound
from runs.plan import PlanRecord
from runs.records.case import Dataset
from runs.records.evidence import Evidence, FixTrial, Verdict
from runs.records.intake import Intake
from runs.records.person import Customer
from runs.records.release import Move
from runs.records.run import (
    Briefing,
    Cancellation,
    Choice,
    OpsReview,
    Refusal,
    Report,
    Run,
    Terminal,
)
from runs.records.version import PolicyValues, Version
from runs.store.filtered import ItemFilter
from runs.store.store import Store

KINDS = (
    OpsReview,
    Intake,
    Cancellation,
    Terminal,
    Move,
    Verdict,
    Evidence,
    Report,
    Version,
    PolicyValues,
    PlanRecord,
    Dataset,
)
"""Records a proof may name, by the word a reader knows them by."""
PAGE = "=" * 72
MOST = 10_000
"""So many questions of one run are looked at."""


def explanation(store: Store, customer: Customer, run: Run) -> dict[str, Any]:
    """Six answers about a run, each with the ids of the records it was read from."""
    told = {
        "run": run.as_json(),
        "went_in": _went_in(store, customer, run),
        "versions": _versions(store, customer, run),
        "came_out": _came_out(store, customer, run),
        "made": _made(store, customer, run),
        "proposed": proposed.told(store, customer, run.id),
        "called": called.told(store, customer, run.id),
        "decided": _decided(store, customer, run),
        "done_outside": _done_outside(store, customer, run),
        "end": _end(store, customer, run),
        "events": len(store.events(customer, run.id, limit=100_000)),
    }
    return words.told(store, customer, told)


def lines(told: dict[str, Any]) -> list[str]:
    """The six answers for people."""
    run = told["run"]
    return [
        f"run {run['id']} ({run['status']}), from {told['events']} events of the audit",
        *section("what went in", _went_in_lines(told["went_in"])),
        *section("which versions", _version_lines(told["versions"])),
        *section("what came out", _came_out_lines(told)),
        *section("what models proposed", proposed.lines(told["proposed"])),
        *section("what models called", called.lines(told["called"])),
        *section("who decided", [line for one in told["decided"] for line in _decided_lines(one)]),
        *section("what was done outside", _outside_lines(told["done_outside"])),
        *section("why this end", _end_lines(told["end"])),
    ]


def pages(told: Sequence[dict[str, Any]]) -> list[str]:
    """Several runs, a page each."""
    found = []
    for number, one in enumerate(told, 1):
        found += [
            *([] if number == 1 else [""]),
            f"{PAGE}",
            f"{number} of {len(told)}",
            *lines(one),
        ]
    return found or ["no runs"]


def kept_text(store: Store, customer: Customer, digest: str) -> Any:
    """What is kept under a digest; where it is gone, since when and by whom."""
    try:
        return snapshots.read(store, customer, digest) if digest else ""
    except Conflict:
        return words.erased(store, customer, [digest]).get(digest, "[erased]")
    except NotFound as error:
        return str(error)


def _went_in(store: Store, customer: Customer, run: Run) -> dict[str, Any]:
    trigger = store.runs.trigger(customer, run.trigger)
    briefings = store.of_run(customer, Briefing, run.id)
    choices = store.of_run(customer, Choice, run.id)
    return {
        "trigger": {**trigger.as_json(), "title": words.quote(trigger.title), "run": run.id},
        "text": kept_text(store, customer, trigger.text),
        "continues": run.continues,
        "briefing": [s.as_json() for b in briefings[-1:] for s in b.statements],
        "choice": choices[-1].as_json() if choices else None,
        "began_on": _began_on(store, customer, run),
        "cleared": cleared(store, customer, run),
        "ops_review": [r.as_json() for r in store.of_run(customer, OpsReview, run.id)],
    }


def _began_on(store: Store, customer: Customer, run: Run) -> dict[str, Any] | None:
    """The intake record the run, or the one it continues, took up."""
    found = intake.find_of_run(store, customer, run)
    if found is None:
        return None
    title = words.quote(found.title)
    return {**found.as_json(), "title": title, "text": words.quote(found.text)}


def _went_in_lines(told: dict[str, Any]) -> list[str]:
    trigger, text = told["trigger"], told["text"]
    said = text.get("text", "") if isinstance(text, dict) else text
    choice = told["choice"]
    return [
        f"{trigger['kind']} by {trigger['opened_by']}, {when(trigger['opened_at'])}: "
        f"{trigger['title']} [{short(trigger['text'])}]",
        *([f"continues {told['continues']}"] if told["continues"] else []),
        one_line(said, 160),
        *_began_lines(told),
        *(
            one_line(f"{s['topic']}: {s['text']} [{short(s['source'])}]", 150)
            for s in told["briefing"]
        ),
        *([f"chosen: {one_line(choice['why'], 220)}"] if choice else []),
    ]


def _began_lines(told: dict[str, Any]) -> list[str]:
    own = told["began_on"]
    record = [f"intake record {own['id']}: {own['kind']} by {own['by']}"] if own else []
    lines = [
        *(cleared_line(one, told["trigger"]["run"]) for one in told["cleared"]),
        *(
            one_line(f"{f['name']} {f['state']}: {f['says']} [{short(f['source'])}]", 150)
            for review in told["ops_review"]
            for f in review["findings"]
        ),
    ]
    return [*record, *lines]


def _versions(store: Store, customer: Customer, run: Run) -> dict[str, Any]:
    plans = store.of_run(customer, PlanRecord, run.id)
    trials = store.of_run(customer, Evidence, run.id)
    used = dict.fromkeys((one.version, one.policy, one.subject) for one in trials)
    return {
        "loop": run.graph,
        "plans": [plan.digest for plan in plans],
        "lessons": [lesson for plan in plans[-1:] for lesson in plan.lessons],
        "tried": [{"version": v, "policy": p, "on": subject} for v, p, subject in used],
        "released": [
            {"release": one.id, "version": one.version, "policy": one.policy, "status": one.status}
            for one in store.releases.of_run(customer, run.id)
        ],
    }


def _version_lines(told: dict[str, Any]) -> list[str]:
    tried = [
        (short(one["version"]), short(one["policy"]), short(one["on"])) for one in told["tried"]
    ]
    return [
        f"loop {short(told['loop'])}; plan {', '.join(map(short, told['plans'])) or 'none'}; "
        f"lessons {', '.join(told['lessons']) or 'none'}",
        *table(("version", "policy", "tried on"), tried, none="no version was tried"),
        *(
            f"released as {one['release']}: version {short(one['version'])}, "
            f"policy {short(one['policy'])}, {one['status']}"
            for one in told["released"]
        ),
    ]


def _came_out(store: Store, customer: Customer, run: Run) -> list[dict[str, Any]]:
    return [verdict.as_json() for verdict in store.of_run(customer, Verdict, run.id)]


def _made(store: Store, customer: Customer, run: Run) -> dict[str, Any]:
    """The changes that stayed, the update that was written, and what was kept for the next run."""
    reports = store.of_run(customer, Report, run.id)
    tried = store.of_run(customer, FixTrial, run.id)
    return {
        "fixes": [
            {"id": one.id, "says": one.patch.says, "from_lesson": one.from_lesson}
            for one in tried
            if one.accepted
        ],
        "left": [
            {"id": one.id, "rank": one.patch.rank, "says": one.patch.says, "reason": one.reason}
            for one in tried
            if not one.accepted
        ],
        "update": [{**one.as_json(), "digest": one.digest} for one in reports[-1:]],
        "lessons": [
            {"id": one.id, "kind": one.kind, "status": one.status, "says": words.quote(one.id)}
            for one in store.lessons.list(customer, status="")
            if one.run == run.id
        ],
    }


def _came_out_lines(told: dict[str, Any]) -> list[str]:
    made = told["made"]
    return [
        *(line for verdict in told["came_out"] for line in _out_lines(verdict)),
        *(
            one_line(f"change that stayed: {one['says']} [{one['id']}]", 150)
            for one in made["fixes"]
        ),
        *_left_lines(made["left"]),
        *(
            one_line(
                f"update: {one['title']} [{short(one['text'])}], {len(one['figures'])} figures, "
                f"for {', '.join(one['recipients']) or 'nobody'}",
                150,
            )
            for one in made["update"]
        ),
        *(
            one_line(f"{one['kind']} kept, {one['status']}: {one['says']} [{one['id']}]", 150)
            for one in made["lessons"]
        ),
    ]


def _left_lines(left: list[dict[str, Any]]) -> list[str]:
    """How many changes were left, by rank; each with its reason stands in `run show`."""
    counts = Counter(one["rank"] for one in left)
    told = ", ".join(f"{count} of rank {rank}" for rank, count in sorted(counts.items()))
    return [f"changes tried and left: {told}; why each was: pilotage run show"] if told else []


def _decided(store: Store, customer: Customer, run: Run) -> list[dict[str, Any]]:
    found = approvals.list_approvals(store, customer, status="", run=run.id, limit=MOST)
    return [asked(store, customer, one) for one in sorted(found, key=lambda one: one.opened_at)]


def _out_lines(verdict: dict[str, Any]) -> list[str]:
    """A verdict, and the bars that decided it or counted something."""
    gate = verdict["gate"].replace("_", " ")
    bars = [bar for bar in verdict["bars"] if bar["total"] and bar["name"] != "errors"]
    return [
        f"{when(verdict['judged_at'])} {gate}: {verdict['outcome']} [{short(verdict['evidence'])}]",
        *(
            f"  {bar['name'].replace('_', ' ')} {share(bar['events'], bar['total'])} "
            f"against {bar['threshold']:g}: {bar['outcome']}"
            for bar in bars
        ),
        *([] if bars else [f"  {one_line(verdict['reason'], 140)}"]),
    ]


def _decided_lines(told: dict[str, Any]) -> list[str]:
    head = f"{told['kind']} {told['status']}: {told['title']} [digest {short(told['subject'])}]"
    covers = ", ".join(f"{name} {short(id) or '-'}" for name, id in told["covers"].items())
    return [
        one_line(head, 140),
        f"  covers {covers}",
        *(f"  {answer_line(one)}; saw {short(one['seen'])}" for one in told["decisions"]),
    ]


def _done_outside(store: Store, customer: Customer, run: Run) -> dict[str, Any]:
    releases = store.releases.of_run(customer, run.id)
    of_items = {one.id: ItemFilter(release=one.id) for one in releases}
    return {
        "by_the_run": [action.as_json() for action in store.actions.of_run(customer, run.id)],
        "items": [
            {"release": id, **store.items.count(customer, wanted)}
            for id, wanted in of_items.items()
        ],
        "actions": [
            {"release": id, **Counter(one.status for one in store.items.actions(customer, wanted))}
            for id, wanted in of_items.items()
        ],
    }


def _outside_lines(told: dict[str, Any]) -> list[str]:
    actions = [
        f"{one['operation']} by tool {one['tool']}: {one['status']} "
        f"(key {one['key']}, receipt {short(one['receipt']) or 'none'}, "
        f"approval {one['approval'] or 'none'})"
        for one in told["by_the_run"]
    ]
    items = [f"items of {one['release']}: {_counts(one)}" for one in told["items"]]
    acts = [f"their actions: {_counts(one)}" for one in told["actions"]]
    of_items = [line for pair in zip(items, acts, strict=True) for line in pair]
    return [*actions, *of_items] or ["nothing"]


def _counts(told: dict[str, Any]) -> str:
    return ", ".join(f"{n} {name}" for name, n in told.items() if name != "release") or "none"


def _end(store: Store, customer: Customer, run: Run) -> dict[str, Any] | None:
    if not run.terminal:
        return None
    end = store.get(customer, Terminal, run.terminal)
    proof = [{"id": id, "is": _what_is(store, customer, id)} for id in end.proof]
    return {**end.as_json(), "proof": proof}


def _what_is(store: Store, customer: Customer, id: str) -> str:
    """What a proof's id names, and what it says, in one line."""
    refusal = store.find(customer, Refusal, id)
    if refusal is not None:
        return f"refusal of {refusal.node} ({refusal.error}): {words.quote(refusal.text)}"
    for kind in KINDS:
        found = store.find(customer, kind, id)
        if found is not None:
            said = getattr(found, "reason", "") or getattr(found, "title", "")
            return f"{kind.__name__.lower()}: {said}".rstrip(": ")
    for name, look in (("approval", approvals.get), ("release", _release)):
        try:
            return f"{name}: {look(store, customer, id).status}"
        except NotFound:
            continue
    return "a record of this run"


def _release(store: Store, customer: Customer, id: str) -> Any:
    return store.releases.get(customer, id)


def _end_lines(end: dict[str, Any] | None) -> list[str]:
    if end is None:
        return ["it has not ended"]
    return [
        f"{end['kind'].replace('_', ' ')}: {end['reason']}",
        f"owner: {end['owner']}"
        + (f"; next check {when(end['next_check'])}" if end["next_check"] else ""),
        *(one_line(f"proof {short(one['id'])}: {one['is']}", 160) for one in end["proof"]),
    ]
