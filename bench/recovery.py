"""A worker killed with -9 in the middle of 2,000 items: how long until its work is taken up.

    python -m bench.recovery [--database sqlite|postgresql] [--items N] [--json]

On PostgreSQL a second worker lives beside it; on SQLite one is started again until the home is
free. Every item acts at a real HTTP receiver that does again whatever it is asked again. Ends with
1 when an item was lost or done twice.
"""

import json
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from runs import audit
from runs.store.filtered import ItemFilter
from tests import databases
from tests.faults.crew import kill_one
from tests.line import WORKFLOW, Line, lay, over_http
from tests.receiver import receiving


def measure(database: str, items: int) -> dict[str, Any]:
    """One kill, and what was counted afterwards."""
    with ExitStack() as stack:
        if database == databases.POSTGRESQL:
            server = stack.enter_context(databases.running(is_hasty=False))
            stack.enter_context(databases.on(server))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pilotage-kill-")))
        url, received = stack.enter_context(receiving())
        received.is_once_a_key = False
        line, began = lay(folder / "home", over_http(url)), time.monotonic()
        recovery = kill_one(line, received, items, is_patient=True)
        times = Counter(effect.done for effect in received.effects.values())
        return {
            "database": database,
            **recovery._asdict(),
            "whole_s": round(time.monotonic() - began, 1),
            "statuses": line.counted(),
            "once": times[1],
            "twice": sum(n for done, n in times.items() if done > 1),
            "lost": items - len(received.effects),
            "failed_jobs": len(line.wired.store.jobs.failed(1_000)),
            "audit_ok": audit.verify(line.wired.store.database).ok,
            "with_people": _why_with_people(line),
        }


def _why_with_people(line: Line) -> dict[str, int]:
    """What sent items to a person, counted: none should have gone."""
    wanted = ItemFilter(workflow=WORKFLOW, status="in_review")
    found = line.wired.store.items.list(line.customer, wanted, limit=1_000)
    return dict(Counter(item.reason for item in found))


def is_good(told: dict[str, Any]) -> bool:
    """Whether every item was done once, and the record says so."""
    done = told["once"] == told["items"] == told["statuses"].get("acted", 0)
    return done and not told["failed_jobs"] and told["audit_ok"]


def sentence(told: dict[str, Any]) -> str:
    """One database in a line."""
    return (
        f"{told['database']}: killed after {told['done_before']} of {told['items']} items; the "
        f"{told['in_hand']} it was at had ended {told['taken_up_s']:g} s later, all of them "
        f"{told['all_s']:g} s later; once {told['once']}, twice {told['twice']}, lost "
        f"{told['lost']}; audit {'holds' if told['audit_ok'] else 'is broken'}"
        + "".join(f"; {n} with people: {why}" for why, n in told["with_people"].items())
    )


@click.command(help=__doc__)
@click.option("--database", type=click.Choice(databases.BOTH), help="One of them; both if not.")
@click.option("--items", default=2_000, show_default=True, help="How many.")
@click.option("--json", "is_json", is_flag=True, help="One object for programs.")
def main(*, database: str | None, items: int, is_json: bool) -> None:
    """Kill once on each database, and fail where something was lost or done twice."""
    # Whoever stops the measurement stops its workers before what they act on, never after.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    told = [measure(one, items) for one in ([database] if database else databases.BOTH)]
    if is_json:
        click.echo(json.dumps({"kills": told}, indent=2))
    else:
        for one in told:
            click.echo(sentence(one))
    raise SystemExit(0 if all(map(is_good, told)) else 1)


if __name__ == "__main__":
    main()
