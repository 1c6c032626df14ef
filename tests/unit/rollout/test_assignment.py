"""Assignment: sticky, monotone, uniform, and a chain that always ends at somebody."""

from collections import Counter
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.assignment import Standing, arm, bucket, find_segment, is_audited, lineage
from runs.records.release import Release, Segment
from tests import builders
from tests.builders import NOW

texts = st.text(max_size=30).filter(lambda text: text.isprintable())
SALTS = [f"salt {number}" for number in range(5)]
UNITS = [f"unit {number}" for number in range(20_000)]


def chi_square_p(observed: list[int]) -> float:
    """How likely such counts, or less even ones, are if every bin is as likely."""
    from scipy.stats import chisquare

    return float(chisquare(observed).pvalue)


@settings(deadline=None)
@given(salt=texts, unit=texts)
def test_the_bucket_is_the_formula_of_the_specification(salt: str, unit: str) -> None:
    """The first 8 bytes of SHA-256 over salt, unit separator and unit, scaled to 10,000."""
    drawn = sha256(salt.encode() + b"\x1f" + unit.encode()).digest()[:8]

    assert bucket(salt, unit) == int.from_bytes(drawn, "big") * 10_000 >> 64
    assert 0 <= bucket(salt, unit) < 10_000


@settings(deadline=None)
@given(salt=texts, unit=texts, low=st.integers(0, 10_000), high=st.integers(0, 10_000))
def test_a_higher_weight_only_adds_units(salt: str, unit: str, low: int, high: int) -> None:
    """Whoever is served stays served while a lineage climbs."""
    low, high = sorted((low, high))

    assert arm(salt, unit, high) == "canary" or arm(salt, unit, low) == "incumbent"


def test_nobody_is_served_at_0_and_everybody_at_10000() -> None:
    """The ends of the scale are exact."""
    assert {arm("salt", unit, 0) for unit in UNITS[:1000]} == {"incumbent"}
    assert {arm("salt", unit, 10_000) for unit in UNITS[:1000]} == {"canary"}


@pytest.mark.parametrize("salt", SALTS)
def test_units_fall_evenly_into_a_hundred_bins(salt: str) -> None:
    """Chi-square over 100 bins of 20,000 units."""
    bins = Counter(bucket(salt, unit) // 100 for unit in UNITS)

    assert chi_square_p([bins[number] for number in range(100)]) > 0.001


@pytest.mark.parametrize("other", SALTS[1:])
def test_two_salts_say_nothing_about_one_another(other: str) -> None:
    """Chi-square over the 10 by 10 cells of two salts' tenths."""
    cells = Counter((bucket(SALTS[0], u) // 1000, bucket(other, u) // 1000) for u in UNITS)

    assert chi_square_p([cells[a, b] for a in range(10) for b in range(10)]) > 0.001


def test_being_audited_says_nothing_about_being_served() -> None:
    """A fifth is audited among those served and among the others."""
    cells = Counter((bucket("s", u) // 1000, is_audited("s", u, 0.5)) for u in UNITS)

    assert chi_square_p([cells[a, b] for a in range(10) for b in (False, True)]) > 0.001


@settings(deadline=None)
@given(unit=texts, low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_larger_audit_share_only_adds_units(unit: str, low: float, high: float) -> None:
    """None at 0, all at 1, and nobody leaves as the share grows."""
    low, high = sorted((low, high))

    assert is_audited("s", unit, low) <= is_audited("s", unit, high)
    assert (is_audited("s", unit, 0), is_audited("s", unit, 1)) == (False, True)


def test_a_lineage_is_named_without_its_salt() -> None:
    """The same salt has the same name; another has another."""
    assert lineage("salt") == lineage("salt") != lineage("other")
    assert "salt" not in lineage("salt")


def release(id: str, opened: int = 0, **changed: Any) -> Release:
    """A release named like its version, opened so many hours after the first."""
    digest = "sha256:" + id.encode().hex().rjust(64, "0")
    at = NOW + timedelta(hours=opened)
    return builders.release(id=id, version=digest, salt=id, opened_at=at, **changed)


def served(*releases: Release, unit: str = "unit") -> tuple[str, str, str]:
    """Which release's arm serves the unit, and what."""
    placed = Standing(releases).place(unit)
    return placed.release.id, placed.arm, placed.version


@pytest.mark.parametrize(
    ("changed", "arm_of_it"),
    [
        ({"stage": -1}, "incumbent"),
        ({"stage": 0}, "shadow"),
        ({"stage": 0, "status": "held"}, "shadow"),
        ({"stage": 3, "weight_bp": 10_000}, "canary"),
        ({"stage": 3, "weight_bp": 10_000, "status": "complete"}, "canary"),
        ({"stage": 3, "weight_bp": 10_000, "status": "held"}, "incumbent"),
        ({"stage": 3, "weight_bp": 0, "status": "rolled_back"}, "incumbent"),
        ({"stage": 3, "weight_bp": 10_000, "status": "rolled_back"}, "incumbent"),
    ],
)
def test_who_serves_follows_from_stage_and_status(changed: dict[str, Any], arm_of_it: str) -> None:
    """Held and rolled back give everything to people; the sandbox only shadows."""
    one = release("one", **changed)
    version = "human" if arm_of_it == "incumbent" else one.version

    assert served(one) == ("one", arm_of_it, version)


@pytest.mark.parametrize("status", ["held", "rolled_back"])
def test_a_placement_says_why(status: str) -> None:
    """The item carries the reason."""
    placed = Standing((release("one", stage=1, weight_bp=500, status=status),)).place("unit")

    assert placed.why.startswith("release one: ")
    assert status.replace("_", " ").split()[0] in placed.why


def test_what_a_release_does_not_serve_its_incumbent_version_serves() -> None:
    """As an item of that version's own release, with that release's rights."""
    old = release("old", stage=3, weight_bp=10_000, status="complete")
    young = release("young", 1, stage=1, weight_bp=0, incumbent=old.version)

    assert served(young, old) == ("old", "canary", old.version)


def test_beside_an_incumbent_version_the_sandbox_takes_nothing_away() -> None:
    """The version in use serves on; the candidate works in its shadow on a row of its own."""
    old = release("old", stage=3, weight_bp=10_000, status="complete")
    young = release("young", 1, stage=0, incumbent=old.version)
    shadow = Standing((young, old)).find_shadow()

    assert served(young, old) == ("old", "canary", old.version)
    assert shadow is not None
    assert (shadow.release.id, shadow.arm) == ("young", "shadow")


def test_an_incumbent_that_was_rolled_back_gives_on_to_its_own() -> None:
    """The chain of incumbents ends at the oldest that still serves."""
    first = release("first", stage=3, weight_bp=10_000, status="complete")
    second = release("second", 1, stage=3, status="rolled_back", incumbent=first.version)
    third = release("third", 2, stage=1, weight_bp=0, incumbent=second.version)

    assert served(third, second, first) == ("first", "canary", first.version)
    assert served(third, second)[1:] == ("incumbent", "human")


def test_releases_opened_at_the_same_moment_end_the_chain_at_people() -> None:
    """Where each is the other's incumbent nobody goes round in circles."""
    one = release("one", stage=1, weight_bp=0)
    two = release("two", stage=1, weight_bp=0, incumbent=one.version)
    one = one.model_copy(update={"incumbent": two.version})

    assert served(one, two)[2] == "human"


def test_versions_that_replaced_one_another_end_the_chain_at_people() -> None:
    """Even where each names the other as its incumbent."""
    one = release("one", stage=1, weight_bp=0, status="complete")
    two = release("two", 1, stage=1, weight_bp=0, status="complete", incumbent=one.version)
    again = release("again", 2, stage=1, weight_bp=0, incumbent=two.version)
    again = again.model_copy(update={"version": one.version})

    assert served(again, two, one)[2] == "human"


GOLD = Segment(field="tier", value="gold")
URGENT = Segment(field="urgent", value="true")


@pytest.mark.parametrize(
    ("fields", "segment"),
    [
        ({"tier": "gold"}, GOLD),
        ({"urgent": True, "tier": "plain"}, URGENT),
        ({"tier": "plain", "urgent": False}, None),
        ({"urgent": "True"}, None),
        ({"urgent": 1}, None),
        ({"tier": ["gold"]}, None),
        ({"tier": None}, None),
        ({"other": "gold"}, None),
        ({}, None),
    ],
)
def test_an_item_is_of_the_segment_its_field_says(
    fields: dict[str, Any], segment: Segment | None
) -> None:
    """As it was sent; what the contract refuses is of none, and intake gives it to a person."""
    one = release("one", stage=3, weight_bp=10_000, without=(GOLD, URGENT))

    assert find_segment(one, fields) == segment
    assert Standing((one,)).place("unit", fields).arm == ("incumbent" if segment else "canary")


def test_a_segment_is_passed_on_along_the_chain_of_incumbents() -> None:
    """Each release leaves out what it was narrowed by itself, until somebody serves it."""
    old = release("old", stage=3, weight_bp=10_000, status="complete", without=(URGENT,))
    young = release("young", 1, stage=3, weight_bp=10_000, incumbent=old.version, without=(GOLD,))
    stands = Standing((young, old))

    assert stands.place("unit", {"tier": "gold"}).version == old.version
    assert stands.place("unit", {"tier": "gold", "urgent": True}).version == "human"
    assert stands.place("unit", {"urgent": True}).version == young.version
