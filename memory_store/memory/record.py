"""What memory needs of the record."""

import builtins
from collections.abc import Sequence
from typing import Protocol

from runs.moves import LessonStatus
from runs.records.lesson import Lesson
from runs.records.person import Customer


class Kept(Protocol):
    """A lesson's vector as SQL keeps it."""

    @property
    def lesson(self) -> str:
        """Its id."""
        ...

    @property
    def vector(self) -> bytes:
        """Float32, little-endian."""
        ...

    @property
    def indexed(self) -> bool:
        """Whether the index was said to hold it."""
        ...


class LessonStore(Protocol):
    """What memory needs of the record; `runs.store.lessons.Lessons` is one."""

    def propose(self, customer: Customer, actor: str, lesson: Lesson) -> Lesson:
        """Keep a proposed lesson; the same id again is the one there is."""
        ...

    def decide(
        self, customer: Customer, actor: str, id: str, *, status: LessonStatus, by: str
    ) -> Lesson:
        """Move a lesson, and the one it supersedes, in one transaction; Conflict if illegal."""
        ...

    def erase(self, customer: Customer, actor: str, id: str, *, reason: str = "") -> Lesson:
        """Take a lesson's words and vectors away for good; `reason` is a digest of words."""
        ...

    def get(self, customer: Customer, id: str) -> Lesson:
        """The lesson of this id; NotFound when there is none."""
        ...

    def list(
        self, customer: Customer, *, status: str = "active", workflow: str | None = None
    ) -> list[Lesson]:
        """Lessons of a status; of every status where it is empty."""
        ...

    def keep_vector(
        self, customer: Customer, id: str, embedder: str, *, vector: bytes, dimension: int
    ) -> None:
        """Keep a lesson's vector, once an embedder."""
        ...

    def vectors(self, customer: Customer, embedder: str) -> Sequence[Kept]:
        """Every vector of this customer's active lessons."""
        ...

    def mark_indexed(
        self, customer: Customer, embedder: str, ids: builtins.list[str], *, indexed: bool = True
    ) -> None:
        """Say which vectors the index holds."""
        ...
