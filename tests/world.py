"""The desk on its way: a real record under a clock that stands still, its items and its people."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from policies.approvals import rule_on
from rollout import admission, advance, ladder
from rollout.admission import Deps
from rollout.advance import Facts
from rollout.release import climb, way_on
from rollout.release.cause import Asked
from rollout.release.climb import Candidate
from rollout.sent import Sent
from runs import approvals, snapshots
from runs.approvals import Answer, Rules
from runs.clock import StoppedClock
from runs.events import BodyValue
from runs.plan import Plan
from runs.records.approval import Need
from runs.records.item import Item, Output
from runs.records.person import Customer, Identity
from runs.records.release import Release
from runs.records.version import PolicyValues, Route
from runs.store.reviews import decide_review
from runs.store.store import Store
from tests import builders
from tests.builders import NOW, TERMS

ENDS: dict[Route, tuple[str, str]] = {
    "act": ("acted", "audit"),
    "review": ("in_review", "exception"),
    "refuse": ("refused", "exception"),
}
"""How an item that was routed so ends, and which review a person gets."""


@dataclass(frozen=True)
class World:
    """One customer with one desk."""

    store: Store
    clock: StoppedClock
    customer: Customer
    candidate: Candidate

    @property
    def deps(self) -> Deps:
        """Items come from the command line; nothing is masked."""
        return Deps(self.store, "cli", lambda _: TERMS)

    def lead(self, policy: PolicyValues) -> str:
        """Let other values lead, as an edited file does; returns their digest."""
        self.store.keep(self.customer, "ben", policy)
        self.store.policies.lead(self.customer, "ben", policy)
        return policy.digest

    def open(self, *, run: str = "r-1", retention_days: int = 30, **changed: Any) -> Release:
        """A release of a version, before its first stage; another retention is another version."""
        plan, policy = self.candidate.plan, self.candidate.policy
        version = builders.version(plan=plan, retention_days=retention_days, **changed)
        self.store.keep(self.customer, "worker", version)
        return climb.open(
            self.store,
            self.customer,
            candidate=Candidate(run, plan, version.digest, policy),
            salt=f"salt of {run}",
        )

    def at(self, stage: str, **changed: object) -> Release:
        """The first version's release, standing on a stage since now."""
        return self.put(self.open(), stage, **changed)

    def put(self, release: Release, stage: str, **changed: object) -> Release:
        """A release, put on a stage under the values that lead, without asking anybody."""
        index = [one.name for one in release.stages].index(stage)
        weight = ladder.allows(release.stages[index]).weight_bp
        told = {"stage": index, "weight_bp": weight, "entered_at": self.clock.now()}
        leading = self.store.policies.find_leading(self.customer, release.workflow)
        told |= {"policy": leading or release.policy}
        after = release.model_copy(update=told | changed)
        return self.store.releases.change(
            self.customer, "worker", before=release, after=after, event=("stage_entered", {})
        )

    def agreed(self, stage: str, **changed: object) -> Release:
        """The same, agreed to by people, while its run is under way."""
        self.store.runs.open(self.customer, "dan", builders.trigger(), builders.run())
        release = self.at(stage, **changed)
        rung = ladder.Rung(release.stage, release.weight_bp)
        approval = self.approve(advance.exact(release, rung), id=f"a-{stage}")
        told = release.model_copy(update={"entered_at": self.clock.now()})
        body: dict[str, BodyValue] = {"approval": approval}
        return self.store.releases.change(
            self.customer, "worker", before=release, after=told, event=("stage_entered", body)
        )

    def resume(
        self, held: Release, cause: Asked | None = None, *, is_solo: bool = False, **changed: Any
    ) -> Release:
        """Ana, who answers for its expansion, lets it go on; its watch has no gap."""
        now = self.clock.now()
        notes = dict.fromkeys((*advance.WATCHED, *advance.READ), "")
        told = {"kind": "monitoring", "version": held.version, "policy": held.policy}
        told |= {"subject": ladder.subject(held), "notes": notes, "measured_at": now}
        watched = builders.evidence(**told, expires_at=now + timedelta(hours=1))
        facts = Facts(
            release=held,
            now=now,
            policy=held.policy,
            dry_run=None,
            stage=None,
            sample="",
            drill=None,
            monitoring=watched,
            approval=None,
        )._replace(**changed)
        cause = cause or self.asked("ana", "product_owner", "the source answers again")
        told: dict[str, Any] = {"facts": facts, "cause": cause, "is_solo": is_solo}
        return way_on.resume(self.store, self.customer, **told)

    def send(self, count: int, *, prefix: str = "t", **fields: str) -> list[Item]:
        """Tickets, taken in in one go."""
        sent = [
            Sent(f"{prefix}-{n}", {"text": f"ticket {prefix} {n}", **fields}) for n in range(count)
        ]
        return admission.submit_many(self.deps, self.customer, "desk", sent)

    def end(self, item: Item, route: Route = "act", label: str = "refund", **out: Any) -> Item:
        """End the work on an item as the worker does, with the review it gets."""
        digest = self.keep("output", output(label=label, **out).as_json())
        seen = self.keep("context", {"item": item.input, "values": {}, "problems": []})
        status, kind = ENDS[route]
        if item.arm == "shadow":
            status, kind = "drafted", "shadow"
        now = self.clock.now()
        told = {"status": status, "route": route, "output": digest, "finished_at": now}
        told |= {"snapshot": seen, "rule": "threshold"}
        review = builders.review(id=f"{item.id}.{kind}", item=item.id, kind=kind, opened_at=now)
        ended = item.model_copy(update=told)
        return self.store.items.finish(self.customer, ended, [review] if item.audited else [])

    def keep(self, kind: str, value: Any) -> str:
        """A snapshot; returns its digest."""
        return snapshots.keep(
            self.store, self.customer, "worker", kind=kind, value=value, terms=TERMS
        )

    def answer(self, item: Item, label: str = "refund", routes: tuple[str, ...] = ("act",)) -> None:
        """A person says what was right."""
        told = {"status": "decided", "answer": "approve", "label": label, "routes": routes}
        told |= {"decided_by": "ben", "decided_at": self.clock.now()}
        for review in self.store.reviews.of_item(self.customer, item.id):
            with self.store.change(self.customer, "ben") as change:
                decide_review(change, review.model_copy(update=told))

    def approve(self, covers: dict[str, str], *, id: str = "a-1", kind: str = "stage") -> str:
        """Ana agrees, through the rules, to exactly this; returns the approval's id."""
        need = Need(role="business_owner", count=1, people=("ana",))
        due = self.store.clock.now() + timedelta(hours=24)
        asked = builders.approval(id=id, kind=kind, covers=covers, needs=(need,), due_at=due)
        asked = approvals.open_approval(self.store, self.customer, "worker", asked)
        rules = Rules(judge=rule_on, current=lambda approval: approval.subject)
        said = Answer(asked.id, "approve", "", asked.subject)
        approvals.decide(self.store, self.person("ana", "business_owner"), said, rules)
        return asked.id

    def person(self, name: str, *roles: str) -> Identity:
        """A person, proved by a token."""
        return builders.identity(self.customer, name, roles=roles)

    def asked(self, name: str = "ben", role: str = "ops_lead", reason: str = "it errs") -> Asked:
        """A person's word, with a reason."""
        return Asked(self.person(name, role), reason, TERMS)


def output(**changed: Any) -> Output:
    """A sure answer of the learnt route."""
    values: dict[str, Any] = {
        "label": "refund",
        "confidence": 0.9,
        "scope": 0.9,
        "runner_up": "delivery",
        "route_used": "baseline",
        "fields": {},
    }
    return Output.model_validate(values | changed)


def make_world(
    folder: Path, clock: StoppedClock | None = None, *, plan: Plan | None = None
) -> World:
    """An empty record with the desk's plan, or another, its version and its policy on it."""
    clock = clock or StoppedClock(NOW)
    store = builders.make_store(folder, clock)
    customer = builders.make_customer(store)
    written = builders.plan_record(plan=plan or builders.plan())
    version = builders.version(plan=written.digest)
    policy = builders.policy()
    for record in (written, version, policy):
        store.keep(customer, "worker", record, "r-1")
    return World(
        store, clock, customer, Candidate("r-1", written.digest, version.digest, policy.digest)
    )
