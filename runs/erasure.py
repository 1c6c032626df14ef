"""what a run, an item or a person left in words, taken out of the record for good.

Rows, digests and events stay, so that the chain still tells what happened; only the texts go. What
was sent outside, a plan and labelled cases are no part of it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import snapshots, tables, words
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.people import OWNER
from runs.records.person import Customer, Identity
from runs.records.run import Run
from runs.snapshots import Terms, Why
from runs.store.items import UNFINISHED
from runs.store.store import Store

MAY_ERASE = (OWNER, "compliance")
"""One person in one of these roles is enough."""
MAX_REASON = 4_000
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
OF_A_RUN = (
    "cancellation",
    "clearing",
    "plan_draft",
    "proposal",
    "refusal",
    "report",
    "ruled",
    "terminal",
    "uptake",
)
"""Records in which a run tells its own words; a briefing also quotes those of other runs."""


class Text(NamedTuple):
    """One text that can be erased."""

    digest: str
    kind: str
    masked: int
    is_erased: bool


def of_run(store: Store, customer: Customer, run: Run) -> list[Text]:
    """Everything a run holds in words: why it began, what people said, what it wrote and sent."""
    return _texts(store, customer, _named_by_run(store, customer, run))


def of_item(store: Store, customer: Customer, item: str) -> list[Text]:
    """Everything an item holds in words: what came in, was seen, said, done and answered."""
    found = store.items.get(customer, item)
    rows = [
        found.as_json(),
        *(one.as_json() for one in store.actions.of_item(customer, item)),
        *(one.as_json() for one in store.reviews.of_item(customer, item)),
        *_said_of(store, customer, found.id),
        *(one.as_json() for one in store.calls.every(customer, item=item)),
        *_ruled_for(store, customer, item),
    ]
    return _texts(store, customer, _digests(rows))


def _said_of(store: Store, customer: Customer, item: str) -> Iterator[dict[str, Any]]:
    """What models said of an item: kept by the question, under the item's id."""
    table = tables.records
    mine = sa.and_(table.c.customer == customer.id, table.c.kind == "model_answer")
    of_it = table.c.id.startswith(f"model_answer:{item}.", autoescape=True)
    return (row["body"] for row in store.ledger.rows(sa.select(table.c.body).where(mine, of_it)))


def _ruled_for(store: Store, customer: Customer, item: str) -> Iterator[Any]:
    """What was ruled on calls that a model chose for the item."""
    table = tables.records
    ruled = sa.and_(table.c.kind == "ruled", table.c.body["item"].as_string() == item)
    mine = sa.select(table.c.body).where(table.c.customer == customer.id, ruled)
    return (row["body"] for row in store.ledger.rows(mine))


def of_digest(store: Store, customer: Customer, begin: str) -> Text:
    """The text of this digest, or of a beginning that is unique; NotFound otherwise."""
    table = tables.snapshots
    name = "sha256:" + begin.strip().lower().removeprefix("sha256:")
    mine = sa.and_(table.c.customer == customer.id, table.c.digest.startswith(name))
    rows = store.ledger.rows(sa.select(table).where(mine).limit(2))
    if len(rows) != 1:
        what = "several texts begin" if rows else "no text begins"
        raise NotFound(
            f"{what} with {begin!r}; `pilotage run explain RUN` and `pilotage item show ITEM` "
            "name their digests"
        )
    return _text(rows[0])


def require_ended(run: Run) -> None:
    """Conflict while the run still needs what it was started with."""
    if run.status != "ended":
        raise Conflict(
            f"run {run.id} is {run.status} and still reads what it was started with; let it end "
            "(`pilotage approval reject` ends it), then erase"
        )


def require_worked_on(store: Store, customer: Customer, item: str) -> None:
    """Conflict while the worker still has to read the item."""
    status = store.items.get(customer, item).status
    if status in UNFINISHED:
        raise Conflict(
            f"item {item} is {status} and will be worked on; wait for that (`pilotage item show "
            f"{item}` says what it waits for), then erase"
        )


def erase(
    store: Store, identity: Identity, texts: Sequence[Text], *, reason: str, terms: Terms
) -> list[Text]:
    """Erase these texts in one transaction, with who and why; returns what was erased now.

    Raises NotAllowed, with an event, for anybody without the role; InvalidInput without a reason.
    """
    admit(store, identity, reason)
    with store.change(identity.customer, identity.person) as change:
        why = Why("asked", words.say(change, reason, terms, kind="reason"))
        erased = [one for one in texts if snapshots.erase_in(change, one.digest, why)]
    store.database.scrub()
    return erased


def keep_reason(store: Store, identity: Identity, reason: str, terms: Terms) -> str:
    """Keep why somebody erases; the digest of their words."""
    with store.change(identity.customer, identity.person) as change:
        return words.say(change, reason, terms, kind="reason")


def admit(store: Store, identity: Identity, reason: str) -> None:
    """Let a named person erase; NotAllowed with an event for anybody else."""
    says = ""
    if identity.is_machine or not identity.person:
        says = "a machine does not decide this; use a token of your own"
    elif not set(identity.roles) & set(MAY_ERASE):
        roles = ", ".join(MAY_ERASE)
        says = f"{identity.person} holds none of the roles {roles}; ask somebody who does"
    if says:
        actor = identity.person or f"token:{identity.token}"
        with store.change(identity.customer, actor) as change:
            change.append("access_refused", person=identity.person, verb="erase")
        raise NotAllowed(f"erase: {says}")
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise InvalidInput(
            f"erase: a reason of 1 to {MAX_REASON} characters is needed; add --reason TEXT"
        )


def _named_by_run(store: Store, customer: Customer, run: Run) -> set[str]:
    asked = sa.select(tables.approvals.c.id).where(
        tables.approvals.c.customer == customer.id, tables.approvals.c.run == run.id
    )
    wanted = [
        (tables.triggers, tables.triggers.c.id == run.trigger),
        (tables.decisions, tables.decisions.c.approval.in_(asked)),
        (tables.actions, tables.actions.c.run == run.id),
        (tables.model_calls, tables.model_calls.c.run == run.id),
        (tables.records, _own_records(run)),
        (tables.events, tables.events.c.run == run.id),
    ]
    found: set[str] = set()
    for table, where in wanted:
        query = sa.select(table).where(table.c.customer == customer.id, where)
        if table is tables.events:
            query = query.where(table.c.kind.startswith("release_"))
        found |= _digests(store.ledger.rows(query))
    return found


def _own_records(run: Run) -> Any:
    table = tables.records
    return sa.and_(table.c.run == run.id, table.c.kind.in_(OF_A_RUN))


def _digests(rows: Iterable[dict[str, Any]]) -> set[str]:
    return {name for row in rows for name in DIGEST.findall(json.dumps(row, default=str))}


def _texts(store: Store, customer: Customer, names: set[str]) -> list[Text]:
    """Those of the names under which a text was kept, by kind."""
    table = tables.snapshots
    found: list[Text] = []
    for part in words.parts(sorted(names)):
        query = sa.select(table).where(table.c.customer == customer.id, table.c.digest.in_(part))
        found += list(_each(store.ledger.rows(query)))
    return sorted(found, key=lambda one: (one.kind, one.digest))


def _each(rows: Iterable[dict[str, Any]]) -> Iterator[Text]:
    return (_text(row) for row in rows)


def _text(row: dict[str, Any]) -> Text:
    return Text(row["digest"], row["kind"], row["masked"], row["content"] is None)
