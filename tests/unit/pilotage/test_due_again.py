"""A look that is repeated after people changed does what is due, and stops nowhere."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pilotage import due
from pilotage.engines import Engines
from runs import approvals, asking, people, snapshots, tables
from runs.clock import StoppedClock
from runs.errors import Conflict
from runs.snapshots import Terms
from runs.store.change import Change
from tests import acts, builders
from tests.unit.pilotage.homes import House


def told(house: House) -> list[str]:
    """Who was left a notice, a line each."""
    folder = house.folder / "notices" / "acme"
    return sorted(file.read_text().splitlines()[0] for file in folder.glob("*.txt"))


def ask(house: House) -> None:
    """Open a question to Ana and Ben that is due in a day."""
    approvals.open_approval(house.store, house.customer, "run:r-1", builders.approval())


def test_who_answers_for_an_unknown_action_may_change_after_somebody_was_told(
    house: House, clock: StoppedClock
) -> None:
    """The first notice stands, and no later look stops at it."""
    reserved = builders.action(id="b", key="r-1:send:b", item="", run="r-1")
    acts.reserve(house.store, house.customer, reserved, 1)
    acts.settle(
        house.store,
        house.customer,
        reserved.key,
        status="unknown",
        receipt="",
        reason="nobody can tell",
    )
    due.tell_unknown(house.wired, house.customer)
    people.disable_person(house.store, house.customer, "olga", "dan")

    due.tell_unknown(house.wired, house.customer)

    assert told(house) == ["To: dan"]


def test_a_confirmation_that_goes_on_with_another_due_time_is_told_of_again(
    house: House, clock: StoppedClock
) -> None:
    """Whoever is asked now is told; what everybody was told of the emergency is not said anew."""
    ask(house)
    asked = {"id": "a-1.confirm", "kind": "confirmation", "confirms": "a-1", "covers": {"a": "a-1"}}
    with house.store.change(house.customer, "ben") as change:
        asking.put(change, builders.approval(**asked))
    due.remind(house.wired, house.customer)
    with house.store.change(house.customer, "ben") as change:
        asked = asking.in_change(change, "a-1.confirm")
        needs = (asked.needs[0], asked.needs[1].model_copy(update={"people": ("gil",)}))
        later = {"needs": needs, "due_at": asked.due_at + timedelta(hours=1)}
        asking.pass_on(change, asked.model_copy(update=later), how="escalate", to=("gil",))

    due.remind(house.wired, house.customer)

    assert approvals.untold(house.store, house.customer) == {}
    assert "To: gil" in told(house)


def test_a_step_that_somebody_was_faster_than_stops_no_other(
    house: House, clock: StoppedClock, engines: Engines
) -> None:
    """A conflict concerns one record; everything else that is due is done at this look."""
    terms = Terms(builders.unmasked, 1)
    kept = snapshots.keep(house.store, house.customer, "api", kind="input", value=1, terms=terms)
    ask(house)
    clock.turn(timedelta(days=2))
    faster = iter(["ana"])

    def refuse(_: Change) -> None:
        if name := next(faster, ""):
            raise Conflict(f"{name} answered first")

    due.look(replace(house.wired, store=house.store.guarded(refuse)), engines, house.customer)

    with pytest.raises(Conflict, match="erased"):
        snapshots.read(house.store, house.customer, kept)


def test_a_run_whose_time_has_come_is_woken_behind_any_number_that_wait_for_people(
    house: House, clock: StoppedClock
) -> None:
    """The oldest is not left off because many came after it."""
    told = {"customer": "acme", "waits_for": "a-1", "opened_at": "2026-04-01T00:00:00.000000Z"}
    row = {**builders.run().as_json(), "status": "waiting"}
    many = [{**row, **told, "id": f"r-x{n}", "trigger": f"t-x{n}"} for n in range(1001)]
    with house.store.database.writing() as connection:
        connection.execute(tables.runs.insert(), many)
    house.store.runs.wait(house.customer, "r-1", f"retry:{clock.now().isoformat()}")

    due.wake_monitors(house.wired, house.customer)

    jobs = [job.id for job in house.store.jobs.waiting() if job.subject == "r-1"]
    assert f"advance_run:r-1:retry:{clock.now().isoformat()}" in jobs
