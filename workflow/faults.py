"""what becomes of an item when a part of its way fails: tried on purpose, in a record of its own.

The process, its rules and its values are the real ones; what fails, and every system outside, is
played. Nothing of it stands among live items, and nothing outside is ever done.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal, NamedTuple

from policies.budgets import NOTHING, Spend
from policies.routing import Router
from runs import snapshots
from runs.errors import InvalidInput, NotAllowed, PilotageError, Unavailable
from runs.records.evidence import Fault
from runs.records.item import Item, Output
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import Release, StageSpec
from runs.records.version import FieldSpec, Level, PolicyValues, Risk, Version
from runs.snapshots import Terms
from runs.store.store import Store
from tools.tool import LEVELS, Reading, Schema, Tool
from workflow.process.item import give_up, process_item
from workflow.process.parts import ProcessDeps

STAGE = StageSpec(name="drill", kind="slice", weight_bp=10_000, sample=1, min_hours=0)
ANSWERED = "in_review", "quarantined", "refused", "stopped"
"""Ends at which somebody answers for an item that was not acted on."""
PLAYED: Mapping[str, Any] = {"text": "drill", "flag": True, "date": "2026-01-01"}

Part = Literal["intake", "context", "decide", "act"]
Answer = Callable[[Version, Mapping[str, Any], Mapping[str, Mapping[str, Any]]], Output]


class Drilled(NamedTuple):
    """What is tried, under which values, with what of the home."""

    version: Version
    policy: PolicyValues
    release: Release
    """Whose way is tried."""
    router: Callable[[Version, PolicyValues], Router]
    terms: Callable[[Version], Terms]
    person: Callable[[Customer, str], str]
    budget: Spend
    """What the work on one item may take."""


@dataclass(frozen=True)
class Played:
    """A system outside that is only played."""

    name: str
    level: Level
    reads: Callable[[], Reading | None]
    schema: Mapping[str, Schema]
    fails: PilotageError | None = None
    """What acting raises; without it there is a receipt of nothing."""
    is_silent: bool = False
    """It does not say either whether something was done."""
    risks: tuple[Risk, ...] = ()
    reversible: bool = True
    is_real: bool = False
    remembers_keys: bool = False

    def read(self, key: str) -> Reading | None:
        """What the fault says is read."""
        return self.reads()

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Nothing is done."""
        if self.fails is not None:
            raise self.fails
        return {"key": key}

    def find_receipt(self, key: str) -> None:
        """None, or Unavailable where it is silent."""
        if self.is_silent:
            raise Unavailable(f"tool {self.name!r} does not answer (drill)")


class _Try(NamedTuple):
    """One fault: what is put in the place of what."""

    name: str
    part: Part
    answer: Answer
    source: Callable[[], Reading | None]
    tool: PilotageError | None = None
    is_silent: bool = False
    empty: str = ""
    """The field of the input that is left out."""
    is_plain: bool = False
    """Without the version's rules, so that the item comes as far as acting."""
    is_slow: bool = False
    """Every part takes longer than the whole item may."""


def practise(store: Store, customer: Customer, drilled: Drilled) -> tuple[Fault, ...]:
    """Each fault once, in a record that holds nothing else; what became of its item."""
    release = drilled.release.model_copy(
        update={
            "stages": (STAGE,),
            "stage": 0,
            "weight_bp": STAGE.weight_bp,
            "status": "open",
            "version": drilled.version.digest,
            "policy": drilled.policy.digest,
            "entered_at": store.clock.now(),
        }
    )
    for record in (drilled.version, drilled.policy):
        store.keep(customer, "worker", record)
    store.releases.open(customer, "worker", release)
    tries = _tries(drilled.version, store.clock.now())
    return tuple(
        _practise(store, customer, drilled._replace(release=release), one) for one in tries
    )


def lacking(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Those whose item acted, or ended where nobody answers for it."""
    return tuple(one for one in faults if not one.is_answered)


def _practise(store: Store, customer: Customer, drilled: Drilled, one: _Try) -> Fault:
    deps = _deps(store, drilled, one)
    item = _admit(store, customer, drilled, one)
    ended = _work(deps, customer, item)
    actions = store.actions.of_item(customer, item.id)
    waiting = [r for r in store.reviews.of_item(customer, item.id) if r.status == "open"]
    has_acted = ended.status == "acted" or any(action.status == "done" for action in actions)
    is_answered = ended.status in ANSWERED and bool(ended.owner) and not has_acted
    return Fault(
        name=one.name,
        part=one.part,
        status=ended.status,
        owner=ended.owner,
        rule=ended.rule,
        reason=ended.reason,
        actions=tuple(action.status for action in actions),
        reviews=len(waiting),
        is_answered=is_answered and (bool(waiting) or ended.status == "refused"),
    )


def _work(deps: ProcessDeps, customer: Customer, item: Item) -> Item:
    """As the worker does: once more where something was silent, then to a person."""
    why = ""
    for _ in range(2):
        try:
            return process_item(deps, customer, item.id)
        except (PilotageError, ValueError) as error:
            why = f"the worker gave up: {type(error).__name__}"
    return give_up(deps, customer, item.id, why)


def _deps(store: Store, drilled: Drilled, one: _Try) -> ProcessDeps:
    plain = Router((), review_owner=drilled.policy.review_owner)
    return ProcessDeps(
        store=store,
        tools=dict(_tools(drilled.version, one)),
        answer=one.answer,
        router=(lambda version, policy: plain) if one.is_plain else drilled.router,
        terms=drilled.terms,
        person=drilled.person,
        budget=drilled.budget,
        seconds=_watch(drilled.budget if one.is_slow else NOTHING),
        holder="drill",
    )


def _watch(step: Spend) -> Callable[[], float]:
    """A played stopwatch: between two looks more passes than the step."""
    ticks = count(step=float(step.seconds) + 0.001)
    return lambda: next(ticks)


def _tools(version: Version, one: _Try) -> Iterator[tuple[str, Tool]]:
    for source in version.sources:
        yield source.tool, Played(source.tool, "read", one.source, {})
    for effect in sorted(version.effects, key=lambda one: -LEVELS.index(one.level)):
        if effect.level != "read":
            schema: dict[str, Schema] = {e.operation: {} for e in version.effects}
            tool = Played(effect.tool, effect.level, one.source, schema, one.tool, one.is_silent)
            yield effect.tool, tool


def _admit(store: Store, customer: Customer, drilled: Drilled, one: _Try) -> Item:
    version, now = drilled.version, store.clock.now()
    value = {spec.name: _value(spec) for spec in version.contract if spec.name != one.empty}
    kept = snapshots.keep(
        store,
        customer,
        "worker",
        kind="input",
        value=value,
        terms=drilled.terms(version),
    )
    return store.items.admit(
        customer,
        "worker",
        Item(
            id=f"drill-{one.name}",
            workflow=version.workflow,
            key=f"drill-{one.name}",
            batch="drill",
            release=drilled.release.id,
            arm="canary",
            stage=0,
            version=version.digest,
            policy=drilled.policy.digest,
            input=kept,
            snapshot="",
            output="",
            status="queued",
            route="",
            rule="",
            reason="",
            owner="",
            audited=False,
            priority=0,
            received_at=now,
            due_at=None,
            finished_at=None,
        ),
    )


def _value(spec: FieldSpec) -> Any:
    """Something that the contract lets pass; no word of the customer's."""
    if spec.choices:
        return spec.choices[0]
    if spec.type == "number":
        return str(spec.low if spec.low is not None else spec.high or 1)
    value = PLAYED.get(spec.type, "drill")
    return value[: spec.max_chars] if isinstance(value, str) else value


def _tries(version: Version, now: datetime) -> Iterator[_Try]:
    """Every fault this version can meet."""
    sure, read = _sure(version), _reading(version, now)
    fine = _Try("", "act", sure, read)
    required = next((spec.name for spec in version.contract if spec.required), "")
    if required:
        yield fine._replace(name="input_missing", part="intake", empty=required)
    for name, answer in _answers(version):
        yield fine._replace(name=name, part="decide", answer=answer)
    yield fine._replace(name="item_over_budget", part="decide", is_slow=True)
    if version.sources:
        for name, source in _sources(version, now):
            yield fine._replace(name=name, part="context", source=source)
    if any(effect.level != "read" for effect in version.effects):
        silent = Unavailable("it does not answer (drill)")
        acting = fine._replace(part="act", is_plain=True)
        yield acting._replace(name="tool_down", tool=silent, is_silent=True)
        yield acting._replace(name="tool_unknown", tool=silent)
        yield acting._replace(name="tool_refuses", tool=NotAllowed("it refuses (drill)"))


def _answers(version: Version) -> Iterator[tuple[str, Answer]]:
    sure = _output(version)
    yield "route_silent", _raising(Unavailable("the route does not answer (drill)"))
    yield "route_raises", _raising(InvalidInput("the route fails (drill)"))
    yield "answer_malformed", lambda *_: Output.model_validate({"label": 7})
    yield "label_unknown", lambda *_: sure.model_copy(update={"label": "no such label (drill)"})
    yield "confidence_low", lambda *_: sure.model_copy(update={"confidence": 0.0})


def _sources(version: Version, now: datetime) -> Iterator[tuple[str, Callable[[], Reading | None]]]:
    yield "source_missing", lambda: None
    yield "source_down", _raising_read(Unavailable("it does not answer (drill)"))
    yield "source_garbage", _raising_read(InvalidInput("it cannot be read (drill)"))
    if any(source.fields for source in version.sources):
        yield "source_schema", lambda: Reading({"drill": "drill"}, "drill", now, now)
    oldest = max((s.max_age_hours or 0 for s in version.sources), default=0)
    if oldest:
        old = now - timedelta(hours=oldest + 1)
        stale = _reading(version, now)()._replace(as_of=old)
        yield "source_stale", lambda: stale


def _reading(version: Version, now: datetime) -> Callable[[], Reading]:
    fields = {name: "drill" for source in version.sources for name in source.fields}
    return lambda: Reading(dict(fields), digest_of(fields), now, now)


def _output(version: Version) -> Output:
    return Output(
        label=version.labels[0],
        confidence=1.0,
        scope=1.0,
        runner_up=version.labels[-1],
        route_used="drill",
        fields={},
    )


def _sure(version: Version) -> Answer:
    output = _output(version)
    return lambda *_: output


def _raising(error: PilotageError) -> Answer:
    def answer(*_: Any) -> Output:
        raise error

    return answer


def _raising_read(error: PilotageError) -> Callable[[], Reading | None]:
    def read() -> Reading | None:
        raise error

    return read
