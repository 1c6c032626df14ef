"""make a home, its first customer and its first owner."""

import re
from typing import Any

import click

from pilotage.cli.call import Call, pass_call
from pilotage.home import Home, Mark
from runs.errors import InvalidInput

RESERVED = ("installation", "worker", "cli", "file")
"""Names the record uses for what is no customer and no person."""
ID = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@click.command(
    epilog="Examples:\n\n  pilotage init --customer acme --owner ana --owner-name 'Ana Silva'\n\n"
    "  pilotage init --solo --customer acme --owner ana",
)
@click.option("--customer", default="", help="Id of the first customer [PILOTAGE_CUSTOMER].")
@click.option("--customer-name", default="", help="The customer's name; the id unless given.")
@click.option("--owner", default="", help="Id of the first owner, such as ana.")
@click.option("--owner-name", default="", help="The owner's name; the id unless given.")
@click.option("--email", default="", help="Where the owner is reached.")
@click.option("--solo", is_flag=True, help="One person may approve their own work, stamped so.")
@pass_call
def init(call: Call, *, solo: bool, customer: str, owner: str, **names: str) -> None:
    """Make a home, its first customer and its first owner, whose token is printed once.

    In a home that exists it brings the database up to date and changes nothing else.
    """
    home = Home(call.settings.home)
    if not home.exists():
        customer = customer or call.settings.customer
        customer = customer or call.ask("Id of the first customer", flag="--customer ID")
        owner = owner or call.ask("Id of the first owner", flag="--owner ID")
    for name, value in (("--customer", customer), ("--owner", owner)):
        if value and (not ID.fullmatch(value) or value in RESERVED):
            raise InvalidInput(f"{name} {value!r}: use small letters, digits, - and _, up to 40")
    home.make(Mark())
    _fill(call, customer, owner, names | {"solo": solo})


def _fill(call: Call, customer: str, owner: str, names: dict[str, Any]) -> None:
    from pilotage.founding import Founder, found, prepare

    prepare(call.settings, is_solo=names["solo"])
    token = ""
    if customer and owner:
        founder = Founder(
            customer=customer,
            customer_name=names["customer_name"] or customer,
            person=owner,
            name=names["owner_name"] or owner,
            email=names["email"],
        )
        token = found(call.wired, founder)
    call.say(f"home: {call.settings.home}")
    if not token:
        call.say("the home was there; its database is up to date, nothing else was changed")
        return
    call.say(f"first owner of customer {customer}: {owner}. The token is shown this once:")
    click.echo(token)
    call.say("next: export PILOTAGE_TOKEN=<the token>; then pilotage user add, pilotage doctor")
