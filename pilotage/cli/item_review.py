"""answer an item that waits for you: claim it, approve, edit, reject, or hand it on."""

from typing import Any, cast, get_args

import click

from pilotage.cli import item_story, review_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, print_lines, show, table, when
from runs.errors import InvalidInput
from runs.records.item import Item, Review
from runs.records.version import Route
from runs.store.filtered import ItemFilter
from runs.store.reviews import Waiting
from workflow import review
from workflow.review import Said

MOST = 10_000
"""So many waiting items are looked through."""
ROUTES: tuple[Route, ...] = get_args(Route)

routes_option = click.option(
    "--route",
    "routes",
    type=click.Choice(ROUTES),
    multiple=True,
    help="A route that was right; asked for where the item went to a person.",
)
reason_option = click.option("--reason", default="", help="Kept with the answer.")


def list_waiting(
    call: Call, wanted: ItemFilter, *, mine: bool, overdue: bool, limit: int, as_json: bool
) -> None:
    """What waits for a person, the most urgent first: with its owner, and who looks at it."""
    found = _waiting(call, wanted, mine=mine, overdue=overdue)
    now = call.store.clock.now()
    rows = [
        (
            one.item.id,
            one.item.workflow,
            one.review.kind,
            when(one.review.as_json()["due_at"]) + (" late" if one.review.due_at <= now else ""),
            one.review.owner,
            one.review.holder(now) or "-",
            one_line(one.review.reason, 48),
        )
        for one in found[:limit]
    ]
    header = ("item", "workflow", "kind", "due", "owner", "held by", "why")
    shown = [{**one.item.as_json(), "review": one.review.as_json()} for one in found[:limit]]
    show("items", {"items": shown}, table(header, rows, none="nothing waits"), as_json=as_json)
    if len(found) > limit:
        call.say(f"{len(found) - limit} more wait; --limit shows them")


@click.command(
    "next", epilog="Examples:\n\n  pilotage item next\n\n  pilotage item next --workflow triage"
)
@click.option("--workflow", default="", help="Only of this workflow.")
@json_option
@pass_call
def next_item(call: Call, *, workflow: str, as_json: bool) -> None:
    """The most urgent item that waits for you and that nobody else looks at."""
    now, me = call.store.clock.now(), call.identity.person
    found = _waiting(call, ItemFilter(workflow=workflow), mine=True)
    free = [one.item for one in found if one.review.holder(now) in ("", me)]
    if free:
        show_one(call, free[0], as_json=as_json)
    else:
        show("item", {"item": None}, ["nothing waits for you"], as_json=as_json)


def show_one(call: Call, item: Item, *, as_json: bool) -> None:
    """An item's whole story, and what is asked of people about it."""
    told = item_story.story(call.store, call.customer, item)
    told["waits"] = review_story.find_story(call.wired.reviews(), call.customer, item)
    lines = [*item_story.lines(told), *review_story.lines(told["waits"])]
    show("item", told, lines, as_json=as_json)


@click.command(
    epilog="Examples:\n\n  pilotage item claim item-1a2b\n\n  pilotage -q item claim item-1a2b"
)
@click.argument("id")
@pass_call
def claim(call: Call, *, id: str) -> None:
    """Say that you look at it; others see that. It ages out; claim again to keep it."""
    held = review.claim(call.wired.reviews(), call.decider, id)
    print_lines([f"{held.item}: {held.held_by} holds it until {_minute(held)} UTC"])
    call.say(f"next: pilotage item show {held.item}")


@click.command(
    epilog="Examples:\n\n  pilotage item release item-1a2b\n\n  pilotage -q item release item-1a2b"
)
@click.argument("id")
@pass_call
def release(call: Call, *, id: str) -> None:
    """Let your claim go, so that somebody else takes it."""
    free = review.release(call.wired.reviews(), call.decider, id)
    print_lines([f"{free.item}: nobody holds it; {free.owner} answers for it"])


@click.command(
    epilog="Examples:\n\n  pilotage item approve item-1a2b\n\n"
    "  pilotage item approve item-1a2b --route review --reason 'rightly asked'"
)
@click.argument("id")
@routes_option
@reason_option
@pass_call
def approve(call: Call, *, id: str, routes: tuple[Route, ...], reason: str) -> None:
    """What was produced is right."""
    _answer(call, id, Said("approve", routes, reason=reason))


@click.command(
    epilog="Examples:\n\n  pilotage item edit item-1a2b --label refund_request\n\n"
    "  pilotage item edit item-1a2b --label refund_request --route act --route review\n\n"
    "  pilotage item edit item-1a2b --field tier=growth --field 'clauses=privacy; liability'"
)
@click.argument("id")
@click.option("--label", default="", help="The right label; of a draft only where it is another.")
@click.option(
    "--field", "fields", multiple=True, help="Of a draft: NAME=VALUE; NAME= takes it out."
)
@routes_option
@reason_option
@pass_call
def edit(call: Call, *, id: str, label: str, fields: tuple[str, ...], **said: Any) -> None:
    """Another label is right, or fields of its draft are otherwise."""
    if not label and not fields:
        raise InvalidInput("edit: give the right --label, or each --field of the draft that is off")
    told = Said("edit", said["routes"], label, said["reason"], fields=_fields(fields))
    _answer(call, id, told)


@click.command(
    epilog="Examples:\n\n  pilotage item reject item-1a2b --reason 'not for this desk'\n\n"
    "  pilotage item reject item-1a2b --route review --reason 'only a person could tell'"
)
@click.argument("id")
@routes_option
@click.option("--reason", required=True, help="Kept with the answer.")
@pass_call
def reject(call: Call, *, id: str, routes: tuple[Route, ...], reason: str) -> None:
    """No label is right; without --route it says that the item is to be refused."""
    _answer(call, id, Said("reject", routes, reason=reason))


@click.command(
    epilog="Examples:\n\n  pilotage item escalate item-1a2b --reason 'needs the account manager'\n"
    "\n  pilotage item escalate item-1a2b --reason 'I am away until Monday'"
)
@click.argument("id")
@click.option("--reason", required=True, help="Kept, and told to the next owner.")
@pass_call
def escalate(call: Call, *, id: str, reason: str) -> None:
    """Hand it on to the next person of the escalation, with a new due time."""
    handed = review.escalate(call.wired.reviews(), call.decider, id, reason)
    due = when(handed.as_json()["due_at"])
    print_lines([f"{handed.item}: {handed.owner} answers for it until {due} UTC"])


COMMANDS = (next_item, claim, release, approve, edit, reject, escalate)
"""What `pilotage item` offers to whoever reviews."""


def _waiting(call: Call, wanted: ItemFilter, *, mine: bool, overdue: bool = False) -> list[Waiting]:
    due_by = call.store.clock.now() if overdue else None
    found = call.store.reviews.waiting(
        call.customer, workflow=wanted.workflow, due_by=due_by, limit=MOST
    )
    chosen = [one for one in found if _is_wanted(one, wanted)]
    return review.for_person(call.wired.reviews(), call.identity, chosen) if mine else chosen


def _is_wanted(one: Waiting, wanted: ItemFilter) -> bool:
    """Whether the filter lets it pass; the owner is whoever is asked."""
    item = one.item
    is_of_time = (wanted.since is None or item.received_at >= wanted.since) and (
        wanted.until is None or item.received_at < wanted.until
    )
    equal = (
        (wanted.owner, one.review.owner),
        (wanted.status, item.status),
        (wanted.batch, item.batch),
        (wanted.route, item.route),
    )
    return is_of_time and all(asked in ("", is_so) for asked, is_so in equal)


def _answer(call: Call, id: str, said: Said) -> None:
    identity = call.decider
    item = call.store.items.get(call.customer, id)
    if said.answer != "reject" and not said.routes and item.route != "act" and call.is_on_terminal:
        said = said._replace(routes=_ask_routes(call))
    decided = review.answer(call.wired.reviews(), identity, item.id, said)
    status = call.store.items.get(call.customer, item.id).status
    print_lines([f"{decided.item}: {decided.answer} {decided.label or 'no label'}; it is {status}"])
    call.say("next: pilotage item next")


def _fields(told: tuple[str, ...]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for text in told:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise InvalidInput(f"--field {text!r}: write NAME=VALUE, or NAME= to take it out")
        found[name.strip()] = value.strip() or None
    return found or None


def _ask_routes(call: Call) -> tuple[Route, ...]:
    question = "It went to a person. Which route was right: review, act, refuse (or several)"
    given = call.ask(question, flag="--route").replace(",", " ").split()
    unknown = [one for one in given if one not in ROUTES]
    if unknown or not given:
        raise InvalidInput(f"--route {' '.join(given)!r}: take one or several of {ROUTES}")
    return cast("tuple[Route, ...]", tuple(given))


def _minute(held: Review) -> str:
    return f"{held.held_until:%H:%M}" if held.held_until else ""
