"""A sales office: the drafting sample's home with its first version on a stage that acts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotage import settings
from pilotage.demo.stage import Stage, build, lay_policy
from policies.rules import read_plan, read_policy
from rollout.release import climb
from rollout.release.climb import Candidate
from rollout.sent import Sent
from runs import snapshots
from runs.plan import PlanRecord
from runs.records.item import Item
from tests import builders
from workflow.process.item import process_item
from workflow.samples.document_drafting import generator
from workflow.samples.known import find_sample
from workflow.version import make

SAMPLE = find_sample("document_drafting")
SMALL = 24


@dataclass(frozen=True)
class Office:
    """The sample's home with its first version on a slice that serves every request."""

    stage: Stage

    @property
    def store(self) -> Any:
        """The record."""
        return self.stage.wired.store

    def work_on(self, key: str, **changed: Any) -> Item:
        """A request, admitted and worked on to its end, or until it waits for a yes."""
        sender = self.stage.holder_of("delivery_engineer")
        sent = [Sent(key, request(**changed))]
        (item,) = self.stage.wired.admit(sender, SAMPLE.name, sent, batch="b")
        return self.go_on(item.id)

    def go_on(self, item: str) -> Item:
        """One job of the worker on an item."""
        deps = self.stage.wired.engines("test").process_deps(self.stage.customer)
        return process_item(deps, self.stage.customer, item)

    def kept(self, digest: str) -> Any:
        """A snapshot."""
        return snapshots.read(self.store, self.stage.customer, digest)

    def files(self, sink: str) -> list[Path]:
        """What was left in a folder of the customer."""
        return list((self.stage.wired.home.folder / "customer" / sink).rglob("*.json"))


def request(**changed: Any) -> dict[str, Any]:
    """An ordinary request of a fresh account with its tier in the note."""
    found = generator.requests(5, 60, pool="live")
    one = next(p for p in found if p.truth.why.startswith("clause 8") and not p.is_unclear)
    return {**one.input, "note": f"{one.truth.fields['tier']} as agreed", **changed}


def opened(folder: Path, *, at: int, plan_says: Callable[[str], str] = lambda text: text) -> Office:
    """The first version, its release standing on a stage with a small sample."""
    stage = build(settings.read({"PILOTAGE_HOME": str(folder / "home")}), SAMPLE, seed=1)
    lay_policy(stage, SAMPLE.priorities[0])
    documents, store, customer = SAMPLE.documents, stage.wired.store, stage.customer
    plan = read_plan(plan_says(documents.text("plan.yaml")), "plan.yaml").plan
    policy = read_policy(documents.text("policy.yaml"), "policy.yaml")
    assert plan is not None
    written = PlanRecord(run="r-1", plan=plan, lessons=(), changes=())
    version = make(written, builders.dataset([], workflow=plan.workflow))
    store.runs.open(customer, "timo_graf", builders.trigger(), builders.run())
    for record in (written, version, policy):
        store.keep(customer, "worker", record, "r-1")
    candidate = Candidate("r-1", written.digest, version.digest, policy.digest)
    release = climb.open(store, customer, candidate=candidate, salt="s")
    stages = tuple(one.model_copy(update={"sample": SMALL}) for one in release.stages)
    told = {"stage": at, "weight_bp": 10_000 if at else 0, "stages": stages}
    told |= {"entered_at": stage.wired.clock.now()}
    after = release.model_copy(update=told)
    store.releases.change(
        customer, "worker", before=release, after=after, event=("stage_entered", {})
    )
    return Office(stage)
