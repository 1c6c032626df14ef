"""Duplicates by content, restatements by words; never a merge of what only looks alike."""

from typing import Any

import pytest

from memory_store.lessons.likeness import (
    content_key,
    differs,
    overlap,
    restated,
    similar,
)
from runs.records.lesson import Lesson
from tests.unit.memory_store.builders import lesson

LIMIT = "Refunds above 200 EUR go to the ops lead for a second look."
PARAPHRASE = "The ops lead takes a second look at refunds above 200 EUR."
CONTRADICTIONS = [
    "Refunds above 500 EUR go to the ops lead for a second look.",
    "Refunds above 200 EUR do not go to the ops lead for a second look.",
    "Refunds above 200 EUR never go to the ops lead for a second look.",
    "Refunds above 200 EUR go to the ops lead without a second look.",
]


def said(text: str, id: str = "lesson-2", **changed: Any) -> Lesson:
    """A lesson that says this, at any time."""
    return lesson(id=id, when="at any time", text=text, **changed)


def test_the_same_words_in_another_case_are_the_same_content() -> None:
    """Capitals make no second lesson."""
    assert content_key(said(LIMIT)) == content_key(said(LIMIT.upper(), id="lesson-3"))


@pytest.mark.parametrize(
    "changed",
    [{"kind": "rule"}, {"subject": "desk.other"}, {"workflow": ""}, {"payload": {"value": "1"}}],
)
def test_another_meaning_of_the_same_words_is_other_content(changed: dict[str, Any]) -> None:
    """Kind, subject, workflow and payload belong to what is said."""
    assert content_key(said(LIMIT)) != content_key(said(LIMIT, **changed))


def test_a_paraphrase_of_a_recalled_lesson_is_a_restatement() -> None:
    """A run that says back what it was told has learnt nothing."""
    recalled = said(LIMIT, id="lesson-1")

    assert restated(said(PARAPHRASE), [recalled]) == recalled


@pytest.mark.parametrize("text", CONTRADICTIONS)
def test_a_contradiction_is_never_taken_for_a_restatement(text: str) -> None:
    """It shares nearly every word with what it denies, and is shown beside it."""
    recalled = said(LIMIT, id="lesson-1")
    [near] = similar(said(text), [recalled])

    assert restated(said(text), [recalled]) is None
    assert overlap(said(text), recalled) > 0.6
    assert (near.lesson, near.differs) == ("lesson-1", True)


def test_a_correction_that_names_its_lesson_is_not_a_restatement() -> None:
    """Who supersedes says so."""
    recalled = said(LIMIT, id="lesson-1")

    assert restated(said(PARAPHRASE, supersedes="lesson-1"), [recalled]) is None


def test_two_rules_of_one_form_are_told_apart_by_their_payload() -> None:
    """Sentences made by one pattern share their words, not their condition."""
    one = said("Send to review when item.dispute is true", payload={"condition": "item.dispute"})
    two = said("Send to review when item.blocked is true", payload={"condition": "item.blocked"})

    assert restated(two, [one]) is None
    assert not differs(two, one)


def test_a_lesson_about_something_else_is_not_similar() -> None:
    """The reviewer is shown pairs, not the whole memory."""
    other = said("Tickets in Spanish carry the account number in their first line.", id="lesson-1")

    assert similar(said(LIMIT), [other]) == ()
    assert restated(said(LIMIT), [other]) is None


def test_the_nearest_are_shown_first_and_never_the_lesson_itself() -> None:
    """At most three, in an order that does not depend on the store's."""
    others = [said(PARAPHRASE, id=f"p-{n}") for n in range(4)] + [said(LIMIT, id="exact")]

    found = [one.lesson for one in similar(said(LIMIT), [*reversed(others), said(LIMIT)])]

    assert found == ["exact", "p-0", "p-1"]
