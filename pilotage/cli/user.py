"""people and their roles."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import print_lines, show, table, when
from policies.quorum import humans
from runs import keys, people, standins
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
    owner = call.owner
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
    people.add_person(call.store, owner.customer, owner.person, person)
    print_lines([f"{person.id}: {', '.join(person.roles)}"])
    _tell_strange(call, person.roles)
    call.say(f"next: pilotage token create {person.id}")


@user.command("list", epilog="Examples:\n\n  pilotage user list\n\n  pilotage user list --json")
@json_option
@pass_call
def list_people(call: Call, *, as_json: bool) -> None:
    """Everybody of this customer, when they were last seen, and whether they sign."""
    store, customer = call.store, call.customer
    seen: dict[str, str] = {}
    for one in people.tokens(store, customer):
        if one.last_seen_at is not None and not one.is_machine:
            seen[one.person] = max(seen.get(one.person, ""), one.as_json()["last_seen_at"])
    signs = {key.person for key in keys.find_all(store, customer) if key.revoked_at is None}
    found = people.find_people(store, customer)
    told = [
        p.as_json()
        | {"last_seen_at": seen.get(p.id), "signs": p.id in signs, "others": _others(p, found)}
        for p in found
    ]
    rows = [
        (
            p["id"],
            p["name"],
            " ".join(p["roles"]),
            p["deputy"],
            " ".join(p["others"]),
            when(p["last_seen_at"]) or "never",
            "with a key" if p["signs"] else "",
            "disabled" if p["is_disabled"] else "",
        )
        for p in told
    ]
    header = ("id", "name", "roles", "deputy", "same human", "last seen", "signs", "")
    show("people", {"people": told}, table(header, rows, none="nobody"), as_json=as_json)


@user.command(
    epilog="Examples:\n\n  pilotage user disable ben\n\n  pilotage user disable ben --json"
)
@click.argument("id")
@json_option
@pass_call
def disable(call: Call, *, id: str, as_json: bool) -> None:
    """Let a person prove nothing any more; what they decided stands."""
    _change(call, id, as_json=as_json, is_disabled=True)


@user.command(epilog="Examples:\n\n  pilotage user enable ben\n\n  pilotage user enable ben --json")
@click.argument("id")
@json_option
@pass_call
def enable(call: Call, *, id: str, as_json: bool) -> None:
    """Let a disabled person act again, with the tokens they have."""
    _change(call, id, as_json=as_json, is_disabled=False)


@user.command(
    epilog="Examples:\n\n  pilotage user role ben --add compliance\n\n"
    "  pilotage user role ben --remove ops_lead"
)
@click.argument("id")
@click.option("--add", "added", multiple=True, help="A role they get; repeat for more.")
@click.option("--remove", "removed", multiple=True, help="A role they lose; repeat for more.")
@json_option
@pass_call
def role(
    call: Call, *, id: str, added: tuple[str, ...], removed: tuple[str, ...], as_json: bool
) -> None:
    """Give a person roles, or take some away."""
    if not added and not removed:
        raise InvalidInput(f"nothing changes for {id}: name --add ROLE or --remove ROLE")
    held = people.person(call.store, call.customer, id).roles
    unknown = sorted(set(removed) - set(held))
    if unknown:
        raise InvalidInput(
            f"{id} does not hold {', '.join(unknown)}; name some of {', '.join(held)}"
        )
    roles = [one for one in (*held, *added) if one not in removed]
    _change(call, id, as_json=as_json, roles=roles)
    _tell_strange(call, added)


def _change(call: Call, id: str, *, as_json: bool, **changed: Any) -> None:
    owner = call.owner
    changed_to = people.change_person(call.store, owner.customer, owner.person, id=id, **changed)
    state = " (disabled)" if changed_to.is_disabled else ""
    says = f"{changed_to.id}: {', '.join(changed_to.roles)}{state}"
    show("person", changed_to.as_json(), [says], as_json=as_json)


def _others(person: Person, everybody: list[Person]) -> list[str]:
    """The other accounts of this human, as far as anything says so."""
    who = humans(everybody)
    return [o.id for o in everybody if o.id != person.id and who(o.id) == who(person.id)]


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
    said = standins.declare_same(call.wired.store, call.identity, account, other)
    print_lines([f"{said.account} and {said.person} are one human"])


def _tell_strange(call: Call, roles: Collection[str]) -> None:
    """Say of a role that no rule asks anything of it; whoever plans may name it still."""
    known = call.wired.roles(call.customer)
    for role in sorted(set(roles) - known):
        near = get_close_matches(role, known, 1)
        meant = f"did you mean {near[0]}? " if near else ""
        call.say(
            f"role {role!r}: no rule of this installation names it; {meant}`pilotage user role ID "
            f"--remove {role}` takes it back (named: {', '.join(sorted(known))})"
        )
