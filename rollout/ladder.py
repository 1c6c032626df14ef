"""the stages, in order, and what each allows.

`full` serves 95 % of the items until its bake window (its `min_hours`) has passed; the other 5 %
stay on the incumbent and are what a late regression is seen against. Weights are basis points.
"""

from typing import Any, NamedTuple

from policies.compiled import BAKING_BP, FIELD, FULL_BP, GateName
from runs.errors import Conflict, InvalidInput
from runs.records.release import Release, Segment, StageSpec
from runs.records.version import FieldSpec, Version


class Rung(NamedTuple):
    """A place on the ladder: the index of a stage, and the share of items served there."""

    stage: int
    weight_bp: int


class Allowance(NamedTuple):
    """What a stage allows."""

    acts: bool
    """False in the sandbox: every item is worked on in its shadow and nothing is acted on."""
    weight_bp: int
    """The most that may be served there before the release is complete."""
    gate: GateName
    """The gate that lets a release leave it upwards."""


def allows(stage: StageSpec) -> Allowance:
    """What a release may do while it stands on this stage."""
    weight = min(stage.weight_bp, BAKING_BP) if stage.kind == "full" else stage.weight_bp
    return Allowance(stage.kind != "sandbox", weight, stage.kind)


def find_stage(release: Release) -> StageSpec | None:
    """The stage the release stands on, or None before the first."""
    return release.stages[release.stage] if release.stage >= 0 else None


def find_next(release: Release) -> Rung | None:
    """One rung up, or None where only completion is left.

    A release that was narrowed, below what its stage allows or by a segment, first returns to all
    that its stage allows.
    """
    stage = find_stage(release)
    if stage is not None and (release.weight_bp < allows(stage).weight_bp or release.without):
        return Rung(release.stage, allows(stage).weight_bp)
    if release.stage + 1 >= len(release.stages):
        return None
    return Rung(release.stage + 1, allows(release.stages[release.stage + 1]).weight_bp)


def top(release: Release) -> Rung:
    """Where the release stands once it is complete: all items if its last stage is `full`."""
    last = release.stages[-1]
    weight = FULL_BP if last.kind == "full" else last.weight_bp
    return Rung(len(release.stages) - 1, weight)


def way_back(release: Release, weight_bp: int) -> Rung:
    """The lowest stage that has room for a smaller weight; 0 is the sandbox.

    Raises InvalidInput unless the weight is smaller than the present one, Conflict before the first
    stage: there is nothing to narrow.
    """
    if release.stage < 0:
        raise Conflict(
            f"release {release.id} has not entered a stage, so there is nothing to narrow; wait "
            "until it does"
        )
    if not 0 <= weight_bp < release.weight_bp:
        raise InvalidInput(
            f"release {release.id}: weight {weight_bp} bp is not smaller than the present "
            f"{release.weight_bp} bp; give a smaller one, as narrowing never widens"
        )
    below = range(release.stage + 1)
    roomy = (i for i in below if allows(release.stages[i]).weight_bp >= weight_bp)
    return Rung(next(roomy, release.stage), weight_bp)


def narrowed(release: Release, *, weight_bp: int | None, segment: Segment | None) -> Release:
    """The release with the smaller share, without the segment, or both; never with more.

    The share it has already changes nothing. Raises as `way_back` does.
    """
    told: dict[str, Any] = {}
    if release.stage < 0 or weight_bp not in (None, release.weight_bp):
        told |= way_back(release, weight_bp or 0)._asdict()
    if segment is not None:
        kept = [one for one in release.without if one != segment]
        told["without"] = tuple(sorted([*kept, segment], key=str))
    return release.model_copy(update=told)


def read_segment(text: str, version: Version) -> Segment:
    """The segment `field=value` names; InvalidInput, with what there is, unless it is one.

    Only a field that holds one of a few known values makes a segment: never free text, never a
    masked field, so that it can be told wherever the release is.
    """
    told = (spec for spec in version.contract if FIELD + spec.name not in version.mask)
    values = {spec.name: _values_of(spec) for spec in told if _values_of(spec)}
    name, _, value = text.partition("=")
    if name in values and value in values[name]:
        return Segment(field=name, value=value)
    if name in values:
        raise InvalidInput(f"segment {text!r}: give {name} one of {', '.join(values[name])}")
    known = ", ".join(values) or "none: it declares no choice and no flag"
    raise InvalidInput(
        f"segment {text!r}: name a choice or a flag of the data contract as field=value; "
        f"it has {known}"
    )


def place(release: Release) -> str:
    """Where a release stands, exactly: stage, share and the segments it is narrowed by."""
    kept = "".join(f" -{one}" for one in release.without)
    return f"{release.stage}:{release.weight_bp}{kept}"


def told(release: Release) -> str:
    """What it serves, for people."""
    share = f"{release.weight_bp / 100:g} %"
    kept = " and ".join(map(str, release.without))
    return f"{share} without {kept}" if kept else share


def subject(release: Release) -> str:
    """What live evidence of the release's present stage is about."""
    return f"release:{release.id}:{release.stage}"


def _values_of(spec: FieldSpec) -> tuple[str, ...]:
    return ("true", "false") if spec.type == "flag" else spec.choices
