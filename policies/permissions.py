"""read, suggest, draft, trigger, update: what a stage and a version allow.

| level   | sandbox | slice, full | waits for an approval of exactly that action |
|---------|---------|-------------|----------------------------------------------|
| read    | yes     | yes         | never: it changes nothing                    |
| suggest | yes     | yes         | never: it stays with us                      |
| draft   | no      | yes         | when it is sensitive or irreversible         |
| trigger | no      | yes         | when it is of any risk class                 |
| update  | no      | yes         | when it is of any risk class                 |

Rule 2 of the product is taken by the letter: what is sensitive, irreversible, financial or
customer-facing waits for a person's yes to *exactly that action*, item by item. The approval of a
plan or of a stage says that the version may work there; it never stands in for that yes. A draft
leaves something in another system, so it is no sandbox matter and waits where leaving it there
is the risk; what makes it financial or customer-facing is the sending, which is an effect of its
own. Effects named under `actions.needing_approval` of the plan wait as well. What is
not in the tables is not allowed.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from runs.records.release import StageKind
from runs.records.version import Effect, Version

ALL_RISKS = frozenset({"sensitive", "irreversible", "financial", "customer_facing"})
ALLOWED: Mapping[str, frozenset[str]] = {
    "sandbox": frozenset({"read", "suggest"}),
    "slice": frozenset({"read", "suggest", "draft", "trigger", "update"}),
    "full": frozenset({"read", "suggest", "draft", "trigger", "update"}),
}
"""Levels by kind of stage."""
WAITING: Mapping[str, frozenset[str]] = {
    "read": frozenset(),
    "suggest": frozenset(),
    "draft": frozenset({"sensitive", "irreversible"}),
    "trigger": ALL_RISKS,
    "update": ALL_RISKS,
}
"""Risk classes that wait for an approval, by level."""


class Permission(NamedTuple):
    """May this effect happen now."""

    allowed: bool
    needs_approval: bool
    """A person must agree to exactly this action first; true also where that was done."""
    reason: str


def waits(effect: Effect, kept: Collection[str]) -> bool:
    """Whether a person must agree to exactly this action first; `kept`: names the plan keeps so."""
    return bool(set(effect.risks) & WAITING.get(effect.level, ALL_RISKS)) or effect.name in kept


def permit(effect: Effect, *, stage: StageKind, version: Version, has_approval: bool) -> Permission:
    """Allow only what the version declares, the stage has room for and a person agreed to.

    `has_approval`: a valid approval covers exactly this action and content. Anything unknown, in
    the effect or in the stage, is no.
    """
    unknown = set(effect.risks) - ALL_RISKS
    is_risky = waits(effect, ())
    needs = waits(effect, version.waiting)
    if effect not in version.effects:
        return Permission(
            False,
            needs,
            f"the version does not declare the effect {effect.name!r}; declare it in another",
        )
    if stage not in ALLOWED or effect.level not in WAITING or unknown:
        return Permission(
            False,
            needs,
            f"nothing is known of {effect.level!r} in stage {stage!r}; name a level and a "
            "stage there are",
        )
    if effect.level not in ALLOWED[stage]:
        says = f"{effect.level} is not allowed in the {stage} stage; wait for one that acts"
        return Permission(False, needs, says)
    if needs and not has_approval:
        why = ", ".join(effect.risks) if is_risky else "kept for a person by the plan"
        return Permission(
            False, True, f"{effect.name} is {why}, so a person must agree first; ask for that"
        )
    return Permission(True, needs, f"{effect.level} is allowed in the {stage} stage")
