"""The map of a workflow: everything a version has stands on it, in the order it is asked."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.permissions import permit
from runs.records.version import Effect, Rule, Source, Version
from tests import builders
from tests.oracles import route
from tests.unit.workflow import builders as desks
from workflow.map import text
from workflow.map.parts import of_policy
from workflow.map.way import Map, map_of, map_of_plan

NAMES = st.from_regex(r"[a-z][a-z0-9_]{2,30}", fullmatch=True)
RISKS = ("sensitive", "irreversible", "financial", "customer_facing")


def as_it_is(name: str) -> str:
    """Ids, not names."""
    return name


def drawn(version: Version, **changed: Any) -> Map:
    """The map of a version of the desk under its policy."""
    values = of_policy(builders.policy(**changed))
    return map_of(builders.plan(), version, values=values, policy=builders.DIGEST, who=as_it_is)


def flat(lines: list[str]) -> str:
    """The page as running text: what was broken into lines stands together again."""
    return " ".join(" ".join(lines).translate(dict.fromkeys(map(ord, "│├─▶┌┐└┘▼"), " ")).split())


@st.composite
def versions(draw: Any) -> Version:
    """Versions of the desk with any rules, sources and effects."""
    names = draw(st.lists(NAMES, min_size=9, max_size=9, unique=True))
    routes = st.sampled_from(["act", "review", "refuse"])
    rules = [
        Rule(
            id=name, when=f"item.text == '{name}'", route=draw(routes), owner="ben", why="so it is"
        )
        for name in names[: draw(st.integers(0, 3))]
    ]
    sources = [
        Source(name=name, tool="crm", key_field="text", fields=("tier",))
        for name in names[3 : 3 + draw(st.integers(0, 3))]
    ]
    levels = st.sampled_from(["read", "suggest", "draft", "trigger", "update"])
    effects = [
        Effect(name=name, tool="queues", operation="do", level=draw(levels))
        for name in names[6 : 6 + draw(st.integers(1, 3))]
    ]
    return builders.version(rules=rules, sources=sources, effects=effects)


@settings(max_examples=40, deadline=None)
@given(versions())
def test_the_map_names_every_rule_source_and_effect_of_a_version(version: Version) -> None:
    """Nothing a version may do, ask or read is missing from its page, which fits on a terminal."""
    lines = text.lines(drawn(version))
    page = flat(lines)

    parts = [*version.rules, *version.sources, *version.effects]
    assert [
        one for one in parts if (one.id if isinstance(one, Rule) else one.name) not in page
    ] == []
    assert [rule.when for rule in version.rules if rule.when not in page] == []
    assert max(map(len, lines)) <= text.WIDE


def test_the_questions_stand_in_the_order_in_which_they_are_asked() -> None:
    """A source, an answer, the rules as they are written, scope, confidence, and what is left."""
    rules = (desks.rule("b", "item.amount > 1.0"), desks.rule("a", "context.crm.dispute"))

    tree = drawn(desks.version(rules=rules)).tree

    assert [one.id for one in tree] == ["context", "answer", "b", "a", "scope", "threshold", "else"]
    assert [one.route for one in tree][-1] == "act"
    assert tree[2].owner == "ben"


def test_a_rule_shows_the_values_it_rests_on_as_they_are_now() -> None:
    """With the bounds within which operations move them; lists with their entries."""
    bounds = {"limit": {"low": "100", "high": "300"}, "act_threshold": {"low": "0.1"}}
    asks = "item.amount > values.limit && context.crm.tier in lists.tiers"
    version = desks.version(rules=(desks.rule("large", asks),), bounds=bounds)
    numbers = {"act_threshold": "0.5", "scope_floor": "0", "limit": "200"}
    tree = drawn(version, values=numbers, lists={"tiers": ("gold", "plus")}).tree
    told = {one.id: one.values for one in tree}

    assert told["large"] == (
        "limit = 200, operations set it from 100 to 300",
        "tiers = gold, plus, fixed",
    )
    assert told["threshold"] == (
        "act_threshold = 0.5, operations set it from 0.1 to no upper bound",
    )
    assert told["scope"] == ("scope_floor = 0, fixed",)


@pytest.mark.parametrize("level", ["read", "suggest", "draft", "trigger", "update"])
@pytest.mark.parametrize("risks", [(), *[(risk,) for risk in RISKS]])
def test_what_waits_for_a_person_on_the_map_waits_when_it_is_done(
    level: Any, risks: tuple[Any, ...]
) -> None:
    """The map says of an effect what its permission says."""
    effect = Effect(name="pay", tool="bank", operation="pay", level=level, risks=risks)
    version = builders.version(effects=(effect,))
    may = permit(effect, stage="full", version=version, has_approval=True)
    told = next(step for step in drawn(version).steps if step.name == "act").does[0]

    assert told.endswith("waits for a person") is may.needs_approval


def test_every_path_that_leaves_the_way_has_somebody_who_gets_the_item() -> None:
    """A failure path without an owner would be a lost item."""
    version = desks.version(rules=(desks.rule("r", "context.crm.dispute", route="refuse"),))
    paths = [path for step in drawn(version).steps for path in step.paths]

    assert [path for path in paths if not path.owner] == []
    assert {path.ends for path in paths} == {
        "handed over",
        "quarantined",
        "in review",
        "refused",
        "drafted",
        "stopped",
        "escalated",
    }


def test_a_plan_has_a_map_before_any_version_is_built() -> None:
    """With what it promises, and said to be the plan's."""
    page = flat(text.lines(map_of_plan(builders.plan(), as_it_is)))

    assert "no version is shown" in page
    assert "assign: update queues.assign" in page


def test_a_map_tells_every_model_that_is_asked_and_what_it_reads() -> None:
    """In order, with its budget, and who has what it leaves in doubt."""
    routes = (route(), route(name="fallback", endpoint="small", reads=["tier"]))

    found = drawn(builders.version(models=routes))

    step = next(one for one in found.steps if one.name == "decide")
    told = [line for line in step.does if line.startswith("asks ")]
    assert ["primary at big" in told[0], "fallback at small" in told[1]] == [True, True]
    assert "reads tier; at most 3 calls" in told[1]
    assert any("flagged" in path.when and path.owner for path in step.paths)
    assert "asks primary at big" in flat(text.lines(found))
