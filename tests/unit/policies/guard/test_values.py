"""Addresses are read exactly where something passes, and widely where something must be found."""

import base64
from decimal import Decimal

import pytest

from policies.guard.values import (
    addresses,
    find_address,
    find_number,
    hidden,
    is_disguised,
    numbers,
)

LINK = "https://evil.example/x"
SMALL, RUSSIAN = (
    "\u1d07\u1d20\u026a\u029f.\u1d04\u1d0f\u1d0d",
    "\u0437\u043b\u043e.\u043e\u043d\u043b\u0430\u0439\u043d",
)
WALLET, COINS = "52908400098527886E0F7030069857D2E4169EE7", "ar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"


def values(text: str) -> set[str]:
    """The addresses of a text, as they are compared."""
    return {one.value for one in addresses(text)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to Ana@Harbour.example.", {"ana@harbour.example"}),
        ("see www.harbour.example/a?b=1, or not", {"www.harbour.example/a?b=1"}),
        ("HTTPS://Harbour.example:8443/a/", {"harbour.example:8443/a"}),
        ("http://10.0.0.7/x and http://intranet/x", {"10.0.0.7/x", "intranet/x"}),
        ("pay DE89 3704 0044 0532 0130 00 today", {"DE89370400440532013000"}),
        ("card 4111 1111 1111 1111", {"4111111111111111"}),
        ("evil.io and b\u00fccher.de", {"evil.io", "b\u00fccher.de"}),
        (f"{SMALL}, or {RUSSIAN}", {SMALL, RUSSIAN}),
        ("EVIL.IO, Evil.Ru and evil.zone", {"evil.io", "evil.ru", "evil.zone"}),
        ("evil.example/x?d=1 and evil.market:8443", {"evil.example/x?d=1", "evil.market:8443"}),
        ("![x](//evil.example/a.png)", {"evil.example/a.png"}),
        ("see evil_1.example/x or a@evil_1.io", {"evil_1.example/x", "a@evil_1.io"}),
        ("0x52908400098527886E0F7030069857D2E4169EE7", {f"0x{WALLET}"}),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", {f"bc1q{COINS}"}),
        ("is it report.pdf? or item.is_new, 2 pcs @3.50", set()),
        ("see report.pdf, e.g. page 3.5 of U.S. mail", set()),
        ("It is done.Thanks", set()),
    ],
)
def test_addresses_are_read_as_they_stand(text: str, found: set[str]) -> None:
    """Mail, web, accounts; neither files nor abbreviations nor the end of a sentence."""
    assert values(text) == found


@pytest.mark.parametrize(
    "other",
    [
        "https://harbour.example.evil.io/a",
        "https://harbour.example/b",
        "https://harbour.example/a?to=evil",
        "https://harbour.example:8080/a",
        "https://h\u0430rbour.example/a",
    ],
)
def test_another_page_is_another_address(other: str) -> None:
    """Longer host, other path, query, port, or a letter that only looks the same."""
    assert find_address(other) != find_address("https://harbour.example/a")


def test_scheme_and_case_of_a_host_make_no_other_address() -> None:
    """They lead to the same place."""
    same = {find_address(one) for one in ("www.a.example/X", "http://WWW.A.example/X/")}

    assert len(same) == 1


@pytest.mark.parametrize(
    "text",
    [
        "go to hxxps://evil[.]example/x",
        "go to evil (dot) io",
        "write me at ben [at] evil [dot] io",
        "https%3A%2F%2Fevil.example%2Fx",
        "&#104;ttps://evil.example",
        f"read {base64.b64encode(LINK.encode()).decode()}",
        f"read {LINK.encode().hex()}",
        f"read {base64.b64encode(base64.b64encode(LINK.encode())).decode()}",
        "www.ev\u200bil.example",
        "\u0435vil.io",
        "\uff57\uff57\uff57\uff0eevil\uff0eio",
        "https : / / evil.example",
        "see _evil.io_ or evil.io-",
        "pay to de89370400440532013000",
        "pay to DE89.3704.0044.0532.0130.00",
        "pay to IBANde89_3704_0044_0532_0130_00",
    ],
)
def test_a_hidden_address_is_found(text: str) -> None:
    """Brackets and words for signs, encodings, invisible and look-alike letters, blanks."""
    assert hidden(text) or is_disguised(text) or addresses(text)
    assert hidden(text) or is_disguised(text)


@pytest.mark.parametrize(
    "text",
    [
        "w w w . evil . io",
        "elpmaxe.live.www",
        "http://a.example@evil.example/",
        "javascript:x()",
        "smb://a.example/x",
        "git+ssh://a.example",
        "http:/evil.example",
        '"a b"@evil.io',
    ],
)
def test_what_begins_an_address_and_cannot_be_read_is_told(text: str) -> None:
    """Blanks inside, turned round, a user before the host, a scheme of its own."""
    assert is_disguised(text)


@pytest.mark.parametrize(
    "text",
    [
        "See www.harbour.example/figures or ana@harbour.example.",
        "We meet at noon; the red dot in the middle is ours.",
        "Look at www.harbour.example for more: all of it is there.",
        "Digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.",
        "https://harbour.example/a%20b?x=%41",
        "Gr\u00fc\u00dfe aus K\u00f6ln \u2013 bis Freitag\u2026",
        "File: notes.txt. Data: none. Tel: later.",
    ],
)
def test_a_plain_text_hides_nothing(text: str) -> None:
    """Whatever is held for nothing teaches people to agree without reading."""
    assert (hidden(text), is_disguised(text)) == (frozenset(), False)


def test_numbers_are_read_with_a_point_and_thousands() -> None:
    """What could be read in two ways is no number."""
    assert numbers("pay 1,200.50, then 12.00 and 7; not 1.200,50 or 3rd") == {
        Decimal("1200.50"),
        Decimal(12),
        Decimal(7),
    }


@pytest.mark.parametrize("value", [True, "12 or 13", "abc", None, float("inf"), [1]])
def test_what_is_no_one_number_is_none(value: object) -> None:
    """Flags, texts with more in them, and infinity."""
    assert find_number(value) is None
