"""What a version sees of cases before the policy counts, found once for every trial."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from policies.conditions.facts import Facts
from policies.routing import Routing
from runs.errors import Unavailable
from runs.records.case import Case
from runs.records.item import Output
from runs.records.person import Customer
from runs.records.record import canonical
from runs.records.version import PolicyValues, Source, Version
from runs.snapshots import Mask
from workflow.baseline.route import Answer, Fitted
from workflow.evaluate.learning import Keeper, Learning
from workflow.process.contract import Breach, read_fields
from workflow.process.parts import facts_of
from workflow.sources import Context
from workflow.version import mask_of

ReadContext = Callable[[Sequence[Source], Mapping[str, Any]], Context]
"""Reads sources now for the fields of an item."""


@dataclass(frozen=True)
class Seen:
    """What a version sees of a case."""

    case: Case
    item: Mapping[str, Any]
    """Contract fields, typed."""
    context: Mapping[str, Mapping[str, Any]]
    output: Output
    stop: Routing | None = None
    """Where it goes before any rule is asked: a breach of the contract, a source with a problem."""
    error: str = ""
    """Why nothing could be measured; empty otherwise."""

    def facts(self, policy: PolicyValues) -> Facts:
        """What the rules are asked about."""
        return facts_of(policy, item=self.item, context=self.context, output=self.output)


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
    ) -> None:
        self._learning = Learning(store, customer, cache)
        self._read_context = read_context
        self._seen: dict[str, tuple[Seen, ...]] = {}

    def answer(self, version: Version, text: str) -> Output:
        """The version's answer to one text, as a live item gets it."""
        return _output(version, self.fitted(version).answer([text])[0])

    def fitted(self, version: Version) -> Fitted:
        """What the version learnt; the same object for every version that learnt the same."""
        return self._learning.of(version).fitted

    def answers(self, version: Version, cases: Sequence[Case]) -> dict[str, Output]:
        """The version's answer to each case, by case id."""
        return {one.case.id: one.output for one in self.seen(version, cases)}

    def seen(self, version: Version, cases: Sequence[Case]) -> tuple[Seen, ...]:
        """What the version sees of the cases, in their order; found once.

        Versions that differ in their rules only see the same. A case that was learnt from is
        answered out of fold. InvalidInput for another case of a family that was learnt from: a
        route is never scored on what it learnt.
        """
        name = _name(version, cases)
        if name not in self._seen:
            self._seen[name] = self._see(version, cases)
        found = zip(cases, self._seen[name], strict=True)
        return tuple(one if one.case is case else replace(one, case=case) for case, one in found)

    def _see(self, version: Version, cases: Sequence[Case]) -> tuple[Seen, ...]:
        mask = mask_of(version)
        fields = [read_fields(version.contract, mask(case.input).value) for case in cases]
        texts = [str(one.values.get(version.routes[0].text_field, "")) for one in fields]
        answers = self._learning.of(version).answers(cases, texts)
        seen = []
        for case, one, answer in zip(cases, fields, answers, strict=True):
            first = Seen(case, one.values, {}, _output(version, answer), stop=_stop(one.breaches))
            seen.append(first if first.stop else self._with_context(version, first, mask))
        return tuple(seen)

    def _with_context(self, version: Version, seen: Seen, mask: Mask) -> Seen:
        """With what the case brought, else with what its sources say now."""
        brought = seen.case.context
        missing = [source for source in version.sources if source.name not in brought]
        values = {
            source.name: _declared(source, brought[source.name])
            for source in version.sources
            if source.name in brought
        }
        problems: list[str] = []
        if missing:
            try:
                found = self._read(missing, seen.item)
            except Unavailable as error:
                return replace(seen, error=f"context: {error}")
            values |= found.values
            problems = [problem.says for problem in found.problems]
        stop = Routing("review", "context", "", "; ".join(problems)) if problems else None
        return replace(seen, context=mask(values).value, stop=stop)

    def _read(self, sources: Sequence[Source], item: Mapping[str, Any]) -> Context:
        if self._read_context is None:
            names = ", ".join(source.name for source in sources)
            raise Unavailable(f"nothing reads {names} for cases without a context of their own")
        return self._read_context(sources, item)


def _name(version: Version, cases: Sequence[Case]) -> str:
    """Digest of everything that decides what is seen."""
    parts = version.as_json()
    seen = [parts[name] for name in ("contract", "sources", "routes", "labels", "mask")]
    name = hashlib.blake2b(canonical(seen))
    for case in cases:
        name.update(canonical([case.id, case.family, case.input, case.context]))
    return name.hexdigest()


def _declared(source: Source, record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in source.fields if name in record}


def _stop(breaches: Sequence[Breach]) -> Routing | None:
    """An item that breaks the contract is quarantined; for a case that counts as refused."""
    if not breaches:
        return None
    told = "; ".join(f"{breach.field} {breach.says}" for breach in breaches)
    return Routing("refuse", "contract", "", told)


def _output(version: Version, answer: Answer) -> Output:
    return Output(
        label=answer.label,
        confidence=min(1.0, max(0.0, answer.confidence)),
        scope=min(1.0, max(0.0, answer.scope)),
        runner_up=answer.runner_up,
        route_used=version.routes[0].kind,
        fields={},
    )
