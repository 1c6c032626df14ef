"""One version under one policy over some cases: what became of each, counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from policies.routing import Router, Routing
from runs.records.case import Case
from runs.records.evidence import CaseResult, OutcomeTable
from runs.records.version import PolicyValues, Version
from workflow.evaluate.bench import Bench, Seen
from workflow.failures import UNSURE, Decided, Doubt, find_cause
from workflow.grading import by_family, by_item, by_segment
from workflow.slips import find_slip
from workflow.version import fillings_of, out_of_scope

EPOCH = 1
"""The learnt route is deterministic: one epoch says everything."""


@dataclass(frozen=True)
class TrialRun:
    """What one version under one policy did with some cases."""

    trial: str
    seen: tuple[Seen, ...]
    results: tuple[CaseResult, ...]
    """In the order of `seen`."""

    @property
    def cases(self) -> list[Case]:
        """The cases that were tried."""
        return [one.case for one in self.seen]

    def only(self, cases: Sequence[Case]) -> "TrialRun":
        """The same trial of these cases alone."""
        ids = {case.id for case in cases}
        kept = [i for i, one in enumerate(self.seen) if one.case.id in ids]
        seen = tuple(self.seen[i] for i in kept)
        return TrialRun(self.trial, seen, tuple(self.results[i] for i in kept))

    def answered(self, before: "TrialRun") -> "TrialRun":
        """The same trial, with what `before` has of each case that a model was lost for in either.

        Both are of the same cases, in one order.
        """
        sides = zip(before.seen, before.results, self.seen, self.results, strict=True)
        kept = [
            (seen, result) if seen.is_lost or now.is_lost else (now, then)
            for seen, result, now, then in sides
        ]
        seen, results = zip(*kept, strict=True) if kept else ((), ())
        return TrialRun(self.trial, seen, results)

    @cached_property
    def families(self) -> OutcomeTable:
        """Families by their worst outcome."""
        return by_family(self.results)

    @cached_property
    def items(self) -> OutcomeTable:
        """Cases by outcome."""
        return by_item(self.results)

    @cached_property
    def segments(self) -> dict[str, OutcomeTable]:
        """Families by outcome, by segment."""
        return by_segment(self.results, {one.case.id: one.case.segment for one in self.seen})


def run_trial(
    bench: Bench,
    version: Version,
    *,
    policy: PolicyValues,
    cases: Sequence[Case],
    trial: str,
    unsure: float = UNSURE,
) -> TrialRun:
    """What this version under this policy does with each case; the same every time.

    Nothing is acted on, nothing drafted. `unsure` is the confidence below which acting alone does
    not pay (`failures.break_even`).
    """
    return route_all(bench.seen(version, cases), version, policy=policy, trial=trial, unsure=unsure)


def route_all(
    seen: Sequence[Seen],
    version: Version,
    *,
    policy: PolicyValues,
    trial: str,
    unsure: float = UNSURE,
) -> TrialRun:
    """What the rules of this version and the values of this policy make of what was seen."""
    router = Router(version.rules, review_owner=policy.review_owner)
    doubt = Doubt(unsure, out_of_scope(version), fillings_of(version))
    results = [
        result_of(one, one.stop or router.route(one.facts(policy)), doubt=doubt, trial=trial)
        for one in seen
    ]
    return TrialRun(trial, tuple(seen), tuple(results))


def result_of(seen: Seen, routing: Routing, *, doubt: Doubt, trial: str) -> CaseResult:
    """What it was worth to route a case so."""
    answer = seen.output
    outcome = "error" if seen.error else seen.grade(routing.route)
    slip = find_slip(seen, doubt.fillings)
    decided = Decided(outcome, answer.label, answer.confidence, routing.route, routing.rule, slip)
    cause = find_cause(seen.case, decided, doubt=doubt)
    return CaseResult(
        trial=trial,
        case=seen.case.id,
        family=seen.case.family,
        epoch=EPOCH,
        outcome=outcome,
        label=answer.label,
        confidence=answer.confidence,
        scope=answer.scope,
        route="" if seen.error else routing.route,
        rule="" if seen.error else routing.rule,
        failure="" if cause is None else cause.key,
        error=seen.error,
        wrong=seen.wrong,
    )
