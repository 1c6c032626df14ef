"""What the demo shows: both stories, the reports, the lessons, the audit, where to look on."""

from collections.abc import Iterator, Sequence
from typing import Any

from pilotage.cli.output import one_line, section, short
from pilotage.cli.run_story import lines as story_lines
from pilotage.cli.run_story import story
from pilotage.demo import asked
from pilotage.demo.play import Played
from pilotage.demo.stage import Stage
from runs import audit, snapshots
from runs.clock import ClockKind
from runs.records.lesson import Lesson
from runs.records.run import Report
from workflow.models.comparing import BASELINE
from workflow.samples.variant import NAMES

READER = "rollout_owner"
"""Whose token the three commands are shown with."""


def told(stage: Stage, played: Sequence[Played], *, seconds: float) -> dict[str, Any]:
    """Everything as JSON values, read from the record after the fact."""
    store, customer = stage.wired.store, stage.customer
    checked = audit.verify(store.database)
    clock: ClockKind = stage.wired.clock.kind
    asking, run = stage.asking, played[0].run.id
    models = {} if asking is None else {"models": asked.told(stage, asking, run)}
    return {
        "customer": customer.name,
        "synthetic": True,
        "proved_by": "demo",
        "clock": clock,
        "home": str(stage.wired.home.folder),
        "seconds": round(seconds, 1),
        "runs": [_run(stage, one) for one in played],
        **models,
        "lessons": [kept.as_json() for kept in store.lessons.list(customer, status="")],
        "audit": {
            "ok": checked.ok,
            "events": checked.events,
            "records": checked.records,
            "head": checked.head,
            "problems": [problem._asdict() for problem in checked.problems],
        },
        "look_further": look_further(stage, played[0]),
    }


def lines(shown: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    yield f"{shown['customer']} -- synthetic; people decided as demo; the clock was turned"
    for number, run in enumerate(shown["runs"], start=1):
        yield ""
        yield f"=== priority {number} of {len(shown['runs'])}, {run['seconds']} s ==="
        yield from story_lines(run["story"])
        yield from section("the update, as it was sent", run["report_text"].splitlines())
    if "models" in shown:
        yield from section("models", list(asked.lines(shown["models"])))
    yield from section("lessons", [_lesson_line(lesson) for lesson in shown["lessons"]])
    yield ""
    yield _audit_line(shown["audit"])
    ends = [run["story"]["end"]["kind"].replace("_", " ") for run in shown["runs"]]
    yield f"terminal states: {', '.join(ends)}; {shown['seconds']} s in all"
    yield from section("look further", shown["look_further"])


def look_further(stage: Stage, played: Played) -> list[str]:
    """A line that says who asks, and three commands; two more where models were asked."""
    token = stage.tokens[stage.holder_of(READER).person]
    workflow = played.priority.workflow
    asked_of = [
        f"pilotage model calls --run {played.run.id}",
        f"pilotage workflow compare {workflow} --route {NAMES[0]} --route {BASELINE}",
    ]
    return [
        f"export PILOTAGE_HOME={stage.wired.home.folder} PILOTAGE_TOKEN={token}",
        f"pilotage run explain {played.run.id}",
        f"pilotage item list --workflow {workflow}",
        *([] if stage.asking is None else asked_of),
        "pilotage audit verify",
    ]


def _run(stage: Stage, played: Played) -> dict[str, Any]:
    store, customer = stage.wired.store, stage.customer
    reports = store.of_run(customer, Report, played.run.id)
    text = snapshots.read(store, customer, reports[-1].text)["text"] if reports else ""
    return {
        "workflow": played.priority.workflow,
        "seconds": round(played.seconds, 1),
        "story": story(store, customer, played.run),
        "report_text": text,
    }


def _lesson_line(lesson: dict[str, Any]) -> str:
    kept = Lesson.model_validate(lesson)
    by = f"accepted by {kept.accepted_by}" if kept.accepted_by else kept.status
    proof = ", ".join(short(name) for name in kept.evidence)
    return one_line(f"{kept.id} ({kept.kind}, {by}): {kept.text} [{proof}]", 160)


def _audit_line(checked: dict[str, Any]) -> str:
    said = "ok" if checked["ok"] else f"{len(checked['problems'])} problems"
    return f"audit verify: {said} ({checked['events']} events, {checked['records']} records)"
