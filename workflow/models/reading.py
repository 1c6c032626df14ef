"""What an answer of a model comes to: typed, each statement held against where it says it stands.

Nothing that a model says is believed because it says so. What it cites is looked up in what the
version saw; what does not stand there is a flag, and an answer with a flag goes to a person.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from policies import grounds
from policies.drafting import DOCUMENT
from policies.features import place_of
from runs.records.item import Reference
from runs.records.model import Flag, ModelRoute, Wanted
from runs.records.version import Filling
from workflow.baseline.looking import find_plain
from workflow.drafting import alike, read
from workflow.models.words import Ground, find

NUMBERS = re.compile(r"(?:(?<![\w.,])[-\u2212])?\d+(?:[.,]\d+|[' \u00a0]\d{3}(?!\d))*")
DECIMALS = re.compile(r"(.*)[.,](\d{1,2}|\d{4,})")
"""Three digits behind a sign are a group; any other count is a fraction."""
NO_NUMBER_BEFORE = r"(?<!\d[.,' \u00a0])(?<!(?<!\w)[-\u2212])"
NO_NUMBER_AFTER = r"(?![.,]\d|[' \u00a0]\d{3}(?!\d))"
"""What a number would go on with, or its sign."""
SPACES = re.compile(r"\s+")
LEAST_QUOTE = 8
"""Letters and digits that a claim quotes at least, unless it quotes all that stands there."""


class Read(NamedTuple):
    """One answer, read and checked."""

    label: str
    self_report: float
    fields: dict[str, Any]
    references: tuple[Reference, ...] = ()
    flags: tuple[Flag, ...] = ()
    filled: float = 1.0
    """Share of the fields asked for that it has."""

    @property
    def says(self) -> tuple[str, ...]:
        """What another sample has to say as well, to agree with it."""
        told = (f"{name}={find_plain(value)}" for name, value in sorted(self.fields.items()))
        return (self.label, *(one for one in told if not one.startswith(f"{DOCUMENT}=")))


def read_answer(route: ModelRoute, value: Mapping[str, Any], ground: Ground) -> Read:
    """The answer in its kind, with every doubt about what it cites; `value` has the form."""
    label = route.label or value["label"]
    report = min(1.0, max(0.0, float(value["confidence"])))
    if route.kind == "matching":
        return Read(label, report, {}, (), tuple(_pair_flags(value["pairs"], ground)))
    if route.kind == "risk_flag":
        return _with_claims(Read(label, report, {}), value["risks"], ground)
    found = _with_fields(Read(label, report, {}), route, value, ground)
    if route.kind != "drafting":
        return found
    written = {**found.fields, DOCUMENT: " ".join(one["says"].strip() for one in value["claims"])}
    said = _with_claims(found._replace(fields=written), value["claims"], ground)
    nothing = () if value["claims"] else (Flag(code="missing", name=DOCUMENT),)
    return said._replace(flags=(*said.flags, *nothing))


def _with_fields(found: Read, route: ModelRoute, value: Mapping[str, Any], ground: Ground) -> Read:
    """The fields that can be read, each with where it stands."""
    given = {one["name"]: one for one in reversed(value.get("fields", ()))}
    fields: dict[str, Any] = {}
    references: list[Reference] = []
    flags: list[Flag] = []
    for wanted in route.fields:
        entry = given.get(wanted.name)
        if entry is None:
            flags += [Flag(code="missing", name=wanted.name)] if wanted.required else []
            continue
        typed = read(_filling(wanted), entry["value"])
        if typed is None:
            flags.append(Flag(code="unreadable", name=wanted.name, place=entry["place"]))
            continue
        fields[wanted.name] = typed
        references += _reference(wanted.name, entry["place"], ground)
        flags += _doubt(wanted.name, entry, ground, holds=_holds(wanted, typed, entry["quote"]))
    filled = len(fields) / len(route.fields) if route.fields else 1.0
    return found._replace(
        fields=fields, references=tuple(references), flags=tuple(flags), filled=filled
    )


def _with_claims(found: Read, claims: Sequence[Mapping[str, Any]], ground: Ground) -> Read:
    """Each claim with where it stands: what it says beside plain words has to stand there too."""
    references, flags = list(found.references), list(found.flags)
    for number, claim in enumerate(claims, start=1):
        name, there = f"claim_{number}", _told(find(claim["place"], ground))
        references += _reference(name, claim["place"], ground)
        holds = not grounds.find(claim["says"], [there])
        doubts = _doubt(name, claim, ground, holds=holds)
        if not any(map(str.isalnum, claim["says"])):
            doubts = [Flag(code="missing", name=name, place=claim["place"])]
        if not doubts and not _is_enough(claim["quote"], there):
            doubts = [Flag(code="uncited", name=name, place=claim["place"])]
        flags += doubts
    return found._replace(references=tuple(references), flags=tuple(flags))


def _is_enough(quote: str, there: str) -> bool:
    """Whether a quote tells what a claim rests on: one word of a text stands there by chance."""
    return sum(map(str.isalnum, quote)) >= LEAST_QUOTE or _even(quote) == _even(there)


def _doubt(name: str, entry: Mapping[str, Any], ground: Ground, *, holds: bool) -> list[Flag]:
    """Why what an entry cites does not carry it; empty where it does."""
    place, quote = entry["place"], _even(entry["quote"])
    if not place or not quote:
        return [Flag(code="uncited", name=name, place=place)]
    there = find(place, ground)
    if there is None:
        return [Flag(code="not_found", name=name, place=place)]
    if not _stands(quote, _even(there)) or not holds:
        return [Flag(code="wrong_citation", name=name, place=place)]
    return []


def _holds(wanted: Wanted, typed: Any, quote: str) -> bool:
    """Whether the words that are quoted hold the value, read as they are or found in them."""
    quoted = read(_filling(wanted), quote)
    if quoted is not None and alike(quoted, typed):
        return True
    parts = typed if isinstance(typed, list) else [typed]
    words, numbers = _even(quote), set(map(_digits, NUMBERS.findall(quote)))
    return all(_is_among(str(one), words, numbers) for one in parts)


def _is_among(part: str, words: str, numbers: Collection[str]) -> bool:
    if NUMBERS.fullmatch(part):
        return _digits(part) in numbers
    return _stands(_even(part), words)


def _stands(part: str, words: str) -> bool:
    """Whether it stands there whole: a 5 is not in 1500, nor art in party."""
    before = r"(?<!\w)" * part[:1].isalnum() + NO_NUMBER_BEFORE * part[:1].isdigit()
    after = r"(?!\w)" * part[-1:].isalnum() + NO_NUMBER_AFTER * part[-1:].isdigit()
    return re.search(before + re.escape(part) + after, words) is not None


def _pair_flags(pairs: Sequence[Mapping[str, Any]], ground: Ground) -> Iterator[Flag]:
    """What is said of two values is looked up; a match that holds nothing together is uncited."""
    if not pairs:
        yield Flag(code="uncited", name="pairs")
    for number, pair in enumerate(pairs, start=1):
        one, other = find(pair["one"], ground), find(pair["other"], ground)
        place = f"{pair['one']} {pair['other']}"
        if one is None or other is None:
            yield Flag(code="not_found", name=f"pair_{number}", place=place)
        elif alike(one, other) != pair["same"] or pair["one"] == pair["other"]:
            yield Flag(code="contradicted", name=f"pair_{number}", place=place)


def _reference(name: str, place: str, ground: Ground) -> list[Reference]:
    at = place_of(place)
    if at is None:
        return []
    keys = {source.name: source.key_field for source in ground.sources}
    record = str(ground.item.get(keys.get(at.source, ""), "")) if at.source else ""
    return [Reference(name=name, source=at.source, record=record, field=at.field)]


def _filling(wanted: Wanted) -> Filling:
    return Filling(name=wanted.name, kind=wanted.kind, choices=wanted.choices)


def _even(value: Any) -> str:
    """A text as it is compared: capitals and spaces count for nothing."""
    return SPACES.sub(" ", _told(value)).strip().casefold()


def _told(value: Any) -> str:
    """A value as a text says it; empty where there is none."""
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _digits(text: str) -> str:
    """A number as it is compared: how it is grouped, and noughts behind its point, say nothing."""
    sign = "-" * (text[0] in "-\u2212")
    split = DECIMALS.fullmatch(text)
    whole, rest = (split[1], split[2].rstrip("0")) if split else (text, "")
    return sign + re.sub(r"\D", "", whole) + (f".{rest}" if rest else "")
