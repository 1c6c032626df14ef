"""what operations may change, how far, and who must agree.

Two sets of bounds hold at once. The version's say how far each value and list it uses may move; a
value without one may not move at all. The installation's say how far any policy may go, by path:
`gates.*.wrong_auto_max`, where `*` stands for one part. A bound on a list limits what may stand in
it (`choices`) and how many entries it has (`low`, `high`).
"""

from collections.abc import Iterable, Iterator, Mapping
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


OPS = "ops_lead"
"""Whose values they are: within bounds they change them alone."""
LIMITS = (
    "queue_most",
    "concurrency",
    "priority",
    "priority_least",
    "priority_most",
    "deadline_minutes",
    "deadline_context_s",
    "deadline_decide_s",
    "deadline_act_s",
)
"""How much is taken in and worked on, how soon, and for how long."""
GOVERNING = (OPS, "product_owner", "engineering_lead")
"""Who agrees to other approvers, whichever way they change."""
LOOSER: Mapping[str, tuple[int, str]] = {
    "gates.*.wrong_auto_max": (1, "domain_expert"),
    "gates.*.coverage_min": (-1, "domain_expert"),
    "gates.*.confidence": (-1, "domain_expert"),
    "gates.*.min_cases": (-1, "domain_expert"),
    "audit_share": (-1, "domain_expert"),
    "evidence_hours.*": (1, "domain_expert"),
    "approval_due_hours": (1, "product_owner"),
    "ops_review_days": (1, "product_owner"),
}
"""The way in which a value lets more pass, up or down, and who agrees to that beside operations."""


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
                "ask the engineering lead to add the bound with another version"
            )
        within(key, value, version_bounds[name], "the engineering lead")
    for pattern, bound in installation_bounds.items():
        for key, value in flat(policy):
            if fnmatchcase(key, pattern) and key.count(".") == pattern.count("."):
                within(key, value, bound, "the owner of the installation")


def within(key: str, value: Value, bound: Bound, widened_by: str) -> None:
    """Raise InvalidInput unless the value lies within the bound."""
    if bound.low is None and bound.high is None and not bound.choices:
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


def changes(
    before: PolicyValues,
    after: PolicyValues,
    version_bounds: Mapping[str, Bound] | None = None,
) -> tuple[Changed, ...]:
    """Every value that differs, and the roles that must agree to it; InvalidInput across workflows.

    Within its bounds operations change a value alone. What lets more pass needs the domain expert
    as well, a value or list only where the version's bound says which way that is. Who is told when
    nobody answers, and after how long, is product's as well; who approves also engineering's.
    """
    own = version_bounds or {}
    if before.workflow != after.workflow:
        raise InvalidInput(f"{after.workflow} is not {before.workflow}; compare one workflow")
    old, fresh = dict(flat(before)), dict(flat(after))
    return tuple(
        Changed(key, old.get(key), fresh.get(key), _roles(key, old.get(key), fresh.get(key), own))
        for key in dict.fromkeys([*old, *fresh])
        if old.get(key) != fresh.get(key)
    )


def who_agrees(changed: Iterable[Changed]) -> tuple[str, ...]:
    """Every role that must agree to all of these together, each once."""
    return tuple(dict.fromkeys(role for one in changed for role in one.roles))


def shown(value: Value | None) -> str:
    """A value as people read it; a dash for one that is not there."""
    if value is None:
        return "-"
    return (", ".join(value) or "none") if isinstance(value, tuple) else f"{value:f}"


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
    yield "ops_review_days", Decimal(policy.ops_review_days)
    yield "retry_minutes", Decimal(policy.retry_minutes)
    yield from ((name, Decimal(getattr(policy, name))) for name in LIMITS)
    rule = policy.emergency
    if rule is not None:
        for name in ("people", "kinds", "risks"):
            yield f"emergency.{name}", tuple(getattr(rule, name))
        yield "emergency.confirm_hours", Decimal(rule.confirm_hours)


def _roles(
    key: str, before: Value | None, after: Value | None, own: Mapping[str, Bound]
) -> tuple[str, ...]:
    if key.startswith(("approvers.", "emergency.")):
        return GOVERNING
    if key == "escalation":
        return (OPS, "product_owner") if _tells_fewer(before, after) else (OPS,)
    way, role = _way(key, own)
    return (OPS, role) if _lets_more_pass(way, before, after) else (OPS,)


def _way(key: str, own: Mapping[str, Bound]) -> tuple[int, str]:
    """In which direction the value lets more pass (0: in none), and who agrees to that."""
    bound = own.get(key.partition(".")[2]) if key.startswith(("values.", "lists.")) else None
    if bound is not None and bound.looser is not None:
        return (1 if bound.looser == "up" else -1), "domain_expert"
    return next((told for name, told in LOOSER.items() if fnmatchcase(key, name)), (0, ""))


def _lets_more_pass(way: int, before: Value | None, after: Value | None) -> bool:
    """Whether a value went that way; one that came or went did, for nobody says that it did not."""
    if way == 0:
        return False
    if isinstance(before, Decimal) and isinstance(after, Decimal):
        return (after - before) * way > 0
    if isinstance(before, tuple) and isinstance(after, tuple):
        gained, lost = set(after) - set(before), set(before) - set(after)
        return bool(gained if way > 0 else lost)
    return True


def _tells_fewer(before: Value | None, after: Value | None) -> bool:
    """Whether somebody who was told is told no more, or later than before."""
    if not isinstance(before, tuple) or not isinstance(after, tuple):
        return True
    told = iter(after)
    return not all(name in told for name in before)


def _told(bound: Bound) -> str:
    if bound.choices:
        return f"({', '.join(bound.choices)})"
    low = "no limit" if bound.low is None else str(bound.low)
    high = "no limit" if bound.high is None else str(bound.high)
    return f"from {low} to {high}"
