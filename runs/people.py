"""people, roles, deputies, tokens.

A token is `plt_<id>_<secret>`, shown once; only the SHA-256 of the secret is kept. Who can write
the database file can forge any of this; `docs/operating.md` says so.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import tables
from runs.errors import InvalidInput, NotAllowed, NotFound
from runs.records.delegation import SamePerson
from runs.records.person import Customer, Identity, Person
from runs.store.change import INSTALLATION, insert_once, text_of
from runs.store.store import KINDS, Store

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


def disable_person(store: Store, customer: Customer, actor: str, id: str) -> None:
    """From now on nothing this person proves counts; their past decisions stand."""
    with store.change(customer, actor) as change:
        change.update(tables.people, {"id": id}, {"is_disabled": True}, "person_changed")


def find_people(store: Store, customer: Customer) -> list[Person]:
    """Everybody of this customer, by id."""
    with store.database.reading() as connection:
        return people_in(connection, customer)


def people_in(connection: Connection, customer: Customer) -> list[Person]:
    """Everybody of this customer, by id, with their other accounts, read inside a transaction."""
    table = tables.records
    query = sa.select(table.c.body).where(
        table.c.customer == customer.id, table.c.kind == KINDS[SamePerson]
    )
    same = [SamePerson.model_validate(row.body) for row in connection.execute(query)]
    everybody = sa.select(tables.people).where(tables.people.c.customer == customer.id)
    rows = connection.execute(everybody.order_by(tables.people.c.id))
    return [_person(dict(row._mapping), same) for row in rows]


def person(store: Store, customer: Customer, id: str) -> Person:
    """The person of this id; NotFound when there is none."""
    row = store.ledger.row(tables.people, customer, id=id)
    if row is None:
        raise NotFound(f"there is no person {id!r}; `pilotage user add` adds one")
    return _person(row)


def create_token(
    store: Store,
    customer: Customer,
    actor: str,
    *,
    person: str,
    scopes: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> str:
    """A token for a person, returned this once; for a machine when `scopes` are named."""
    id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    scopes = sorted(scopes)
    row = {
        "id": id,
        "person": person,
        "secret_hash": _hashed(secret),
        "is_machine": bool(scopes),
        "scopes": scopes,
        "expires_at": None if expires_at is None else text_of(expires_at),
        "revoked_at": None,
    }
    with store.change(customer, actor) as change:
        if change.find(tables.people, id=person) is None:
            raise NotFound(f"there is no person {person!r}; `pilotage user add` adds one")
        row["created_at"] = change.now()
        change.insert(tables.tokens, row, "token_created", person=person, machine=bool(scopes))
    return f"plt_{id}_{secret}"


def authenticate(
    store: Store, token: str, *, proved_by: Literal["token", "demo"] = "token"
) -> Identity:
    """Who is asking; NotAllowed for a token unknown, expired or revoked, or a person disabled."""
    id, secret = _parts(token)
    with store.database.reading() as connection:
        found = connection.execute(
            sa.select(tables.tokens).where(tables.tokens.c.id == id)
        ).one_or_none()
    if found is None or not hmac.compare_digest(found.secret_hash, _hashed(secret)):
        raise NotAllowed("this token is not known here; ask the owner for a token of your own")
    customer = store.customer(found.customer)
    who = person(store, customer, found.person)
    reason = _refusal(store, found, who)
    if reason:
        with store.change(customer, f"token:{id}") as change:
            change.append("access_refused", token=id, person=who.id, why=reason)
        raise NotAllowed(f"{reason}; ask the owner for a token of your own")
    return Identity(
        customer=customer,
        person=who.id,
        roles=who.roles,
        proved_by=proved_by,
        token=id,
        is_machine=found.is_machine,
        scopes=tuple(found.scopes),
    )


def why_not_proved(connection: Connection, identity: Identity, now: datetime) -> str:
    """Why a proof that held when it was made holds no more; empty while it does.

    Read inside the change that rests on it: a token that was revoked or ran out meanwhile, a person
    who was disabled, a session that was signed out prove nothing.
    """
    table = tables.tokens
    query = sa.select(table).where(table.c.id == identity.token)
    found = connection.execute(query).one_or_none() if identity.token else None
    if found is None and identity.proved_by == "session":
        return "this session is signed out; sign in again"
    if found is not None and found.revoked_at is not None:
        return "this token was revoked; ask the owner for a token of your own"
    if found is not None and found.expires_at is not None and found.expires_at <= text_of(now):
        return "this token expired; ask the owner for a token of your own"
    return ""


def require_owner(identity: Identity) -> None:
    """NotAllowed unless an owner, by a token of their own, is asking."""
    if identity.is_machine or OWNER not in identity.roles:
        raise NotAllowed(
            f"{identity.person} is not an owner; only an owner's token adds people and tokens"
        )


def _refusal(store: Store, token: sa.Row[tuple[str]], who: Person) -> str:
    now = text_of(store.clock.now())
    if token.revoked_at is not None:
        return "this token was revoked"
    if token.expires_at is not None and token.expires_at <= now:
        return "this token expired"
    return "this person is disabled" if who.is_disabled else ""


def _parts(token: str) -> tuple[str, str]:
    head, _, rest = token.strip().partition("_")
    id, _, secret = rest.partition("_")
    if head != "plt" or not id or not secret:
        raise NotAllowed("this is not a Pilotage token; it looks like plt_<id>_<secret>")
    return id, secret


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _person(row: dict[str, object], same: Sequence[SamePerson] = ()) -> Person:
    row.pop("customer")
    pairs = [(one.account, one.person) for one in same if row["id"] in (one.account, one.person)]
    others = sorted({name for pair in pairs for name in pair} - {row["id"]})
    return Person.model_validate({**row, "same_as": tuple(others)})
