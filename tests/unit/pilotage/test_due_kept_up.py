"""What falls due falls due for everybody: behind many, whatever they are called, beside a bug."""

from datetime import timedelta

from pilotage import due
from pilotage.engines import Engines
from runs import approvals, asking, tables
from runs.clock import StoppedClock
from runs.store import jobs
from runs.store.change import text_of
from tests import builders
from tests.unit.pilotage.homes import House


def made(house: House, kind: str) -> list[str]:
    """Jobs of a kind that wait, by id."""
    return [job.id for job in house.store.jobs.waiting() if job.kind == kind]


def ask(house: House) -> None:
    """Open a question to Ana and Ben that is due in a day."""
    approvals.open_approval(house.store, house.customer, "run:r-1", builders.approval())


def fail(house: House, job: str, error: str) -> None:
    """Let a job give up."""
    house.store.jobs.mark_failed(house.customer, job, error)


def test_whoever_a_question_was_handed_to_is_told_whatever_they_are_called(
    house: House, clock: StoppedClock
) -> None:
    """Many at once, with long names in any letters."""
    assert clock
    ask(house)
    due.remind(house.wired, house.customer)
    many = tuple(f"jörg von der {'langen ' * 3}straße {number}" for number in range(9))
    with house.store.change(house.customer, "ben") as change:
        asked = asking.in_change(change, "a-1")
        needs = (asked.needs[0], asked.needs[1].model_copy(update={"people": many}))
        moved = asked.model_copy(update={"needs": needs})
        asking.pass_on(change, moved, how="hand_over", to=many)
    for _ in range(2):
        due.remind(house.wired, house.customer)

    texts = [file.read_text() for file in (house.folder / "notices" / "acme").glob("*.txt")]
    heads = sorted(text.splitlines()[0] for text in texts)
    assert heads == ["To: ana, ben", f"To: {', '.join(many)}"]
    assert approvals.untold(house.store, house.customer) == {}


def test_the_oldest_of_many_runs_is_woken_as_well(house: House, clock: StoppedClock) -> None:
    """A run whose time has come waits behind no thousand that were opened since."""
    assert clock
    store, customer = house.store, house.customer
    store.runs.wait(customer, "r-1", f"retry:{clock.now().isoformat()}")
    before = made(house, "advance_run")
    row = {"customer": customer.id, "workflow": "", "status": "waiting", "waits_for": "a-x"}
    row |= {"requester": "dan", "graph": builders.DIGEST, "terminal": "", "continues": ""}
    row["opened_at"] = text_of(clock.now() + timedelta(hours=1))
    with store.database.writing() as connection:
        many = [row | {"id": f"r-m{n}", "trigger": f"t-m{n}"} for n in range(1_000)]
        connection.execute(tables.runs.insert(), many)

    due.wake_monitors(house.wired, customer)

    woken = [id for id in made(house, "advance_run") if id not in before]
    assert [id.split(":")[1] for id in woken] == ["r-1"]


def test_a_bug_in_one_step_keeps_no_other_from_what_is_due(house: House, engines: Engines) -> None:
    """A run that waits for a time nobody can read stops nobody else's job from being taken up."""
    house.store.runs.wait(house.customer, "r-1", "retry:one of these days")
    with house.store.change(house.customer, "worker") as change:
        id = jobs.add(change, "advance_run", "r-2", cause="opened")
    fail(house, id, "Unavailable: no answer")

    due.look(house.wired, engines, house.customer)

    assert house.store.jobs.failed() == []
