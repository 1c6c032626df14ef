"""When a delivery is tried again, and when it is given up."""

from datetime import timedelta

import pytest

from pilotage.postman import FIRST_S, LONGEST_S, after
from runs.records.webhook import Delivery, DeliveryStatus, Webhook
from tests.builders import NOW
from tools.webhooks import Sent

HOOK = Webhook(
    id="crm",
    url="https://crm.example/in",
    events=("run.ended",),
    secret="env:HOOK",
    owner="ben",
    declared_by="olga",
    declared_at=NOW,
)


def delivery(tries: int = 0) -> Delivery:
    """One that was made now and tried so often."""
    return Delivery(
        id="crm-1",
        webhook="crm",
        type="run.ended",
        subject="r-1",
        body={},
        status="waiting",
        tries=tries,
        answer="",
        made_at=NOW,
        due_at=NOW,
        ended_at=None,
    )


@pytest.mark.parametrize("tries", [0, 1, 5, 9, 40])
def test_a_wait_is_drawn_from_nothing_to_its_longest(tries: int) -> None:
    """The longest doubles with each try, up to an hour."""
    failed = Sent(False, False, "500")
    waits = [
        (after(delivery(tries), failed, webhook=HOOK, now=NOW, chance=chance).due_at - NOW)
        for chance in (0.0, 0.5, 1.0)
    ]

    longest = min(LONGEST_S, FIRST_S * 2.0 ** (tries + 1))
    assert [one.total_seconds() for one in waits] == [0.0, longest / 2, longest]


@pytest.mark.parametrize(
    ("sent", "later", "status"),
    [
        (Sent(True, False, "204"), timedelta(days=9), "delivered"),
        (Sent(False, False, "500"), timedelta(hours=23), "waiting"),
        (Sent(False, False, "500"), timedelta(hours=24), "dead"),
        (Sent(False, True, "410"), timedelta(0), "dead"),
        (Sent(False, False, "429", 1e9), timedelta(0), "waiting"),
    ],
)
def test_it_is_given_up_once_its_time_is_over_or_it_is_not_wanted(
    sent: Sent, later: timedelta, status: DeliveryStatus
) -> None:
    """Whatever an address asks for, it is asked again within the hour."""
    now = NOW + later
    found = after(delivery(3), sent, webhook=HOOK, now=now, chance=0.01)

    assert found.status == status
    assert (found.ended_at is None) == (status == "waiting")
    assert found.due_at <= now + timedelta(seconds=LONGEST_S)
