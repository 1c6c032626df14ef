"""Intake, context, decide and route: what each finds out, as small JSON that outlives a crash.

Each sees what the part before it keeps, as it is kept, never what it remembers: after a crash the
same is seen. What all of them keep is written by the change that first rests on it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from policies.budgets import NOTHING, Budget, Spend
from policies.routing import ANSWER, Facts, Router
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.leases import Hands, Hold
from runs.records.item import Item, Output, Unanswered
from runs.records.person import Customer
from runs.records.version import PolicyValues, Version
from runs.snapshots import Terms, make, read
from runs.store.change import Change
from runs.store.releases import Ground
from runs.store.store import Store
from tools.tool import Tool
from workflow.models.asking import Door
from workflow.models.live import Live, nowhere
from workflow.models.live import answer as live_answer
from workflow.models.words import Ground as Told
from workflow.process.contract import Fields, read_fields
from workflow.process.patience import TooLong, told, values_of, within
from workflow.process.pending import Pending
from workflow.sources import Context, masking, masking_context, read_context, unread

MOST_TOLD = 5
"""A reason names at most so many fields or sources."""


Ended = Callable[[Change], None]
"""Says in the change that ends an item that the work on it is done."""


@dataclass(frozen=True)
class ProcessDeps:
    """Everything an item's work may touch."""

    store: Store
    tools: Mapping[str, Tool]
    """Every declared tool by name; the sandbox gets them without means."""
    answer: Callable[
        [Version, Mapping[str, Any], Mapping[str, Mapping[str, Any]]], Output | Unanswered
    ]
    """The version's route: its answer to the item's typed fields and what was read for them."""
    router: Callable[[Version, PolicyValues], Router]
    """The version's rules, compiled; cached by whoever hands it in."""
    terms: Callable[[Version], Terms]
    """The version's mask and retention."""
    person: Callable[[Customer, str], str]
    """The person of a role or person id; empty when there is nobody."""
    budget: Spend
    """What the work on one item may take."""
    seconds: Callable[[], float]
    """A stopwatch: real seconds that only grow."""
    holder: str
    """Who holds the lease on an item while it acts; unique for each worker."""
    lease_s: float = 10.0
    hands: Hands | None = None
    """What holds the leases of this process, where many items are worked on."""
    is_solo: bool = False
    """The installation says that it has one person."""
    models: Callable[[Customer, Item], Door] | None = None
    """The way to models, paid for by an item; without it a version's models are not there."""
    ended: Ended | None = None
    """Written into the change with which the item ends."""

    @contextmanager
    def holding(self, customer: Customer, item: Item) -> Iterator[Hold]:
        """The lease on the item for as long as the block lasts, once something takes it."""
        hands = self.hands or Hands(self.store, holder=self.holder, ttl_s=self.lease_s)
        try:
            with hands.holding(customer, f"item:{item.id}") as hold:
                yield hold
        finally:
            if self.hands is None:
                hands.close()


@dataclass(frozen=True)
class Work:
    """One item in hand."""

    deps: ProcessDeps
    customer: Customer
    item: Item
    version: Version
    tools: Mapping[str, Tool]
    """Without means where the item only shadows the work of people."""
    ground: Ground
    """What it stood on when it was taken in hand."""
    shown: dict[str, Any] = field(default_factory=dict)
    """The snapshots that were read or made, by digest."""
    pending: Pending = field(default_factory=Pending)
    """What the item's next change writes first."""

    @cached_property
    def terms(self) -> Terms:
        """What of this item may be kept, and how long."""
        return self.deps.terms(self.version)

    def policy(self) -> PolicyValues:
        """The values of the item's release as it was taken in hand; before any led, the item's own.

        What leads for the workflow leads for its newest release: a candidate in the sandbox does
        not change what the version before it does alone.
        """
        store, ground = self.deps.store, self.ground
        if ground.newest not in ("", self.item.release):
            return store.get(self.customer, PolicyValues, ground.release.policy)
        return store.get(self.customer, PolicyValues, ground.leading or self.item.policy)

    @property
    def came_under(self) -> PolicyValues:
        """The values that led when the item came in; kept at hand by whoever reads them once."""
        return values_of(self.deps.store, self.customer, self.item)

    @cached_property
    def fields(self) -> Fields:
        """The item's input held against the contract."""
        return read_fields(self.version.contract, self.kept(self.item.input))

    def kept(self, digest: str) -> Any:
        """A snapshot of this customer, read once; exactly as it is kept, or will be."""
        if digest not in self.shown:
            self.shown[digest] = read(self.deps.store, self.customer, digest)
        return self.shown[digest]

    def keep(self, kind: str, value: Any, terms: Terms) -> str:
        """Make a snapshot that the item's next change keeps; returns its digest."""
        text = make(kind=kind, value=value, terms=terms)
        self.pending.keep(text)
        self.shown[text.digest] = json.loads(text.content)
        return text.digest

    def write(self) -> None:
        """Write what is pending in a change of its own, where nothing else is written."""
        if not self.pending.is_empty:
            # It need not outlive the machine before the item acts or ends: that change does.
            with self.deps.store.change(self.customer, "worker", lags=True) as change:
                self.pending.write_in(change)


def prepare(work: Work) -> dict[str, Any]:
    """The four parts, up to where the item goes: `reason` alone where it breaks the contract.

    Otherwise what `route` says with `snapshot` and `output`, both of which the item's next change
    keeps. Whatever dies before that leaves nothing behind, and all is read and decided anew.
    """
    if reason := intake(work)["reason"]:
        return {"reason": reason}
    seen = context(work)
    decided = decide(work, snapshot=seen["snapshot"], spent=seen["seconds"])
    routed = route(work, snapshot=seen["snapshot"], decided=decided)
    return {"reason": "", "snapshot": seen["snapshot"], "output": decided["output"], **routed}


def intake(work: Work) -> dict[str, Any]:
    """`reason`: what breaks the data contract, by field; empty when nothing does."""
    breaches = [f"{breach.field} {breach.says}".strip() for breach in work.fields.breaches]
    return {"reason": _listed(breaches)}


def context(work: Work) -> dict[str, Any]:
    """`snapshot`: digest of what the version sees of its sources, problems among it.

    `seconds`: how long the sources took, decimal text.
    """
    began, seconds = work.deps.seconds(), work.came_under.deadline_context_s
    now, item = work.deps.store.clock.now(), work.fields.values
    try:
        found = within(
            seconds, lambda: read_context(work.version.sources, work.tools, item=item, now=now)
        )
    except TooLong:
        key = "deadline_context_s"
        found = unread(told(work.item, "reading its sources", seconds, key=key))
    found = found.model_copy(update={"item": work.item.input})
    kept = work.keep("context", found.as_json(), masking_context(found, work.terms))
    return {"snapshot": kept, "seconds": _taken(work, began)}


def decide(work: Work, *, snapshot: str, spent: str = "0") -> dict[str, Any]:
    """`output`: digest of the version's typed answer; empty, with a `reason`, when it has none.

    The route sees the fields and the context that were kept, and nothing read since. `spent` are
    the seconds the item took before; `seconds` those it took with its answer.
    """
    if over := over_budget(work, spent):
        return {"output": "", "reason": over, "rule": "budget", "seconds": spent}
    began = work.deps.seconds()
    taken = _decide(work, snapshot)
    return {**taken, "seconds": str(Decimal(spent) + Decimal(_taken(work, began)))}


def _decide(work: Work, snapshot: str) -> dict[str, Any]:
    if not work.version.routes:
        return {"output": "", "reason": "the version has no route that answers"}
    seen = Context.model_validate(work.kept(snapshot))
    seconds = work.came_under.deadline_decide_s
    try:
        output = within(seconds, lambda: _answer(work, seen))
    except TooLong:
        says = told(work.item, "its answer", seconds, key="deadline_decide_s")
        return {"output": "", "reason": says}
    except (InvalidInput, NotFound, Conflict, NotAllowed) as error:
        return {"output": "", "reason": f"no answer ({type(error).__name__})"}
    if isinstance(output, Unanswered):
        return {"output": "", "reason": output.says}
    if output.label not in work.version.labels:
        return {"output": "", "reason": "the answer is none of the version's labels"}
    return {"output": work.keep("output", output.as_json(), masking(work.terms, "fields"))}


def _answer(work: Work, seen: Context) -> Output | Unanswered:
    """What the version says: its baseline, and its models where there are some and they count."""
    baseline = work.deps.answer(work.version, work.fields.values, seen.values)
    return _ask_models(work, seen, baseline) if work.version.models else baseline


def _ask_models(work: Work, seen: Context, baseline: Output | Unanswered) -> Output | Unanswered:
    """What the version's models say; none is asked about what goes to a person whatever it says."""
    policy, item = work.policy(), work.fields.values
    facts = Facts(dict(item), seen.values, {}, policy.values, policy.lists)
    is_routed = work.deps.router(work.version, policy).before_answer(facts) is not None
    if seen.problems or is_routed:
        return baseline
    door = work.deps.models(work.customer, work.item) if work.deps.models else nowhere
    live = Live(
        work.deps.store,
        work.customer,
        item=work.item.id,
        version=work.version,
        policy=policy.digest,
        terms=work.terms,
        door=door,
    )
    return live_answer(live, Told(item, seen.values, work.version.sources), baseline)


def route(work: Work, *, snapshot: str, decided: Mapping[str, Any]) -> dict[str, Any]:
    """`route`, `rule`, `owner`, `why`, and the digest of the policy that led to them.

    A source with a problem, no answer, or more spent than an item may take goes to a person before
    any rule is asked.
    """
    policy, seen = work.policy(), Context.model_validate(work.kept(snapshot))
    review = {"route": "review", "owner": policy.review_owner, "policy": policy.digest}
    if seen.problems:
        why = _listed([problem.says for problem in seen.problems])
        return {**review, "rule": "context", "why": why}
    if not decided["output"]:
        return {**review, "rule": decided.get("rule", "answer"), "why": decided["reason"]}
    if over := over_budget(work, decided.get("seconds", "0")):
        return {**review, "rule": "budget", "why": over}
    output = Output.model_validate(work.kept(decided["output"]))
    facts = facts_of(policy, item=work.fields.values, context=seen.values, output=output)
    routing = work.deps.router(work.version, policy).route(facts)
    return {
        "route": routing.route,
        "rule": routing.rule,
        "owner": routing.owner or policy.review_owner,
        "why": routing.why,
        "policy": policy.digest,
    }


def over_budget(work: Work, seconds: str) -> str:
    """Why nothing more may be spent on the item, in one sentence; empty while something is left."""
    spent = Spend(seconds=Decimal(seconds))
    try:
        Budget(work.deps.budget, spent=spent).reserve(NOTHING)
    except NotAllowed:
        most = work.deps.budget.seconds
        return f"it took {seconds} s, and item_budget of the installation is {most} s"
    return ""


def _taken(work: Work, began: float) -> str:
    """How long it was since then, in seconds."""
    return f"{max(0.0, work.deps.seconds() - began):.3f}"


def facts_of(
    policy: PolicyValues,
    *,
    item: Mapping[str, Any],
    context: Mapping[str, Mapping[str, Any]],
    output: Output,
) -> Facts:
    """What the rules are asked about; the same for live items and for cases."""
    return Facts(
        item=dict(item),
        context={name: dict(fields) for name, fields in context.items()},
        answer={name: getattr(output, name) for name in ANSWER},
        values=policy.values,
        lists=policy.lists,
    )


def _listed(told: list[str]) -> str:
    more = len(told) - MOST_TOLD
    return "; ".join(told[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
