"""What a text says and its evidence does not is found, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import grounds

EVIDENCE = (
    "dry run, wrong auto: pass: 3 of 1,204 (1.2% to 4.5%)",
    "stage reached: desk stands at most; owner: ana; way back rehearsed in 0.4 s; see https://a.io/x",
)


@pytest.mark.parametrize(
    "text",
    [
        "The desk stands at most.",
        "3 of 1204 items were wrong, between 1.2% and 4.5 %.",
        "3 of 1,204, as https://a.io/x shows, with a way back rehearsed in 0.4 s.",
        "３ of 1,204 items were wrong.",
        "Ana is the owner.",
        "",
    ],
)
def test_what_the_evidence_says_may_be_said(text: str) -> None:
    """With marks of thousands or without, in whatever width."""
    assert grounds.find(text, EVIDENCE) == []


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("99.9% were not wrong.", "figure", "99.9%"),
        ("3% were wrong.", "figure", "3%"),
        ("It cost $3.", "figure", "$3"),
        ("It was -3 of 1204.", "figure", "-3"),
        ("It was 12O items.", "figure", "12O"),
        ("½ of them were wrong.", "figure", "1"),
        ("Ⅻ of them were wrong.", "figure", "XII"),
        ("一 of them was wrong.", "figure", "一"),
        ("Ninety of them were wrong.", "amount", "Ninety"),
        ("No item was wrong.", "amount", "No"),
        ("Half were wrong.", "amount", "Half"),
        ("It stands on Monday.", "time", "Monday"),
        ("It stands in May.", "time", "May"),
        ("It stands from tomorrow.", "time", "tomorrow"),
        ("See https://b.io/x.", "link", "https://b.io/x."),
        ("See b.io for more.", "link", "b.io"),
        ("Write to a@b.io.", "link", "a@b.io."),
        ("[here](x)", "link", "]("),
        ("We guarantee it.", "promise", "guarantee"),
        ("We’ll see to it.", "promise", "We'll"),
        ("You are refunded.", "promise", "refunded"),
        ("It was approved.", "claim", "approved"),
        ("All is safe.", "claim", "safe"),
        ("zerо were wrong", "script", "zerо"),
        ("Wir grüßen, 保证.", "script", "保证"),
        ("We are guaranteeing it.", "promise", "guaranteeing"),
        ("It is refundable.", "promise", "refundable"),
        ("It keeps approving them.", "claim", "approving"),
        ("It is more securely done.", "claim", "securely"),
        ("Wir garantieren es.", "promise", "garantieren"),
        ("Es ist genehmigt.", "claim", "genehmigt"),
        ("On rembourse.", "promise", "rembourse"),
        ("Alle sind da.", "amount", "Alle"),
        ("Es ist am Montag so weit.", "time", "Montag"),
        ("Wir geben das Geld zurück.", "language", "geld"),
        ("Oddamy pieniadze wszystkim klientom.", "language", "klientom"),
        ("It is done as Contoso asked.", "name", "Contoso"),
        ("SAP is part of it.", "name", "SAP"),
        ("It does not stand.", "denial", "stand"),
        ("The stage was never reached.", "denial", "reached"),
        ("The way back isn't rehearsed.", "denial", "rehearsed"),
        ("Nothing went wrong elsewhere.", "denial", "wrong"),
        ("one\u2028two", "hidden", "U+2028"),
        ("one\u2029two", "hidden", "U+2029"),
        ("no\u200bne were wrong", "hidden", "U+200B"),
        ("\u202e3 of 1204", "hidden", "U+202E"),
    ],
)
def test_what_the_evidence_does_not_say_is_told(text: str, kind: str, says: str) -> None:
    """As it stands in the text, with what it is."""
    assert (kind, says) in grounds.find(text, EVIDENCE)


DENIED = ("The stage was not reached; the drill went well.", "Die Daten speichern wir nicht.")


@pytest.mark.parametrize(
    "text", ["The stage was reached.", "Daten speichern wir.", "The drill never went well."]
)
def test_what_the_evidence_denies_is_not_affirmed_nor_the_other_way(text: str) -> None:
    """The words are the same; what they say is not."""
    assert "denial" in {one.kind for one in grounds.find(text, DENIED)}


@pytest.mark.parametrize(
    "text",
    [
        "The stage was not reached.",
        "The stage wasn't reached, and the drill went well.",
        "Wir speichern die Daten nicht.",
    ],
)
def test_what_the_evidence_denies_may_be_denied(text: str) -> None:
    """In the words of the evidence, in whichever order."""
    assert grounds.find(text, DENIED) == []


def test_a_title_gives_its_names_and_nothing_else() -> None:
    """What the work is called is said by people, and proves nothing."""
    title = ["Reach 99% with Contoso"]

    assert grounds.find("The work with Contoso stands.", EVIDENCE, named=title) == []
    assert grounds.find("The work stands at 99%.", EVIDENCE, named=title) == [("figure", "99%")]


@pytest.mark.parametrize("text", ["Ⅻ of them", "It is ④."])
def test_a_number_in_another_form_is_a_figure(text: str) -> None:
    """Whatever it is written in."""
    assert grounds.find(text, ("nothing",))


def test_each_thing_is_told_once() -> None:
    """A list that repeats itself helps nobody."""
    assert grounds.find("We guarantee, guarantee 7 and 7.", ()) == [
        ("figure", "7"),
        ("promise", "guarantee"),
    ]


@given(st.text(max_size=60), st.integers(min_value=10_000, max_value=10**12))
def test_a_figure_that_no_evidence_has_is_always_found(around: str, figure: int) -> None:
    """Whatever stands around it."""
    found = grounds.find(f"{around} {figure} items", ("3 of 120 items",))

    assert any(str(figure) in one.says for one in found)


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("This is how the work on the tickets ended: the release is held.", []),
        ("You get your money back.", ["get", "money", "back"]),
        ("The tickets can do it.", ["can", "do"]),
        ("Held \u2013 and the RELEASE as well.", ["well"]),
        ("Die Tickets ruhen.", ["Die", "ruhen"]),
    ],
)
def test_what_a_customer_reads_holds_no_word_of_its_own_that_says_something(
    text: str, strange: list[str]
) -> None:
    """Promises come in any words: everything but what joins them stands in the evidence."""
    assert grounds.find_words(text, ["blocker: the release is held", "Tickets"]) == strange
