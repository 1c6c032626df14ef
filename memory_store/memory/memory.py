"""The one way in: what is proposed, who accepts it, what is in force."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from memory_store.lessons.draft import Draft, screen, trust_of
from memory_store.lessons.likeness import Similar, content_key, restated, similar
from memory_store.lessons.lint import findings
from memory_store.lessons.terms import HOLDS_FOR, holds, is_person, needs_another
from memory_store.memory.record import LessonStore
from memory_store.memory.vectors import Vectors
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.moves import LessonStatus
from runs.records.lesson import Lesson
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.snapshots import Mask

PROPOSALS_A_RUN = 3


class Proposal(NamedTuple):
    """What came of proposing a lesson."""

    lesson: Lesson
    """The one kept, or the one that was there."""
    outcome: Literal["proposed", "duplicate", "restatement"]
    findings: tuple[str, ...] = ()
    """What the lint says; a text from outside with any stays proposed."""
    similar: tuple[Similar, ...] = ()
    """Active lessons about the same: the person who accepts it looks at both."""
    masked: int = 0


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Lessons of every customer; each call sees one, by the capability it is handed."""

    store: LessonStore
    vectors: Vectors
    mask: Mask
    count_tokens: Callable[[str], int]

    def propose(
        self, customer: Customer, draft: Draft, *, now: datetime, recalled: Sequence[Lesson] = ()
    ) -> Proposal:
        """Keep a draft as a proposed lesson, unless it is there or only restates what was recalled.

        To correct a lesson is to propose one that supersedes it. Raises InvalidInput for what the
        gate refuses, Conflict for a subject that has an active lesson, NotAllowed above the cap.
        """
        passed = screen(draft, self.mask)
        lesson = self._lesson(customer, passed.draft, now)
        present = self.store.list(customer, status="")
        if (twin := _twin(lesson, present, now)) is not None:
            return Proposal(twin, "duplicate")
        if (echoed := restated(lesson, recalled)) is not None:
            return Proposal(echoed, "restatement")
        _allow(lesson, present)
        kept = self.store.propose(customer, draft.author, lesson)
        self.vectors.keep(customer, [kept])
        active = [other for other in present if other.status == "active"]
        return Proposal(kept, "proposed", findings(kept), similar(kept, active), passed.masked)

    def accept(
        self, customer: Customer, person: str, id: str, *, excluded: Collection[str] = ()
    ) -> Lesson:
        """Make a lesson active on the word of a named person; NotAllowed says whose it needs.

        `excluded` are people who may not: who asked for the run, who built it.
        """
        lesson = self.store.get(customer, id)
        barred = {lesson.author, *excluded} if needs_another(lesson) else set(excluded)
        if not is_person(person) or person in barred:
            raise NotAllowed(
                f"lesson {id}: {person or 'nobody'} cannot accept this {lesson.kind}; "
                "ask a named person who neither wrote, asked for nor built it"
            )
        if lesson.trust == "external" and (found := findings(lesson)):
            raise NotAllowed(
                f"lesson {id}: its text is from outside and {', '.join(found)}; "
                "propose what is true of it in your own words"
            )
        return self.store.decide(customer, person, id, status="active", by=person)

    def reject(self, customer: Customer, person: str, id: str) -> Lesson:
        """Refuse a proposed lesson; no run proposes the same again."""
        return self._decide(customer, person, id, "rejected")

    def retire(self, customer: Customer, person: str, id: str) -> Lesson:
        """Stop using an active lesson; it can be accepted again."""
        return self._decide(customer, person, id, "retired")

    def erase(self, customer: Customer, person: str, id: str, *, reason: str) -> Lesson:
        """Take its words and its vectors away for good, in whatever state it is.

        `reason` is the digest of why. The worker takes it out of the index; until then a hit of it
        is nothing, for it is in force no more.
        """
        if not is_person(person):
            raise NotAllowed(f"lesson {id}: {person or 'nobody'} is no person; name who erases it")
        return self.store.erase(customer, person, id, reason=reason)

    def in_force(self, customer: Customer, now: datetime) -> list[Lesson]:
        """Active lessons that have not run out, by id."""
        active = self.store.list(customer, status="active")
        return sorted((one for one in active if holds(one, now)), key=lambda one: one.id)

    def _lesson(self, customer: Customer, draft: Draft, now: datetime) -> Lesson:
        said = draft.model_dump(mode="json", exclude={"valid_until", "origins", "supersedes"})
        term = HOLDS_FOR.get(draft.kind)
        return Lesson(
            id="lesson-" + digest_of([customer.id, said]).removeprefix("sha256:")[:12],
            status="proposed",
            trust=trust_of(draft.origins),
            accepted_by="",
            tokens=self.count_tokens(f"{draft.when} {draft.text}"),
            written_at=now,
            valid_until=draft.valid_until or (now + term if term else None),
            **draft.model_dump(exclude={"valid_until", "origins"}),
        )

    def _decide(self, customer: Customer, person: str, id: str, status: LessonStatus) -> Lesson:
        if not is_person(person):
            raise NotAllowed(f"lesson {id}: {person or 'nobody'} is no person; name who decides")
        return self.store.decide(customer, person, id, status=status, by=person)


def _twin(lesson: Lesson, present: Sequence[Lesson], now: datetime) -> Lesson | None:
    """The lesson that is there already; one that ran out may be said again.

    What a person rejected only a person proposes again.
    """
    waiting = {"proposed"} if is_person(lesson.author) else {"proposed", "rejected"}
    key = content_key(lesson)
    for other in present:
        stands = holds(other, now) or other.status in waiting
        if other.id == lesson.id or (stands and content_key(other) == key):
            return other
    return None


def _allow(lesson: Lesson, present: Sequence[Lesson]) -> None:
    """Refuse more than a run may propose, and a subject's second active lesson."""
    proposed = [o for o in present if o.run == lesson.run and not is_person(o.author)]
    if not is_person(lesson.author) and len(proposed) >= PROPOSALS_A_RUN:
        raise NotAllowed(
            f"run {lesson.run} has proposed {len(proposed)} lessons, the most a run may; "
            "keep the ones that were surprising"
        )
    same = (lesson.kind, lesson.subject)
    clash = [o for o in present if (o.kind, o.subject) == same and o.status == "active"]
    if lesson.supersedes and lesson.supersedes not in [other.id for other in clash]:
        raise InvalidInput(
            f"lesson {lesson.subject!r}: supersedes {lesson.supersedes!r}, which is no active "
            f"{lesson.kind} of this subject; name the one that is"
        )
    if clash and not lesson.supersedes:
        raise Conflict(
            f"lesson {lesson.subject!r}: {clash[0].id} is the active {lesson.kind} of this "
            f"subject; propose with supersedes={clash[0].id!r} if it is no longer true"
        )
