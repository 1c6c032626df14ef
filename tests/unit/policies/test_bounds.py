"""How far operations may go, and who must agree."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import bounds
from runs.errors import InvalidInput
from runs.records.version import ApproverRule, Bound, PolicyValues
from tests.unit.policies.builders import policy

OWN = {
    "act_threshold": Bound(low=Decimal("0.5"), high=Decimal(1)),
    "scope_floor": Bound(low=Decimal(0), high=Decimal("0.5")),
    "tiers": Bound(choices=("gold", "plus", "standard"), high=Decimal(2)),
}


def with_values(**values: str) -> PolicyValues:
    """The usual values with some others."""
    return policy(values={**policy().values, **values})


def refusal(given: PolicyValues, own: Any = OWN, installation: Any = None) -> str:
    """Why the values are refused."""
    with pytest.raises(InvalidInput) as refused:
        bounds.check(given, own, installation or {})
    return str(refused.value)


def test_values_at_their_bounds_are_within() -> None:
    """Both ends belong to it."""
    for end in ("0.5", "1"):
        bounds.check(with_values(act_threshold=end), OWN, {})


@pytest.mark.parametrize("value", ["0.49", "1.01", "-1"])
def test_a_value_outside_names_bound_and_who_may_widen_it(value: str) -> None:
    """The operations lead learns whom to ask."""
    says = refusal(with_values(act_threshold=value))

    assert says.startswith(f"values.act_threshold is {value}, outside its bound from 0.5 to 1; ")
    assert "engineering lead" in says


def test_a_value_nobody_bounded_may_not_be_set() -> None:
    """What the version does not know is no."""
    assert "values.surprise has no bound" in refusal(with_values(surprise="1"))
    assert "lists.tiers has no bound" in refusal(policy(), dict(list(OWN.items())[:2]))


@pytest.mark.parametrize(
    ("tiers", "says"),
    [(("gold", "vip"), "lists.tiers is vip"), (("gold", "plus", "standard"), "3 entries")],
)
def test_a_list_is_bounded_in_entries_and_in_number(tiers: tuple[str, ...], says: str) -> None:
    """An unknown tier would match nothing, silently."""
    assert says in refusal(policy(lists={"tiers": tiers}))


@pytest.mark.parametrize("name", bounds.REQUIRED)
def test_a_required_value_is_not_left_out(name: str) -> None:
    """Without a threshold nothing could act."""
    rest = {other: value for other, value in policy().values.items() if other != name}

    assert f"values.{name} is missing" in refusal(policy(values=rest))


def test_a_name_is_a_value_or_a_list() -> None:
    """One bound cannot be meant for both."""
    assert "a value and a list" in refusal(with_values(tiers="1"))


def test_a_bound_that_limits_nothing_is_refused() -> None:
    """It would look like one."""
    assert "limits nothing" in refusal(policy(), {**OWN, "scope_floor": Bound()})


@pytest.mark.parametrize(
    ("path", "bound", "key"),
    [
        ("gates.*.wrong_auto_max", Bound(high=Decimal("0.04")), "gates.dry_run.wrong_auto_max"),
        ("gates.full.min_cases", Bound(low=Decimal(60)), "gates.full.min_cases"),
        ("values.act_threshold", Bound(low=Decimal("0.9")), "values.act_threshold"),
        ("audit_share", Bound(low=Decimal("0.2")), "audit_share"),
        ("evidence_hours.drill", Bound(high=Decimal(300)), "evidence_hours.drill"),
        ("approval_due_hours", Bound(high=Decimal(48)), "approval_due_hours"),
        ("escalation", Bound(choices=("ops_lead",)), "escalation"),
        ("approvers.*", Bound(low=Decimal(2)), "approvers.test_exit"),
    ],
)
def test_the_installation_bounds_any_part_of_a_policy(path: str, bound: Bound, key: str) -> None:
    """By its path; a star stands for one part."""
    says = refusal(policy(), OWN, {path: bound})

    assert says.startswith(f"{key} is ")
    assert "the owner of the installation" in says


def test_a_star_stands_for_one_part_only() -> None:
    """`gates.*` is no bound on what stands inside a gate."""
    wide = Bound(high=Decimal(100_000))
    bounds.check(policy(), OWN, {"gates.*": Bound(high=Decimal(0)), "*": wide})


@given(st.decimals(-2, 2, places=3))
def test_what_passes_is_within(value: Decimal) -> None:
    """Exactly the values from low to high pass."""
    is_within = Decimal("0.5") <= value <= 1
    try:
        bounds.within("key", value, OWN["act_threshold"], "somebody")
    except InvalidInput:
        assert not is_within
    else:
        assert is_within


def test_the_same_values_are_no_change() -> None:
    """And need nobody."""
    assert bounds.changes(policy(), policy()) == ()


@pytest.mark.parametrize(
    ("changed", "key", "roles"),
    [
        ({"review_due_hours": 48}, "review_due_hours", ("ops_lead",)),
        ({"lists": {"tiers": ("gold",)}}, "lists.tiers", ("ops_lead",)),
        ({"lists": {}}, "lists.tiers", ("ops_lead",)),
        ({"audit_share": 0.2}, "audit_share", ("ops_lead",)),
        ({"audit_share": 0.05}, "audit_share", ("ops_lead", "domain_expert")),
        (
            {"evidence_hours": {"dry_run": 720, "stage": 48, "drill": 336, "source": 24}},
            "evidence_hours.stage",
            ("ops_lead", "domain_expert"),
        ),
        (
            {"evidence_hours": {"dry_run": 720, "drill": 336, "source": 24}},
            "evidence_hours.stage",
            ("ops_lead", "domain_expert"),
        ),
        ({"approval_due_hours": 100}, "approval_due_hours", ("ops_lead", "product_owner")),
        ({"approval_due_hours": 10}, "approval_due_hours", ("ops_lead",)),
        ({"escalation": ("ops_lead",)}, "escalation", ("ops_lead", "product_owner")),
        (
            {"escalation": ("product_owner", "ops_lead")},
            "escalation",
            ("ops_lead", "product_owner"),
        ),
        ({"escalation": ("ops_lead", "product_owner", "ana")}, "escalation", ("ops_lead",)),
        ({"review_owner": "eva"}, "review_owner", ("ops_lead",)),
        (
            {"approvers": policy().approvers | {"stage_full": (ApproverRule(role="ops_lead"),)}},
            "approvers.stage_full",
            ("ops_lead", "product_owner", "engineering_lead"),
        ),
        (
            {"approvers": policy().approvers | {"update": ()}},
            "approvers.update",
            ("ops_lead", "product_owner", "engineering_lead"),
        ),
    ],
)
def test_a_change_names_who_must_agree(
    changed: dict[str, Any], key: str, roles: tuple[str, ...]
) -> None:
    """Operations alone within bounds; what lets more pass needs the expert too."""
    (change,) = bounds.changes(policy(), policy(**changed))

    assert (change.key, change.roles) == (key, roles)
    assert change.before != change.after


@pytest.mark.parametrize(
    ("bar", "looser", "tighter"),
    [
        ("wrong_auto_max", 0.1, 0.01),
        ("coverage_min", 0.5, 0.7),
        ("confidence", 0.9, 0.99),
        ("min_cases", 40, 60),
    ],
)
def test_loosening_a_gate_needs_the_expert_and_tightening_does_not(
    bar: str, looser: float, tighter: float
) -> None:
    """An error rate is accepted in writing, by both."""
    for value, count in ((looser, 2), (tighter, 1)):
        gate = policy().gates["slice"].model_copy(update={bar: value})
        (change,) = bounds.changes(policy(), policy(gates=policy().gates | {"slice": gate}))
        assert len(change.roles) == count


@pytest.mark.parametrize(
    ("changed", "looser", "count"),
    [
        ({"values": {"act_threshold": "0.5", "scope_floor": "0.1"}}, None, 1),
        ({"values": {"act_threshold": "0.5", "scope_floor": "0.1"}}, "down", 2),
        ({"values": {"act_threshold": "0.99", "scope_floor": "0.1"}}, "down", 1),
        ({"values": {"act_threshold": "0.99", "scope_floor": "0.1"}}, "up", 2),
        ({"lists": {"tiers": ("gold", "plus", "vip")}}, "up", 2),
        ({"lists": {"tiers": ("gold", "plus", "vip")}}, "down", 1),
        ({"lists": {"tiers": ()}}, "down", 2),
        ({"lists": {"tiers": ()}}, "up", 1),
        ({"lists": {}}, "up", 2),
    ],
)
def test_a_version_says_which_way_its_values_let_more_act_alone(
    changed: dict[str, Any], looser: Any, count: int
) -> None:
    """Only that way needs the expert; where it says nothing operations move the value alone."""
    before = policy(
        values={"act_threshold": "0.8", "scope_floor": "0.1"}, lists={"tiers": ("gold", "plus")}
    )
    after = PolicyValues.model_validate(before.as_json() | changed)
    own = {name: Bound(low=Decimal(0), looser=looser) for name in ("act_threshold", "tiers")}
    (change,) = bounds.changes(before, after, own)

    assert change.roles == ("ops_lead", "domain_expert")[:count]


def test_a_direction_alone_is_no_bound_and_none_is_left_out_of_the_digest() -> None:
    """What was bounded before there were directions keeps its name."""
    with pytest.raises(InvalidInput, match="limits nothing"):
        bounds.within("values.a", Decimal(1), Bound(looser="up"), "somebody")

    assert Bound(low=Decimal(1)).as_json() == {"low": "1", "high": None, "choices": []}
    assert Bound(low=Decimal(1), looser="up").digest != Bound(low=Decimal(1)).digest


def test_each_role_is_named_once() -> None:
    """However many values need it."""
    gates = policy().gates | {
        name: policy().gates["slice"].model_copy(update={"min_cases": 40, "wrong_auto_max": 0.1})
        for name in ("slice", "full")
    }
    changed = bounds.changes(policy(), policy(gates=gates, review_due_hours=1))

    assert len(changed) > 2
    assert bounds.who_agrees(changed) == ("ops_lead", "domain_expert")


def test_values_of_two_workflows_are_not_compared() -> None:
    """A change is a change of one."""
    with pytest.raises(InvalidInput, match="other"):
        bounds.changes(policy(), policy(workflow="other"))
