"""Drafts, lessons and a memory over a real record."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from memory_store.embedding import hash_ngram
from memory_store.lessons.draft import Draft
from memory_store.memory.index import Index
from memory_store.memory.memory import Memory
from memory_store.memory.vectors import Vectors
from policies.privacy import compile_mask
from runs.moves import LessonStatus
from runs.records.lesson import Lesson
from runs.records.person import Customer
from runs.store.lessons import StoredVector
from runs.store.store import Store
from tests.builders import NOW
from tools.tokens import count_tokens

ACME = Customer(id="acme", name="Acme", is_demo=False)
BOLT = Customer(id="bolt", name="Bolt", is_demo=False)
MASK = compile_mask((), ("email", "phone", "iban", "card"))


def draft(**changed: Any) -> Draft:
    """What a run learnt from a trial."""
    values: dict[str, Any] = {
        "kind": "lesson",
        "subject": "desk.lesson.refunds",
        "when": "a ticket asks for money back",
        "text": "Refund tickets that name two invoices are mostly duplicates of one charge.",
        "workflow": "desk",
        "run": "r-1",
        "evidence": ("r-1.fix.1",),
        "author": "run:r-1",
        "origins": ("trial",),
    }
    return Draft.model_validate(values | changed)


def lesson(**changed: Any) -> Lesson:
    """An active lesson that Ana accepted."""
    values: dict[str, Any] = {
        "id": "lesson-1",
        "status": "active",
        "trust": "evaluated",
        "payload": {},
        "accepted_by": "ana",
        "supersedes": "",
        "valid_until": None,
        "tokens": 20,
        "written_at": NOW,
    }
    said = draft().model_dump(exclude={"origins", "payload", "supersedes", "valid_until"})
    return Lesson.model_validate(values | said | changed)


def make_memory(store: Store, root: Path | None = None) -> Memory:
    """Memory over a real record; with a folder, over a real index as well."""
    embedder = hash_ngram()
    index = None if root is None else Index(root, embedder, has_lease=lambda: True)
    vectors = Vectors(
        store=store.lessons, embedder=embedder, customers=store.customers, index=index
    )
    return Memory(store=store.lessons, vectors=vectors, mask=MASK, count_tokens=count_tokens)


def keep(
    memory: Memory, customer: Customer, texts: dict[str, str], now: datetime = NOW, **changed: Any
) -> list[Lesson]:
    """Active lessons, one a subject and text, written and accepted by people."""
    kept = []
    for subject, text in texts.items():
        said = draft(subject=subject, text=text, author="dan", origins=("person",), **changed)
        proposed = memory.propose(customer, said, now=now).lesson
        kept.append(memory.accept(customer, "ana", proposed.id))
    return kept


class Shelf:
    """Lessons kept in this process: for properties over many of them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Lesson] = {}
        self.made: dict[tuple[str, str, str], StoredVector] = {}

    def propose(self, customer: Customer, actor: str, lesson: Lesson) -> Lesson:
        """Keep it, once."""
        return self.rows.setdefault((customer.id, lesson.id), lesson)

    def decide(
        self, customer: Customer, actor: str, id: str, *, status: LessonStatus, by: str
    ) -> Lesson:
        """Give it the status."""
        decided = self.get(customer, id).model_copy(update={"status": status, "accepted_by": by})
        self.rows[customer.id, id] = decided
        return decided

    def get(self, customer: Customer, id: str) -> Lesson:
        """The lesson of this id."""
        return self.rows[customer.id, id]

    def erase(self, customer: Customer, actor: str, id: str, *, reason: str = "") -> Lesson:
        """Without its words and vectors from now on."""
        blank = {"status": "erased", "when": "", "text": "", "payload": {}}
        self.rows[customer.id, id] = self.get(customer, id).model_copy(update=blank)
        self.made = {key: kept for key, kept in self.made.items() if key[2] != id}
        return self.rows[customer.id, id]

    def list(
        self, customer: Customer, *, status: str = "active", workflow: str | None = None
    ) -> list[Lesson]:
        """Those of one customer, of a status or of every one."""
        mine = [lesson for (owner, _), lesson in self.rows.items() if owner == customer.id]
        return [lesson for lesson in mine if status in ("", lesson.status)]

    def keep_vector(
        self, customer: Customer, id: str, embedder: str, *, vector: bytes, dimension: int
    ) -> None:
        """Keep it, once an embedder."""
        self.made.setdefault((customer.id, embedder, id), StoredVector(id, vector, indexed=False))

    def vectors(self, customer: Customer, embedder: str) -> Sequence[StoredVector]:
        """Those of the active lessons."""
        active = {lesson.id for lesson in self.list(customer)}
        wanted = (key for key in self.made if key[:2] == (customer.id, embedder))
        return [self.made[key] for key in wanted if key[2] in active]

    def mark_indexed(
        self, customer: Customer, embedder: str, ids: Sequence[str], *, indexed: bool = True
    ) -> None:
        """Say that the index holds them."""
        for id in ids:
            key = (customer.id, embedder, id)
            self.made[key] = self.made[key]._replace(indexed=indexed)


def shelved(ours: Sequence[Lesson], theirs: Sequence[Lesson] = ()) -> Memory:
    """Memory over lessons of Acme and Bolt that are there already."""
    shelf, embedder = Shelf(), hash_ngram(256)
    for customer, kept in ((ACME, ours), (BOLT, theirs)):
        for one in kept:
            shelf.propose(customer, "dan", one)
    vectors = Vectors(store=shelf, embedder=embedder, customers=lambda: (ACME, BOLT))
    return Memory(store=shelf, vectors=vectors, mask=MASK, count_tokens=count_tokens)


def with_index(memory: Memory, root: Path | str, index: Index | None = None) -> Memory:
    """The same memory, in the process that has the index."""
    index = index or Index(Path(root), memory.vectors.embedder, has_lease=lambda: True)
    return replace(memory, vectors=replace(memory.vectors, index=index))
