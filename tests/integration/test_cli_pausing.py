"""Operations hold a workflow's items back, let them go on, and have items worked on once more."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from pilotage.worker import working
from runs import audit, people
from runs.clock import RealClock
from runs.store.jobs import Again
from tests import builders
from tests.line import Line, lay, over_http
from tests.receiver import Answering, receiving
from tests.unit.pilotage.homes import House
from workflow.process.item import process_item

pytestmark = pytest.mark.both_databases

PATIENCE_S = 60.0


def house_of(line: Line) -> House:
    """Commands in the home, as the person who operates it."""
    return House(line.folder, {"ben": line.token}, line.wired)


def work_off(line: Line) -> None:
    """Let a worker do every job there is."""
    with working(line.wired) as worker:
        assert worker.run_until(
            lambda: not line.wired.store.jobs.unfinished(), timeout_s=PATIENCE_S
        )


def work_on(line: Line) -> None:
    """Do every job as a worker does it, and ask nothing else of the systems outside."""
    engines, store = line.wired.engines("w"), line.wired.store
    for job in store.jobs.waiting():
        process_item(engines.process_deps(line.customer), line.customer, job.subject)
        store.jobs.mark_done(line.customer, job.id)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """A home with one workflow in full use."""
    return lay(tmp_path / "home")


def test_a_paused_workflow_begins_nothing_until_it_is_resumed(line: Line) -> None:
    """What came in before and meanwhile is worked on once, when somebody lets it go on."""
    house = house_of(line)
    line.send(2)
    paused = house.run("workflow", "pause", "desk", "--reason", "the queues are down", by="ben")
    line.send(1, first=2)
    work_off(line)
    held = line.counted()
    shown = house.run("workflow", "list", by="ben").stdout
    resumed = house.run("workflow", "resume", "desk", "--reason", "they are back", by="ben")
    work_off(line)

    assert (paused.exit_code, held) == (0, {"queued": 3})
    assert "; paused by ben" in shown
    assert resumed.stdout == "desk: goes on, with 3 items that waited\n"
    assert line.counted() == {"acted": 3}
    kinds = Counter(one.kind for one in line.wired.store.events(line.customer))
    assert (kinds["workflow_paused"], kinds["workflow_resumed"]) == (1, 1)
    assert audit.verify(line.wired.store.database).ok


def test_pausing_twice_and_resuming_what_runs_are_refused(line: Line) -> None:
    """And say who did it before."""
    house = house_of(line)
    nothing = house.run("workflow", "resume", "desk", "--reason", "why not", by="ben")
    house.run("workflow", "pause", "desk", "--reason", "a first time", by="ben")
    twice = house.run("workflow", "pause", "desk", "--reason", "a second time", by="ben")

    assert (nothing.exit_code, twice.exit_code) == (7, 7)
    assert "desk is not paused" in nothing.stderr
    assert "desk was paused by ben" in twice.stderr


def test_who_does_not_operate_it_pauses_nothing(line: Line) -> None:
    """The attempt is on record."""
    house = house_of(line)
    store = line.wired.store
    house.tokens["dan"] = people.create_token(store, line.customer, "cli", person="dan")
    refused = house.run("workflow", "pause", "desk", "--reason", "hurry", by="dan")

    assert refused.exit_code == 6
    assert "ask somebody who is ops_lead or ops_manager" in refused.stderr
    assert store.events(line.customer)[-1].kind == "access_refused"
    assert not store.pauses.is_paused(line.customer, "desk")


def test_an_item_that_failed_outside_is_worked_on_once_more(tmp_path: Path) -> None:
    """The receiver refused it the first time; the second attempt is done, once, under its key."""
    with receiving() as (url, received):
        received.is_once_a_key = False
        line = lay(tmp_path / "home", over_http(url))
        received.answers += [Answering(422)]
        [item] = line.send(1)
        work_on(line)
        before = line.counted()
        house = house_of(line)
        done = house.run("item", "rerun", item.id, "--reason", "it is back", by="ben")
        work_on(line)
        again = house.run("item", "rerun", item.id, "--reason", "once more", by="ben")

    assert (before, done.stdout) == ({"in_review": 1}, f"{item.id}: queued again\n")
    assert line.counted() == {"acted": 1}
    assert [one.done for one in received.effects.values()] == [1]
    assert (again.exit_code, "name what is in_review" in again.stderr) == (7, True)
    assert_second_attempt(line, item.id)


def assert_second_attempt(line: Line, item: str) -> None:
    """It has its own record of why; what the first attempt left is withdrawn or failed."""
    store, customer = line.wired.store, line.customer
    [made] = store.pauses.reruns(customer, item)
    [review] = store.reviews.of_item(customer, item)
    actions = store.actions.of_item(customer, item)

    assert (made.attempt, made.by, made.status, review.status) == (
        2,
        "ben",
        "in_review",
        "withdrawn",
    )
    assert sorted(one.status for one in actions) == ["done", "failed"]
    assert audit.verify(store.database).ok


def test_a_second_attempt_that_fails_waits_for_a_person_again(tmp_path: Path) -> None:
    """With the same review, opened anew."""
    with receiving() as (url, received):
        line = lay(tmp_path / "home", over_http(url))
        received.answers += [Answering(422), Answering(422)]
        line.send(2, batch="monday")
        work_on(line)
        failed = line.counted()
        received.answers += [Answering(422), Answering(422)]
        house = house_of(line)
        done = house.run("item", "rerun", "--batch", "monday", "--reason", "is it back", by="ben")
        work_on(line)

    assert failed == line.counted() == {"in_review": 2}
    assert done.stdout.splitlines()[-1] == "2 queued again, 0 stay as they are"
    waiting = line.wired.store.reviews.waiting(line.customer)
    assert [one.review.status for one in waiting] == ["open", "open"]


def test_the_queue_tells_what_waits_why_and_how_much_more_may_come(line: Line) -> None:
    """For people and for programs; an item tells when it is tried again."""
    store, customer, house = line.wired.store, line.customer, house_of(line)
    told = {"audit_share": 0.0, "review_owner": "ben", "queue_most": 5, "concurrency": 1}
    store.keep(customer, "cli", values := builders.policy(**told))
    store.policies.lead(customer, "cli", values)
    first, *_ = line.send(3)
    begun = store.jobs.claim(store.jobs.due(RealClock().now()), {(customer.id, "desk"): 1})
    at = RealClock().now() + timedelta(minutes=5)
    again = Again(at, "NotYet: its turn comes later", is_outage=False)
    store.jobs.put_back(customer, begun[0], again)
    told = json.loads(house.run("workflow", "queue", "desk", "--json", by="ben").stdout)["queue"]
    shown = house.run("workflow", "queue", "desk", by="ben").stdout
    item = house.run("item", "show", begun[0].subject, by="ben").stdout
    unknown = house.run("workflow", "queue", "nothing", by="ben")

    assert (told["waiting"], told["under_way"], told["room"], told["later"]) == (3, 0, 2, 1)
    assert told["held"] == [{"why": "NotYet: its turn comes later", "items": 1}]
    assert "3 wait, 0 are handed to workers of 1 at once" in shown
    assert "1 x NotYet: its turn comes later" in shown
    assert (first.id in item, "tried again at" in item, unknown.exit_code) == (True, True, 2)
