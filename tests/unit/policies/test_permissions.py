"""Levels, stages and risks: what is not in the table is no."""

from itertools import product
from typing import Any, get_args

import pytest

from policies.permissions import permit
from runs.records.release import StageKind
from runs.records.version import Effect, Level, Risk
from tests.unit.policies.builders import version

INSIDE = ("read", "suggest")
OUTSIDE = ("draft", "trigger", "update")


def effect(level: str = "update", *risks: str) -> Effect:
    """An effect on the desk."""
    return Effect.model_validate(
        {"name": "assign", "tool": "desk", "operation": "assign", "level": level, "risks": risks}
    )


def permitted(asked: Effect, stage: Any, *, has_approval: bool = False) -> bool:
    """Whether a version that declares exactly this effect may do it."""
    return permit(asked, stage=stage, version=version(asked), has_approval=has_approval).allowed


@pytest.mark.parametrize("stage", get_args(StageKind))
@pytest.mark.parametrize("level", INSIDE)
def test_looking_and_suggesting_are_allowed_everywhere(level: str, stage: str) -> None:
    """They change nothing outside."""
    assert permitted(effect(level), stage)


@pytest.mark.parametrize("level", OUTSIDE)
@pytest.mark.parametrize("risks", [(), ("financial",)])
def test_the_sandbox_never_acts(level: str, risks: tuple[str, ...]) -> None:
    """Not with an approval either."""
    assert not permitted(effect(level, *risks), "sandbox")
    assert not permitted(effect(level, *risks), "sandbox", has_approval=True)


@pytest.mark.parametrize("stage", ["slice", "full"])
@pytest.mark.parametrize("level", OUTSIDE)
def test_what_is_without_risk_acts_alone_beyond_the_sandbox(level: str, stage: str) -> None:
    """The stage's own approval is enough for it."""
    assert permitted(effect(level), stage)


@pytest.mark.parametrize(
    ("level", "risk", "stage"), [*product(["trigger", "update"], get_args(Risk), ["slice", "full"])]
)
def test_a_risky_action_waits_for_its_own_approval(level: str, risk: str, stage: Any) -> None:
    """Rule 2 of the product, for each class, level and stage."""
    asked = effect(level, risk)
    permission = permit(asked, stage=stage, version=version(asked), has_approval=False)

    assert (permission.allowed, permission.needs_approval) == (False, True)
    assert risk in permission.reason
    assert permitted(asked, stage, has_approval=True)


@pytest.mark.parametrize(
    ("risk", "waits"),
    [
        ("sensitive", True),
        ("irreversible", True),
        ("financial", False),
        ("customer_facing", False),
    ],
)
def test_a_draft_waits_where_leaving_it_there_is_the_risk(risk: str, *, waits: bool) -> None:
    """Sending it is another effect."""
    assert permitted(effect("draft", risk), "slice") is not waits
    assert permitted(effect("draft", risk), "slice", has_approval=True)


def test_an_effect_the_version_does_not_declare_is_no() -> None:
    """Nor is one that only has the name of a declared one."""
    declared = version(effect("update"))
    other = effect("update", "financial")

    for asked in (other, effect("trigger")):
        assert not permit(asked, stage="full", version=declared, has_approval=True).allowed
    assert not permit(other, stage="full", version=version(), has_approval=True).allowed


@pytest.mark.parametrize("stage", ["", "everything", "Full"])
def test_an_unknown_stage_is_no(stage: str) -> None:
    """Not even for reading."""
    assert not permitted(effect("read"), stage)


@pytest.mark.parametrize(("field", "value"), [("level", "admin"), ("risks", ("odd",))])
def test_an_unknown_level_or_risk_is_no(field: str, value: Any) -> None:
    """A record that slipped past its own check is still refused."""
    asked = effect().model_copy(update={field: value})

    assert not permitted(asked, "full")
    assert not permitted(asked, "full", has_approval=True)


def test_every_level_of_the_record_is_in_the_tables() -> None:
    """A level added to the record without a rule would be no; here it is seen."""
    assert {*INSIDE, *OUTSIDE} == set(get_args(Level))
