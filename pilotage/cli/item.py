"""bring live items in; see what became of them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click

from pilotage.cli import item_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show, table, when
from pilotage.cli.progress import steps
from rollout.admission import Sent
from runs.errors import InvalidInput
from runs.moves import ItemStatus
from runs.store.items import ItemFilter

LONGEST = 2_000_000
"""Characters of one line; an item is smaller."""
AT_ONCE = 500


@click.group(
    epilog="Examples:\n\n  pilotage item submit triage tickets.jsonl --key-field ticket_id\n\n"
    "  pilotage item show item-1a2b"
)
def item() -> None:
    """Bring live items in; see what became of them."""


@item.command(
    epilog="Examples:\n\n  pilotage item submit triage ticket.json --key T-1001\n\n"
    "  pilotage item submit triage tickets.jsonl --key-field ticket_id --batch monday"
)
@click.argument("workflow")
@click.argument("file", default="-")
@click.option("--key", default="", help="The sender's key of a single item.")
@click.option("--key-field", default="id", show_default=True, help="Where each row has its key.")
@click.option("--input-field", default="", help="Where each row has its input [the whole row].")
@click.option("--batch", default="", help="A name for what is sent together.")
@json_option
@pass_call
def submit(call: Call, *, workflow: str, file: str, as_json: bool, **options: str) -> None:
    """Take items in, once a key: JSON, or JSON lines, from a file or stdin."""
    sent = list(_sent(file, options))
    admit, found = call.submits(), []
    with steps(call, f"submit to {workflow}", -(-len(sent) // AT_ONCE)) as step:
        for start in range(0, len(sent), AT_ONCE):
            part = sent[start : start + AT_ONCE]
            step(f"{start + len(part)} of {len(sent)}")
            found += admit(call.identity, workflow, part, batch=options["batch"])
    value = {"items": [one.as_json() for one in found]}
    lines = [f"{one.id}  {one.key}  {one.arm}  {one.status}" for one in found]
    show("items", value, lines, as_json=as_json)


@item.command(
    "list",
    epilog="Examples:\n\n  pilotage item list --workflow triage --status in_review\n\n"
    "  pilotage item list --batch monday --json",
)
@click.option("--workflow", default="", help="Only of this workflow.")
@click.option("--status", type=click.Choice(get_args(ItemStatus)), help="Only these.")
@click.option("--batch", default="", help="Only what was sent together.")
@click.option("--owner", default="", help="Only what this person answers for.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@pass_call
def list_items(call: Call, *, limit: int, as_json: bool, **wanted: Any) -> None:
    """The newest items."""
    chosen = ItemFilter(
        workflow=wanted["workflow"],
        status=wanted["status"] or "",
        batch=wanted["batch"],
        owner=wanted["owner"],
    )
    found = call.store.items.list(call.customer, chosen, limit=limit)
    rows = [
        (
            one.id,
            one.workflow,
            one.key,
            one.arm,
            one.status,
            one.rule or "-",
            one.owner,
            when(one.as_json()["received_at"]),
        )
        for one in found
    ]
    header = ("item", "workflow", "key", "arm", "status", "rule", "owner", "received")
    value = {"items": [one.as_json() for one in found]}
    show("items", value, table(header, rows, none="no items"), as_json=as_json)


@item.command(
    "show",
    epilog="Examples:\n\n  pilotage item show item-1a2b\n\n  pilotage item show item-1 --json",
)
@click.argument("id")
@json_option
@pass_call
def show_item(call: Call, *, id: str, as_json: bool) -> None:
    """What it was, what the version saw and said, which rule fired, what was done about it."""
    told = item_story.story(call.store, call.customer, call.store.items.get(call.customer, id))
    show("item", told, item_story.lines(told), as_json=as_json)


def _sent(file: str, options: dict[str, str]) -> Iterator[Sent]:
    for place, row in _rows(file):
        value = row.get(options["input_field"]) if options["input_field"] else row
        if not isinstance(value, dict):
            raise InvalidInput(f"{place}: {options['input_field']!r} is no object; name its field")
        key = options["key"] or row.get(options["key_field"])
        if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
            raise InvalidInput(
                f"{place}: {options['key_field']!r} is missing or empty; name the field that holds "
                "the sender's key with --key-field, or give --key for a single item"
            )
        yield Sent(str(key), value)


def _rows(file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object with its place: the whole file, or one a line."""
    text = _text(file)
    whole = _find_object(text)
    if whole is not None:
        yield file, whole
        return
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise InvalidInput(f"{file}: holds no item; send one JSON object, or one a line")
    for number, line in lines:
        row = _find_object(line) if len(line) <= LONGEST else None
        if row is None:
            raise InvalidInput(f"{file}, line {number}: is not a JSON object; nothing was taken in")
        yield f"{file}, line {number}", row


def _text(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{file}: is not UTF-8; save it as UTF-8") from None


def _find_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
