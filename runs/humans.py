"""who is there: customers, their people, roles, deputies and other accounts, as rows."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import tables
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.records.delegation import SamePerson
from runs.records.person import Customer, Identity, Person
from runs.store.change import INSTALLATION, Change, text_of
from runs.store.rows import insert_once
from runs.store.store import KINDS, Store

_P = tables.people
_ACTIVE = (
    sa.select(_P.c.id, _P.c.roles)
    .where(_P.c.customer == sa.bindparam("at_customer"), _P.c.is_disabled == sa.false())
    .order_by(_P.c.id)
)
_EVERYBODY = sa.select(_P).where(_P.c.customer == sa.bindparam("at_customer")).order_by(_P.c.id)
_SAME = sa.select(tables.records.c.body).where(
    tables.records.c.customer == sa.bindparam("at_customer"),
    tables.records.c.kind == KINDS[SamePerson],
)
OWNER = "owner"
"""The role that may add people and create tokens; `init` gives it to the first person."""


def add_customer(store: Store, id: str, name: str, *, is_demo: bool = False) -> Customer:
    """Open a customer; the same id again is the customer there is."""
    customer = Customer(id=id, name=name, is_demo=is_demo)
    with store.change(customer, "cli") as change:
        head = {"customer": INSTALLATION, "seq": 0, "hash": "0" * 64}
        insert_once(change.connection, tables.chain_head, head)
        row = {"name": name, "is_demo": is_demo, "created_at": change.now()}
        change.insert(tables.customers, row, "customer_opened", demo=is_demo)
    return store.customer(id)


def add_person(store: Store, customer: Customer, actor: str, person: Person) -> Person:
    """Add a person; InvalidInput when the id is taken or the deputy is the person themselves."""
    if person.deputy == person.id:
        raise InvalidInput(f"person {person.id}: the deputy is the person; name somebody else")
    row = person.as_json() | {"created_at": text_of(person.created_at)}
    row.pop("same_as")
    with store.change(customer, actor) as change:
        if not change.insert(tables.people, row, "person_added", roles=" ".join(person.roles)):
            raise InvalidInput(f"person id {person.id!r} is taken; choose another")
    return person


def change_person(
    store: Store,
    customer: Customer,
    actor: str,
    *,
    id: str,
    roles: Sequence[str] | None = None,
    is_disabled: bool | None = None,
) -> Person:
    """Give a person other roles, or let them prove nothing any more; their past decisions stand.

    Raises Conflict where nobody would be left who may add people.
    """
    with store.change(customer, actor) as change:
        before = change.find(tables.people, id=id)
        if before is None:
            raise _unknown(id)
        # What is not named stays as it is now: another may just have disabled them.
        values = {
            "roles": before["roles"] if roles is None else list(dict.fromkeys(roles)),
            "is_disabled": before["is_disabled"] if is_disabled is None else is_disabled,
        }
        if not values["roles"]:
            raise InvalidInput(f"person {id}: no role would be left; disable them instead")
        told = {"roles": " ".join(values["roles"]), "disabled": values["is_disabled"]}
        change.update(tables.people, {"id": id}, values, "person_changed", **told)
        if OWNER in before["roles"]:
            _require_an_owner(change, customer)
    return person(store, customer, id)


def disable_person(store: Store, customer: Customer, actor: str, id: str) -> None:
    """From now on nothing this person proves counts; their past decisions stand."""
    change_person(store, customer, actor, id=id, is_disabled=True)


def find_people(store: Store, customer: Customer) -> list[Person]:
    """Everybody of this customer, by id."""
    with store.database.reading() as connection:
        return people_in(connection, customer)


def people_in(connection: Connection, customer: Customer) -> list[Person]:
    """Everybody of this customer, by id, with their other accounts, read inside a transaction."""
    told = {"at_customer": customer.id}
    same = [SamePerson.model_validate(row.body) for row in connection.execute(_SAME, told)]
    return [_person(dict(row._mapping), same) for row in connection.execute(_EVERYBODY, told)]


def person(store: Store, customer: Customer, id: str) -> Person:
    """The person of this id; NotFound when there is none."""
    row = store.ledger.row(tables.people, customer, id=id)
    if row is None:
        raise _unknown(id)
    return _person(row)


def find_active(store: Store, customer: Customer, wanted: str) -> str:
    """The person of this id, or the first by id who holds the role; empty when there is nobody.

    Who is disabled is nobody.
    """
    rows = store.ledger.rows(_ACTIVE, {"at_customer": customer.id})
    holders = {row["id"]: row["roles"] for row in rows}
    if wanted in holders:
        return wanted
    return next((id for id, roles in holders.items() if wanted in roles), "")


def require_owner(identity: Identity) -> None:
    """NotAllowed unless an owner, by a token of their own, is asking."""
    if identity.is_machine or OWNER not in identity.roles:
        raise NotAllowed(
            f"{identity.person} is not an owner; only an owner's token adds people and tokens: "
            "ask one, `pilotage user list` names them"
        )


def _unknown(id: str) -> NotFound:
    return NotFound(f"there is no person {id!r}; `pilotage user add` adds one")


def _require_an_owner(change: Change, customer: Customer) -> None:
    query = sa.select(tables.people).where(tables.people.c.customer == customer.id)
    rows = change.connection.execute(query).all()
    if not any(OWNER in row.roles and not row.is_disabled for row in rows):
        raise Conflict(
            "nobody would be left who may add people; make somebody else an owner first: "
            "`pilotage user role PERSON --add owner`"
        )


def _person(row: dict[str, object], same: Sequence[SamePerson] = ()) -> Person:
    row.pop("customer")
    pairs = [(one.account, one.person) for one in same if row["id"] in (one.account, one.person)]
    others = sorted({name for pair in pairs for name in pair} - {row["id"]})
    return Person.model_validate({**row, "same_as": tuple(others)})
