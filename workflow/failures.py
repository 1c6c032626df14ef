"""failures grouped into categories.

The codes are those of the evaluation specification, section 3.1. Which one a failure gets follows
by rule from what the trial recorded: which step decided, by which rule, what was expected.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple, cast, get_args

from runs.plan import Plan
from runs.records.case import Case, Severity
from runs.records.evidence import CaseResult, FailureGroup, Outcome
from runs.records.version import Filling, Route
from workflow.slips import Slip

Code = Literal[
    "malformed_input",
    "missing_context",
    "out_of_scope",
    "misclassified",
    "wrong_source",
    "stale_context",
    "omission",
    "extraction_error",
    "fabrication",
    "threshold",
    "should_have_escalated",
    "needless_escalation",
    "tool_error",
    "unexplained",
]
Step = Literal["intake", "context", "decide", "route", "act"]

UNSURE = 0.8
"""Below this confidence a wrong answer is the threshold's failure, where no plan says otherwise."""
WEIGHTS: Mapping[Severity, int] = {"critical": 9, "major": 3, "minor": 1}
"""What a failing case counts in the order of the groups."""
SEVERITIES = get_args(Severity)


class Cause(NamedTuple):
    """Why a case failed; together the fields are the key of its group."""

    step: Step
    field: str
    code: Code
    expected: str
    actual: str

    @property
    def key(self) -> str:
        """The fields joined by slashes; a slash inside one is written %2F, a percent sign %25."""
        return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in self)


class Decided(NamedTuple):
    """What the version did with a case, as far as a cause needs it."""

    outcome: Outcome
    label: str
    confidence: float
    route: Route
    rule: str
    slip: Slip | None = None
    """Of a draft: its first field that is wrong or missing."""


class Doubt(NamedTuple):
    """What tells an answer that should have been doubted from one that was simply wrong."""

    unsure: float = UNSURE
    """Confidence below which acting alone does not pay."""
    out_of_scope: str = ""
    """The label of what belongs to no other label."""
    fillings: tuple[Filling, ...] = ()
    """How a draft is filled, where the version drafts."""


def break_even(plan: Plan) -> float:
    """The confidence from which acting alone is cheaper than asking a person, 0 to 1.

    An answer of confidence p costs (1 - p) x cost of an error alone and the cost of a review with
    a person: they are equal at 1 - cost of review / cost of error.
    """
    if plan.goal.cost_of_error <= 0:
        return 0.0
    share = plan.economics.cost_of_review / plan.goal.cost_of_error
    return float(max(Decimal(0), 1 - share))


def find_cause(case: Case, decided: Decided, *, doubt: Doubt) -> Cause | None:
    """Why a case failed; None when it did not."""
    if decided.outcome in ("right_auto", "right_review"):
        return None
    if decided.outcome == "error":
        return Cause("decide", "answer", "tool_error", case.routes[0], "error")
    if decided.outcome == "wrong_auto":
        return _harm(case, decided, doubt)
    return _needless(case, decided)


def _harm(case: Case, decided: Decided, doubt: Doubt) -> Cause:
    expected = case.expected["label"]
    if "act" not in case.routes and expected and expected == doubt.out_of_scope:
        return Cause("route", "label", "out_of_scope", case.routes[0], "act")
    if "act" not in case.routes:
        return Cause("route", "route", "should_have_escalated", case.routes[0], "act")
    if decided.slip is not None and decided.label == expected:
        return _slipped(decided.slip)
    if decided.confidence < doubt.unsure:
        return Cause("route", "confidence", "threshold", "review", "act")
    return Cause("decide", "label", "misclassified", expected, decided.label)


def _slipped(slip: Slip) -> Cause:
    return Cause("decide", slip.field, cast(Code, slip.code), slip.expected, slip.actual)


def _needless(case: Case, decided: Decided) -> Cause:
    if decided.rule == "answer" and decided.slip is not None:
        return _slipped(decided.slip)
    step, field, code = _BY_RULE.get(decided.rule, ("route", decided.rule, "needless_escalation"))
    return Cause(step, field, code, case.routes[0], decided.route)


_BY_RULE: Mapping[str, tuple[Step, str, Code]] = {
    "contract": ("intake", "contract", "malformed_input"),
    "context": ("context", "source", "missing_context"),
    "answer": ("decide", "label", "unexplained"),
    "threshold": ("route", "confidence", "threshold"),
    "scope": ("route", "scope", "threshold"),
    "": ("route", "rule", "unexplained"),
}


def cause_of(key: str) -> Cause:
    """The cause a key stands for."""
    step, field, code, expected, actual = (
        part.replace("%2F", "/").replace("%25", "%") for part in key.split("/")
    )
    return Cause(cast(Step, step), field, cast(Code, code), expected, actual)


def group(results: Sequence[CaseResult], cases: Sequence[Case]) -> list[FailureGroup]:
    """Failures that share a key, the worst group first: severity, then weight, then count.

    A group is as severe as its worst case; a review that nobody needed harms nobody, so such a
    group is minor whatever its cases are.
    """
    severity: dict[str, Severity] = {case.id: case.severity for case in cases}
    members: dict[str, dict[str, Outcome]] = defaultdict(dict)
    for result in results:
        if result.failure:
            members[result.failure][result.case] = result.outcome
    groups = [_group(key, held, severity) for key, held in members.items()]

    def order(one: FailureGroup) -> tuple[int, int, int, str]:
        weight = sum(WEIGHTS[severity[id]] for id in one.cases)
        return SEVERITIES.index(one.severity), -weight, -len(one.cases), one.key

    return sorted(groups, key=order)


def _group(key: str, held: Mapping[str, Outcome], severity: Mapping[str, Severity]) -> FailureGroup:
    cause = cause_of(key)
    harmed: list[Severity] = [
        severity[id] for id, outcome in held.items() if outcome != "needless_review"
    ]
    worst: Severity = min(harmed, key=SEVERITIES.index) if harmed else "minor"
    return FailureGroup(
        key=key,
        step=cause.step,
        field=cause.field,
        code=cause.code,
        expected=cause.expected,
        actual=cause.actual,
        cases=tuple(sorted(held)),
        severity=worst,
        explained=cause.code != "unexplained",
    )
