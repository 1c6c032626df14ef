"""the queue of a workflow: what waits and why, what workers have, how much more may come."""

from typing import Any

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import section, show, when
from workflow import queued


@click.command(
    epilog="Examples:\n\n  pilotage workflow queue triage\n\n"
    "  pilotage workflow queue triage --json"
)
@click.argument("name")
@json_option
@pass_call
def queue(call: Call, *, name: str, as_json: bool) -> None:
    """How its queue stands: what waits and why, what workers have, how much more may come.

    What is tried again later says why: something does not answer, or may be asked only so often.
    """
    told = queued.find(call.store, call.customer, name).as_json()
    show("queue", {"queue": told}, _lines(told), as_json=as_json)


def _lines(told: dict[str, Any]) -> list[str]:
    most = f" of {told['concurrency']} at once" if told["concurrency"] else ""
    state = f"paused by {told['paused_by']}" if told["is_paused"] else "goes on"
    oldest = f"; the oldest came in {when(told['oldest_at'])} UTC" if told["oldest_at"] else ""
    deadline = told["deadline_minutes"]
    until = f"; after {deadline} minutes an item goes to a person" if deadline else ""
    later = [f"{one['items']} x {one['why']}" for one in told["held"]]
    head = f"{told['later']} tried again later"
    first = f", the first at {when(told['next_at'])} UTC" if told["next_at"] else ""
    return [
        f"queue of {told['workflow']}: {state}; {told['owner']} answers for it",
        f"  {told['waiting']} wait, {told['under_way']} are handed to workers{most}{oldest}{until}",
        f"  {told['room']} more may come (queue_most {told['queue_most']})",
        *section(f"{head}{first}", later),
    ]
