"""Another number for a value: every one that matters is tried, and tried exactly."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.records.evidence import FailureGroup
from runs.records.version import GateValues, PolicyValues
from tests.unit.workflow.builders import GATE, many, policy, rule, seen, trial, version
from tests.unit.workflow.worlds import worlds
from workflow.evaluate.bench import Seen
from workflow.failures import group
from workflow.patches.acceptance import Terms
from workflow.patches.patch import Changed
from workflow.patches.standing import stand
from workflow.patches.values import Setting, Sweep, find_compared, find_setting, set_to

TERMS = Terms(GateValues.model_validate(GATE), Decimal(10), Decimal(2))


def worst(found: list[Seen], before: Changed) -> FailureGroup:
    """The worst group of failures."""
    tried = trial(found, *before)
    return group(tried.results, tried.cases)[0]


def setting_of(found: list[Seen], name: str, values: PolicyValues, terms: Terms = TERMS):
    """The best setting of a value for the worst group."""
    before = Changed(version(), values)
    standing = stand(trial(found, *before), worst(found, before))
    return find_setting(standing, before.version, policy=values, name=name, terms=terms)


@settings(max_examples=40, deadline=None)
@given(worlds(), st.sampled_from(["act_threshold", "scope_floor", "amount_limit", "torn_limit"]))
def test_a_sweep_says_what_a_trial_of_each_number_would_say(
    world: tuple[list[Seen], Changed], name: str
) -> None:
    """Exact against brute force: any rules, any number, any case."""
    found, before = world
    tried = trial(found, *before)
    failed = group(tried.results, tried.cases)
    facts = find_compared(name, before.version.rules)
    if not failed or not facts:
        return
    standing = stand(tried, failed[0])
    sweep = Sweep(standing, before, name=name, facts=facts)
    numbers = sweep.candidates()
    swept = sweep.outcomes(numbers) if numbers else []

    for number, row in zip(numbers, swept, strict=True):
        tally = standing.tallies(row[None, :])[0]
        after = trial(found, *set_to(Setting(name, number, tally), *before))
        assert row.tolist() == stand(after, failed[0]).now.tolist()


def test_a_threshold_asks_no_more_than_the_plan_lets_fail_alike() -> None:
    """The sandbox would hold what saves more: a tenth of the items may fail for one reason."""
    wrong = many(8, "wrong", label="delivery", confidence=0.55)
    surer = many(2, "surer", label="delivery", confidence=0.75)
    found = [*wrong, *surer, *many(10, "unsure", confidence=0.74), *many(100)]
    dear = TERMS._replace(cost_of_error=Decimal(100))
    free = setting_of(found, "act_threshold", policy(), dear)
    held = setting_of(found, "act_threshold", policy(), dear._replace(repeated_most=Decimal("0.1")))

    assert free is not None
    assert held is not None
    assert (free.value > Decimal("0.75"), free.tally.doubted) == (True, 20)
    assert (held.value < Decimal("0.74"), held.tally.doubted) == (True, 8)


def test_nothing_is_traded_for_harm() -> None:
    """Where the bar of harm would no longer surely pass, what saves more comes first as before."""
    gate = GateValues.model_validate(GATE | {"wrong_auto_max": 0.06})
    wrong = many(8, "wrong", label="delivery", confidence=0.55)
    surer = many(2, "surer", label="delivery", confidence=0.75)
    found = [*wrong, *surer, *many(10, "unsure", confidence=0.74), *many(100)]
    terms = Terms(gate, Decimal(100), Decimal(2), repeated_most=Decimal("0.1"))
    saving = setting_of(found, "act_threshold", policy(), terms)

    assert saving is not None
    assert (saving.value > Decimal("0.75"), saving.tally.doubted) == (True, 20)


def test_a_threshold_is_raised_as_far_as_it_pays() -> None:
    """Above the wrong answers it is worth something to stop, below the right ones it is not."""
    found = [
        *many(4, "wrong", label="delivery", confidence=0.55),
        *many(2, "low", confidence=0.6),
        seen("late", label="delivery", confidence=0.8),
        *many(9, "right", confidence=0.7),
        *many(40, "sure", confidence=0.95),
    ]
    best = setting_of(found, "act_threshold", policy())

    assert best is not None
    assert Decimal("0.55") < best.value < Decimal("0.6")
    assert (best.tally.harm_avoided, best.tally.needless_added) == (4, 4)


def test_a_number_under_which_the_bar_of_harm_passes_comes_first() -> None:
    """Though another is worth a little more."""
    gate = GateValues.model_validate(GATE | {"wrong_auto_max": 0.06, "coverage_min": 0.3})
    found = [
        *many(6, "wrong", label="delivery", confidence=0.55),
        *many(3, "more", label="delivery", confidence=0.75),
        *many(8, "middling", confidence=0.7),
        *many(60, "sure", confidence=0.95),
    ]
    terms = TERMS._replace(cost_of_review=Decimal(3))
    cheap = setting_of(found, "act_threshold", policy(), terms)
    best = setting_of(found, "act_threshold", policy(), terms._replace(gate=gate))

    assert cheap is not None
    assert best is not None
    assert cheap.value < Decimal("0.7") < best.value


def test_a_value_without_a_bound_is_not_moved() -> None:
    """Nobody said how far."""
    found = [*many(4, "wrong", label="delivery", confidence=0.55), *many(40, "sure")]
    before = Changed(version(bounds={}), policy())
    standing = stand(trial(found, *before), worst(found, before))
    at = {"policy": before.policy, "name": "act_threshold", "terms": TERMS}

    assert find_setting(standing, before.version, **at) is None


def test_a_threshold_is_lowered_where_reviews_were_needless() -> None:
    """The other side: a limit that asks people about what is right."""
    found = [*many(5, "unsure", confidence=0.6), *many(40, "sure", confidence=0.95)]
    best = setting_of(found, "act_threshold", policy(act_threshold="0.9"))

    assert best is not None
    assert best.value < Decimal("0.6")
    assert (best.tally.repaired, best.tally.gain) == (5, 5)


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        ("item.amount > values.limit", [("item", "amount")]),
        ("values.limit<=item.amount && context.crm.dispute", [("item", "amount")]),
        ("item.amount * 2.0 > values.limit", []),
        ("item.amount > values.limit + 1.0", []),
        ("2.0 * item.amount > values.limit", []),
        ("(has(item.amount)&&values.limit < item.amount)", [("item", "amount")]),
        ("item.amount > values.limit_2", []),
    ],
)
def test_a_value_is_swept_over_the_facts_it_is_compared_with(
    when: str, facts: list[tuple[str, ...]]
) -> None:
    """Used in any other way it is left to people."""
    assert find_compared("limit", [rule("r", when)]) == facts
