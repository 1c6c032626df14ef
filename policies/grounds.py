"""what a text says that its evidence does not: figures, amounts, dates, links, promises; pure.

Written for text that a model proposed: what is not sure to stand in the evidence is made up. A
figure, a date or a link has to stand there as it is written, a word that claims or promises as the
same word. The lists are English; letters of another script stand in the evidence or are refused.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

NUMBER = re.compile(r"(?<![\w.])[-−]?[$€£¥]?\s?\d+(?:[.,:/]\d+)*(?:\s?(?:%|‰|[$€£¥])|[a-zA-Z]+)?")
"""With its sign, its currency and its unit: 3 is not 3 %, and not 3k."""
LINK = re.compile(
    r"\w+://\S+|www\.\S+|\S+@\S+|\]\(|</?\w|&#?\w+;|(?<!\w)(?:[\w-]+\.)+[a-z]{2,}(?![\w(])",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
ROMAN = re.compile(r"(?<!\w)[IVXLCDM]{2,}(?!\w)")
SCRIPT = "LATIN"
PUNCTUATION = {"’": "'", "−": "-"}


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


AMOUNTS = _set(
    """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred hundreds thousand thousands million millions billion billions dozen dozens half halves
    halved third thirds quarter quarters fifth tenth double doubled triple tripled twice thrice
    single percent percentage majority minority most many few all every none no nobody nothing
    never always entire entirely complete completely full fully perfect perfectly flawless zero
    nearly almost both everything everyone any anything without
    """
)
TIMES = _set(
    """
    monday tuesday wednesday thursday friday saturday sunday january february april june july
    august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
    today tomorrow yesterday tonight soon shortly immediately weekend week weeks month months year
    years day days hour hours minute minutes next later forthcoming upcoming deadline
    """
)
CAPITAL_TIMES = frozenset({"May", "March"})
PROMISES = _set(
    """
    will shall won't we'll you'll it'll they'll i'll would going promise promises promised
    guarantee guarantees guaranteed commit commits committed commitment ensure ensures ensured
    assure assured assures warrant warranty refund refunds refunded compensate compensation
    reimburse reimbursed credit credits discount discounts free waive waived pledge vow undertake
    intend plan plans planned expect expected agree agreed agrees offer offers offered entitled
    owe liable liability sla must cannot can't continue continues continuing hereafter forever
    rest rely
    """
)
CLAIMS = _set(
    """
    approve approved approves approval accepted pass passed passes passing certified verified
    verify compliant compliance proven prove proved proves safe safely secure secured fix fixed
    resolve resolved solve solved mend mended repaired release released live deployed complete
    completed done success successful successfully succeed succeeded working works correct
    correctly right accurate accuracy reliable improve improved improvement better best worse
    reduced reduce lower higher increase increased decrease decreased saved saves saving savings
    faster healthy agreed authorised authorized signed confirmed confirm reached met exceeded
    ready error-free
    """
)
KINDS: Mapping[str, frozenset[str]] = {
    "amount": AMOUNTS,
    "time": TIMES,
    "promise": PROMISES,
    "claim": CLAIMS,
}


class Groundless(NamedTuple):
    """One thing a text says, and that the evidence it names does not."""

    kind: str
    """`figure`, `link`, `amount`, `time`, `promise`, `claim`, `script` or `hidden`."""
    says: str
    """As it stands in the text."""


def find(text: str, evidence: Sequence[str]) -> list[Groundless]:
    """Everything that is not in the evidence, in the order of its kinds; empty where all is.

    What looks alike and is written otherwise (full-width digits, ligatures) is read as what it
    looks like; characters that nobody sees are refused.
    """
    plain, known = _plain(text), _plain(" \n ".join(evidence))
    found = [*_hidden(text), *_scripts(plain, known), *_figures(plain, known)]
    found += [*_links(plain, known), *_words(plain, known)]
    return list(dict.fromkeys(found))


def figures(text: str) -> list[str]:
    """The figures of a text as they are compared: with sign, currency and unit, without blanks."""
    return [_figure(one) for one in NUMBER.findall(_plain(text))]


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return "".join(PUNCTUATION.get(one, one) for one in folded)


def _hidden(text: str) -> Iterator[Groundless]:
    """Characters that show nothing, or turn what is read."""
    for one in text:
        if unicodedata.category(one) in ("Cf", "Cc", "Co", "Cn", "Cs") and one not in "\n\t":
            yield Groundless("hidden", f"U+{ord(one):04X}")


def _scripts(text: str, known: str) -> Iterator[Groundless]:
    words = {word.group() for word in WORD.finditer(known)}
    for found in WORD.finditer(text):
        is_foreign = any(
            SCRIPT not in unicodedata.name(one, "") for one in found.group() if _is_letter(one)
        )
        if is_foreign and found.group() not in words:
            yield Groundless("script", found.group())


def _is_letter(one: str) -> bool:
    return unicodedata.category(one).startswith("L")


def _figures(text: str, known: str) -> Iterator[Groundless]:
    there = {_figure(one) for one in NUMBER.findall(known)}
    left = text
    for one in NUMBER.findall(text):
        left = left.replace(one, " ", 1)
        if _figure(one) not in there:
            yield Groundless("figure", one.strip())
    # A number in another form, or inside a word: exactly that word is there, or not.
    pieces = {_bare(piece) for piece in known.split()}
    odd = [*map(_bare, filter(_is_number, left.split())), *ROMAN.findall(text)]
    yield from (Groundless("figure", one) for one in odd if one not in pieces)


def _is_number(piece: str) -> bool:
    return any(unicodedata.numeric(one, None) is not None for one in piece)


def _bare(piece: str) -> str:
    return piece.strip(".,;:!?()[]\"'")


def _figure(text: str) -> str:
    """As it is compared: no blanks, and no marks of thousands."""
    bare = re.sub(r"\s", "", text)
    return re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", bare)


def _links(text: str, known: str) -> Iterator[Groundless]:
    for found in LINK.finditer(text):
        if found.group() not in known:
            yield Groundless("link", found.group())


def _words(text: str, known: str) -> Iterator[Groundless]:
    there = {one.casefold() for one in WORD.findall(known)}
    for word in WORD.findall(text):
        low = word.casefold()
        kind = "time" if word in CAPITAL_TIMES else _kind(low)
        if kind and low not in there:
            yield Groundless(kind, word)


def _kind(word: str) -> str:
    return next((name for name, words in KINDS.items() if word in words), "")
