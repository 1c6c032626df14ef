"""a delivery plan on one page for people, and what is missing from one."""

from pathlib import Path
from typing import NamedTuple

import click

from console.pages import phases
from console.pages import plan as plan_page
from console.pages.decision import decision
from console.pages.plan import Behind
from pilotage.cli import exits, plan_story
from pilotage.cli.call import Call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import print_lines, section, show, write_page
from pilotage.cli.plan_story import Who
from pilotage.cli.release_story import look
from pilotage.cli.workflow_map import map_of_version
from policies import cautions, plans, rules
from policies.rules import PlanReading
from rollout.advance import Facts
from runs import words
from runs.errors import InvalidInput, NotFound
from runs.plan import Plan, PlanDraft, PlanRecord
from runs.records.run import Run
from runs.records.version import PolicyValues, Version
from workflow.map.way import map_of_plan

PHASE_KEYS = ("phase", "gate_in", "gate_out", "approvers", "deadline")
ASKED = "whoever starts the run"
"""Who is asked for a part of a plan where its area has no owner yet."""


class Found(NamedTuple):
    """A plan, where it was found, and everything its page tells."""

    plan: Plan
    behind: Behind
    who: Who
    digest: str


@click.group(
    epilog="Examples:\n\n  pilotage plan check plan.yaml\n\n"
    "  pilotage plan show plan.yaml --html plan.html"
)
def plan() -> None:
    """A delivery plan on one page for people, and what is missing from one."""


@plan.command(
    "show",
    epilog="Examples:\n\n  pilotage plan show plan.yaml\n\n"
    "  pilotage plan show r-1a2b --html plan.html",
)
@click.argument("name", metavar="FILE|RUN")
@click.option("--html", type=click.Path(path_type=Path), help="Write it as one page instead.")
@json_option
@click.pass_context
def show_plan(ctx: click.Context, *, name: str, html: Path | None, as_json: bool) -> None:
    """The whole plan in plain words: areas, phases, owners, and what decides the next move.

    Of a file without looking at any home; of a run with its people, its approvers and its release.
    """
    call = ctx.ensure_object(Call)
    file = Path(name)
    is_file = file.is_file() or file.suffix in (".yaml", ".yml")
    found = _of_file(ctx, file) if is_file else _of_run(call, name)
    if html is not None:
        write_page(html, plan_page.page(found.plan, found.behind, found.who))
        print_lines([f"{html}: the plan of {found.plan.title}"])
        return
    behind = found.behind
    told = {
        "plan": found.plan.as_json(),
        "digest": found.digest,
        "of": behind.of,
        "phases": [dict(zip(PHASE_KEYS, row, strict=True)) for row in behind.phases],
        "decision": [one._asdict() for one in behind.decision],
        "map": behind.drawn.as_json(),
        "warnings": list(behind.warnings),
        "learnt": list(behind.learnt),
    }
    show("plan", told, plan_story.lines(found.plan, behind, found.who), as_json=as_json)


@plan.command(
    epilog="Examples:\n\n  pilotage plan check plan.yaml\n\n  pilotage plan check plan.yaml --json"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_context
def check(ctx: click.Context, *, file: Path, as_json: bool) -> None:
    """What the plan leaves open, and who is asked for each; ends with 4 while anything is.

    What is wrong, not only missing, ends with 2 and names file, line and remedy. A run asks further
    what only a home knows: people, labelled cases, systems.
    """
    reading = _read(file)
    holes = _holes(reading)
    told = {
        "file": str(file),
        "is_whole": not holes,
        "holes": holes,
        "warnings": list(reading.warnings),
    }
    lines = [*_check_lines(file, holes), *(f"warning: {one}" for one in reading.warnings)]
    show("plan_check", told, lines, as_json=as_json)
    if holes:
        ctx.exit(exits.GATE_NOT_MET)


def _of_file(ctx: click.Context, file: Path) -> Found:
    """The plan of a file; ends with 4, after its holes, while it has any."""
    reading = _read(file)
    if reading.plan is None:
        print_lines(_check_lines(file, _holes(reading)))
        ctx.exit(exits.GATE_NOT_MET)
    plan, who = reading.plan, plan_story.as_it_is
    behind = Behind(
        of=f"from {file.name}, not yet brought to a run",
        at="",
        drawn=map_of_plan(plan, who),
        decision=decision(plan, None),
        phases=phases.rows(plan, phases.unknown),
        warnings=reading.warnings,
    )
    return Found(plan, behind, who, plan.digest)


def _of_run(call: Call, name: str) -> Found:
    store, customer = call.store, call.customer
    run = store.runs.get(customer, name)
    written = store.of_run(customer, PlanRecord, run.id)
    if not written:
        raise NotFound(_why_none(call, run))
    record = written[-1]
    is_who, has = plan_story.names_of(store, customer)
    plan, facts = record.plan, _facts(call, run)
    tried = store.of_run(customer, PolicyValues, run.id)
    made = store.of_run(customer, Version, run.id)
    drawn = map_of_version(store, customer, made[-1], has) if made else map_of_plan(plan, has)
    behind = Behind(
        of=f"written by run {run.id}",
        at=f"{store.clock.now():%Y-%m-%d %H:%M} UTC",
        drawn=drawn,
        decision=decision(plan, facts),
        phases=phases.rows(plan, phases.by_policy(tried[-1], has) if tried else phases.unknown),
        warnings=cautions.warnings(plan),
        learnt=tuple(words.told(store, customer, list(record.changes))),
    )
    return Found(plan, behind, is_who, record.digest)


def _facts(call: Call, run: Run) -> Facts | None:
    """What the newest release of the run rests on now; None while there is none."""
    releases = call.store.releases.of_run(call.customer, run.id)
    return look(call, releases[-1]) if releases else None


def _why_none(call: Call, run: Run) -> str:
    """Why a run has no plan: the questions it waits on, or that it has not come so far."""
    drafts = call.store.of_run(call.customer, PlanDraft, run.id)
    if not drafts:
        return f"run {run.id} has written no plan yet; see `pilotage run show {run.id}`"
    asked = "; ".join(f"{hole.person}: {hole.question}" for hole in drafts[-1].holes)
    return f"run {run.id} has no whole plan: {asked}"


def _read(file: Path) -> PlanReading:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: cannot be read ({error}); name a file of UTF-8 text") from None
    return rules.read_plan(text, str(file))


def _holes(reading: PlanReading) -> list[dict[str, str]]:
    owners = reading.owners
    return [
        {"field": path, "person": owners.get(plans.owner_of(path), ASKED)}
        for path in reading.missing
    ]


def _check_lines(file: Path, holes: list[dict[str, str]]) -> list[str]:
    if not holes:
        return [
            f"{file}: every part is written; people, labelled cases and systems are looked for "
            "when a run starts"
        ]
    are = "part is" if len(holes) == 1 else "parts are"
    asked = [f"{hole['field']}: asked of {hole['person']}" for hole in holes]
    return [f"{file}: {len(holes)} {are} open", *section("each is a question", asked)]
