"""Who may answer for an item that waits for a person, and to whom it goes next."""

from typing import Any

import pytest

from policies.reviews import Asked, is_alone, next_owner, why_not_asked, why_not_judge
from runs.records.person import Person
from tests import builders

ROLES = {
    "rosa": ("reviewer",),
    "ravi": ("reviewer",),
    "fay": ("finance",),
    "dan": ("delivery_engineer", "reviewer"),
    "ana": ("product_owner",),
    "mo": ("ops_manager",),
}


def everybody(**changed: dict[str, Any]) -> list[Person]:
    """Six people; Ravi's deputy is Ana."""
    told: dict[str, dict[str, Any]] = {"ravi": {"deputy": "ana"}, **changed}
    return [
        builders.person(id=name, roles=roles, **told.get(name, {})) for name, roles in ROLES.items()
    ]


def asked(**changed: Any) -> Asked:
    """A review of Ravi's, of an item that reviewers get; Dan built its version."""
    told = Asked("ravi", ("reviewer",), frozenset({"dan"}), is_solo=False)
    return told._replace(**changed)


@pytest.mark.parametrize("person", ["ravi", "rosa", "ana"])
def test_the_owner_their_deputy_and_whoever_gets_such_items_may_answer(person: str) -> None:
    """One person being away stops nothing."""
    assert why_not_judge(asked(), person, everybody()) == ""


@pytest.mark.parametrize(
    ("person", "says"),
    [
        ("fay", "fay is not asked; leave it to ravi, who answers for it, or one of: ana, reviewer"),
        ("eve", "not among the people"),
        ("dan", "nobody judges their own work; escalate it"),
    ],
    ids=["another role", "a stranger", "who built it"],
)
def test_nobody_else_may(person: str, says: str) -> None:
    """With the reason."""
    assert says in why_not_judge(asked(), person, everybody())


def test_a_disabled_person_may_nothing() -> None:
    """Not even the owner."""
    people = everybody(ravi={"is_disabled": True, "deputy": "ana"})

    assert why_not_judge(asked(), "ravi", people)
    assert why_not_judge(asked(), "ana", people) == ""


def test_who_built_it_may_hand_it_on() -> None:
    """They must not be stuck with what they may not judge."""
    assert why_not_asked(asked(owner="dan"), "dan", everybody()) == ""
    assert why_not_judge(asked(owner="dan"), "dan", everybody())


@pytest.mark.parametrize(("is_solo", "others", "alone"), [(True, 0, True), (True, 1, False)])
def test_alone_somebody_judges_their_own_work(*, is_solo: bool, others: int, alone: bool) -> None:
    """Only where the installation says solo, and until a second person is there."""
    people = [one for one in everybody() if one.id == "dan"]
    people += [one for one in everybody() if one.id == "rosa"][:others]
    mine = asked(owner="dan", is_solo=is_solo)

    assert is_alone(mine, people) == alone
    assert (why_not_judge(mine, "dan", people) == "") == alone


def test_without_the_word_of_the_installation_one_person_is_not_alone() -> None:
    """Solo is said, never guessed."""
    people = [one for one in everybody() if one.id == "dan"]

    assert why_not_judge(asked(owner="dan"), "dan", people)


@pytest.mark.parametrize(
    ("passed", "owner"),
    [
        ({"ravi"}, "mo"),
        ({"ravi", "mo"}, "ana"),
        ({"ravi", "mo", "ana"}, ""),
    ],
)
def test_an_escalation_goes_down_the_chain_and_never_back(passed: set[str], owner: str) -> None:
    """To the first who has not had it; to nobody when all have."""
    assert next_owner(("ops_manager", "ana"), everybody(), passed) == owner


def test_for_who_is_disabled_their_deputy_is_next() -> None:
    """And where there is none, the next step."""
    chain = ("ops_manager", "product_owner")
    with_deputy = everybody(mo={"is_disabled": True, "deputy": "fay"})
    without = everybody(mo={"is_disabled": True})

    assert next_owner(chain, with_deputy, {"ravi"}) == "fay"
    assert next_owner(chain, without, {"ravi"}) == "ana"
