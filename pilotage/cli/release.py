"""how far a version has come; pause it, narrow it, take it back."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from console.pages import release as release_page
from pilotage.cli import exits, release_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import print_lines, section, short, show, table, when, write_page
from pilotage.cli.plan_story import names_of
from rollout import ladder
from rollout.milestones import find_gap
from rollout.release import way_back, way_on
from rollout.release.cause import Asked
from runs.errors import InvalidInput, NotFound
from runs.records.person import Customer
from runs.records.release import Release
from runs.store.store import Store
from workflow import settling


@click.group(
    epilog="Examples:\n\n  pilotage release show triage\n\n"
    "  pilotage release rollback triage --reason 'wrong queue since noon'"
)
def release() -> None:
    """How far a version has come; pause it, narrow it, take it back."""


@release.command(
    "list",
    epilog="Examples:\n\n  pilotage release list\n\n"
    "  pilotage release list --workflow triage --json",
)
@click.option("--workflow", default="", help="Those of one workflow.")
@json_option
@pass_call
def list_releases(call: Call, *, workflow: str, as_json: bool) -> None:
    """Every release there was, the newest first: where it stands and what it serves."""
    found = call.store.releases.list(call.customer, workflow)
    rows = [
        (
            one.id,
            one.workflow,
            one.status,
            _stage(one),
            ladder.told(one),
            short(one.version),
            when(one.opened_at.isoformat()),
        )
        for one in found
    ]
    names = ("release", "workflow", "status", "stage", "serves", "version", "opened")
    lines = table(names, rows, none="no release was opened")
    show("releases", {"releases": [one.as_json() for one in found]}, lines, as_json=as_json)


@release.command(
    "show",
    epilog="Examples:\n\n  pilotage release show triage\n\n"
    "  pilotage release show triage --html triage.html",
)
@click.argument("id")
@click.option("--html", type=click.Path(path_type=Path), help="Write it as one page instead.")
@json_option
@pass_call
def show_release(call: Call, *, id: str, html: Path | None, as_json: bool) -> None:
    """Its stages, its evidence and its way so far; by id, or by the name of its workflow.

    With what decides the next move now, what its signals show, and who agreed to what.
    """
    found = _find(call.store, call.customer, id)
    told = release_story.story(call, found)
    if html is not None:
        who, _ = names_of(call.store, call.customer)
        write_page(html, release_page.page(told, who))
        print_lines([f"{html}: release {found.id} of {found.workflow}"])
        return
    show("release", told, release_story.lines(told), as_json=as_json)


@release.command(
    epilog="Examples:\n\n  pilotage release checklist triage\n\n"
    "  pilotage release checklist triage --json"
)
@click.argument("id")
@json_option
@click.pass_context
def checklist(ctx: click.Context, *, id: str, as_json: bool) -> None:
    """What must stand before it acts for the first time: evidence, age, verdict and who answers.

    Ends with 4 while a line does not pass.
    """
    call = ctx.ensure_object(Call)
    found = _find(call.store, call.customer, id)
    lines = release_story.look(call, found).checklist
    rows = [one._asdict() for one in lines]
    told = {"release": found.id, "checklist": rows, "lacks": find_gap(lines)}
    show("checklist", told, release_story.checklist_lines(rows), as_json=as_json)
    if told["lacks"]:
        ctx.exit(exits.GATE_NOT_MET)


@release.command(
    epilog="Examples:\n\n  pilotage release pause triage --reason 'the queue system is down'\n\n"
    "  pilotage release pause release-1a2b --reason 'complaints from Lyon'"
)
@click.argument("id")
@click.option("--reason", required=True, help="Kept with the act.")
@pass_call
def pause(call: Call, *, id: str, reason: str) -> None:
    """Let new items go to the incumbent until somebody resumes it; one person is enough."""
    cause = Asked(call.somebody, reason, call.wired.words())
    found = _find(call.store, call.customer, id)
    after = way_back.hold(call.store, call.customer, release=found, cause=cause)
    print_lines([f"{after.id}: held at {_stage(after)}; new items go to the incumbent"])
    call.say(f"what began goes on; next: pilotage release resume {after.id} --reason TEXT")


@release.command(
    epilog="Examples:\n\n  pilotage release resume triage --reason 'the queue system is back'\n\n"
    "  pilotage release resume release-1a2b --reason 'the complaints were of another case'"
)
@click.argument("id")
@click.option("--reason", required=True, help="What you looked at, and why it may go on.")
@pass_call
def resume(call: Call, *, id: str, reason: str) -> None:
    """Let a held release serve again what it was held at, never more.

    For its rollout owner, who neither asked for nor built it. Refused while what held it stands: a
    gate that does not pass (narrow it first), or a watch with gaps.
    """
    cause = Asked(call.somebody, reason, call.wired.words())
    found = _find(call.store, call.customer, id)
    facts = call.wired.engines("").standing(call.customer, found)
    is_solo = call.wired.installation.is_solo
    after = way_on.resume(call.store, call.customer, facts=facts, cause=cause, is_solo=is_solo)
    print_lines([f"{after.id}: serves {ladder.told(after)} at {_stage(after)}"])
    call.say(f"the evidence of {_stage(after)} begins again; next: pilotage run watch {after.run}")


@release.command(
    epilog="Examples:\n\n  pilotage release narrow triage --weight 5 --reason 'two are ill'\n\n"
    "  pilotage release narrow triage --weight 0 --reason 'back to the sandbox'\n\n"
    "  pilotage release narrow triage --segment channel=chat --reason 'cut off'"
)
@click.argument("id")
@click.option("--weight", type=click.FloatRange(0, 100), help="Percent of items.")
@click.option(
    "--segment",
    default="",
    metavar="FIELD=VALUE",
    help="Items that go to the incumbent: a choice or a flag of the data contract.",
)
@click.option("--reason", required=True, help="Kept with the act.")
@pass_call
def narrow(call: Call, *, id: str, weight: float | None, segment: str, reason: str) -> None:
    """Serve fewer items, or none of a segment, at once; one authorised person is enough.

    Going back to more is a move up: it waits for evidence and for those who approve a stage. What
    shall never be served is a rule or a list of the policy.
    """
    if weight is None and not segment:
        raise InvalidInput("say what to narrow it by: --weight PERCENT, --segment FIELD=VALUE")
    cause = Asked(call.somebody, reason, call.wired.words())
    found = _find(call.store, call.customer, id)
    after = way_back.narrow(
        call.store,
        call.customer,
        release=found,
        cause=cause,
        weight_bp=None if weight is None else _basis_points(weight),
        segment=segment,
    )
    print_lines([f"{after.id}: serves {ladder.told(after)} at {_stage(after)}"])
    call.say(
        f"the evidence of {_stage(after)} begins again; next: pilotage release show {after.id}"
    )


@release.command(
    epilog="Examples:\n\n  pilotage release rollback triage --reason 'wrong queue since noon'\n\n"
    "  pilotage release rollback release-1a2b --reason 'asked by the customer'"
)
@click.argument("id")
@click.option("--reason", required=True, help="Kept with the act.")
@json_option
@pass_call
def rollback(call: Call, *, id: str, reason: str, as_json: bool) -> None:
    """Take the version away at once, and prove that it is gone; one authorised person is enough."""
    identity, store = call.somebody, call.store
    cause = Asked(identity, reason, call.wired.words())
    found = _find(store, call.customer, id)
    done = way_back.roll_back(store, call.customer, release=found, cause=cause)
    before = way_back.find_values_before(store, call.customer, found)
    if before is not None:
        call.wired.policy_files.write(call.customer, before)
    walked, proof = done.walked, done.evidence
    tools = call.wired.tools(call.customer)
    back = settling.can_be_undone(store, call.customer, tools, walked.effects)
    value = {
        "release": walked.release.as_json(),
        "evidence": proof.as_json(),
        "stopped": list(walked.stopped),
        "effects": [action.as_json() for action in walked.effects],
        "is_verified": walked.is_verified,
        "can_be_taken_back": [action.key for action in back],
    }
    lines = [
        f"{walked.release.id}: rolled back in {proof.seconds} s; "
        f"{proof.notes['probes']} decisions since then went to the incumbent",
        f"{len(walked.stopped)} items were stopped and wait for a person",
        *section("already done outside, for a person to look at", _effects(value["effects"])),
        *section(
            "of that, what can be taken back",
            [f"pilotage action compensate {action.key} --reason TEXT" for action in back],
        ),
    ]
    show("rollback", value, lines, as_json=as_json)


def _basis_points(weight: float) -> int:
    """A share in hundredths of a percent; InvalidInput for a finer one."""
    hundredths = Decimal(str(weight)) * 100
    if hundredths != int(hundredths):
        raise InvalidInput(f"--weight {weight}: write at most two decimals, such as 2.5")
    return int(hundredths)


def _find(store: Store, customer: Customer, id: str) -> Release:
    """The release of this id or of a prefix that is unique; else the newest of this workflow."""
    every = store.releases.list(customer)
    own = [one for one in every if one.id == id] or [one for one in every if one.id.startswith(id)]
    named = own or [one for one in every if one.workflow == id][:1]
    if len(named) != 1:
        what = "several releases begin" if named else "no release begins"
        raise NotFound(
            f"{what} with {id!r}, and no workflow has that name; `pilotage release list` shows them"
        )
    return named[0]


def _stage(found: Release) -> str:
    return found.stages[found.stage].name if found.stage >= 0 else "no stage yet"


def _effects(effects: Sequence[dict[str, Any]]) -> list[str]:
    return [
        f"{one['operation']} by {one['tool']}: {one['status']}, {one['key']}" for one in effects
    ]
