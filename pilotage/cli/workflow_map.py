"""the map of a workflow's version: what it is drawn from, and where it is written."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from console.charts import flow
from pilotage.cli.output import write_page
from runs.errors import NotFound
from runs.plan import PlanRecord
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.version import PolicyValues, Version
from runs.store.store import Store
from workflow.map.parts import Values, first_of, of_policy
from workflow.map.way import Map, map_of, map_of_plan

MOST = 10_000
"""Versions and plans are looked through so far."""


class Led(NamedTuple):
    """The values a version works under now."""

    values: Values
    digest: str
    """Empty where they are the plan's first ones."""


def find_map(
    store: Store, customer: Customer, *, workflow: str, version: str, who: Callable[[str], str]
) -> Map:
    """The map of the version that serves, else of the newest; or of the one named by its digest.

    Of the plan alone while no version is built. NotFound for a version there is none of.
    """
    found = find_version(store, customer, workflow=workflow, version=version)
    if found is None:
        return map_of_plan(_plan(store, customer, workflow).plan, who)
    return map_of_version(store, customer, found, who)


def find_version(
    store: Store, customer: Customer, *, workflow: str, version: str
) -> Version | None:
    """The version that serves, else the newest; or the one named by its digest. None without any.

    NotFound for a version there is none of.
    """
    every = [v for v in store.list(customer, Version, limit=MOST) if v.workflow == workflow]
    if version:
        every = [v for v in every if v.digest.removeprefix("sha256:").startswith(version)]
        if len(every) != 1:
            what = "several versions begin" if every else "no version begins"
            raise NotFound(
                f"{what} with {version!r}; `pilotage workflow show {workflow}` tells them"
            )
    release = store.releases.find_open(customer, workflow)
    serving = [v for v in every if release and v.digest == release.version]
    return next(iter([*serving, *every]), None)


def map_of_version(
    store: Store, customer: Customer, version: Version, who: Callable[[str], str]
) -> Map:
    """The map of a version under the values it works with now."""
    record = store.get(customer, PlanRecord, version.plan)
    led = values_of(store, customer, version, record)
    return map_of(record.plan, version, values=led.values, policy=led.digest, who=who)


def values_of(store: Store, customer: Customer, version: Version, record: PlanRecord) -> Led:
    """What leads for the newest release; of another version, what it was released or tried with."""
    releases = store.releases.list(customer, version.workflow)
    mine = next((one for one in releases if one.version == version.digest), None)
    if mine is not None:
        return _led(store, customer, _leading(store, customer, mine))
    tried = store.of_run(customer, PolicyValues, record.run)
    return _led(store, customer, tried[-1].digest) if tried else Led(first_of(record.plan), "")


def write(drawn: Map, file: Path) -> list[Path]:
    """The map as a picture, and its decision tree beside it; returns what was written."""
    tree = file.with_name(f"{file.stem}-decisions{file.suffix}")
    write_page(file, flow.way(drawn).svg)
    write_page(tree, flow.tree(drawn).svg)
    return [file, tree]


def _leading(store: Store, customer: Customer, release: Release) -> str:
    newest = store.releases.find_open(customer, release.workflow)
    is_newest = newest is not None and newest.id == release.id
    leading = store.policies.find_leading(customer, release.workflow) if is_newest else None
    return leading or release.policy


def _led(store: Store, customer: Customer, digest: str) -> Led:
    return Led(of_policy(store.get(customer, PolicyValues, digest)), digest)


def _plan(store: Store, customer: Customer, workflow: str) -> PlanRecord:
    plans = store.list(customer, PlanRecord, limit=MOST)
    return next(one for one in plans if one.plan.workflow == workflow)
