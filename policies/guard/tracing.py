"""Where the values of a call come from; a value that merely looks like a trusted one is none."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from policies.guard.values import (
    Address,
    addresses,
    find_address,
    find_number,
    hidden,
    host_of,
    is_disguised,
    numbers,
)
from runs.records.call import Argument, Grant, Traced, Where

NAME = re.compile(r"[^\W\d_]+(?:[ '’.-]+[^\W\d_]+)*\.?")
"""Letters alone: how such a name is written, small or large, makes no other of it."""
JOINED = re.compile(r"(?<=[a-z0-9])\.(?=[A-Z][a-z])")
"""Where a sentence begins without a blank before it."""
BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]")
"""What breaks a line, or looks like a blank; nobody sees which, so a value has it as it stands."""
AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]{1,2})?")
"""A text that is an amount, whoever reads it: 1.000 and 1,000 are two."""


class Read(NamedTuple):
    """A text that the step has read and nobody vouches for."""

    origin: str
    """The address or path it was asked for by; empty where there was none."""
    text: str


@dataclass(frozen=True)
class Sources:
    """What a step knows: what it was asked, what is trusted, and what it has read."""

    request: str
    """What a person asked; never words of a model or of a text."""
    records: tuple[Any, ...] = ()
    """Trusted records, as JSON: each value in them counts as a whole, never a part of it."""
    texts: tuple[Read, ...] = ()

    @cached_property
    def asked(self) -> frozenset[Address]:
        """The addresses of the request, also where no blank follows the sentence they end."""
        return addresses(self.request) | addresses(JOINED.sub(". ", self.request))

    @cached_property
    def leaves(self) -> frozenset[str]:
        """The values of the records that are text or number, as they are compared."""
        return frozenset(_folded(str(one)) for one in _leaves(self.records) if str(one).strip())

    @cached_property
    def recorded(self) -> frozenset[Address]:
        """Those values of the records that are an address as a whole."""
        found = (find_address(one) for one in _leaves(self.records) if isinstance(one, str))
        return frozenset(one for one in found if one is not None)

    @cached_property
    def counted(self) -> frozenset[Decimal]:
        """The numbers of the records."""
        found = (find_number(one) for one in _leaves(self.records))
        return frozenset(one for one in found if one is not None)

    @cached_property
    def named(self) -> tuple[Read, ...]:
        """The texts whose address the request names."""
        return tuple(one for one in self.texts if one.origin and _is_asked(one.origin, self))


def trace(grant: Grant, arguments: Mapping[str, Any], sources: Sources) -> tuple[Traced, ...]:
    """Where each value was found that has to have a source, in the order of the arguments."""
    declared = {one.name: one for one in grant.arguments}
    return tuple(
        traced
        for name, value in arguments.items()
        if name in declared and declared[name].part != "choice"
        if not _is_left_out(value, declared[name])
        for traced in _traced(name, value, declared[name], (grant, sources))
    )


def find(value: object, sources: Sources) -> Where:
    """Where a value stands exactly: the request, a trusted record, only a text, or nowhere."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "nowhere"
    if _is_asked(value, sources):
        return "request"
    if _is_recorded(value, sources):
        return "record"
    text = str(value)
    return "text" if text and any(text in one.text for one in sources.texts) else "nowhere"


def _traced(
    path: str, value: Any, argument: Argument, known: tuple[Grant, Sources]
) -> Iterator[Traced]:
    """The values of an argument, however deep they lie; names that its form has are read as text.

    What is no text, number or list of them has no source: nothing, an empty one and a flag as well.
    """
    if isinstance(value, Mapping | list | tuple):
        # Many amounts below a ceiling are together above it.
        argument = argument.model_copy(update={"ceiling": None})
    if isinstance(value, Mapping) and value:
        # A path tells places and never names: those are a model's words.
        for place, (key, inner) in enumerate(value.items()):
            yield from _name(f"{path}.({place}).name", str(key), argument, known)
            yield from _traced(f"{path}.({place})", inner, argument, known)
    elif isinstance(value, list | tuple) and value:
        for place, inner in enumerate(value):
            yield from _traced(f"{path}[{place}]", inner, argument, known)
    elif argument.part == "text":
        yield from _words(path, str(value), known)
    else:
        yield Traced(path=path, where=_where(value, argument, known))


def _name(
    path: str, name: str, argument: Argument, known: tuple[Grant, Sources]
) -> Iterator[Traced]:
    """What an object names: where its form leaves that open, it is a value as any other."""
    if argument.part == "text" or name in argument.names:
        yield from _words(path, name, known)
    else:
        yield Traced(path=path, where=_where(name, argument, known))


def _is_left_out(value: Any, argument: Argument) -> bool:
    """Whether an argument that may be missing is there and says nothing."""
    return not argument.required and (value is None or value in ("", [], {}))


def _where(value: Any, argument: Argument, known: tuple[Grant, Sources]) -> Where:
    grant, sources = known
    where = find(value, sources)
    if where in ("request", "record"):
        return where
    address = find_address(value) if isinstance(value, str) else None
    if argument.part == "measure" and argument.ceiling is not None:
        is_plain = not isinstance(value, str) or AMOUNT.fullmatch(value)
        number = find_number(value) if is_plain else None
        if number is not None and 0 <= number <= argument.ceiling:
            return "ceiling"
    if argument.from_named and address is not None and _is_given(address, sources):
        return "named"
    return "host" if address is not None and _is_open(address, grant) else where


def _words(path: str, text: str, known: tuple[Grant, Sources]) -> Iterator[Traced]:
    """The addresses in free words; one that shows only to a wide reading is never found."""
    grant, sources = known
    plain = addresses(text)
    for address in sorted(plain):
        is_known = address in sources.asked or address in sources.recorded
        if not is_known:
            where: Where = "host" if _is_open(address, grant) else _only_read(address, sources)
            yield Traced(path=path, where=where)
    if hidden(text) or is_disguised(text):
        yield Traced(path=path, where="nowhere")


def _only_read(address: Address, sources: Sources) -> Where:
    return "text" if any(address in addresses(one.text) for one in sources.texts) else "nowhere"


def _is_open(address: Address, grant: Grant) -> bool:
    """Whether it leads to a host that may be read from, whoever wrote the address."""
    is_reading = grant.effect.level == "read"
    return is_reading and bool(host_of(address)) and host_of(address) in grant.hosts


def _is_given(address: Address, sources: Sources) -> bool:
    """Whether the texts that the request names give this address, and no other of its form."""
    given = {
        one
        for read in sources.named
        for one in addresses(read.text) | hidden(read.text)
        if one.form == address.form
    }
    return given == {address}


def _is_asked(value: object, sources: Sources) -> bool:
    if isinstance(value, str) and BREAKS.search(value):
        return bool(value.strip()) and value in sources.request
    if isinstance(value, str) and (address := find_address(value)) is not None:
        return address in sources.asked or _has_account(address, sources.request)
    if isinstance(value, str) and _stands(_spaced(value), _spaced(sources.request)):
        return True
    number = None if isinstance(value, str) else find_number(value)
    return number is not None and number in numbers(sources.request)


def _has_account(address: Address, request: str) -> bool:
    """An account of any form: its characters in a row, with blanks or dashes between them."""
    if address.form != "account":
        return False
    spaced = "[ -]?".join(map(re.escape, address.value))
    return re.search(rf"(?<![\w-]){spaced}(?![\w-])", request) is not None


def _is_recorded(value: object, sources: Sources) -> bool:
    if isinstance(value, str) and BREAKS.search(value):
        return any(value == one for one in _leaves(sources.records))
    if isinstance(value, str) and (address := find_address(value)) is not None:
        return address in sources.recorded
    if _folded(str(value)) in sources.leaves:
        return True
    number = None if isinstance(value, str) else find_number(value)
    return number is not None and number in sources.counted


def _stands(value: str, text: str) -> bool:
    """Whether a value stands in a text as words of its own, and as no part of an address."""
    if not value:
        return False
    if NAME.fullmatch(value):
        value, text = _small(value), _small(text)
    pattern = rf"(?<![\w@/\\=])(?<!\w[.\-+]){re.escape(value)}(?![\w@/\\=])(?![.\-+]\w)"
    return re.search(pattern, text) is not None


def _folded(value: str) -> str:
    """A value as it is compared as a whole."""
    spaced = _spaced(value)
    return _small(spaced) if NAME.fullmatch(spaced) else spaced


def _small(text: str) -> str:
    """In small letters; a sign that only looks like a letter, or folds into others, stays."""
    return "".join(one.lower() if one.lower().upper() == one else one for one in text)


def _spaced(value: str) -> str:
    """One blank wherever there are any, none at the ends; letters in one of their equal forms.

    A sign that is another letter in its equal form, such as that of a unit, stays as it is.
    """
    is_plain = all(unicodedata.normalize("NFC", one) == one for one in value)
    return " ".join((unicodedata.normalize("NFC", value) if is_plain else value).split())


def _leaves(value: object) -> Iterator[str | int | float]:
    """The texts and numbers of a JSON value, without the names inside it."""
    if isinstance(value, Mapping):
        yield from (one for inner in value.values() for one in _leaves(inner))
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        yield from (one for inner in value for one in _leaves(inner))
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield value
