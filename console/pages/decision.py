"""Ship, hold, narrow or expand: what decides each by the plan, and what it comes to now."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from rollout import advance, ladder
from rollout.advance import Facts
from runs.plan import Plan
from runs.records.release import Move, Release
from runs.records.version import GateValues

OVER = ("complete", "rolled_back")
"""A release in one of these moves no more by itself."""


class Decides(NamedTuple):
    """One of the four words."""

    word: Literal["ship", "hold", "narrow", "expand"]
    by: str
    """What decides it, as the plan says."""
    now: str
    """What it comes to now; empty before there is a release."""


def decision(plan: Plan, facts: Facts | None) -> tuple[Decides, ...]:
    """The four words in order; with the facts of a release, what each comes to now."""
    move = None if facts is None else advance.judge(facts)
    now = {} if facts is None or move is None else dict(_now(facts, move))
    return (
        Decides("ship", _ship(plan), now.get("ship", "")),
        Decides("hold", _hold(plan), now.get("hold", "")),
        Decides("narrow", _narrow(plan), now.get("narrow", "")),
        Decides("expand", _expand(plan), now.get("expand", "")),
    )


def bars(gate: GateValues | None) -> str:
    """A gate in words."""
    if gate is None:
        return "no gate is set"
    return (
        f"at most {gate.wrong_auto_max:.1%} wrong alone, at least {gate.coverage_min:.0%} covered, "
        f"with {gate.confidence:.0%} confidence on at least {gate.min_cases} cases"
    )


def _ship(plan: Plan) -> str:
    first = plan.rollout.stages[0].name
    gate = bars(plan.acceptance.gates.get("dry_run"))
    return f"enter {first}: the dry run passes ({gate}), and its approvers agree"


def _hold(plan: Plan) -> str:
    missing = "evidence, approval or watch that is missing, stale or inconclusive"
    return "; ".join([missing, *plan.rollout.blockers])


def _narrow(plan: Plan) -> str:
    crossed = [
        f"{one.signal.replace('_', ' ')} {one.direction} {one.value} on {one.min_items} items"
        for one in plan.rollout.rollback_when
    ]
    word = f"one person's word, such as {plan.owners.incidents}'s"
    return "; ".join(["a stage's gate that fails", *crossed, word])


def _expand(plan: Plan) -> str:
    told = [
        f"{stage.name}: {stage.sample} labelled items and {stage.min_hours} hours, "
        f"{bars(plan.acceptance.gates.get(stage.kind))}"
        for stage in plan.rollout.stages
    ]
    always = "a rehearsed way back, a watch without gaps, approval of exactly this move"
    return "; ".join([always, *told, f"up to {plan.rollout.agreed_stage}"])


def _now(facts: Facts, move: Move) -> Iterator[tuple[str, str]]:
    release = facts.release
    yield "ship", _shipped(facts, move)
    yield "hold", _held(release, move)
    if release.status == "rolled_back":
        yield "narrow", "done: it was taken back"
    elif move.kind in ("narrow", "roll_back"):
        yield "narrow", f"yes: {move.reason}"
    else:
        breached = facts.monitoring.notes.get("breached", "") if facts.monitoring else ""
        yield "narrow", f"near: {breached}" if breached else "nothing asks for it"
    yield "expand", "after the first stage" if release.stage < 0 else _upwards(facts, move)


def _held(release: Release, move: Move) -> str:
    if release.status in OVER:
        return f"nothing to hold: it is {release.status.replace('_', ' ')}"
    is_held = move.kind == "hold" and not advance.waits_for_approval(move)
    return f"yes: {move.reason}" if is_held else "nothing holds it"


def _shipped(facts: Facts, move: Move) -> str:
    release = facts.release
    if release.stage < 0:
        return _upwards(facts, move)
    stands = f"it stands on {release.stages[release.stage].name}, serves {ladder.told(release)}"
    return f"done: {stands}"


def _upwards(facts: Facts, move: Move) -> str:
    release = facts.release
    if release.status in OVER:
        return f"no: it is {release.status.replace('_', ' ')}"
    to = _target(release)
    if move.kind in ("enter", "expand", "complete"):
        return f"yes, {to}: {move.reason}"
    if advance.waits_for_approval(move):
        return f"ready for {to}: only the approval is missing"
    return f"no, not {to} yet: {move.reason}"


def _target(release: Release) -> str:
    rung = advance.target(release)
    return f"{release.stages[rung.stage].name} at {rung.weight_bp / 100:g} %"
