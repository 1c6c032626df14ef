"""The customer simulator: knows the truth of live tickets and answers as a reviewer would.

It stands outside the workflow. A ticket never carries its truth; a reviewer's answer is given after
the output was stored, and says that it is simulated.
"""

from dataclasses import dataclass

from runs.errors import NotFound
from workflow.samples.support_triage import chance
from workflow.samples.support_triage.generator import tickets
from workflow.samples.support_triage.truth import Truth
from workflow.samples.support_triage.world import Desk, neighbours

LIVE_FAMILIES = 2400
ERROR_RATE = 0.01
"""Share of the tickets on which the reviewer is mistaken."""


@dataclass(frozen=True, kw_only=True)
class Judged(Truth):
    """A reviewer's answer: the truth, or now and then a mistake."""

    agrees: bool
    """Whether the label the workflow gave is called right."""
    is_mistaken: bool
    """Kept for measuring the simulator; a reviewer would not know."""
    simulated: bool = True


class Simulator:
    """The reviewer of the live tickets of one seed; judges the same ticket alike every time."""

    def __init__(
        self, seed: int, *, families: int = LIVE_FAMILIES, desk: Desk = "customers"
    ) -> None:
        self.desk: Desk = desk
        self.tickets = tuple(tickets(seed=seed, families=families, pool="live", desk=desk))
        self.truths = {str(one.input["ticket_id"]): one.truth for one in self.tickets}

    def judge(self, ticket_id: str, label: str) -> Judged:
        """Say what is right for a ticket that was given `label`.

        On one ticket in a hundred, chosen by its id, the reviewer lets a wrong label pass or puts a
        wrong one in the place of the right one. NotFound for a ticket of another seed or pool.
        """
        truth = self.truths.get(ticket_id)
        if truth is None:
            raise NotFound(f"ticket {ticket_id}: not among the live tickets of this simulator")
        drawn = chance.stream("reviewer", ticket_id)
        is_mistaken = drawn.random() < ERROR_RATE
        says = truth.label
        if is_mistaken:
            wrong = chance.one(drawn, neighbours(truth.label, self.desk))
            says = label if label != truth.label else wrong
        return Judged(
            label=says,
            routes=truth.routes,
            why=truth.why,
            severity=truth.severity,
            family=truth.family,
            segment=truth.segment,
            kind=truth.kind,
            agrees=says == label,
            is_mistaken=is_mistaken,
        )
