"""what people and programs prove themselves with."""

from datetime import datetime, timedelta
from typing import get_args

import click

from pilotage.cli import days as said_days
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show, table, when
from runs import people
from runs.errors import InvalidInput
from runs.records.person import Scope, Token

LONGEST = 365
DAYS = 90


@click.group(
    epilog="Examples:\n\n  pilotage token create ben\n\n"
    "  pilotage token create ben --scope submit --service --expires 2027-01-31"
)
def token() -> None:
    """What people and programs prove themselves with."""


@token.command(
    epilog="Examples:\n\n  pilotage token create ben --days 30\n\n"
    "  pilotage token create ben --scope read --scope submit --service"
)
@click.argument("person")
@click.option("--days", type=click.IntRange(1, LONGEST), help=f"Days it holds; {DAYS} unless said.")
@click.option("--expires", default="", help="The day or time until which it holds, in UTC.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(get_args(Scope)),
    help="What it may do; repeat for more. A person's without any may do all that they may.",
)
@click.option("--service", is_flag=True, help="A program's: it never decides or administers.")
@pass_call
def create(
    call: Call,
    *,
    person: str,
    days: int | None,
    expires: str,
    scopes: tuple[Scope, ...],
    service: bool,
) -> None:
    """Print a token, this once; only an owner may."""
    owner, until = call.owner, _until(call, days, expires)
    make = people.create_program_token if service else people.create_token
    made = make(
        call.store,
        owner.customer,
        owner.person,
        person=person,
        scopes=scopes,
        expires_at=until,
    )
    click.echo(made)
    what = "a program's, it never approves" if service else "theirs to decide with"
    may = f"; it may {', '.join(scopes)}" if scopes else ""
    call.say(
        f"token of {person}: {what}{may}; it holds until {until:%Y-%m-%d %H:%M} UTC; "
        "it is not shown again"
    )


@token.command(
    "list", epilog="Examples:\n\n  pilotage token list\n\n  pilotage token list --person ben --json"
)
@click.option("--person", default="", help="Only this person's.")
@json_option
@pass_call
def list_tokens(call: Call, *, person: str, as_json: bool) -> None:
    """Every token, without its secret: whose, what it may do, until when, last used."""
    now = call.store.clock.now()
    found = [one for one in people.tokens(call.store, call.customer) if person in ("", one.person)]
    told = [one.as_json() | {"state": _state(one, now)} for one in found]
    rows = [
        (
            one["id"],
            one["person"],
            "program" if one["is_machine"] else "person",
            " ".join(one["scopes"]) or "all",
            when(one["expires_at"]) or "never",
            when(one["last_seen_at"]) or "never",
            one["state"],
        )
        for one in told
    ]
    header = ("token", "person", "of a", "may", "holds until", "last used", "")
    show("tokens", {"tokens": told}, table(header, rows, none="none"), as_json=as_json)


@token.command(
    epilog="Examples:\n\n  pilotage token revoke 3f2a1b\n\n  pilotage token list --person ben"
)
@click.argument("id")
@json_option
@pass_call
def revoke(call: Call, *, id: str, as_json: bool) -> None:
    """End a token now: an owner any, everybody their own."""
    who = call.holder
    if people.find_token(call.store, who.customer, id).person != who.person:
        who = call.owner
    ended = people.revoke_token(call.store, who.customer, who.person, id)
    told = ended.as_json() | {"state": "revoked"}
    show("token", told, [f"{ended.id} of {ended.person}: revoked"], as_json=as_json)


def _until(call: Call, days: int | None, expires: str) -> datetime:
    now = call.store.clock.now()
    if expires and days is not None:
        raise InvalidInput("--days and --expires: name one of both")
    until = said_days.begin(expires, now, flag="--expires") or now + timedelta(days=days or DAYS)
    if not now < until <= now + timedelta(days=LONGEST):
        raise InvalidInput(
            f"--expires {expires!r}: name a time within the next {LONGEST} days, such as "
            f"{now + timedelta(days=DAYS):%Y-%m-%d}"
        )
    return until


def _state(one: Token, now: datetime) -> str:
    if one.revoked_at is not None:
        return "revoked"
    return "expired" if one.expires_at is not None and one.expires_at <= now else ""
