"""Each part of a way that can fail, failing once on purpose, with an item that is made up."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from policies.budgets import NOTHING
from policies.routing import Router
from runs.errors import InvalidInput, NotAllowed, PilotageError, Unavailable
from runs.records.evidence import Fault
from runs.records.item import Output
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.version import FieldSpec, Version
from runs.store.store import Store
from tools.tool import Reading
from workflow.evaluate.bench import without_models
from workflow.faults.played import (
    Acts,
    Answer,
    Drilled,
    admit,
    left_by,
    opened,
    stopwatch,
    tools_of,
    work,
)
from workflow.process.parts import ProcessDeps

PLAYED: Mapping[str, Any] = {"text": "drill", "flag": True, "date": "2026-01-01"}

Part = Literal["intake", "context", "decide", "act"]


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
    """Each fault once, in a record that holds nothing else; what became of its item.

    Models of the version are left out: what becomes of an item where they are dead is practised by
    itself.
    """
    plain = drilled._replace(version=without_models(drilled.version))
    ready = opened(store, customer, plain)
    tries = _tries(plain.version, store.clock.now())
    return tuple(_practise(store, customer, ready, one) for one in tries)


def lacking(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Those whose item acted, or ended where nobody answers for it."""
    return tuple(one for one in faults if not one.is_answered)


def _practise(store: Store, customer: Customer, drilled: Drilled, one: _Try) -> Fault:
    version = drilled.version
    value = {spec.name: _value(spec) for spec in version.contract if spec.name != one.empty}
    item = admit(store, customer, drilled, one.name, value)
    ended = work(_deps(store, drilled, one), customer, item)
    left = left_by(store, customer, ended)
    return Fault(
        name=one.name,
        part=one.part,
        status=ended.status,
        owner=ended.owner,
        rule=ended.rule,
        reason=ended.reason,
        **left._asdict(),
    )


def _deps(store: Store, drilled: Drilled, one: _Try) -> ProcessDeps:
    plain = Router((), review_owner=drilled.policy.review_owner)
    return ProcessDeps(
        store=store,
        tools=tools_of(drilled.version, lambda *_: one.source(), Acts(one.tool, one.is_silent)),
        answer=one.answer,
        router=(lambda version, policy: plain) if one.is_plain else drilled.router,
        terms=drilled.terms,
        person=drilled.person,
        budget=drilled.budget,
        seconds=stopwatch(drilled.budget if one.is_slow else NOTHING),
        holder="drill",
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
