"""people, roles, deputies, tokens.

A token is `plt_<id>_<secret>`, shown once; only the SHA-256 of the secret is kept. Who can write
the database file can forge any of this; `docs/operating.md` says so.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import tables
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.humans import OWNER as OWNER
from runs.humans import add_customer as add_customer
from runs.humans import add_person as add_person
from runs.humans import change_person as change_person
from runs.humans import disable_person as disable_person
from runs.humans import find_active as find_active
from runs.humans import find_people as find_people
from runs.humans import people_in as people_in
from runs.humans import person as person
from runs.humans import require_owner as require_owner
from runs.records.person import Customer, Identity, Person, Scope, Token
from runs.store.change import INSTALLATION, About, text_of
from runs.store.store import Store

WHOLE = Customer(id=INSTALLATION, name="the installation", is_demo=False)
"""Whose event it is that somebody came with a token nobody made."""
FOR_PROGRAMS: tuple[Scope, ...] = ("read", "submit", "operate")
"""What a service token may be given: never to decide, never to administer."""
PERIOD = timedelta(hours=1)
"""The first use of a token in it is written down, and so many refusals of one token."""
MOST_REFUSALS = 20
BEFORE: dict[str, Scope] = {"items:submit": "submit"}
"""Names that scopes had before; tokens made then go on."""


def create_token(
    store: Store,
    customer: Customer,
    actor: str,
    *,
    person: str,
    scopes: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> str:
    """A token of a person, returned this once; without scopes it may do what the person may."""
    granted = _Granted(person, sorted(scopes), expires_at, is_service=False)
    return _create(store, customer, actor, granted)


def create_program_token(
    store: Store,
    customer: Customer,
    actor: str,
    *,
    person: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
) -> str:
    """A program's token, for which a person answers, returned this once.

    It names its scopes, and neither decides nor administers: InvalidInput otherwise.
    """
    strange = [scope for scope in scopes if scope not in FOR_PROGRAMS]
    if not scopes or strange:
        what = f"not {', '.join(strange)}" if strange else "and names which"
        raise InvalidInput(
            f"a service's token may {', '.join(FOR_PROGRAMS)}, {what}: a person decides and "
            "administers; name --scope read, submit or operate"
        )
    granted = _Granted(person, sorted(scopes), expires_at, is_service=True)
    return _create(store, customer, actor, granted)


def revoke_token(store: Store, customer: Customer, actor: str, id: str) -> Token:
    """From now on the token proves nothing; Conflict when it was revoked before."""
    token = find_token(store, customer, id)
    if token.revoked_at is not None:
        raise Conflict(
            f"token {token.id} was revoked at {token.revoked_at:%Y-%m-%d %H:%M} UTC already; "
            "nothing is left to do"
        )
    with store.change(customer, actor) as change:
        values = {"revoked_at": change.now()}
        change.update(tables.tokens, {"id": token.id}, values, "token_revoked", person=token.person)
    return find_token(store, customer, token.id)


def tokens(store: Store, customer: Customer) -> list[Token]:
    """Every token of this customer, by person and age, with its last use; without its secret."""
    table = tables.tokens
    query = sa.select(table).where(table.c.customer == customer.id)
    rows = store.ledger.rows(query.order_by(table.c.person, table.c.created_at, table.c.id))
    seen = _last_seen(store, customer)
    kept = ("id", "person", "is_machine", "created_at", "expires_at", "revoked_at")
    return [
        Token.model_validate(
            {name: row[name] for name in kept}
            | {"scopes": _scopes(row["scopes"]), "last_seen_at": seen.get(row["id"])}
        )
        for row in rows
    ]


def find_token(store: Store, customer: Customer, id: str) -> Token:
    """The token of this id, or of a beginning that is unique; NotFound otherwise."""
    found = [one for one in tokens(store, customer) if id and one.id.startswith(id)]
    if len(found) != 1:
        what = "several tokens begin" if found else "no token begins"
        raise NotFound(f"{what} with {id!r}; `pilotage token list` shows them")
    return found[0]


def authenticate(
    store: Store, token: str, *, proved_by: Literal["token", "demo"] = "token"
) -> Identity:
    """Who is asking; NotAllowed for a token unknown, expired or revoked, or a person disabled.

    The first use in an hour is an event, and so is every refusal up to twenty in an hour of one
    token: who tries without end fills no chain. Secrets are compared in constant time.
    """
    id, secret = _parts(token)
    with store.database.reading() as connection:
        found = connection.execute(
            sa.select(tables.tokens).where(tables.tokens.c.id == id)
        ).one_or_none()
    kept = _hashed("") if found is None else found.secret_hash
    is_same = hmac.compare_digest(kept, _hashed(secret))
    if found is None or not is_same:
        whose = WHOLE if found is None else store.customer(found.customer)
        why = "unknown_token" if found is None else "unknown_secret"
        _note_refusal(store, whose, _Refused("" if found is None else id, "", why))
        raise NotAllowed("this token is not known here; ask the owner for a token of your own")
    customer = store.customer(found.customer)
    who = person(store, customer, found.person)
    why = _refusal(store, found, who)
    if why:
        _note_refusal(store, customer, _Refused(id, who.id, why))
        raise NotAllowed(f"{REFUSALS[why]}; ask the owner for a token of your own")
    _note_use(store, customer, id, who.id)
    return Identity(
        customer=customer,
        person=who.id,
        roles=who.roles,
        proved_by=proved_by,
        token=id,
        is_machine=found.is_machine,
        scopes=_scopes(found.scopes),
    )


def why_not_proved(connection: Connection, identity: Identity, now: datetime) -> str:
    """Why a proof that held when it was made holds no more; empty while it does.

    Read inside the change that rests on it: a token that was revoked or ran out meanwhile and a
    session that was signed out prove nothing. Whether the person is disabled the rules say.
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


def require(store: Store, identity: Identity, scope: Scope) -> None:
    """NotAllowed, with an event, unless this token may do this; who does more than bring may read.

    Without scopes a token may do what its person may.
    """
    if not identity.scopes or scope in identity.scopes:
        return
    if scope == "read" and set(identity.scopes) - {"submit"}:
        return
    _note_refusal(store, identity.customer, _Refused(identity.token, identity.person, "scope"))
    flags = "".join(f" --scope {one}" for one in sorted({*identity.scopes, scope}))
    remedy = f"an owner makes another: `pilotage token create {identity.person}{flags}`"
    if identity.is_machine:
        is_given = scope in FOR_PROGRAMS
        service = f"`pilotage token create {identity.person}{flags} --service`"
        remedy = f"an owner makes another: {service}" if is_given else ASK_A_PERSON
    raise NotAllowed(f"this token may {', '.join(identity.scopes)} and not {scope}; {remedy}")


def refusals(store: Store, customer: Customer, since: datetime) -> dict[str, int]:
    """How often somebody was refused since then, by why; as far as it was written down."""
    e = tables.events.c
    query = sa.select(tables.events.c.body, e.at).where(
        e.customer == customer.id, e.table == "", e.subject.startswith("token/", autoescape=True)
    )
    found: dict[str, int] = {}
    for row in store.ledger.rows(query.where(e.kind == "access_refused")):
        if datetime.fromisoformat(row["at"]) >= since:
            why = str(json.loads(row["body"]).get("why", ""))
            found[why] = found.get(why, 0) + 1
    return found


ASK_A_PERSON = "ask a person to do it with their own"
REFUSALS = {
    "revoked": "this token was revoked",
    "expired": "this token expired",
    "disabled": "this person is disabled",
}


class _Granted(NamedTuple):
    """What a new token is for."""

    person: str
    scopes: list[str]
    expires_at: datetime | None
    is_service: bool


class _Refused(NamedTuple):
    """Whose token was refused, and why: an enumeration, never what was sent."""

    token: str
    person: str
    why: str


def _create(store: Store, customer: Customer, actor: str, granted: _Granted) -> str:
    id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    until = granted.expires_at
    row = {
        "id": id,
        "person": granted.person,
        "secret_hash": _hashed(secret),
        "is_machine": granted.is_service,
        "scopes": granted.scopes,
        "expires_at": None if until is None else text_of(until),
        "revoked_at": None,
    }
    told = {"person": granted.person, "machine": granted.is_service}
    with store.change(customer, actor) as change:
        if change.find(tables.people, id=granted.person) is None:
            raise NotFound(f"there is no person {granted.person!r}; `pilotage user add` adds one")
        row["created_at"] = change.now()
        scopes = " ".join(granted.scopes)
        change.insert(tables.tokens, row, "token_created", **told, scopes=scopes)
    return f"plt_{id}_{secret}"


def _refusal(store: Store, token: sa.Row[Any], who: Person) -> str:
    now = text_of(store.clock.now())
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is not None and token.expires_at <= now:
        return "expired"
    return "disabled" if who.is_disabled else ""


def _note_refusal(store: Store, customer: Customer, refused: _Refused) -> None:
    name = refused.token or "unknown"
    since = store.clock.now() - PERIOD
    times = _times(store, customer, name, "access_refused", MOST_REFUSALS)
    if len([at for at in times if at > since]) >= MOST_REFUSALS:
        return
    with store.change(customer, refused.person or "nobody") as change:
        change.append("access_refused", _sign_in(name), **refused._asdict())


def _note_use(store: Store, customer: Customer, id: str, who: str) -> None:
    """Write a sign-in down, once in an hour."""
    times = _times(store, customer, id, "token_used", 1)
    if times and times[0] > store.clock.now() - PERIOD:
        return
    with store.change(customer, who) as change:
        change.append("token_used", _sign_in(id), person=who)


def _times(store: Store, customer: Customer, token: str, kind: str, most: int) -> list[datetime]:
    """When it last happened, newest first."""
    e = tables.events.c
    mine = sa.and_(e.customer == customer.id, e.table == "", e.subject == f"token/{token}")
    query = sa.select(e.at).where(mine, e.kind == kind).order_by(e.seq.desc()).limit(most)
    return [datetime.fromisoformat(row["at"]) for row in store.ledger.rows(query)]


def _last_seen(store: Store, customer: Customer) -> dict[str, datetime]:
    e = tables.events.c
    query = (
        sa.select(e.subject, sa.func.max(e.at).label("at"))
        .where(e.customer == customer.id, e.table == "", e.kind == "token_used")
        .group_by(e.subject)
    )
    rows = store.ledger.rows(query)
    return {row["subject"].partition("/")[2]: datetime.fromisoformat(row["at"]) for row in rows}


def _sign_in(token: str) -> About:
    """What an event about coming in is about: no row, so it covers none."""
    return About("", f"token/{token}", "")


def _scopes(kept: Iterable[str]) -> tuple[Any, ...]:
    return tuple(BEFORE.get(scope, scope) for scope in kept)


def _parts(token: str) -> tuple[str, str]:
    head, _, rest = token.strip().partition("_")
    id, _, secret = rest.partition("_")
    if head != "plt" or not id or not secret:
        raise NotAllowed(
            "this is not a Pilotage token, which looks like plt_<id>_<secret>; set PILOTAGE_TOKEN "
            "to one, an owner makes it"
        )
    return id, secret


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
