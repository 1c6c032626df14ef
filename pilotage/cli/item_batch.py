"""what happened to items that came in together: by the name of the batch, or by the day."""

from typing import Any

import click

from pilotage.cli import batch_story, days
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show, table, when
from runs.errors import NotFound
from runs.store.filtered import ItemFilter

since_option = click.option(
    "--since", default="", metavar="DAY", help="Received from then on: 2026-03-02, tuesday."
)
until_option = click.option(
    "--until", default="", metavar="DAY", help="Received until then; a day is meant to its end."
)


@click.command(
    epilog="Examples:\n\n  pilotage item batch\n\n  pilotage item batch monday-mail\n\n"
    "  pilotage item batch --since tuesday --until tuesday"
)
@click.argument("name", default="")
@click.option("--workflow", default="", help="Only of this workflow.")
@since_option
@until_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
@pass_call
def batch(call: Call, *, name: str, limit: int, as_json: bool, **wanted: str) -> None:
    """What happened to a batch, or to what came in on a day; without either, the batches."""
    chosen = filter_of(call, wanted, batch=name)
    if not name and chosen.since is None and chosen.until is None:
        _list(call, wanted["workflow"], limit, as_json=as_json)
        return
    told = batch_story.story(call.store, call.customer, chosen)
    if name and not told["items"]:
        _refuse_unknown(call, name)
    title = f"batch {name}" if name else "what came in"
    value = {"batch": name, **_window(chosen), **told}
    show("item-batch", value, batch_story.lines(told, title), as_json=as_json)


def filter_of(call: Call, wanted: dict[str, str], **equal: Any) -> ItemFilter:
    """Which items are meant; the days are those of the record's clock."""
    days_of = {"since", "until"}
    named = {name: value for name, value in wanted.items() if name not in days_of}
    now = call.store.clock.now()
    since, until = days.begin(wanted["since"], now), days.end(wanted["until"], now)
    return ItemFilter(since=since, until=until, **named, **equal)


def _window(chosen: ItemFilter) -> dict[str, str | None]:
    ends = {"since": chosen.since, "until": chosen.until}
    return {name: at.isoformat() if at else None for name, at in ends.items()}


def _list(call: Call, workflow: str, limit: int, *, as_json: bool) -> None:
    found = call.store.items.batches(call.customer, workflow=workflow, limit=limit)
    rows = [(one.batch, one.workflow, one.items, when(one.first), when(one.last)) for one in found]
    header = ("batch", "workflow", "items", "first", "last")
    lines = table(header, rows, none="no batches; name one with `pilotage item submit --batch`")
    show("item-batches", {"batches": [one._asdict() for one in found]}, lines, as_json=as_json)


def _refuse_unknown(call: Call, name: str) -> None:
    known = call.store.items.batches(call.customer, limit=5)
    newest = ", ".join(dict.fromkeys(one.batch for one in known))
    way = (
        f"name one of the newest: {newest}" if known else "`pilotage item submit --batch` names one"
    )
    day = f"; `pilotage item batch --since {name} --until {name}` tells what came in that day"
    raise NotFound(f"no item is of batch {name!r} here; {way}" + (day if days.is_day(name) else ""))
