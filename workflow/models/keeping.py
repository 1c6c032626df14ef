"""Answers of models, kept by their question: what was paid for once is not paid for again.

An answer is kept before anything rests on it, in a change that does not lag: a crash afterwards
finds it. What is used is what is kept, masked, so that the same is seen ever after.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

from runs.errors import Conflict, NotFound
from runs.records.model import ModelAnswer, ModelRoute
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.snapshots import Terms, make, read, write_in
from runs.store.store import Store, keep
from tools.model.asked import Answer, Request

CASE = "case"
"""In the place of an item, for answers to labelled cases."""
FORM = 2
"""The way of asking and reading: part of every question's name."""
SAID = "said"


class Kept(NamedTuple):
    """An answer as it is kept."""

    record: ModelAnswer
    value: Mapping[str, Any]
    is_new: bool = False


def name_of(base_url: str, model: str, *, parameters: Mapping[str, Any], asked: Request) -> str:
    """The digest of a question: where it goes, to which model, every word, form and parameter.

    The number of the sample is its seed.
    """
    words = asked.as_json()
    parts = ("messages", "form", "tools", "most_output", "temperature", "seed")
    told = {name: words[name] for name in parts}
    return digest_of([FORM, base_url, model, dict(parameters), told]).removeprefix("sha256:")


class Answers:
    """What models said to one item, or to the cases of a customer."""

    def __init__(self, store: Store, customer: Customer, terms: Terms, of: str = CASE) -> None:
        self._store, self._customer, self._terms, self._of = store, customer, terms, of

    def find(self, name: str) -> Kept | None:
        """What was said to this question before; None where nothing was, or it was erased."""
        for id in self._ids(name):
            record = self._store.find(self._customer, ModelAnswer, id)
            if record is None:
                return None
            try:
                value = read(self._store, self._customer, record.answer)
            except (Conflict, NotFound):
                continue
            return Kept(record, value[SAID])
        raise AssertionError("ids go on for ever")

    def keep(self, name: str, route: ModelRoute, answer: Answer, *, sample: int) -> Kept:
        """Keep what was said, masked; where somebody kept an answer meanwhile, theirs counts."""
        if (there := self.find(name)) is not None:
            return there
        said = make(kind="output", value={SAID: answer.value}, terms=self._masking())
        for id in self._ids(name):
            if self._store.find(self._customer, ModelAnswer, id) is not None:
                continue
            record = self._record(id, route, answer, sample=sample, digest=said.digest)
            try:
                with self._store.change(self._customer, "worker") as change:
                    write_in(change, said)
                    keep(change, record)
            except Conflict:
                return self.find(name) or self.keep(name, route, answer, sample=sample)
            value = read(self._store, self._customer, said.digest)
            return Kept(record, value[SAID], is_new=True)
        raise AssertionError("ids go on for ever")

    def _record(
        self, id: str, route: ModelRoute, answer: Answer, *, sample: int, digest: str
    ) -> ModelAnswer:
        return ModelAnswer(
            id=id,
            route=route.name,
            endpoint=route.endpoint,
            model=answer.model,
            prompt=route.prompt,
            sample=sample,
            answer=digest,
            calls=answer.calls_kept,
            tokens=answer.usage.input + answer.usage.output,
            is_estimate=answer.usage.kind == "estimate",
            cost=answer.cost,
            currency=answer.currency,
            seconds=answer.seconds,
            is_script=answer.is_script,
            at=self._store.clock.now(),
        )

    def _ids(self, name: str) -> Iterator[str]:
        """One after the other: the next where what was said under the one before was erased."""
        return (f"{self._of}.{name}{f'.{n}' if n > 1 else ''}" for n in count(1))

    def _masking(self) -> Terms:
        mask = self._terms.mask

        def only_what_was_said(value: dict[str, Any]) -> Any:
            masked = mask(value[SAID])
            return type(masked)({SAID: masked.value}, masked.count)

        return self._terms._replace(mask=only_what_was_said)
