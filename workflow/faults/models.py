"""Every model of a version dead at once: what becomes of labelled cases that come in as items.

Where the baseline was not proven by itself nobody's item may act: it goes to a person, who is told
so by the flag `unproven`. Where it was, an item ends exactly where the policy sends its answer.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from policies.budgets import NOTHING, OverBudget
from policies.routing import Facts, Routing
from runs.records.evidence import Evidence, Fault
from runs.records.item import Item, Output, Unanswered
from runs.records.model import TryEnd
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.version import Source
from runs.snapshots import read
from runs.store.store import Store
from tools.model.asked import Attempt, Outcome, Purse
from tools.model.endpoint import Means, Tell
from tools.model.routed import Routed
from tools.scripted import Line, Silent, scripted
from tools.tokens import estimate
from tools.tool import Reading
from workflow.evaluate.bench import NO_ANSWER, Seen
from workflow.faults.played import (
    Answer,
    Drilled,
    Left,
    admit,
    left_by,
    opened,
    stopwatch,
    tools_of,
    work,
)
from workflow.models.asking import Door, Place
from workflow.models.settled import UNPROVEN
from workflow.process.parts import ProcessDeps, facts_of

FEW = 3
"""So many cases are worked on, of each way in which models die."""
NOT_ASKED = "no labelled case comes so far that a model is asked about it"


class Dead(NamedTuple):
    """A version whose models are to be dead, and what it is tried with."""

    drilled: Drilled
    answer: Answer
    """What its baseline says."""
    seen: Sequence[Seen]
    """Labelled cases as its baseline sees them."""
    proof: Evidence | None
    """What showed that its baseline does well by itself; None where nothing did."""


class _Death(NamedTuple):
    """One way in which every model is dead."""

    name: str
    line: Line
    """What each endpoint says."""
    end: TryEnd
    """What is to be told of each model."""
    is_broke: bool = False


DEATHS = (
    _Death("models_silent", Silent(is_late=True), "silent"),
    _Death("models_garbage", "Refund! Approved. {", "unusable"),
    _Death("models_over_budget", {}, "over_budget", is_broke=True),
)
PROVEN = "_proven"
"""Ends the name of what was tried with the proof of the baseline in the record."""
NAMES = frozenset(one.name + end for one in DEATHS for end in ("", PROVEN))


def practise(store: Store, customer: Customer, dead: Dead) -> tuple[Fault, ...]:
    """A few cases for each way of dying, in a record that holds nothing else; what came of each.

    First as if nothing had been proven, as it is once the proof runs out; then with the proof,
    where there is one.
    """
    ready = dead._replace(drilled=opened(store, customer, dead.drilled))
    cases = _chosen(ready)
    tried = [_practise(store, customer, ready._replace(proof=None), *one) for one in _each(cases)]
    if dead.proof is not None:
        store.keep(customer, "worker", dead.proof)
        tried += [_practise(store, customer, ready, *one) for one in _each(cases)]
    return tuple(tried)


def find_wrong(faults: Sequence[Fault]) -> tuple[str, ...]:
    """What did not end as it may, each with its remedy; that no model was asked is wrong as well.

    Faults that are not of dead models are left out.
    """
    mine = [one for one in faults if one.name in NAMES]
    if not mine:
        remedy = "bring labelled cases that no rule decides before, and see that its sources answer"
        return (f"models_silent: {NOT_ASKED}: {remedy}",)
    return tuple(dict.fromkeys(_told(one) for one in mine if not one.is_answered))


def _told(one: Fault) -> str:
    by = f"by rule {one.rule!r}" if one.rule else "by no rule"
    if one.name.endswith(PROVEN):
        says = f"an item ended as {one.status} {by}, where the policy sends its answer elsewhere"
        return f"{one.name}: {says}: see what `pilotage policy show` says of it"
    if one.status == "acted" or one.actions:
        says = f"an item acted {by} on a baseline that was not shown to do well by itself"
        remedy = "bring a plan whose rule sends to a person what has no confidence"
        return f"{one.name}: {says}: {remedy}"
    says = f"an item ended as {one.status} {by} before every model was seen to be dead"
    return f"{one.name}: {says}: see `item_budget` and the deadlines of its policy"


def _each(cases: Sequence[Seen]) -> Iterator[tuple[_Death, Seen, int]]:
    for death in DEATHS:
        for number, case in enumerate(cases, start=1):
            yield death, case, number


def _chosen(dead: Dead) -> list[Seen]:
    """The cases that show most: first those that would act whatever is proven, then the surest."""
    asked = [one for one in dead.seen if _is_asked(dead.drilled, one)]
    return sorted(asked, key=lambda one: _rank(dead, one))[:FEW]


def _is_asked(drilled: Drilled, seen: Seen) -> bool:
    """Whether a model is asked about it: no breach, no problem and no rule sends it away before."""
    if seen.error or (seen.stop is not None and seen.stop.rule != NO_ANSWER):
        return False
    if not all(_is_read(source, seen) for source in drilled.version.sources):
        return False
    policy = drilled.policy
    before = Facts(dict(seen.item), seen.context, {}, policy.values, policy.lists)
    return drilled.router(drilled.version, policy).before_answer(before) is None


def _is_read(source: Source, seen: Seen) -> bool:
    """Whether the case has what a live item needs to be read for, and something was there."""
    has_key = isinstance(seen.item.get(source.key_field), str | int)
    return has_key and (not source.fields or bool(seen.context.get(source.name)))


def _rank(dead: Dead, seen: Seen) -> tuple[bool, bool, float, str]:
    surely = _routed(dead.drilled, seen, seen.output)
    unproven = _routed(dead.drilled, seen, seen.output.model_copy(update={"confidence": 0.0}))
    is_sent = (unproven.route != "act", seen.stop is not None or surely.route != "act")
    return (*is_sent, -seen.output.confidence, seen.case.id)


def _routed(drilled: Drilled, seen: Seen, output: Output) -> Routing:
    """Where the policy sends this answer to the case."""
    facts = facts_of(drilled.policy, item=seen.item, context=seen.context, output=output)
    return drilled.router(drilled.version, drilled.policy).route(facts)


def _practise(
    store: Store, customer: Customer, dead: Dead, death: _Death, seen: Seen, number: int
) -> Fault:
    name = death.name if dead.proof is None else f"{death.name}{PROVEN}"
    item = admit(store, customer, dead.drilled, f"{name}-{number}", seen.case.input)
    ended = work(_deps(store, dead, death, seen), customer, item)
    said = read(store, customer, ended.output) if ended.output else None
    left = left_by(store, customer, ended)
    what = _Became(ended, left, Output.model_validate(said) if said else None)
    is_right = _is_sent_on(dead, seen, what) if dead.proof else _waits(dead, death, what)
    return Fault(
        name=name,
        part="decide",
        status=ended.status,
        owner=ended.owner,
        rule=ended.rule,
        reason=ended.reason,
        actions=left.actions,
        reviews=left.reviews,
        is_answered=is_right,
        case=seen.case.id,
    )


class _Became(NamedTuple):
    """What became of one item."""

    item: Item
    left: Left
    said: Output | None
    """None where its baseline has no answer to it either."""


def _waits(dead: Dead, death: _Death, what: _Became) -> bool:
    """It did not act, and whoever looks at it is told that nothing proven answered."""
    if what.said is None:
        return what.left.is_answered and what.item.rule == "answer"
    asked = [one.route for one in what.said.asked]
    is_asked = asked == [route.name for route in dead.drilled.version.models]
    # A route of one call has none left to have its answer mended.
    is_dead = {one.end for one in what.said.asked} <= {death.end, "over_budget"}
    return what.left.is_answered and is_asked and is_dead and UNPROVEN in what.said.flags


def _is_sent_on(dead: Dead, seen: Seen, what: _Became) -> bool:
    """It went exactly where the policy sends what the baseline says by itself."""
    baseline = dead.answer(dead.drilled.version, seen.item, seen.context)
    if isinstance(baseline, Unanswered) or what.said is None:
        return isinstance(baseline, Unanswered) and what.left.is_answered
    wanted = _routed(dead.drilled, seen, baseline)
    is_there = (what.item.route, what.item.rule) == (wanted.route, wanted.rule)
    may_act = wanted.route == "act" and what.item.status in ("acted", "asked")
    return is_there and not what.said.flags and (may_act or what.left.is_answered)


def _deps(store: Store, dead: Dead, death: _Death, seen: Seen) -> ProcessDeps:
    drilled, now = dead.drilled, store.clock.now()

    def reads(tool: str, key: str) -> Reading | None:
        told = [s for s in drilled.version.sources if (s.tool, _key(s, seen)) == (tool, key)]
        fields = {name: value for s in told for name, value in seen.context.get(s.name, {}).items()}
        return Reading(fields, digest_of(fields), now, now) if told else None

    return ProcessDeps(
        store=store,
        tools=tools_of(drilled.version, reads),
        answer=dead.answer,
        router=drilled.router,
        terms=drilled.terms,
        person=drilled.person,
        budget=drilled.budget,
        seconds=stopwatch(NOTHING),
        holder="drill",
        models=lambda *_: _door(death),
    )


def _key(source: Source, seen: Seen) -> str:
    return str(seen.item.get(source.key_field, ""))


def _door(death: _Death) -> Door:
    """The way to endpoints, each of which is there and dead."""

    def find(name: str, within: Callable[[Purse], Purse]) -> Place:
        watch = stopwatch(NOTHING)
        # What does not answer is tried again, and nobody waits for it here.
        means = Means(watch, _at_once, lambda: 0.0, lambda *_: 0.0, estimate, _unwatched)
        endpoint, _ = scripted([death.line], means, name=name)
        model = Routed((endpoint,), within(_Paid(death.is_broke)), watch)
        return Place(model, endpoint.route.base_url, endpoint.route.model, {})

    return find


def _at_once(seconds: float) -> None:
    """Nobody waits."""


def _unwatched(*_: object) -> AbstractContextManager[Tell]:
    return nullcontext(lambda outcome: None)


class _Paid(NamedTuple):
    """A purse that pays for everything, or for nothing."""

    is_broke: bool

    def reserve(self, attempt: Attempt) -> str:
        """OverBudget where it is empty."""
        if self.is_broke:
            raise OverBudget("nothing is left of the budget (drill)")
        return attempt.route

    def settle(self, id: str, outcome: Outcome) -> None:
        """Nothing was paid."""
