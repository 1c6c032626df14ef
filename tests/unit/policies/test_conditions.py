"""The plain form of a condition always gives celpy's answer."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.conditions.cel import find_answer, parse
from policies.conditions.condition import Condition, NotEvaluated
from policies.conditions.facts import Facts
from policies.conditions.plain import Unclear, find_plain

# Few values, so that what is compared is often equal.
SCALARS = st.sampled_from(
    [None, True, False, 2, Decimal("2.50"), Decimal("2.00"), 0.1, 1e300, "", "gold", "ä", "\\u00e4"]
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.just({"deep": "a"}))
FACTS = st.builds(
    Facts,
    item=st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES),
    context=st.dictionaries(
        st.just("crm"), st.dictionaries(st.sampled_from(["a", "b"]), VALUES), max_size=1
    ),
    answer=st.just({"label": "gold", "confidence": 0.1}),
    values=st.just({"a": Decimal("2.0"), "b": Decimal("0.1")}),
    lists=st.dictionaries(st.just("a"), st.lists(st.sampled_from(["ä", "gold"]), max_size=3)),
)
ITEM = ["item.a", "item.b", "item.c", "values.a", "values.b", "lists.a"]
READ = ["context.crm.a", "context.crm.b", "context.crm.a.deep", "answer.label", "answer.confidence"]
FIELDS = st.sampled_from([*ITEM, *READ])
PLAIN = ["true", "false", "2", "2.5", "0.1", "1e3", '"gold"', "'gold'", '""', '"ä"']
ODD = ['"\\u00e4"', "0x2", "99999999999999999999", '["gold", 2]', "[true]", "[]", "[item.c]"]
LITERALS = st.sampled_from([*PLAIN, *ODD, '["ä", "gold"]', "[1, 2.5]"])
OPERANDS = st.one_of(FIELDS, LITERALS)
SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "in"])
RELATIONS = st.builds("{} {} {}".format, OPERANDS, SIGNS, OPERANDS)
CONDITIONS = st.recursive(
    st.one_of(RELATIONS, st.builds("has({})".format, FIELDS), FIELDS, LITERALS),
    lambda inner: st.one_of(
        st.builds("({}) && ({})".format, inner, inner),
        st.builds("({}) || ({})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({}) == ({})".format, inner, inner),
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=300)
@given(CONDITIONS, FACTS)
def test_the_plain_form_says_what_celpy_says_or_nothing(text: str, facts: Facts) -> None:
    """For any condition of the plain kind and any facts, right or wrong in type."""
    expression = parse(text, "condition")
    plain = find_plain(expression.node)
    if plain is None:
        return
    try:
        answer = plain(facts)
    except Unclear:
        return
    if isinstance(answer, bool):
        assert find_answer(expression, facts) is answer
    else:
        assert find_answer(expression, facts) is None


def test_two_mistakes_under_a_no_are_a_no() -> None:
    """Whatever celpy makes of telling them."""
    expression = parse("has(item.a) && (item.a && item.a < [])", "condition")
    facts = Facts(item={}, context={}, answer={}, values={}, lists={})

    assert find_answer(expression, facts) is False


EVERYDAY = [
    "item.amount > values.limit",
    'context.crm.tier == "gold" && answer.label in ["refund", "parcel"]',
    "has(item.amount) && !(item.amount <= 2.5) || context.crm.dispute",
    "context.crm.dispute == true || context.crm.tier in lists.tiers",
    "!context.crm.dispute && !has(item.note)",
    "!(item.amount in [1, 2])",
]


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_conditions_have_a_plain_form(text: str) -> None:
    """Otherwise each would cost a third of a millisecond."""
    assert find_plain(parse(text, "condition").node) is not None


def test_a_plain_form_answers_where_everything_is_there() -> None:
    """It does not lean on celpy for what it was made for."""
    facts = Facts(
        item={"amount": Decimal("2.51")},
        context={"crm": {"tier": "gold", "dispute": False}},
        answer={"label": "refund"},
        values={"limit": Decimal("2.5")},
        lists={"tiers": ("gold",)},
    )
    answers = [(ask := find_plain(parse(text, "it").node)) and ask(facts) for text in EVERYDAY]

    assert answers == [True] * len(EVERYDAY)


@pytest.mark.parametrize("text", ["item.a + 1 > 2", "size(item.b) > 1", "item.b.matches('x')"])
def test_other_conditions_are_celpys_alone(text: str) -> None:
    """Arithmetic, functions and macros are not compiled."""
    assert find_plain(parse(text, "condition").node) is None


def holds(text: str, **item: Any) -> bool:
    """Whether a condition over an item holds."""
    facts = Facts(item=item, context={}, answer={}, values={}, lists={"tiers": ("gold",)})
    return Condition(text, "condition").holds(facts)


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ('item.a == "gold"', {"a": "gold"}),
        ("item.a in ['gold', 'plus'] && item.b != 'x'", {"a": "gold", "b": "y"}),
        ('item.a == "\\u00e4"', {"a": "ä"}),
        ("item.a > 200", {"a": Decimal("200.01")}),
        ("200 < item.a", {"a": 200.5}),
        ("item.a == 200", {"a": Decimal("200.00")}),
        ("item.a in [100, 200]", {"a": 200}),
        ("item.a + 0.5 > 200 && size(item.b) == 2", {"a": Decimal(200), "b": "xy"}),
        ("item.a < item.b", {"a": Decimal("0.1"), "b": 1}),
        ("item.a == 0.1", {"a": Decimal("0.1")}),
        ("timestamp(item.a) < timestamp('2026-01-02T00:00:00Z')", {"a": "2026-01-01T00:00:00Z"}),
        ("item.a.exists(x, x == 'vip')", {"a": ["vip"]}),
        ("item.a in [item.b, 200]", {"a": Decimal("200.0"), "b": 1}),
        ("!(item.a in [item.b, 'z'])", {"a": "x", "b": "y"}),
        ("item.missing > 1 || item.a == 'x'", {"a": "x"}),
        ("!(item.missing > 1 && item.a == 'y')", {"a": "x"}),
    ],
)
def test_numbers_compare_as_numbers_and_cel_keeps_its_meaning(
    text: str, item: dict[str, Any]
) -> None:
    """Whole or not, from a decimal or a double, written on either side."""
    assert holds(text, **item)


@pytest.mark.parametrize(
    ("text", "item", "says"),
    [
        ("item.a > 1", {}, "item.a is missing"),
        ("item.a > item.b", {}, "item.a and item.b are missing"),
        ("has(item.a) && item.b > 1", {"a": 1}, "item.b is missing"),
        ("item.a > 1", {"a": "x"}, "item.a is text"),
        ("item.a == 'x'", {"a": True}, "item.a is a flag"),
        ("item.a != 'x'", {"a": True}, "item.a is a flag"),
        ("item.a in ['yes']", {"a": True}, "item.a is a flag"),
        ("item.a == true", {"a": 1}, "item.a is a number"),
        ("item.a in ['x', item.b]", {"a": "y"}, "item.b is missing"),
        ("item.a", {"a": 1}, "neither yes nor no"),
        ("item.a in 'abc'", {"a": "a"}, "item.a is text"),
        ("item.a > 1", {"a": ["x"]}, "a list or an object"),
        ("item.a / 0 > 1", {"a": 1}, "item.a is a number"),
        ("ticket.a > 1", {"a": 1}, "neither yes nor no"),
        ("timestamp(item.a) > timestamp('2026-01-02T00:00:00Z')", {"a": "x"}, "item.a is text"),
    ],
)
def test_what_has_no_answer_says_why(text: str, item: dict[str, Any], says: str) -> None:
    """Names and types, so that its owner can mend the rule or the item."""
    with pytest.raises(NotEvaluated, match=says):
        holds(text, **item)
