"""people and their roles."""

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import print_lines, show, table
from policies.quorum import humans
from runs import people, standins
from runs.errors import InvalidInput
from runs.records.person import Person


@click.group(epilog="Examples:\n\n  pilotage user list\n\n  pilotage user add ben --role ops_lead")
def user() -> None:
    """People and their roles."""


@user.command(
    epilog="Examples:\n\n  pilotage user add ben --role ops_lead --role reviewer\n\n"
    "  pilotage user add cleo --role compliance --deputy ben"
)
@click.argument("id")
@click.option("--name", default="", help="The person's name; the id unless given.")
@click.option("--email", default="", help="Where the person is reached.")
@click.option("--role", "roles", multiple=True, required=True, help="A role; repeat for more.")
@click.option("--deputy", default="", help="Who decides when this person is away.")
@pass_call
def add(call: Call, *, id: str, name: str, email: str, roles: tuple[str, ...], deputy: str) -> None:
    """Add a person; only an owner may."""
    people.require_owner(call.identity)
    known = {person.id for person in people.find_people(call.store, call.customer)}
    if deputy and deputy not in known:
        raise InvalidInput(f"--deputy {deputy!r} is not a person here; add them first")
    person = Person(
        id=id,
        name=name or id,
        email=email,
        roles=tuple(dict.fromkeys(roles)),
        deputy=deputy,
        is_disabled=False,
        created_at=call.store.clock.now(),
    )
    people.add_person(call.store, call.customer, call.identity.person, person)
    print_lines([f"{person.id}: {', '.join(person.roles)}"])
    call.say(f"next: pilotage token create {person.id}")


@user.command("list", epilog="Examples:\n\n  pilotage user list\n\n  pilotage user list --json")
@json_option
@pass_call
def list_people(call: Call, *, as_json: bool) -> None:
    """Everybody of this customer."""
    found = people.find_people(call.store, call.customer)
    rows = [
        (p.id, p.name, " ".join(p.roles), p.deputy, " ".join(_others(p, found)), _state(p))
        for p in found
    ]
    lines = table(("id", "name", "roles", "deputy", "same human", ""), rows, none="nobody")
    show("people", {"people": [p.as_json() for p in found]}, lines, as_json=as_json)


def _others(person: Person, everybody: list[Person]) -> list[str]:
    """The other accounts of this human, as far as anything says so."""
    who = humans(everybody)
    return [o.id for o in everybody if o.id != person.id and who(o.id) == who(person.id)]


def _state(person: Person) -> str:
    return "disabled" if person.is_disabled else ""


@user.command(
    epilog="Examples:\n\n  pilotage user same ana ana.external\n\n  pilotage user list --json"
)
@click.argument("account")
@click.argument("other")
@pass_call
def same(call: Call, *, account: str, other: str) -> None:
    """Declare that two accounts are one human; only an owner may, and it is not taken back.

    From then on they count once, and what excludes the one excludes the other. Accounts that share
    an e-mail address are one human without it.
    """
    people.require_owner(call.identity)
    said = standins.declare_same(call.wired.store, call.identity, account, other)
    print_lines([f"{said.account} and {said.person} are one human"])
