"""The graph as LangGraph's own programs load it: found by name, bare, imported by nobody else."""

import json
import subprocess
import sys
from pathlib import Path

import grimp

from agent.graph import NODES
from tests.guards.tree import ROOT
from tests.unit.pilotage.homes import make_house

CONFIG = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))
LOOK = """
import importlib, json, sys
module, name = sys.argv[1].split(":")
graph = getattr(importlib.import_module(module), name)
print(json.dumps({
    "is": [one.__name__ for one in type(graph).__mro__],
    "nodes": [one for one in graph.nodes if one != "__start__"],
    "checkpointer": graph.checkpointer, "store": graph.store,
    "takes": sorted(graph.get_input_jsonschema()["properties"]),
}))
"""


def load(home: Path) -> "subprocess.CompletedProcess[str]":
    """What a server does first: import the graph that the file names, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", LOOK, CONFIG["graphs"]["loop"]],
        cwd=ROOT,
        env={"PILOTAGE_HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )


def test_the_graph_that_the_file_names_is_the_bare_loop(tmp_path: Path) -> None:
    """Named by module; the server brings checkpointer and store of its own."""
    child = load(make_house(tmp_path / "home").folder)
    told = json.loads(child.stdout)

    assert (CONFIG["dependencies"], "/" in CONFIG["graphs"]["loop"]) == (["."], False)
    assert "CompiledStateGraph" in told["is"]
    assert set(told["nodes"]) == set(NODES)
    assert (told["checkpointer"], told["store"]) == (None, None)
    assert {"customer", "run", "approval"} <= set(told["takes"])


def test_without_a_home_the_server_is_told_how_to_make_one(tmp_path: Path) -> None:
    """And none is made by looking."""
    child = load(tmp_path / "nowhere")

    assert child.returncode == 1
    assert "pilotage init" in child.stderr
    assert not (tmp_path / "nowhere").exists()


def test_nothing_imports_what_works_when_it_is_imported() -> None:
    """The studio is the server's."""
    graph = grimp.build_graph("pilotage", cache_dir=None)

    assert graph.find_modules_that_directly_import("pilotage.studio") == set()
