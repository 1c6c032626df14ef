"""Signals from the command line: as they were last read, against what was agreed about them."""

import json
from pathlib import Path
from typing import Any

import pytest

from rollout import watch
from runs.plan import SignalName
from runs.records.release import Release, Signal
from tests import builders
from tests.unit.pilotage.homes import House, make_house


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home in which a version of the desk acts on a slice."""
    house = make_house(tmp_path / "home")
    store, customer = house.store, house.customer
    plan, version, policy = builders.plan_record(), builders.version(), builders.policy()
    for record in (plan, version, policy):
        store.keep(customer, "worker", record, "r-1")
    told = {"version": version.digest, "policy": policy.digest, "plan": plan.digest}
    store.releases.open(customer, "worker", release(**told))
    return house


def release(**changed: Any) -> Release:
    """The desk at 5 %."""
    return builders.release(stage=1, weight_bp=500, **changed)


def read(house: House, name: SignalName, events: int, total: int) -> None:
    """One signal is read and kept."""
    store, customer = house.store, house.customer
    present = store.releases.get(customer, "rel-1")
    signal = Signal(
        release="rel-1",
        stage=1,
        name=name,
        value=f"{events / total:.4f}",
        low=0.1,
        high=0.25,
        events=events,
        total=total,
        owner="ben",
        since=builders.NOW,
        until=store.clock.now(),
    )
    watch.keep(store, customer, "worker", release=present, read=(signal,))


def shown(house: House) -> list[str]:
    """The lines about signals."""
    lines = house.run("release", "show", "desk", by="dan").stdout.split("\n")
    first = lines.index("signals, as last read")
    return [" ".join(line.split()) for line in lines[first + 1 : lines.index("", first)]]


def test_a_signal_nobody_read_is_shown_as_unread(house: House) -> None:
    """With its limit, its bar and its owner; so is what every plan asks for."""
    assert shown(house)[1:] == [
        "quality at least 0.6 below 0.3 ben unread",
        "review pass at least 0.8 ana unread",
        "cost ana unread",
    ]


def test_a_signal_is_shown_with_its_last_reading(house: House) -> None:
    """Share, interval, limit, bar, owner, when, and how it stands."""
    read(house, "quality", 19, 20)
    read(house, "quality", 10, 20)
    read(house, "escalation", 3, 20)
    header, quality, _, _, other = shown(house)

    assert header == "share between limit goes back owner read (UTC)"
    assert quality.startswith(
        "quality 0.5000 (10/20) 0.100 to 0.250 at least 0.6 below 0.3 ben 2026-"
    )
    assert quality.endswith("crossed")
    assert other.endswith("unplanned")


def test_programs_get_the_same_as_values(house: House) -> None:
    """Decimals as text, times in UTC, null where nothing was read."""
    before = json.loads(house.run("release", "show", "desk", "--json", by="dan").stdout)
    read(house, "quality", 19, 20)
    after = json.loads(house.run("release", "show", "desk", "--json", by="dan").stdout)
    (unread, *_), (signal, *_, cost) = before["signals"], after["signals"]

    assert (unread["state"], unread["read_at"], unread["total"]) == ("unread", None, None)
    assert signal["limit"] == {"direction": "at_least", "value": "0.6", "min_items": 5}
    assert signal["rollback_when"][0]["value"] == "0.3"
    assert (signal["name"], signal["owner"], signal["total"]) == ("quality", "ben", 20)
    assert signal["read_at"] is not None
    assert [(one["figure"], one["most"]) for one in cost["ceilings"]] == [
        ("per_item", "1.50"),
        ("per_week", "1000"),
    ]
