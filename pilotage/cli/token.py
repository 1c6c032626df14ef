"""what people and programs prove themselves with."""

from datetime import timedelta

import click

from pilotage.cli.call import Call, pass_call
from runs import people

SCOPES = ("items:submit", "read")


@click.group(epilog="Examples:\n\n  pilotage token create ben\n\n  pilotage token create --help")
def token() -> None:
    """What people and programs prove themselves with."""


@token.command(
    epilog="Examples:\n\n  pilotage token create ben --days 30\n\n"
    "  pilotage token create ben --scope items:submit"
)
@click.argument("person")
@click.option("--days", type=click.IntRange(1, 365), default=90, help="Days it holds.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="Makes it a program's, which never approves; repeat for more.",
)
@pass_call
def create(call: Call, *, person: str, days: int, scopes: tuple[str, ...]) -> None:
    """Print a token, this once; only an owner may."""
    people.require_owner(call.identity)
    until = call.store.clock.now() + timedelta(days=days)
    made = people.create_token(
        call.store,
        call.customer,
        call.identity.person,
        person=person,
        scopes=scopes,
        expires_at=until,
    )
    click.echo(made)
    what = "a program's, it never approves" if scopes else "theirs to decide with"
    call.say(f"token of {person}: {what}; it holds until {until:%Y-%m-%d}; it is not shown again")
