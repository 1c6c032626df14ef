"""Whoever has a key decides with it: every signature on a decision, checked against the chain."""

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import signing, tables
from runs.chain import reading
from runs.chain.reading import NEVER, Problems
from runs.signing import Statement


class Held(NamedTuple):
    """A person's key, and the events between which it counts."""

    id: str
    person: str
    public: str
    since: int
    until: int


class Checked(NamedTuple):
    """How many decisions there are, and how many carry a signature."""

    decisions: int
    signed: int


def check(connection: Connection, found: Problems) -> Checked:
    """Check every decision's signature, and that none is missing where the person had a key."""
    held = _held(connection)
    e, d = tables.events.c, tables.decisions
    made = (
        sa.select(sa.func.min(e.seq))
        .where(e.customer == d.c.customer, e.table == "decisions", e.subject == d.c.id)
        .scalar_subquery()
    )
    query = sa.select(d, made.label("seq")).order_by(d.c.customer, d.c.id)
    decisions = signed = 0
    for row in reading.rows(connection, query):
        decisions += 1
        signed += bool(row["body"].get("signature"))
        mine = held.get((row["customer"], row["body"].get("person", "")), [])
        says = _wrong(row, mine)
        if says:
            found.add(row["seq"] or 0, f"decision {row['id']} {says}")
    return Checked(decisions, signed)


def _held(connection: Connection) -> dict[tuple[str, str], list[Held]]:
    """Every key, by customer and person; there are few."""
    k, e = tables.keys, tables.events.c
    found: dict[tuple[str, str], list[Held]] = {}
    for row in connection.execute(sa.select(k)).all():
        mine = sa.select(e.kind, e.seq).where(
            e.customer == row.customer, e.table == "keys", e.subject == row.id
        )
        seen = {row.kind: row.seq for row in connection.execute(mine.order_by(e.seq))}
        since, until = seen.get("key_added", 0), seen.get("key_revoked", NEVER)
        one = Held(row.id, row.person, row.public, since, until)
        found.setdefault((row.customer, row.person), []).append(one)
    return found


def _wrong(row: dict[str, Any], mine: list[Held]) -> str:
    """What is wrong with a decision's signature; empty when nothing is."""
    body, seq = row["body"], row["seq"] or NEVER
    active = {one.id: one for one in mine if one.since < seq < one.until}
    signature = body.get("signature")
    if signature is None:
        return f"has no signature, though {body.get('person')} had a key" if active else ""
    key = active.get(signature.get("key"))
    if key is None:
        return "is signed with a key that its person did not hold then"
    try:
        said = _statement(row["customer"], body, signature).canonical()
    except (KeyError, ValueError, TypeError):
        return "has a signature that cannot be read"
    if not signing.is_signed(key.public, said, str(signature.get("value"))):
        return "has a signature that is not of what it says"
    return ""


def _statement(customer: str, body: dict[str, Any], signature: dict[str, Any]) -> Statement:
    return Statement(
        customer=customer,
        approval=body["approval"],
        subject=body["seen"],
        kind=body["kind"],
        person=body["person"],
        key=signature["key"],
        signed_at=signature["signed_at"],
    )
