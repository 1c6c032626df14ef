"""Each signal a plan may ask for: unread without items, breached beyond its limit, late unread."""

from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from policies.plans import GOOD
from rollout import watch
from rollout.signals import measure
from rollout.watch import ENOUGH, Standing, standings
from runs.plan import Plan, SignalName
from runs.records.evidence import CaseResult
from runs.records.release import Measure, Release, Signal
from tests import builders
from tests.builders import NOW
from tests.world import World, make_world

NAMES: tuple[SignalName, ...] = get_args(SignalName)


def planned() -> Plan:
    """A plan that asks for every signal there is, and reads a source."""

    def one(name: str) -> dict[str, Any]:
        bar = ("at_least", "0.9") if name in GOOD else ("at_most", "0.1")
        limit = dict(zip(("direction", "value"), bar, strict=True)) | {"min_items": 5}
        return {"name": name, "owner": "ben", "limit": limit, "silence_hours": 2}

    return builders.plan(signals=tuple(map(one, NAMES)), context={"sources": (builders.source(),)})


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path, plan=planned())


def read(world: World, release: Release) -> dict[str, Standing]:
    """Somebody reads, keeps, and looks at what was kept."""
    now, customer = world.clock.now(), world.customer
    seen = measure(world.store, customer, release=release, now=now)
    watch.keep(world.store, customer, "worker", release=release, read=seen.signals)
    told = watch.standings_of(world.store, customer, release=release, now=now)
    return {one.name: one for one in told}


def stood(name: Measure, events: int, total: int, figures: dict[str, str] | None = None) -> Any:
    """How a signal stands that was read so."""
    signal = Signal(
        release="rel-1",
        stage=1,
        name=name,
        value="",
        low=None,
        high=None,
        events=events,
        total=total,
        owner="ben",
        since=NOW,
        until=NOW,
        figures=figures or {},
    )
    told = standings(planned(), {name: signal})
    return next(one for one in told if one.name == name)


def test_every_signal_is_unread_while_nothing_was_sent(world: World) -> None:
    """Read or not: a count of no items says nothing, and nothing missing is well."""
    release = world.at("sandbox")
    told = read(world, release)
    seen = watch.watch(world.store, world.customer, release=release, now=world.clock.now())

    assert {one.name: one.state for one in told.values()} == dict.fromkeys(
        [*NAMES, "review_pass"], "unread"
    )
    assert set(seen.notes["unread"].split()) == {*NAMES, "review_pass"}


def test_every_signal_is_late_once_nobody_read_it_for_too_long(world: World) -> None:
    """Each by its own silence."""
    release = world.at("sandbox")
    read(world, release)
    world.clock.turn(timedelta(hours=2, minutes=1))
    seen = watch.watch(world.store, world.customer, release=release, now=world.clock.now())

    assert seen.notes["late"].split() == [*NAMES]


@pytest.mark.parametrize("name", [*NAMES, "review_pass"])
def test_every_signal_is_breached_beyond_its_limit(name: Measure) -> None:
    """On the side where it is not well, and on enough items."""
    is_good = name in (*GOOD, "review_pass")
    well, ill = (40, 0) if is_good else (0, 40)

    assert (stood(name, well, 40).state, stood(name, ill, 40).state) == ("kept", "breached")
    assert stood(name, min(ill, 4), 4).state == "kept"


@pytest.mark.parametrize(
    ("figure", "most", "path"),
    [
        ("per_item", "1.50", "acceptance.cost_per_item"),
        ("per_week", "1000", "economics.cost_ceiling_per_week"),
    ],
)
def test_a_ceiling_of_cost_that_is_exceeded_breaches(figure: str, most: str, path: str) -> None:
    """Whatever share of the items is dear; exactly at the ceiling it is kept."""
    at, over = most, most + "1" if "." in most else most + ".1"
    states = [stood("cost", 0, 40, {figure: one, "currency": "EUR"}).state for one in (at, over)]

    assert states == ["kept", "breached"]
    says = stood("cost", 0, 40, {figure: over, "currency": "EUR"}).says
    assert f"{figure.replace('_', ' ')} {over} EUR where {path} is {most}" in says


def test_few_items_exceed_no_ceiling_of_an_item() -> None:
    """The mean of a handful says nothing."""
    dear = {"per_item": "9", "per_week": "9", "currency": "EUR"}

    assert stood("cost", 0, ENOUGH - 1, dear).state == "kept"
    assert stood("cost", 0, ENOUGH, dear).state == "breached"


def screen(world: World, release: Release, *tiers: str) -> None:
    """A dry run of cases with these tiers, all answered alike."""
    cases = [
        builders.case(
            id=f"c-{n}", family=f"f-{n}", input={"text": f"ticket t {n % 20}", "tier": tier}
        )
        for n, tier in enumerate(tiers)
    ]
    dataset = world.store.cases.keep(world.customer, "dan", builders.dataset(cases), cases)
    told = {"version": release.version, "policy": release.policy, "subject": dataset.digest}
    measured = builders.evidence(id="r-1.dry", kind="dry_run", split="dev", **told)
    world.store.keep(world.customer, "worker", measured, "r-1")
    alike: dict[str, Any] = {"epoch": 0, "outcome": "right_auto", "label": "refund", "failure": ""}
    alike |= {"trial": "r-1.dry", "confidence": 0.9, "scope": 1.0, "route": "act", "rule": ""}
    results = [CaseResult(case=one.id, family=one.family, **alike) for one in cases]
    world.store.cases.keep_results(world.customer, results)


def test_items_of_another_kind_than_the_dry_run_had_drift(world: World) -> None:
    """By the field that moved; what people wrote is no figure of it."""
    release = world.at("sandbox")
    screen(world, release, *["gold", "plain"] * 30)
    for prefix in ("a", "b"):
        for item in world.send(20, prefix=prefix, tier="gold"):
            world.end(item)
    told = read(world, release)["drift"]

    assert told.state == "breached"
    assert told.last
    assert (told.last.events, told.last.total, told.last.low) == (20, 40, None)
    assert [name for name in told.last.figures if name != "compared"] == ["tier"]


def test_items_like_those_of_the_dry_run_do_not_drift(world: World) -> None:
    """Kept, once enough were seen."""
    release = world.at("sandbox")
    screen(world, release, *["gold", "plain"] * 30)
    for prefix, tier in (("a", "gold"), ("b", "plain")):
        for item in world.send(20, prefix=prefix, tier=tier):
            world.end(item)

    assert read(world, release)["drift"].state == "kept"
