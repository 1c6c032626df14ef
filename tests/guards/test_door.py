"""The door opens quickly: asking for help loads nothing heavy."""

import subprocess
import sys

import pytest

from tests.guards.tree import ROOT

HEAVY = {"langgraph", "chromadb", "openai", "sqlalchemy", "sklearn", "dbos"}


def loaded(*arguments: str) -> set[str]:
    """Every top-level package a fresh process loads; it must end well."""
    child = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    rows = [row for row in child.stderr.splitlines() if row.startswith("import time:")]
    return {row.rpartition("|")[2].strip().partition(".")[0] for row in rows}


def test_help_loads_nothing_heavy() -> None:
    """A command group is loaded when it is asked for, and its engines when it needs them."""
    assert loaded("-m", "pilotage", "--help") & HEAVY == set()


@pytest.mark.parametrize("name", ["sqlalchemy", "openai"])
def test_a_package_that_is_loaded_is_seen(name: str) -> None:
    """The look finds what it is for."""
    assert name in loaded("-c", f"import {name}") & HEAVY
