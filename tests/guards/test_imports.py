"""Importing does nothing, and hides nothing."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter

import grimp
import pytest

from tests.guards.effects import watched
from tests.guards.tree import ROOT, Module, functions, modules, packages


def hidden(module: Module) -> Iterator[str]:
    """Our own packages where they are imported inside a function."""
    nodes = [node for function in functions(module.tree) for node in ast.walk(function)]
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
            ours = [name for name in names if name.partition(".")[0] in packages()]
            yield from (f"{module.path}:{node.lineno} {name}" for name in ours)


def test_importing_every_module_has_no_effect() -> None:
    """No file is written, no socket made, no process or thread started, nothing printed."""
    names = [module.name for module in modules() if watched(module.name)]
    child = subprocess.run(
        [sys.executable, "-B", "-m", "tests.guards.effects", *names],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )

    assert (child.stdout, child.stderr, child.returncode) == ("", "", 0)


@pytest.mark.parametrize(
    ("body", "effect"),
    [
        ("open('made', 'w').close()", "open"),
        ("import socket; socket.socket()", "socket"),
        ("import threading; threading.Thread(target=int).start()", "thread"),
        ("import os; os.mkdir('made')", "mkdir"),
        ("import subprocess; subprocess.run(['true'])", "subprocess"),
        ("print('hello')", "printed"),
        ("raise SystemExit(0)", "SystemExit"),
    ],
)
def test_an_effect_is_seen(tmp_path, body: str, effect: str) -> None:
    """The watch names the module and what it did."""
    (tmp_path / "specimen.py").write_text(body)
    child = subprocess.run(
        [sys.executable, "-B", str(ROOT / "tests" / "guards" / "effects.py"), "specimen"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )

    assert child.returncode == 1
    assert child.stdout.startswith("specimen: ")
    assert effect in child.stdout


def test_our_own_packages_are_imported_at_the_top() -> None:
    """Only the door may import its own rooms late."""
    below = [module for module in modules() if module.package != "pilotage"]

    assert [place for module in below for place in hidden(module)] == []


def test_no_modules_import_one_another_in_a_ring() -> None:
    """A ring of modules is one module that nobody can read."""
    graph = grimp.build_graph(*packages(), cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}

    assert set(TopologicalSorter(imports).static_order()) == graph.modules
