"""The ledger of invoices as a sample: one priority, three systems that are read, one ledger."""

from functools import partial

from workflow.samples.record_reconciliation import generator
from workflow.samples.record_reconciliation.world import neighbours
from workflow.samples.sample import Drawn, Priority, Records, Shares, Sink, single

FIRST = Priority(
    "record_reconciliation",
    "Hold every supplier invoice against its order within an hour",
    "Three people compare invoices by hand, and every third prompt payment discount is lost.",
    "plan.yaml",
    "policy.yaml",
    2_400,
)


def records(seed: int, live_seed: int) -> tuple[Records, ...]:
    """Orders, receipts and suppliers, of the labelled invoices and of the live ones."""
    found = list(generator.everybody(seed, live_seed, FIRST.live_families))
    return (
        Records("orders", "orders.csv", "po_number", generator.orders(found)),
        Records("receipts", "receipts.json", "po_number", generator.receipts(found)),
        Records("suppliers", "suppliers.json", "supplier_id", generator.supplier_file()),
    )


DRAWN = Drawn(
    cases=generator.cases,
    records=records,
    live=partial(generator.invoices, pool="live"),
    neighbours=neighbours,
    called="invoice",
)
SAMPLE = single(
    FIRST,
    DRAWN,
    sinks=(Sink("ledger", ("mark",)),),
    shares=Shares(learn=0.35, dev=0.25, holdout=0.40),
)
