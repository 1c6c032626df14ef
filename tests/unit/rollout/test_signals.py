"""Signals: the sample that was fixed beforehand, once, and nothing of it before."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from policies.gates import judge
from policies.intervals import lower, upper
from rollout.release import climb, way_back
from rollout.signals import CONFIDENCE, StageEvidence, count, measure
from runs import snapshots
from runs.records.evidence import OutcomeTable
from runs.records.item import Item
from runs.records.release import Release
from runs.records.version import Route
from tests import builders
from tests.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path)


def look(world: World, release: Release) -> StageEvidence:
    """The measurement now."""
    return measure(world.store, world.customer, release=release, now=world.clock.now())


def work(world: World, items: list[Item]) -> None:
    """End and answer them: all right, alone."""
    for item in items:
        world.end(item)
        world.answer(item)


def test_until_the_whole_sample_is_answered_only_its_size_is_told(world: World) -> None:
    """Five of six answers, all wrong, are no evidence yet."""
    release = world.at("full")
    items = [item for item in world.send(6) if item.arm == "canary"]
    for item in items[:5]:
        world.end(item)
        world.answer(item, "delivery")
    seen = look(world, release)

    assert seen.evidence is None
    assert seen.says == "5 of 6 sampled items are answered or overdue"
    now = world.clock.now()
    assert count(world.store, world.customer, release=release, now=now).says == seen.says


def test_the_sample_is_the_first_items_and_no_others(world: World) -> None:
    """Six right answers after six wrong ones change nothing."""
    release = world.at("sandbox")
    first = world.send(6)
    world.clock.turn(timedelta(minutes=1))
    work(world, world.send(6, prefix="later"))
    for item in first:
        world.end(item)
        world.answer(item, "delivery")
    seen = look(world, release)

    assert seen.evidence is not None
    assert seen.evidence.items == OutcomeTable(wrong_auto=6)


def test_only_items_chosen_beforehand_are_in_the_sample(world: World) -> None:
    """What a person happened to answer besides does not count."""
    world.lead(builders.policy(audit_share=0.0))
    release = world.at("full")
    items = [item for item in world.send(20) if item.arm == "canary"]
    work(world, items)

    assert look(world, release).settled == 0


@pytest.mark.parametrize(
    ("route", "label", "routes", "outcome"),
    [
        ("act", "refund", ("act",), "right_auto"),
        ("act", "delivery", ("act",), "wrong_auto"),
        ("act", "refund", ("review",), "wrong_auto"),
        ("review", "refund", ("review",), "right_review"),
        ("review", "refund", ("act", "review"), "right_review"),
        ("review", "refund", ("act",), "needless_review"),
        ("refuse", "refund", ("refuse",), "right_review"),
        ("refuse", "refund", ("review",), "needless_review"),
        ("act", "refund", (), "unlabelled"),
    ],
)
def test_an_item_is_worth_what_a_person_says(
    world: World, route: Route, label: str, routes: tuple[str, ...], outcome: str
) -> None:
    """The right label and an allowed route; an answer without routes is none."""
    release = world.at("sandbox")
    for item in world.send(6):
        world.end(item, route)
        world.answer(item, label, routes)
    world.clock.turn(timedelta(days=1))
    evidence = look(world, release).evidence

    assert evidence is not None
    told = evidence.items.model_dump() | {"unlabelled": evidence.unlabelled}
    assert {name: count for name, count in told.items() if count} == {outcome: 6}


def test_an_overdue_review_closes_the_sample_as_unlabelled(world: World) -> None:
    """Never as right; an item that was never worked on is an error."""
    release = world.at("sandbox")
    items = world.send(6)
    work(world, items[:4])
    world.end(items[4])
    before = look(world, release)
    world.clock.turn(timedelta(hours=8))
    evidence = look(world, release).evidence

    assert before.evidence is None
    assert evidence is not None
    assert evidence.items == OutcomeTable(right_auto=4, error=1)
    assert evidence.unlabelled == 1


def test_an_erased_output_is_unlabelled(world: World) -> None:
    """What the version said can no longer be compared."""
    release = world.at("sandbox")
    items = world.send(6)
    work(world, items)
    output = world.store.items.get(world.customer, items[0].id).output
    snapshots.erase(world.store, world.customer, "cli", output)
    evidence = look(world, release).evidence

    assert evidence is not None
    assert (evidence.unlabelled, evidence.items.total) == (6, 0)


def restart(world: World, release: Release) -> Release:
    """Other values lead, and the evidence begins anew."""
    world.lead(builders.policy(values={"act_threshold": "0.7", "scope_floor": "0"}))
    return climb.restart_evidence(world.store, world.customer, release=release)


def pause(world: World, release: Release) -> Release:
    """It is held, and serves again."""
    held = way_back.hold(world.store, world.customer, release=release, cause=world.asked())
    return world.put(held, "full", status="open")


def narrow(world: World, release: Release) -> Release:
    """A person narrows to another stage."""
    return way_back.narrow(
        world.store, world.customer, release=release, cause=world.asked(), weight_bp=1
    )


@pytest.mark.parametrize("move", [restart, narrow, pause])
def test_evidence_begins_anew_when_the_candidate_or_stage_changes(
    world: World, move: Callable[[World, Release], Release]
) -> None:
    """Nothing measured before counts after."""
    release = world.at("full")
    work(world, [item for item in world.send(10) if item.arm == "canary"])
    before = look(world, release)
    world.clock.turn(timedelta(minutes=1))
    after = look(world, move(world, release))

    assert before.evidence is not None
    assert (after.evidence, after.settled) == (None, 0)


def test_items_admitted_under_other_values_do_not_count(world: World) -> None:
    """Whoever edited the file; until the evidence is begun again there is none."""
    release = world.at("sandbox")
    world.lead(builders.policy(values={"act_threshold": "0.7", "scope_floor": "0"}))
    work(world, world.send(6))

    assert look(world, release).settled == 0


def test_evidence_names_what_it_is_of(world: World) -> None:
    """Version, policy, release and stage, how long it holds, and which items."""
    release = world.at("slice_50")
    work(world, [item for item in world.send(30) if item.arm == "canary"])
    evidence = look(world, release).evidence

    assert evidence is not None
    assert (evidence.kind, evidence.split) == ("stage", "live")
    assert (evidence.version, evidence.policy) == (release.version, release.policy)
    assert evidence.subject == f"release:{release.id}:2"
    assert evidence.expires_at == world.clock.now() + timedelta(hours=24)
    assert evidence == look(world, release).evidence


def test_the_gate_judges_live_evidence_by_its_items(world: World) -> None:
    """Six of six right pass the desk's wide bar."""
    release = world.at("sandbox")
    work(world, world.send(6))
    gate = builders.policy().gates["sandbox"]
    now, candidate = world.clock.now(), (release.version, release.policy)
    evidence = look(world, release).evidence
    judged = judge(evidence, gate, version=candidate[0], policy=candidate[1], now=now)

    assert judged.outcome == "pass"


def test_each_signal_has_counts_an_interval_and_an_owner(world: World) -> None:
    """Exact bounds, for they may take a release back; named by the plan, or who answers for it."""
    release = world.at("sandbox")
    items = world.send(8)
    for item in items[:3]:
        world.end(item)
        world.answer(item, "delivery")
    for item in items[3:5]:
        world.end(item, "review")
        world.answer(item, routes=("review",))
    world.clock.turn(timedelta(minutes=2))
    world.end(items[5])
    signals = {one.name: one for one in look(world, release).signals}

    told = {name: (one.events, one.total, one.owner) for name, one in signals.items()}
    assert told == {
        "quality": (0, 3, "ben"),
        "coverage": (2, 5, "ana"),
        "latency": (1, 6, "ana"),
        "escalation": (2, 6, "ana"),
        "repeated_failure": (3, 5, "ana"),
        "review_pass": (5, 5, "ana"),
        "trace": (6, 6, "ana"),
        "context": (0, 0, "ana"),
        "fallback": (2, 6, "ana"),
        "cost": (2, 6, "ana"),
        "drift": (0, 0, "ana"),
    }
    assert signals["latency"].value == "120000"
    assert signals["coverage"].value == "0.4000"
    low, high = lower(2, 5, CONFIDENCE), upper(2, 5, CONFIDENCE)
    assert (signals["coverage"].low, signals["coverage"].high) == (low, high)


def test_failures_of_the_same_kind_are_counted_together(world: World) -> None:
    """By outcome, rule, what was said and what was right; the most frequent first."""
    release = world.at("sandbox")
    for number, item in enumerate(world.send(5)):
        world.end(item, "act" if number < 3 else "review")
        world.answer(item, "delivery", ("act",))
    found = look(world, release).repeated

    assert [(one.outcome, one.said, one.right, one.times) for one in found] == [
        ("wrong_auto", "refund", "delivery", 3),
        ("needless_review", "", "delivery", 2),
    ]


def test_before_the_first_stage_nothing_is_measured_yet(world: World) -> None:
    """The signals say so with empty counts."""
    seen = look(world, world.open())

    assert (seen.evidence, seen.sample) == (None, 0)
    assert {(one.events, one.total) for one in seen.signals} == {(0, 0)}


def test_drift_is_not_compared_before_the_sample_is_whole_where_nobody_asks(world: World) -> None:
    """It takes nothing back; whoever reads by the clock, and whoever judges, gets it."""
    release, now = world.at("sandbox"), world.clock.now()
    told = {"release": release, "now": now}
    early = measure(world.store, world.customer, **told, is_early=True)
    by_the_clock = measure(world.store, world.customer, **told)
    work(world, world.send(6))
    whole = measure(world.store, world.customer, **told, is_early=True)
    names = [{one.name for one in seen.signals} for seen in (early, by_the_clock, whole)]

    assert ["drift" in one for one in names] == [False, True, True]
    assert names[0] | {"drift"} == names[1] == names[2]
