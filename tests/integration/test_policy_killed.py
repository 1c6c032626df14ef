"""Whoever reads, holds, asks and lets lead may die at any change; the next look ends it once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pilotage.policy_files import Files
from pilotage.policy_questions import Editor
from policies.rules import write_policy
from runs import approvals
from runs.approvals import Answer
from runs.records.approval import Approval
from runs.records.version import PolicyValues
from runs.store.change import Change
from tests.unit.pilotage.homes import House, make_house, policy_of

LOOSER = PolicyValues.model_validate(policy_of().as_json() | {"audit_share": 0.05})
CHANGES = range(7)
"""More than any of these acts makes."""


class Died(Exception):
    """The process is gone."""


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home in which the desk's values lead."""
    house = make_house(tmp_path / "home")
    files(house).propose(house.customer, policy_of(), write_policy(policy_of()), Editor("ben"))
    return house


def files(house: House) -> Files:
    """The files as another process sees them."""
    return Files(house.wired.home, house.store, lambda: house.wired.installation)


def dies(house: House, at: int, act: Callable[[Files], object]) -> None:
    """Do something in a process that dies at its so-manieth change, if it comes so far."""
    left = [at]

    def guard(change: Change) -> None:
        assert change
        left[0] -= 1
        if left[0] < 0:
            raise Died

    store = house.store.guarded(guard)
    try:
        act(Files(house.wired.home, store, lambda: house.wired.installation))
    except Died:
        return


def asked(house: House, status: str = "open") -> list[Approval]:
    """Every question about policy of this status."""
    found = approvals.list_approvals(house.store, house.customer, status=status)
    return [one for one in found if one.kind == "policy"]


def led(house: House) -> list[object]:
    """Every digest that led, in order."""
    events = house.store.events(house.customer)
    return [e.body["policy"] for e in events if e.kind == "policy_changed"]


def agree(house: House, one: Approval, *names: str) -> None:
    """These people agree."""
    rules = house.wired.decision_rules(house.customer)
    for name in names:
        answer = Answer(one.id, "approve", "", one.subject)
        approvals.decide(house.store, house.wired.identify(house.tokens[name]), answer, rules)


@pytest.mark.parametrize("at", CHANGES)
def test_a_held_edit_is_asked_about_once(house: House, at: int) -> None:
    """However often, and by however many processes, the file is looked at."""
    files(house).file(house.customer, "desk").write_text(write_policy(LOOSER))
    dies(house, at, lambda dying: dying.find(house.customer, "desk"))
    found = [files(house).find(house.customer, "desk") for _ in range(2)]

    assert found == [policy_of(), policy_of()]
    assert len(asked(house, "")) == 1
    assert led(house) == [policy_of().digest]


@pytest.mark.parametrize("at", CHANGES)
def test_whoever_set_what_the_file_says_is_known(house: House, at: int) -> None:
    """The file never says it before the record knows by whom."""
    text, editor = write_policy(LOOSER), Editor("ben")
    dies(house, at, lambda dying: dying.propose(house.customer, LOOSER, text, editor))
    files(house).find(house.customer, "desk")

    is_written = files(house).file(house.customer, "desk").read_text() == text
    assert [one.excluded for one in asked(house, "")] == ([("ben",)] if is_written else [])
    assert led(house) == [policy_of().digest]


@pytest.mark.parametrize("at", CHANGES)
def test_what_was_agreed_to_leads_once(house: House, at: int) -> None:
    """With the approval it rests on."""
    files(house).file(house.customer, "desk").write_text(write_policy(LOOSER))
    files(house).find(house.customer, "desk")
    (one,) = asked(house)
    agree(house, one, "ben", "eva")
    dies(house, at, lambda dying: dying.find(house.customer, "desk"))
    found = [files(house).find(house.customer, "desk") for _ in range(2)]

    assert found == [LOOSER, LOOSER]
    assert led(house) == [policy_of().digest, LOOSER.digest]
    assert asked(house) == []


@pytest.mark.parametrize("at", CHANGES)
def test_what_a_release_brings_leads_in_the_place_of_what_was_held(house: House, at: int) -> None:
    """Given a held edit; then it is neither led by nor lost."""
    files(house).file(house.customer, "desk").write_text(write_policy(LOOSER))
    files(house).find(house.customer, "desk")
    brought = PolicyValues.model_validate(policy_of().as_json() | {"audit_share": 0.04})
    dies(house, at, lambda dying: dying.write(house.customer, brought))
    files(house).find(house.customer, "desk")
    files(house).write(house.customer, brought)

    assert led(house) == [policy_of().digest, brought.digest]
    assert asked(house) == []
    folder = house.wired.home.policies("acme")
    assert [aside.read_text() for aside in folder.glob("*.aside-*")] == [write_policy(LOOSER)]


def test_a_yes_lets_nothing_lead_in_the_place_of_other_values(house: House) -> None:
    """Given an agreed edit; when other values led meanwhile; then the yes is void."""
    files(house).file(house.customer, "desk").write_text(write_policy(LOOSER))
    files(house).find(house.customer, "desk")
    (one,) = asked(house)
    agree(house, one, "ben", "eva")
    other = policy_of(act_threshold="0.95")
    files(house).file(house.customer, "desk").write_text(write_policy(other))
    files(house).find(house.customer, "desk")
    files(house).file(house.customer, "desk").write_text(write_policy(LOOSER))

    assert files(house).find(house.customer, "desk") == other
    assert approvals.get(house.store, house.customer, one.id).status == "superseded"
    assert len(asked(house)) == 1
