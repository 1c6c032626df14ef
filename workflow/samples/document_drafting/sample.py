"""The statements of work as a sample: three systems that are read, a folder, and what is sent."""

from functools import partial

from workflow.samples.document_drafting import generator
from workflow.samples.document_drafting.world import neighbours
from workflow.samples.sample import Drawn, Priority, Sink, single

FIRST = Priority(
    "document_drafting",
    "Draft every statement of work from the CRM on the day it is asked for",
    "A statement of work takes four days, and one in ten has another tier than was agreed.",
    "plan.yaml",
    "policy.yaml",
    2_400,
)

DRAWN = Drawn(
    cases=generator.cases,
    records=generator.records,
    live=partial(generator.requests, pool="live"),
    neighbours=neighbours,
    called="request",
)
SAMPLE = single(
    FIRST,
    DRAWN,
    sinks=(
        Sink("contracts", ("leave",), "draft"),
        Sink("dispatch", ("send",), "trigger", ("financial", "customer_facing")),
    ),
)
