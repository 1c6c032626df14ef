"""what was learnt."""

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, show, table, when


@click.group(
    epilog="Examples:\n\n  pilotage memory search 'refunds above the limit'\n\n"
    "  pilotage memory search --workflow triage"
)
def memory() -> None:
    """What was learnt."""


@memory.command(
    epilog="Examples:\n\n  pilotage memory search 'refunds above the limit'\n\n"
    "  pilotage memory search 'who is told' --workflow triage --json"
)
@click.argument("question", default="")
@click.option("--workflow", default="", help="What holds for this workflow comes first.")
@json_option
@pass_call
def search(call: Call, *, question: str, workflow: str, as_json: bool) -> None:
    """The lessons in force that fit a question, as a run would be handed them."""
    pack = call.wired.engines("").recall(call.customer, question, workflow)
    value = {
        "lessons": [lesson.as_json() for lesson in pack.lessons],
        "mode": pack.mode,
        "source": pack.source,
        "tokens": pack.tokens,
        "budget": pack.budget,
        "dropped": [{"lesson": one.lesson, "reason": one.reason} for one in pack.dropped],
    }
    rows = [
        (one.id, one.kind, one.trust, one.accepted_by, when(one.as_json()["written_at"]), one.text)
        for one in pack.lessons
    ]
    header = ("lesson", "kind", "trust", "accepted by", "written", "says")
    lines = [
        *table(header, rows, none="nothing in force fits"),
        one_line(f"{pack.tokens} of {pack.budget} tokens, {len(pack.dropped)} left out"),
    ]
    show("memory", value, lines, as_json=as_json)
