"""The page of the delivery plan names fields and commands that are there, and every field."""

import ast
import html
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, get_args

import click
import pytest
from pydantic import BaseModel

from console.pages.decision import decision
from console.pages.plan import Behind, page
from pilotage.cli.main import pilotage
from policies.plans import ASKED
from runs.plan import Owners, Plan
from runs.records.release import Measure
from tests import builders
from tests.guards.tree import ROOT
from workflow.map.way import map_of_plan

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


READ_BY_PEOPLE = "people who decide the plan"
DECIDING = ("agent", "rollout", "workflow", "policies", "pilotage")
SHOWING = ("pilotage/cli", "workflow/samples")
SIGNAL = re.compile(r"\bthe signals? ([a-z_]+(?: and [a-z_]+)*)")


@cache
def names_read() -> frozenset[str]:
    """Every attribute and name that deciding code reads; showing it to people is no deciding."""
    found: set[str] = set()
    for package in DECIDING:
        for file in (ROOT / package).rglob("*.py"):
            if any(file.is_relative_to(ROOT / part) for part in SHOWING):
                continue
            found |= set(_names(ast.parse(file.read_text(encoding="utf-8"))))
    return frozenset(found)


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def leaf(path: str) -> str:
    """The field's own name."""
    return path.rpartition(".")[2]


def signals_in(text: str) -> set[str]:
    """The signals that a cell names."""
    told = [name for found in SIGNAL.findall(text) for name in found.split(" and ")]
    return set(told)


def test_what_counts_somewhere_is_read_by_code_that_decides() -> None:
    """A row that names a gate, a screen or a warning has a field that is read there."""
    claims = [row for row in rows() if READ_BY_PEOPLE not in row.counts]
    empty = [row.asks for row in claims if not {leaf(p) for p in row.fields} & names_read()]

    assert len(claims) > 60
    assert empty == []


def test_what_nobody_reads_would_be_seen() -> None:
    """The look above finds no word that only people read."""
    assert not {"why_now", "token_risk", "stable_parts"} & names_read()


def test_every_signal_that_is_named_is_measured() -> None:
    """By the name that is kept."""
    named = {name for row in rows() for name in signals_in(row.counts)}

    assert named - set(get_args(Measure)) == set()
    assert {"trace", "context", "fallback", "cost", "drift", "review_pass"} <= named


def test_nothing_is_called_missing_that_is_there() -> None:
    """A row says where a field counts now; what is to come stands elsewhere."""
    assert [row.asks for row in rows() if "not there yet" in row.counts] == []


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a plan with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, path)
    elif isinstance(value, str):
        yield path, value


def test_what_people_decide_by_is_on_the_page_of_the_plan() -> None:
    """Word for word, whatever the field."""
    plan = builders.plan()
    drawn, decided = map_of_plan(plan, str), decision(plan, None)
    behind = Behind(of="a file", at="now", drawn=drawn, decision=decided, phases=())
    shown = html.unescape(page(plan, behind, str))
    asked = {path for row in rows() if READ_BY_PEOPLE in row.counts for path in row.fields}
    told = [(path, text) for path, text in texts(plan.as_json()) if path in asked]

    assert len(told) > 15
    assert [path for path, text in told if text not in shown] == []
