"""Four signs say whether a workflow is past the pilot, and nothing but records says yes."""

from decimal import Decimal

import pytest

from rollout.graduation import Care, Change, Facts, Reach, Said, judge

NAMED = Said("ana", "r-1", True)
REACH = Reach("rel-1", "slice_5, open", True, ("assign",), "plan", Decimal(10), "EUR", ("key-1",))
CARE = Care("plan", {"incidents": "ben", "builder": "dan"}, (), ("v-1",), 0, "drill-1", "pass")
CHANGED = Change(7, ("ben",), True)
FACTS = Facts([NAMED], 0, REACH, CARE, [CHANGED])
NOTHING = Facts(
    [],
    0,
    Reach("", "", False, (), "plan", Decimal(10), "EUR", ()),
    Care("plan", {"incidents": "ben"}, (), (), 0, "", ""),
    [],
)


def answers(facts: Facts) -> list[str]:
    """What the signs say, in order."""
    return [sign.answer for sign in judge(facts).signs]


def test_four_signs_are_past_the_pilot_with_their_records() -> None:
    """Each yes names what it was read from."""
    found = judge(FACTS)

    assert answers(FACTS) == ["yes"] * 4
    assert found.stands == "past the pilot"
    assert all(sign.records for sign in found.signs)
    assert found.signs[1].records == ("rel-1", "plan", "key-1")
    assert found.signs[3].records == ("event 7",)


def test_nothing_on_record_is_no_yes() -> None:
    """Absent evidence passes nothing."""
    assert "yes" not in answers(NOTHING)
    assert judge(NOTHING).stands == "in pilot"


@pytest.mark.parametrize(
    ("changed", "stands"),
    [
        ({"changes": []}, "past the pilot"),
        ({"changes": [], "said": []}, "not shown"),
        ({"changes": [], "reach": NOTHING.reach}, "in pilot"),
        ({"changes": [], "reach": NOTHING.reach, "said": []}, "in pilot"),
    ],
)
def test_three_of_four_are_needed_and_unknown_is_not_yes(
    changed: dict[str, object], stands: str
) -> None:
    """Where unknown ones could make it three, it is not shown."""
    assert judge(FACTS._replace(**changed)).stands == stands


@pytest.mark.parametrize(
    ("said", "silent", "answer", "why"),
    [
        ([NAMED], 0, "yes", "ana"),
        ([Said("ben", "a-1", False)], 0, "no", "ben wrote about it and none its name"),
        ([], 3, "unknown", "3 decisions of theirs came without a word"),
        ([], 0, "unknown", "they wrote nothing"),
    ],
)
def test_only_who_names_it_shows_that_it_has_a_name(
    said: list[Said], silent: int, answer: str, why: str
) -> None:
    """A decision without a word says nothing of what people call it."""
    sign = judge(FACTS._replace(said=said, decided_silently=silent)).signs[0]

    assert sign.answer == answer
    assert why in sign.why


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"release": ""}, "no"),
        ({"acts": False}, "no"),
        ({"effects": ()}, "no"),
        ({"cost_of_error": Decimal(0)}, "no"),
        ({"done": ()}, "unknown"),
    ],
)
def test_an_error_costs_only_where_something_was_done_outside(
    changed: dict[str, object], answer: str
) -> None:
    """At the stage that stands now, by an effect that changes something."""
    assert answers(FACTS._replace(reach=REACH._replace(**changed)))[1] == answer


@pytest.mark.parametrize(
    ("changed", "answer", "why"),
    [
        ({"gone": ("incidents",)}, "no", "incidents (ben)"),
        ({"drill": ""}, "no", "never rehearsed"),
        ({"drill_says": "fail"}, "no", "fail"),
        ({"answered": ()}, "unknown", "no person has answered"),
        ({"answered": (), "simulated": 4}, "unknown", "4 answers are a simulator's"),
    ],
)
def test_an_error_is_cared_for_by_owners_a_used_queue_and_a_rehearsed_way_back(
    changed: dict[str, object], answer: str, why: str
) -> None:
    """What is missing is named."""
    sign = judge(FACTS._replace(care=CARE._replace(**changed))).signs[2]

    assert sign.answer == answer
    assert why in sign.why


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ([CHANGED, Change(8, (), False)], "yes"),
        ([Change(8, (), True)], "unknown"),
        ([Change(8, ("dan",), False)], "no"),
        ([], "no"),
    ],
)
def test_rules_change_without_an_engineer_only_where_it_is_known_who_did(
    changes: list[Change], answer: str
) -> None:
    """A file that anybody can write does not say who wrote it."""
    assert answers(FACTS._replace(changes=changes))[3] == answer
