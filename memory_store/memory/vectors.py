"""Lessons found by likeness: from the index while it is sound, from SQL always."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory_store.embedding import Embedder, from_bytes, to_bytes
from memory_store.lessons.terms import searched
from memory_store.memory.collection import Entry
from memory_store.memory.index import Hit, Index, Opened, key_of
from memory_store.memory.record import Kept, LessonStore
from runs.records.lesson import Lesson
from runs.records.person import Customer

DIGITS = 4
"""Of a cosine that is compared: below them, index and SQL add up in another order."""

TIES = 10
"""Asked for beyond the last place, so that equals at the cut are told apart by id, as in SQL."""


class Nearest(NamedTuple):
    """Lesson ids and cosines, nearest first, and what was searched."""

    found: tuple[tuple[str, float], ...]
    source: Literal["index", "sql"]


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """The vectors of lessons; every call but those that make the index sees one customer."""

    store: LessonStore
    embedder: Embedder
    customers: Callable[[], Sequence[Customer]]
    """Every customer, for making the index again."""
    index: Index | None = None
    """Only the worker has one."""

    def nearest(
        self, customer: Customer, question: str, *, among: Sequence[Lesson], most: int
    ) -> Nearest:
        """The lessons of `among` nearest to a question, of those that have anything in common.

        From the index where it is sound; SQL answers for what it does not hold, and for everything
        as soon as it names a lesson that is not this customer's.
        """
        [vector] = self.embedder.embed([question])
        wanted = {lesson.id: lesson for lesson in among}
        if not vector.any():
            return Nearest((), "sql")
        held = frozenset() if self.index is None else self.index.held(customer.id) & wanted.keys()
        found = self._from_index(customer, vector, held, most)
        rest = [lesson for id, lesson in wanted.items() if found is None or id not in held]
        scored = [*(found or ()), *self._by_hand(customer, vector, rest)]
        scored = [one for one in scored if one[1] > 0]
        ranked = sorted(scored, key=lambda one: (-one[1], one[0]))[:most]
        return Nearest(tuple(ranked), "sql" if found is None else "index")

    def index_lessons(self, customer: Customer) -> Opened:
        """Bring the index up to this customer's active lessons; opens or mends it first.

        One that holds a lesson that was erased is made again, so that nothing of it is left.
        """
        self.keep(customer, self.store.list(customer, status="active"))
        if self.index is None:
            return Opened("not_ours", "this process has no index")
        opened = self._brought_up(self.index, customer)
        gone = {lesson.id for lesson in self.store.list(customer, status="erased")}
        if gone & self.index.held(customer.id):
            return self.rebuild("a lesson was erased")
        return opened

    def _brought_up(self, index: Index, customer: Customer) -> Opened:
        held = _keys(customer, index.held(customer.id))
        due = [entry for entry in self._entries([customer]) if entry.key not in held]
        if index.upsert(due):
            return self._mark(Opened("ready", ""), [customer])
        return self._mark(index.open(self._entries(self.customers())), self.customers())

    def rebuild(self, reason: str) -> Opened:
        """Make the index again from SQL, so that nothing else is left in it."""
        if self.index is None:
            return Opened("not_ours", "this process has no index")
        entries = self._entries(self.customers())
        return self._mark(self.index.rebuild(entries, reason), self.customers())

    def keep(self, customer: Customer, lessons: Sequence[Lesson]) -> None:
        """Make and keep a vector for each of these lessons that has none."""
        kept = {one.lesson for one in self._vectors(customer)}
        bare = [lesson for lesson in lessons if lesson.id not in kept]
        made = self.embedder.embed([searched(lesson) for lesson in bare]) if bare else []
        for lesson, row in zip(bare, made, strict=True):
            self.store.keep_vector(
                customer,
                lesson.id,
                self.embedder.name,
                vector=to_bytes(row),
                dimension=self.embedder.dimension,
            )

    def _from_index(
        self, customer: Customer, vector: NDArray[np.float32], held: frozenset[str], most: int
    ) -> list[tuple[str, float]] | None:
        """Hits that SQL knows as this customer's; None when the index cannot answer for `held`."""
        if self.index is None or not self.index.is_ready:
            return None
        hits = self.index.search(customer.id, vector, most + TIES)
        if hits is None or not self._are_own(customer, hits):
            return None
        found = [(hit.lesson, round(hit.score, DIGITS)) for hit in hits if hit.lesson in held]
        return found if len(found) >= min(most, len(held)) else None

    def _are_own(self, customer: Customer, hits: Sequence[Hit]) -> bool:
        foreign = sum(hit.customer != customer.id for hit in hits)
        if foreign and self.index is not None:
            self.index.distrust(f"{foreign} of {len(hits)} hits were another customer's")
        return not foreign

    def _by_hand(
        self, customer: Customer, vector: NDArray[np.float32], lessons: Sequence[Lesson]
    ) -> list[tuple[str, float]]:
        """Exact cosines over SQL's vectors; a lesson that has none yet is embedded here."""
        if not lessons:
            return []
        kept = {one.lesson: one.vector for one in self._vectors(customer)}
        bare = [lesson for lesson in lessons if lesson.id not in kept]
        made = self.embedder.embed([searched(lesson) for lesson in bare]) if bare else []
        kept |= {lesson.id: to_bytes(row) for lesson, row in zip(bare, made, strict=True)}
        rows = from_bytes([kept[lesson.id] for lesson in lessons], self.embedder.dimension)
        scores = [round(float(score), DIGITS) for score in rows @ vector]
        return list(zip((lesson.id for lesson in lessons), scores, strict=True))

    def _vectors(self, customer: Customer) -> Sequence[Kept]:
        return self.store.vectors(customer, self.embedder.name)

    def _entries(self, customers: Sequence[Customer]) -> list[Entry]:
        return [entry for customer in customers for entry in self._entries_of(customer)]

    def _entries_of(self, customer: Customer) -> list[Entry]:
        lessons = {lesson.id: lesson for lesson in self.store.list(customer, status="active")}
        kept = [one for one in self._vectors(customer) if one.lesson in lessons]
        rows = from_bytes([one.vector for one in kept], self.embedder.dimension)
        return [
            Entry(
                key=key_of(customer.id, one.lesson),
                vector=row,
                customer=customer.id,
                kind=lessons[one.lesson].kind,
                workflow=lessons[one.lesson].workflow,
            )
            for one, row in zip(kept, rows, strict=True)
        ]

    def _mark(self, opened: Opened, customers: Sequence[Customer]) -> Opened:
        if self.index is not None and opened.state in ("ready", "rebuilt"):
            for customer in customers:
                held = self.index.held(customer.id)
                due = [v.lesson for v in self._vectors(customer) if not v.indexed]
                self.store.mark_indexed(
                    customer, self.embedder.name, [lesson for lesson in due if lesson in held]
                )
        return opened


def _keys(customer: Customer, lessons: Collection[str]) -> frozenset[str]:
    return frozenset(key_of(customer.id, lesson) for lesson in lessons)
