"""The learnt route: what it promises of its answers, its folds and its bytes."""

import io
import random
from collections import Counter
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from runs.errors import InvalidInput
from workflow.baseline import terms
from workflow.baseline.model import temperature
from workflow.baseline.route import (
    Answer,
    Example,
    Fitted,
    Settings,
    deal,
    digest,
    fit,
    read_settings,
    settings_body,
)
from workflow.baseline.saving import load, save

WORDS = {
    "refund": ["money", "back", "refund", "return", "paid", "amount", "charged", "account"],
    "delivery": ["parcel", "late", "courier", "address", "tracking", "door", "arrived", "van"],
    "login": ["password", "sign", "reset", "locked", "email", "code", "access", "screen"],
    "elsewhere": ["weather", "poem", "football", "recipe", "holiday", "guitar", "planet", "joke"],
}
FILLER = ["please", "can", "you", "help", "me", "with", "my", "it", "is", "the", "and", "since"]


def examples(*, families: int = 90, labels: int = 3, seed: int = 1) -> list[Example]:
    """Two texts a family, of words of their label and filler."""
    chance = random.Random(seed)
    names = list(WORDS)[:labels]
    made = []
    for number in range(families):
        label = names[number % labels]
        for _ in range(2):
            words = chance.choices(WORDS[label], k=2) + chance.choices(FILLER, k=4)
            made.append(Example(" ".join(words), label, f"f{number}"))
    return made


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    """A route of three labels."""
    return fit(examples(), Settings())


def test_the_same_examples_and_settings_give_the_same_bytes(fitted: Fitted) -> None:
    """Nothing but the arguments enters a fit."""
    assert save(fit(examples(), Settings())) == save(fitted)


def test_a_saved_fit_answers_bit_for_bit_as_before(fitted: Fitted) -> None:
    """What is read back is the fit that was saved."""
    texts = [example.text for example in examples(seed=2)]

    again = load(save(fitted))

    assert again.answer(texts) == fitted.answer(texts)
    assert again.out_of_fold == fitted.out_of_fold
    assert (again.settings, again.digest, again.temperature) == (
        fitted.settings,
        fitted.digest,
        fitted.temperature,
    )


def test_a_text_alone_gets_the_answer_it_gets_among_others(fitted: Fitted) -> None:
    """A live item and a dry run see the same route, to the last bit."""
    texts = [example.text for example in examples(seed=3, labels=4)]

    assert [fitted.answer([text])[0] for text in texts] == fitted.answer(texts)


def test_no_text_gets_no_answer(fitted: Fitted) -> None:
    """An empty batch is not an error."""
    assert fitted.answer([]) == []


@given(text=st.text(max_size=80))
def test_every_text_gets_a_sound_answer(fitted: Fitted, text: str) -> None:
    """Whatever is sent, the numbers are what they say they are."""
    (answer,) = fitted.answer([text])

    assert {answer.label, answer.runner_up} <= set(fitted.labels)
    assert answer.label != answer.runner_up
    assert 1 / len(fitted.labels) <= answer.confidence <= 1
    assert 0 <= answer.margin <= answer.confidence
    assert 0 <= answer.scope <= 1


@pytest.mark.parametrize("text", ["", " \n\t", "?!", "a", "🙂", "\x00", "\ud800", "x" * 50_000])
def test_a_text_without_a_learnt_word_is_out_of_scope(fitted: Fitted, text: str) -> None:
    """Nothing known is nothing like what was learnt."""
    assert fitted.answer([text])[0].scope == 0


def test_a_new_text_of_learnt_words_is_answered_right(fitted: Fitted) -> None:
    """The route learns what tells the labels apart."""
    texts = ["refund of the amount charged", "courier left the parcel", "reset a locked password"]

    assert [one.label for one in fitted.answer(texts)] == ["refund", "delivery", "login"]


def test_an_answer_out_of_fold_knows_nothing_of_its_family() -> None:
    """Where only the family tells the label, the route is right on what it saw, and only there."""
    chance = random.Random(5)
    learnt = [
        Example(f"code{number} and code{number} again", label, str(number))
        for number in range(120)
        for label in [chance.choice(["left", "right", "up", "down"])]
        for _ in range(2)
    ]

    route = fit(learnt, Settings())

    seen = route.answer([example.text for example in learnt])
    assert share_right(seen, learnt) > 0.95
    assert share_right(route.out_of_fold, learnt) < 0.45
    assert max(one.scope for one in route.out_of_fold) < min(one.scope for one in seen)


def share_right(answers: list[Answer] | tuple[Answer, ...], of: list[Example]) -> float:
    """Accuracy of the answers."""
    return sum(a.label == e.label for a, e in zip(answers, of, strict=True)) / len(of)


@given(st.lists(st.text(alphabet="ab c\nÜß9'-", max_size=40), max_size=6))
def test_terms_and_weights_are_those_of_scikit_learn(drawn: list[str]) -> None:
    """The route counts for itself, so that an item in production loads no scikit-learn."""
    texts = [*drawn, "ab ba"]
    columns = terms.find(texts, terms.Sizes((1, 2), (2, 5)))
    counts = terms.count(texts, terms.Sizes((1, 2), (2, 5)), columns)

    ours = terms.weigh(counts).matrix(counts)

    words = TfidfVectorizer(ngram_range=(1, 2), vocabulary=columns.words)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), vocabulary=columns.characters)
    theirs = hstack([words.fit_transform(texts), pieces.fit_transform(texts)])
    assert ours.toarray() == pytest.approx(theirs.toarray(), abs=1e-5)


def test_a_term_of_one_text_counts_only_where_texts_are_few() -> None:
    """From a thousand texts on, what stands in one of them is dropped."""
    texts = ["alone", *["often"] * (terms.MANY - 1)]
    columns = terms.find(texts, terms.Sizes((1, 1), (5, 5)))
    counts = terms.count(texts, terms.Sizes((1, 1), (5, 5)), columns)

    assert [len(kept) for kept in terms.worth_keeping(counts, len(texts))] == [1, 3]
    assert [len(kept) for kept in terms.worth_keeping(counts, len(texts) - 1)] == [2, 6]


@pytest.mark.parametrize("true", [0.4, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(true: float) -> None:
    """Confidence divided by it is as high as accuracy."""
    chance = np.random.default_rng(4)
    logits = chance.normal(scale=2, size=(4_000, 5))
    codes = (logits / true + chance.gumbel(size=logits.shape)).argmax(axis=1)

    assert temperature(logits, codes) == pytest.approx(true, rel=0.08)


def test_a_route_without_an_error_is_not_certain() -> None:
    """Few right answers in a row are no proof that none is ever wrong."""
    answers = fit(examples(families=12, labels=2), Settings()).out_of_fold

    assert max(answer.confidence for answer in answers) < 0.999


def test_a_label_of_one_family_is_wrong_out_of_fold_not_impossible() -> None:
    """A label that a fold could not learn leaves every number finite."""
    learnt = [*examples(), Example("guitar poem planet", "elsewhere", "alone")]

    route = fit(learnt, Settings())

    assert route.out_of_fold[-1].label != "elsewhere"
    assert np.isfinite([astuple(one)[1] for one in route.out_of_fold]).all()
    assert route.answer(["guitar poem planet"])[0].label == "elsewhere"


def test_examples_out_of_scope_lower_the_scope_of_their_like() -> None:
    """A learnt label for what belongs nowhere is used."""
    learnt = examples(families=120, labels=4)
    texts = ["a poem about the planet", "refund of the amount charged"]

    without = fit(learnt, Settings()).answer(texts)
    poem, refund = fit(learnt, Settings(out_of_scope="elsewhere")).answer(texts)

    assert poem.scope < 0.5 < refund.scope
    assert poem.scope < without[0].scope


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=40), st.integers())
def test_no_family_is_divided_among_folds(drawn: list[tuple[int, str]], seed: int) -> None:
    """Each family lies in one fold."""
    made = [Example("text", label, str(family)) for family, label in drawn]
    made += [Example("text", label, f"{label}{n}") for label in "abc" for n in range(5)]

    folds = deal(made, Settings(seed=seed))

    both = {(example.family, fold) for example, fold in zip(made, folds, strict=True)}
    assert len(both) == len({example.family for example in made})


def test_each_label_is_spread_evenly_over_the_folds() -> None:
    """No fold has more than one family of a label more than another."""
    made = examples(families=100)

    folds = deal(made, Settings())

    families = {(e.family, e.label, int(fold)) for e, fold in zip(made, folds, strict=True)}
    counts = Counter((label, fold) for _, label, fold in families)
    for label in {example.label for example in made}:
        each = [counts[label, fold] for fold in range(5)]
        assert max(each) - min(each) <= 1


@pytest.mark.parametrize(
    "few",
    [
        [],
        [Example("one", "a", "f1")],
        [Example("one", "a", "f1"), Example("two", "a", "f2")],
        [Example("one", "a", "f1"), Example("two", "b", "f2")],
        [Example("", label, f"{label}{n}") for label in "ab" for n in range(5)],
    ],
    ids=["none", "one family", "one label", "a label a fold", "no text"],
)
def test_examples_that_nothing_can_be_learnt_from_are_refused(few: list[Example]) -> None:
    """Too little to learn from is said, not guessed over."""
    with pytest.raises(InvalidInput, match=r"examples|texts"):
        fit(few, Settings())


def test_the_digest_is_known_before_anything_is_learnt(fitted: Fitted) -> None:
    """A cache can be asked first."""
    assert digest(examples(), Settings()) == fitted.digest


@pytest.mark.parametrize(
    "changed",
    [
        Settings(c=2),
        Settings(word_ngrams=(1, 3)),
        Settings(char_ngrams=(3, 5)),
        Settings(folds=4),
        Settings(seed=1),
        Settings(out_of_scope="login"),
    ],
)
def test_every_setting_is_in_the_digest(fitted: Fitted, changed: Settings) -> None:
    """Another fit has another name."""
    assert digest(examples(), changed) != fitted.digest


@pytest.mark.parametrize("field", ["text", "label", "family"])
def test_every_part_of_an_example_is_in_the_digest(fitted: Fitted, field: str) -> None:
    """One byte of one example makes another fit."""
    first, *others = examples()

    assert digest([first._replace(**{field: "x"}), *others], Settings()) != fitted.digest


def test_settings_come_back_from_a_version_as_they_were() -> None:
    """A version holds them as JSON."""
    chosen = Settings(c=1.5, word_ngrams=(1, 1), folds=3, out_of_scope="none of these")

    assert read_settings(settings_body(chosen)) == chosen


@pytest.mark.parametrize(
    "values",
    [
        {"C": 3},
        {"c": 0},
        {"c": "nan"},
        {"folds": 1},
        {"word_ngrams": [2, 1]},
        {"char_ngrams": [0, 2]},
    ],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(values: dict[str, object]) -> None:
    """An unknown name or a value out of bounds is named."""
    with pytest.raises(InvalidInput, match=next(iter(values))):
        read_settings(values)


@pytest.mark.parametrize("cut", [0, 10, 1_000, -1])
def test_bytes_that_were_cut_are_refused(fitted: Fitted, cut: int) -> None:
    """Half a fit is no fit."""
    with pytest.raises(InvalidInput, match="delete it"):
        load(save(fitted)[:cut])


def test_bytes_that_were_changed_are_refused(fitted: Fitted) -> None:
    """A weight that flipped is noticed."""
    saved = bytearray(save(fitted))
    saved[len(saved) // 2] ^= 1

    with pytest.raises(InvalidInput, match="delete it"):
        load(bytes(saved))


def test_nothing_that_runs_is_read(fitted: Fitted) -> None:
    """A pickled object in the place of numbers is refused unread."""
    file = io.BytesIO()
    np.savez(file, head=np.array([object()], dtype=object))

    with pytest.raises(InvalidInput, match="allow_pickle"):
        load(file.getvalue())


def test_a_fit_of_another_form_is_refused(fitted: Fitted) -> None:
    """What another way of learning left behind is learnt again."""
    with np.load(io.BytesIO(save(fitted))) as arrays:
        head = arrays["head"].tobytes().replace(b'"form": 1', b'"form": 0')
        rest = {name: arrays[name] for name in arrays.files if name != "head"}
    file = io.BytesIO()
    np.savez(file, head=np.frombuffer(head, dtype=np.uint8), **rest)

    with pytest.raises(InvalidInput, match="form 0"):
        load(file.getvalue())
