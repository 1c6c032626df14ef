"""The index in real Chroma: used while it is sound, and never believed against SQL."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_store.embedding import hash_ngram
from memory_store.memory.collection import Entry, connect
from memory_store.memory.folder import FORM, HEADER, LENGTH, Folder
from memory_store.memory.index import Index, key_of
from memory_store.memory.memory import Memory
from memory_store.recall import recall
from runs.records.lesson import Lesson
from runs.records.person import Customer
from tests.builders import NOW
from tests.unit.memory_store.builders import ACME, BOLT, lesson, shelved, with_index

ROOT = Path(__file__).parents[2]
FILES = ("data_level0", "length")
NAME = "pilotage-hash-ngram-v1-256"
WORDS = ("refund", "invoice", "ticket", "charge", "card", "account", "dispute", "tier", "delivery")
QUESTIONS = ("refund of a disputed invoice", "card charged twice", "delivery of the tier")
LARGE = 1200
"""Above a thousand vectors Chroma writes its graph to disk; below it does not."""
WRITER = """
import os, signal, sys
from tests.integration.test_memory_index import acme, lessons_of
from tests.unit.memory_store.builders import shelved, with_index
memory = with_index(shelved(lessons_of("acme", 400)), {root!r})
print(memory.vectors.index_lessons(acme).state, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

acme = ACME


def lessons_of(customer: str, count: int) -> list[Lesson]:
    """Lessons whose texts name their customer, made the same every time."""
    chance = random.Random(customer)
    return [
        lesson(
            id=f"lesson-{n}",
            subject=f"desk.s{n}",
            text=f"{customer} {' '.join(chance.choices(WORDS, k=9))} case {n}.",
        )
        for n in range(count)
    ]


def answers(memory: Memory, customer: Customer = ACME) -> list[list[tuple[str, float]]]:
    """What is nearest to each question."""
    among = memory.in_force(customer, NOW)
    nearest = (memory.vectors.nearest(customer, q, among=among, most=10) for q in QUESTIONS)
    return [list(one.found) for one in nearest]


def source(memory: Memory, customer: Customer = ACME) -> str:
    """Where an answer comes from now."""
    among = memory.in_force(customer, NOW)
    return memory.vectors.nearest(customer, QUESTIONS[0], among=among, most=10).source


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """Two customers' lessons under the same ids, indexed."""
    made = with_index(shelved(lessons_of("acme", 40), lessons_of("bolt", 40)), tmp_path)
    assert made.vectors.index_lessons(ACME).state == "rebuilt"
    yield made
    assert made.vectors.index
    made.vectors.index.close()


class Built(NamedTuple):
    """A large index that was closed in order, and what exact search answers."""

    root: Path
    memory: Memory
    exact: list[list[tuple[str, float]]]

    def copy(self, root: Path) -> Memory:
        """Another process over a copy of the index."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return with_index(self.memory, root)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Made once, copied by every test that damages it."""
    root = tmp_path_factory.mktemp("built")
    memory = shelved(lessons_of("acme", LARGE))
    made = with_index(memory, root)
    made.vectors.index_lessons(ACME)
    assert made.vectors.index
    made.vectors.index.close()
    return Built(root, memory, answers(memory))


def test_the_index_answers_what_exact_search_answers(memory: Memory) -> None:
    """Ids and cosines, in the same order."""
    exact = shelved(lessons_of("acme", 40), lessons_of("bolt", 40))

    assert (source(memory), source(exact)) == ("index", "sql")
    assert answers(memory) == answers(exact)
    assert answers(memory, BOLT) == answers(exact, BOLT)


def test_a_pack_is_the_same_with_and_without_the_index(memory: Memory) -> None:
    """Only where it was searched differs."""
    exact = shelved(lessons_of("acme", 40), lessons_of("bolt", 40))
    packs = [
        recall(one, ACME, question=QUESTIONS[0], workflow="desk", budget_tokens=600, now=NOW)
        for one in (memory, exact)
    ]

    assert [pack.source for pack in packs] == ["index", "sql"]
    assert packs[0].places == packs[1].places
    assert packs[0].text == packs[1].text


def test_what_was_just_accepted_is_found_and_what_was_retired_is_not(memory: Memory) -> None:
    """SQL decides; the index follows with its next job."""
    fresh = lesson(id="fresh", text="refund of a disputed invoice at once")
    memory.store.propose(ACME, "dan", fresh)
    best = answers(memory)[0][1][0]
    memory.store.decide(ACME, "ana", best, status="retired", by="ana")

    assert answers(memory)[0][0][0] == "fresh"
    assert best not in [id for id, _ in answers(memory)[0]]
    assert memory.vectors.index_lessons(ACME).state == "ready"
    assert answers(memory)[0][0][0] == "fresh"
    kept = memory.store.vectors(ACME, memory.vectors.embedder.name)
    assert all(vector.indexed for vector in kept)


def test_an_index_that_holds_mostly_retired_lessons_is_made_again(tmp_path: Path) -> None:
    """Nothing is ever deleted from it; it is replaced, and the old files are gone."""
    made = with_index(shelved(lessons_of("acme", 30)), tmp_path)
    made.vectors.index_lessons(ACME)
    for number in range(20):
        made.store.decide(ACME, "ana", f"lesson-{number}", status="retired", by="ana")
    assert made.vectors.index
    made.vectors.index.close()

    assert made.vectors.index_lessons(ACME).reason == "most of it is no longer wanted"
    assert made.vectors.index.held("acme") == {f"lesson-{n}" for n in range(20, 30)}
    assert sorted(path.name for path in (tmp_path / NAME).glob("g*")) == ["g2"]


def test_a_rebuild_leaves_nothing_of_a_lesson_that_is_gone(memory: Memory, tmp_path: Path) -> None:
    """Erasing is forgetting in SQL, then making the index again."""
    memory.store.decide(ACME, "ana", "lesson-7", status="erased", by="ana")
    vector = memory.vectors.embedder.embed(["x"])[0].tobytes()
    assert memory.vectors.rebuild("a lesson was erased").state == "rebuilt"

    files = [path.read_bytes() for path in (tmp_path / NAME).rglob("*") if path.is_file()]
    assert not any(key_of("acme", "lesson-7").encode() in content for content in files)
    assert any(key_of("acme", "lesson-8").encode() in content for content in files)
    assert vector not in files


def test_an_erased_lesson_is_out_of_the_index_with_the_next_job(
    memory: Memory, tmp_path: Path
) -> None:
    """Whatever else the job has to do; the others are still found."""
    assert memory.vectors.index
    assert "lesson-7" in memory.vectors.index.held("acme")
    memory.store.erase(ACME, "ana", "lesson-7")

    assert memory.vectors.index_lessons(ACME).reason == "a lesson was erased"
    assert memory.vectors.index_lessons(ACME).state == "ready"

    files = [path.read_bytes() for path in (tmp_path / NAME).rglob("*") if path.is_file()]
    assert not any(key_of("acme", "lesson-7").encode() in content for content in files)
    assert "lesson-8" in memory.vectors.index.held("acme")


def test_no_text_of_a_lesson_is_in_the_index(memory: Memory, tmp_path: Path) -> None:
    """Ids, vectors and names of kinds; a word of a text would outlive its erasure."""
    assert memory.vectors.index
    memory.vectors.index.close()
    files = [path.read_bytes() for path in (tmp_path / NAME).rglob("*") if path.is_file()]

    assert any(b"lesson-7" in content for content in files)
    assert not any(word.encode() in content for content in files for word in ("invoic", "deliver"))


@pytest.mark.parametrize("count", [40, LARGE])
def test_the_room_that_is_kept_for_vectors_to_come_is_empty(tmp_path: Path, count: int) -> None:
    """Chroma writes there what stood in the process's memory: anybody's words."""
    lessons = shelved(lessons_of("acme", count))
    memory = with_index(lessons, tmp_path)
    memory.vectors.index_lessons(ACME)
    [header] = (tmp_path / NAME).rglob("header.bin")
    form, _, room, used, size = HEADER.unpack_from(header.read_bytes())
    graph, lengths = (header.with_name(f"{name}.bin").read_bytes() for name in FILES)
    assert memory.vectors.index
    memory.vectors.index.close()
    again = with_index(lessons, tmp_path)

    assert (form, len(graph) <= room * size, len(lengths) <= room * LENGTH) == (FORM, True, True)
    assert len(graph) >= used * size
    assert not any(graph[used * size :] + lengths[used * LENGTH :])
    assert again.vectors.index_lessons(ACME).state == "ready"
    assert again.vectors.index
    again.vectors.index.close()


def test_nobody_waits_for_an_index_that_is_being_written(memory: Memory) -> None:
    """Another thread is answered from SQL meanwhile."""
    exact = answers(memory)
    index = memory.vectors.index
    assert index

    with index._guard, ThreadPoolExecutor(1) as thread:
        meanwhile = thread.submit(lambda: (source(memory), answers(memory))).result(timeout=60)

    assert meanwhile == ("sql", exact)


def test_a_second_process_leaves_the_index_alone_and_answers_from_sql(
    memory: Memory, tmp_path: Path
) -> None:
    """Two writers on one path lose vectors without a word."""
    second = with_index(shelved(lessons_of("acme", 40), lessons_of("bolt", 40)), tmp_path)

    assert second.vectors.index_lessons(ACME).state == "not_ours"
    assert second.vectors.rebuild("why not").state == "not_ours"
    assert (source(second), answers(second)) == ("sql", answers(memory))
    assert source(memory) == "index"


def test_without_the_lease_nothing_is_written(tmp_path: Path) -> None:
    """The lock keeps out this machine's processes, the lease those of others."""
    held = [True]
    index = Index(tmp_path, hash_ngram(256), has_lease=lambda: held[0])
    made = shelved(lessons_of("acme", 5))
    made = with_index(made, tmp_path, index=index)
    assert made.vectors.index_lessons(ACME).state == "rebuilt"
    held[0] = False

    made.store.propose(ACME, "dan", lesson(id="fresh"))
    assert made.vectors.index_lessons(ACME).state == "not_ours"
    assert made.vectors.rebuild("again").state == "not_ours"
    assert Folder(tmp_path / NAME).lock()
    assert Folder(tmp_path / NAME).state() == "sealed"
    assert "fresh" in [id for found in answers(made) for id, _ in found]


def garbage(file: Path) -> None:
    """Nothing of it is left."""
    file.write_bytes(random.Random(1).randbytes(file.stat().st_size))


def half(file: Path) -> None:
    """The disk was full."""
    os.truncate(file, file.stat().st_size // 2)


DAMAGE = [
    (True, "chroma.sqlite3", garbage),
    (True, "data_level0.bin", half),
    (False, "chroma.sqlite3", garbage),
    (False, "chroma.sqlite3", half),
    (False, "chroma.sqlite3", Path.unlink),
    (False, "data_level0.bin", garbage),
    (False, "header.bin", half),
    (False, "link_lists.bin", Path.unlink),
]


@pytest.mark.parametrize(("is_sealed", "name", "damage"), DAMAGE)
def test_a_damaged_index_neither_ends_the_process_nor_changes_an_answer(
    built: Built, tmp_path: Path, name: str, damage: Callable[[Path], None], *, is_sealed: bool
) -> None:
    """What was closed in order is known by its seal, what was not is probed in a child process."""
    made = built.copy(tmp_path)
    damage(next(tmp_path.rglob(name)))
    if not is_sealed:
        next(tmp_path.rglob("*.seal")).unlink()

    assert answers(made) == built.exact
    opened = made.vectors.index_lessons(ACME)
    assert opened.state == "rebuilt" or not is_sealed
    assert (source(made), answers(made)) == ("index", built.exact)
    assert made.vectors.index
    made.vectors.index.close()
    assert Folder(tmp_path / NAME).state() == "sealed"


def test_an_index_that_breaks_while_it_is_open_is_replaced_by_sql_at_once(
    memory: Memory, tmp_path: Path
) -> None:
    """The answer stays the same, and the next job mends it."""
    exact = answers(memory)
    garbage(next(tmp_path.rglob("chroma.sqlite3")))

    assert answers(memory) == exact
    assert source(memory) == "sql"
    assert memory.vectors.index_lessons(ACME).state == "rebuilt"
    assert (source(memory), answers(memory)) == ("index", exact)


def test_a_sound_index_is_opened_as_it_is(built: Built, tmp_path: Path) -> None:
    """No vector is written again."""
    made = built.copy(tmp_path)

    assert made.vectors.index_lessons(ACME) == ("ready", "")
    assert made.vectors.index
    made.vectors.index.close()


def test_a_writer_that_was_killed_leaves_an_index_that_is_looked_at_first(tmp_path: Path) -> None:
    """Its vectors are used if they are all there, and SQL has them anyway."""
    program = WRITER.format(root=str(tmp_path))
    killed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert (killed.returncode, killed.stdout.strip()) == (-signal.SIGKILL, "rebuilt")
    assert Folder(tmp_path / NAME).state() == "left_open"

    made = with_index(shelved(lessons_of("acme", 400)), tmp_path)
    assert made.vectors.index_lessons(ACME).state == "ready"
    assert answers(made) == answers(shelved(lessons_of("acme", 400)))
    assert made.vectors.index
    made.vectors.index.close()


@settings(max_examples=15, deadline=None)
@given(
    question=st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join),
    planted=st.lists(st.sampled_from([("bolt", n) for n in range(12)] + [("none", 1)]), max_size=6),
    label=st.sampled_from(["acme", "bolt"]),
)
def test_planted_labels_never_show_one_customer_the_others_lessons(
    tmp_path_factory: pytest.TempPathFactory,
    question: str,
    planted: list[tuple[str, int]],
    label: str,
) -> None:
    """Whatever somebody writes into Chroma, SQL is asked whose a lesson is."""
    root = tmp_path_factory.mktemp("planted")
    ours, theirs = lessons_of("acme", 12), lessons_of("bolt", 12)
    made, exact = with_index(shelved(ours, theirs), root), shelved(ours, theirs)
    made.vectors.index_lessons(ACME)
    plant(root, [key_of(owner, f"lesson-{n}") for owner, n in planted], question, label)

    for customer, name in ((ACME, "acme"), (BOLT, "bolt")):
        pack = recall(
            made, customer, question=question, workflow="desk", budget_tokens=200, now=NOW
        )
        assert all(one.text.startswith(name) for one in pack.lessons)
        own = {one.id for one in made.in_force(customer, NOW)}
        assert {place.lesson for place in pack.places} <= own
    if label == "acme":
        assert answers(made) == answers(exact)
    assert made.vectors.index
    made.vectors.index.close()


def plant(root: Path, keys: list[str], question: str, label: str) -> None:
    """Vectors that are sure to be found, under these keys, labelled as this customer's."""
    [vector] = hash_ngram(256).embed([question])
    client = connect(next((root / NAME).glob("g?")), NAME)
    client.upsert([Entry(key, vector, label, "lesson", "desk") for key in sorted(set(keys))])


def test_foreign_labels_put_the_index_out_of_use_until_it_is_made_again(
    memory: Memory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer comes from SQL at once, the alarm is logged, the next job mends it."""
    plant(tmp_path, [key_of("bolt", "lesson-3")], QUESTIONS[0], "acme")

    assert answers(memory) == answers(shelved(lessons_of("acme", 40)))
    assert "no longer trusted" in caplog.text
    assert source(memory) == "sql"
    opened = memory.vectors.index_lessons(ACME)
    assert (opened.state, source(memory)) == ("rebuilt", "index")


def test_nothing_is_ever_embedded_by_chroma(tmp_path: Path) -> None:
    """A text given by mistake raises here; Chroma would fetch a model for it."""
    collection = connect(tmp_path / "one", NAME)

    with pytest.raises(TypeError, match="never texts"):
        collection._collection.query(query_texts=["refund"])
    collection.close()
