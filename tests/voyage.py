"""A run on its way, step by step: the real wiring and graph, on cases learnt at once."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any

from agent import carry_on
from agent.deps import Deps
from agent.graph import build
from agent.loop import Loop, Seat, TriggerDraft, start
from agent.seat import seat
from pilotage import settings
from pilotage.engines import Engines
from pilotage.labelled import Brought, bring
from pilotage.lookout import watch_releases
from pilotage.systems import ToolsFile, ToolSpec, write_specs
from pilotage.wiring import Wired, wire
from policies import rules
from rollout.release import way_back
from rollout.release.cause import Asked
from rollout.sent import Sent
from rollout.signals import measure
from runs import approvals, audit, people, words
from runs.approvals import Answer
from runs.clock import TurnedClock
from runs.leases import Lease
from runs.records.approval import Approval, DecisionKind
from runs.records.item import Item, Review
from runs.records.person import Customer, Identity
from runs.records.release import Release
from runs.records.run import Run, Terminal, TriggerKind
from runs.records.version import PolicyValues, Route
from runs.store.filtered import ItemFilter
from runs.store.reviews import decide_review
from runs.store.store import Store
from tests import databases
from tests.builders import TERMS, person
from tests.tickets import Judge, Ticket, case_of, honest, plan_of, tickets, values_of, written
from tests.unit.pilotage.homes import make_house
from workflow.process.item import process_item

ADDED = {"bob": ("delivery_engineer",), "ivo": ("incident_owner",)}
WATCHED_EVERY = timedelta(hours=20)


def unchanged(deps: Deps) -> Deps:
    """What the door hands in."""
    return deps


@dataclass
class Voyage:
    """One home and the run that is looked at."""

    folder: Path
    tokens: Mapping[str, str]
    clock: TurnedClock = field(default_factory=TurnedClock)
    run_id: str = ""
    sent: int = 0
    build_graph: Callable[[Deps], Any] = build
    change_deps: Callable[[Deps], Deps] = unchanged
    """How a test hands in what fails."""

    def __post_init__(self) -> None:
        told = {"PILOTAGE_HOME": str(self.folder), "PILOTAGE_TICK_S": "0.05"}
        wired = wire(settings.read(told | databases.environment(self.folder)))
        self.wired: Wired = replace(
            wired, clock=self.clock, store=Store(wired.store.database, self.clock)
        )
        self.engines: Engines = self.wired.engines("")
        self.store: Store = self.wired.store
        self.customer: Customer = self.store.customer("acme")

    def copy(self, folder: Path) -> "Voyage":
        """The same home at the same point, elsewhere."""
        shutil.copytree(self.folder, folder)
        databases.copy(self.folder, folder)
        clock = TurnedClock(self.clock.offset)
        return Voyage(folder, self.tokens, clock, run_id=self.run_id, sent=self.sent)

    # What is there.

    @property
    def run(self) -> Run:
        """The run as it stands."""
        return self.store.runs.get(self.customer, self.run_id)

    @property
    def waits_for(self) -> str:
        """The kind of question that is open, `signals`, `retry`, or nothing."""
        what, _, _ = self.run.waits_for.partition(":")
        if what in ("", "signals", "retry"):
            return what
        return approvals.get(self.store, self.customer, what).kind

    @property
    def asked(self) -> Approval:
        """The question the run waits for."""
        return approvals.get(self.store, self.customer, self.run.waits_for)

    @property
    def terminal(self) -> Terminal:
        """The proven end, with the words of whoever is quoted in it."""
        end = self.store.get(self.customer, Terminal, self.run.terminal)
        told = words.told(self.store, self.customer, end.as_json())
        return Terminal.model_validate(told)

    @property
    def release(self) -> Release:
        """The run's release."""
        return self.store.releases.of_run(self.customer, self.run_id)[0]

    def questions(self, kind: str = "") -> list[Approval]:
        """Every question of the run, in the order asked."""
        found = approvals.list_approvals(self.store, self.customer, status="", run=self.run_id)
        asked = [one for one in found if kind in ("", one.kind)]
        return sorted(asked, key=lambda one: one.opened_at)

    def told(self) -> list[str]:
        """The kinds of the run's events, in order; housekeeping after its end comes last."""
        events = self.store.events(self.customer, self.run_id, limit=100_000)
        return [event.kind for event in events]

    @property
    def messages(self) -> list[Path]:
        """What was sent to the customer."""
        folder = self.wired.home.outbox("acme")
        return sorted(file for file in folder.rglob("*") if file.is_file())

    def verify(self) -> None:
        """Every change has its event, and no byte was altered."""
        report = audit.verify(self.store.database)
        assert report.ok, report.problems

    @property
    def acted(self) -> list[Path]:
        """What reached the customer's queues."""
        folder = self.folder / "customer" / "queues"
        return sorted(file for file in folder.rglob("*") if file.is_file())

    # What people and systems do.

    def identity(self, name: str) -> Identity:
        """A person, by their own token."""
        return self.wired.identify(self.tokens[name])

    def add(self, name: str, *roles: str) -> None:
        """One more person."""
        people.add_person(self.store, self.customer, "olga", person(id=name, roles=roles))
        token = people.create_token(self.store, self.customer, "olga", person=name)
        self.tokens = {**self.tokens, name: token}

    def start(self, plan: str | None = None, *, by: str = "dan", key: str = "k-1") -> Run:
        """A priority, with a plan; no plan is brought where it is empty."""
        text = written(plan_of()) if plan is None else plan
        draft = TriggerDraft("priority", "Sort the desk's tickets", "A day is lost.", key, text)
        run = start(self.store, self.customer, by, draft, self.wired.trigger_terms())
        self.run_id = run.id
        return run

    def begin(
        self, kind: TriggerKind, *, items: Sequence[str] = (), plan: str = "", key: str = "k-2"
    ) -> Run:
        """A run with another trigger, about the desk; on the plan that is kept unless one comes."""
        workflow = "" if kind in ("priority", "request") else "desk"
        draft = TriggerDraft(kind, f"A {kind}", "What was said.", key, plan)
        draft = draft._replace(workflow=workflow, items=tuple(items))
        run = start(self.store, self.customer, "dan", draft, self.wired.trigger_terms())
        self.run_id = run.id
        return run

    def take_up(self, record: str) -> Run:
        """A run on feedback that was brought."""
        draft = TriggerDraft("feedback", "", "", "", intake=record)
        run = start(self.store, self.customer, "dan", draft, self.wired.trigger_terms())
        self.run_id = run.id
        return run

    def hand_in(self, batch: Sequence[Ticket]) -> None:
        """These tickets come in."""
        self.sent += len(batch)
        sent = [Sent(one.key, one.input) for one in batch]
        self.wired.admit(self.identity("dan"), "desk", sent, batch=f"b{self.sent}")

    def serve(self, batch: Sequence[Ticket], judge: Judge = honest) -> list[Item]:
        """These tickets come in, are worked on and looked at; the items of those it served."""
        self.hand_in(batch)
        self.work()
        self.look(batch, judge)
        found = [self.store.items.find_by_key(self.customer, "desk", one.key) for one in batch]
        return [one for one in found if one is not None and one.arm == "canary"]

    def cancel(self, by: str = "dan", reason: str = "the desk closes in May") -> None:
        """One person calls the run off."""
        carry_on.cancel(self.store, self.identity(by), self.run, reason, self.wired.words())

    def carry_on(self, by: str, *, plan: str = "") -> Run:
        """One person says that the blocker is cleared; the run that goes on is looked at."""
        words = self.wired.words()
        run = carry_on.go_on(
            self.store, self.identity(by), self.run, "it is there now", words, plan=plan
        )
        self.run_id = run.id
        return run

    def loop(self) -> Loop:
        """What advances the run."""

        def made(store: Store, lease: Lease) -> Any:
            deps = replace(self.engines.deps(store, lease), salt=lambda: "salt")
            changed = self.change_deps(deps)
            is_ours = self.build_graph is build
            return seat(changed) if is_ours else Seat(self.build_graph(changed), changed)

        opened = partial(databases.checkpoints_of, self.wired.checkpoints)
        return Loop(self.store, made, opened, rules=self.wired.installation.digest)

    def advance(self, holder: str = "w1") -> Run:
        """To its next question, wait or end."""
        return self.loop().advance(self.customer, self.run_id, holder)

    def decide(
        self,
        name: str,
        kind: DecisionKind = "approve",
        *,
        asked: Approval | None = None,
        to: str = "",
        edit: str = "",
    ) -> Approval:
        """One person answers what the run waits for."""
        asked = asked or self.asked
        answer = Answer(asked.id, kind, f"{name} says {kind}", asked.subject, to, edit)
        judges = self.engines.decision_rules(self.customer)
        return approvals.decide(self.store, self.identity(name), answer, judges)

    def agree(self) -> None:
        """For every need one person approves who did not yet."""
        asked, agreed = self.asked, set[str]()
        for need in asked.needs:
            name = next(one for one in need.people if one not in agreed)
            self.decide(name, asked=asked)
            agreed.add(name)

    def expire(self) -> None:
        """The worker looks at what nobody answered."""
        approvals.expire_due(self.store, self.customer, self.engines.decision_rules(self.customer))

    def withdraw(self) -> None:
        """One person rolls the run's release back."""
        cause = Asked(self.identity("ben"), "customers complain", TERMS)
        way_back.roll_back(self.store, self.customer, release=self.release, cause=cause)

    def refuse(self, kind: DecisionKind = "reject") -> Run:
        """One person says no, and the run goes on."""
        self.decide(self.asked.needs[0].people[0], kind)
        return self.advance()

    def bring(self, judge: Judge = honest) -> None:
        """So many tickets as the sample may still need; they are worked on and looked at."""
        now = self.store.clock.now()
        seen = measure(self.store, self.customer, release=self.release, now=now)
        share = self.release.weight_bp / 10_000 or 1.0
        batch = tickets(f"live{self.sent}", ceil((seen.sample - seen.settled) / share))
        self.sent += len(batch)
        sent = [Sent(one.key, one.input) for one in batch]
        self.wired.admit(self.identity("dan"), self.release.workflow, sent, batch=f"b{self.sent}")
        self.work()
        self.look(batch, judge)

    def work(self) -> None:
        """The worker brings every queued item to its end."""
        deps = replace(self.engines.process_deps(self.customer), holder="w1")
        waiting = ItemFilter(status="queued")
        for item in self.store.items.list(self.customer, waiting, limit=1_000):
            self.engines.follow(self.customer, item.workflow)
            process_item(deps, self.customer, item.id)

    def look(self, batch: Sequence[Ticket], judge: Judge) -> None:
        """Reviewers answer every open review."""
        known = {ticket.key: ticket for ticket in batch}
        # What works beside a version in use has a key made of the sender's.
        known |= {sha256(ticket.key.encode()).hexdigest()[:20]: ticket for ticket in batch}
        for review in self.store.reviews.list(self.customer, status="open", limit=1_000):
            item = self.store.items.get(self.customer, review.item)
            self._answer(review, *judge(known[item.key.rpartition(":")[2]]))

    def _answer(self, review: Review, label: str, routes: tuple[Route, ...]) -> None:
        told = {"status": "decided", "answer": "approve", "label": label, "routes": routes}
        told |= {"decided_by": "ben", "decided_at": self.store.clock.now()}
        with self.store.change(self.customer, "ben") as change:
            decide_review(change, review.model_copy(update=told))

    def edit(self, **changed: Any) -> PolicyValues:
        """Operations edit the policy file; returns what it says now."""
        file = self.wired.policy_files.file(self.customer, "desk")
        before = rules.read_policy(file.read_text(encoding="utf-8"), str(file))
        after = PolicyValues.model_validate(before.as_json() | changed)
        file.write_text(rules.write_policy(after), encoding="utf-8")
        return after

    def turn(self, **by: float) -> None:
        """Time passes, and a worker reads the signals meanwhile."""
        left = timedelta(**by)
        while left > timedelta(0):
            self.sleep(min(left, WATCHED_EVERY))
            watch_releases(self.wired, self.customer)
            left -= WATCHED_EVERY

    def sleep(self, by: timedelta) -> None:
        """Time passes, and nobody watches."""
        self.clock.turn(by)

    # Further and further.

    def step(self, judge: Judge = honest) -> str:
        """Whatever the run waits for happens; what it waits for then, `ended` at its end."""
        waits_for = self.waits_for
        if waits_for == "signals":
            self.bring(judge)
        elif waits_for == "retry":
            self.sleep(timedelta(minutes=15))
        elif waits_for:
            self.agree()
        self.advance()
        return "ended" if self.run.status == "ended" else self.waits_for

    def until(self, wanted: str, *, judge: Judge = honest) -> "Voyage":
        """On to a question, to `signals` or to `ended`."""
        for _ in range(30):
            if self.step(judge) in (wanted, "ended"):
                break
        reached = "ended" if self.run.status == "ended" else self.waits_for
        assert reached == wanted, f"{reached or self.run.status} instead of {wanted}"
        return self


def set_out(folder: Path) -> Voyage:
    """A home with people, tools, values and labelled cases; no run yet."""
    house = make_house(folder)
    wired, customer = house.wired, house.customer
    tokens = dict(house.tokens)
    for name, roles in ADDED.items():
        people.add_person(wired.store, customer, "olga", person(id=name, roles=roles))
        tokens[name] = people.create_token(wired.store, customer, "olga", person=name)
    queues = ToolSpec(
        name="queues",
        kind="folder",
        path="customer/queues",
        operations=("assign",),
        is_made_up=True,
    )
    write_specs(wired.home, customer, ToolsFile(tools=(queues,)))
    lay(wired, customer, values_of())
    voyage = Voyage(folder, tokens)
    import_cases(voyage, "desk")
    return voyage


def lay(wired: Wired, customer: Customer, values: PolicyValues) -> None:
    """Put a workflow's values where operations edit them."""
    file = wired.policy_files.file(customer, values.workflow)
    file.write_text(rules.write_policy(values), encoding="utf-8")


def import_cases(voyage: Voyage, name: str, count: int = 240) -> None:
    """The expert brings labelled cases."""
    cases = [case_of(one) for one in tickets(f"case-{name}", count)]
    shares: Any = {"learn": 0.4, "dev": 0.3, "holdout": 0.3}
    brought = Brought(name, name, "salt", shares, acceptance="They are made up; that is known.")
    bring(voyage.store, voyage.identity("eva"), cases, brought)
