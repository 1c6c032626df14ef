"""What a model proposed at one step of the loop, and what became of it."""

from datetime import datetime
from typing import Literal

from runs.records.record import Digest, Record

ProposalEnd = Literal["accepted", "repaired", "refused", "unanswered", "over_budget"]
"""`accepted`: as it came. `repaired`: after it was told once what was wrong. `refused`: code found
something wrong with it to the last, or nothing in it could be used. `unanswered`: no model
answered. `over_budget`: it was not asked, for a budget has less left. All but the first two: the
step went on without it."""
TAKEN: tuple[ProposalEnd, ...] = ("accepted", "repaired")


class Proposal(Record):
    """One question of the loop to a model, and its answer: it decides nothing."""

    id: str
    """Of the run and of what was asked: the same question is asked once in a run."""
    run: str
    step: str
    """The node that asked."""
    what: str
    """What it asked for, such as `update`."""
    end: ProposalEnd
    problems: int
    """How many things were wrong with the last answer."""
    instead: str
    """How the step went on without it, in a few words; empty where it was taken."""
    said: Digest
    """Snapshot of what was proposed and what was wrong with it, masked."""
    prompt: Digest
    route: str = ""
    """Empty where no model answered."""
    model: str = ""
    is_script: bool = False
    """True of a script in a model's place: no evidence of what a model does."""
    calls: tuple[str, ...] = ()
    """Ids under which the record has the calls."""
    at: datetime

    @property
    def is_taken(self) -> bool:
        """Whether the step went on with it."""
        return self.end in TAKEN
