"""What a version asks models, what they said to one item or case, and how far that is right."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from runs.records.record import Digest, Rate, Record, digest_of

RouteKind = Literal["classification", "extraction", "matching", "risk_flag", "drafting"]
WITH_LABEL: tuple[RouteKind, ...] = ("extraction", "drafting")
"""Kinds whose whole answer has one label; every other answers with one of the version's."""
NAME = r"^[a-z][a-z0-9_-]{0,39}$"


class Wanted(Record):
    """One field that a model is asked for."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["text", "number", "date", "choice", "list", "flag"]
    choices: tuple[str, ...] = ()
    """Where there are some, anything else is no value."""
    required: bool = True
    """Without it the answer goes to a person."""


class Allowance(Record):
    """What one item may take of one route, reserved before each request."""

    calls: int = Field(ge=1, le=100)
    tokens: int = Field(ge=1)
    cost: Decimal = Field(ge=0)
    """In the currency of the installation's budgets."""


class Asking(Record):
    """What is declared of one question to a model."""

    name: str = Field(pattern=NAME)
    """Of the route in its version, such as `primary`."""
    kind: RouteKind
    endpoint: str = Field(pattern=NAME)
    """Name of a route of `models.yaml`."""
    reads: tuple[str, ...] = Field(min_length=1)
    """The places it is told: fields of the item, or `context.<source>.<field>`; nothing else."""
    label: str = ""
    """Of an extraction or a draft: what a whole answer is."""
    fields: tuple[Wanted, ...] = ()
    """Of an extraction or a draft: what is asked for."""
    samples: int = Field(default=1, ge=1, le=9)
    """Asked so often; the answer that most agree on is taken, and how many did is a feature."""
    temperature: Decimal | None = Field(default=None, ge=0, le=2)
    """None: as the endpoint's route says."""
    most_output: int = Field(default=512, ge=1, le=200_000)
    """Tokens of one answer."""
    budget: Allowance

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Asking":
        if (self.kind in WITH_LABEL) != bool(self.label):
            raise ValueError(f"write `label` for {' and '.join(WITH_LABEL)}, and for no other kind")
        if self.fields and self.kind not in WITH_LABEL:
            raise ValueError(
                f"write `fields` for {' and '.join(WITH_LABEL)}, and for no other kind"
            )
        if self.kind == "extraction" and not self.fields:
            raise ValueError("write the `fields` that are asked for")
        if any(one.kind == "choice" and not one.choices for one in self.fields):
            raise ValueError("write `choices` for each field that is a choice")
        if self.samples > 1 and not self.temperature:
            raise ValueError("write a `temperature` above 0 where `samples` are several")
        if self.budget.calls < self.samples:
            raise ValueError("write budget.calls of at least `samples`")
        return self


class ModelRoute(Asking):
    """A model that a version asks before its baseline; part of the version's digest."""

    text: str
    """Every word it is told beside the item itself; no word of an item stands in it."""

    @property
    def prompt(self) -> str:
        """The name of those words: one letter changed, and it is another prompt."""
        return digest_of(self.text)


FlagCode = Literal[
    "uncited", "wrong_citation", "not_found", "unreadable", "missing", "contradicted", "unproven"
]
"""Why an answer is not trusted by itself.

uncited          it cites nothing, or too little to tell what
wrong_citation   what it quotes, or a figure, date, link or promise it says, does not stand there
not_found        it cites a place that holds nothing
unreadable       a field that is no value of its kind
missing          a required field that it does not give
contradicted     it calls two values alike, or not, that are otherwise
unproven         no model answered, and the baseline was not shown to do well by itself
"""


class Flag(Record):
    """One doubt about an answer; no value."""

    code: FlagCode
    name: str
    """The field, or the claim by its number from 1."""
    place: str = ""
    """What it cites."""


TryEnd = Literal["answered", "silent", "unusable", "refused", "over_budget", "not_there"]
"""What became of a question at one route: an answer; nobody answered; an answer of no use; the
endpoint or its declaration refuses; a budget has less left; no such endpoint is declared."""


class Tried(Record):
    """What became of one route, asked for one item or case; no word of either."""

    route: str
    endpoint: str
    model: str
    """As the endpoint names it; empty where it said nothing."""
    prompt: Digest
    end: TryEnd
    says: str = ""
    """Why it gave no answer; empty where it did."""
    answers: tuple[str, ...] = ()
    """Under which the record has what it said."""
    agreement: Rate = 0.0
    """Share of its samples that say the same; 0 without an answer."""
    self_report: Rate | None = None
    """What it says of its own confidence: a feature, and never the confidence."""
    calls: int = 0
    tokens: int = 0
    is_estimate: bool = False
    """Tokens that were not reported are estimated, and never too low."""
    cost: Decimal = Decimal(0)
    currencies: tuple[str, ...] = Field(default=(), exclude_if=lambda named: not named)
    """Of the cost, as prices name them; several cannot be held against anything."""
    seconds: Decimal = Decimal(0)
    is_kept: bool = False
    """The answer was paid for before."""
    is_script: bool = False
    """A script in a model's place: no evidence of what a model does."""
    calibration: str = ""
    """Id of what turned its features into a confidence; empty: nothing did, and that is 0."""


class ModelAnswer(Record):
    """One answer of a model, kept by its question, so that it is paid for once."""

    id: str
    """Of an item: its id and the digest of the question; of a case `case` and that digest."""
    route: str
    endpoint: str
    model: str
    prompt: Digest
    sample: int
    """From 1."""
    answer: Digest
    """Snapshot of what was said, masked."""
    calls: tuple[str, ...]
    """Under which the record has the requests."""
    tokens: int
    is_estimate: bool
    cost: Decimal
    currency: str = Field(default="", exclude_if=lambda currency: not currency)
    """Of its price; empty where none was named."""
    seconds: Decimal
    is_script: bool
    at: datetime


class Calibration(Record):
    """How features of one route's answers turn into the probability that one is right.

    Learnt from cases of the split dev, and from no other.
    """

    id: str
    """Of route, prompt, endpoint, model, baseline and cases: another of them, another calibration.
    """
    workflow: str
    route: str
    dataset: Digest
    cases: int
    families: int
    right: int
    features: tuple[str, ...]
    """Those that were used; none where one outcome is too rare to learn from."""
    middles: tuple[float, ...]
    spreads: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    lowest: Rate
    highest: Rate
    """No probability lies outside: so many cases cannot prove more."""
    is_script: bool
    """Learnt from a script's answers; says nothing of a model."""


class Span(Record):
    """A figure, and the two ends between which it lies with 95 %; no ends where nobody can tell."""

    value: Decimal
    low: Decimal | None = None
    high: Decimal | None = None


class Economics(Record):
    """What models did in one trial, beside what its baseline does at no cost."""

    served: dict[str, int]
    """Cases by the route that answered, the baseline among them."""
    failed: dict[str, int]
    """Cases by route and end, such as `primary silent`, where a route gave no answer."""
    asked: int
    """Cases about which a model is asked live; a rule that does not look at the answer spares it.
    """
    lost: int
    """Of them, those with a route that was silent, refused us, was over budget or not there."""
    tokens: int
    is_estimate: bool
    cost: Decimal
    """Of all of them, as they were paid; in the plan's currency, if another is not named."""
    cost_per_item: Span
    p50_s: Span | None
    p95_s: Span | None
    """Seconds of an answer, as it took when it was given; None without any."""
    families: int
    right: int
    """Families right alone or rightly with a person, with models."""
    baseline_right: int
    gained: int
    """Families that only the models get right."""
    spoiled: int
    """Families that only the baseline gets right."""
    more_right: Span
    """Share of families that are right with models and were not, less those spoiled (Tango)."""
    wrong_alone: int
    baseline_wrong_alone: int
    baseline_alone: Literal["pass", "fail", "inconclusive", "error"] = "inconclusive"
    """The gate's bar of what is wrong alone, judged of the baseline by itself: only where the
    holdout passes it does the baseline act where no model answers."""
    cost_per_gained: Decimal | None
    """Of one more right family; None where no more are right."""
    saved_per_item: Span
    """In errors and reviews, less what the models cost; in the plan's currency."""
    worth: Literal["yes", "no", "unknown"]
    """Whether the saving surely lies above, or surely below, nothing."""
    is_script: bool
    """A script answered in a model's place: this says nothing of a model."""

    @property
    def lost_share(self) -> float:
        """Share of the cases asked about that might have had another answer."""
        return self.lost / self.asked if self.asked else 0.0


class RouteMeasured(Record):
    """What one route did with some cases."""

    route: str
    """Name of the version's route, of an endpoint in its place, or `baseline`."""
    endpoint: str
    """Empty of the baseline, as the next two."""
    model: str
    prompt: str
    right: int
    """Families all of whose cases it answered rightly, whoever would have acted on it."""
    right_share: Span
    covered: int
    """Families right alone or rightly with a person, under the values that lead."""
    wrong_alone: int
    unanswered: int
    """Cases to which it gave no answer of use."""
    tokens: int
    is_estimate: bool
    cost: Decimal
    cost_per_item: Span
    p50_s: Span | None
    p95_s: Span | None


class Comparison(Record):
    """Two routes over the same cases, paired; differences are the second less the first."""

    workflow: str
    a: RouteMeasured
    b: RouteMeasured
    cases: int
    families: int
    only_a: int
    """Families that only the first answers rightly."""
    only_b: int
    more_right: Span
    """Share of families (Tango)."""
    chance: str
    """Of so large a difference if both were alike, decimal text (McNemar, exact, two-sided)."""
    more_covered: Span
    more_cost: Span
    """An item."""
    more_seconds: Span | None
    """An answer, of the cases that both answered; None without any."""
    is_script: bool
