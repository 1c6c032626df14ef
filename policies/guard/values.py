"""Addresses, accounts and numbers in a text: read exactly, and as widely as a person might."""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from urllib.parse import unquote

from policies.privacy import ibans

EMAIL = re.compile(
    r"(?<![A-Za-z0-9.!#$%&'*+/=?^_`{|}~@-])"
    r"[A-Za-z0-9][A-Za-z0-9.!#$%&*+/=?^_`{|}~-]{0,63}@(?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z]{2,24}"
    r"(?![A-Za-z0-9@-])(?!\.[A-Za-z0-9])"
)
URL = re.compile(
    r"(?<![\w@./-])(?:(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://|(?<!:)//)?"
    r"(?P<host>(?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z]|\d{1,3}(?:\.\d{1,3}){3}"
    r"|(?<=//)[A-Za-z0-9-]{1,63}|(?<=//)\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>\d{1,5}))?(?P<rest>[/?#][^\s<>\"'`|\\^{}]*)?(?![\w@-])(?!\.[A-Za-z0-9])"
)
FOREIGN = re.compile(r"(?<![\w@.-])(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}(?![\w@-])")
"""A host of any script; only one with a letter beyond ASCII is looked at so."""
LOOSE = re.compile(
    r"(?i)\b(?:(?:https?|ftp|file)\s*:\s*/|[a-z][a-z0-9+.-]{1,30}://|javascript:\S|data:\w+/"
    r"|(?:tel|sms):\+?\d|www\.\S)"
)
"""What begins an address; standing beside every address that was read, it begins another."""
ACCOUNT = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9.,+-])\d(?:[ -]?\d){11,18}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])(?:0x[0-9A-Fa-f]{40}|bc1[0-9a-z]{25,59})(?![A-Za-z0-9])"
)
IS_ACCOUNT = re.compile(
    r"(?=(?:.*\d){8})[A-Z]{2}\d{2}[A-Z0-9]{8,30}|\d{9,19}|0x[0-9A-Fa-f]{40}|bc1[0-9a-z]{25,59}"
)
"""An account number without its blanks."""
NUMBER = re.compile(r"(?<![\w.,])[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w])(?![.,]\d)")
ENDINGS = frozenset(
    """
    app biz blog casino click cloud club com dev edu email fyi gov guru icu info io link live me mil
    net news ninja onion online org page quest rocks shop site store tech top tv web wiki work world
    wtf xyz zip zone
    """.split()  # noqa: SIM905 - as words they can be read
)
"""Of bare words: these endings, any of two letters, and any with a path make a host."""
STARTS = frozenset(
    """
    am an as at be by do go he hi if in is it me my no of oh ok on or so to up us we
    """.split()  # noqa: SIM905 - as words they can be read
)
"""With a capital and behind a full stop, these two letters begin a sentence."""
LOOKS_LIKE = str.maketrans(
    "аеорсухіјѕԁһԛԝɡαεοριυνκτΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТХ。．․‧∕⁄：＠",
    "aeopcyxijsdhqwgaeopiuvktABEZHIKMNOPTYXABEKMHOPCTX....//:@",
)
"""Letters and signs that are read as another."""
WORDS = (
    (re.compile(r" ?[\[({<] ?(?:\.|dot|punkt|punto|point) ?[\])}>] ?", re.IGNORECASE), "."),
    (re.compile(r" ?[\[({<] ?(?:@|at|ät|arroba) ?[\])}>] ?", re.IGNORECASE), "@"),
    (re.compile(r"\bh(?:xx|\*\*|__)p(s?)\b", re.IGNORECASE), r"http\1"),
    (
        re.compile(r"(?<=\w) (?:at|arroba) (?=[\w-]+ (?:dot|punkt|punto) )", re.IGNORECASE),
        "@",
    ),
    (
        re.compile(
            r"(?<=\w) (?:dot|punkt|punto) (?=(?:com|net|org|io|info|biz|co|de|uk|fr|eu|ru)\b)",
            re.IGNORECASE,
        ),
        ".",
    ),
    (re.compile(r" ?: ?/ ?/ ?"), "://"),
)
"""Words and brackets that stand for the signs of an address."""
CODED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
EDGES = re.compile(r"(?<!\w)_+|[_@-]+(?!\w)")
"""Marks around words that are no part of them."""
AFTER_AT = re.compile(r"@((?:[\w-]{1,63}\.){1,8}[\w-]{2,63})")
"""A host behind whatever stands for somebody there."""
MARKS = re.compile(r"(?:[\W_]|(?i:iban))+")
"""What may stand in an account number, or right before it."""
DEEPEST = 3
"""Encodings inside encodings are opened so often."""


class Address(NamedTuple):
    """Where something may be sent or looked for."""

    form: str
    """`email`, `url` or `account`."""
    value: str
    """As it is compared: two that are equal reach the same place."""


def find_address(value: str) -> Address | None:
    """The address that a value is, as a whole and exactly; None for anything else."""
    text = value.strip()
    if EMAIL.fullmatch(text):
        return Address("email", text.lower())
    compact = re.sub(r"[ -]", "", text)
    if IS_ACCOUNT.fullmatch(compact):
        return Address("account", compact)
    found = URL.fullmatch(text)
    return _url(found) if found and _is_host(found) else None


def addresses(text: str) -> frozenset[Address]:
    """Every address that stands in a text as it is written."""
    found = {Address("email", one[0].lower()) for one in EMAIL.finditer(text)}
    found |= {Address("account", re.sub(r"[ -]", "", one[0])) for one in ACCOUNT.finditer(text)}
    bare = EMAIL.sub(" ", text)
    found |= {_url(one) for one in URL.finditer(bare) if _is_host(one)}
    foreign = (one[0] for one in FOREIGN.finditer(bare) if not one[0].isascii())
    found |= {Address("url", one.lower()) for one in foreign if _ends_as_host(one)}
    return frozenset(found)


def hidden(text: str) -> frozenset[Address]:
    """Addresses that a text holds when it is read widely, and not as it is written."""
    plain, reads = addresses(text), list(_widely(text, DEEPEST))
    found = {one for read in reads for one in addresses(read)}
    marked = (MARKS.sub(" ", read) for read in (text, *reads))
    found |= {Address("account", one) for read in marked for one in ibans(read)}
    return frozenset(found - plain)


def is_disguised(text: str) -> bool:
    """Whether an address begins that cannot be read: odd, with blanks inside, or turned round."""
    if any(_begins(_without(read)) for read in (text, *_widely(text, DEEPEST))):
        return True
    read = _plain(text).lower()
    squeezed = re.sub(r"\s+", "", read)
    marks = ("http://", "https://", "www.")
    return any(squeezed.count(mark) > read.count(mark) or mark in squeezed[::-1] for mark in marks)


def numbers(text: str) -> frozenset[Decimal]:
    """Every number of a text, with a point for decimals and commas for thousands."""
    return frozenset(Decimal(one[0].replace(",", "")) for one in NUMBER.finditer(text))


def find_number(value: object) -> Decimal | None:
    """The number a JSON value is, or a text that is one alone; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    text = str(value).strip()
    if isinstance(value, str) and not NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def host_of(address: Address) -> str:
    """The host that an address leads to; empty where it is no URL."""
    return re.split(r"[:/?#]", address.value, maxsplit=1)[0] if address.form == "url" else ""


def _url(found: re.Match[str]) -> Address:
    """Scheme and a slash or a full stop at the end aside; whatever else differs is another."""
    rest = _rest(found).rstrip("/")
    port = f":{found['port']}" if found["port"] else ""
    return Address("url", f"{found['host'].lower()}{port}{rest}")


def _rest(found: re.Match[str]) -> str:
    """What stands behind the host, without the signs that end a sentence."""
    return (found["rest"] or "").rstrip(".,;:!?)]*")


def _is_host(found: re.Match[str]) -> bool:
    is_led_to = found["scheme"] or found["port"] or _rest(found)
    if is_led_to or found["host"][-1] in "]0123456789":
        return True
    return _ends_as_host(found["host"])


def _ends_as_host(host: str) -> bool:
    """Whether bare words with points between them are a host rather than a file or a sentence."""
    ending = host.rpartition(".")[2]
    begins = ending.istitle() and ending.lower() in STARTS
    is_country = len(ending) == 2 and ending.isalpha() and not begins
    is_foreign = not ending.isascii() and ending.isalpha() and not ending.istitle()
    return host.lower().startswith("www.") or is_country or is_foreign or ending.lower() in ENDINGS


def _begins(text: str) -> bool:
    """Whether an address begins, or a host stands behind an @, of which nothing was read."""
    hosts = (one[1] for one in AFTER_AT.finditer(text))
    return bool(LOOSE.search(text)) or any(map(_ends_as_host, hosts))


def _plain(text: str) -> str:
    """NFKC, without invisible characters and marks, look-alikes read as what they look like."""
    read = unicodedata.normalize("NFKC", text).translate(LOOKS_LIKE)
    kept = (one for one in read if unicodedata.category(one) not in ("Cf", "Mn", "Me"))
    return "".join(kept)


def _widely(text: str, deep: int) -> Iterator[str]:
    """Other ways of reading a text, one after the other; encodings are opened."""
    read = _plain(text)
    if read != text:
        yield read
    worded = " ".join(read.split())
    for pattern, sign in WORDS:
        worded = pattern.sub(sign, worded)
    if worded != read:
        yield worded
    rest = _without(worded)
    if (bare := EDGES.sub(" ", rest)) != rest:
        yield bare
    if deep:
        for opened in _opened(rest):
            yield opened
            yield from _widely(opened, deep - 1)


def _without(text: str) -> str:
    """A text without the addresses that are read in it."""
    return URL.sub(lambda one: " " if _is_host(one) else one[0], EMAIL.sub(" ", text))


def _opened(text: str) -> Iterator[str]:
    """What a text holds behind percent signs, HTML entities, base 64 or hexadecimal digits."""
    for opened in (unquote(text), html.unescape(text)):
        if opened != text:
            yield opened
    for coded in CODED.findall(text):
        for opened in (_base64(coded), _hex(coded)):
            if opened:
                yield opened


def _base64(coded: str) -> str:
    body = coded.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return _printable(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
    except (ValueError, binascii.Error):
        return ""


def _hex(coded: str) -> str:
    return _printable(bytes.fromhex(coded)) if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", coded) else ""


def _printable(content: bytes) -> str:
    """The text of these bytes; empty where they are none."""
    text = content.decode("utf-8", errors="replace")
    is_text = "\ufffd" not in text and all(one.isprintable() or one.isspace() for one in text)
    return text if is_text else ""
