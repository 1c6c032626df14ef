"""Is the model worth it: beside the baseline, case by case, and said only where it is shown."""

from decimal import Decimal
from typing import Any

import pytest

from runs.errors import InvalidInput
from runs.records.evidence import CaseResult
from runs.records.model import Tried
from tests import builders
from workflow.models.comparing import Measured, compare
from workflow.models.economics import Prices, Side, economics, paired, quantile

PRICES = Prices(error=Decimal(50), review=Decimal(2), currency="EUR")


def result(number: int, outcome: str, *, family: str = "") -> CaseResult:
    """What became of a case."""
    route = "act" if outcome in ("right_auto", "wrong_auto") else "review"
    told: dict[str, Any] = {"trial": "t", "case": f"c-{number}", "epoch": 1, "label": "refund"}
    told |= {"confidence": 0.9, "scope": 1.0, "rule": "threshold", "failure": ""}
    told |= {"outcome": outcome, "route": route, "family": family or f"f-{number}"}
    return CaseResult.model_validate(told)


def tried(cost: str = "0.01", **changed: Any) -> Tried:
    """A model that was asked and answered."""
    told = {"route": "primary", "endpoint": "big", "model": "m", "prompt": builders.DIGEST}
    told |= {"end": "answered", "calls": 1, "tokens": 100, "cost": cost, "seconds": "2"}
    return Tried.model_validate(told | changed)


def side(outcomes: list[str], *asked: Tried) -> Side:
    """A trial with these outcomes; every case asked the same."""
    results = [result(i, outcome) for i, outcome in enumerate(outcomes)]
    used = ["primary" if asked else "baseline"] * len(results)
    return Side(results, [asked] * len(results), used)


BETTER = side(["right_auto"] * 190 + ["needless_review"] * 10, tried())
WORSE = side(["right_auto"] * 100 + ["needless_review"] * 100)


def test_a_model_that_saves_more_than_it_costs_is_worth_it() -> None:
    """With every figure it rests on."""
    found = economics(BETTER, WORSE, PRICES)

    assert (found.right, found.baseline_right, found.gained, found.spoiled) == (190, 100, 90, 0)
    assert (found.worth, str(found.cost), found.served) == ("yes", "2.00", {"primary": 200})
    assert found.cost_per_gained == Decimal("0.022222")
    assert found.saved_per_item.value == Decimal("0.890000")
    assert Decimal("0.7") < (found.saved_per_item.low or 0) < found.saved_per_item.value
    assert found.more_right.value == Decimal("0.4500")
    assert found.cost_per_item.value == Decimal("0.010000")


def test_a_model_that_costs_more_than_it_saves_is_not() -> None:
    """However right it is."""
    dear = BETTER._replace(asked=[(tried("3"),)] * 200)

    assert economics(dear, WORSE, PRICES).worth == "no"


def test_a_model_that_changes_little_says_neither() -> None:
    """One case more right of twenty could be chance."""
    one = side(["right_auto"] * 16 + ["needless_review"] * 4, tried("0.05"))
    other = side(["right_auto"] * 15 + ["needless_review"] * 5)

    found = economics(one, other, PRICES)

    assert found.worth == "unknown"
    assert found.more_right.low is not None
    assert found.more_right.low < 0


@pytest.mark.parametrize(("families", "worth"), [(1, "unknown"), (29, "unknown"), (30, "yes")])
def test_few_families_show_nothing_however_much_they_save(families: int, worth: str) -> None:
    """A hundred cases of one thread are one; drawn anew they would all say the same."""
    alone, saved = (
        [result(i, outcome, family=f"f-{i % families}") for i in range(120)]
        for outcome in ("needless_review", "right_auto")
    )
    one = Side(saved, [(tried(),)] * 120, ["primary"] * 120)

    found = economics(one, Side(alone, [()] * 120, ["baseline"] * 120), PRICES)

    assert found.worth == worth
    assert (found.saved_per_item.low is None) == (worth == "unknown")


@pytest.mark.parametrize(
    ("end", "answered", "worth"),
    [("silent", 0, "unknown"), ("unusable", 189, "unknown"), ("unusable", 190, "yes")],
)
def test_what_people_save_where_no_model_answers_is_no_worth_of_one(
    end: str, answered: int, worth: str
) -> None:
    """A model that says nothing of use to more than a twentieth of the cases is not called so."""
    asked = [(tried(),)] * answered + [(tried(end=end, says="nothing"),)] * (200 - answered)

    found = economics(BETTER._replace(asked=asked), WORSE, PRICES)

    assert found.saved_per_item.low is not None
    assert found.saved_per_item.low > 0
    assert found.worth == worth


def test_money_of_two_currencies_is_not_added_up() -> None:
    """Neither the plan's and a price's, nor those of two answers; the error names both."""
    dollars = BETTER._replace(asked=[(tried(currencies=("USD",)),)] * 200)
    euros = BETTER._replace(asked=[(tried(currencies=("EUR",)),)] * 200)
    other = Measured("other", None, dollars, [True] * 200)

    assert economics(euros, WORSE, PRICES).worth == "yes"
    with pytest.raises(InvalidInput, match="EUR and USD"):
        economics(dollars, WORSE, PRICES)
    with pytest.raises(InvalidInput, match="EUR and USD"):
        compare("desk", Measured("one", None, euros, [True] * 200), other)


def test_harm_weighs_what_the_plan_says() -> None:
    """A model that is right more often and wrong alone once too often is not worth it."""
    harmful = side(["right_auto"] * 170 + ["wrong_auto"] * 30, tried())

    found = economics(harmful, WORSE, PRICES)

    assert found.right > found.baseline_right
    assert (found.wrong_alone, found.baseline_wrong_alone, found.worth) == (30, 0, "no")


def test_no_price_is_told_for_what_was_not_gained() -> None:
    """Where no more families are right, none was bought."""
    assert (
        economics(WORSE._replace(asked=[(tried(),)] * 200), WORSE, PRICES).cost_per_gained is None
    )


def test_what_failed_and_what_was_asked_again_elsewhere_is_counted_and_paid() -> None:
    """By route and end; a silent one might have answered another time."""
    both = (tried("0.02", end="silent", says="no answer"), tried("0.03", route="fallback"))
    spared = Side(BETTER.results, [both] * 150 + [()] * 50, ["fallback"] * 200)

    found = economics(spared, WORSE, PRICES)

    assert (found.asked, found.lost, found.failed) == (150, 150, {"primary silent": 150})
    assert found.cost == Decimal("7.50")
    assert found.lost_share == 1.0


def test_families_stand_for_themselves_and_not_their_cases() -> None:
    """A hundred cases of one family show no more than one."""
    results = [result(i, "right_auto", family="one") for i in range(100)]
    lone = Side(results, [(tried(),)] * 100, ["primary"] * 100)

    found = paired(lone, lone)

    assert (found.families, found.right) == (1, 1)


def test_only_the_same_cases_can_be_held_against_each_other() -> None:
    """Anything else would compare nothing."""
    with pytest.raises(InvalidInput, match="of other cases"):
        paired(BETTER, side(["right_auto"]))


@pytest.mark.parametrize(
    ("n", "low", "high"), [(20, True, False), (59, True, False), (200, True, True), (0, None, None)]
)
def test_a_quantile_has_the_ends_that_so_many_answers_show(
    n: int, low: bool | None, high: bool | None
) -> None:
    """The upper end of a 95 % quantile takes more than a few."""
    found = quantile([float(i) for i in range(n)], 0.95)

    ends = (None, None) if found is None else (found.low is not None, found.high is not None)
    assert ends == (low, high)
