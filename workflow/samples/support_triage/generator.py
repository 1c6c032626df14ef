"""Tickets, labelled cases and the CRM of the sample: seeded, without a clock, wholly synthetic.

The same arguments give the same bytes on every machine. The rules of the world stand in
`customer/policy.md` and in `truth.py`; nothing here looks at what any workflow makes of a ticket.
"""

from datetime import date, timedelta
from typing import Any

from workflow.samples.support_triage import chance
from workflow.samples.support_triage.accounts import crm
from workflow.samples.support_triage.families import families as drawn_families
from workflow.samples.support_triage.occasions import Ticket, Written, occasion, written
from workflow.samples.support_triage.truth import Truth
from workflow.samples.support_triage.world import Desk, Pool, neighbours

__all__ = ["Ticket", "Truth", "cases", "crm", "tickets"]

DATASET_FAMILIES = 920
EXPERT = "maren_voss"
"""The domain expert of `customer/people.yaml`, who labels every case."""
FIRST_DAY: dict[Pool, date] = {"dataset": date(2025, 1, 6), "live": date(2025, 7, 7)}
FAMILIES_A_DAY = 8
SECOND = 0.24
"""Share of the cases with a second person's label."""
AGREES = {True: 0.75, False: 0.96}
"""How often the second person agrees: on unclear tickets, and on clear ones."""


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
    truth = one.ticket.truth
    return {
        "id": one.ticket.input["ticket_id"],
        "family": truth.family,
        "input": one.ticket.input,
        "expected": {"label": truth.label},
        "routes": list(truth.routes),
        "segment": truth.segment,
        "severity": truth.severity,
        "origin": "synthetic",
        "labelled_by": EXPERT,
        "second_label": second_label(one, seed, desk),
    }


def second_label(one: Written, seed: int, desk: Desk) -> str | None:
    """What a second person says of the ticket, without seeing the first label; mostly nobody."""
    drawn = chance.stream(seed, "second", str(one.ticket.input["ticket_id"]))
    if drawn.random() >= SECOND:
        return None
    if drawn.random() < AGREES[one.is_unclear]:
        return one.ticket.truth.label
    return chance.one(drawn, neighbours(one.ticket.truth.label, desk))
