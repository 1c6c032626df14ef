"""A look at the holdout is never forgotten, however much else was kept since."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.nodes.dry_run import looks
from agent.state import State
from runs import tables
from runs.records.case import Dataset
from runs.records.evidence import FixTrial, Patch
from runs.records.person import Customer
from runs.store.store import Store
from tests import builders
from tests.builders import make_customer, make_store

MANY = 10_001
"""Evidence of a release that is looked at every hour for a year."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A record with a customer."""
    store = make_store(tmp_path)
    make_customer(store)
    return store


def fix(id: str, look: int) -> FixTrial:
    """A value that was tried and refused."""
    told = {"repaired": 0, "broken": 0, "critical_broken": 0, "gain": 0, "loss": 0}
    return FixTrial.model_validate(
        told
        | {
            "id": id,
            "run": "r-1",
            "group": "decide/label/misclassified/refund/delivery",
            "patch": Patch(rank=1, document="policy", operations=(), tokens=1, says="0.5 for 0.4"),
            "version": builders.DIGEST,
            "policy": builders.DIGEST,
            "p_improve": "1.0000",
            "holdout_low": "",
            "look": look,
            "accepted": False,
            "reason": "repairs nothing",
            "tried_at": builders.NOW,
        }
    )


def looked(store: Store, customer: Customer) -> Dataset:
    """A dataset whose holdout was looked at once by a gate and once for a fix."""
    cases = [builders.case(split="holdout")]
    dataset = store.cases.keep(customer, "cli", builders.dataset(cases), cases)
    told = {"kind": "holdout", "split": "holdout", "subject": dataset.digest, "look": 1}
    store.keep(customer, "worker", builders.evidence(**told), "r-1")
    for id, look in (("r-1.fix.a", 2), ("r-1.fix.b", 0)):
        store.keep(customer, "worker", fix(id, look), "r-1")
    return dataset


def crowd(store: Store, customer: Customer) -> None:
    """Everything that was kept since, as rows."""
    one = builders.evidence(kind="access", split="")
    told = {"customer": customer.id, "kind": "evidence", "run": "r-2", "digest": one.digest}
    rows = [
        {**told, "id": f"evidence:{n}", "body": one.as_json(), "kept_at": "2026-04"}
        for n in range(MANY)
    ]
    with store.database.writing() as connection:
        connection.execute(tables.records.insert(), rows)


def test_looks_that_were_spent_long_ago_are_spent(store: Store) -> None:
    """Otherwise the same cases would be looked at until a candidate passes by chance."""
    customer = store.customer("acme")
    dataset = looked(store, customer)
    crowd(store, customer)

    deps: Any = SimpleNamespace(
        store=store,
        installation=SimpleNamespace(looks=5),
        customer=lambda _: customer,
        get=lambda _, kind, id: store.get(customer, kind, id),
    )
    state = State(customer="acme", run="r-9", dataset=dataset.digest)

    assert looks(state, deps).used == 2
