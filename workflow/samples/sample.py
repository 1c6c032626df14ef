"""What every sample offers: its customer, its priorities, its labelled cases and its systems."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from runs.records.case import Split
from runs.records.version import Level, Risk
from workflow.samples.documents import Documents
from workflow.samples.reviewer import Reviewer


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
