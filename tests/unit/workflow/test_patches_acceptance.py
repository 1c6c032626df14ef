"""A change is kept only if every part of the rule holds, on both sides of an outcome."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.errors import InvalidInput
from runs.records.version import GateValues
from tests.unit.workflow.builders import (
    GATE,
    many,
    plan,
    policy,
    rule,
    seen,
    trial,
    version,
)
from tests.unit.workflow.test_models_economics import tried
from tests.unit.workflow.worlds import worlds
from workflow.evaluate.bench import Seen
from workflow.failures import group
from workflow.patches.acceptance import (
    Comparison,
    Terms,
    accept,
    compare,
    find_objection,
    holdout_low,
    keeps_coverage,
    keeps_harm,
    terms_of,
)
from workflow.patches.patch import Changed
from workflow.patches.standing import Tally

TERMS = Terms(GateValues.model_validate(GATE), Decimal(10), Decimal(2))


def tally(**changed: Any) -> Tally:
    """A change that repairs five cases in five families, for two needless reviews."""
    values = {
        "repaired": 5,
        "broken": 0,
        "critical_broken": 0,
        "rights": 150,
        "harm_avoided": 5,
        "needless_added": 2,
        "gain": 5,
        "loss": 0,
        "harm_gain": 5,
        "harm_loss": 0,
        "families": 160,
        "covered": (140, 140),
        "failed": (10, 5),
        "alone": (10, 120),
        "asked": 7,
        "spoilt": 2,
    }
    return Tally(**(values | changed))


def comparison(**changed: Any) -> Comparison:
    """The same as a comparison."""
    made = tally(**changed)
    return Comparison(made, made.net(Decimal(10), Decimal(2)), (), ())


def compared(found: list[Seen], before: dict[str, str], after: dict[str, str]) -> Comparison:
    """Two policies on the same cases, with the worst group of the first in view."""
    first = trial(found, version(), policy(**before))
    worst = group(first.results, first.cases)[0]
    return compare(first, trial(found, version(), policy(**after)), group=worst, terms=TERMS)


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ({"repaired": 1}, "1 cases repaired, 2 are asked"),
        ({"critical_broken": 1}, "1 critical cases become wrong alone"),
        ({"broken": 2}, "2 right cases broken, 1 may be"),
        ({"broken": 1}, ""),
        ({"rights": 600, "broken": 3}, ""),
        ({"rights": 599, "broken": 3}, "3 right cases broken, 2 may be"),
        ({"needless_added": 25}, "it saves 0: 5 errors avoided for 25 needless reviews"),
        ({"needless_added": 24}, ""),
        ({"spoilt": 6}, "it is blunt: 5 errors avoided for 2 needless reviews, 6 of them of right"),
        ({"spoilt": 5}, ""),
        ({"gain": 2}, "p 0.250 above 0.2: 2 families gained, 0 lost"),
        ({"gain": 3}, ""),
        ({"gain": 5, "loss": 3}, "p 0.363 above 0.2"),
        ({"covered": (100, 60)}, "coverage goes from 100 to 60 of 160 families"),
        ({"failed": (4, 12)}, "wrong alone goes from 4 to 12 of 160 families"),
    ],
)
def test_each_part_alone_refuses_a_change(change: dict[str, Any], objection: str) -> None:
    """The reason names the figures."""
    found = find_objection(tally(**change), TERMS)

    assert objection in found
    assert bool(found) == bool(objection)


@pytest.mark.parametrize(
    ("before", "after", "keeps"),
    [
        (120, 119, True),
        (94, 91, True),
        (94, 90, False),
        (90, 70, True),
        (90, 69, False),
        (65, 64, False),
        (60, 60, True),
        (60, 65, True),
    ],
)
def test_no_change_costs_the_coverage_bar_its_answer(
    before: int, after: int, *, keeps: bool
) -> None:
    """Of 160 families at .5: from 91 it passes, below 70 it fails and may not fall further."""
    assert keeps_coverage(tally(covered=(before, after)), TERMS.gate) is keeps


@pytest.mark.parametrize(
    ("before", "after", "keeps"), [(5, 9, True), (5, 10, False), (10, 22, True), (10, 23, False)]
)
def test_no_change_costs_the_bar_of_harm_its_answer(
    before: int, after: int, *, keeps: bool
) -> None:
    """Of 160 families at .1: up to 9 it passes, from 23 it fails."""
    assert keeps_harm(tally(failed=(before, after)), TERMS.gate) is keeps


def test_a_change_without_a_look_at_the_holdout_is_kept_only_when_none_is_to_spare() -> None:
    """The last look belongs to the gate; nothing missing passes before that."""
    refused = accept(comparison(), TERMS, learnt=None, holdout=None, looks_left=2)
    kept = accept(comparison(), TERMS, learnt=None, holdout=None, looks_left=1)

    assert (refused.accepted, kept.accepted) == (False, True)
    assert "2 looks are left and the holdout was not seen" in refused.reason
    assert "5 cases of the group repaired, 0 broken, 5 errors avoided" in kept.reason


@pytest.mark.parametrize(
    ("there", "refused"),
    [
        ({}, ""),
        ({"harm_avoided": 1, "needless_added": 5, "spoilt": 5}, "it saves 0: 1 errors avoided"),
        ({"asked": 60, "spoilt": 50}, "p 0.628 above 0.2 that asking blindly avoids as much"),
        ({"asked": 60, "spoilt": 0}, ""),
        ({"repaired": 0, "gain": 0}, ""),
    ],
)
def test_what_dev_shows_must_show_where_nobody_searched(
    there: dict[str, Any], refused: str
) -> None:
    """On learn, out of fold, a change must save something and pick what is wrong."""
    learnt = comparison(**there)
    ruled = accept(comparison(), TERMS, learnt=learnt, holdout=None, looks_left=1)

    assert ruled.accepted is not bool(refused)
    assert refused in ruled.reason
    assert ruled.accepted or ruled.reason.startswith("refused on learn")


def test_asking_blindly_is_refused_however_dear_an_error_is() -> None:
    """One in five is wrong wherever one looks: a rule that asks about any third of them pays."""
    wrong = [
        seen(f"w{i}", label="delivery", channel="chat" if i < 10 else "mail", family=f"w{i}")
        for i in range(30)
    ]
    right = [seen(f"r{i}", channel="chat" if i < 40 else "mail") for i in range(120)]
    found = [*wrong, *right]
    blind = version(rules=[rule("chat", 'has(item.channel) && item.channel == "chat"')])
    first = trial(found, version(), policy())
    worst = group(first.results, first.cases)[0]
    told = compare(first, trial(found, blind, policy()), group=worst, terms=TERMS)

    dear = TERMS._replace(cost_of_error=Decimal(60))
    assert told.tally.net(dear.cost_of_error, dear.cost_of_review) > 0
    assert "it is blunt" in find_objection(told.tally, dear)


@pytest.mark.parametrize(
    ("there", "accepted"),
    [
        ({"harm_gain": 0, "harm_loss": 0, "families": 160}, True),
        ({"harm_gain": 0, "harm_loss": 0, "families": 80}, False),
        ({"harm_gain": 3, "harm_loss": 4, "families": 120}, False),
        ({"harm_gain": 9, "harm_loss": 3, "families": 120}, True),
        ({"critical_broken": 1}, False),
    ],
)
def test_the_holdout_must_exclude_more_harm(there: dict[str, Any], *, accepted: bool) -> None:
    """The worked examples of the specification, and too few families to exclude anything."""
    seen = comparison(**there)
    ruled = accept(comparison(), TERMS, learnt=None, holdout=seen, looks_left=5)

    assert ruled.accepted is accepted
    assert ("refused on the holdout" in ruled.reason) is not accepted


def test_the_bound_on_the_holdout_is_tango_s() -> None:
    """9 gained, 3 lost of 120: .0028; 3 gained, 4 lost: -.0509."""
    gained = comparison(harm_gain=9, harm_loss=3, families=120)
    lost = comparison(harm_gain=3, harm_loss=4, families=120)

    assert holdout_low(gained) == pytest.approx(0.0028, abs=5e-5)
    assert holdout_low(lost) == pytest.approx(-0.0509, abs=5e-5)


def test_harm_that_is_reviewed_is_repaired_and_counted_by_family() -> None:
    """Wrong alone becomes a review, though the review is needless by the label."""
    wrong = [seen(f"w{i}", label="delivery", confidence=0.6, family=f"f{i // 2}") for i in range(6)]
    found = [*wrong, *many(40, "sure")]
    told = compared(found, {}, {"act_threshold": "0.7"})

    assert (told.tally.repaired, told.tally.harm_avoided, told.tally.needless_added) == (6, 6, 6)
    assert (told.tally.gain, told.tally.loss, told.tally.families) == (3, 0, 43)
    assert told.net == 6 * 10 - 6 * 2


def test_a_wrong_patch_is_refused_and_names_what_it_breaks() -> None:
    """A threshold lowered past answers that are wrong."""
    wrong = many(6, "wrong", label="delivery", confidence=0.6, routes=("act", "review"))
    found = [*wrong, *many(8, "low", confidence=0.75), *many(40, "sure")]
    told = compared(found, {"act_threshold": "0.8"}, {"act_threshold": "0.5"})
    ruled = accept(told, TERMS, learnt=None, holdout=None, looks_left=1)

    assert told.broken == tuple(f"wrong-{i}" for i in range(6))
    assert ruled.reason == "refused on dev: 6 right cases broken, 1 may be"


def test_a_critical_group_that_was_not_there_is_refused() -> None:
    """Though on balance it would pay."""
    dev = comparison()._replace(added_critical=("route/route/should_have_escalated/review/act",))
    ruled = accept(dev, TERMS, learnt=None, holdout=None, looks_left=1)

    assert "new critical groups" in ruled.reason


def test_trials_of_different_cases_are_not_compared() -> None:
    """Nor trials of none."""
    first, other = trial(many(3), version(), policy()), trial(many(2), version(), policy())
    failing = trial(many(2, label="delivery"), version(), policy())
    (worst,) = group(failing.results, failing.cases)
    empty = trial([], version(), policy())

    for before, after in ((first, other), (empty, empty)):
        with pytest.raises(InvalidInput, match="are of no cases or of different ones"):
            compare(before, after, group=worst, terms=TERMS)


@pytest.mark.parametrize("is_lost_before", [True, False])
def test_a_model_that_came_back_repaired_nothing(is_lost_before: bool) -> None:
    """What it said once it answered, or did not say any more, is not what the change did."""
    lost, heard = (tried(end=end) for end in ("refused", "answered"))
    ends = (lost, heard) if is_lost_before else (heard, lost)
    wrong, right = (
        [replace(one, output=one.output.model_copy(update={"asked": (end,)})) for one in found]
        for end, found in zip(ends, (many(4, "x", label="delivery"), many(4, "x")), strict=True)
    )
    mended = many(2, "y", label="delivery")
    before = trial([*wrong, *mended, *many(9)], version(), policy())
    after = trial([*right, *many(2, "y"), *many(9)], version(), policy())
    worst = group(before.results, before.cases)[0]

    found = compare(before, after, group=worst, terms=TERMS).tally

    assert len(worst.cases) == 6
    assert (found.repaired, found.gain, found.failed) == (2, 2, (6, 4))


def test_without_a_gate_for_the_dry_run_nothing_is_weighed() -> None:
    """Nothing missing passes."""
    with pytest.raises(InvalidInput, match=r"gates\.dry_run is missing"):
        terms_of(plan(), policy().model_copy(update={"gates": {}}))
    assert terms_of(plan("7", "3"), policy()) == Terms(TERMS.gate, Decimal(7), Decimal(3))


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from(["0.3", "0.6", "0.9"]))
def test_what_one_side_gains_the_other_loses(
    world: tuple[list[Seen], Changed], threshold: str
) -> None:
    """Compared the other way round, harm, reviews and families change sides."""
    found, (made, values) = world
    other = values.model_copy(
        update={"values": {**values.values, "act_threshold": Decimal(threshold)}}
    )
    first, then = trial(found, made, values), trial(found, made, other)
    for failed in group(first.results, first.cases):
        there = compare(first, then, group=failed, terms=TERMS).tally
        back = compare(then, first, group=failed, terms=TERMS).tally
        assert (there.harm_gain, there.harm_loss) == (back.harm_loss, back.harm_gain)
        assert there.harm_avoided == -back.harm_avoided
        assert there.needless_added == -back.needless_added
        assert there.covered == back.covered[::-1]
