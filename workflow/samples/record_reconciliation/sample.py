"""The ledger of invoices as a sample: one priority, three systems that are read, one ledger."""

from typing import Any

from workflow.samples.documents import Documents
from workflow.samples.record_reconciliation import generator
from workflow.samples.record_reconciliation.world import neighbours
from workflow.samples.reviewer import Reviewer
from workflow.samples.sample import Priority, Records, Sample, Shares, Sink

FIRST = Priority(
    "record_reconciliation",
    "Hold every supplier invoice against its order within an hour",
    "Three people compare invoices by hand, and every third prompt payment discount is lost.",
    "plan.yaml",
    "policy.yaml",
    2_400,
)


def cases(seed: int, workflow: str) -> list[dict[str, Any]]:
    """The labelled invoices; there is one workflow."""
    del workflow
    return generator.cases(seed)


def records(seed: int, live_seed: int) -> tuple[Records, ...]:
    """Orders, receipts and suppliers, of the labelled invoices and of the live ones."""
    found = list(generator.everybody(seed, live_seed, FIRST.live_families))
    return (
        Records("orders", "orders.csv", "po_number", generator.orders(found)),
        Records("receipts", "receipts.json", "po_number", generator.receipts(found)),
        Records("suppliers", "suppliers.json", "supplier_id", generator.supplier_file()),
    )


def reviewer(seed: int, workflow: str, families: int) -> Reviewer:
    """The live invoices and who looks at them."""
    del workflow
    found = generator.invoices(seed, families, pool="live")
    return Reviewer(found, neighbours, called="invoice")


SAMPLE = Sample(
    name="record_reconciliation",
    documents=Documents("workflow.samples.record_reconciliation"),
    priorities=(FIRST,),
    cases=cases,
    records=records,
    sinks=(Sink("ledger", ("mark",)),),
    reviewer=reviewer,
    shares=Shares(learn=0.35, dev=0.25, holdout=0.40),
)
