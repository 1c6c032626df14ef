"""What is installed is what is here, and nobody else's."""

import re
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.guards.tree import ROOT, packages, project

PINS = dict(
    line.lower().split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


def wanted() -> list[Requirement]:
    """What the project asks for, to run and to develop."""
    asked = project()["project"]
    build = project()["build-system"]["requires"]
    extras = [line for group in asked["optional-dependencies"].values() for line in group]
    return [Requirement(line) for line in [*build, *asked["dependencies"], *extras]]


def test_the_wheel_holds_exactly_our_packages(tmp_path: Path) -> None:
    """Every file of the ten packages, the rules and pages with them, and nothing else."""
    built = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    with ZipFile(built) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    here = {
        file.relative_to(ROOT).as_posix()
        for name in packages()
        for file in (ROOT / name).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert held == here


@pytest.mark.parametrize("name", packages())
def test_nobody_else_owns_one_of_our_names(name: str) -> None:
    """Two distributions with one top-level name overwrite each other without a word."""
    spec = find_spec(name)

    assert set(packages_distributions().get(name, [])) <= {"pilotage"}
    assert spec
    assert Path(spec.origin or "").parent == ROOT / name


@pytest.mark.parametrize("asked", wanted(), ids=lambda asked: asked.name)
def test_every_dependency_is_bounded_and_pinned(asked: Requirement) -> None:
    """Below by what is tested, above by the next major; the pin lies between."""
    pin = PINS[asked.name.lower()]
    operators = {one.operator for one in asked.specifier}

    assert asked.specifier.contains(pin)
    assert operators in ({"=="}, {">=", "<"})


def test_the_pins_are_versions_and_nothing_else() -> None:
    """No address, no path, no range."""
    odd = [name for name, pin in PINS.items() if not re.fullmatch(r"[\w.!+-]+", pin)]

    assert odd == []
    assert not [name for name in PINS if not re.fullmatch(r"[\w.-]+", name)]
    assert SpecifierSet(project()["project"]["requires-python"]).contains("3.11")
