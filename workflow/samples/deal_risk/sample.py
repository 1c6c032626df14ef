"""The deal review as a sample: one priority, three systems that are read, one for the flags."""

from functools import partial

from workflow.samples.deal_risk import generator
from workflow.samples.deal_risk.world import neighbours
from workflow.samples.sample import Drawn, Priority, Sink, single

FIRST = Priority(
    "deal_risk",
    "Flag every open deal before the Monday meeting",
    "Two of five deals lost last quarter showed their signs four weeks before anybody spoke of it.",
    "plan.yaml",
    "policy.yaml",
    2_400,
)

DRAWN = Drawn(
    cases=generator.cases,
    records=generator.records,
    live=partial(generator.reviews, pool="live"),
    neighbours=neighbours,
    called="deal",
)
SAMPLE = single(
    FIRST,
    DRAWN,
    sinks=(Sink("flags", ("flag",)),),
)
