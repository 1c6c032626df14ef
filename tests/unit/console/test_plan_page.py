"""The plan on a page: every part of it, in thirteen areas, and nothing that runs."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from console.pages import phases
from console.pages.decision import decision
from console.pages.plan import AREAS, Behind, areas, page
from pilotage.cli import plan_story
from policies import rules
from runs.plan import Plan
from tests import builders
from tests.unit.policies.builders import PLAN
from workflow.map.way import map_of_plan

HOSTILE = '</title><script>alert(1)</script><img src=x onerror="y">'


def as_it_is(name: str) -> str:
    """Ids, not names."""
    return name


def behind(plan: Plan, **changed: Any) -> Behind:
    """What a page of a plan without a run tells beside it."""
    told = {
        "of": "from plan.yaml",
        "at": "",
        "drawn": map_of_plan(plan, as_it_is),
        "decision": decision(plan, None),
        "phases": phases.rows(plan, phases.unknown),
    }
    return Behind(**told | changed)


def whole() -> Plan:
    """A plan with every kind of part."""
    plan = rules.read_plan(PLAN, "plan.yaml").plan
    assert plan is not None
    return plan


def texts(value: Any) -> Iterator[str]:
    """Every text in a plan, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def shown(html: str) -> str:
    """What a reader of the page sees, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_every_part_of_the_plan_stands_on_its_page() -> None:
    """No text of the plan is left out."""
    seen = shown(page(whole(), behind(whole()), as_it_is))

    written = {" ".join(text.split()) for text in texts(whole().as_json())}
    assert written
    assert sorted(text for text in written if text not in seen) == []


def test_every_part_of_the_plan_stands_in_its_lines() -> None:
    """The terminal tells what the page tells."""
    lines = plan_story.lines(whole(), behind(whole()), as_it_is)
    seen = " ".join(" ".join(lines).split())

    written = {" ".join(text.split()) for text in texts(whole().as_json())}
    assert sorted(text for text in written if text not in seen) == []


def test_the_areas_stand_in_order_and_claim_no_part_twice() -> None:
    """What no area claims is told in the twelfth, so that a part added later is never lost."""
    told = areas(whole(), as_it_is)
    claimed = [part for _, _, parts in AREAS for part in parts]

    assert [area.number for area in told] == list(range(1, 14))
    assert len(set(claimed)) == len(claimed)
    assert set(claimed) <= set(Plan.model_fields)
    assert any(entry.name == "Labels" for entry in told[11].entries)


def test_people_are_named_and_money_has_its_currency() -> None:
    """An id alone, or a bare number, says too little."""
    names = {"ana": "Ana Example (ana)"}
    seen = shown(page(whole(), behind(whole()), lambda text: names.get(text, text)))

    assert "Business outcome Ana Example (ana)" in seen
    assert "Cost of error 4.50 EUR" in seen
    assert "Most wrong alone" in seen


def test_hostile_texts_of_a_plan_are_escaped() -> None:
    """The page holds no element the plan brought, and no control character."""
    plan = builders.plan(title=HOSTILE + "\x1b[2J", handoff=HOSTILE, workflow="desk")
    html = page(plan, behind(plan, warnings=(HOSTILE,), learnt=(HOSTILE,)), as_it_is)

    assert "<script" not in html
    assert "<img" not in html
    assert "\x1b" not in html
    assert html.count("&lt;script&gt;") >= 4


@pytest.mark.parametrize("forbidden", ["<script", 'http-equiv="refresh', "src=", "@import", "url("])
def test_a_page_loads_nothing_and_runs_nothing(forbidden: str) -> None:
    """It is whole by itself, and its policy forbids the rest."""
    html = page(whole(), behind(whole()), as_it_is)

    assert forbidden not in html
    assert "default-src 'none'" in html
    assert set(re.findall(r'href="([^#"][^"]*)"', html)) == set()


def test_the_phases_say_who_lets_each_end() -> None:
    """By role, with the people who hold it; a stage without its own has those of every stage."""
    policy = builders.policy(
        approvers={
            "plan": ({"role": "product_owner"},),
            "stage": ({"role": "ops_lead", "count": 2},),
            "stage_full": ({"role": "business_owner"},),
        }
    )
    people = [builders.person(), builders.person(id="ben", name="Ben", roles=("ops_lead",))]
    told = phases.rows(whole(), phases.by_policy(policy, plan_story.who_has(people)))

    assert [row[0] for row in told] == ["Design", "Testing", "Sandbox", "Full operations"]
    assert told[0][3] == "1 of product_owner (Ana Example)"
    assert told[1][3] == "nobody yet"
    assert told[2][3] == "2 of ops_lead (Ben)"
    assert told[3][3] == "1 of business_owner (nobody)"
