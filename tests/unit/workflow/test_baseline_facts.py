"""Facts as columns: scaled, stepped, absent in their own column, strange when never seen."""

import random

import numpy as np
import pytest

from runs.errors import InvalidInput
from workflow.baseline.facts import FARTHEST, Fact, Facts, as_json, learn_facts, of_json
from workflow.baseline.route import Example, Fitted, Settings, digest, fit
from workflow.baseline.saving import load, save

ROWS = [(float(n), "red" if n % 2 else "blue", float(n > 5)) for n in range(1, 11)]


def learnt() -> Facts:
    """A number, a choice and a flag; the number was absent once."""
    return learn_facts([*ROWS, (None, "red", 1.0)])


def examples(*, families: int = 120, seed: int = 3) -> list[Example]:
    """Two items a family; beyond a distance of 10 they mismatch, whatever the text says."""
    drawn = random.Random(seed)
    made = []
    for number in range(families):
        for _ in range(2):
            distance = round(drawn.expovariate(0.1), 2)
            label = "mismatch" if distance > 10 else "match"
            facts = (distance, drawn.choice(["edi", "pdf"]), None if number % 9 else 1.0)
            made.append(Example("", label, f"f{number}", facts))
    return made


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    """A route that looks at facts alone."""
    return fit(examples(), Settings())


def test_what_is_absent_stands_in_a_column_of_its_own() -> None:
    """A missing number is no zero and no mean: everything else of it is zero."""
    facts = learnt()
    width = facts.columns[0].width
    (row,) = facts.matrix([(None, None, None)])

    assert row[:width].tolist() == [0.0] * (width - 1) + [1.0]
    assert row.sum() == 3


def test_a_number_is_scaled_and_climbs_its_steps() -> None:
    """Sizes have mean 0 and spread 1; each learnt limit below the number is passed."""
    number = learnt().columns[0]
    coded = np.array([number.encode(float(n)) for n in range(1, 11)])

    assert abs(coded[:, 0].mean()) < 1e-9
    assert abs(coded[:, 0].std() - 1) < 1e-9
    assert coded[:, 1:-1].sum(axis=1).tolist() == list(range(10))
    assert max(number.encode(1e12)[:1]) == FARTHEST


def test_an_item_is_as_like_the_examples_as_its_strangest_fact() -> None:
    """Seen is 1, a new choice 0, a number outside the span less the farther it lies."""
    facts = learnt()

    def likeness(*row: Fact) -> float:
        return float(facts.likeness([row])[0])

    assert likeness(5.0, "red", 0.0) == 1
    assert likeness(5.0, "green", 0.0) == 0
    assert likeness(None, "red", 0.0) == 1
    assert likeness(5.0, None, 0.0) == 0
    assert 1 > likeness(20.0, "red", 0.0) > likeness(2_000.0, "red", 0.0) > 0


def test_columns_come_back_as_they_were() -> None:
    """From JSON, to the last bit."""
    assert of_json(as_json(learnt())) == learnt()


def test_a_limit_in_a_number_is_learnt_without_a_text(fitted: Fitted) -> None:
    """And an item far outside what was learnt is out of scope."""
    near, far, strange = fitted.answer(
        [""] * 3, [(2.0, "edi", None), (30.0, "pdf", None), (2.0, "fax", None)]
    )

    assert (near.label, far.label) == ("match", "mismatch")
    assert near.confidence > 0.9
    assert near.scope > 0.9
    assert strange.scope == 0


def test_no_item_is_answered_out_of_fold_by_what_saw_its_family(fitted: Fitted) -> None:
    """Where only the family tells the label, the route is right on what it saw, and only there."""
    drawn = random.Random(5)
    told = [
        Example("", label, str(number), (float(1_000 + number * 7),))
        for number in range(100)
        for label in [drawn.choice(["left", "right"])]
        for _ in range(2)
    ]
    folded = fit(told, Settings(folds=10)).out_of_fold
    right = sum(answer.label == one.label for answer, one in zip(folded, told, strict=True))

    assert right / len(told) < 0.65
    assert len(fitted.out_of_fold) == len(examples())


def test_an_item_alone_gets_the_answer_it_gets_among_others(fitted: Fitted) -> None:
    """To the last bit."""
    rows = [one.facts for one in examples(seed=4)]

    alone = [fitted.answer([""], [row])[0] for row in rows]

    assert alone == fitted.answer([""] * len(rows), rows)


def test_a_saved_fit_with_facts_answers_bit_for_bit_as_before(fitted: Fitted) -> None:
    """And the same examples give the same bytes."""
    rows = [one.facts for one in examples(seed=5)]
    again = load(save(fitted))

    assert again.answer([""] * len(rows), rows) == fitted.answer([""] * len(rows), rows)
    assert save(fit(examples(), Settings())) == save(fitted)
    assert again.model.facts == fitted.model.facts


def test_facts_are_in_the_digest_and_texts_alone_keep_theirs() -> None:
    """One fact makes another fit; a route without any has the name it had before there were any."""
    first, *others = examples()
    plain = [Example("money back", "a", "f1"), Example("parcel late", "b", "f2")]

    assert digest([first._replace(facts=(1.0, "edi", None)), *others], Settings()) != digest(
        examples(), Settings()
    )
    assert digest(plain, Settings()).endswith("d1869d5a622a78a985")


def test_nothing_in_any_fact_is_nothing_to_learn_from() -> None:
    """Neither a text nor a value."""
    empty = [Example("", label, f"{label}{n}") for label in "ab" for n in range(5)]

    with pytest.raises(InvalidInput, match="texts has a word"):
        fit(empty, Settings())
