"""The customer, played: people who decide, tickets that come in, reviewers who look."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil

from pilotage.demo.stage import Stage
from rollout import ladder
from rollout.admission import Sent
from rollout.signals import measure
from runs import approvals, snapshots
from runs.approvals import Answer, Rules
from runs.errors import Conflict
from runs.records.item import Item, Review
from runs.records.release import Release
from runs.records.run import Run
from runs.store.items import ItemFilter, move_item
from runs.store.reviews import decide_review
from workflow.samples.support_triage.simulator import Simulator

SPARE = 1.05
"""So many times the tickets a stage needs on average come in together."""
SENDER = "delivery_engineer"


@dataclass
class Cast:
    """Everybody of one desk; moves only what a person or a customer's system would."""

    stage: Stage
    simulator: Simulator
    workflow: str
    rules: Rules
    _sent: int = field(default=0, init=False)
    _batches: int = field(default=0, init=False)

    def decide(self, run: Run) -> int:
        """Let each named person approve what waits for them, by their own token; how many did."""
        store, customer = self.stage.wired.store, self.stage.customer
        decided = 0
        for asked in approvals.list_approvals(store, customer, run=run.id):
            answered = {d.person for d in approvals.decisions_of(store, customer, asked.id)}
            for person in (need.people[0] for need in asked.needs if need.people):
                if person in answered:
                    continue
                answer = Answer(asked.id, "approve", "decided in the demo", asked.subject)
                approvals.decide(store, self.stage.identity(person), answer, self.rules)
                answered.add(person)
                decided += 1
        return decided

    def bring(self, release: Release) -> int:
        """Send the tickets the stage's sample still needs, at its share; how many were sent."""
        store, customer = self.stage.wired.store, self.stage.customer
        seen = measure(store, customer, release=release, now=store.clock.now())
        missing = seen.sample - seen.settled
        if missing <= 0:
            return 0
        share = release.weight_bp / 10_000 or 1.0
        most = min(len(self.simulator.tickets) - self._sent, ceil(missing / share * SPARE))
        tickets = self.simulator.tickets[self._sent : self._sent + most]
        self._sent += len(tickets)
        self._batches += 1
        sent = [Sent(str(one.input["ticket_id"]), dict(one.input)) for one in tickets]
        sender, name = self.stage.holder_of(SENDER), f"{self.workflow}-{self._batches}"
        self.stage.wired.admit(sender, self.workflow, sent, batch=name)
        return len(sent)

    def look_at(self, release: Release) -> int:
        """Answer every open review of the release, as the simulator; how many were answered."""
        answered = 0
        for review in self._open_reviews(release):
            item = self.stage.wired.store.items.get(self.stage.customer, review.item)
            self._answer(item, review)
            answered += 1
        return answered

    def pass_time(self, release: Release) -> None:
        """Turn the clock past the stage's hours once its sample is whole, and the CRM with it."""
        store, customer = self.stage.wired.store, self.stage.customer
        stage = ladder.find_stage(release)
        seen = measure(store, customer, release=release, now=store.clock.now())
        if stage is None or release.entered_at is None or seen.settled < seen.sample:
            return
        left = release.entered_at + timedelta(hours=stage.min_hours) - store.clock.now()
        if left > timedelta(0):
            self.stage.turn(left + timedelta(minutes=1))
            self.stage.export_crm()

    def has_queued(self, release: Release) -> bool:
        """True while the worker has tickets of the release to work on."""
        wanted = ItemFilter(release=release.id, status="queued")
        return bool(self.stage.wired.store.items.list(self.stage.customer, wanted, limit=1))

    def _open_reviews(self, release: Release) -> Iterator[Review]:
        store, customer = self.stage.wired.store, self.stage.customer
        for review in store.reviews.list(customer, status="open", limit=5_000):
            if store.items.get(customer, review.item).release == release.id:
                yield review

    def _answer(self, item: Item, review: Review) -> None:
        store, customer = self.stage.wired.store, self.stage.customer
        said = snapshots.read(store, customer, item.output)["label"] if item.output else ""
        judged = self.simulator.judge(item.key, said)
        reviewer = self.stage.identity(review.owner)
        agrees = judged.agrees and item.status != "quarantined"
        decided = review.model_copy(
            update={
                "status": "decided",
                "answer": "approve" if agrees else "edit",
                "label": judged.label,
                "routes": judged.routes,
                "decided_by": reviewer.person,
                "simulated": True,
                "decided_at": store.clock.now(),
            }
        )
        try:
            with store.change(customer, reviewer.person) as change:
                decide_review(change, decided)
                if item.status in ("in_review", "quarantined", "drafted"):
                    move_item(change, item.model_copy(update={"status": "closed"}))
        except Conflict:
            # Somebody answered first; theirs stands.
            return
