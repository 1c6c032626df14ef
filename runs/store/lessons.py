"""Lessons and their vectors; SQL is the truth, the index follows."""

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runs import tables
from runs.errors import Conflict, NotFound
from runs.moves import LessonStatus
from runs.records.lesson import Lesson
from runs.records.person import Customer
from runs.store import jobs
from runs.store.change import Change, Ledger
from runs.store.rows import insert_once


class StoredVector(NamedTuple):
    """A lesson's vector: float32, little-endian."""

    lesson: str
    vector: bytes
    indexed: bool


class Lessons:
    """What was learnt, as rows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def propose(self, customer: Customer, actor: str, lesson: Lesson) -> Lesson:
        """Keep a proposed lesson; the same id again is the one there is."""
        with self._ledger.change(customer, actor, lesson.run) as change:
            change.insert(
                tables.lessons,
                _row(lesson),
                "lesson_proposed",
                lesson_kind=lesson.kind,
                trust=lesson.trust,
            )
        return self.get(customer, lesson.id)

    def decide(
        self, customer: Customer, actor: str, id: str, *, status: LessonStatus, by: str
    ) -> Lesson:
        """Accept, reject, supersede or retire a lesson; Conflict when the move is not legal.

        Accepting one that supersedes another retires the other in the same transaction; a subject
        that already has an active lesson is a Conflict.
        """
        with self._ledger.change(customer, actor) as change:
            row = change.find(tables.lessons, id=id)
            if row is None:
                raise NotFound(f"there is no lesson {id!r}; `pilotage memory search` finds them")
            lesson = Lesson.model_validate(row["body"])
            if status == "active" and lesson.supersedes:
                self._set(change, lesson.supersedes, "superseded", by)
            decided = self._set(change, id, status, by)
            # A lesson may come to a status again: each time is a cause of its own.
            cause = f"{id}:{status}:{change.now()}"
            jobs.add(change, "index_lessons", customer.id, cause=cause)
        return decided

    def erase(self, customer: Customer, actor: str, id: str, *, reason: str = "") -> Lesson:
        """Take a lesson's words and vectors away for good; its id, kind and fate stay.

        `reason` is the digest of the person's words. Erasing it again changes nothing.
        """
        with self._ledger.change(customer, actor) as change:
            row = change.find(tables.lessons, id=id)
            if row is None:
                raise NotFound(f"there is no lesson {id!r}; `pilotage memory search` shows them")
            if row["status"] == "erased" and not row["body"]["text"]:
                return Lesson.model_validate(row["body"])
            blank = {"status": "erased", "subject": f"erased:{id}", **_BLANK}
            body = {**row["body"], **blank}
            values = {"status": "erased", "subject": blank["subject"], "body": body}
            told = {"why": "asked", "reason": reason}
            key = {"id": id}
            if row["status"] == "erased":
                moved = change.update(tables.lessons, key, values, "lesson_erased", **told)
            else:
                moved = change.move(tables.lessons, key, values, "lesson_erased", **told)
            _drop_vectors(change, id)
            jobs.add(change, "index_lessons", customer.id, cause=f"{id}:erased:words")
        return Lesson.model_validate(moved["body"])

    def get(self, customer: Customer, id: str) -> Lesson:
        """The lesson of this id; NotFound when there is none."""
        row = self._ledger.row(tables.lessons, customer, id=id)
        if row is None:
            raise NotFound(f"there is no lesson {id!r}; `pilotage memory search` shows them")
        return Lesson.model_validate(row["body"])

    def keep_vector(
        self, customer: Customer, id: str, embedder: str, *, vector: bytes, dimension: int
    ) -> None:
        """Keep a lesson's vector, once an embedder; none of one that is erased by now."""
        row = {
            "customer": customer.id,
            "lesson": id,
            "embedder": embedder,
            "dimension": dimension,
            "vector": vector,
            "indexed": False,
        }
        with self._ledger.change(customer, "worker") as change:
            # Whoever embedded it may have read the words before they were taken away.
            lesson = change.find(tables.lessons, id=id)
            if lesson is not None and lesson["status"] != "erased":
                insert_once(change.connection, tables.lesson_vectors, row)

    def vectors(self, customer: Customer, embedder: str) -> list[StoredVector]:
        """Every vector of this customer's active lessons."""
        vector, lesson = tables.lesson_vectors, tables.lessons
        same = sa.and_(lesson.c.customer == vector.c.customer, lesson.c.id == vector.c.lesson)
        query = (
            sa.select(vector.c.lesson, vector.c.vector, vector.c.indexed)
            .join(lesson, same)
            .where(vector.c.customer == customer.id, vector.c.embedder == embedder)
            .where(lesson.c.status == "active")
            .order_by(vector.c.lesson)
        )
        return [StoredVector(**row) for row in self._ledger.rows(query)]

    def mark_indexed(
        self, customer: Customer, embedder: str, ids: list[str], *, indexed: bool = True
    ) -> None:
        """Say which vectors the index holds."""
        table = tables.lesson_vectors
        with self._ledger.database.writing() as connection:
            connection.execute(
                table.update()
                .where(table.c.customer == customer.id, table.c.embedder == embedder)
                .where(table.c.lesson.in_(ids))
                .values(indexed=indexed)
            )

    def _set(self, change: Change, id: str, status: LessonStatus, by: str) -> Lesson:
        row = change.find(tables.lessons, id=id)
        if row is None:
            raise NotFound(f"there is no lesson {id!r}; `pilotage memory search` finds them")
        body = {**row["body"], "status": status}
        if status == "active":
            body["accepted_by"] = by
        try:
            moved = change.move(
                tables.lessons,
                {"id": id},
                {"status": status, "body": body},
                "lesson_decided",
                status=status,
                by=by,
            )
        except IntegrityError as error:
            raise Conflict(
                f"subject {row['subject']!r} already has an active {row['kind']}; "
                "propose this one as superseding it"
            ) from error
        return Lesson.model_validate(moved["body"])

    def list(
        self, customer: Customer, *, status: str = "active", workflow: str | None = None
    ) -> list[Lesson]:
        """Lessons of a status (empty: of any); with a workflow, those for it and those for all."""
        table = tables.lessons
        query = sa.select(table.c.body).where(table.c.customer == customer.id)
        if status:
            query = query.where(table.c.status == status)
        if workflow is not None:
            query = query.where(table.c.workflow.in_(["", workflow]))
        rows = self._ledger.rows(query.order_by(table.c.id))
        return [Lesson.model_validate(row["body"]) for row in rows]


_BLANK: dict[str, Any] = {"when": "", "text": "", "payload": {}}
"""What of a lesson is words."""


def _drop_vectors(change: Change, id: str) -> None:
    table = tables.lesson_vectors
    change.connection.execute(
        table.delete().where(table.c.customer == change.customer.id, table.c.lesson == id)
    )


def _row(lesson: Lesson) -> dict[str, Any]:
    body = lesson.as_json()
    names = ("id", "kind", "status", "subject", "workflow")
    return {**{name: body[name] for name in names}, "body": body}
