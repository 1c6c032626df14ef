"""What every sample offers: its customer, its priorities, its labelled cases and its systems."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from runs.records.case import Split
from runs.records.version import Level, Risk
from workflow.samples.documents import Documents
from workflow.samples.pieces import Live
from workflow.samples.reviewer import Neighbours, Reviewer


class Shares(NamedTuple):
    """How the families of the labelled cases are split; together 1."""

    learn: float = 0.40
    dev: float = 0.30
    holdout: float = 0.30

    def by_split(self) -> dict[Split, float]:
        """By the name of the split."""
        return {"learn": self.learn, "dev": self.dev, "holdout": self.holdout}


USUAL = Shares()


class Priority(NamedTuple):
    """One thing the customer wants, and the files that come with it."""

    workflow: str
    title: str
    text: str
    plan: str
    """File of the customer."""
    policy: str
    """File of the customer."""
    live_families: int
    """So many families of live pieces are enough for the whole climb."""


class Records(NamedTuple):
    """One system that is read by key: a file."""

    tool: str
    """As the plans name it."""
    file: str
    key_field: str
    text: str


def as_lines(records: Mapping[str, Any]) -> str:
    """Records by key as JSON, one a line, so that a person can edit one."""
    told = (f"{json.dumps(key)}: {json.dumps(row)}" for key, row in records.items())
    return "{\n" + ",\n".join(told) + "\n}\n"


class Sink(NamedTuple):
    """One system that is acted on: a folder that gets one file for each action."""

    tool: str
    operations: tuple[str, ...]
    level: Level = "update"
    risks: tuple[Risk, ...] = ()


class Drawn(NamedTuple):
    """What a customer with one priority works on, drawn by its generator."""

    cases: Callable[[int], list[dict[str, Any]]]
    """By seed."""
    records: Callable[[int, int], Sequence[Records]]
    """As of a sample."""
    live: Callable[[int, int], Sequence[Live]]
    """By seed and families."""
    neighbours: Neighbours
    called: str
    """What a person calls one piece."""


@dataclass(frozen=True)
class Sample:
    """One fictional customer, seeded; the same seeds give the same bytes on every machine."""

    name: str
    documents: Documents
    priorities: tuple[Priority, ...]
    cases: Callable[[int, str], list[dict[str, Any]]]
    """By seed and workflow: the labelled dataset as JSON objects."""
    records: Callable[[int, int], Sequence[Records]]
    """By the seed of the cases and that of the live pieces: every system that is read."""
    sinks: tuple[Sink, ...]
    reviewer: Callable[[int, str, int], Reviewer]
    """By seed, workflow and families: the live pieces and who knows what is right for them."""
    shares: Shares = USUAL

    def priority(self, workflow: str) -> Priority:
        """The priority of one workflow."""
        return next(one for one in self.priorities if one.workflow == workflow)


def single(
    first: Priority, drawn: Drawn, *, sinks: tuple[Sink, ...], shares: Shares = USUAL
) -> Sample:
    """The sample of a customer with one priority: named as its workflow and its package are."""

    def cases(seed: int, workflow: str) -> list[dict[str, Any]]:
        del workflow
        return drawn.cases(seed)

    def reviewer(seed: int, workflow: str, families: int) -> Reviewer:
        del workflow
        return Reviewer(drawn.live(seed, families), drawn.neighbours, called=drawn.called)

    return Sample(
        name=first.workflow,
        documents=Documents(f"workflow.samples.{first.workflow}"),
        priorities=(first,),
        cases=cases,
        records=drawn.records,
        sinks=sinks,
        reviewer=reviewer,
        shares=shares,
    )
