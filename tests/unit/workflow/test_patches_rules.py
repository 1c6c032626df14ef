"""One-condition rules: those that mend a group, sharply, written so that people can read them."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from policies.routing import check, names_of
from runs.records.evidence import FailureGroup
from runs.records.version import GateValues, Version
from tests.unit.workflow.builders import (
    CONTRACT,
    GATE,
    many,
    plan,
    policy,
    rule,
    seen,
    trial,
    version,
)
from tests.unit.workflow.worlds import worlds
from workflow.evaluate.bench import Seen
from workflow.failures import group
from workflow.patches.acceptance import Terms
from workflow.patches.patch import Changed
from workflow.patches.rules import Added, Sketch, sketches, write
from workflow.patches.standing import stand

TERMS = Terms(GateValues.model_validate(GATE), Decimal(10), Decimal(2))
PERSON: dict[str, Any] = {"routes": ("review",)}


def first_group(found: Sequence[Seen], before: Changed) -> FailureGroup:
    """The worst group of failures."""
    tried = trial(found, *before)
    return group(tried.results, tried.cases)[0]


def drawn(found: list[Seen], version: Version) -> list[Sketch]:
    """Sketches for the worst group."""
    before = Changed(version, policy())
    standing = stand(trial(found, *before), first_group(found, before))
    return sketches(standing, version, policy=before.policy, terms=TERMS)


def written(found: list[Seen], version: Version) -> list[Changed]:
    """The candidates of those sketches."""
    before = Changed(version, policy())
    standing = stand(trial(found, *before), first_group(found, before))
    return [
        write(sketch, standing, version, policy=before.policy, plan=plan())
        for sketch in drawn(found, version)
    ]


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_a_sketch_says_what_a_trial_of_its_rule_says(world: tuple[list[Seen], Changed]) -> None:
    """The rule as written routes exactly the cases it was drawn for."""
    found, before = world
    tried = trial(found, *before)
    for failed in group(tried.results, tried.cases):
        standing = stand(tried, failed)
        for sketch in sketches(standing, before.version, policy=before.policy, terms=TERMS):
            after = write(sketch, standing, before.version, policy=before.policy, plan=plan())
            assert stand(trial(found, *after), failed).now.tolist() == sketch.after.tolist()


def test_what_a_rule_catches_of_other_kinds_does_not_make_it_sharp() -> None:
    """Six right answers for four errors of its kind, whatever else was wrong among them."""
    own = many(4, "own", amount=500, **PERSON)
    others = many(3, "other", amount=500, label="delivery", confidence=0.99)
    right = many(6, "right", amount=500)
    rest = many(60, amount=10)
    found = [*own, *others, *right, *rest]

    assert [one for one in drawn(found, version()) if one.condition.says.startswith("item.")] == []
    assert drawn([*own, *right[:3], *rest], version()) != []


@pytest.mark.parametrize(
    ("wrong", "right", "when", "id"),
    [
        ({"dispute": True}, {}, "context.crm.dispute", "dispute"),
        ({"dispute": False}, {"dispute": True}, "!context.crm.dispute", "not_dispute"),
        ({"tier": "gold"}, {}, 'context.crm.tier == "gold"', "tier_gold"),
        ({"label": "delivery"}, {}, 'answer.label == "delivery"', "label_delivery"),
        ({"channel": "chat"}, {}, 'has(item.channel) && item.channel == "chat"', "channel_chat"),
    ],
)
def test_a_flag_or_a_choice_goes_into_the_condition(
    wrong: dict[str, Any], right: dict[str, Any], when: str, id: str
) -> None:
    """A field the contract does not require is asked for first."""
    found = [*many(5, "wrong", **PERSON, **wrong), *many(40, **right)]
    (after,) = written(found, version())
    (made,) = after.version.rules

    assert (made.when, made.id, made.route, made.owner) == (when, id, "review", "ops_lead")
    assert after.policy == policy()
    assert "5 of 5 such cases were wrong alone" in made.why


@pytest.mark.parametrize(
    ("wrong", "right", "sign", "limit"),
    [(["250", "900"], ["10", "180"], ">", "200"), (["3", "8"], ["40", "900"], "<", "20")],
)
def test_a_number_goes_into_the_policy_with_a_bound(
    wrong: list[str], right: list[str], sign: str, limit: str
) -> None:
    """The rule names it, so that operations can move it without a new version."""
    found = [seen(f"w{i}{n}", amount=n, **PERSON) for i in range(3) for n in wrong]
    found += [seen(f"r{i}{n}", amount=n) for i in range(20) for n in right]
    (after,) = written(found, version())
    (made,) = after.version.rules

    assert made.when == f"has(item.amount) && item.amount {sign} values.amount_limit"
    assert str(after.policy.values["amount_limit"]) == limit
    assert after.version.bounds["amount_limit"].model_dump(mode="json")["high"] == "1000"


@pytest.mark.parametrize("spared", [0, 1, 4, 9])
def test_a_rule_that_spares_reviews_is_as_sharp_as_one_that_asks_for_none(spared: int) -> None:
    """However many it spares: a share is never more than the whole, nor below nothing."""
    assert Added(2, -spared, 1.0).sharpness == Added(2, 0, 1.0).sharpness == 0.75


def test_rules_are_proposed_one_for_each_cause() -> None:
    """A blunt rule that covers the same cases is not among them."""
    found = [
        *many(6, "disputed", dispute=True, label="delivery", **PERSON),
        *many(6, "gold", tier="gold", label="delivery", **PERSON),
        *many(12, "delivery", label="delivery", expected={"label": "delivery"}),
        *many(40),
    ]
    assert {one.condition.says for one in drawn(found, version())} == {
        "context.crm.dispute is true",
        "context.crm.tier is gold",
    }


def test_a_rule_is_weighed_by_the_group_it_mends_only() -> None:
    """A lower limit would catch some wrong labels by chance, at the cost of many reviews."""
    found = [seen(f"large{i}", amount=300 + i, **PERSON) for i in range(8)]
    found += [seen(f"chance{i}", amount=100 + i, label="delivery") for i in range(6)]
    found += [seen(f"small{i}", amount=100 + i) for i in range(60)]
    (sketch,) = drawn(found, version())

    assert sketch.condition.says == "item.amount is above 200"


@pytest.mark.parametrize(
    "facts",
    [
        {"tier": "gold", "severity": "critical", "routes": ("act",)},
        {"tier": "gold", "severity": "minor", "routes": ("act",)},
    ],
)
def test_no_rule_takes_a_critical_case_its_right_answer(facts: dict[str, Any]) -> None:
    """One such case is enough; one of less weight is not."""
    found = [*many(5, "wrong", tier="gold", **PERSON), seen("passing", **facts), *many(40)]
    is_critical = facts["severity"] == "critical"

    assert len(drawn(found, version())) == (0 if is_critical else 1)


def test_a_rule_that_costs_more_than_it_saves_is_not_proposed() -> None:
    """Reviews nobody needed, at their price."""
    found = [*many(3, "wrong", tier="gold", **PERSON), *many(16, "right", tier="gold"), *many(80)]

    assert drawn(found, version()) == []


def test_texts_keys_and_masked_fields_are_no_facts() -> None:
    """What a text says is for the route to learn, not for a rule."""
    fields = [one | {"masked": one["name"] == "channel"} for one in CONTRACT]
    found = [*many(5, "wrong", channel="chat", **PERSON), *many(40, channel="mail")]

    assert drawn(found, version(contract=fields)) == []


def test_a_field_that_cannot_be_named_in_a_condition_makes_no_rule() -> None:
    """Its name is no name in CEL."""
    source = {"name": "crm", "tool": "crm", "key_field": "account", "fields": ("the tier",)}
    found = [
        replace(one, context={"crm": {"the tier": one.case.routes == ("review",)}})
        for one in [*many(5, "wrong", **PERSON), *many(40)]
    ]

    assert drawn(found, version(sources=(source,))) == []


def test_items_that_may_only_be_refused_are_refused() -> None:
    """Most of the group decides."""
    found = [*many(5, "wrong", dispute=True, routes=("refuse",)), *many(40)]

    assert [sketch.route for sketch in drawn(found, version())] == ["refuse"]


def test_names_that_are_taken_are_numbered_and_the_owner_of_a_fact_keeps_it() -> None:
    """A rule on the same fact is owned by whoever owns that fact already."""
    present = rule("amount_limit", "has(item.amount) && item.amount > 990.0", owner="cleo")
    values = {"amount_limit": "5"}
    found = [seen(f"w{i}", amount=300 + i, **PERSON) for i in range(5)]
    found += [seen(f"r{i}", amount=i) for i in range(40)]
    before = Changed(version(rules=[present]), policy(**values))
    standing = stand(trial(found, *before), first_group(found, before))
    (sketch,) = sketches(standing, before.version, policy=before.policy, terms=TERMS)
    after = write(sketch, standing, before.version, policy=before.policy, plan=plan())
    made = after.version.rules[-1]

    assert (made.id, made.owner) == ("amount_limit_2", "cleo")
    assert made.when.endswith("values.amount_limit_2")


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_what_is_written_is_a_rule_the_loader_accepts(world: tuple[list[Seen], Changed]) -> None:
    """Names, bounds and conditions are those of the pair it belongs to."""
    found, before = world
    tried = trial(found, *before)
    for failed in group(tried.results, tried.cases):
        standing = stand(tried, failed)
        for sketch in sketches(standing, before.version, policy=before.policy, terms=TERMS):
            new, values = write(sketch, standing, before.version, policy=before.policy, plan=plan())
            names = names_of(new.contract, new.sources, values=values.values, lists=values.lists)
            check(new.rules, names)
            assert set(values.values) == set(new.bounds)


def crossed(*, gold: int = 60) -> list[Seen]:
    """Large amounts of gold accounts are wrong alone; neither alone says so."""
    return [
        *(seen(f"wrong-{n}", amount=600 + 40 * n, tier="gold", **PERSON) for n in range(8)),
        *(seen(f"large-{n}", amount=590 + 5 * n) for n in range(60)),
        *many(gold, "gold", amount="10", tier="gold"),
        *many(40),
    ]


def test_two_conditions_are_put_together_where_none_alone_helps() -> None:
    """The rule holds where both do, and its number is the policy's."""
    tried = written(crossed(), version())
    (made,) = tried[0].version.rules

    assert 'context.crm.tier == "gold"' in made.when
    assert "has(item.amount) && item.amount > values.amount_limit" in made.when
    assert " && " in made.when
    assert set(made.id.split("_and_")) == {"amount_limit", "tier_gold"}
    assert Decimal(10) < tried[0].policy.values["amount_limit"] < Decimal(600)
    assert "8 of 8 such cases were wrong alone" in made.why


def test_one_condition_is_taken_where_it_helps_alone() -> None:
    """Two are never tried beside one that helps: the smaller change comes first."""
    found = drawn(crossed(gold=0), version())

    assert found
    assert all(len(sketch.condition.parts) == 1 for sketch in found)


def test_two_conditions_spare_a_critical_case_that_is_right() -> None:
    """No rule takes a right answer from a critical case."""
    spared = many(1, "spared", amount="800", tier="gold", severity="critical")
    found = [*crossed(), *spared]
    after = [trial(found, *one) for one in written(found, version())]

    assert {r.outcome for one in after for r in one.results if r.case == "spared-0"} <= {
        "right_auto"
    }
