"""The few lessons that fit a question and a token budget.

Rules and preferences come by their key. Where everything in force fits, everything is taken; only
where it does not are words and vectors asked what is nearest. What a pack holds, and why, follows
from its arguments and the lessons in force alone.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from memory_store.embedding import words_of
from memory_store.lessons.terms import PINNED, searched
from memory_store.memory.memory import Memory
from runs.records.lesson import Lesson, LessonKind
from runs.records.person import Customer

SECTIONS: tuple[LessonKind, ...] = ("rule", "preference", "failure", "lesson", "example", "roi")
PINNED_SHARE = 0.4
"""Of the budget, where not everything fits; what is over competes with the rest by likeness."""
CANDIDATES = 50
MOST = 20
"""Lessons taken by likeness."""
FLATTENS = 10
"""Rank r counts as 1 / (10 + r): 60, the usual one, lets the weaker arm outvote the better."""
SAME_WORKFLOW = 1.25
SATURATES, BY_LENGTH = 1.2, 0.75
STEM = 5
"""Letters by which words are compared: endings differ, in every language we saw."""

Scores = Sequence[tuple[str, float]]
"""Lesson ids and scores, best first."""


class Arm(NamedTuple):
    """One way of finding lessons: what it found, and how much its ranks weigh."""

    weight: float
    found: Scores


class Place(NamedTuple):
    """Why one lesson stands where it does."""

    lesson: str
    is_pinned: bool
    lexical: int
    """Its rank by words, from 1; 0 when it was not among the candidates."""
    dense: int
    """Its rank by vectors, from 1; 0 when it was not among the candidates."""
    score: float


class Dropped(NamedTuple):
    """A lesson in force that did not get in."""

    lesson: str
    reason: Literal["pinned_over_budget", "over_budget", "unlike"]
    """A pinned one that does not fit is its owner's to shorten or retire."""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Lessons for one step of one run, and how they were chosen."""

    lessons: tuple[Lesson, ...]
    text: str
    """One line a lesson, in the order of `lessons`."""
    tokens: int
    """Of `text`; never above `budget`."""
    budget: int
    mode: Literal["all", "ranked"]
    dropped: tuple[Dropped, ...] = ()
    places: tuple[Place, ...] = ()
    """Every lesson that was ranked, best first; empty where all were taken."""
    embedder: str = ""
    source: Literal["index", "sql", ""] = ""
    """What the vectors were searched in; empty where all were taken."""


@dataclass(frozen=True)
class Tally:
    """One line a lesson, and what lines cost; each is counted once, when it is first asked for."""

    lines: Mapping[str, str]
    budget: int
    count: Callable[[str], int]
    counted: dict[str, int] = field(default_factory=dict)

    def cost(self, id: str) -> int:
        """Tokens of one line."""
        if id not in self.counted:
            self.counted[id] = self.count(self.lines[id] + "\n")
        return self.counted[id]

    def text(self, ids: Sequence[str]) -> str:
        """The lines of these lessons."""
        return "\n".join(self.lines[id] for id in ids)

    def fits_all(self) -> bool:
        """Whether every line fits, each counted on its own: no less than they are together."""
        left = self.budget
        for id in self.lines:
            left -= self.cost(id)
            if left < 0:
                return False
        return self.count(self.text(list(self.lines))) <= self.budget

    def fill(
        self, taken: Sequence[str], wanted: Sequence[str], *, limit: float, most: int
    ) -> list[str]:
        """`taken`, then at most `most` of `wanted`, in order, that still fit within `limit`."""
        chosen = list(taken)
        left = limit - sum(map(self.cost, chosen))
        for id in wanted:
            if len(chosen) - len(taken) == most:
                break
            if self.cost(id) <= left:
                chosen.append(id)
                left -= self.cost(id)
        while chosen and self.count(self.text(chosen)) > self.budget:
            chosen.pop()
        return chosen


def recall(
    memory: Memory,
    customer: Customer,
    *,
    question: str,
    workflow: str,
    budget_tokens: int,
    now: datetime,
) -> Pack:
    """What this customer learnt that helps with a question, within a budget of tokens.

    `workflow` is empty while none is chosen. Only lessons that are active and have not run out at
    `now` are ever in it.
    """
    lessons = sorted(memory.in_force(customer, now), key=_by_key)
    tally = Tally({one.id: line(one) for one in lessons}, budget_tokens, memory.count_tokens)
    if tally.fits_all():
        return _pack(lessons, tally, mode="all")
    nearest = memory.vectors.nearest(customer, question, among=lessons, most=CANDIDATES)
    embedder = memory.vectors.embedder
    arms = (
        Arm(1.0, lexical(question, lessons)[:CANDIDATES]),
        Arm(embedder.dense_weight, nearest.found),
    )
    places = rank(lessons, arms, workflow)
    chosen = set(_choose(places, tally))
    return replace(
        _pack([one for one in lessons if one.id in chosen], tally, mode="ranked"),
        dropped=tuple(_why(place) for place in places if place.lesson not in chosen),
        places=places,
        embedder=embedder.name,
        source=nearest.source,
    )


def line(lesson: Lesson) -> str:
    """A lesson as it is read: id, kind, workflow, month, trust, when to use it, what it says."""
    about = (lesson.id, lesson.kind, lesson.workflow or "every workflow")
    return (
        f"[{' '.join(about)} {lesson.written_at:%Y-%m} {lesson.trust}] {lesson.when}: {lesson.text}"
    )


def lexical(question: str, lessons: Sequence[Lesson]) -> Scores:
    """Lessons that share words with a question, best first: BM25 over the first letters."""
    texts = {lesson.id: Counter(_stems(searched(lesson))) for lesson in lessons}
    average = sum(text.total() for text in texts.values()) / max(1, len(texts))
    scores: dict[str, float] = {}
    for stem in sorted(set(_stems(question))):
        having = {id: text for id, text in texts.items() if stem in text}
        rarity = math.log(1 + (len(texts) - len(having) + 0.5) / (len(having) + 0.5))
        for id, text in having.items():
            length = SATURATES * (1 - BY_LENGTH + BY_LENGTH * text.total() / average)
            gain = rarity * text[stem] * (SATURATES + 1) / (text[stem] + length)
            scores[id] = scores.get(id, 0.0) + gain
    return sorted(((id, round(s, 5)) for id, s in scores.items()), key=lambda p: (-p[1], p[0]))


def rank(lessons: Sequence[Lesson], arms: Sequence[Arm], workflow: str) -> tuple[Place, ...]:
    """Pinned lessons by key, then the others by what both arms say, best first."""
    ranks = [{id: place for place, (id, _) in enumerate(arm.found, 1)} for arm in arms]
    pinned, others = [], []
    for lesson in lessons:
        at = [found.get(lesson.id, 0) for found in ranks]
        score = sum(arm.weight / (FLATTENS + r) for arm, r in zip(arms, at, strict=True) if r)
        is_near = bool(workflow) and lesson.workflow in ("", workflow)
        is_pinned = lesson.kind in PINNED and (is_near or not workflow)
        score = round(score * (SAME_WORKFLOW if is_near else 1), 6)
        place = Place(lesson.id, is_pinned, at[0], at[1], score)
        (pinned if is_pinned else others).append(place)
    return (*pinned, *sorted(others, key=lambda place: (-place.score, place.lesson)))


def _choose(places: Sequence[Place], tally: Tally) -> list[str]:
    """Pinned lessons up to their share, then whatever scores best, the pinned left over as well."""
    pinned = [place.lesson for place in places if place.is_pinned]
    share = tally.budget * PINNED_SHARE
    chosen = tally.fill([], pinned, limit=share, most=len(pinned))
    rest = [place for place in places if place.lesson not in chosen]
    rest = [place for place in rest if place.score > 0 or place.is_pinned]
    rest.sort(key=lambda place: (-place.score, place.lesson))
    wanted = [place.lesson for place in rest]
    return tally.fill(chosen, wanted, limit=tally.budget, most=MOST)


def _why(place: Place) -> Dropped:
    if place.is_pinned:
        return Dropped(place.lesson, "pinned_over_budget")
    return Dropped(place.lesson, "over_budget" if place.score else "unlike")


def _pack(lessons: Sequence[Lesson], tally: Tally, *, mode: Literal["all", "ranked"]) -> Pack:
    text = tally.text([lesson.id for lesson in lessons])
    return Pack(
        lessons=tuple(lessons),
        text=text,
        tokens=tally.count(text) if text else 0,
        budget=tally.budget,
        mode=mode,
    )


def _by_key(lesson: Lesson) -> tuple[int, str, str]:
    return (SECTIONS.index(lesson.kind), lesson.subject, lesson.id)


def _stems(text: str) -> list[str]:
    return [word[:STEM] for word in words_of(text)]
