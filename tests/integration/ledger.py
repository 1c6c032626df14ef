"""A record, a desk and an outbox as folders: what the tests of single actions start from."""

from pathlib import Path
from typing import Any

from policies.privacy import compile_mask
from runs import snapshots
from runs.clock import StoppedClock
from runs.leases import take
from runs.records.item import Action
from runs.records.person import Customer
from runs.records.version import Effect
from runs.store.store import Store
from tests import builders
from tests.integration import desk
from tests.integration.desk import MortalTool
from tools.files.sink import FolderSink
from tools.notify import Outbox
from tools.tool import Tool
from workflow.actions import ActionDeps, perform
from workflow.requests import Check, Request

ASSIGN = Effect(name="assign", tool="desk", operation="assign", level="update")
SEND = Effect(
    name="send_update",
    tool="outbox",
    operation="send",
    level="trigger",
    risks=("customer_facing", "irreversible"),
)
UPDATE = {"to": ["ana"], "title": "Week 9", "text": "All well."}
CONTENT = {"item": "ticket-1", "label": "refund"}


def anything(_: Request) -> str:
    """A check that lets everything pass."""
    return ""


class Ledger:
    """A record, a desk and an outbox as folders, and a lease on one item."""

    def __init__(self, folder: Path, *, is_demo: bool = False) -> None:
        self.store: Store = builders.make_store(folder)
        self.customer: Customer = builders.make_customer(self.store, is_demo=is_demo)
        clock = StoppedClock(builders.NOW)
        self.sink = FolderSink("desk", folder / "desk", clock=clock, schema=desk.ASSIGN)
        self.outbox = Outbox(folder / "outbox", clock=clock)
        self.folder = folder
        self.tool = MortalTool(self.sink, is_real=True)

    def deps(self, *checks: Check, **tools: Tool) -> ActionDeps:
        """What an action is handed; one check that lets everything pass unless others are named."""
        lease = take(self.store, self.customer, "item:i-1", holder="worker-1", ttl_s=60)
        assert lease is not None
        known: dict[str, Tool] = {"desk": self.tool, "outbox": self.outbox}
        terms = snapshots.Terms(compile_mask((), ("email",)), 30)
        return ActionDeps(self.store, known | tools, terms, checks or (anything,), lease)

    def perform(self, *checks: Check, **changed: Any) -> Action:
        """Assign the item, or whatever the change says."""
        return perform(self.deps(*checks), self.customer, request(**changed))

    @property
    def written(self) -> list[str]:
        """The files the desk and the customer received."""
        folders = (self.folder / "desk", self.folder / "outbox")
        return [path.name for folder in folders if folder.exists() for path in folder.iterdir()]

    def actions(self) -> list[tuple[str, str]]:
        """Key and status of every action of the item."""
        kept = self.store.actions.of_item(self.customer, "i-1")
        return [(action.key, action.status) for action in kept]


def request(**changed: Any) -> Request:
    """The assignment of an item."""
    values: dict[str, Any] = {"effect": ASSIGN, "content": CONTENT, "item": "i-1"}
    return Request(**values | changed)
