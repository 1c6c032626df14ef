"""The support desk as a sample: two priorities, one CRM, one set of queues."""

import json
from typing import Any

from workflow.samples.reviewer import Reviewer
from workflow.samples.sample import Priority, Records, Sample, Sink
from workflow.samples.support_triage import generator
from workflow.samples.support_triage.customer import DOCUMENTS
from workflow.samples.support_triage.simulator import Simulator
from workflow.samples.support_triage.world import Desk

FIRST = Priority(
    "support_triage",
    "Bring every customer ticket to the right queue within a minute",
    "Two people sort all day, and in the season tickets wait five hours before anybody reads them.",
    "plan.yaml",
    "policy.yaml",
    2_400,
)
SECOND = Priority(
    "partner_triage",
    "Do the same for the desk of our partners",
    "The partner desk sorts by hand too; start in the shadow and reuse what was learnt.",
    "plan_second.yaml",
    "policy_second.yaml",
    600,
)
DESKS: dict[str, Desk] = {FIRST.workflow: "customers", SECOND.workflow: "partners"}


def cases(seed: int, workflow: str) -> list[dict[str, Any]]:
    """The labelled tickets of the desk of one workflow."""
    return generator.cases(seed, desk=DESKS[workflow])


def records(seed: int, live_seed: int) -> tuple[Records, ...]:
    """The CRM; tickets of every seed meet the accounts of the first."""
    del live_seed
    told = json.dumps(generator.crm(seed), ensure_ascii=False)
    return (Records("crm", "crm.json", "account_id", told),)


def reviewer(seed: int, workflow: str, families: int) -> Reviewer:
    """The live tickets of one desk and who looks at them."""
    return Simulator(seed, families=families, desk=DESKS[workflow])


SAMPLE = Sample(
    name="support_triage",
    documents=DOCUMENTS,
    priorities=(FIRST, SECOND),
    cases=cases,
    records=records,
    sinks=(Sink("queues", ("assign",)),),
    reviewer=reviewer,
)
