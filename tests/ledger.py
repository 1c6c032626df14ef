"""A record with something of everything, signed and anchored; and what a forger does to it."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import approvals, keys, people, signing, tables
from runs.approvals import Answer, Rules
from runs.chain import anchors
from runs.chain.walk import event_hash
from runs.keys import Said
from runs.moves import ApprovalStatus
from runs.records.anchor import Written, written
from runs.records.approval import Need
from runs.store.change import FIRST
from runs.store.store import Store
from tests.builders import (
    NOW,
    approval,
    case,
    dataset,
    evidence,
    identity,
    item,
    make_customer,
    make_store,
    run,
    trigger,
)


class Says(NamedTuple):
    """A ruling for the test."""

    allowed: bool = True
    reason: str = "because"
    closes: ApprovalStatus | None = None
    role: str = "product_owner"
    because: str = ""
    behalf: str = ""
    delegation: str = ""
    needs: tuple[Need, ...] = ()
    to: tuple[str, ...] = ()


WAITS = Rules(lambda *_: Says(), lambda asked: asked.subject)
PRIVATE = signing.make_key
KEPT = (*(table for table in tables.metadata.sorted_tables if table.name != "alembic_version"),)


class Ledger(NamedTuple):
    """The record and the anchor that was written of it."""

    store: Store
    anchor: Written

    def anchors(self, folder: Path) -> Path:
        """The file of the place outside."""
        file = folder / "anchors.ndjson"
        file.write_text(self.anchor.model_dump_json(by_alias=True) + "\n", encoding="utf-8")
        return file

    def tell(self, *statements: str, **values: Any) -> None:
        """Write behind the record's back."""
        with self.store.database.engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement), values)

    def relink(self, since: int) -> None:
        """Give every event from one on the hash its content has now, and the head as well."""
        e, head = tables.events, tables.chain_head
        with self.store.database.engine.begin() as connection:
            query = sa.select(e).where(e.c.seq >= since - 1).order_by(e.c.seq)
            previous, last = FIRST, since - 1
            for row in [dict(row._mapping) for row in connection.execute(query)]:
                if row["seq"] >= since:
                    event = {**row, "body": json.loads(row["body"]), "previous": previous}
                    row["hash"] = event_hash(event)
                    values = {"previous": previous, "hash": row["hash"]}
                    connection.execute(e.update().where(e.c.seq == row["seq"]).values(**values))
                previous, last = row["hash"], row["seq"]
            connection.execute(head.update().values(seq=last, hash=previous))

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that is kept, to be put back."""
        with self.store.database.engine.begin() as connection:
            return {
                table.name: [dict(row._mapping) for row in connection.execute(sa.select(table))]
                for table in KEPT
            }

    def put_back(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        """Let everything be as it was."""
        with self.store.database.engine.begin() as connection:
            for table in reversed(KEPT):
                connection.execute(table.delete())
            for table in KEPT:
                if rows[table.name]:
                    connection.execute(table.insert(), rows[table.name])


def make_ledger(folder: Path) -> Ledger:
    """Two runs, an item, cases, a signed and an unsigned decision; an anchor before the last."""
    store = make_store(folder)
    customer = make_customer(store)
    store.runs.open(customer, "dan", trigger(), run())
    store.runs.open(customer, "dan", trigger(id="t-2", key="k-2"), run(id="r-2", trigger="t-2"))
    store.keep(customer, "worker", evidence(), "r-1")
    cases = [case(id="c-1"), case(id="c-2", family="f-2")]
    store.cases.keep(customer, "maren", dataset(cases), cases)
    people.create_token(store, customer, "cli", person="ana")
    _decide(store)
    head = anchors.find_head(store)
    assert head
    anchor = anchors.make(store, "file:test", head)
    anchors.keep_written(store, "worker", anchor)
    store.items.admit(customer, "api", item())
    return Ledger(store, Written.model_validate(written(anchor)))


def _decide(store: Store) -> None:
    """Ana signs what she decides, Ben has no key."""
    customer = store.customer("acme")
    asked = approvals.open_approval(store, customer, "run:r-1", approval())
    private, ana = signing.make_key(), identity(customer)
    keys.add(store, ana, signing.public_of(private))
    said = Said(asked.id, asked.subject, "approve", None)
    signature = keys.sign(private, ana, said, NOW)
    yes = Answer("a-1", "approve", "", asked.subject, signature=signature)
    approvals.decide(store, ana, yes, WAITS)
    ben = identity(customer, "ben", token="t2")
    approvals.decide(store, ben, Answer("a-1", "approve", "", asked.subject), WAITS)
