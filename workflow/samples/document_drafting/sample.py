"""The statements of work as a sample: three systems that are read, a folder, and what is sent."""

from typing import Any

from workflow.samples.document_drafting import generator
from workflow.samples.document_drafting.world import neighbours
from workflow.samples.documents import Documents
from workflow.samples.reviewer import Reviewer
from workflow.samples.sample import Priority, Records, Sample, Sink

FIRST = Priority(
    "document_drafting",
    "Draft every statement of work from the CRM on the day it is asked for",
    "A statement of work takes four days, and one in ten has another tier than was agreed.",
    "plan.yaml",
    "policy.yaml",
    2_400,
)


def cases(seed: int, workflow: str) -> list[dict[str, Any]]:
    """The labelled requests; there is one workflow."""
    del workflow
    return generator.cases(seed)


def records(seed: int, live_seed: int) -> tuple[Records, ...]:
    """Accounts, rates and terms, the same for every seed."""
    del seed, live_seed
    return generator.records()


def reviewer(seed: int, workflow: str, families: int) -> Reviewer:
    """The live requests and who looks at the drafts."""
    del workflow
    found = generator.requests(seed, families, pool="live")
    return Reviewer(found, neighbours, called="request")


SAMPLE = Sample(
    name="document_drafting",
    documents=Documents("workflow.samples.document_drafting"),
    priorities=(FIRST,),
    cases=cases,
    records=records,
    sinks=(
        Sink("contracts", ("leave",), "draft"),
        Sink("dispatch", ("send",), "trigger", ("financial", "customer_facing")),
    ),
    reviewer=reviewer,
)
