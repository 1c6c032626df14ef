"""Jobs: so many of a lane at once, over whoever hands them over; and none lost that waits."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.errors import Conflict
from runs.queue import AFTER_MOST_S, LONGEST_S, wait_s
from runs.records.person import Customer
from runs.store import jobs
from runs.store.jobs import Again, Job, Lane
from runs.store.store import Store
from tests.builders import item, make_customer, make_store

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DESK: Lane = ("acme", "desk")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


@pytest.fixture
def customer(store: Store) -> Customer:
    """Whose jobs they are."""
    return make_customer(store)


def write(store: Store, customer: Customer, count: int, *, lane: str = "desk") -> list[Job]:
    """Jobs of a lane, in the order in which they are due."""
    with store.change(customer, "test") as change:
        for n in range(count):
            jobs.add(change, "process_item", f"{lane}-{n}", cause="test", lane=lane)
    return [job for job in store.jobs.due(NOW) if job.lane == lane]


def test_an_item_s_job_is_of_its_workflow_s_lane(store: Store, customer: Customer) -> None:
    """Whoever writes it need not say so; what is no item's is of none."""
    store.items.admit(customer, "dan", item())
    with store.change(customer, "test") as change:
        jobs.add(change, "process_item", "i-1", cause="again")
        jobs.add(change, "advance_run", "r-1", cause="opened")

    assert {(job.kind, job.lane) for job in store.jobs.waiting()} == {
        ("process_item", "desk"),
        ("advance_run", ""),
    }


def test_workers_that_claim_at_once_never_have_more_than_a_lane_allows(
    store: Store, customer: Customer
) -> None:
    """Eight threads, each of which may take everything there is."""
    wanted, claimed, begin = write(store, customer, 12), list[Job](), threading.Barrier(8)

    def claim() -> None:
        begin.wait()
        claimed.extend(store.jobs.claim(wanted, {DESK: 3}))

    workers = [threading.Thread(target=claim) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len({job.id for job in claimed}) == len(claimed) == 3
    assert store.jobs.standing(customer, "desk").under_way == 3


def test_a_lane_has_room_again_once_a_job_of_it_has_ended(store: Store, customer: Customer) -> None:
    """Done or failed; the others have waited."""
    first, second, third = write(store, customer, 3)
    most = {DESK: 1}
    taken = [store.jobs.claim([first, second], most), store.jobs.claim([second], most)]
    full = store.jobs.full(most)
    store.jobs.mark_done(customer, first.id)
    taken.append(store.jobs.claim([second], most))
    store.jobs.mark_failed(customer, second.id, "InvalidInput: no")
    taken.append(store.jobs.claim([third], most))

    assert taken == [[first], [], [second], [third]]
    assert full == {DESK}


def test_what_a_claim_does_not_limit_is_claimed_whole_and_once(
    store: Store, customer: Customer
) -> None:
    """Beside a lane that is limited; and not what was tried and put back since it was listed."""
    desk, bills = write(store, customer, 2), write(store, customer, 3, lane="bills")
    claimed = store.jobs.claim([*bills, *desk], {DESK: 1})
    again = store.jobs.claim(bills, {})
    store.jobs.put_back(customer, bills[0], Again(NOW, "Unavailable: no", is_outage=True))

    assert claimed == [*bills, desk[0]]
    assert (again, store.jobs.claim(bills, {}), store.jobs.claim([], {})) == ([], [], [])


def test_a_full_lane_keeps_no_other_from_its_turn(store: Store, customer: Customer) -> None:
    """However many of it wait, and however long they have."""
    write(store, customer, 5)
    other = write(store, customer, 2, lane="bills")

    assert store.jobs.due(NOW, full={DESK}, limit=2) == other


def test_the_more_urgent_comes_first_and_then_the_older(store: Store, customer: Customer) -> None:
    """Whatever the order in which they were written."""
    with store.change(customer, "test") as change:
        for subject, priority in (("late", -2), ("usual", 0), ("soon", 3), ("run", 10)):
            jobs.add(change, "process_item", subject, cause="t", priority=priority, lane="desk")

    assert [job.subject for job in store.jobs.due(NOW)] == ["run", "soon", "usual", "late"]


def test_what_is_put_back_waits_for_its_time_and_says_why(store: Store, customer: Customer) -> None:
    """It is not handed over before; it takes no room meanwhile; its next try has another name."""
    [job] = write(store, customer, 1)
    store.jobs.claim([job], {})
    again = Again(NOW + timedelta(seconds=30), "Unavailable: no answer", is_outage=True)
    done = [store.jobs.put_back(customer, job, again) for _ in range(2)]
    before, after = store.jobs.due(NOW), store.jobs.due(NOW + timedelta(seconds=30))
    stands = store.jobs.standing(customer, "desk")
    later = store.jobs.later(customer, "desk-0")

    assert (done, before) == ([True, False], [])
    assert [(one.attempts, one.outages) for one in after] == [(1, 1)]
    assert (stands.waiting, stands.later, stands.under_way) == (1, 1, 0)
    assert stands.why == (("Unavailable: no answer", 1),)
    assert later is not None
    assert (later.at, later.why) == (again.at, again.why)


def test_a_turn_that_has_not_come_counts_as_no_outage(store: Store, customer: Customer) -> None:
    """However often it was waited for."""
    for _ in range(3):
        [job] = write(store, customer, 1)
        store.jobs.claim([job], {})
        store.jobs.put_back(customer, job, Again(NOW, "NotYet: its turn", is_outage=False))

    [job] = store.jobs.due(NOW)
    assert (job.attempts, job.outages) == (3, 0)


def test_what_waits_is_taken_off_and_what_a_worker_has_is_not(
    store: Store, customer: Customer
) -> None:
    """In one change with whatever ends the item."""
    held, free = write(store, customer, 2)
    store.jobs.claim([held], {})
    with store.change(customer, "worker") as change:
        jobs.take_off(change, free.subject)
    with (
        pytest.raises(Conflict, match="a worker has item desk-0 in hand"),
        store.change(customer, "worker") as change,
    ):
        jobs.take_off(change, held.subject)

    assert [job.id for job in store.jobs.enqueued()] == [held.id]
    assert store.jobs.waiting() == []


@given(st.integers(0, 40), st.floats(0, 1e6), st.floats(0, 1))
def test_a_wait_is_never_shorter_than_asked_for_nor_without_end(
    outages: int, after_s: float, draw: float
) -> None:
    """Full jitter on top of what the other side asked for, both up to their caps."""
    found = wait_s(outages, after_s, draw)

    assert min(after_s, AFTER_MOST_S) <= found <= AFTER_MOST_S + LONGEST_S


def test_the_longest_wait_doubles_up_to_its_cap() -> None:
    """And any part of it may be drawn, none as well."""
    assert [wait_s(n, 0, 1.0) for n in (0, 1, 2, 20)] == [0.5, 1.0, 2.0, LONGEST_S]
    assert (wait_s(5, 0, 0.0), wait_s(5, 7.0, 0.0)) == (0.0, 7.0)
