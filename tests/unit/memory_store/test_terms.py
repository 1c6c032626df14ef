"""Until when a lesson holds, and whose word it needs."""

from datetime import timedelta

import pytest

from memory_store.lessons.terms import holds, is_person, needs_another, searched
from tests.builders import NOW
from tests.unit.memory_store.builders import lesson


@pytest.mark.parametrize("status", ["proposed", "superseded", "retired", "rejected", "erased"])
def test_only_an_active_lesson_holds(status: str) -> None:
    """Every other status is out of use."""
    assert holds(lesson(), NOW)
    assert not holds(lesson(status=status), NOW)


@pytest.mark.parametrize(("left", "expected"), [(1, True), (0, False), (-1, False)])
def test_a_lesson_holds_until_its_last_second(left: int, *, expected: bool) -> None:
    """At its end it no longer does."""
    assert holds(lesson(valid_until=NOW + timedelta(seconds=left)), NOW) is expected


@pytest.mark.parametrize("actor", ["", "worker", "cli", "run:r-1", "token:t-1"])
def test_a_machine_is_no_person(actor: str) -> None:
    """Neither is nobody."""
    assert not is_person(actor)
    assert is_person("ana")


@pytest.mark.parametrize("kind", ["rule", "preference", "roi"])
def test_what_steers_or_counts_needs_another_person(kind: str) -> None:
    """Nobody accepts their own rule, nor an outside text alone."""
    assert needs_another(lesson(kind=kind))
    assert needs_another(lesson(trust="external"))
    assert not needs_another(lesson(kind="failure", trust="human"))


def test_a_lesson_is_found_by_its_subject_and_payload_as_well() -> None:
    """A key such as `invoice.tolerance` is read as words."""
    text = searched(lesson(subject="invoice.due_date", payload={"condition": "item.amount > 9"}))

    assert "invoice due date" in text
    assert "item.amount > 9" in text
