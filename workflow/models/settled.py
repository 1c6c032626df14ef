"""The answer of a version that asks models: the first of use, or its baseline's, and why."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from runs.records.item import Output, Unanswered
from runs.records.model import Calibration, Flag, Tried
from workflow.models import calibration
from workflow.models.asking import Heard


class Sure(NamedTuple):
    """A confidence, and what it comes from."""

    chance: float
    source: str
    """Id of the calibration."""


Confidence = Callable[[Heard], Sure]
"""How far an answer is right: found by whoever holds the calibrations."""
UNPROVEN = Flag(code="unproven", name="baseline")
NOT = Sure(0.0, "")
"""Nothing was calibrated: nothing may act on it alone."""


def settle(
    heard: Sequence[Heard],
    baseline: Output | Unanswered,
    sure: Confidence,
    stands_alone: Callable[[], bool],
) -> Output | Unanswered:
    """The answer that counts, with every model that was asked for it.

    An answer with a flag has the confidence 0, and so has one that nothing was calibrated for.
    Where no model gave one the baseline's stands as it is, if it was proven by itself; else it has
    the confidence 0 as well: what was judged is what models and baseline do together.
    """
    last = heard[-1] if heard else None
    if last is None or last.read is None:
        return _fallen_back([one.tried for one in heard], baseline, stands_alone)
    read, found = last.read, sure(last)
    is_sure = not read.flags and found.chance > 0
    tried = [one.tried for one in heard[:-1]]
    tried.append(last.tried.model_copy(update={"calibration": found.source if is_sure else ""}))
    other = baseline.label if isinstance(baseline, Output) else ""
    return Output(
        label=read.label,
        confidence=found.chance if is_sure else 0.0,
        scope=_scope(last, baseline),
        runner_up=other if other != read.label else "",
        route_used=last.route.name,
        fields=read.fields,
        references=read.references,
        asked=tuple(tried),
        flags=read.flags,
    )


def by_record(found: Calibration | None, last: Heard, baseline: Output | Unanswered) -> Sure:
    """The confidence that a kept calibration gives; a script's says nothing of a model."""
    if found is None or found.is_script != last.tried.is_script or last.read is None:
        return NOT
    features = calibration.features_of(last, baseline)
    return Sure(calibration.probability(found, features), found.id)


def why_not(asked: Sequence[Tried]) -> str:
    """Why none of these gave the answer, in one sentence; empty where none was asked."""
    failed = [one for one in asked if one.end != "answered"]
    return "; ".join(f"{one.route}: {one.end.replace('_', ' ')} ({one.says})" for one in failed)


def _fallen_back(
    tried: Sequence[Tried], baseline: Output | Unanswered, stands_alone: Callable[[], bool]
) -> Output | Unanswered:
    if isinstance(baseline, Output):
        held = {} if stands_alone() else {"confidence": 0.0, "flags": (UNPROVEN,)}
        return baseline.model_copy(update={"asked": tuple(tried), **held})
    told = {"says": f"{baseline.says}; {why_not(tried)}", "asked": tuple(tried)}
    return baseline.model_copy(update=told)


def _scope(last: Heard, baseline: Output | Unanswered) -> float:
    """How far the item is like what is known: by its fields, else by the baseline that looked."""
    assert last.read is not None
    if last.route.label:
        return last.read.filled
    return baseline.scope if isinstance(baseline, Output) else 0.0
