"""Families: one underlying situation each, of which the dataset and the live pool share none."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from runs.errors import InvalidInput
from workflow.samples import chance
from workflow.samples.pieces import Pool
from workflow.samples.support_triage.phrases import Phrase, Spoken, situations, words
from workflow.samples.support_triage.world import (
    HOSTILE,
    KINDS,
    LABELS,
    OUT_OF_SCOPE,
    Desk,
    Kind,
)

VARIANTS = 8
"""So many families share phrase and thing; plan, city and day tell them apart."""
TAIL = 1.4
"""Few situations are common, most are rare: the phrase of rank r is as frequent as r ** -TAIL."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """One situation: a phrase about a thing."""

    id: str
    """The same for every seed: it names desk, group, phrase and what fills the gaps."""
    desk: Desk
    group: str
    """A label, or `hostile`."""
    phrase: Phrase
    item: Spoken

    @property
    def label(self) -> str:
        """The label the expert gives."""
        return self.phrase.labels[0]


class Stock:
    """The families of one group in the order of one seed; each is handed out once."""

    def __init__(self, group: str, *, seed: int, pool: Pool, desk: Desk) -> None:
        self.says = f"the {pool} pool of desk {desk} has no further family of {group}"
        self.drawn = chance.stream(seed, pool, desk, group)
        self.left = [list(one) for one in space(desk, group, pool)]
        for one in self.left:
            self.drawn.shuffle(one)

    def take(self) -> Family:
        """The next family, of a common phrase more often than of a rare one."""
        weights = {rank: rank**-TAIL for rank, left in enumerate(self.left, 1) if left}
        if not weights:
            raise InvalidInput(f"families: {self.says}; ask for fewer")
        return self.left[chance.pick(self.drawn, weights) - 1].pop()


def families(seed: int, count: int, *, pool: Pool, desk: Desk) -> Iterator[tuple[Family, Kind]]:
    """`count` families and their kinds; asking for more only adds to them."""
    drawn = chance.stream(seed, pool, desk, "families")
    stocks: dict[str, Stock] = {}
    for _ in range(count):
        kind = chance.pick(drawn, KINDS)
        group = group_of(kind, desk, drawn)
        if group not in stocks:
            stocks[group] = Stock(group, seed=seed, pool=pool, desk=desk)
        yield stocks[group].take(), kind


def group_of(kind: Kind, desk: Desk, drawn: random.Random) -> str:
    """The group a ticket of this kind is taken from."""
    if kind == "hostile":
        return HOSTILE
    if kind == "out_of_scope":
        return OUT_OF_SCOPE
    return chance.pick(drawn, LABELS[desk])


@cache
def space(desk: Desk, group: str, pool: Pool) -> tuple[tuple[Family, ...], ...]:
    """The families of a group that belong to a pool, whatever the seed; one tuple a phrase."""
    return tuple(
        tuple(one for one in of_phrase(desk, group, phrase) if pool_of(one.id) == pool)
        for phrase in situations(desk)[group]
    )


def of_phrase(desk: Desk, group: str, phrase: Phrase) -> Iterator[Family]:
    """Every family of one phrase."""
    for number, item in enumerate(words(desk).item * VARIANTS):
        id = "f" + chance.name("family", desk, group, phrase.id, number)
        yield Family(id=id, desk=desk, group=group, phrase=phrase, item=item)


def pool_of(words: str) -> Pool:
    """The one pool in which a family id, or the plain form of a text, may appear."""
    return "dataset" if chance.share("pool", words) < 0.5 else "live"
