"""say whether this installation is well."""

import sys

import click

from pilotage.cli import exits
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show

MARKS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


@click.command(epilog="Examples:\n\n  pilotage doctor\n\n  pilotage --quiet doctor --json")
@json_option
@pass_call
def doctor(call: Call, *, as_json: bool) -> None:
    """Look at names, schema, audit, worker, jobs, actions, runs, files and memory.

    Ends with 8 when something is wrong; with --quiet it prints only then.
    """
    from pilotage.health import look_over

    found = look_over(call.wired)
    wrong = [one for one in found if one.state == "wrong"]
    if wrong or not call.is_quiet:
        value = {"ok": not wrong, "findings": [one._asdict() for one in found]}
        lines = [f"{MARKS[one.state]} {one.name:<8} {one.says}" for one in found]
        show("doctor", value, lines, as_json=as_json)
    if wrong:
        sys.exit(exits.NOT_VERIFIED)
