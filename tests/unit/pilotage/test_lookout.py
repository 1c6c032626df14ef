"""The lookout reads by the clock, tells owners once, and takes back what crossed its bar."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pilotage.due import look, wake_monitors
from pilotage.lookout import watch_releases
from pilotage.systems import ToolsFile, ToolSpec, write_specs
from policies.rules import read_policy
from rollout import watch
from rollout.release import way_back
from rollout.release.cause import Judged
from rollout.release.climb import Candidate
from rollout.signals import measure
from runs import audit, people
from runs.clock import StoppedClock
from runs.records.evidence import Evidence
from runs.records.release import Move, Release, Signal
from tests import builders
from tests.unit.pilotage.homes import House, make_house, policy_of, stopped
from tests.world import World

HOUR = timedelta(hours=1)
LIMIT, BAR = "desk: quality breaches its limit", "desk: quality crossed the bar"


class Harbour(NamedTuple):
    """A home, and the desk that is released in it."""

    house: House
    world: World

    @property
    def clock(self) -> StoppedClock:
        """The record's clock, standing still."""
        return self.world.clock

    def look(self) -> None:
        """The worker looks at its releases, three times over."""
        for _ in range(3):
            watch_releases(self.house.wired, self.house.customer)

    def work(self, count: int, *, wrong: int, prefix: str) -> None:
        """So many served items are looked at, so many of them wrong."""
        served = [i for i in self.world.send(count * 3, prefix=prefix) if i.status == "queued"]
        for number, item in enumerate(served[:count]):
            self.world.end(item)
            self.world.answer(item, "delivery" if number < wrong else "refund")

    def readings(self, release: Release) -> list[timedelta]:
        """When the quality was read, since the clock stands."""
        kept = self.house.store.of_run(self.house.customer, Signal, release.run)
        return [one.until - builders.NOW for one in kept if one.name == "quality"]

    @property
    def notices(self) -> list[tuple[str, str]]:
        """Who was told what."""
        files = sorted((self.house.folder / "notices" / "acme").glob("*.txt"))
        heads = [file.read_text().split("\n")[:2] for file in files]
        return [(to.removeprefix("To: "), title.removeprefix("Title: ")) for to, title in heads]

    def status(self, release: Release) -> str:
        """How the release stands now."""
        return self.house.store.releases.get(self.house.customer, release.id).status


def make(folder: Path, **planned: Any) -> Harbour:
    """A home with one run, its plan, version and values, and the signal changed as asked."""
    house = make_house(folder)
    clock, store, customer = stopped(house), house.store, house.customer
    queues = ToolSpec(name="queues", kind="folder", path="queues", operations=("assign",))
    write_specs(house.wired.home, customer, ToolsFile(tools=(queues,)))
    store.runs.open(customer, "dan", builders.trigger(), builders.run())
    signal = builders.plan().signals[0].as_json() | planned
    plan = builders.plan_record(plan=builders.plan(signals=(signal,)))
    version, policy = builders.version(plan=plan.digest), builders.policy()
    for record in (plan, version, policy):
        store.keep(customer, "worker", record, "r-1")
    candidate = Candidate("r-1", plan.digest, version.digest, policy.digest)
    return Harbour(house, World(store, clock, customer, candidate))


@pytest.fixture
def harbour(tmp_path: Path) -> Harbour:
    """The desk, with nothing released."""
    return make(tmp_path / "home")


def test_signals_are_read_by_the_clock_without_anybody_asking(harbour: Harbour) -> None:
    """At the first look, and then once an hour, however often somebody looks."""
    release = harbour.world.at("slice_5")
    engines = harbour.house.wired.engines("w1")
    for _ in range(3):
        look(harbour.house.wired, engines, harbour.house.customer)
        look(harbour.house.wired, engines, harbour.house.customer)
        harbour.clock.turn(HOUR / 2)

    assert harbour.readings(release) == [timedelta(0), HOUR]


def test_a_tool_that_cannot_be_reached_is_told_to_whoever_answers_for_it_once(
    harbour: Harbour,
) -> None:
    """By name, with the remedy, while the release serves."""
    harbour.world.at("slice_5")
    write_specs(harbour.house.wired.home, harbour.house.customer, ToolsFile())
    harbour.look()

    assert harbour.notices == [("ben", "desk: a source or tool cannot be reached")]


def test_only_what_may_serve_is_read(harbour: Harbour) -> None:
    """Not before the first stage, nor what went back, nor what stands below the one in use."""
    first = harbour.world.at("full", status="complete")
    harbour.clock.turn(HOUR)
    second = harbour.world.put(harbour.world.open(run="r-2", retention_days=31), "full")
    harbour.world.put(second, "full", status="complete")
    harbour.clock.turn(HOUR)
    third = harbour.world.open(run="r-3", retention_days=32)
    harbour.look()
    before_its_stage = harbour.readings(third)
    gone = harbour.world.put(third, "slice_5", status="rolled_back", weight_bp=0)
    harbour.look()

    assert harbour.readings(second) == [2 * HOUR]
    assert [harbour.readings(first), before_its_stage, harbour.readings(gone)] == [[], [], []]


def test_the_owner_of_a_breached_signal_is_told_once_a_breach(harbour: Harbour) -> None:
    """Not once a reading; and again when it is breached again."""
    harbour.world.at("full")
    told = []
    for count, wrong, prefix in ((6, 3, "a"), (2, 1, "b"), (30, 0, "c"), (30, 28, "d")):
        harbour.work(count, wrong=wrong, prefix=prefix)
        harbour.look()
        told.append(len(harbour.notices))
        harbour.clock.turn(HOUR)

    assert told == [1, 1, 1, 2]
    assert harbour.notices == [("ben", LIMIT)] * 2


def test_a_breach_that_a_run_read_is_told_by_the_next_look(harbour: Harbour) -> None:
    """Whoever read it may have died before anybody was told."""
    release = harbour.world.at("full")
    harbour.work(6, wrong=3, prefix="a")
    store, customer, now = harbour.house.store, harbour.house.customer, harbour.clock.now()
    seen = measure(store, customer, release=release, now=now)
    watch.keep(store, customer, "run:r-1", release=release, read=seen.signals)
    before = harbour.notices
    harbour.look()

    assert (before, harbour.notices) == ([], [("ben", LIMIT)])


def test_whoever_answers_for_incidents_is_told_for_an_owner_who_left(tmp_path: Path) -> None:
    """A breach reaches a person in any case."""
    harbour = make(tmp_path / "home", owner="gil")
    harbour.world.at("full")
    harbour.work(6, wrong=3, prefix="a")
    people.disable_person(harbour.house.store, harbour.house.customer, "olga", "gil")
    harbour.look()

    assert harbour.notices == [("ben", LIMIT)]


def test_a_crossed_bar_takes_the_release_back_by_itself(harbour: Harbour) -> None:
    """Once, with the signal as its cause, proved and told; the run that waits is woken."""
    release = harbour.world.at("full")
    store, customer = harbour.house.store, harbour.house.customer
    store.runs.wait(customer, "r-1", f"signals:{release.id}")
    woken = len(store.jobs.waiting())
    harbour.work(24, wrong=24, prefix="a")
    harbour.look()
    wake_monitors(harbour.house.wired, customer)
    (move,) = store.of_run(customer, Move, "r-1")
    kinds = [one.kind for one in store.of_run(customer, Evidence, "r-1")]
    events = [one.kind for one in store.events(customer, "r-1")]

    assert harbour.status(release) == "rolled_back"
    assert move.kind == "roll_back"
    assert "quality 0.0000 (0 of 24 items)" in move.reason
    assert (sorted(kinds), events.count("release_rolled_back")) == (
        ["access", "drill", "monitoring"],
        1,
    )
    assert [title[: len(BAR)] for _, title in harbour.notices] == [BAR, LIMIT[: len(BAR)]]
    assert len(store.jobs.waiting()) > woken
    assert audit.verify(store.database).problems == ()


def test_what_serves_again_gets_its_own_values_back(harbour: Harbour) -> None:
    """The file that operations edit says what the version before was released with."""
    world, wired = harbour.world, harbour.house.wired
    own = policy_of("desk").model_copy(update={"audit_share": 1.0})
    free = {name: {"low": "0", "high": "1"} for name in own.values}
    world = replace(world, candidate=world.candidate._replace(policy=world.lead(own)))
    world.put(world.open(bounds=free), "full", status="complete")
    world.lead(own.model_copy(update={"review_due_hours": 9}))
    harbour.clock.turn(HOUR)
    second = world.put(world.open(run="r-2", retention_days=31, bounds=free), "full")
    harbour.work(24, wrong=24, prefix="a")
    harbour.look()

    assert harbour.status(second) == "rolled_back"
    assert read_policy(wired.policy_files.file(world.customer, "desk").read_text(), "f") == own


def test_values_lead_again_where_whoever_took_the_release_back_died_before(
    harbour: Harbour,
) -> None:
    """The next look lets them; what operations let lead since stays as it is."""
    world, wired, store = harbour.world, harbour.house.wired, harbour.house.store
    own = policy_of("desk").model_copy(update={"audit_share": 1.0})
    free = {name: {"low": "0", "high": "1"} for name in own.values}
    world = replace(world, candidate=world.candidate._replace(policy=world.lead(own)))
    world.put(world.open(bounds=free), "full", status="complete")
    brought = own.model_copy(update={"review_due_hours": 9})
    world.lead(brought)
    harbour.clock.turn(HOUR)
    second = world.put(world.open(run="r-2", retention_days=31, bounds=free), "full")
    move = Move(kind="roll_back", stage=second.stage, weight_bp=0, reason="a bar was crossed")
    way_back.roll_back(store, world.customer, release=second, cause=Judged(move))
    harbour.look()
    again = store.policies.leading(world.customer, "desk")
    wired.policy_files.write(world.customer, brought)
    harbour.look()

    assert again == own.digest
    assert store.policies.leading(world.customer, "desk") == brought.digest


def test_a_release_that_cannot_be_watched_keeps_nobody_from_the_others(harbour: Harbour) -> None:
    """Whatever is wrong with its plan."""
    release = harbour.world.at("slice_5")
    newer = {"id": "rel-9", "run": "r-9", "workflow": "mail", "opened_at": builders.NOW + HOUR}
    other = builders.release(**newer)
    harbour.house.store.releases.open(harbour.house.customer, "worker", other)
    harbour.look()

    assert harbour.readings(release) == [timedelta(0)]


def test_in_the_sandbox_a_crossed_bar_is_told_and_nothing_goes_back(harbour: Harbour) -> None:
    """Nothing is out that could come back."""
    release = harbour.world.at("sandbox")
    harbour.work(24, wrong=24, prefix="a")
    harbour.look()

    assert harbour.status(release) == "open"
    assert len(harbour.notices) == 2
