"""Pieces of work of a sample, and the labelled cases made of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol

from workflow.samples import chance
from workflow.samples.truth import Kind, Truth

Pool = Literal["dataset", "live"]
"""What is labelled, and what comes in later."""
FIRST_DAY: Mapping[Pool, date] = {"dataset": date(2025, 1, 6), "live": date(2025, 7, 7)}

SECOND = 0.24
"""Share of the cases with a second person's label."""
AGREES = {True: 0.75, False: 0.96}
"""How often the second person agrees: on unclear pieces, and on clear ones."""


class Live(Protocol):
    """One piece of work as the customer's system sends it."""

    @property
    def key(self) -> str:
        """The sender's own name of it."""
        ...

    @property
    def input(self) -> Mapping[str, Any]:
        """What the workflow may see; JSON values only."""
        ...

    @property
    def truth(self) -> Truth:
        """What is right for it; nobody but the simulator asks."""
        ...


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One piece of work with what the sample knows besides."""

    key: str
    input: Mapping[str, Any]
    truth: Truth
    received: date
    is_unclear: bool = False
    """A careful person may well say otherwise."""
    context: Mapping[str, Mapping[str, Any]]
    """What each source says of it when it comes in; a source without a record is left out."""


def kinds(*, hostile: float, malformed: float) -> dict[Kind, float]:
    """How often each kind comes in, by the shares of two of them."""
    return {"hostile": hostile, "malformed": malformed, "ordinary": 1 - hostile - malformed}


def in_order(found: Iterable[Piece]) -> list[Piece]:
    """As they come in; those of one day by their names."""
    return sorted(found, key=lambda one: (one.received, one.key))


def labelled(piece: Piece, *, seed: int, expert: str, neighbours: Sequence[str]) -> dict[str, Any]:
    """One labelled case, now and then labelled twice, with what the systems said of it."""
    unclear = piece.is_unclear
    second = second_label(piece, seed=seed, is_unclear=unclear, neighbours=neighbours)
    context = {name: dict(record) for name, record in piece.context.items()}
    return case_of(piece, expert=expert, second=second) | {"context": context}


def case_of(piece: Live, *, expert: str, second: str | None) -> dict[str, Any]:
    """One labelled case; `second` is null where nobody labelled it a second time."""
    truth, fields = piece.truth, dict(piece.truth.fields)
    return {
        "id": piece.key,
        "family": truth.family,
        "input": dict(piece.input),
        "expected": {"label": truth.label} | ({"fields": fields} if fields else {}),
        "routes": list(truth.routes),
        "segment": truth.segment,
        "severity": truth.severity,
        "origin": "synthetic",
        "labelled_by": expert,
        "second_label": second,
    }


def second_label(
    piece: Live, *, seed: int, is_unclear: bool, neighbours: Sequence[str]
) -> str | None:
    """What a second person says of the piece, without seeing the first label; mostly nobody."""
    drawn = chance.stream(seed, "second", piece.key)
    if drawn.random() >= SECOND:
        return None
    if drawn.random() < AGREES[is_unclear]:
        return piece.truth.label
    return chance.one(drawn, neighbours)
