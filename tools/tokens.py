"""Count and trim text.

Nothing here is ever fetched: a count is exact only when a file of ranks is named whose hash is the
known one, and an estimate that stays above the true count otherwise.
"""

import base64
import binascii
import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from runs.errors import InvalidInput


class TokenCount(NamedTuple):
    """How many tokens a text is, and whether that was counted or estimated."""

    tokens: int
    kind: Literal["exact", "estimate"]


Counter = Callable[[str], TokenCount]


class Encoding(NamedTuple):
    """A byte-pair encoding: its file of ranks is taken only with this hash."""

    name: str
    sha256: str
    pattern: str
    """How a text is split before pairs are merged."""
    cached_as: str = ""
    """What its file is called in the cache of tiktoken, and where packages carry it along."""


CL100K = Encoding(
    "cl100k_base",
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
)
O200K = Encoding(
    "o200k_base",
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "fb374d419588a4632f3f557e76b4b70aebbca790",
)

MARGIN = 1.25
SLACK = 2
"""Tokens on top: a text of two rare words has no others to even them out."""
PIECE = re.compile(
    r"(?P<word>[A-Z]+(?![a-z])|[A-Z]?[a-z]+)|(?P<digits>[0-9]+)|(?P<lines>[\r\n]+)"
    r"|(?P<spaces> {2,})|(?P<tabs>\t+)|(?P<sign>[\x00-\x1f!-\x7f])|(?P<wide>[^\x00-\x7f]+)"
)
"""A single space is part of the word that follows it."""
LONE_SPACE = re.compile(r"(?<! ) (?! )(?:(?<=[^\x00-\x7f] )|(?=[^\x00-\x7f]))")
"""But not beside letters beyond ASCII: there it often stands alone."""
FOLLOWERS = {
    "a": "bcdgilmnprstuy",
    "b": "aelo",
    "c": "aehiklotu",
    "d": "aeios",
    "e": "acdeflmnprstvx",
    "f": "aeior",
    "g": "ehr",
    "h": "aeio",
    "i": "cdefglmnorstv",
    "k": "e",
    "l": "adefilosuy",
    "m": "aeiops",
    "n": "acdegiost",
    "o": "bcdflmnoprstuvw",
    "p": "aeiloprt",
    "q": "u",
    "r": "adeimnorstuy",
    "s": "acehikostu",
    "t": "aehiorstuy",
    "u": "elmnprst",
    "v": "aei",
    "w": "aehio",
    "x": "t",
}
"""The 170 pairs of letters that make nine tenths of English text; every other one costs a token."""
MARK = "…"
LONGEST_KEPT = 32
"""Letters of a word whose cost is remembered; others come once, and may be very long."""


def count_tokens(text: str) -> int:
    """An estimate that is not below the true count; see `estimate`."""
    return estimate(text).tokens


def estimate(text: str) -> TokenCount:
    """The larger of a third of the bytes and a rule by kinds of piece, a quarter more, and two.

    Never more than the UTF-8 bytes, which no byte-level encoding exceeds. About 1.8 times the true
    count in English and other languages of Latin letters, 2 to 4 times elsewhere.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    pieces = sum(map(_cost, PIECE.finditer(text)))
    if size > len(text):
        pieces += len(LONE_SPACE.findall(text)) / MARGIN
    return TokenCount(min(math.ceil(max(size / 3, pieces) * MARGIN) + SLACK, size), "estimate")


def exact(file: Path, encoding: Encoding) -> Counter:
    """A counter for one encoding from its file of ranks; InvalidInput when it is not that file.

    A text that spells a special token is counted as the text it is.
    """
    import tiktoken  # 60 ms that only an exact count needs

    ranks = _read_ranks(file, encoding)
    counter = tiktoken.Encoding(
        encoding.name, pat_str=encoding.pattern, mergeable_ranks=ranks, special_tokens={}
    )
    return lambda text: TokenCount(len(counter.encode_ordinary(text)), "exact")


def is_of(file: Path, encoding: Encoding) -> bool:
    """Whether a file is that of an encoding."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest() == encoding.sha256
    except OSError:
        return False


def counter(encoding: Encoding, files: Iterable[Path]) -> Counter:
    """Exact by the first of these files that is the encoding's, otherwise the estimate.

    A file that is not there, or is another, is passed over and left as it is.
    """
    for file in files:
        try:
            return exact(file, encoding)
        except InvalidInput:
            continue
    return estimate


def trim(text: str, budget: int, count: Counter = estimate) -> str:
    """The text, or its longest beginning of whole words that fits `budget` with a mark of the cut.

    Empty when not even the mark fits.
    """
    if count(text).tokens <= budget:
        return text
    fits, over = 0, len(text)
    while over - fits > 1:
        middle = (fits + over) // 2
        if count(text[:middle] + MARK).tokens <= budget:
            fits = middle
        else:
            over = middle
    return _cut(text, fits, lambda cut: count(cut).tokens <= budget)


def _cost(piece: re.Match[str]) -> float:
    part = piece.group()
    match piece.lastgroup:
        case "word":
            return _kept_cost(part) if len(part) <= LONGEST_KEPT else _word_cost(part)
        case "digits":
            return math.ceil(len(part) / 3) + 0.35
        case "lines":
            return 1 + (len(part) - 1) / 8
        case "wide":
            return len(part.encode("utf-8", "surrogatepass")) / MARGIN
        case "sign":
            return 0.95
    return 1 + len(part) / 16


def _word_cost(word: str) -> float:
    """One token to six letters, more beyond them, and one for every pair that is rare in English.

    Capitals are rare in vocabularies; a word is never more tokens than letters.
    """
    letters = word.lower()
    rare = sum(b not in FOLLOWERS.get(a, "") for a, b in pairwise(letters))
    shouted = 0.35 * (len(word) - 2) if word.isupper() and len(word) > 2 else 0
    return min(1 + 0.3 * max(0, len(word) - 6) + rare + shouted, len(word))


_kept_cost = lru_cache(maxsize=4_096)(_word_cost)


def _cut(text: str, end: int, is_short: Callable[[str], bool]) -> str:
    """Cut at `end` or before: at a space if one is near, never inside one drawn character."""
    space = max(text.rfind(gap, max(0, end - 40), end + 1) for gap in " \n\t")
    end = space if space > 0 else end
    while end > 0:
        cut = text[:end].rstrip() + MARK
        if not _joins(text, end) and is_short(cut):
            return cut
        end -= 1
    return MARK if is_short(MARK) else ""


def _joins(text: str, end: int) -> bool:
    """Whether the characters on both sides of `end` are drawn as one."""
    joiner = "\u200d"
    return text[end - 1] == joiner or text[end] == joiner or bool(unicodedata.combining(text[end]))


def _read_ranks(file: Path, encoding: Encoding) -> dict[bytes, int]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"{file}: the ranks of {encoding.name} cannot be read ({error}); name another file, "
            "or none to estimate"
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != encoding.sha256:
        raise InvalidInput(
            f"{file}: sha256 {digest} is not {encoding.name}'s {encoding.sha256}; name the "
            "original file, or none to estimate"
        )
    try:
        rows = [line.split() for line in content.splitlines() if line]
        return {base64.b64decode(token, validate=True): int(rank) for token, rank in rows}
    except (ValueError, binascii.Error) as error:
        raise InvalidInput(
            f"{file}: not a file of ranks ({error}); name another file, or none to estimate"
        ) from error
