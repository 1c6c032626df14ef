"""What a version sees of cases before the policy counts, found once for every trial."""

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from policies.conditions.facts import Facts
from policies.routing import Routing
from runs.errors import Unavailable
from runs.records.case import Case
from runs.records.evidence import Outcome
from runs.records.item import Output, Unanswered
from runs.records.person import Customer
from runs.records.record import canonical
from runs.records.version import PolicyValues, Route, Source, TemplateRoute, Version
from runs.snapshots import Mask
from workflow import drafting
from workflow.baseline.looking import Gaze
from workflow.baseline.route import Answer, Fitted
from workflow.evaluate.brought import Values, brought
from workflow.evaluate.learning import Keeper, Learning, to_score
from workflow.grading import grade, wrong_fields
from workflow.models.cases import LOST, Asker, Shown
from workflow.models.words import Ground
from workflow.process.contract import Breach, read_fields
from workflow.process.parts import facts_of
from workflow.sources import Context
from workflow.version import mask_of

ReadContext = Callable[[Sequence[Source], Mapping[str, Any]], Context]
"""Reads sources now for the fields of an item."""


FindFields = Callable[[Source, Mapping[str, Any]], frozenset[str]]
"""Says which fields a source's system has of the record of an item's fields."""
SHOWN = {"id", "family", "input", "context"}
"""What of a case decides what is seen of it."""
NO_ANSWER = "answer"
"""In the place of a rule, where nothing was answered."""
ASKED = 5
"""So many items' records say which fields a system has."""


@dataclass(frozen=True)
class Seen:
    """What a version sees of a case."""

    case: Case
    item: Mapping[str, Any]
    """Contract fields, typed."""
    context: Values
    output: Output
    stop: Routing | None = None
    """Where it goes before any rule is asked: a breach of the contract, a source with a problem."""
    error: str = ""
    """Why nothing could be measured; empty otherwise."""
    lacks: tuple[str, ...] = ()
    """Fields for want of which nothing was drafted."""

    @property
    def is_lost(self) -> bool:
        """Whether a model gave no answer that it might give another time."""
        return any(tried.end in LOST for tried in self.output.asked)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Fields of its draft that are not as expected; none where the label is another."""
        is_whole = self.output.label == self.case.expected["label"]
        return wrong_fields(self.case, self.output.fields) if is_whole else ()

    def grade(self, route: Route) -> Outcome:
        """What it would be worth to route it so."""
        return grade(self.case, self.output.label, route, wrong=self.wrong)

    def facts(self, policy: PolicyValues) -> Facts:
        """What the rules are asked about."""
        return facts_of(policy, item=self.item, context=self.context, output=self.output)


class Taught(NamedTuple):
    """A case that was learnt from, and the answer to it by a model that saw none of its family."""

    case: Case
    answer: Answer


class Found(NamedTuple):
    """What is found of a case before anything is answered; named as in `Seen`."""

    item: Mapping[str, Any]
    context: Values
    stop: Routing | None = None
    error: str = ""


class Bench:
    """Shows cases to versions as live items are shown to them: masked, typed, with their context.

    `cache` is a folder for what was learnt, named by content; without one it is kept in memory.
    `read_context` reads the sources that a case brings no context of; without it such a case errs.
    """

    def __init__(
        self,
        store: Keeper,
        customer: Customer,
        *,
        read_context: ReadContext | None = None,
        cache: Path | None = None,
        find_fields: FindFields | None = None,
    ) -> None:
        self._find_fields = find_fields
        self._cases, self._customer = store.cases, customer
        self._learning = Learning(store, customer, cache)
        self._asker: Asker | None = None
        self._read_context = read_context
        self._seen: dict[str, tuple[Seen, ...]] = {}

    def asking(self, asker: Asker) -> "Bench":
        """The same bench, which asks models of a version that has some.

        Without one, cases of such a version are answered by its baseline.
        """
        other = copy.copy(self)
        other._asker = asker
        return other

    def answer(
        self, version: Version, item: Mapping[str, Any], context: Values
    ) -> Output | Unanswered:
        """What the version's baseline says of one item of typed fields and what was read for it."""
        route = version.routes[0]
        if isinstance(route, TemplateRoute):
            return drafting.answer(route, drafting.Ground(item, context, version.sources))
        look = Gaze(route, version.contract).look(item, context)
        return _output(version, self._learning.of(version).answer([look])[0])

    def prepare(self, version: Version) -> None:
        """Learn what the version answers with, so that its first item need not wait for it."""
        if not isinstance(version.routes[0], TemplateRoute):
            self.fitted(version)

    def forget(self) -> None:
        """Read sources again for cases that bring no context; what was learnt stays."""
        self._seen.clear()

    def fitted(self, version: Version) -> Fitted:
        """What the version learnt; the same object for every version that learnt the same."""
        return self._learning.of(version).fitted

    def taught(self, version: Version) -> list[Taught]:
        """Every case the version learnt from, with what it says of it out of fold."""
        if isinstance(version.routes[0], TemplateRoute):
            return []
        learnt = self._learning.of(version)
        pairs = zip(learnt.cases, learnt.fitted.out_of_fold, strict=True)
        return [Taught(case, answer) for case, answer in pairs]

    def answers(self, version: Version, cases: Sequence[Case]) -> dict[str, Output]:
        """The version's answer to each case, by case id."""
        return {one.case.id: one.output for one in self.seen(version, cases)}

    def seen(self, version: Version, cases: Sequence[Case]) -> tuple[Seen, ...]:
        """What the version sees of the cases, in their order; found once.

        Versions that differ in their rules only see the same. A case that was learnt from is
        answered out of fold. InvalidInput for another case of a family that was learnt from: a
        route is never scored on what it learnt.
        """
        if version.models and self._asker is None:
            return self.seen(without_models(version), cases)
        name = _name(version, cases)
        seen = self._seen.get(name)
        if seen is None:
            asker = self._asker if version.models else None
            seen = self._ask(version, cases, asker) if asker else self._see(version, cases)
            if not any(one.is_lost for one in seen):
                self._seen[name] = seen
        found = zip(cases, seen, strict=True)
        return tuple(one if one.case is case else replace(one, case=case) for case, one in found)

    def offered(self, version: Version, cases: Sequence[Case]) -> dict[str, frozenset[str]]:
        """The fields each source's system has and the version does not read; none if unknown."""
        if self._find_fields is None:
            return {}
        mask = mask_of(version)
        items = (read_fields(version.contract, mask(case.input).value) for case in cases)
        whole = list(islice((one.values for one in items if not one.breaches), ASKED))
        return {
            source.name: frozenset().union(*(self._find_fields(source, item) for item in whole))
            - set(source.fields)
            for source in version.sources
        }

    def _ask(self, version: Version, cases: Sequence[Case], asker: Asker) -> tuple[Seen, ...]:
        """What its models make of cases that its baseline saw; what stops before is not asked."""
        plain = without_models(version)
        seen = self.seen(plain, cases)
        dev = self._cases.read(self._customer, version.routes[0].dataset, "dev")
        shown = [_shown(one, version) for one in self.seen(plain, to_score(plain, dev))]
        known = [one for one in shown if one is not None]
        asked = [_shown(one, version) for one in seen]
        answers = asker.answers(version, [one for one in asked if one is not None], known)
        said = iter(answers)
        pairs = zip(seen, asked, strict=True)
        return tuple(one if told is None else _said(one, next(said)) for one, told in pairs)

    def _see(self, version: Version, cases: Sequence[Case]) -> tuple[Seen, ...]:
        mask, route = mask_of(version), version.routes[0]
        found = [self._find(version, case, mask) for case in cases]
        if isinstance(route, TemplateRoute):
            pairs = zip(cases, found, strict=True)
            return tuple(_drafted(version, route, case, one) for case, one in pairs)
        gaze = Gaze(route, version.contract)
        looks = [gaze.look(one.item, one.context) for one in found]
        answers = self._learning.of(version).answers(cases, looks)
        return tuple(
            Seen(case, output=_output(version, answer), **one._asdict())
            for case, one, answer in zip(cases, found, answers, strict=True)
        )

    def _find(self, version: Version, case: Case, mask: Mask) -> Found:
        """With what the case brought, else with what its sources say now."""
        fields = read_fields(version.contract, mask(case.input).value)
        if fields.breaches:
            return Found(fields.values, {}, stop=_stop(fields.breaches))
        values = brought(case, version.sources, mask)
        missing = [one for one in version.sources if _lacks(one, values)]
        if not missing:
            return Found(fields.values, values)
        try:
            now = self._read(missing, fields.values)
        except Unavailable as error:
            return Found(fields.values, values, error=f"context: {error}")
        told = "; ".join(problem.says for problem in now.problems)
        stop = Routing("review", "context", "", told) if told else None
        # What was brought stands; only what it did not have is as the source says now.
        there = mask(now.values).value
        both = {name: {**there[name], **values.get(name, {})} for name in there}
        return Found(fields.values, {**values, **both}, stop=stop)

    def _read(self, sources: Sequence[Source], item: Mapping[str, Any]) -> Context:
        if self._read_context is None:
            names = ", ".join(source.name for source in sources)
            raise Unavailable(
                f"nothing reads {names} for cases without a context of their own; bring it "
                "with the cases, or hand in what reads it"
            )
        return self._read_context(sources, item)


def without_models(version: Version) -> Version:
    """The version as it answers where no model is asked."""
    return version.model_copy(update={"models": ()}) if version.models else version


def _shown(one: Seen, version: Version) -> Shown | None:
    """The case as a model may be asked about it; None where it goes to a person before."""
    ground = Ground(one.item, one.context, version.sources)
    if one.error or (one.stop is not None and one.stop.rule != NO_ANSWER):
        return None
    if one.stop is None:
        return Shown(one.case, ground, one.output)
    return Shown(one.case, ground, Unanswered(says=one.stop.why, lacks=one.lacks))


def _said(one: Seen, answer: Output | Unanswered) -> Seen:
    """The case with the answer of the models, or as the baseline left it."""
    if isinstance(answer, Unanswered):
        return replace(one, output=one.output.model_copy(update={"asked": answer.asked}))
    return replace(one, output=answer, stop=None, lacks=())


def _lacks(source: Source, values: Values) -> bool:
    """Whether a case brought nothing of a source, or not what a fix declared since."""
    return source.name not in values or bool(set(source.added) - set(values[source.name]))


def _name(version: Version, cases: Sequence[Case]) -> str:
    """Digest of everything that decides what is seen."""
    parts = version.as_json()
    decisive = (
        "contract",
        "sources",
        "routes",
        "labels",
        "mask",
        *(["models"] * bool(version.models)),
    )
    seen = [parts[name] for name in decisive]
    name = hashlib.blake2b(canonical(seen))
    for case in cases:
        name.update(case.model_dump_json(include=SHOWN).encode())
    return name.hexdigest()


def _stop(breaches: Sequence[Breach]) -> Routing:
    """An item that breaks the contract is quarantined; for a case that counts as refused."""
    told = "; ".join(f"{breach.field} {breach.says}" for breach in breaches)
    return Routing("refuse", "contract", "", told)


def _drafted(version: Version, route: TemplateRoute, case: Case, found: Found) -> Seen:
    """A case for which nothing could be drafted goes to a person before any rule is asked."""
    ground = drafting.Ground(found.item, found.context, version.sources)
    output = drafting.answer(route, ground)
    if isinstance(output, Output):
        return Seen(case, output=output, **found._asdict())
    stop = found.stop or Routing("review", NO_ANSWER, "", output.says)
    none = Output(
        label="", confidence=0.0, scope=0.0, runner_up="", route_used=route.kind, fields={}
    )
    parts = {**found._asdict(), "stop": stop}
    return Seen(case, output=none, **parts, lacks=output.lacks)


def _output(version: Version, answer: Answer) -> Output:
    return Output(
        label=answer.label,
        confidence=min(1.0, max(0.0, answer.confidence)),
        scope=min(1.0, max(0.0, answer.scope)),
        runner_up=answer.runner_up,
        route_used=version.routes[0].kind,
        fields={},
    )
