"""bring live items in; see what became of them, and answer what waits for a person."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

import click

from pilotage.cli import item_batch, item_review, sent
from pilotage.cli.call import Call, pass_call
from pilotage.cli.item_batch import filter_of, since_option, until_option
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show, table, when
from pilotage.cli.progress import steps
from runs.errors import InvalidInput, NotFound
from runs.moves import ItemStatus
from runs.records.item import Item
from runs.records.version import Route
from runs.store.filtered import ItemFilter
from workflow import pausing, rerunning

AT_ONCE = 500
LISTED = 20
"""So many items are named one a line; more are counted only."""


@click.group(
    commands=(*item_review.COMMANDS, item_batch.batch),
    epilog="Examples:\n\n  pilotage item submit triage tickets.jsonl --key-field ticket_id\n\n"
    "  pilotage item batch --since tuesday --until tuesday\n\n"
    "  pilotage item list --mine\n\n  pilotage item approve item-1a2b --route review",
)
def item() -> None:
    """Bring live items in; see what became of them, and answer what waits for a person."""


@item.command(
    epilog="Examples:\n\n  pilotage item submit triage ticket.json --key T-1001\n\n"
    "  pilotage item submit triage tickets.csv --key-field ticket_id --batch monday"
)
@click.argument("workflow")
@click.argument("file", default="-")
@click.option("--key", default="", help="The sender's key of a single item.")
@click.option("--key-field", default="id", show_default=True, help="Where each row has its key.")
@click.option("--input-field", default="", help="Where each row has its input [the whole row].")
@click.option("--form", type=click.Choice(["json", "csv", "tsv"]), help="[by the file's name]")
@click.option("--batch", default="", help="A name for what is sent together.")
@click.option(
    "--priority",
    type=click.IntRange(-9, 9),
    help="A greater one is worked on first, within what the policy allows [what it says]",
)
@json_option
@pass_call
def submit(call: Call, *, workflow: str, file: str, as_json: bool, **options: Any) -> None:
    """Take items in, once a key: JSON, JSON lines or CSV, from a file or stdin.

    Sent again, after an interruption or by mistake, the items are those that are there.
    """
    priority = options.pop("priority")
    read = sent.read(file, {**options, "form": options["form"] or ""})
    given = [one._replace(priority=priority) for one in read]
    admit, began = call.submits(), call.wired.clock.now()
    found: list[Item] = []
    with steps(call, f"submit to {workflow}", -(-len(given) // AT_ONCE)) as step:
        for start in range(0, len(given), AT_ONCE):
            part = given[start : start + AT_ONCE]
            step(f"{start + len(part)} of {len(given)}")
            found += admit(call.identity, workflow, part, batch=options["batch"])
    told = _summary(found, began, options["batch"])
    value = {"items": [one.as_json() for one in found], "summary": told}
    each = [f"{one.id}  {one.key}  {one.arm}  {one.status}" for one in found]
    lines = [*(each if len(each) <= LISTED else []), _summary_line(told)]
    show("items", value, lines, as_json=as_json)
    if options["batch"] and told["taken_in"]:
        call.say(f"next: pilotage item batch {options['batch']}")


def _summary(found: Sequence[Item], began: datetime, batch: str) -> dict[str, Any]:
    """How many were taken in, to whom they went, and what was there before."""
    items = list({one.id: one for one in found}.values())
    taken = [one for one in items if one.received_at >= began]
    there = [one for one in items if one.received_at < began]
    return {
        "batch": batch,
        "sent": len(found),
        "taken_in": len(taken),
        "there_before": len(there),
        "of_other_batches": dict(Counter(one.batch for one in there if one.batch != batch)),
        "arms": dict(Counter(one.arm for one in taken)),
    }


def _summary_line(told: dict[str, Any]) -> str:
    arms = ", ".join(f"{n} {arm}" for arm, n in told["arms"].items())
    named = f" as batch {told['batch']}" if told["batch"] else ""
    others = ", ".join(
        f"{n} of {name or 'no batch'}" for name, n in told["of_other_batches"].items()
    )
    there = f"; {told['there_before']} were there before" if told["there_before"] else ""
    return (
        f"{told['taken_in']} of {told['sent']} taken in{named}"
        + (f": {arms}" if arms else "")
        + there
        + (f" ({others}, where they stay)" if others else "")
    )


@item.command(
    "list",
    epilog="Examples:\n\n  pilotage item list --workflow triage --status acted --since monday\n\n"
    "  pilotage item list --mine --overdue\n\n  pilotage item list --batch monday --json",
)
@click.option("--workflow", default="", help="Only of this workflow.")
@click.option("--status", type=click.Choice(get_args(ItemStatus)), help="Only these.")
@click.option("--route", type=click.Choice(get_args(Route)), help="Only what was routed so.")
@click.option("--batch", default="", help="Only what was sent together.")
@click.option("--owner", default="", help="Only what this person answers for.")
@since_option
@until_option
@click.option("--waiting", is_flag=True, help="Only what waits for a person, most urgent first.")
@click.option("--mine", is_flag=True, help="Only what waits for an answer you may give.")
@click.option("--overdue", is_flag=True, help="Only what waits for a person past its due time.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@pass_call
def list_items(call: Call, *, waiting: bool, mine: bool, overdue: bool, **options: Any) -> None:
    """The newest items; or the queue of those that wait for a person."""
    shown = {name: options.pop(name) for name in ("limit", "as_json")}
    wanted = filter_of(call, {name: value or "" for name, value in options.items()})
    if waiting or mine or overdue:
        item_review.list_waiting(call, wanted, mine=mine, overdue=overdue, **shown)
    else:
        _list_newest(call, wanted, **shown)


def _list_newest(call: Call, wanted: ItemFilter, *, limit: int, as_json: bool) -> None:
    found = call.store.items.list(call.customer, wanted, limit=limit + 1)
    told = [one.as_json() for one in found[:limit]]
    rows = [
        (
            one["id"],
            one["workflow"],
            one["key"],
            one["arm"],
            one["status"],
            one["rule"] or "-",
            one["owner"],
            when(one["received_at"]),
        )
        for one in told
    ]
    header = ("item", "workflow", "key", "arm", "status", "rule", "owner", "received")
    show("items", {"items": told}, table(header, rows, none="no items"), as_json=as_json)
    if len(found) > limit:
        call.say("there are more; --limit shows them")


@item.command(
    "show",
    epilog="Examples:\n\n  pilotage item show item-1a2b\n\n  pilotage item show item-1 --json",
)
@click.argument("id")
@json_option
@pass_call
def show_item(call: Call, *, id: str, as_json: bool) -> None:
    """What it was, what the version saw and said, which rule fired, what was done about it.

    Of an item that waits for a person: of whom, why, until when, and what follows from each answer.
    """
    item_review.show_one(call, call.store.items.get(call.customer, id), as_json=as_json)


@item.command(
    epilog="Examples:\n\n  pilotage item cancel item-1a2b --reason 'sent by mistake'\n\n"
    "  pilotage item cancel item-1 --reason 'withdrawn by the customer' --json"
)
@click.argument("id")
@click.option("--reason", required=True, help="Kept with the item.")
@json_option
@pass_call
def cancel(call: Call, *, id: str, reason: str, as_json: bool) -> None:
    """Call an item off of which nothing was begun outside; a conflict otherwise."""
    call.may("submit")
    found = call.wired.store.items.get(call.identity.customer, id)
    ended = call.wired.call_off(call.identity, found.id, reason)
    lines = [f"{ended.id}: {ended.status}, called off"]
    show("item", {"item": ended.as_json()}, lines, as_json=as_json)


@item.command(
    epilog="Examples:\n\n  pilotage item rerun item-1a2b --reason 'the queue system is back'\n\n"
    "  pilotage item rerun --batch monday --reason 'the limit was wrong' --json"
)
@click.argument("id", default="")
@click.option("--batch", default="", help="All of a batch that wait for an answer.")
@click.option("--reason", required=True, help="Kept with the new attempt.")
@json_option
@pass_call
def rerun(call: Call, *, id: str, batch: str, reason: str, as_json: bool) -> None:
    """Have an item, or a batch, worked on once more; what was done is never done twice.

    For whoever operates the workflow, while nobody has answered. The review that waits is
    withdrawn; the values that lead now decide.
    """
    if bool(id) == bool(batch):
        raise InvalidInput("name one item, or a batch with --batch NAME")
    store, customer = call.store, call.customer
    found = [store.items.get(customer, id)] if id else _of_batch(call, batch)
    asked = pausing.Asked(call.somebody, reason, call.wired.words())
    done = rerunning.rerun(store, customer, found, asked)
    told = {"items": [one.as_json() for one in done.items], "left": [one.id for one in done.left]}
    lines = [f"{one.id}: queued again" for one in done.items[:LISTED]]
    lines += [f"{len(done.items)} queued again, {len(done.left)} stay as they are"]
    show("rerun", told, lines if batch else lines[:1], as_json=as_json)


def _of_batch(call: Call, batch: str) -> list[Item]:
    found = call.store.items.list(call.customer, ItemFilter(batch=batch), limit=100_000)
    if not found:
        raise NotFound(f"no item is of batch {batch!r}; `pilotage item batch` lists them")
    return found
