"""The customer simulator: knows the truth of live pieces and answers as a reviewer would.

It stands outside the workflow. A piece never carries its truth; a reviewer's answer is given after
the output was stored, and says that it is simulated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.errors import NotFound
from workflow.drafting import alike
from workflow.samples import chance
from workflow.samples.pieces import Live
from workflow.samples.truth import Truth

ERROR_RATE = 0.01
"""Share of the pieces on which the reviewer is mistaken."""

Neighbours = Callable[[str], Sequence[str]]
"""The labels that a person may confuse with one; never none."""


@dataclass(frozen=True, kw_only=True)
class Judged(Truth):
    """A reviewer's answer: the truth, or now and then a mistake; fields are those to be changed."""

    agrees: bool
    """Whether the label the workflow gave, and every field of its draft, is called right."""
    is_mistaken: bool
    """Kept for measuring the simulator; a reviewer would not know."""
    simulated: bool = True


class Reviewer:
    """The reviewer of some live pieces; judges the same piece alike every time."""

    def __init__(self, pieces: Sequence[Live], neighbours: Neighbours, *, called: str) -> None:
        self.pieces = tuple(pieces)
        self.truths = {one.key: one.truth for one in self.pieces}
        self._neighbours = neighbours
        self._called = called

    def judge(self, key: str, label: str, fields: Mapping[str, Any] | None = None) -> Judged:
        """Say what is right for a piece that was given `label`, and drafted with `fields`.

        On one piece in a hundred, chosen by its key, the reviewer lets a wrong label pass or puts a
        wrong one in the place of the right one. NotFound for a piece of another seed or pool.
        """
        truth = self.truths.get(key)
        made = fields or {}
        if truth is None:
            raise NotFound(
                f"{self._called} {key}: not among the live {self._called}s of this simulator; "
                "give it the seed of the live work"
            )
        off = {n: v for n, v in truth.fields.items() if not alike(made.get(n), v)}
        drawn = chance.stream("reviewer", key)
        is_mistaken = drawn.random() < ERROR_RATE
        says = truth.label
        if is_mistaken:
            wrong = chance.one(drawn, self._neighbours(truth.label))
            says = label if label != truth.label or off else wrong
        if is_mistaken and says == label:
            off = {}
        return Judged(
            label=says,
            routes=truth.routes,
            why=truth.why,
            severity=truth.severity,
            family=truth.family,
            segment=truth.segment,
            fields=off,
            kind=truth.kind,
            agrees=says == label and not off,
            is_mistaken=is_mistaken,
        )
