"""what does the work of a home: what the loop, the items and the memory need, made once."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from hashlib import sha256
from tempfile import TemporaryDirectory
from typing import Any, get_args

from agent import edits
from agent.deps import Deps, Practice
from agent.question import current_subject
from agent.standing import facts_of, look
from agent.state import State
from memory_store.embedding import hash_ngram
from memory_store.memory.index import Index
from memory_store.memory.memory import Memory
from memory_store.memory.vectors import Vectors
from memory_store.recall import Pack, recall
from pilotage import paying
from pilotage.home import Home
from pilotage.paying import Doors
from pilotage.policy_files import Files
from policies.approvals import rule_on
from policies.privacy import Pattern, compile_mask
from policies.routing import Router
from policies.rules import Installation
from policies.standins import next_needs
from rollout import admission
from rollout.admission import DRILL, Sorted, submit_many
from rollout.advance import Facts
from rollout.sent import Sent
from runs import approvals, people
from runs.approvals import Rules
from runs.clock import Clock
from runs.errors import Conflict, InvalidInput, Unavailable
from runs.leases import Hands, Lease
from runs.records.approval import Approval
from runs.records.item import Item, Output, Unanswered
from runs.records.person import Customer, Identity
from runs.records.release import Release
from runs.records.version import PolicyValues, Source, Version
from runs.snapshots import Terms
from runs.store import schema
from runs.store.database import Database
from runs.store.store import Store
from tools.model.account import Payer
from tools.model.asked import Model
from tools.notify import Outbox
from tools.tokens import count_tokens
from tools.tool import Tool
from workflow import held, settling
from workflow.actions import ActionDeps
from workflow.evaluate.bench import Bench
from workflow.evaluate.brought import Values
from workflow.process import asking
from workflow.process.item import end_late, give_up
from workflow.process.parts import ProcessDeps
from workflow.requests import Check
from workflow.sources import Context, find_fields, read_context

log = logging.getLogger("pilotage.engines")

RECHECK_EVERY = timedelta(minutes=5)
RECHECKED = 200
"""So many open questions, the most urgent, are held against the sources now and then."""
HELD_S = 10.0
"""An item that a silent worker holds is free after so many seconds."""
BUDGET_TOKENS = 2_000
"""What the lessons recalled for one step may take."""


@dataclass(frozen=True)
class Chosen:
    """What `pilotage/wiring.py` chose, as far as it is needed here."""

    home: Home
    clock: Clock
    store: Store
    installation: Installation
    policy_files: Files
    checkpoints: str
    """URL of where runs stand in the loop."""
    tools: Callable[[Customer], Mapping[str, Tool]]
    """The systems a customer's workflows may reach, by name."""
    notices: Callable[[Customer], Outbox]
    """Where a customer's people are told."""
    doors: Doors
    """The way of a version to models, paid for by somebody."""
    asks: Callable[[Store, Payer, Terms], Model | None]
    """A model whose questions somebody pays for, kept in a store; None where none is declared."""
    routes: Callable[[], Sequence[str]]
    """The routes to models that are declared, by name."""


class Engines:
    """The moving parts of one process; each is made when it is first needed."""

    def __init__(self, chosen: Chosen, *, holder: str, has_lease: Callable[[], bool]) -> None:
        self.chosen = chosen
        self.holder = holder
        self._has_lease = has_lease
        self._benches: dict[str, Bench] = {}
        self._routers: dict[tuple[str, str], Router] = {}
        self._rechecked: dict[str, datetime] = {}
        self._lock = threading.Lock()

    @cached_property
    def index(self) -> Index | None:
        """The search index; only a worker has one."""
        if not self.holder:
            return None
        return Index(self.chosen.home.index, hash_ngram(), has_lease=self._has_lease)

    @cached_property
    def _hands(self) -> Hands:
        """What holds an item while a worker acts on it."""
        return Hands(self.chosen.store, holder=self.holder, ttl_s=HELD_S)

    def memory(self, store: Store) -> Memory:
        """What was learnt, over a store."""
        vectors = Vectors(
            store=store.lessons,
            embedder=hash_ngram(),
            customers=store.customers,
            index=self.index,
        )
        mask = compile_mask((), get_args(Pattern))
        return Memory(store=store.lessons, vectors=vectors, mask=mask, count_tokens=count_tokens)

    def recall(self, customer: Customer, question: str, workflow: str) -> Pack:
        """The lessons that fit a question, within the budget of one step."""
        return recall(
            self.memory(self.chosen.store),
            customer,
            question=question,
            workflow=workflow,
            budget_tokens=BUDGET_TOKENS,
            now=self.chosen.clock.now(),
        )

    def bench(self, customer: Customer) -> Bench:
        """What shows cases and items to versions; one a customer, so that fits are shared."""
        with self._lock:
            if customer.id not in self._benches:
                self._benches[customer.id] = self._make_bench(customer)
            return self._benches[customer.id]

    def deps(self, store: Store, lease: Lease) -> Deps:
        """Everything a node of the loop may touch, over a store that the lease fences."""

        def actions(customer: Customer, check: Check) -> ActionDeps:
            terms = Terms(compile_mask((), get_args(Pattern)), None)
            return ActionDeps(store, self.chosen.tools(customer), terms, (check,), lease)

        def models(customer: Customer, run: str) -> Model | None:
            terms = Terms(compile_mask((), get_args(Pattern)), None)
            return self.chosen.asks(store, Payer(customer, f"run:{run}", run=run), terms)

        return Deps(
            store=store,
            policy_files=self.chosen.policy_files,
            installation=self.chosen.installation,
            bench=partial(self._bench_of, store, lease),
            memory=self.memory(store),
            recall=self.recall,
            actions=actions,
            salt=self._salt,
            practice=Practice(
                scratch=self._scratch,
                router=self._router,
                terms=paying.terms_of,
                person=self._person,
                budget=self.chosen.installation.item_budget,
                notices=self.chosen.notices,
            ),
            seconds=time.monotonic,
            models=models,
            routes=self.chosen.routes,
        )

    def decision_rules(self, customer: Customer) -> Rules:
        """What judges a decision, and what makes the digest of what it is about again."""
        of_run = current_subject(self.deps(self.chosen.store, NOBODY), customer)
        of_item = asking.current(self.process_deps(customer), customer)
        of_call = held.current(self.chosen.store, customer)
        terms = Terms(compile_mask((), get_args(Pattern)), None)

        def current(asked: Approval) -> str:
            if asked.kind == "policy":
                return self.chosen.policy_files.subject_now(customer, asked)
            if asked.kind == "call":
                return of_call(asked)
            return of_item(asked) if asked.kind == "action" else of_run(asked)

        def policy(asked: Approval) -> PolicyValues:
            return self.policy_of(customer, asked)

        check_edit = partial(edits.check, self.chosen.store, customer)
        return Rules(rule_on, current, terms, policy, next_needs, check_edit)

    def policy_of(self, customer: Customer, asked: Approval) -> PolicyValues:
        """The values a question is judged by: those it covers, else those that lead."""
        store, covers = self.chosen.store, asked.covers
        named = covers.get("policy") or covers.get("before", "")
        found = store.find(customer, PolicyValues, named) if named else None
        if found is not None:
            return found
        workflow = covers.get("workflow", "")
        if not workflow and asked.run:
            workflow = store.runs.get(customer, asked.run).workflow
        led = self.chosen.policy_files.last_led(customer, workflow) if workflow else None
        return led or self.chosen.installation.policy

    def standing(self, customer: Customer, release: Release) -> Facts:
        """Everything a move of the release rests on, as it is now, for whoever acts on it."""
        return facts_of(_state(customer, release), self.deps(self.chosen.store, NOBODY), release)

    def look(self, customer: Customer, release: Release, *, approval: str = "") -> Facts:
        """The same for whoever only looks: nothing is kept."""
        deps = self.deps(self.chosen.store, NOBODY)
        return look(_state(customer, release), deps, release, approval=approval)

    def admit(
        self, identity: Identity, workflow: str, sent: Sequence[Sent], *, batch: str
    ) -> list[Item]:
        """Take items in, under the policy that leads now."""
        self.follow(identity.customer, workflow)
        actor = f"token:{identity.token}" if identity.is_machine else identity.person
        deps = admission.Deps(self.chosen.store, actor, paying.terms_of)
        return submit_many(deps, identity.customer, workflow, sent, batch=batch)

    def sort_out(self, identity: Identity, workflow: str, sent: Sequence[Sent]) -> Sorted:
        """What of these could be taken in, each looked at alone; nothing is written."""
        deps = admission.Deps(self.chosen.store, identity.person, paying.terms_of)
        return admission.sort_out(deps, identity.customer, workflow, sent)

    def give_up(self, customer: Customer, item: str, reason: str) -> Item:
        """Hand a queued item that cannot be worked on to a person."""
        return give_up(self.process_deps(customer), customer, item, reason)

    def end_late(self, customer: Customer, item: Item) -> None:
        """Hand an item past its deadline to a person; Conflict where a worker has it in hand."""
        end_late(self.process_deps(customer), customer, item)

    def reconcile_actions(self, customer: Customer, left_open: timedelta) -> None:
        """Settle what a crash left open for so long, by asking the other side; never acts.

        What surely was not done, and nobody will do any more, is stopped.
        """
        store = self.chosen.store
        before = store.clock.now() - left_open
        open_since = [a for a in store.actions.unsettled(customer) if a.reserved_at < before]
        if not open_since:
            return
        terms = Terms(compile_mask((), get_args(Pattern)), None)
        # By another name than the worker's own, which may be on the item at this moment.
        looking = f"{self.holder}{settling.LOOKING}"
        deps = settling.Deps(store, self.chosen.tools(customer), terms, looking)
        for action in open_since:
            try:
                settling.look_over(deps, customer, action)
            except Unavailable as error:
                log.warning("an action stays open: %s", error, extra={"item": action.item})

    def recheck_actions(self, customer: Customer) -> None:
        """Ask again at once about actions whose ground changed; each is looked at now and then."""
        store, now = self.chosen.store, self.chosen.clock.now()
        deps = self.process_deps(customer)
        found = approvals.list_approvals(store, customer, limit=RECHECKED)
        for asked in (one for one in found if one.kind == "action"):
            if now - self._rechecked.get(asked.id, asked.opened_at) < RECHECK_EVERY:
                continue
            self._rechecked[asked.id] = now
            try:
                asking.recheck(deps, customer, asked)
            except (Unavailable, Conflict) as error:
                log.warning("a question was not looked at again: %s", error)

    def close(self) -> None:
        """Let go of what only a worker holds."""
        if "_hands" in self.__dict__:
            self._hands.close()
        if "index" in self.__dict__ and self.index is not None:
            self.index.close()

    def follow(self, customer: Customer, workflow: str) -> None:
        """Let an edited policy file lead; one that may not leaves the last that led."""
        if workflow.endswith(DRILL):
            return
        try:
            self.chosen.policy_files.find(customer, workflow)
        except InvalidInput as error:
            log.warning("a policy file may not lead: %s", error)

    def follow_edit(self, customer: Customer, workflow: str) -> None:
        """The same, where the file was written since it was last followed here."""
        if self.chosen.policy_files.is_edited(customer, workflow):
            self.follow(customer, workflow)

    def process_deps(self, customer: Customer) -> ProcessDeps:
        """Everything the work on an item may touch."""
        return ProcessDeps(
            store=self.chosen.store,
            tools=self.chosen.tools(customer),
            answer=partial(self._answer, customer),
            router=self._router,
            terms=paying.terms_of,
            person=self._person,
            budget=self.chosen.installation.item_budget,
            seconds=time.monotonic,
            holder=self.holder,
            hands=self._hands if self.holder else None,
            is_solo=self.chosen.installation.is_solo,
            models=partial(paying.of_item, self.chosen.store, self.chosen.doors),
        )

    def measuring(self, customer: Customer, person: str) -> Bench:
        """The bench of a person who has models asked about labelled cases."""
        payer = Payer(customer, person)
        return paying.measuring(self.bench(customer), self.chosen.store, self.chosen.doors, payer)

    def _bench_of(self, store: Store, lease: Lease, customer: Customer) -> Bench:
        bench, doors = self.bench(customer), self.chosen.doors
        return paying.of_run(bench, store, doors, customer=customer, lease=lease)

    def _answer(
        self, customer: Customer, version: Version, item: Mapping[str, Any], context: Values
    ) -> Output | Unanswered:
        bench = self.bench(customer)
        with self._lock:
            bench.prepare(version)
        return bench.answer(version, item, context)

    @contextmanager
    def _scratch(self, customer: Customer) -> Iterator[tuple[Store, Customer]]:
        """A record of its own in a folder of its own; both are gone afterwards."""
        with TemporaryDirectory(prefix="pilotage-drill-") as folder:
            database = Database(f"sqlite:///{folder}/drill.db")
            try:
                schema.upgrade(database, self.chosen.clock)
                store = Store(database, self.chosen.clock)
                name, is_demo = customer.name, customer.is_demo
                yield store, people.add_customer(store, customer.id, name, is_demo=is_demo)
            finally:
                database.close()

    def _router(self, version: Version, policy: PolicyValues) -> Router:
        name = (version.digest, policy.review_owner)
        if name not in self._routers:
            self._routers[name] = Router(version.rules, review_owner=policy.review_owner)
        return self._routers[name]

    def _salt(self) -> str:
        """Another random text for every lineage; a demo's follow from its seed."""
        seed = self.chosen.home.mark().seed
        if not seed:
            return secrets.token_hex(16)
        store = self.chosen.store
        number = sum(len(store.releases.list(customer)) for customer in store.customers())
        return sha256(f"{seed}:{number}".encode()).hexdigest()[:32]

    def _person(self, customer: Customer, wanted: str) -> str:
        """The person of an id, or the first who holds the role; empty when there is nobody."""
        return people.find_active(self.chosen.store, customer, wanted)

    def _make_bench(self, customer: Customer) -> Bench:
        tools = self.chosen.tools(customer)

        def read(sources: Sequence[Source], item: Mapping[str, Any]) -> Context:
            return read_context(sources, tools, item=item, now=self.chosen.clock.now())

        def fields(source: Source, item: Mapping[str, Any]) -> frozenset[str]:
            return find_fields(source, tools, item=item, now=self.chosen.clock.now())

        store, cache = self.chosen.store, self.chosen.home.fits
        return Bench(store, customer, read_context=read, cache=cache, find_fields=fields)


def _state(customer: Customer, release: Release) -> State:
    """Where the run of a release stands, as far as its moves ask."""
    return State(
        customer=customer.id,
        run=release.run,
        plan=release.plan,
        version=release.version,
        policy=release.policy,
        release=release.id,
    )


NOBODY = Lease("", "", 0)
"""A lease that holds nothing: whoever is handed it can ask, and never act."""
