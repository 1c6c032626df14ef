"""Families stay together, and stay where they are."""

from collections import Counter, defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.errors import InvalidInput
from runs.records.case import Case
from tests.unit.workflow.builders import case
from workflow.dataset.splits import split

MEMBERS = st.lists(
    st.tuples(
        st.integers(0, 40), st.sampled_from(["", "a", "b"]), st.sampled_from(["critical", "minor"])
    ),
    max_size=120,
)


def many(families: int, **changes: Any) -> list[Case]:
    """Cases of so many families, two each."""
    return [case(f"{f}-{i}", family=f"f{f}", **changes) for f in range(families) for i in (0, 1)]


@settings(max_examples=60)
@given(MEMBERS, st.text(min_size=1, max_size=5))
def test_a_family_is_never_in_two_splits(members: list[tuple[int, str, str]], salt: str) -> None:
    """Whatever segments and severities its cases have; order and cases stay as they were."""
    cases = [
        case(str(i), family=f"f{f}", segment=segment, severity=severity)
        for i, (f, segment, severity) in enumerate(members)
    ]
    found = split(cases, salt)

    by_family: dict[str, set[str]] = defaultdict(set)
    for one in found:
        by_family[one.family].add(one.split)
    assert all(len(splits) == 1 for splits in by_family.values())
    assert [c.model_copy(update={"split": "dev"}) for c in found] == cases


@given(MEMBERS, st.randoms())
def test_the_order_of_the_file_does_not_decide(members, random) -> None:
    """The same cases in another order have the same splits."""
    cases = [case(str(i), family=f"f{f}", segment=s) for i, (f, s, _) in enumerate(members)]
    mixed = random.sample(cases, len(cases))

    expected = {one.id: one.split for one in split(cases, "salt")}
    assert {one.id: one.split for one in split(mixed, "salt")} == expected


def test_the_shares_hold_in_every_stratum_that_is_large_enough() -> None:
    """And over all strata that are not."""
    large = [*many(40, segment="a"), *many(60, segment="b")]
    small = [case(f"s{i}", segment=f"small {i}") for i in range(100)]
    found = split([*large, *small], "salt")

    for segment, expected in (("a", (20, 10, 10)), ("b", (30, 15, 15)), ("small", (50, 25, 25))):
        splits = {c.family: c.split for c in found if c.segment.startswith(segment)}
        counts = Counter(splits.values())
        assert (counts["learn"], counts["dev"], counts["holdout"]) == expected


def test_a_family_with_a_critical_case_is_in_the_critical_stratum() -> None:
    """Critical cases are spread over the splits though most of their family is minor."""
    critical = [case(f"c{f}", family=f"f{f}", severity="critical") for f in range(40)]
    found = split([*many(80, severity="minor"), *critical], "salt")

    counts = Counter(one.split for one in found if one.severity == "critical")
    assert counts == {"learn": 20, "dev": 10, "holdout": 10}


def test_few_families_move_when_others_are_added() -> None:
    """A held-out family of the last dataset is not learnt from in the next."""
    before = {c.family: c.split for c in split(many(1000), "salt")}
    after = {c.family: c.split for c in split(many(1050), "salt")}

    assert sum(after[family] != before[family] for family in before) <= 25


def test_another_salt_gives_other_splits() -> None:
    """The salt decides with the family."""
    cases = many(100)

    assert split(cases, "one") != split(cases, "two")


def test_a_retired_case_stays_retired() -> None:
    """What was seen in a fix discussion is not held out again."""
    assert [c.split for c in split([case("a", split="retired")], "salt")] == ["retired"]


@pytest.mark.parametrize(
    "shares",
    [
        {"learn": 0.5, "dev": 0.5},
        {"learn": 0.5, "dev": 0.5, "holdout": 0.0},
        {"learn": 0.5, "dev": 0.4, "holdout": 0.3},
    ],
)
def test_shares_that_leave_a_split_empty_are_refused(shares) -> None:
    """All three are needed, and together they are one."""
    with pytest.raises(InvalidInput, match="give learn, dev and holdout a share above 0 each"):
        split([case("a")], "salt", shares=shares)


def test_an_empty_salt_is_refused() -> None:
    """Nobody could tell later what decided the splits."""
    with pytest.raises(InvalidInput, match="salt is empty"):
        split([case("a")], "")
