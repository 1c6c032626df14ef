"""check the record against its chain."""

import sys

import click

from pilotage.cli import exits
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show
from runs import audit as chain


@click.group(epilog="Examples:\n\n  pilotage audit verify\n\n  pilotage audit verify --json")
def audit() -> None:
    """Check the record against its chain."""


@audit.command(epilog="Examples:\n\n  pilotage audit verify\n\n  pilotage audit verify --json")
@json_option
@pass_call
def verify(call: Call, *, as_json: bool) -> None:
    """Recompute the chain and every record's digest; ends with 8 when something is wrong."""
    found = chain.verify(call.store.database)
    value = {**found._asdict(), "problems": [problem._asdict() for problem in found.problems]}
    said = "ok" if found.ok else f"{len(found.problems)} problems"
    lines = [
        f"audit verify: {said} ({found.events} events, {found.records} records, head {found.head})",
        *(f"  event {problem.seq}: {problem.says}" for problem in found.problems),
    ]
    show("audit", value, lines, as_json=as_json)
    if not found.ok:
        call.say("the record is not what its chain says; restore it, and ask who could write to it")
        sys.exit(exits.NOT_VERIFIED)
