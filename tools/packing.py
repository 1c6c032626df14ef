"""what fits before a model: whole records, what matters most first, and what was left out."""

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any, Literal, NamedTuple

from runs.errors import InvalidInput
from tools.tokens import Counter

BETWEEN = "\n\n"
"""What stands between two records."""


class Piece(NamedTuple):
    """One record as it would be told."""

    name: str
    """Id or digest of the record."""
    text: str
    rank: int = 0
    """0 matters most; what matters less is left out first."""
    is_due: bool = False
    """Without it the question makes no sense."""


class Packed(NamedTuple):
    """What fits."""

    text: str
    """The records in the order in which they were given."""
    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    """Names of what did not fit, what matters most first."""
    tokens: int
    """Of the text."""
    kind: Literal["exact", "estimate"]
    """How they were counted; of an estimate there are surely no more."""


def pack(pieces: Sequence[Piece], budget: int, count: Counter) -> Packed:
    """As many whole records as fit, due ones first, then by rank and in the order given.

    A record that does not fit is left out and a smaller one behind it may still be taken. Raises
    InvalidInput where what is due does not fit.
    """
    due = [at for at, one in enumerate(pieces) if one.is_due]
    if due and count(_told(pieces, due)).tokens > budget:
        names = ", ".join(pieces[at].name for at in due[:5])
        raise InvalidInput(
            f"{names} take more than {budget} tokens together and none can be left out; ask for "
            "less, or choose a model that holds more"
        )
    others = sorted(
        (at for at in range(len(pieces)) if at not in due), key=lambda at: (pieces[at].rank, at)
    )
    kept, left_out, used = list(due), list[int](), count(_told(pieces, due)).tokens
    for at in others:
        more = count(BETWEEN + pieces[at].text).tokens
        fits = used + more <= budget
        (kept if fits else left_out).append(at)
        used += more if fits else 0
    # Together they may take a token more than each alone.
    while len(kept) > len(due) and count(_told(pieces, kept)).tokens > budget:
        left_out.insert(0, kept.pop())
    text = _told(pieces, kept)
    counted = count(text)
    names = tuple(pieces[at].name for at in sorted(kept))
    rest = tuple(pieces[at].name for at in left_out)
    return Packed(text, names, rest, counted.tokens, counted.kind)


def fitting(
    records: Sequence[Mapping[str, Any]], budget: int, count: Counter, *, ranks: Sequence[int] = ()
) -> list[int]:
    """Places of the records that fit, whole and as JSON, what matters most first.

    `ranks`: one a record; in the order given where there are none.
    """
    rows = zip(records, ranks or [0] * len(records), strict=True)
    pieces = [Piece(str(at), dumps(one, ensure_ascii=False), n) for at, (one, n) in enumerate(rows)]
    return [int(name) for name in pack(pieces, budget, count).kept]


def _told(pieces: Sequence[Piece], kept: Sequence[int]) -> str:
    return BETWEEN.join(pieces[at].text for at in sorted(kept))
