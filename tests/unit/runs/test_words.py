"""What people wrote stands once, masked, under a name of its own, and is read in one place."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from runs import audit, snapshots, words
from runs.records.person import Customer
from runs.snapshots import Masked, Terms
from runs.store.store import Store
from tests.builders import TERMS, make_customer, make_store
from tests.unit.memory_store.builders import lesson

pytestmark = pytest.mark.both_databases


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


@pytest.fixture
def customer(store: Store) -> Customer:
    """Whose people write."""
    return make_customer(store)


def say(store: Store, customer: Customer, text: str, terms: Terms = TERMS) -> str:
    """Somebody writes something; its name."""
    with store.change(customer, "ana") as change:
        return words.say(change, text, terms)


def test_words_are_masked_before_they_are_kept(store: Store, customer: Customer) -> None:
    """What may not be kept is nowhere in the record."""
    terms = Terms(lambda text: Masked(text.replace("4711", "[masked]"), 1), None)

    name = say(store, customer, "call 4711", terms)

    row = store.ledger.rows(sa.text("SELECT content, masked FROM snapshots"))[0]  # pyright: ignore[reportArgumentType] -- plain SQL
    assert words.words(store, customer, name) == "call [masked]"
    assert "4711" not in row["content"]
    assert row["masked"] == 1


def test_nothing_said_has_no_name(store: Store, customer: Customer) -> None:
    """And reads as nothing."""
    assert say(store, customer, "  ") == ""
    assert words.words(store, customer, "") == ""


def test_the_same_words_of_two_people_have_two_names(store: Store, customer: Customer) -> None:
    """Erasing one leaves the other."""
    first, second = say(store, customer, "ok"), say(store, customer, "ok")
    snapshots.erase(store, customer, "olga", first)

    assert words.words(store, customer, first) == "[erased 2026-03-02 09:00 UTC by olga]"
    assert words.words(store, customer, second) == "ok"
    assert audit.verify(store.database).ok


def test_a_value_tells_its_quotes_wherever_they_stand(store: Store, customer: Customer) -> None:
    """In lists, in parts of a text, more than once; what only looks like a quote stays."""
    name = say(store, customer, "no capacity")
    value = {
        "why": f"rejected: {words.quote(name)}",
        "all": [
            words.quote(name),
            3,
            None,
            "\u00abbonjour\u00bb",
            words.quote("sha256:" + "0" * 64),
        ],
    }

    told = words.told(store, customer, value)

    assert told["why"] == "rejected: no capacity"
    assert told["all"][:4] == ["no capacity", 3, None, "\u00abbonjour\u00bb"]
    assert told["all"][4] == value["all"][4]


def test_another_customers_words_are_never_told(store: Store, customer: Customer) -> None:
    """Whoever knows the digest reads nothing by it."""
    name = say(store, customer, "a secret of acme")
    other = make_customer(store, "bolt")

    assert words.words(store, other, name) == words.quote(name)


def test_a_text_quoted_in_words_is_not_told_by_them(store: Store, customer: Customer) -> None:
    """What somebody typed opens nothing."""
    inner = say(store, customer, "inner")
    outer = say(store, customer, f"see {words.quote(inner)}")

    assert words.words(store, customer, outer) == f"see {words.quote(inner)}"


def test_a_lesson_is_quoted_by_its_id_and_gone_once_erased(
    store: Store, customer: Customer
) -> None:
    """The briefing and the plan that quote it then say so."""
    store.lessons.propose(customer, "run:r-1", lesson(id="lesson-1", text="Ask first."))
    quoted = f"lesson-1: {words.quote('lesson-1')}"
    assert words.told(store, customer, quoted) == "lesson-1: Ask first."

    store.lessons.erase(customer, "olga", "lesson-1")

    assert words.told(store, customer, quoted) == (
        "lesson-1: [erased 2026-03-02 09:00 UTC by olga]"
    )


def test_a_thousand_quotes_are_read_together(store: Store, customer: Customer) -> None:
    """A list pays for its length in rows, not in statements."""
    with store.change(customer, "ana") as change:
        names = [words.say(change, f"text {n}", TERMS) for n in range(1_000)]
    asked: list[str] = []
    event.listen(
        store.database.engine, "before_cursor_execute", lambda *told: asked.append(told[2][:6])
    )

    told = words.told(store, customer, [words.quote(name) for name in names])

    assert told == [f"text {n}" for n in range(1_000)]
    assert asked.count("SELECT") <= 3


def test_where_words_could_not_be_erased_they_are_left_out() -> None:
    """A notice in a file says that something was said, not what."""
    title = f"Update to the customer: {words.quote('sha256:' + '0' * 64)}"

    assert words.untold(title) == "Update to the customer: \u2026"
