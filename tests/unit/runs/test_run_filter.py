"""Runs are found by how they began, how they ended, what they are about and how old they are."""

from datetime import timedelta
from pathlib import Path

import pytest

from runs.records.person import Customer
from runs.store.runs import RunFilter
from runs.store.store import Store
from tests import builders
from tests.builders import NOW, make_customer, make_store

pytestmark = pytest.mark.both_databases


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A priority that ended as a blocker, and a failure that is open for three days."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    store.runs.open(customer, "dan", builders.trigger(), builders.run(workflow="desk"))
    end = builders.terminal()
    store.keep(customer, "worker", end, "r-1")
    store.runs.close(customer, "worker", end)
    other = builders.trigger(id="t-2", key="k-2", kind="failure")
    opened = NOW - timedelta(days=3)
    store.runs.open(customer, "dan", other, builders.run(id="r-2", trigger="t-2", opened_at=opened))
    return store


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RunFilter(), ["r-1", "r-2"]),
        (RunFilter(trigger="failure"), ["r-2"]),
        (RunFilter(trigger="request"), []),
        (RunFilter(terminal="blocker_escalated"), ["r-1"]),
        (RunFilter(terminal="issue_fixed"), []),
        (RunFilter(workflow="desk"), ["r-1"]),
        (RunFilter(status="open"), ["r-2"]),
        (RunFilter(opened_by=NOW - timedelta(days=2)), ["r-2"]),
        (RunFilter(opened_by=NOW - timedelta(days=4)), []),
    ],
)
def test_runs_are_narrowed_by(store: Store, wanted: RunFilter, found: list[str]) -> None:
    """Each part alone; what ended is never old."""
    customer: Customer = store.customer("acme")

    assert [one.id for one in store.runs.list(customer, wanted=wanted)] == found
