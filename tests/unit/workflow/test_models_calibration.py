"""A confidence is learnt from cases of dev, or there is none."""

import math
from typing import Any

import pytest

from tests import builders
from tests.oracles import route
from workflow.models.asking import Place
from workflow.models.calibration import LEAST, Example, fit, name_of, out_of_fold, probability

NOBODY: Any = None
VERSION = builders.version(models=(route(),))


def examples(n: int, wrong: int, *, telling: bool = True, prefix: str = "f") -> list[Example]:
    """So many families, so many of them wrong; wrong ones disagree with the baseline if telling."""
    return [
        Example(
            f"{prefix}{i}",
            {
                "baseline": -2.0 if telling and i < wrong else 2.0,
                "self_report": math.log(99) - 0.001 * (i % 7),
                "agreement": 1.0,
            },
            is_right=i >= wrong,
        )
        for i in range(n)
    ]


def learnt(found: list[Example]) -> Any:
    """What these teach."""
    return fit(found, "c-1", route=route(), version=VERSION, is_script=False)


def test_too_few_families_calibrate_nothing() -> None:
    """Counted by family: many answers to one thread are one."""
    few = examples(LEAST - 1, 0)

    assert learnt(few) is None
    assert learnt(few + [one._replace(features=few[0].features) for one in few]) is None
    assert learnt(examples(LEAST, 0)) is not None


def test_a_route_without_an_error_is_not_certain() -> None:
    """So many cases cannot prove more."""
    found = learnt(examples(LEAST, 0))

    assert probability(found, examples(1, 0)[0].features) == pytest.approx(51 / 52)
    assert found.features == ()


def test_what_tells_right_from_wrong_is_learnt() -> None:
    """An answer that the baseline contradicts is worth less, however sure the model says it is."""
    found = learnt(examples(200, 40))

    sure, doubted = (
        probability(found, {**examples(1, wrong)[0].features, "self_report": math.log(99)})
        for wrong in (0, 1)
    )
    assert "baseline" in found.features
    assert sure > 0.95
    assert doubted < 0.2


def test_what_a_model_says_of_itself_is_never_its_confidence() -> None:
    """One that is always sure and half right has one half."""
    found = learnt(examples(100, 50, telling=False))

    chance = probability(found, {"baseline": 2.0, "self_report": math.log(99), "agreement": 1.0})
    assert 0.3 < chance < 0.7


def test_a_rare_error_carries_no_feature() -> None:
    """With four wrong families nothing is learnt from but how often it is right."""
    assert learnt(examples(100, 4)).features == ()
    assert learnt(examples(100, 5)).features == ("baseline",)


def test_a_case_of_dev_is_scored_by_other_families() -> None:
    """What only its own family shows is not known of it, however many cases the family has."""
    others = [
        one._replace(features={**one.features, "baseline": 1.0 + i % 2})
        for i, one in enumerate(examples(100, 20, telling=False))
    ]
    odd = Example("odd", {**others[0].features, "baseline": 40.0}, is_right=False)
    every = [*others, *[odd] * 4]

    known = probability(learnt(every), odd.features)
    chances = out_of_fold(every)

    assert known < 0.3
    assert len(set(chances[-4:])) == 1
    assert chances[-1] > 0.5


def test_few_families_have_no_chance_out_of_fold() -> None:
    """Nothing missing passes."""
    assert out_of_fold(examples(LEAST - 11, 5)) == [0.0] * (LEAST - 11)


def test_a_calibration_is_of_its_prompt_model_and_baseline() -> None:
    """Another of them has another name: what was learnt does not count for it."""
    place = Place(NOBODY, "https://a.example/v1", "m-1", {})
    others = [
        (VERSION, route(text="Other words."), place),
        (VERSION, route(samples=2, temperature="1"), place),
        (VERSION, route(), place._replace(name="m-2")),
        (VERSION, route(), place._replace(base_url="https://b.example/v1")),
        (VERSION, route(), place._replace(parameters={"top_p": 0.5})),
        (builders.version(labels=("refund", "parcel")), route(), place),
    ]

    names = {name_of(VERSION, route(), place), *(name_of(*other) for other in others)}

    assert len(names) == 1 + len(others)
    assert name_of(builders.version(rules=()), route(), place) in names
