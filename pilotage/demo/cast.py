"""The customer, played: people who decide, work that comes in, reviewers who look."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil

from pilotage.demo.stage import Stage
from rollout import ladder, watch
from rollout.release import way_back
from rollout.release.cause import Asked
from rollout.sent import Sent
from rollout.signals import StageEvidence, count, measure
from runs import approvals
from runs.approvals import Answer, Rules
from runs.errors import Conflict
from runs.plan import Plan, PlanRecord
from runs.records.approval import Approval
from runs.records.item import Item
from runs.records.release import Release
from runs.records.run import Run
from runs.records.version import Route
from runs.store.filtered import ItemFilter
from runs.store.reviews import Waiting
from workflow import review
from workflow.review import Said
from workflow.samples.reviewer import Judged, Reviewer

SPARE = 1.05
"""So many times the pieces a stage needs on average come in together."""
TOGETHER = 60
"""So many pieces come in together at most: nobody sends the work of a week in one second."""
FEW = 15
"""The same where models are asked, which answer a few at a time."""
MORE = 40
"""So many pieces come in together once a stage's sample is whole."""
PATIENCE = 5
"""So many times as many a weak signal is given to recover; then the incident owner rolls back."""
STEP = timedelta(hours=13)
"""So far the clock is turned at once: signals are read twice a day at least."""
SENDER = "delivery_engineer"


@dataclass
class Cast:
    """Everybody of one priority; moves only what a person or a customer's system would."""

    stage: Stage
    simulator: Reviewer
    workflow: str
    rules: Rules
    _sent: int = field(default=0, init=False)
    _weak_since: int | None = field(default=None, init=False)
    _batches: int = field(default=0, init=False)

    def decide(self, run: Run) -> int:
        """Let each named person approve what waits for them, by their own token; how many did."""
        store, customer = self.stage.wired.store, self.stage.customer
        found = approvals.list_approvals(store, customer, run=run.id)
        return sum(self._agree(asked) for asked in found)

    def agree(self, release: Release) -> int:
        """Let the named people agree to the actions that wait for their yes; how many did."""
        store, customer = self.stage.wired.store, self.stage.customer
        found = approvals.list_approvals(store, customer, limit=5_000)
        mine = [one for one in found if one.kind == "action" and self._is_of(one, release)]
        return sum(self._agree(asked) for asked in mine)

    def _agree(self, asked: Approval) -> int:
        store, customer = self.stage.wired.store, self.stage.customer
        answered = {d.person for d in approvals.decisions_of(store, customer, asked.id)}
        left = [need.people[0] for need in asked.needs if need.people]
        left = [person for person in left if person not in answered]
        for person in left:
            answer = Answer(asked.id, "approve", "decided in the demo", asked.subject)
            approvals.decide(store, self.stage.identity(person), answer, self.rules)
        return len(left)

    def _is_of(self, asked: Approval, release: Release) -> bool:
        item = self.stage.wired.store.items.get(self.stage.customer, asked.covers["item"])
        return item.release == release.id

    def bring(self, release: Release) -> int:
        """Send the tickets the stage's sample and its signals still need; how many were sent."""
        store, customer = self.stage.wired.store, self.stage.customer
        far = count(store, customer, release=release, now=store.clock.now())
        missing = far.sample - far.settled
        # What the signals say is asked once the sample is whole: before, nobody waits for it.
        seen = None if missing > 0 else self._measured(release)
        weak = self._weak(release, seen) if seen else []
        if not seen or not weak:
            self._weak_since = None
        else:
            # The desk goes on: what comes next says whether the signal recovers.
            missing = MORE
            waited = self._waited(seen)
            if waited >= PATIENCE * MORE or self._sent >= len(self.simulator.pieces):
                return self._withdraw(release, weak, waited)
        if missing <= 0 or self._sent >= len(self.simulator.pieces):
            return 0
        share = release.weight_bp / 10_000 or 1.0
        left = len(self.simulator.pieces) - self._sent
        together = TOGETHER if self.stage.asking is None else FEW
        most = min(together, left, ceil(missing / share * SPARE))
        pieces = self.simulator.pieces[self._sent : self._sent + most]
        self._sent += len(pieces)
        self._batches += 1
        sent = [Sent(one.key, dict(one.input)) for one in pieces]
        sender, name = self.stage.holder_of(SENDER), f"{self.workflow}-{self._batches}"
        self.stage.wired.admit(sender, self.workflow, sent, batch=name)
        return len(sent)

    def _waited(self, seen: StageEvidence) -> int:
        """How many items a weak signal was given to recover, since it was first seen weak."""
        served = max((one.total for one in seen.signals), default=0)
        if self._weak_since is None or served < self._weak_since:
            self._weak_since = served
        return served - self._weak_since

    def look_at(self, release: Release) -> int:
        """Answer every open review of the release, as the simulator; how many were answered."""
        answered = 0
        for waits in self._waiting(release):
            self._answer(waits.item, waits.review.owner)
            answered += 1
        return answered

    def pass_time(self, release: Release) -> None:
        """Turn the clock on towards the end of the stage's hours once its sample is whole.

        A part of a day at a time, and only once the worker has read the signals: nobody sleeps.
        """
        store, customer = self.stage.wired.store, self.stage.customer
        stage = ladder.find_stage(release)
        now = store.clock.now()
        far = count(store, customer, release=release, now=now)
        if stage is None or release.entered_at is None or far.settled < far.sample:
            return
        left = release.entered_at + timedelta(hours=stage.min_hours) - now
        last = watch.last_read(store, customer, release, now=now)
        if left > timedelta(0) and not watch.is_due(self._plan(release), last, now):
            self.stage.turn(min(left + timedelta(minutes=1), STEP))
            self.stage.export_again()

    def is_out_of_work(self, release: Release) -> bool:
        """True when the stage needs more, all there is was sent, and no review of it is open."""
        if self._sent < len(self.simulator.pieces) or next(self._waiting(release), None):
            return False
        store, customer = self.stage.wired.store, self.stage.customer
        seen = measure(store, customer, release=release, now=store.clock.now())
        present = store.releases.get(customer, release.id)
        return present == release and (seen.settled < seen.sample or self._is_weak(release, seen))

    def _measured(self, release: Release) -> StageEvidence:
        store, customer = self.stage.wired.store, self.stage.customer
        return measure(store, customer, release=release, now=store.clock.now())

    def _plan(self, release: Release) -> Plan:
        return self.stage.wired.store.get(self.stage.customer, PlanRecord, release.plan).plan

    def _is_weak(self, release: Release, seen: StageEvidence) -> bool:
        return bool(self._weak(release, seen))

    def _weak(self, release: Release, seen: StageEvidence) -> list[str]:
        """Names of the signals that were not read or keep no limit."""
        told = watch.standings(self._plan(release), {one.name: one for one in seen.signals})
        return [one.name for one in told if one.is_unread or one.is_breached]

    def _withdraw(self, release: Release, weak: Sequence[str], waited: int) -> int:
        """The incident owner has seen enough and takes the version away."""
        store, customer = self.stage.wired.store, self.stage.customer
        owner = self.stage.identity(self._plan(release).owners.incidents)
        reason = f"{', '.join(weak)} did not recover over {waited} more items"
        cause = Asked(owner, reason, self.stage.wired.words())
        way_back.roll_back(store, customer, release=release, cause=cause)
        return 1

    def has_queued(self, release: Release) -> bool:
        """True while the worker has items of the release to work on."""
        wanted = ItemFilter(release=release.id, status="queued")
        return bool(self.stage.wired.store.items.list(self.stage.customer, wanted, limit=1))

    def _waiting(self, release: Release) -> Iterator[Waiting]:
        store, customer = self.stage.wired.store, self.stage.customer
        for waits in store.reviews.waiting(customer, workflow=release.workflow, limit=5_000):
            if waits.item.release == release.id:
                yield waits

    def _answer(self, item: Item, owner: str) -> None:
        reviews, reviewer = self.stage.wired.reviews(), self.stage.identity(owner)
        output = review.find_output(reviews.store, self.stage.customer, item)
        label, fields = ("", None) if output is None else (output.label, output.fields)
        said = _said(self.simulator.judge(item.key, label, fields), item)
        try:
            review.answer(reviews, reviewer, item.id, said)
        except Conflict:
            # Somebody answered first; theirs stands.
            return


def _said(judged: Judged, item: Item) -> Said:
    """The simulator's answer as a reviewer would give it; what never had a route is refused."""
    if not judged.label or (item.status == "quarantined" and "refuse" in judged.routes):
        routes: tuple[Route, ...] = tuple(one for one in judged.routes if one != "act")
        return Said("reject", routes, reason=judged.why, is_simulated=True)
    if judged.agrees:
        return Said("approve", judged.routes, is_simulated=True)
    fields = dict(judged.fields) or None
    return Said("edit", judged.routes, judged.label, judged.why, is_simulated=True, fields=fields)
