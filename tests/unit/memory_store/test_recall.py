"""What a run is told: never another customer's, never out of force, never over its budget."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_store.memory.memory import Memory
from memory_store.recall import MOST, Arm, Pack, lexical, line, rank, recall
from runs.records.lesson import Lesson
from tests.builders import NOW
from tests.unit.memory_store.builders import ACME, lesson, shelved
from tools.tokens import count_tokens

WORDS = ["refund", "invoice", "login", "dispute", "tier", "amount", "owner", "queue", "delivery"]

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
lessons = st.builds(
    lesson,
    id=st.integers(0, 400).map(lambda n: f"lesson-{n}"),
    kind=st.sampled_from(["rule", "preference", "failure", "lesson", "example", "roi"]),
    status=st.sampled_from(["active", "active", "active", "proposed", "retired", "superseded"]),
    subject=st.sampled_from(WORDS),
    text=texts,
    workflow=st.sampled_from(["", "desk", "partners"]),
    valid_until=st.sampled_from([None, NOW + timedelta(days=1), NOW, NOW - timedelta(days=1)]),
)
shelves = st.lists(lessons, max_size=25, unique_by=lambda one: one.id)


def ask(memory: Memory, question: str = "refund of an invoice", budget: int = 400) -> Pack:
    """Acme's pack for its desk."""
    return recall(memory, ACME, question=question, workflow="desk", budget_tokens=budget, now=NOW)


def filed(count: int, **changed: str) -> list[Lesson]:
    """Lessons about as many different things."""
    one = "The {0} of the queue is read before the owner of ticket {1} is asked."
    return [
        lesson(
            id=f"lesson-{n:03}",
            subject=f"desk.s{n:03}",
            **{"text": one.format(WORDS[n % 9], n)} | changed,
        )
        for n in range(count)
    ]


@settings(max_examples=150, deadline=None)
@given(
    ours=shelves, theirs=shelves, question=texts, budget=st.integers(0, 900), chosen=st.booleans()
)
def test_a_pack_holds_only_the_customers_lessons_in_force_and_fits(
    ours: list[Lesson], theirs: list[Lesson], question: str, budget: int, *, chosen: bool
) -> None:
    """For every shelf, question and budget, though both customers use the same ids."""
    memory = shelved(ours, theirs)
    workflow = "desk" if chosen else ""
    pack = recall(memory, ACME, question=question, workflow=workflow, budget_tokens=budget, now=NOW)

    in_force = {one.id: one for one in ours if one.status == "active"}
    in_force = {id: o for id, o in in_force.items() if o.valid_until is None or o.valid_until > NOW}
    assert all(in_force[one.id] == one for one in pack.lessons)
    assert count_tokens(pack.text) == pack.tokens <= budget
    assert len(pack.lessons) + len(pack.dropped) == len(in_force)
    assert {one.lesson for one in pack.dropped} == in_force.keys() - {o.id for o in pack.lessons}


@settings(max_examples=40, deadline=None)
@given(ours=shelves, question=texts, order=st.randoms(use_true_random=False))
def test_the_same_lessons_and_question_give_the_same_pack(
    ours: list[Lesson], question: str, order: object
) -> None:
    """Whatever order the record hands them over in."""
    shuffled = list(ours)
    order.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue] -- a Random in disguise

    assert ask(shelved(ours), question) == ask(shelved(shuffled), question)


def test_what_fits_is_taken_whole() -> None:
    """For a young customer no search beats everything."""
    kept = filed(4)
    pack = ask(shelved(kept), budget=1500)

    assert (pack.mode, pack.dropped, pack.places) == ("all", (), ())
    assert list(pack.lessons) == kept
    assert pack.text.splitlines() == [line(one) for one in kept]


def test_an_empty_memory_gives_an_empty_pack() -> None:
    """Nothing learnt is nothing said, whatever the budget."""
    pack = ask(shelved([]), budget=0)

    assert (pack.lessons, pack.text, pack.tokens, pack.mode) == ((), "", 0, "all")


def test_rules_and_preferences_come_by_their_key_before_anything_likely() -> None:
    """A rule need not share a word with the question to hold."""
    rule = lesson(id="rule-1", kind="rule", subject="desk.tone", text="Everybody is greeted.")
    wish = lesson(id="wish-1", kind="preference", subject="desk.form", text="Short pages please.")
    pack = ask(shelved([*filed(60, text="refund of an invoice"), wish, rule]))

    assert pack.mode == "ranked"
    assert [one.id for one in pack.lessons[:2]] == ["rule-1", "wish-1"]
    assert [place.lesson for place in pack.places if place.is_pinned] == ["rule-1", "wish-1"]


def test_a_rule_of_another_workflow_competes_like_any_other_lesson() -> None:
    """What holds elsewhere may still teach something; it steers nothing here."""
    foreign = lesson(id="rule-1", kind="rule", workflow="partners", text="Nothing alike at all.")
    pack = ask(shelved([*filed(60), foreign]))

    assert not [place for place in pack.places if place.is_pinned]


def test_pinned_lessons_over_their_share_are_told_when_they_are_dropped() -> None:
    """Never a silent loss: the owner of the rules shortens or retires some."""
    rules = filed(40, kind="rule", text="word " * 40)
    pack = ask(shelved(rules), budget=500)

    assert 0 < len(pack.lessons) < 40
    assert {one.reason for one in pack.dropped} == {"pinned_over_budget"}


def test_the_likeliest_are_taken_and_each_place_is_explained() -> None:
    """The ranks of both arms and the score stand beside every lesson."""
    wanted = lesson(id="wanted", text="A disputed delivery is credited at once.")
    pack = ask(shelved([*filed(60), wanted]), "was a disputed delivery credited?")

    assert pack.places[0]._replace(score=0.0) == ("wanted", False, 1, 1, 0.0)
    assert pack.places[0].score == pytest.approx(1.25 * (1 / 11 + 1 / 11), abs=1e-6)
    assert "wanted" in [one.id for one in pack.lessons]
    assert (pack.embedder, pack.source) == ("hash-ngram-v1", "sql")


def test_the_same_workflow_is_preferred_where_all_else_is_equal() -> None:
    """Between twins, the one from this desk."""
    said = "A disputed delivery is credited at once."
    here, there = (lesson(id=f"{w}-1", workflow=w, text=said) for w in ("desk", "partners"))
    pack = ask(shelved([*filed(60), there, here]), "disputed delivery")
    order = [place.lesson for place in pack.places]

    assert order[0] == "desk-1"
    assert "partners-1" in order[1:5]


@pytest.mark.parametrize(("weight", "first"), [(1.0, "a"), (3.0, "b")])
def test_a_better_embedder_outweighs_the_words(weight: float, first: str) -> None:
    """Its ranks count three times those of shared words; equal scores go by id."""
    words = [(id, 1.0) for id in "axyzb"]
    vectors = [(id, 1.0) for id in "bxyza"]
    kept = [lesson(id=id) for id in "ab"]

    ranked = rank(kept, (Arm(1.0, words), Arm(weight, vectors)), "desk")

    assert ranked[0].lesson == first


def test_at_most_twenty_are_taken_by_likeness() -> None:
    """A large budget is no reason to bury the reader."""
    pack = ask(shelved(filed(120)), budget=3000)

    assert (pack.mode, len(pack.lessons)) == ("ranked", MOST)
    assert {one.reason for one in pack.dropped} == {"over_budget", "unlike"}


@pytest.mark.parametrize(
    "count",
    [len, lambda text: len(text.encode()), lambda text: len(text) * (1 + text.count("\n"))],
    ids=["letters", "bytes", "dear lines"],
)
def test_no_counter_is_ever_exceeded(count: Callable[[str], int]) -> None:
    """Even one under which lines cost more together than apart."""
    memory = replace(shelved(filed(80)), count_tokens=count)

    for budget in (0, 50, 500, 2500):
        assert count(ask(memory, budget=budget).text) <= budget


def test_a_question_without_a_telling_word_still_gets_the_rules() -> None:
    """Neither arm says anything then."""
    rule = lesson(id="rule-1", kind="rule", subject="desk.tone", text="Everybody is greeted.")
    pack = ask(shelved([*filed(60), rule]), "is it the?")

    assert [one.id for one in pack.lessons] == ["rule-1"]


def test_words_are_compared_by_their_beginning_and_weighed_by_rarity() -> None:
    """Endings differ; a word in every lesson says little."""
    kept = [*filed(9), lesson(id="wanted", text="Disputes of the owner.")]

    assert lexical("a disputed owner", kept)[0][0] == "wanted"
    assert lexical("nothing shared", kept) == []
