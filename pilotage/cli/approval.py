"""see what waits for you, and decide it."""

from collections.abc import Iterator
from itertools import islice

import click

from pilotage.cli import approval_decide, approval_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show, table, when
from policies.quorum import named
from policies.standins import seats
from runs import approvals, standins, words
from runs.records.approval import Approval

PAGE = 200
STATUSES = ("open", "approved", "changes_asked", "rejected", "expired", "superseded", "withdrawn")


@click.group(
    commands=approval_decide.COMMANDS,
    epilog="Examples:\n\n  pilotage approval list --mine\n\n"
    "  pilotage approval approve r-1a2b.plan.3c4d --digest 3c4d5e6f",
)
def approval() -> None:
    """See what waits for you, and decide it."""


@approval.command(
    "list",
    epilog="Examples:\n\n  pilotage approval list --mine\n\n"
    "  pilotage approval list --status approved --json",
)
@click.option(
    "--mine", is_flag=True, help="Only what asks you; of what is open, what you may decide."
)
@click.option("--status", type=click.Choice([*STATUSES, "any"]), default="open", show_default=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
@pass_call
def list_approvals(call: Call, *, mine: bool, status: str, limit: int, as_json: bool) -> None:
    """What waits for a decision, the most urgent first."""
    store, customer = call.store, call.customer
    wanted = "" if status == "any" else status
    if mine and status == "open":
        every = _mine(call)
    elif mine:
        every = _mine_of(call, wanted)
    else:
        every = approvals.pages(store, customer, status=wanted, size=min(limit + 1, PAGE))
    found = list(islice(every, limit + 1))
    told = words.told(store, customer, [asked.as_json() for asked in found[:limit]])
    rows = [
        (
            asked["id"],
            asked["kind"].replace("_", " "),
            approval_story.stamped(asked),
            when(asked["due_at"]),
            ", ".join(need["role"] for need in asked["needs"]),
            asked["title"],
        )
        for asked in told
    ]
    header = ("approval", "kind", "status", "due", "needs", "title")
    lines = table(header, rows, none=_none(status))
    has_more = len(found) > limit
    if has_more:
        call.say("there are more; --limit shows them")
    show("approvals", {"approvals": told, "has_more": has_more}, lines, as_json=as_json)


@approval.command(
    "show",
    epilog="Examples:\n\n  pilotage approval show r-1a2b.plan.3c4d\n\n"
    "  pilotage approval show r-1a2b.plan --json",
)
@click.argument("id")
@json_option
@pass_call
def show_approval(call: Call, *, id: str, as_json: bool) -> None:
    """Exactly what is asked, what it covers, and what follows from each answer."""
    asked = approvals.get(call.store, call.customer, id)
    told = approval_story.story(call.store, call.customer, asked)
    show("approval", told, approval_story.lines(told), as_json=as_json)


@approval.command(
    epilog="Examples:\n\n  pilotage approval ask 3c4d5e6f7a8b\n\n"
    "  pilotage approval ask 3c4d5e6f7a8b --json"
)
@click.argument("held")
@json_option
@pass_call
def ask(call: Call, *, held: str, as_json: bool) -> None:
    """Have people asked about one call that the guard HELD, as `run explain` names it."""
    asked = call.wired.ask_about(call.somebody, held)
    told = approval_story.story(call.store, call.customer, asked)
    show("approval", told, approval_story.lines(told), as_json=as_json)


def _none(status: str) -> str:
    """What it means that nothing is listed."""
    if status == "any":
        return "nothing was asked"
    return "nothing waits" if status == "open" else f"nothing is {status.replace('_', ' ')}"


def _mine(call: Call) -> Iterator[Approval]:
    """What the asking person may still decide, in their own place or as somebody's delegate."""
    person, store = call.identity.person, call.store
    around = standins.around(store, call.customer)
    givers = {one.giver for one in around.delegations if one.to == person}
    last: Approval | None = None
    while page := approvals.asking_any_of(
        store, call.customer, {person, *givers}, limit=PAGE, after=last
    ):
        decided = _decided(call, page)
        yield from (one for one in page if one.id not in decided and seats(one, person, around))
        last = page[-1]


def _mine_of(call: Call, status: str) -> Iterator[Approval]:
    """Of every status or this one: what is open as above, and what asked or was decided by them."""
    person = call.identity.person
    around = standins.around(call.store, call.customer)
    every = approvals.pages(call.store, call.customer, status=status, size=PAGE)
    while page := list(islice(every, PAGE)):
        decided = _decided(call, page)
        for one in page:
            if one.status == "open":
                is_mine = one.id not in decided and bool(seats(one, person, around))
            else:
                is_mine = one.id in decided or person in named(one)
            if is_mine:
                yield one


def _decided(call: Call, page: list[Approval]) -> set[str]:
    """Those of a page that the asking person has decided."""
    made = approvals.decisions_on(call.store, call.customer, [one.id for one in page])
    return {one.approval for one in made if one.person == call.identity.person}
