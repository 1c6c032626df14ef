"""a delivery plan on one page for people, and what is missing from one."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from console.pages import phases
from console.pages import plan as plan_page
from console.pages.decision import decision
from console.pages.plan import Behind
from pilotage.cli import exits, plan_story, workflow_compare
from pilotage.cli.call import Call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import print_lines, section, show, write_page
from pilotage.cli.plan_story import Who
from pilotage.cli.release_story import look
from pilotage.cli.workflow_map import map_of_version
from pilotage.home import Home
from policies import cautions, plans, rules
from policies.asking import why_undeclared
from policies.rules import PlanLook, PlanReading
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
        "switched": list(behind.switched),
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

    What is wrong, not only missing, ends with 2 and names file, line and remedy, beside what is
    open. The routes of its models are looked for in models.yaml of the home. A run asks further
    what only the record knows: people, labelled cases, systems.
    """
    look = _look(file)
    holes = _holes(look.reading)
    warnings = [*look.reading.warnings, *_undeclared(ctx.ensure_object(Call), file, look)]
    warned = [f"warning: {one}" for one in warnings]
    if look.wrong is not None:
        # All in one go: whoever mends it need not ask again for what is open beside it.
        asked = [f"{file}: {hole['field']} is open, asked of {hole['person']}" for hole in holes]
        beside = "".join(f"\n{line}" for line in [*asked, *warned])
        raise InvalidInput(f"{look.wrong}{beside}\n{file}: mend what is wrong first")
    told = {"file": str(file), "is_whole": not holes, "holes": holes, "warnings": warnings}
    show("plan_check", told, [*_check_lines(file, holes), *warned], as_json=as_json)
    if holes:
        ctx.exit(exits.GATE_NOT_MET)


def _undeclared(call: Call, file: Path, look: PlanLook) -> Iterator[str]:
    """Models asked where this home declares nothing; where there is no home, that nobody looked."""
    if not look.asked:
        return
    # What asks models is loaded for a plan that names some.
    from pilotage.models import declared

    home = Home(call.settings.home)
    if not home.exists():
        yield (
            f"{file}: whether the routes of its models are declared is not looked at: "
            f"{home.folder} is no home; name yours with --home or PILOTAGE_HOME"
        )
        return
    try:
        names = [one.name for one in declared(home, call.settings)]
    except InvalidInput as error:
        yield f"{file}, line {look.asked[0].line}: no model can be asked: {error}"
        return
    for one in look.asked:
        if says := why_undeclared(one.name, names):
            yield f"{file}, line {one.line}: {one.field} {says} ({home.models_file})"


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
    measured = workflow_compare.comparisons(store, customer, plan.workflow)
    drawn = map_of_version(store, customer, made[-1], has) if made else map_of_plan(plan, has)
    behind = Behind(
        of=f"written by run {run.id}",
        at=f"{store.clock.now():%Y-%m-%d %H:%M} UTC",
        drawn=drawn,
        decision=decision(plan, facts),
        phases=phases.rows(plan, phases.by_policy(tried[-1], has) if tried else phases.unknown),
        warnings=cautions.warnings(plan),
        learnt=tuple(words.told(store, customer, list(record.changes))),
        switched=tuple(map(workflow_compare.summary, measured)),
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
    look = _look(file)
    if look.wrong is not None:
        raise look.wrong
    return look.reading


def _look(file: Path) -> PlanLook:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: cannot be read ({error}); name a file of UTF-8 text") from None
    return rules.look_at_plan(text, str(file))


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
