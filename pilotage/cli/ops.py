"""the scheduled operations reviews: make those that are due, and say when the next ones are."""

import secrets
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click

from agent import cadence
from agent.cadence import Due
from pilotage.cli import exits, run_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import print_json, print_lines, show, table, when
from pilotage.cli.turn import exit_code
from pilotage.cli.watching import Watch, follow
from runs import leases
from runs.errors import InvalidInput, NotFound
from runs.records.run import Run

LEASE_S = 60.0
WORST_FIRST = (
    exits.TEMPORARY,
    exits.BLOCKED,
    exits.GATE_NOT_MET,
    exits.INCONCLUSIVE,
    exits.WAITING,
    exits.DONE,
)
"""Which outcome several reviews end with."""


class Reviewed(NamedTuple):
    """One review that was made, and what its command ends with."""

    workflow: str
    run: Run | None
    """None while another command makes it."""
    code: int


@click.group(
    epilog="Examples:\n\n  pilotage ops review --due --quiet\n\n"
    "  pilotage ops calendar --ics ops.ics"
)
def ops() -> None:
    """The scheduled operations reviews: make those that are due, say when the next ones are."""


@ops.command(
    epilog="Examples:\n\n  pilotage ops review --due --quiet\n\n"
    "  pilotage ops review --workflow triage --json\n\nIn a crontab, on workdays at 7:17:\n\n"
    "  17 7 * * 1-5 pilotage ops review --due --quiet --waiting-ok"
)
@click.option("--due", "only_due", is_flag=True, help="Only those whose time has come.")
@click.option("--workflow", default="", help="Only this one; without --due, whether due or not.")
@click.option("-q", "--quiet", is_flag=True, help="Print only what needs somebody.")
@click.option("--timeout", type=click.FloatRange(0), help="Seconds to wait for each.")
@click.option("--waiting-ok", is_flag=True, help="End with 0 when one waits, not 3.")
@json_option
@pass_call
def review(
    call: Call, *, only_due: bool, workflow: str, quiet: bool, as_json: bool, **options: Any
) -> None:
    """Look workflows in use over: healthy with a next check, a better version, or a blocker.

    Ends with 0 healthy or nothing due, 3 waits for somebody, 5 a blocker with an owner, 75 where
    another review of the same workflow is being made.
    """
    if not only_due and not workflow:
        raise InvalidInput("ops review: say which: --due, or --workflow NAME")
    call.is_quiet = call.is_quiet or quiet
    found = _wanted(call, workflow, only_due=only_due)
    made = [
        one
        for due in found
        if (one := _review(call, due, only_due=only_due, timeout_s=options["timeout"]))
    ]
    code = _worst(made, waiting_ok=options["waiting_ok"])
    _show(call, made, is_silent=call.is_quiet and not code, as_json=as_json)
    if code:
        sys.exit(code)


@ops.command(
    epilog="Examples:\n\n  pilotage ops calendar\n\n  pilotage ops calendar --ics ops.ics --json"
)
@click.option("--ics", type=click.Path(path_type=Path), help="Write it for calendars; - is stdout.")
@json_option
@pass_call
def calendar(call: Call, *, ics: Path | None, as_json: bool) -> None:
    """When each workflow in use is looked at again, by whom, and how the last look ended."""
    found, now = cadence.calendar(call.store, call.customer), call.store.clock.now()
    if ics is not None and str(ics) == "-":
        click.echo(_ics(found, now), nl=False)
        return
    if ics is not None:
        ics.write_text(_ics(found, now), encoding="utf-8", newline="")
        call.say(f"{ics}: {len(found)} reviews")
    told = [_told(one, now) for one in found]
    rows = [
        (
            one["workflow"],
            when(one["next_check"]),
            one["state"],
            f"{one['every_days']} days",
            one["owner"],
            one["outcome"].replace("_", " ") or "-",
            one["run"] or "-",
        )
        for one in told
    ]
    header = ("workflow", "next check", "state", "every", "owner", "last outcome", "run")
    lines = table(header, rows, none="no workflow is in use")
    show("ops-calendar", {"reviews": told}, lines, as_json=as_json)


def _wanted(call: Call, workflow: str, *, only_due: bool) -> list[Due]:
    found = cadence.calendar(call.store, call.customer, workflow)
    if workflow and not found:
        raise NotFound(f"no version of workflow {workflow!r} is in use; `pilotage ops calendar`")
    now = call.store.clock.now()
    return [one for one in found if not only_due or one.is_due(now)]


def _review(call: Call, due: Due, *, only_due: bool, timeout_s: float | None) -> Reviewed | None:
    """Make one review, alone; None where another made it meanwhile."""
    store, customer = call.store, call.customer
    name = f"ops review:{due.workflow}"
    holder = f"ops:{secrets.token_hex(4)}"
    with leases.held(store, customer, name, holder=holder, ttl_s=LEASE_S) as lease:
        if lease is None:
            says = f"another `ops review` of {due.workflow} is under way; try again when it ended"
            click.echo(f"error: {says}", err=True)
            return Reviewed(due.workflow, None, exits.TEMPORARY)
        # Read again under the lease: whoever had it before may have made this one.
        still = _wanted(call, due.workflow, only_due=only_due)
        if not still:
            return None
        opened = _open(call, still[0])
        call.goes_on_with = f"pilotage run watch {opened.id} --work"
        work = not call.wired.who_works()
        wanted = Watch("waiting", timeout_s, work=work, as_json=False)
        run = follow(call, opened, wanted)
    return Reviewed(due.workflow, run, exit_code(store, customer, run))


def _open(call: Call, due: Due) -> Run:
    """The run that reviews the workflow: the one under way, else one of its own time."""
    from agent.loop import TriggerDraft
    from agent.loop import start as open_run

    store, customer = call.store, call.customer
    if due.under_way:
        return store.runs.get(customer, due.under_way)
    now = store.clock.now()
    when_due = due.next_check if due.is_due(now) else now
    draft = TriggerDraft(
        kind="scheduled_review",
        title=f"Operations review of {due.workflow}",
        text=f"Due {when_due:%Y-%m-%d %H:%M} UTC, every {due.every_days} days.",
        key=f"ops-review:{due.workflow}:{when_due.isoformat()}",
        workflow=due.workflow,
    )
    person = call.somebody.person
    return open_run(store, customer, person, draft, call.wired.trigger_terms())


def _worst(made: Sequence[Reviewed], *, waiting_ok: bool) -> int:
    codes = {exits.DONE, *(one.code for one in made)}
    if waiting_ok:
        codes.discard(exits.WAITING)
    return next(code for code in WORST_FIRST if code in codes)


def _show(call: Call, made: Sequence[Reviewed], *, is_silent: bool, as_json: bool) -> None:
    if is_silent:
        return
    store, customer = call.store, call.customer
    told = [
        {**run_story.story(store, customer, one.run), "exit_code": one.code}
        for one in made
        if one.run is not None
    ]
    if as_json:
        print_json("ops-reviews", {"reviews": told})
        return
    if not made:
        print_lines(["no operations review is due"])
    for one in told:
        end = run_story.end_lines(one["end"]) or [one["turn"]["says"] or one["run"]["status"]]
        name = f"{one['run']['workflow']} (run {one['run']['id']})"
        print_lines([f"{name}: {end[0]}", *(f"  {line}" for line in end[1:])])


def _told(due: Due, now: datetime) -> dict[str, Any]:
    state = "missed" if due.is_missed(now) else "due" if due.is_due(now) else "planned"
    return {
        "workflow": due.workflow,
        "owner": due.owner,
        "every_days": due.every_days,
        "next_check": due.next_check.isoformat(),
        "run": due.run,
        "outcome": due.outcome,
        "under_way": due.under_way,
        "state": "under way" if due.under_way else state,
    }


def _ics(found: Sequence[Due], now: datetime) -> str:
    """One event a review (RFC 5545): an hour at its time, again at its cadence."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Pilotage//ops reviews//EN"]
    for due in found:
        lines += [
            "BEGIN:VEVENT",
            f"UID:ops-review-{due.workflow}@pilotage",
            f"DTSTAMP:{_stamp(now)}",
            f"DTSTART:{_stamp(due.next_check)}",
            f"DTEND:{_stamp(due.next_check + timedelta(hours=1))}",
            f"RRULE:FREQ=DAILY;INTERVAL={due.every_days}",
            f"SUMMARY:Operations review of {due.workflow}",
            f"DESCRIPTION:Owner {due.owner}\\, pilotage ops review --workflow {due.workflow}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _stamp(time: datetime) -> str:
    return f"{time:%Y%m%dT%H%M%SZ}"
