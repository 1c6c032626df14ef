"""A home with one workflow in full use that only assigns tickets: what tests of volume start from.

The route fills a template and learns nothing, so that what is measured is the way of the item. What
acts is whatever the tools file says; a test names a receiver, a measurement a folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotage import founding, settings
from pilotage.home import Home, Mark
from pilotage.settings import Settings
from pilotage.systems import ToolsFile, ToolSpec, write_specs
from pilotage.wiring import Wired, wire
from rollout.sent import Sent
from runs import people
from runs.plan import PlanRecord
from runs.records.item import Item
from runs.records.person import Customer, Identity
from runs.records.version import PolicyValues, Version
from runs.store.filtered import ItemFilter
from tests import builders, databases
from tools.http.declared import Http

CUSTOMER = "acme"
WORKFLOW = "desk"
QUEUES = "queues"
PEOPLE = {"dan": ("delivery_engineer",), "ana": ("product_owner",), "ben": ("ops_lead",)}
ROUTE = {
    "kind": "template",
    "label": "refund",
    "text": "{{said}}",
    "fillings": ({"name": "said", "kind": "text", "field": "text"},),
    "dataset": builders.DIGEST,
}
FOLDER = ToolSpec(name=QUEUES, kind="folder", path=QUEUES, operations=("assign",), is_made_up=True)


@dataclass
class Line:
    """The home, and who sends items to it."""

    folder: Path
    wired: Wired
    sender: Identity
    token: str
    version: Version

    @property
    def customer(self) -> Customer:
        """The only customer."""
        return self.sender.customer

    def send(self, count: int, *, first: int = 0, batch: str = "") -> list[Item]:
        """Take in so many tickets, numbered from `first`."""
        numbers = range(first, first + count)
        sent = [Sent(f"t-{n}", {"text": f"where is the refund of order {n}?"}) for n in numbers]
        return self.wired.admit(self.sender, WORKFLOW, sent, batch=batch)

    def counted(self) -> dict[str, int]:
        """How many items stand in each status."""
        return self.wired.store.items.count(self.customer, ItemFilter(workflow=WORKFLOW))

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this home is started with."""
        told = {"PILOTAGE_HOME": str(self.folder), "PILOTAGE_TOKEN": self.token}
        return told | databases.environment(self.folder)


def over_http(url: str) -> ToolSpec:
    """The desk's queues as a system that speaks HTTP, and says what it did under a key."""
    declared = {
        "is_private": True,
        "timeout_s": 20,
        "base_url": url,
        "endpoints": {"assign": {"path": "/tickets/{item}/assign"}},
        "look_up": {"path": "/effects/{key}"},
    }
    http = Http.model_validate(declared)
    return ToolSpec(name=QUEUES, kind="http", http=http, is_made_up=True)


def settings_of(folder: Path, **told: str) -> Settings:
    """The settings of such a home."""
    return settings.read({"PILOTAGE_HOME": str(folder)} | databases.environment(folder) | told)


def lay(folder: Path, tool: ToolSpec = FOLDER, *, is_demo: bool = True, **told: str) -> Line:
    """Make the home, with one release in full use that acts through this tool."""
    home = Home(folder)
    home.make(Mark(is_demo=is_demo))
    databases.lay(folder)
    chosen = settings_of(folder, **told)
    founding.prepare(chosen)
    wired = wire(chosen)
    customer = people.add_customer(wired.store, CUSTOMER, "Acme", is_demo=is_demo)
    for name, roles in PEOPLE.items():
        people.add_person(wired.store, customer, "cli", builders.person(id=name, roles=roles))
    token = people.create_token(wired.store, customer, "cli", person="ben")
    write_specs(home, customer, ToolsFile(tools=(tool,)))
    version = _release(wired, customer)
    return Line(folder, wired, wired.identify(token), token, version)


def _release(wired: Wired, customer: Customer) -> Version:
    """A version in full use, and the values that lead."""
    version = builders.version(routes=(ROUTE,), labels=("refund",))
    policy: PolicyValues = builders.policy(audit_share=0.0, review_owner="ben")
    plan: PlanRecord = builders.plan_record()
    for record in (version, policy, plan):
        wired.store.keep(customer, "cli", record)
    wired.store.policies.lead(customer, "cli", policy)
    stages = plan.plan.rollout.stages
    placed: dict[str, Any] = {"version": version.digest, "policy": policy.digest}
    placed |= {"plan": plan.digest, "stages": stages}
    release = builders.release(**placed, stage=len(stages) - 1, weight_bp=10_000)
    wired.store.releases.open(customer, "cli", release)
    return version
