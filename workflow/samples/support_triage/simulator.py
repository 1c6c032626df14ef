"""The customer simulator of the desks: the live tickets of one seed, and their reviewer."""

from functools import partial

from workflow.samples.reviewer import Reviewer
from workflow.samples.support_triage.generator import tickets
from workflow.samples.support_triage.world import Desk, neighbours

LIVE_FAMILIES = 2400


class Simulator(Reviewer):
    """The reviewer of the live tickets of one seed."""

    def __init__(
        self, seed: int, *, families: int = LIVE_FAMILIES, desk: Desk = "customers"
    ) -> None:
        found = tickets(seed=seed, families=families, pool="live", desk=desk)
        super().__init__(found, partial(neighbours, desk=desk), called="ticket")
