"""what may be seen, kept and sent; masking.

A field is masked whole, whatever it holds; a pattern is masked wherever it stands in a text, a key
or a whole number. Text is read as NFKC and without invisible characters, so full-width digits and
zero-width joints hide nothing; what is not masked stays as it was written. Cards count by Luhn,
IBANs by their checksum and their country's length. Phone numbers are found by shape: international
(`+` or `00`), national (leading zero) or three-three-four; a bare run of digits is not one.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

from runs.errors import InvalidInput
from runs.snapshots import Mask, Masked

Pattern = Literal["email", "iban", "card", "phone"]

_LENGTHS: Mapping[int, str] = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
"""Characters of an IBAN, and the countries that have so many (ISO 13616)."""
_EMAIL = re.compile(
    r"(?<![\w.+%-])\w[\w.+%'-]{0,127}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}"
    r"(?:xn--[\w-]{2,59}|[^\W\d_]{2,24})(?![\w-])"
)
_IBAN_FORMS = "|".join(
    rf"(?:{countries.replace(' ', '|')})\d{{2}}(?:[ -]?[A-Z0-9]){{{length - 4}}}"
    for length, countries in _LENGTHS.items()
)
IBAN = re.compile(rf"(?<![^\W_])(?:{_IBAN_FORMS})(?![^\W_])", re.IGNORECASE)
SHORTEST_CARD = 13
_CARD = re.compile(r"(?<!\d)[2-6](?:[ -]?\d){12,18}")
_PHONE = re.compile(
    r"""(?<!\w)(?<!\w-)(?<!\d[.,:/])
    (?!\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d))       # a date is not a number to call
    (?: (?:\+|00)[1-9](?:[ ./()-]{0,3}\d){6,13}             # international
      | \(?0[1-9]\d{0,4}\)?(?:[ ./-]{0,2}\d){5,10}          # national
      | \(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4} )         # three-three-four
    (?!\w)(?![.,:]\d)""",
    re.VERBOSE,
)
_TELLING = re.compile(r"[0-9@]")
"""What is in every address and every number, as they stand in plain ASCII."""


class _Plain(NamedTuple):
    """A text as it is read, and where each of its characters stood."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def compile_mask(fields: Sequence[str], patterns: Sequence[str]) -> Mask:
    """A mask that leaves nothing of these fields and patterns; masking twice is masking once.

    `fields`: a name masks that key at any depth, a dotted path the key at the end of it; the value
    becomes `[masked:name]`, null stays null. `patterns`: email, phone, iban, card. Unknown patterns
    and empty names raise InvalidInput.
    """
    unknown = sorted(set(patterns) - set(get_args(Pattern)))
    if unknown or not all(fields):
        wrong = f"mask pattern {unknown[0]!r}" if unknown else "an empty field name"
        raise InvalidInput(f"{wrong} is unknown; name one of {', '.join(get_args(Pattern))}")
    paths = {tuple(field.split(".")): field for field in fields}
    wanted = [one for one in get_args(Pattern) if one in patterns]

    def mask(value: Any) -> Masked:
        return _walk(value, (), paths, wanted)

    return mask


def ibans(text: str) -> frozenset[str]:
    """The IBANs of a text, whole and large, however they are written."""
    plain = _plain(text).text
    found = (plain[start:end] for start, end in _FIND["iban"](plain))
    return frozenset("".join(filter(str.isalnum, one)).upper() for one in found)


def _walk(
    value: Any, path: tuple[str, ...], paths: Mapping[tuple[str, ...], str], wanted: Sequence[str]
) -> Masked:
    if isinstance(value, Mapping):
        return _walk_keys(value, path, paths, wanted)
    if isinstance(value, list | tuple):
        parts = [_walk(one, path, paths, wanted) for one in value]
        return Masked([part.value for part in parts], sum(part.count for part in parts))
    if isinstance(value, str):
        return _mask_text(value, wanted)
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) < 10 ** (SHORTEST_CARD - 1):
            return Masked(value, 0)
        masked = _mask_text(str(value), wanted)
        return masked if masked.count else Masked(value, 0)
    return Masked(value, 0)


def _walk_keys(
    value: Mapping[str, Any],
    path: tuple[str, ...],
    paths: Mapping[tuple[str, ...], str],
    wanted: Sequence[str],
) -> Masked:
    result: dict[str, Any] = {}
    count = 0
    for key, inner in value.items():
        here = (*path, key)
        field = next((paths[here[i:]] for i in range(len(here)) if here[i:] in paths), None)
        shown = _mask_text(key, wanted)
        is_whole = field is not None
        masked = _whole(inner, field) if is_whole else _walk(inner, here, paths, wanted)
        result[_unused(shown.value, result)] = masked.value
        count += shown.count + masked.count
    return Masked(result, count)


def _whole(value: Any, field: str) -> Masked:
    token = f"[masked:{field}]"
    is_there = value is not None and value != token
    return Masked(token if is_there else value, int(is_there))


def _unused(key: str, taken: Mapping[str, Any]) -> str:
    """The key, numbered when another key was masked to the same."""
    number, result = 1, key
    while result in taken:
        number += 1
        result = f"{key}#{number}"
    return result


def _mask_text(text: str, wanted: Sequence[str]) -> Masked:
    """Mask until nothing is found: what a replacement uncovers is masked as well."""
    # Every pattern asks for one of these; most texts are names of fields and have none.
    if text.isascii() and not _TELLING.search(text):
        return Masked(text, 0)
    count = 0
    while True:
        before = count
        for pattern in wanted:
            masked = _replace(text, pattern)
            text, count = masked.value, count + masked.count
        if count == before:
            return Masked(text, count)


def _replace(text: str, pattern: str) -> Masked:
    plain = _plain(text)
    pieces, rest, count = [], 0, 0
    for start, end in _FIND[pattern](plain.text):
        pieces += [text[rest : plain.starts[start]], f"[masked:{pattern}]"]
        rest = plain.ends[end - 1]
        count += 1
    return Masked("".join([*pieces, text[rest:]]), count)


def _plain(text: str) -> _Plain:
    """NFKC character by character, invisible ones left out, every dash and space alike."""
    if text.isascii():
        return _Plain(text, range(len(text)), range(1, len(text) + 1))
    read = [(at, shown) for at, one in enumerate(text) for shown in _seen(one)]
    starts = [at for at, _ in read]
    ends = [len(text)] * len(starts)
    for number in range(len(starts) - 2, -1, -1):
        following = starts[number + 1]
        ends[number] = ends[number + 1] if following == starts[number] else following
    return _Plain("".join(shown for _, shown in read), starts, ends)


@lru_cache(maxsize=8_192)
def _seen(character: str) -> str:
    """The characters one character is read as; none when it is a mark or invisible."""
    shown = unicodedata.normalize("NFKC", character)
    return "".join(_SIGNS.get(unicodedata.category(one), _digit)(one) for one in shown)


def _digit(character: str) -> str:
    """A digit of any script as 0 to 9; anything else as it is."""
    return str(unicodedata.decimal(character, character))


def _search(
    pattern: re.Pattern[str], text: str, end_of: Callable[[re.Match[str]], int | None]
) -> Iterator[tuple[int, int]]:
    """Where `pattern` stands and its checksum holds; a failed one is looked into again."""
    at = 0
    while found := pattern.search(text, at):
        end = end_of(found)
        if end is not None:
            yield found.start(), end
        at = found.start() + 1 if end is None else end


def _end_of_iban(found: re.Match[str]) -> int | None:
    """ISO 7064: the number with its first four characters last leaves 1 when divided by 97."""
    letters = "".join(one for one in found[0] if one.isalnum())
    number = "".join(str(int(one, 36)) for one in letters[4:] + letters[:4])
    return found.end() if int(number) % 97 == 1 else None


def _end_of_card(found: re.Match[str]) -> int | None:
    """The longest 13 to 19 digits that end where a group ends and count by Luhn."""
    places = [at for at, one in enumerate(found[0]) if one.isdigit()]
    sums = _luhn([int(found[0][at]) for at in places])
    for count in range(len(places), SHORTEST_CARD - 1, -1):
        end = found.start() + places[count - 1] + 1
        if sums[count - 1] % 10 == 0 and not found.string[end : end + 1].isdigit():
            return end
    return None


def _luhn(digits: Sequence[int]) -> list[int]:
    """ISO 7812, by how many of the digits count: every second from the right doubled, summed up."""
    sums: list[int] = []
    once, twice = 0, 0
    for one in digits:
        # The next digit turns which ones are doubled.
        once, twice = twice + one, once + sum(divmod(2 * one, 10))
        sums.append(once)
    return sums


_SIGNS: Mapping[str, Callable[[str], str]] = {
    "Pd": lambda _: "-",
    "Zs": lambda _: " ",
    "Cf": lambda _: "",
    "Mn": lambda _: "",
    "Me": lambda _: "",
}
"""How dashes, spaces, invisible characters and marks are read, by Unicode category."""
_FIND: Mapping[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": lambda text: _search(_EMAIL, text, re.Match.end),
    "iban": lambda text: _search(IBAN, text, _end_of_iban),
    "card": lambda text: _search(_CARD, text, _end_of_card),
    "phone": lambda text: _search(_PHONE, text, re.Match.end),
}
