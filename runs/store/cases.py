"""Labelled cases, the datasets made of them, and what trials did with them."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from runs import tables
from runs.errors import NotFound
from runs.records.case import Case, Dataset, Split
from runs.records.evidence import CaseResult
from runs.records.person import Customer
from runs.store.change import Change, Ledger
from runs.store.rows import insert_each_once

_CASES = tables.cases
_FIRST = (
    sa.select(_CASES.c.body)
    .where(
        _CASES.c.customer == sa.bindparam("at_customer"),
        _CASES.c.dataset == sa.bindparam("at_dataset"),
    )
    .order_by(_CASES.c.id)
    .limit(sa.bindparam("most"))
)
_LABELLED = sa.select(sa.func.count().label("n")).where(
    _CASES.c.customer == sa.bindparam("at_customer"),
    _CASES.c.dataset == sa.bindparam("at_dataset"),
    _CASES.c.body["labelled_by"].as_string() == sa.bindparam("person"),
)


class Cases:
    """Cases by dataset and split; results by trial."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def keep(
        self, customer: Customer, actor: str, dataset: Dataset, cases: Sequence[Case]
    ) -> Dataset:
        """Keep a dataset and its cases, all or nothing; the same again are the same dataset."""
        with self._ledger.change(customer, actor) as change:
            self.keep_in(change, dataset, cases)
        return dataset

    def keep_in(self, change: Change, dataset: Dataset, cases: Sequence[Case]) -> None:
        """Keep a dataset and its cases inside a change."""
        digest = dataset.digest
        row = {
            "kind": "dataset",
            "id": f"dataset:{digest}",
            "run": "",
            "digest": digest,
            "body": dataset.as_json(),
            "kept_at": change.now(),
        }
        if change.insert(tables.records, row, "record_kept", record="dataset"):
            rows = [_row(change.customer, digest, case) for case in cases]
            change.connection.execute(tables.cases.insert(), rows)

    def datasets(self, customer: Customer, name: str = "") -> list[Dataset]:
        """Datasets, newest first; of one name where one is given."""
        rows = self._ledger.at(tables.records, customer, "kept_at", kind="dataset")
        found = [Dataset.model_validate(row["body"]) for row in reversed(rows)]
        return [dataset for dataset in found if not name or dataset.name == name]

    def newest(self, customer: Customer, name: str) -> Dataset:
        """The newest dataset of this name; NotFound when there is none."""
        found = self.datasets(customer, name)
        if not found:
            raise NotFound(f"there is no dataset {name!r}; `pilotage data import` brings one")
        return found[0]

    def read(self, customer: Customer, dataset: str, split: Split | None = None) -> list[Case]:
        """The cases of a dataset, by id; of one split where one is named."""
        named = {"split": split} if split else {}
        rows = self._ledger.at(tables.cases, customer, "id", dataset=dataset, **named)
        return [Case.model_validate(row["body"]) for row in rows]

    def first(self, customer: Customer, dataset: str, count: int) -> list[Case]:
        """The first cases of a dataset by id, so many at most."""
        told = {"at_customer": customer.id, "at_dataset": dataset, "most": count}
        return [Case.model_validate(row["body"]) for row in self._ledger.rows(_FIRST, told)]

    def count_labelled(self, customer: Customer, dataset: str, person: str) -> int:
        """How many cases of a dataset this person labelled."""
        told = {"at_customer": customer.id, "at_dataset": dataset, "person": person}
        return self._ledger.rows(_LABELLED, told)[0]["n"]

    def keep_results(self, customer: Customer, results: Iterable[CaseResult]) -> None:
        """Keep what a trial did with each case, once a case and epoch, in one transaction."""
        rows = [
            {
                "customer": customer.id,
                "trial": result.trial,
                "case": result.case,
                "epoch": result.epoch,
                "outcome": result.outcome,
                "failure": result.failure,
                "body": result.as_json(),
            }
            for result in results
        ]
        with self._ledger.database.writing() as connection:
            insert_each_once(connection, tables.case_results, rows)

    def results(self, customer: Customer, trial: str) -> list[CaseResult]:
        """What a trial did, by case."""
        rows = self._ledger.at(tables.case_results, customer, "case", "epoch", trial=trial)
        return [CaseResult.model_validate(row["body"]) for row in rows]


def _row(customer: Customer, dataset: str, case: Case) -> dict[str, Any]:
    return {
        "customer": customer.id,
        "dataset": dataset,
        "id": case.id,
        "family": case.family[:200],
        "split": case.split,
        "body": case.as_json(),
    }
