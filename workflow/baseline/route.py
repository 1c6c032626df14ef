"""The learnt route: from examples to answers with an honest confidence.

Words and pieces of words weighed by TF-IDF, facts scaled and stepped, a multinomial logistic
regression over both, one temperature. The temperature, and every answer a threshold may be chosen
on, come from models that saw no example of the same family. The same examples and settings give the
same fit; nothing here reads a clock, a file or the network.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass as checked
from scipy.special import softmax

from runs.errors import InvalidInput
from runs.records.record import digest_of
from workflow.baseline import model, terms
from workflow.baseline.facts import Fact, Row
from workflow.baseline.terms import Whole

FORM = 1
"""The way of learning and saving: part of the digest, so that another way never meets this fit."""


class Example(NamedTuple):
    """One item to learn from."""

    text: str
    label: str
    family: str
    """Examples of one family are never on both sides of a fold."""
    facts: tuple[Fact, ...] = ()
    """One a column, as every other example has them; none where there is a text alone."""


def _ordered(span: tuple[int, int]) -> tuple[int, int]:
    least, most = span
    if not 1 <= least <= most:
        raise ValueError(f"from {least} to {most}: begin at 1 or more and end no lower")
    return span


Span = Annotated[tuple[int, int], AfterValidator(_ordered)]


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class Settings:
    """Everything, beside the examples, that determines the fit."""

    c: float = Field(default=3.0, gt=0, allow_inf_nan=False)
    """Inverse strength of the penalty on weights."""
    word_ngrams: Span = (1, 2)
    """Words that follow each other, least and most."""
    char_ngrams: Span = (2, 5)
    """Characters inside a word, least and most."""
    folds: int = Field(default=5, ge=2)
    seed: int = 0
    """Decides which fold a family is dealt to."""
    out_of_scope: str = ""
    """The label of the examples that belong to no other label, where there are any."""


@dataclass(frozen=True)
class Answer:
    """What the route says of one item."""

    label: str
    confidence: float
    """Calibrated probability of `label`."""
    scope: float
    """0 to 1, higher is more like what was learnt; a rank, not a probability: the share of the
    text's weight that is known, times the likeness of the strangest fact, times the unsharpened
    probability of the best label in scope, set against that of the label out of scope where one
    was learnt."""
    runner_up: str
    margin: float
    """Confidence in `label` above that in `runner_up`."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The learnt route; it holds terms and weights, not the examples."""

    settings: Settings
    digest: str
    """Names the settings and the examples in their order."""
    labels: tuple[str, ...]
    columns: terms.Columns
    model: model.Model
    temperature: float
    """Below 1 sharpens what the regression says, above 1 flattens it."""
    out_of_fold: tuple[Answer, ...]
    """An answer to each example, in their order, by a model that saw none of its family."""

    def answer(self, texts: Sequence[str], facts: Sequence[Row] = ()) -> list[Answer]:
        """One answer an item, in their order; alone an item gets the answer it gets among others.

        `facts` are those of each item, where the route looks at facts.
        """
        counts = terms.count(texts, sizes(self.settings), self.columns)
        sight = self.model.look(model.Shown(counts, facts))
        return _answers(sight, self.labels, self.temperature, out=self.settings.out_of_scope)


def fit(examples: Sequence[Example], settings: Settings) -> Fitted:
    """Learn from `examples`, and answer each of them by a model that saw none of its family.

    Raises InvalidInput where they are too few to learn from or to hold a fold back.
    """
    fold = deal(examples, settings)
    labels = tuple(sorted({example.label for example in examples}))
    number = {label: place for place, label in enumerate(labels)}
    codes = np.array([number[example.label] for example in examples])
    texts = [example.text for example in examples]
    columns = terms.find(texts, sizes(settings))
    counts = terms.count(texts, sizes(settings), columns)
    rows = [example.facts for example in examples] if examples[0].facts else ()
    shown = model.Shown(counts, rows)
    sight = model.look_out_of_fold(shown, codes, fold, len(labels), c=settings.c)
    temperature = model.temperature(sight.logits, codes)
    kept = terms.worth_keeping(counts, len(texts))
    return Fitted(
        settings=settings,
        digest=digest(examples, settings),
        labels=labels,
        columns=columns.only(*kept),
        model=model.learn(shown.columns(*kept), codes, len(labels), c=settings.c),
        temperature=temperature,
        out_of_fold=tuple(_answers(sight, labels, temperature, out=settings.out_of_scope)),
    )


def read_settings(values: dict[str, Any]) -> Settings:
    """The settings a version holds; InvalidInput for an unknown name or a value out of bounds."""
    try:
        return Settings(**values)
    except ValidationError as error:
        raise InvalidInput(
            f"settings of the baseline route: {error}; name known ones within their bounds"
        ) from error


def digest(examples: Sequence[Example], settings: Settings) -> str:
    """The digest that `fit` would give its result, without learning anything."""
    return digest_of([FORM, settings_body(settings), [_body(example) for example in examples]])


def _body(example: Example) -> list[Any]:
    """An example with a text alone keeps the digest it always had."""
    text, label, family, facts = example
    return [text, label, family, *([list(facts)] if facts else [])]


def settings_body(settings: Settings) -> dict[str, Any]:
    """The settings as JSON values, which `read_settings` takes back."""
    body = asdict(settings)
    return {name: list(v) if isinstance(v, tuple) else v for name, v in body.items()}


def sizes(settings: Settings) -> terms.Sizes:
    """How long the terms of the settings may be."""
    return terms.Sizes(settings.word_ngrams, settings.char_ngrams)


def deal(examples: Sequence[Example], settings: Settings) -> Whole:
    """The fold of each example: each label's families, in seeded order, are dealt round."""
    label_of = {example.family: example.label for example in examples}
    folds = max(1, min(settings.folds, len(label_of)))
    names = sorted(label_of)
    random.Random(settings.seed).shuffle(names)
    names.sort(key=label_of.__getitem__)
    at = {name: place % folds for place, name in enumerate(names)}
    fold = np.array([at[example.family] for example in examples])
    for one in range(folds):
        left = {example.label for example in examples if at[example.family] != one}
        if len(left) < 2:
            raise InvalidInput(
                f"examples: without the families of fold {one} only the labels {sorted(left)} are "
                "left to learn; give each label families in two folds"
            )
    return fold


def _answers(
    sight: model.Sight, labels: Sequence[str], temperature: float, *, out: str
) -> list[Answer]:
    sharp = softmax(sight.logits / temperature, axis=1)
    order = np.argsort(-sight.logits, axis=1, kind="stable")[:, :2]
    pairs: list[tuple[int, int]] = order.tolist()
    chances: list[tuple[float, float]] = np.take_along_axis(sharp, order, axis=1).tolist()
    ranks: list[float] = _scope(sight, labels, out).tolist()
    return [
        Answer(labels[first], chance, rank, labels[second], chance - other)
        for (first, second), (chance, other), rank in zip(pairs, chances, ranks, strict=True)
    ]


def _scope(sight: model.Sight, labels: Sequence[str], out: str) -> model.Floats:
    """See `Answer.scope`; without a label out of scope nothing is set against the product."""
    flat = softmax(sight.logits, axis=1)
    inside = np.array([label != out for label in labels])
    like = sight.known * flat[:, inside].max(axis=1)
    if inside.all():
        return like
    whole = like + flat[:, ~inside].sum(axis=1)
    return np.divide(like, whole, out=np.zeros(len(whole)), where=whole > 0)
