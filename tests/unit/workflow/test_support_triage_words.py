"""The words of the sample: phrases, gaps, frames and slips of the finger."""

from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.samples import spelling
from workflow.samples.support_triage.generator import Ticket, tickets
from workflow.samples.support_triage.phrases import frames, situations, vague, words
from workflow.samples.support_triage.rendering import Gaps
from workflow.samples.support_triage.world import NEIGHBOURS, Desk, labels, neighbours
from workflow.samples.wording import CHOICE, GAP

DESKS: tuple[Desk, ...] = ("customers", "partners")


def few(desk: Desk) -> list[Ticket]:
    """Enough tickets to meet most phrases."""
    return tickets(seed=12, families=900, pool="live", desk=desk)


def test_a_label_has_many_phrases_in_three_languages() -> None:
    """At least 25 ways to put each label, with the same gaps in each language, never none."""
    for desk in DESKS:
        for found in situations(desk).values():
            assert len(found) >= 25
            for phrase in (*found, *vague(desk)):
                gaps = {frozenset(GAP.findall(text)) for text in phrase.texts.values()}

                assert set(phrase.texts) == {"en", "de", "es"}
                assert len(gaps) == 1
                assert all(gaps)
                assert set(phrase.labels) <= set(labels(desk))


def test_no_gap_stays_open() -> None:
    """No ticket shows a gap or a choice of its phrase."""
    said = [one.input["text"] or "" for one in (*few("customers"), *few("partners"))]

    assert [text for text in said if CHOICE.search(text) or GAP.search(text)] == []


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=80), seed=st.integers())
def test_slips_leave_digits_alone(text: str, seed: int) -> None:
    """Mistyping changes letters only, so that order numbers and amounts stay what they are."""
    typed = spelling.mistype(text, Random(seed))

    assert [one for one in typed if not one.islower()] == [one for one in text if not one.islower()]


def test_every_slip_can_happen() -> None:
    """A word of letters is changed by each kind of slip."""
    for kind in spelling.SLIPS:
        assert spelling.slip("refund", 2, kind) != "refund"


def test_every_gap_can_be_filled() -> None:
    """Whatever gap a phrase or frame leaves, a family has words for it in every language."""
    gaps = Gaps(
        item={"en": "lamp"},
        day={"en": "Monday"},
        amount=Decimal(12),
        order="HL-1",
        plan="Light Club",
        city="Cork",
        card="1",
        weeks="2",
        name="Inés",
        phone="1",
    )

    assert gaps.filled("mail", "en") == "ines@example.com"
    assert gaps.filled("amount", "en") == "€12.00"
    assert gaps.filled("item", "en") == "lamp"


def test_the_frames_belong_to_no_label() -> None:
    """Openings and asides exist in every language and at both desks."""
    for desk in DESKS:
        for part in vars(frames(desk)).values():
            assert all(len(part[language]) >= 3 for language in ("en", "de", "es"))
        assert len(words(desk).item) == 48


def test_a_neighbour_is_another_label_of_the_desk() -> None:
    """Whoever is mistaken names another label of the same desk."""
    assert set(NEIGHBOURS) == set(labels())
    for desk in DESKS:
        for label in labels(desk):
            assert neighbours(label, desk)
            assert set(neighbours(label, desk)) <= set(labels(desk)) - {label}
