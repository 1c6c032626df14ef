"""the database: look it over, bring it up to date."""

import sys
from typing import TYPE_CHECKING, Any

import click

from pilotage.cli import exits
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show
from pilotage.home import Home

if TYPE_CHECKING:
    from pilotage.schemas import Part


@click.group(epilog="Examples:\n\n  pilotage db check --json\n\n  pilotage db migrate")
def db() -> None:
    """The database: look it over, bring it up to date."""


@db.command(epilog="Examples:\n\n  pilotage db check\n\n  pilotage --quiet db check --json")
@json_option
@pass_call
def check(call: Call, *, as_json: bool) -> None:
    """Say whether the database answers, how fast, and whether this program can work with it.

    Ends with 8 when something has to be done, with 75 when it does not answer; with --quiet it
    prints only then.
    """
    from pilotage.schemas import look

    Home(call.settings.home).mark()
    found = look(call.settings)
    if call.is_quiet and found.is_current:
        return
    parts = [part._asdict() | {"ok": part.is_current} for part in found.parts]
    value: dict[str, Any] = found._asdict() | {"ok": found.is_current, "parts": parts}
    lines = [f"{found.server} at {found.database} answers in {found.latency_ms:g} ms"]
    lines += [line for part in found.parts for line in _of(part)]
    show("db", value, lines, as_json=as_json)
    if not found.is_current:
        call.say("bring it up to date with: pilotage db migrate")
        sys.exit(exits.NOT_VERIFIED)


@db.command(
    epilog="Examples:\n\n  pilotage db migrate\n\n  PILOTAGE_HOME=/srv/pilotage pilotage db migrate"
)
@pass_call
def migrate(call: Call) -> None:
    """Bring the tables of record, checkpoints and queue up to date; again changes nothing.

    Stop the workers and make a backup first: a migration is not taken back.
    """
    from pilotage import schemas

    schemas.migrate(call.settings, Home(call.settings.home).clock())
    found = schemas.look(call.settings)
    call.say(f"{found.database} is at revision {found.parts[0].found}")


def _of(part: "Part") -> list[str]:
    mark = "ok   " if part.is_current else "WRONG"
    is_behind = part.expected not in ("", part.found)
    wanted = f", {part.expected} expected" if is_behind else ""
    differs = (f"      differs: {one}" for one in part.differences)
    return [f"{mark} {part.name:<11} revision {part.found}{wanted}", *differs]
