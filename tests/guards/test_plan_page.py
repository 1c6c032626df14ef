"""The page of the delivery plan names fields and commands that are there, and every field."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import click
import pytest
from pydantic import BaseModel

from pilotage.cli.main import pilotage
from policies.plans import ASKED
from runs.plan import Owners, Plan
from tests.guards.tree import ROOT

PAGE = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
QUOTED = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """One line of the table."""

    asks: str
    fields: tuple[str, ...]
    counts: str


def rows() -> list[Row]:
    """The table of what is asked, as it stands on the page."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 4]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return [Row(asks, tuple(QUOTED.findall(fields)), counts) for asks, fields, counts in cells]


def record_in(annotation: Any) -> type[BaseModel] | None:
    """The record an annotation holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := record_in(one))), None)


def paths(kind: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every path in a plan; what stands in a list or mapping is named without its place."""
    for name, field in kind.model_fields.items():
        yield f"{above}{name}"
        inner = record_in(field.annotation)
        if inner is not None:
            yield from paths(inner, f"{above}{name}.")


def commands(group: click.Group, above: str = "pilotage") -> Iterator[str]:
    """Every command, as it is typed."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield f"{above} {name}"
        if isinstance(command, click.Group):
            yield from commands(command, f"{above} {name}")


PATHS = set(paths(Plan))
NAMED = {path for row in rows() for path in row.fields}


def test_the_table_is_read() -> None:
    """Each of the lists of the four sources has its rows."""
    assert len(rows()) > 90
    assert all(row.fields and row.counts for row in rows())


def test_every_field_that_is_named_is_there() -> None:
    """By its path in the plan."""
    assert sorted(NAMED - PATHS) == []


@pytest.mark.parametrize("path", ["goal.mood", "scope.path", "systems.password"])
def test_a_field_that_is_not_there_would_be_seen(path: str) -> None:
    """The look above knows what is no field."""
    assert path not in PATHS


def test_every_command_that_is_named_is_there() -> None:
    """As it is typed, options apart."""
    typed = {text for text in QUOTED.findall(PAGE) if text.startswith("pilotage ")}
    named = {text.partition(" --")[0] for text in typed}

    assert named - set(commands(pilotage)) == set()
    assert len(named) > 12


def test_every_area_and_part_of_a_plan_has_its_row() -> None:
    """By its own name, that of a part of it, or that of the part it belongs to."""
    parts = {path for path in PATHS if path.count(".") <= 1}
    told = {".".join(path.split(".")[:2]) for path in NAMED} | {p.split(".")[0] for p in NAMED}
    whole = {path for path in NAMED if "." not in path}

    missing = {p for p in parts - told if p.split(".")[0] not in whole}
    assert sorted(missing) == []


def test_every_area_asks_an_owner_that_a_plan_has() -> None:
    """Nothing of a plan is without somebody who is asked."""
    assert set(ASKED.values()) <= set(Owners.model_fields)
    assert {path for path in PATHS if "." not in path} - set(ASKED) == set()
    assert set(ASKED) <= PATHS
