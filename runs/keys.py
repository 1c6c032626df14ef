"""the keys with which people sign their decisions: added, revoked, and asked for when they decide.

A second wall: whoever steals a token, or can write the database, still has no signature. A person
without a key decides with their token alone.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import signing, tables
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.people import OWNER, people_in
from runs.records.approval import Signature
from runs.records.person import Customer, Identity, Key
from runs.records.record import canonical
from runs.signing import Statement
from runs.store.change import Change
from runs.store.store import Store

FRESH = timedelta(minutes=15)
"""A signature older than this, or as far ahead of the clock, was not made for this decision."""


class Said(NamedTuple):
    """What a person decides, and what they signed."""

    approval: str
    subject: str
    kind: str
    signature: Signature | None


class Wish(NamedTuple):
    """What a person asks to happen to a key; signed with one they hold already."""

    verb: str
    customer: str
    person: str
    key: str

    def canonical(self) -> bytes:
        """The bytes that are signed."""
        return canonical({**self._asdict(), "schema": "pilotage/key/1"})


class Proof(NamedTuple):
    """A wish about a key, signed: with which key, and the signature."""

    key: str
    signature: str


def add(store: Store, identity: Identity, public: str, proof: Proof | None = None) -> Key:
    """Register a person's own key.

    The first needs their token alone. Whoever has one signs for the next with it, so that a stolen
    token brings no key; raises NotAllowed without, InvalidInput when the key is taken.
    """
    _require_person(identity)
    customer, name = identity.customer, signing.name_of(public)
    wish = Wish("add", customer.id, identity.person, name)
    row = {"id": name, "person": identity.person, "public": public, "revoked_at": None}
    with store.change(customer, identity.person) as change:
        held = _active_in(change, identity.person)
        if held and not _is_proved(held, wish, proof):
            raise NotAllowed(
                f"{identity.person} has key {held[0].id}; sign for another with it (--key FILE), "
                f"or let an owner revoke it: pilotage key revoke {held[0].id}"
            )
        row["added_at"] = change.now()
        if not change.insert(tables.keys, row, "key_added", person=identity.person):
            raise InvalidInput(f"key {name} is or was in use here; make one: pilotage key new")
    return get(store, customer, name)


def revoke(store: Store, identity: Identity, id: str, proof: Proof | None = None) -> Key:
    """End a key: with its own signature, or by an owner who is somebody else.

    Where nobody else is an owner, an owner ends their own. The event says which of these it was.
    """
    _require_person(identity)
    customer, name = identity.customer, get(store, identity.customer, id).id
    with store.change(customer, identity.person) as change:
        row = change.find(tables.keys, id=name)
        assert row is not None
        key = _key(row)
        if key.revoked_at is not None:
            raise Conflict(
                f"key {key.id} was revoked at {key.revoked_at:%Y-%m-%d %H:%M} UTC already; nothing "
                "is left to do"
            )
        by = _right_to_revoke(change, identity, key, proof)
        if not by:
            raise NotAllowed(
                f"key {key.id} is {key.person}'s; sign with it (--key FILE), or ask an owner other "
                "than them to revoke it"
            )
        values = {"revoked_at": change.now()}
        change.update(tables.keys, {"id": key.id}, values, "key_revoked", person=key.person, by=by)
    return get(store, customer, name)


def find_all(store: Store, customer: Customer) -> list[Key]:
    """Every key of this customer's people, by person and age."""
    table = tables.keys
    query = sa.select(table).where(table.c.customer == customer.id)
    rows = store.ledger.rows(query.order_by(table.c.person, table.c.added_at, table.c.id))
    return [_key(row) for row in rows]


def active(store: Store, customer: Customer, person: str) -> list[Key]:
    """The keys with which this person signs now; empty for whoever decides by token alone."""
    return [
        key for key in find_all(store, customer) if key.person == person and key.revoked_at is None
    ]


def get(store: Store, customer: Customer, id: str) -> Key:
    """The key of this id, or of a beginning that is unique; NotFound otherwise."""
    found = [key for key in find_all(store, customer) if id and key.id.startswith(id)]
    if len(found) != 1:
        what = "several keys begin" if found else "no key begins"
        raise NotFound(f"{what} with {id!r}; `pilotage key list` shows them")
    return found[0]


def why_unsigned(store: Store, identity: Identity, said: Said) -> str:
    """Why a decision may not stand without another signature; empty when it may.

    Whoever has an active key signs exactly what is decided, now, with it. Whoever has none signs
    nothing.
    """
    held = {key.id: key for key in active(store, identity.customer, identity.person)}
    signature = said.signature
    if signature is None:
        one = next(iter(held), "")
        return one and (
            f"{identity.person} decides with key {one}; add --key FILE, or set PILOTAGE_KEY"
        )
    key = held.get(signature.key)
    if key is None:
        return (
            f"key {signature.key} is no active key of {identity.person}; register it: "
            "pilotage key add FILE, or decide with one that `pilotage key list` shows"
        )
    if abs(store.clock.now() - signature.signed_at) > FRESH:
        return "the signature was not made just now; sign the decision again"
    if not signing.is_signed(key.public, statement(identity, said).canonical(), signature.value):
        return "the signature is not of this decision; look at the question again and sign it anew"
    return ""


def statement(identity: Identity, said: Said) -> Statement:
    """What the person's signature is of; InvalidInput without one."""
    if said.signature is None:
        raise InvalidInput("nothing was signed; add --key FILE")
    return Statement(
        customer=identity.customer.id,
        approval=said.approval,
        subject=said.subject,
        kind=said.kind,
        person=identity.person,
        key=said.signature.key,
        signed_at=said.signature.as_json()["signed_at"],
    )


def sign(private: bytes, identity: Identity, said: Said, at: datetime) -> Signature:
    """Sign a decision with a person's own key, at this time."""
    key = signing.name_of(signing.public_of(private))
    unsigned = Signature(key=key, signed_at=at, value="0" * 128)
    told = statement(identity, said._replace(signature=unsigned))
    return unsigned.model_copy(update={"value": signing.sign(private, told.canonical())})


def prove(private: bytes, identity: Identity, verb: str, key: str) -> Proof:
    """Sign a wish about a key with one that the person holds."""
    wish = Wish(verb, identity.customer.id, identity.person, key)
    name = signing.name_of(signing.public_of(private))
    return Proof(name, signing.sign(private, wish.canonical()))


def _active_in(change: Change, person: str) -> list[Key]:
    """The keys with which this person signs, read inside the change that rests on it."""
    table = tables.keys
    query = sa.select(table).where(
        table.c.customer == change.customer.id,
        table.c.person == person,
        table.c.revoked_at.is_(None),
    )
    rows = change.connection.execute(query.order_by(table.c.added_at, table.c.id))
    return [_key(dict(row._mapping)) for row in rows]


def _right_to_revoke(change: Change, identity: Identity, key: Key, proof: Proof | None) -> str:
    """By what right a key is ended; empty when by none."""
    wish = Wish("revoke", identity.customer.id, identity.person, key.id)
    held = _active_in(change, identity.person)
    if key.person == identity.person and _is_proved(held, wish, proof):
        return "key"
    if OWNER not in identity.roles:
        return ""
    if key.person != identity.person:
        return "owner"
    others = [
        one
        for one in people_in(change.connection, identity.customer)
        if OWNER in one.roles and one.id != identity.person and not one.is_disabled
    ]
    return "" if others else "alone"


def _is_proved(held: list[Key], wish: Wish, proof: Proof | None) -> bool:
    return proof is not None and any(
        key.id == proof.key and signing.is_signed(key.public, wish.canonical(), proof.signature)
        for key in held
    )


def _require_person(identity: Identity) -> None:
    if identity.is_machine or not identity.person:
        raise NotAllowed("a program has no key; use a token of your own")


def _key(row: dict[str, Any]) -> Key:
    row.pop("customer")
    return Key.model_validate(row)
