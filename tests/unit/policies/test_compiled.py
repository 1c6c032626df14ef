"""What a plan comes to: everything in it that decides something, from one place."""

from typing import Any

import pytest

from policies.compiled import compile_plan, ladder
from policies.rules import read_plan
from runs.errors import InvalidInput
from runs.plan import Plan
from tests import builders
from tests.unit.policies.builders import PLAN, policy


def plan_with(old: str = "", put: str = "") -> Plan:
    """The plan with one part written differently."""
    assert old in PLAN
    plan = read_plan(PLAN.replace(old, put, 1), "plan.yaml").plan
    assert plan is not None
    return plan


def roles(asked: Any) -> list[tuple[str, int]]:
    """Roles and counts, in order."""
    return [(rule.role, rule.count) for rule in asked]


def test_a_plan_adds_approvers_and_takes_none_away() -> None:
    """The installation's stay; what a phase names beside them is asked too."""
    asked = compile_plan(plan_with(), policy()).approvers

    assert roles(asked["plan"]) == [("product_owner", 1), ("ops_lead", 1)]
    assert roles(asked["test_exit"]) == [("domain_expert", 1)]
    assert roles(asked["stage_slice"]) == [("ops_lead", 2), ("ops_manager", 1)]
    assert roles(asked["stage_full"]) == [("ops_lead", 2), ("business_owner", 1)]
    assert asked["stage"] == policy().approvers["stage"]


def test_a_phase_asks_for_more_people_of_a_role() -> None:
    """The greater count holds."""
    two = plan_with("[{role: product_owner}]", "[{role: product_owner, count: 2}]")

    assert roles(compile_plan(two, policy()).approvers["plan"])[0] == ("product_owner", 2)


def test_a_plan_compiled_again_under_its_own_values_is_the_same() -> None:
    """What people see with the question is what is done."""
    once = compile_plan(plan_with(), policy())

    assert compile_plan(plan_with(), once.policy, once.policy) == once


def test_values_that_lead_count_before_the_plan_s() -> None:
    """Operations moved them since; gates as well."""
    leading = policy(values={"act_threshold": "0.91", "scope_floor": "0.2", "gone": "1"})
    policy_of = compile_plan(plan_with(), policy(), leading).policy

    assert {name: str(value) for name, value in policy_of.values.items()} == {
        "act_threshold": "0.91",
        "scope_floor": "0.2",
    }
    assert policy_of.gates == leading.gates


def test_retention_is_told_by_kind_where_it_differs() -> None:
    """Thirty days in general; outputs and words of people shorter."""
    body = compile_plan(plan_with(), policy())

    assert body.retention_days == 30
    assert body.retention == {"output": 20, "action": 20, "receipt": 20, "reason": 10}


def test_masks_are_the_fields_and_patterns_of_plan_and_contract() -> None:
    """Each once."""
    plan = plan_with("mask_fields: []", "mask_fields: [account, account]")

    assert compile_plan(plan, policy()).mask == ("field:account", "pattern:email")


def test_an_alert_has_its_owner_limit_and_bar() -> None:
    """As the plan says them."""
    (alert,) = compile_plan(plan_with(), policy()).alerts

    assert (alert.signal, alert.owner, str(alert.limit.value)) == ("quality", "ben", "0.95")
    assert [str(bar.value) for bar in alert.rolls_back] == ["0.80"]


def test_ceilings_and_containers_are_the_plan_s() -> None:
    """Money in its currency; people once."""
    body = compile_plan(plan_with(), policy())

    assert (body.ceilings.currency, str(body.ceilings.cost_per_week)) == ("EUR", "100")
    assert body.contained_by == ("ben",)


def test_what_is_permitted_is_told_level_by_level() -> None:
    """What is named at no level is not allowed at any."""
    told = compile_plan(plan_with("approval: []", "approval: [assign]"), policy()).permitted

    assert told["read"].allowed == ("text", "account and amount of a ticket")
    assert (told["suggest"].allowed, told["draft"].allowed, told["trigger"].allowed) == ((), (), ())
    assert (told["update"].allowed, told["update"].needing_approval) == (("assign",), ("assign",))
    assert told["update"].excluded == ("refund",)


def test_the_ladder_ends_at_the_agreed_stage() -> None:
    """What lies above it is another priority's."""
    assert [one.name for one in ladder(plan_with("agreed_stage: full", "agreed_stage: first"))] == [
        "sandbox",
        "first",
    ]


def test_without_values_to_begin_with_nothing_is_compiled() -> None:
    """Who approves is never guessed."""
    with pytest.raises(InvalidInput, match="no defaults for approvers"):
        compile_plan(builders.plan(), None)
