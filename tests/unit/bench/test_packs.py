"""Cases, plans and choices made from a labelled pack."""

import json

import pytest

from bench.real import packs
from bench.real.packs import Row
from policies import rules

ROWS = [Row("a", "where is my card", "card_arrival"), Row("b", "close it", "close_account")]


def test_what_is_sent_live_carries_no_label() -> None:
    """Only what is imported does."""
    assert [json.loads(line).keys() for line in packs.unlabelled(ROWS).splitlines()] == [
        {"id", "input"},
        {"id", "input"},
    ]
    assert "card_arrival" in packs.labelled(ROWS)
    assert "card_arrival" not in packs.unlabelled(ROWS)


def test_some_labels_are_always_the_same_ones() -> None:
    """A smaller choice is part of a larger one, whatever the order they come in."""
    every = [f"label {n}" for n in range(50)]

    assert packs.some(every, 5) < packs.some(every[::-1], 10)
    assert len(packs.some(every, 10)) == 10


def test_the_plan_of_the_walkthrough_is_whole_with_its_labels() -> None:
    """Labels go in at run time; nothing else is missing."""
    reading = rules.read_plan(packs.plan(packs.labels(ROWS)), "plan.yaml")

    assert reading.missing == ()
    assert reading.plan is not None
    assert reading.plan.contract.labels == ("card_arrival", "close_account")


def test_plan_and_policy_of_the_walkthrough_ask_for_the_same_bars() -> None:
    """What people approve in the plan is what operations start from."""
    reading = rules.read_plan(packs.plan(packs.labels(ROWS)), "plan.yaml")
    policy = rules.read_policy(packs.policy(), "policy.yaml")

    assert reading.plan is not None
    assert policy.gates == reading.plan.acceptance.gates
    assert policy.values == reading.plan.routing.values


def test_a_change_of_nothing_is_refused() -> None:
    """A path that is no part of the document would be a bar that is not asked."""
    with pytest.raises(KeyError, match=r"gates\.sandbox\.wrong"):
        packs.policy({"gates.sandbox.wrong": 1})
