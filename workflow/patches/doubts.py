"""Whether the labels of a group are in doubt: then its expert is asked, and nothing is mended."""

from runs.records.case import Case
from runs.records.evidence import FailureGroup
from workflow.evaluate.trial import TrialRun
from workflow.grading import wrong_fields

LEAST = 2
"""One doubtful label may be chance."""
SURE = 0.95
"""An answer that never saw the case, of this confidence against its only label, is a hint."""


def second_says_otherwise(group: FailureGroup, trial: TrialRun) -> tuple[str, ...]:
    """Cases to which a second person gave another label, where they are half of the group."""
    members = set(group.cases)
    held = [
        case.id
        for case in trial.cases
        if case.id in members and case.second is not None and not _agrees(case)
    ]
    return _most(held, group)


def answers_are_sure(group: FailureGroup, trial: TrialRun) -> tuple[str, ...]:
    """Cases of one label alone that the version surely answers otherwise, where they are half.

    What fills a template is no second opinion: its confidence counts fields, not doubt of a label.
    """
    members = {one.case.id for one in trial.seen if one.output.route_used != "template"}
    members, known = members & set(group.cases), {case.id: case for case in trial.cases}
    held = [
        one.case
        for one in trial.results
        if one.case in members
        and known[one.case].second is None
        and one.label != known[one.case].expected["label"]
        and one.confidence >= SURE
    ]
    return _most(held, group)


def asks(cases: tuple[str, ...], group: FailureGroup, *, expert: str, why: str) -> str:
    """What the expert is asked, in one sentence."""
    shown = ", ".join(cases[:5]) + (f" and {len(cases) - 5} more" if len(cases) > 5 else "")
    return (
        f"{expert} is asked first whether the labels are right: of {len(group.cases)} failures "
        f"{group.key}, {why} in {len(cases)} ({shown}); a label is the expert's, never mended here"
    )


def _agrees(case: Case) -> bool:
    """Whether the second person says the same: the label, and every field where there are some."""
    second = case.second or {}
    fields = second.get("fields", case.expected.get("fields", {}))
    return second.get("label") == case.expected["label"] and not wrong_fields(case, fields)


def _most(held: list[str], group: FailureGroup) -> tuple[str, ...]:
    is_most = len(held) >= LEAST and 2 * len(held) >= len(group.cases)
    return tuple(sorted(held)) if is_most else ()
