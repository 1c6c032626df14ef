"""The deal review as a sample: one priority, three systems that are read, one for the flags."""

from typing import Any

from workflow.samples.deal_risk import generator
from workflow.samples.deal_risk.world import neighbours
from workflow.samples.documents import Documents
from workflow.samples.reviewer import Reviewer
from workflow.samples.sample import Priority, Records, Sample, Sink

FIRST = Priority(
    "deal_risk",
    "Flag every open deal before the Monday meeting",
    "Two of five deals lost last quarter showed their signs four weeks before anybody spoke of it.",
    "plan.yaml",
    "policy.yaml",
    2_400,
)


def cases(seed: int, workflow: str) -> list[dict[str, Any]]:
    """The labelled deals; there is one workflow."""
    del workflow
    return generator.cases(seed)


def records(seed: int, live_seed: int) -> tuple[Records, ...]:
    """Accounts, owners and stages, the same for every seed."""
    del seed, live_seed
    return generator.records()


def reviewer(seed: int, workflow: str, families: int) -> Reviewer:
    """The live deals and who looks at them."""
    del workflow
    found = generator.reviews(seed, families, pool="live")
    return Reviewer(found, neighbours, called="deal")


SAMPLE = Sample(
    name="deal_risk",
    documents=Documents("workflow.samples.deal_risk"),
    priorities=(FIRST,),
    cases=cases,
    records=records,
    sinks=(Sink("flags", ("flag",)),),
    reviewer=reviewer,
)
