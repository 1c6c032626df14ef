"""Rules in order, then the answer's limits; what cannot be said goes to a person."""

from decimal import Decimal
from typing import Any

import pytest

from policies.routing import Facts, Router, Routing, check, names_of
from runs.errors import InvalidInput
from runs.records.version import FieldSpec, Rule, Source

LARGE = "item.amount > values.amount_limit"


def rule(when: str, id: str = "large", **changed: Any) -> Rule:
    """A rule that sends to Ben."""
    values = {"id": id, "when": when, "route": "review", "owner": "ben", "why": "too large"}
    return Rule.model_validate(values | changed)


def facts(**changed: Any) -> Facts:
    """A sure answer to a small ticket of a gold customer."""
    usual: dict[str, Any] = {
        "item": {"amount": Decimal("100.00"), "text": "hello", "note": None},
        "context": {"crm": {"tier": "gold", "dispute": False}},
        "answer": {"label": "refund", "confidence": 0.9, "scope": 0.8, "runner_up": "parcel"},
        "values": {
            "act_threshold": Decimal("0.80"),
            "scope_floor": Decimal("0.20"),
            "amount_limit": Decimal(200),
        },
        "lists": {"tiers": ("gold", "plus")},
    }
    for root, inner in changed.items():
        usual[root] = {**usual[root], **inner}
    return Facts(**usual)


def routed(rules: list[Rule], **changed: Any) -> Routing:
    """Where an item with these facts goes."""
    return Router(rules, review_owner="ops_lead").route(facts(**changed))


def test_the_first_rule_that_holds_decides() -> None:
    """With its own route, owner and reason."""
    rules = [
        rule("item.amount > 1000", "huge", route="refuse"),
        rule(LARGE),
        rule("true", "all", owner="eva"),
    ]

    assert routed(rules, item={"amount": 250}) == ("review", "large", "ben", "too large")
    assert routed(rules, item={"amount": 2500}).route == "refuse"
    assert routed(rules)[:3] == ("review", "all", "eva")


@pytest.mark.parametrize(
    ("answer", "route", "says", "why"),
    [
        ({}, "act", "threshold", "confident"),
        ({"confidence": 0.80, "scope": 0.20}, "act", "threshold", "confident"),
        ({"confidence": 0.7999}, "review", "threshold", "confidence 0.800 is below act_threshold"),
        ({"scope": 0.1}, "review", "scope", "scope 0.100 is below scope_floor 0.20"),
        ({"scope": 0.1, "confidence": 0.1}, "review", "scope", "scope"),
        ({"confidence": None}, "review", "threshold", "answer.confidence is missing"),
        ({"scope": None}, "review", "scope", "answer.scope is missing"),
        ({"confidence": float("nan")}, "review", "threshold", "confidence nan"),
    ],
)
def test_after_the_rules_the_answer_must_reach_its_limits(
    answer: dict[str, Any], route: str, says: str, why: str
) -> None:
    """What is unsure, out of scope or unknown goes to the review owner."""
    routing = routed([rule(LARGE)], answer=answer)

    assert (routing.route, routing.rule, routing.owner) == (route, says, "ops_lead")
    assert why in routing.why


def test_a_policy_without_a_threshold_never_acts() -> None:
    """A limit that is missing is reached by nothing."""
    assert routed([], values={"act_threshold": None}).why == "values.act_threshold is missing"
    assert routed([], values={"scope_floor": None}).route == "review"


def test_a_rule_that_cannot_be_evaluated_sends_to_its_owner() -> None:
    """A missing field is not a small one."""
    routing = routed([rule(LARGE, route="refuse")], item={"amount": None})

    assert routing == (
        "review",
        "large",
        "ben",
        "rule 'large' could not be evaluated: item.amount is missing",
    )


def test_the_reason_names_fields_and_types_and_no_value() -> None:
    """What a customer wrote is not repeated where it would be kept in clear."""
    routing = routed([rule(LARGE)], item={"amount": "secret"})

    assert "item.amount is text, values.amount_limit is a number" in routing.why
    assert "secret" not in routing.why


def test_a_field_can_be_asked_for_first() -> None:
    """Then its absence is an answer, and null is absence."""
    guarded = rule(f"has(item.amount) && {LARGE}")

    assert routed([guarded], item={"amount": None}).route == "act"
    assert routed([guarded], item={"amount": 300}).rule == "large"
    assert routed([rule("!has(item.note)")]).rule == "large"


def test_a_rule_further_down_is_not_asked_past_one_that_cannot_be() -> None:
    """The order of the rules is kept."""
    rules = [rule(LARGE), rule("true", "all", owner="eva")]

    assert routed(rules, item={"amount": None}).owner == "ben"


def test_the_rules_alone_say_nothing_where_none_holds() -> None:
    """Whoever sweeps a threshold asks the rules once."""
    router = Router([rule(LARGE)], review_owner="ops_lead")

    assert router.by_rules(facts()) is None
    assert router.by_limits(facts()) == router.route(facts())


def test_names_are_those_of_contract_sources_answer_and_policy() -> None:
    """Nothing else can be asked about."""
    fields = [FieldSpec(name="amount", type="number")]
    sources = [Source(name="crm", tool="read", key_field="account", fields=("tier",))]

    assert names_of(fields, sources, values=["limit"], lists=["tiers"]) == {
        "item.amount",
        "context.crm.tier",
        "answer.label",
        "answer.confidence",
        "answer.scope",
        "answer.runner_up",
        "values.limit",
        "lists.tiers",
    }


NAMES = ("item.amount", "context.crm.tier", "values.amount_limit", "lists.tiers")


def test_rules_over_known_names_pass_the_check() -> None:
    """Every plain form, and some that are not plain."""
    check(
        [
            rule(LARGE, "a"),
            rule("has(context.crm) && context.crm.tier in lists.tiers", "b"),
            rule("lists.tiers.exists(x, x == context.crm.tier)", "c"),
            rule("context.crm.tier.city == 'Bonn' && size(lists.tiers) > 1", "d"),
        ],
        NAMES,
    )


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("item.amont > 2", "column 1: nothing is named item.amont; did you mean item.amount?"),
        ("true && item.amont > 2", "column 9"),
        ("true &&\n  item.amont > 2", "line 2, column 3"),
        ("context.crm == 'gold'", "nothing is named context.crm"),
        ("tier == 'gold'", "nothing is named tier"),
        ("item == 1", "nothing is named item"),
        ("item['amount'] > 2", "nothing is named item"),
        ("item.amount == null", "column 16: null is an absent field"),
        ("amount(item.amount)", "no function 'amount'"),
        ("context.crm.tier.begins('g')", "no function 'begins'"),
        ("item.amount >", "not a condition in CEL"),
        ("", "not a condition in CEL"),
        ("true" + " && true" * 300, "at most 2000"),
    ],
)
def test_a_condition_that_could_not_be_asked_is_refused_at_load(when: str, says: str) -> None:
    """Named by rule and column, with the nearest name."""
    with pytest.raises(InvalidInput) as refused:
        check([rule(when)], NAMES)

    assert str(refused.value).startswith("rule 'large': ")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([rule("true"), rule("true")], "the id is taken"),
        ([rule("true", "threshold")], "cannot be the id"),
        ([rule("true", "")], "cannot be the id"),
        ([rule("true", owner="")], "`owner` is empty"),
    ],
)
def test_a_rule_without_a_name_or_an_owner_is_refused(rules: list[Rule], says: str) -> None:
    """Every item knows which rule sent it, and to whom."""
    with pytest.raises(InvalidInput, match=says):
        check(rules, NAMES)


def test_a_router_refuses_what_is_no_condition() -> None:
    """Nobody finds out with the first item."""
    with pytest.raises(InvalidInput, match="rule 'large'"):
        Router([rule("item.amount >")], review_owner="ops_lead")
