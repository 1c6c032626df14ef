"""an answer against its label."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runs.records.case import Case
from runs.records.evidence import CaseResult, Outcome, OutcomeTable
from runs.records.version import Route
from workflow.drafting import alike

WORST_FIRST: tuple[Outcome, ...] = (
    "wrong_auto",
    "error",
    "needless_review",
    "right_review",
    "right_auto",
)
"""A family is as good as its worst case: harm, then no answer, then a review nobody needed."""


def grade(case: Case, label: str, route: Route, *, wrong: Sequence[str] = ()) -> Outcome:
    """What it was worth to route this case so, with this label and these fields wrong.

    Sending a case to review (or refusing it) is right only where the case allows that route;
    acting alone is right only where the case allows it, the label is the expected one and so is
    every field of what was drafted.
    """
    if route == "act":
        is_right = "act" in case.routes and label == case.expected["label"] and not wrong
        return "right_auto" if is_right else "wrong_auto"
    return "right_review" if route in case.routes else "needless_review"


def wrong_fields(case: Case, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The expected fields, by name, that a draft has otherwise, lacks, or has against the label.

    A field the label says nothing of is not judged; null says that it may not be there.
    """
    expected: Mapping[str, Any] = case.expected.get("fields", {})
    return tuple(name for name, right in expected.items() if not alike(fields.get(name), right))


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The one verdict of several cases: their worst outcome."""
    return min(outcomes, key=WORST_FIRST.index)


def families(results: Sequence[CaseResult]) -> dict[str, Outcome]:
    """One outcome a family: the worst of its cases and epochs."""
    members: dict[str, list[Outcome]] = defaultdict(list)
    for result in results:
        members[result.family].append(result.outcome)
    return {family: worst(outcomes) for family, outcomes in members.items()}


def by_family(results: Sequence[CaseResult]) -> OutcomeTable:
    """Families by their worst outcome: the unit of every gate on a dataset."""
    return _table(families(results).values())


def by_item(results: Sequence[CaseResult]) -> OutcomeTable:
    """Cases by outcome; a case that was tried several times counts with its worst."""
    members: dict[str, list[Outcome]] = defaultdict(list)
    for result in results:
        members[result.case].append(result.outcome)
    return _table(worst(outcomes) for outcomes in members.values())


def by_segment(
    results: Sequence[CaseResult], segments: Mapping[str, str]
) -> dict[str, OutcomeTable]:
    """Families by outcome within each segment; `segments` names the segment of each case."""
    members: dict[str, list[CaseResult]] = defaultdict(list)
    for result in results:
        members[segments[result.case]].append(result)
    return {segment: by_family(held) for segment, held in sorted(members.items())}


def _table(outcomes: Iterable[Outcome]) -> OutcomeTable:
    return OutcomeTable(**Counter(outcomes))
