"""who pays for what a version asks models: an item, a run, or a person who compares."""

from collections.abc import Callable
from functools import partial

from runs.leases import Lease
from runs.records.item import Item
from runs.records.person import Customer
from runs.records.version import Version
from runs.snapshots import Terms
from runs.store.store import Store
from tools.model.account import Payer
from workflow.evaluate.bench import Bench
from workflow.models.asking import Door
from workflow.models.cases import CaseModels
from workflow.version import mask_of

Doors = Callable[[Store, Payer, Terms], Door]
"""The way to models, paid for by somebody, for words that may be kept so in a store."""
LANES = 4
"""So many labelled cases are asked about at the same time; each endpoint has its own limit."""
RUN = "run:"


def of_item(store: Store, doors: Doors, customer: Customer, item: Item) -> Door:
    """The way to models for a live item, which pays out of its own budget."""
    version = store.get(customer, Version, item.version)
    return doors(store, Payer(customer, "worker", item=item.id), terms_of(version))


def of_run(bench: Bench, store: Store, doors: Doors, *, customer: Customer, lease: Lease) -> Bench:
    """The bench of a run, which asks models and pays for it; of nobody's run the bench as it is."""
    run = lease.name.removeprefix(RUN)
    if not lease.name.startswith(RUN):
        return bench
    return measuring(bench, store, doors, Payer(customer, f"{RUN}{run}", run=run))


def measuring(bench: Bench, store: Store, doors: Doors, payer: Payer) -> Bench:
    """The bench, which asks models about labelled cases, paid for by somebody."""
    asker = CaseModels(store, payer.customer, partial(doors, store, payer), lanes=LANES)
    return bench.asking(asker)


def terms_of(version: Version) -> Terms:
    """What may be kept of the items of a version, and how long."""
    return Terms(mask_of(version), version.retention_days, version.retention)
