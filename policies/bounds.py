"""what operations may change, how far, and who must agree.

Two sets of bounds hold at once. The version's say how far each value and list it uses may move; a
value without one may not move at all. The installation's say how far any policy may go, by path:
`gates.*.wrong_auto_max`, where `*` stands for one part. A bound on a list limits what may stand in
it (`choices`) and how many entries it has (`low`, `high`).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import NamedTuple

from runs.errors import InvalidInput
from runs.records.version import Bound, PolicyValues

REQUIRED = ("act_threshold", "scope_floor")
"""Values that every policy has."""

Value = Decimal | tuple[str, ...]


class Changed(NamedTuple):
    """One value that differs between two policies."""

    key: str
    before: Value | None
    after: Value | None
    roles: tuple[str, ...]
    """Who must agree, each role; the operations lead is among them always."""


LOOSER: Mapping[str, int] = {
    "gates.*.wrong_auto_max": 1,
    "gates.*.coverage_min": -1,
    "gates.*.confidence": -1,
    "gates.*.min_cases": -1,
    "audit_share": -1,
    "evidence_hours.*": 1,
}
"""The direction in which a value lets more pass: up or down."""


def check(
    policy: PolicyValues,
    version_bounds: Mapping[str, Bound],
    installation_bounds: Mapping[str, Bound],
) -> None:
    """Raise InvalidInput naming key, value, bound and who may widen it, unless all are within.

    A required value that is missing, a value or list without a bound in the version, and a bound
    that bounds nothing are refused as well.
    """
    for name in REQUIRED:
        if name not in policy.values:
            raise InvalidInput(f"values.{name} is missing; add it: every policy has one")
    for name, value in [*policy.values.items(), *policy.lists.items()]:
        key = f"{'lists' if name in policy.lists else 'values'}.{name}"
        if name in policy.values and name in policy.lists:
            raise InvalidInput(f"{name} is a value and a list; give one of them another name")
        if name not in version_bounds:
            raise InvalidInput(
                f"{key} has no bound in the version, so it may not be set; "
                "the engineering lead adds the bound with another version"
            )
        within(key, value, version_bounds[name], "the engineering lead, with another version")
    for pattern, bound in installation_bounds.items():
        for key, value in flat(policy):
            if fnmatchcase(key, pattern) and key.count(".") == pattern.count("."):
                within(key, value, bound, "the owner of the installation")


def within(key: str, value: Value, bound: Bound, widened_by: str) -> None:
    """Raise InvalidInput unless the value lies within the bound."""
    if bound == Bound():
        raise InvalidInput(f"the bound of {key} limits nothing; give it low, high or choices")
    counted = Decimal(len(value)) if isinstance(value, tuple) else value
    entries = value if isinstance(value, tuple) else (str(value),)
    strangers = [entry for entry in entries if bound.choices and entry not in bound.choices]
    too_low = bound.low is not None and counted < bound.low
    too_high = bound.high is not None and counted > bound.high
    if not (too_low or too_high or strangers):
        return
    shown = ", ".join(strangers) if strangers else str(counted)
    unit = " entries" if isinstance(value, tuple) and not strangers else ""
    raise InvalidInput(
        f"{key} is {shown}{unit}, outside its bound {_told(bound)}; "
        f"keep within it, or ask {widened_by} to widen it"
    )


def changes(before: PolicyValues, after: PolicyValues) -> tuple[Changed, ...]:
    """Every value that differs, and the roles that must agree to it; InvalidInput across workflows.

    Within its bounds operations change a value alone. What lets more pass needs the domain expert
    as well, and who approves is a matter for product and engineering.
    """
    if before.workflow != after.workflow:
        raise InvalidInput(f"{after.workflow} is not {before.workflow}: compare one workflow")
    old, fresh = dict(flat(before)), dict(flat(after))
    return tuple(
        Changed(key, old.get(key), fresh.get(key), _roles(key, old.get(key), fresh.get(key)))
        for key in dict.fromkeys([*old, *fresh])
        if old.get(key) != fresh.get(key)
    )


def flat(policy: PolicyValues) -> Iterator[tuple[str, Value]]:
    """Every value of a policy by its path; texts as one-entry lists."""
    yield from ((f"values.{name}", value) for name, value in policy.values.items())
    yield from ((f"lists.{name}", entries) for name, entries in policy.lists.items())
    for gate, bars in policy.gates.items():
        for name, bar in bars:
            yield f"gates.{gate}.{name}", Decimal(str(bar))
    for kind, rules in policy.approvers.items():
        yield f"approvers.{kind}", tuple(f"{rule.count} {rule.role}" for rule in rules)
    yield "review_owner", (policy.review_owner,)
    yield "review_due_hours", Decimal(policy.review_due_hours)
    yield "audit_share", Decimal(str(policy.audit_share))
    yield "approval_due_hours", Decimal(policy.approval_due_hours)
    for kind, hours in policy.evidence_hours.items():
        yield f"evidence_hours.{kind}", Decimal(hours)
    yield "escalation", policy.escalation


def _roles(key: str, before: Value | None, after: Value | None) -> tuple[str, ...]:
    if key.startswith("approvers."):
        return ("ops_lead", "product_owner", "engineering_lead")
    direction = next((way for pattern, way in LOOSER.items() if fnmatchcase(key, pattern)), 0)
    is_gone = direction != 0 and (before is None or after is None)
    if is_gone or (
        isinstance(before, Decimal)
        and isinstance(after, Decimal)
        and (after - before) * direction > 0
    ):
        return ("ops_lead", "domain_expert")
    return ("ops_lead",)


def _told(bound: Bound) -> str:
    if bound.choices:
        return f"({', '.join(bound.choices)})"
    low = "no limit" if bound.low is None else str(bound.low)
    high = "no limit" if bound.high is None else str(bound.high)
    return f"from {low} to {high}"
