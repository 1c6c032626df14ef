"""What is measured on PostgreSQL waits for its disk, as a customer's does."""

import ast
from collections.abc import Iterator

from tests.guards.tree import Module, modules

COUNTED = "bench/hazards.py"
"""It counts what was played, and tells no time of the product."""


def hasty(module: Module) -> Iterator[str]:
    """Servers that a benchmark starts without waiting for their disk, or makes to wait later."""
    for node in ast.walk(module.tree):
        told = ast.unparse(node) if isinstance(node, ast.Call) else ""
        if told.startswith("databases.running(") and "is_hasty=False" not in told:
            yield f"{module.path}: {told}"
    if "ALTER SYSTEM" in module.text:
        yield f"{module.path}: ALTER SYSTEM"


def test_no_benchmark_measures_a_server_that_loses_what_it_said_it_kept() -> None:
    """Nor alters a server that somebody named, which others may be using."""
    found = [told for one in modules("bench") if one.path != COUNTED for told in hasty(one)]

    assert found == []
