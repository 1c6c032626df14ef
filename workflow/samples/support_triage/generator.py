"""Tickets, labelled cases and the CRM of the sample: seeded, without a clock, wholly synthetic.

The same arguments give the same bytes on every machine. The rules of the world stand in
`customer/policy.md` and in `truth.py`; nothing here looks at what any workflow makes of a ticket.
"""

from datetime import timedelta
from typing import Any

from workflow.samples.pieces import FIRST_DAY, Pool, case_of, second_label
from workflow.samples.support_triage.accounts import crm
from workflow.samples.support_triage.families import families as drawn_families
from workflow.samples.support_triage.occasions import Ticket, Written, occasion, written
from workflow.samples.support_triage.world import Desk, neighbours
from workflow.samples.truth import Truth

__all__ = ["Ticket", "Truth", "cases", "crm", "tickets"]

DATASET_FAMILIES = 920
EXPERT = "maren_voss"
"""The domain expert of `customer/people.yaml`, who labels every case."""
FAMILIES_A_DAY = 8


def tickets(*, seed: int, families: int, pool: Pool, desk: Desk = "customers") -> list[Ticket]:
    """The tickets of so many families in the order received; more families only add tickets.

    The two pools share no family, and no text but the empty one, whatever the seeds. A pool holds
    at least 3,000 families; InvalidInput when it runs out.
    """
    return [one.ticket for one in everything(seed, families, pool=pool, desk=desk)]


def everything(seed: int, families: int, *, pool: Pool, desk: Desk) -> list[Written]:
    """The tickets with what the sample knows besides, in the order received."""
    found: list[Written] = []
    for place, (family, kind) in enumerate(drawn_families(seed, families, pool=pool, desk=desk)):
        day = FIRST_DAY[pool] + timedelta(days=place // FAMILIES_A_DAY)
        found += written(occasion(family, kind, seed=seed, pool=pool, received=day))
    return sorted(found, key=lambda one: (one.received, str(one.ticket.input["ticket_id"])))


def cases(
    seed: int, *, families: int = DATASET_FAMILIES, desk: Desk = "customers"
) -> list[dict[str, Any]]:
    """The labelled dataset as JSON objects: about 1,600 cases in 920 families."""
    drawn = everything(seed, families, pool="dataset", desk=desk)
    return [case(one, seed, desk) for one in drawn]


def case(one: Written, seed: int, desk: Desk) -> dict[str, Any]:
    """One labelled case; `second_label` is null where nobody labelled it a second time."""
    near = neighbours(one.ticket.truth.label, desk)
    second = second_label(one.ticket, seed=seed, is_unclear=one.is_unclear, neighbours=near)
    return case_of(one.ticket, expert=EXPERT, second=second)
