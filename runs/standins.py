"""who stands in for whom, and which accounts are one human: given, ended and read as it is now."""

from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import tables, words
from runs.errors import InvalidInput, NotAllowed, NotFound
from runs.people import OWNER, people_in, require_owner
from runs.records.delegation import Around, Delegation, DelegationEnd, SamePerson
from runs.records.person import Customer, Identity
from runs.records.record import Record, digest_of
from runs.snapshots import Terms
from runs.store.change import Change
from runs.store.store import KINDS, Store, keep

R = TypeVar("R", bound=Record)

LONGEST = timedelta(days=92)
"""A delegation holds no longer; whoever is away for good gives their role to somebody else."""


def give(
    store: Store, identity: Identity, wanted: Delegation, *, reason: str, terms: Terms
) -> Delegation:
    """Let another decide in one's own place, within the limits it names; once the same.

    Raises NotAllowed for a program, or for another's place; InvalidInput for a limit that is none.
    """
    _check(store, identity, wanted)
    with store.change(identity.customer, identity.person) as change:
        around = around_in(change.connection, identity.customer, change.clock.now())
        if wanted.to not in {one.id for one in around.people if not one.is_disabled}:
            raise NotFound(f"there is no person {wanted.to!r}; `pilotage user list` shows who is")
        said = words.say(change, reason, terms)
        limits = [wanted.giver, wanted.to, *wanted.kinds, *wanted.risks, wanted.until.isoformat()]
        id = f"delegation-{digest_of([*limits, change.now()])[7:17]}"
        given = wanted.model_copy(update={"id": id, "reason": said, "given_at": change.clock.now()})
        keep(change, given, "delegation_given", giver=given.giver, to=given.to)
    return given


def end(store: Store, identity: Identity, id: str) -> Delegation:
    """Take a delegation back before its time: its giver, its delegate or an owner; twice is once.

    What was decided under it stands.
    """
    given = store.get(identity.customer, Delegation, id)
    if identity.is_machine or not (
        identity.person in (given.giver, given.to) or OWNER in identity.roles
    ):
        raise NotAllowed(
            f"{identity.person} is neither its giver {given.giver}, nor {given.to}, nor an owner"
        )
    with store.change(identity.customer, identity.person) as change:
        if find_in(change.connection, identity.customer, DelegationEnd, id) is None:
            ended = DelegationEnd(id=id, by=identity.person, at=change.clock.now())
            keep(change, ended, "delegation_ended", giver=given.giver, to=given.to)
    return given


def declare_same(store: Store, identity: Identity, account: str, other: str) -> SamePerson:
    """Put on record that two accounts are one human; only an owner may, and it is never taken back.

    From then on they count once, whatever is open.
    """
    require_owner(identity)
    if account == other:
        raise InvalidInput(f"{account} is {other} already; name two accounts")
    low, high = sorted((account, other))
    with store.change(identity.customer, identity.person) as change:
        for one in (low, high):
            if change.find(tables.people, id=one) is None:
                raise NotFound(f"there is no person {one!r}; `pilotage user list` shows who is")
        id = f"{low}={high}"
        said = find_in(change.connection, identity.customer, SamePerson, id)
        if said is not None:
            return said
        said = SamePerson(
            id=id, account=low, person=high, by=identity.person, at=change.clock.now()
        )
        keep(change, said, "person_changed", same_as=high)
    return said


def around(store: Store, customer: Customer) -> Around:
    """Everybody, who is who, and every delegation that was not taken back, as it is now."""
    with store.database.reading() as connection:
        return around_in(connection, customer, store.clock.now())


def around_of(change: Change) -> Around:
    """The same, read inside the change that rests on it."""
    return around_in(change.connection, change.customer, change.clock.now())


def around_in(connection: Connection, customer: Customer, now: datetime) -> Around:
    """Everybody, who is who, and every delegation that was not taken back."""
    ended = {one.id for one in _all(connection, customer, DelegationEnd)}
    given = (one for one in _all(connection, customer, Delegation) if one.id not in ended)
    return Around(tuple(people_in(connection, customer)), tuple(given), now)


def delegations(store: Store, customer: Customer) -> list[tuple[Delegation, DelegationEnd | None]]:
    """Every delegation that was ever given, the newest first, with its end where it was ended."""
    with store.database.reading() as connection:
        ended = {one.id: one for one in _all(connection, customer, DelegationEnd)}
        given = _all(connection, customer, Delegation)
    return [(one, ended.get(one.id)) for one in reversed(given)]


def _check(store: Store, identity: Identity, wanted: Delegation) -> None:
    now = store.clock.now()
    if identity.is_machine or identity.person != wanted.giver:
        raise NotAllowed(f"{identity.person} gives their own place to somebody, not {wanted.giver}")
    if wanted.to == wanted.giver:
        raise InvalidInput(f"{wanted.to} is {wanted.giver}; name somebody else with --to")
    if not wanted.kinds:
        raise InvalidInput("no kind of question is named; name at least one with --kind")
    if not now < wanted.until <= now + LONGEST:
        raise InvalidInput(
            f"--until {wanted.until:%Y-%m-%d %H:%M}: it ends in the future, at most "
            f"{LONGEST.days} days from now"
        )


def find_in(connection: Connection, customer: Customer, kind: type[R], id: str) -> R | None:
    """The record of this id, read inside a transaction."""
    return next((one for one in _all(connection, customer, kind, id=id)), None)


def _all(connection: Connection, customer: Customer, kind: type[R], *, id: str = "") -> list[R]:
    table = tables.records
    query = sa.select(table.c.body).where(
        table.c.customer == customer.id, table.c.kind == KINDS[kind]
    )
    if id:
        query = query.where(table.c.id == f"{KINDS[kind]}:{id}")
    rows = connection.execute(query.order_by(table.c.kept_at, table.c.id))
    return [kind.model_validate(row.body) for row in rows]
