"""which records fit before a model: whole ones only, what matters most taken first."""

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

from tools.tokens import Counter

BETWEEN = "\n\n"
"""What stands between two records where they are counted together."""


def fitting(
    records: Sequence[Mapping[str, Any]], budget: int, count: Counter, *, ranks: Sequence[int] = ()
) -> list[int]:
    """Places of the records that fit together, whole and as JSON, in the order given.

    `ranks`: one a record, 0 matters most and is taken first; in the order given where there are
    none. One that does not fit leaves its place to a smaller one behind it.
    """
    texts = [dumps(one, ensure_ascii=False) for one in records]
    kept, used = list[int](), 0
    for at in sorted(range(len(texts)), key=lambda at: (ranks[at] if ranks else 0, at)):
        more = count(BETWEEN + texts[at]).tokens
        if used + more <= budget:
            kept.append(at)
            used += more
    # Together they may take a token more than each alone.
    while kept and count(BETWEEN.join(texts[at] for at in sorted(kept))).tokens > budget:
        kept.pop()
    return sorted(kept)
