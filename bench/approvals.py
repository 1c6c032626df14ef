"""Ten thousand open questions: what listing, deciding and expiring cost in the database.

    python -m bench.approvals [--json] [--open N]

On SQLite in a folder of its own, and on PostgreSQL (tests/databases.py); both wait for their disk
at every commit. Each act is done again and again; its median and slowest are told.
"""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

from policies.approvals import rule_on
from policies.standins import next_needs
from runs import approvals, asking, people
from runs.approvals import Answer, Rules, subject_of
from runs.clock import StoppedClock
from runs.records.approval import Approval, Need
from runs.records.person import Customer, Identity, Person
from runs.store import schema
from runs.store.database import Database
from runs.store.store import Store
from runs.words import AS_SAID
from tests import databases

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOAL_MS = 100.0
TIMES = 30
AT_ONCE = 500
PEOPLE = 20


@dataclass(frozen=True)
class Cost:
    """What one act takes, in milliseconds of one process."""

    database: str
    act: str
    open: int
    median_ms: float
    slowest_ms: float

    @property
    def is_within(self) -> bool:
        """Whether its median keeps the goal."""
        return self.median_ms <= GOAL_MS


class Room:
    """A customer with so many open questions, each about an item of its own."""

    def __init__(self, store: Store, clock: StoppedClock, count: int) -> None:
        self.store, self.clock, self.count = store, clock, count
        self.customer: Customer = people.add_customer(store, "bench", "Bench")
        for number in range(PEOPLE):
            people.add_person(store, self.customer, "cli", _person(number))
        for start in range(0, count, AT_ONCE):
            with store.change(self.customer, "worker") as change:
                for number in range(start, min(start + AT_ONCE, count)):
                    asking.put(change, question(number))

    def rules(self) -> Rules:
        """The rules of the product; what is asked about never changes here."""
        return Rules(rule_on, lambda asked: asked.subject, AS_SAID, follow=next_needs)

    def identity(self, number: int) -> Identity:
        """One of the people, proved by a token."""
        return Identity(
            customer=self.customer,
            person=f"p{number % PEOPLE}",
            roles=("ops_lead",),
            proved_by="token",
            token="",
            is_machine=False,
            scopes=(),
        )


def question(number: int) -> Approval:
    """One question to two people, about an item of its own."""
    covers = {"item": f"item-{number}", "workflow": "desk", "content": f"{number:064x}"}
    first, second = f"p{number % PEOPLE}", f"p{(number + 1) % PEOPLE}"
    return Approval(
        id=f"action.{number:06d}",
        run="",
        kind="action",
        title=f"Do the action of item {number}",
        subject=subject_of(covers),
        covers=covers,
        needs=(Need(role="ops_lead", count=1, people=(first, second)),),
        excluded=("dan",),
        risks=(),
        if_approved="it is done",
        if_rejected="it is not done",
        status="open",
        due_at=NOW + timedelta(hours=24, seconds=number),
        opened_at=NOW,
    )


def _person(number: int) -> Person:
    return Person(
        id=f"p{number}",
        name=f"Person {number}",
        email=f"p{number}@example.com",
        roles=("ops_lead",),
        deputy="",
        is_disabled=False,
        created_at=NOW,
    )


def measure(room: Room, database: str) -> list[Cost]:
    """What each act costs while so many are open."""
    rules, last = room.rules(), room.count - 1

    def decide(number: int) -> None:
        asked = approvals.get(room.store, room.customer, f"action.{last - number:06d}")
        answer = Answer(asked.id, "approve", "", asked.subject)
        approvals.decide(room.store, room.identity(last - number), answer, rules)

    def ask(number: int) -> None:
        approvals.open_approval(room.store, room.customer, "worker", question(room.count + number))

    def page(number: int) -> None:
        after = question(room.count // 2 + number)
        approvals.list_approvals(room.store, room.customer, after=after)

    def mine(number: int) -> None:
        approvals.asking_any_of(room.store, room.customer, [f"p{number % PEOPLE}"])

    def expire(number: int) -> None:
        room.clock.turn(timedelta(hours=24) if number == 0 else timedelta(seconds=1))
        approvals.expire_due(room.store, room.customer, rules)

    acts: dict[str, Callable[[int], object]] = {
        "list the first 100": lambda _: approvals.list_approvals(room.store, room.customer),
        "list 100 from the middle": page,
        "list what waits for one person": mine,
        "count what is open": lambda _: approvals.count_open(room.store, room.customer),
        "ask": ask,
        "decide": decide,
        "expire what is due (one)": expire,
        "look for what is due (none)": lambda _: approvals.expire_due(room.store, room.customer),
    }
    return [_timed(room, database, name, act) for name, act in acts.items()]


def _timed(room: Room, database: str, name: str, act: Callable[[int], object]) -> Cost:
    took: list[float] = []
    for number in range(TIMES):
        began = time.perf_counter()
        act(number)
        took.append((time.perf_counter() - began) * 1000)
    return Cost(database, name, room.count, round(median(took), 2), round(max(took), 2))


def run(url: str, name: str, count: int) -> list[Cost]:
    """Fill a database and measure it."""
    database, clock = Database(url), StoppedClock(NOW)
    schema.upgrade(database)
    return measure(Room(Store(database, clock), clock, count), name)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--open", "count", default=10_000, show_default=True, help="Open questions.")
def main(*, as_json: bool, count: int) -> None:
    """Print the costs, and whether each median keeps the goal."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        costs = run(f"sqlite:///{folder / 'bench.db'}", "SQLite", count)
        server = stack.enter_context(databases.running(is_hasty=False))
        stack.enter_context(databases.on(server))
        costs += run(databases.empty_url_of(folder), "PostgreSQL", count)
    if as_json:
        told = [{**asdict(cost), "is_within": cost.is_within} for cost in costs]
        click.echo(json.dumps({"goal_ms": GOAL_MS, "costs": told}, indent=2))
        return
    click.echo(f"{count} open; goal: median under {GOAL_MS:g} ms")
    for cost in costs:
        kept = "" if cost.is_within else "  beyond the goal"
        figures = f"{cost.median_ms:>9.2f} ms, slowest {cost.slowest_ms:>9.2f} ms"
        click.echo(f"{cost.database:<11} {cost.act:<32} {figures}{kept}")


if __name__ == "__main__":
    main()
