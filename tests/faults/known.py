"""Rule files and the source of the loop are read before the fork: no child has to do it again."""

import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent.shape import source_of
from pilotage.home import Home
from policies import rules
from tests.faults.house import CUSTOMER, WORKFLOW

READ: dict[str, Callable[..., Any]] = {
    name: lru_cache(getattr(rules, name)) for name in ("read_installation", "read_policy")
}
"""The readers of rule files; the same text is the same frozen record."""


def know_rules(folder: Path) -> None:
    """Read what a home's children will read; a text that is another is read by them as ever."""
    home = Home(folder)
    for name, read in READ.items():
        setattr(rules, name, read)
    for name in ("making", "trial", "slice", "items", "asked", "update", "opened"):
        there = Home(folder.parent / name)
        rules.read_installation(home.rules_file.read_text("utf-8"), str(there.rules_file))
        policy = home.policies(CUSTOMER) / f"{WORKFLOW}.yaml"
        at = there.policies(CUSTOMER) / f"{WORKFLOW}.yaml"
        rules.read_policy(policy.read_text("utf-8"), str(at))


def know_loop() -> None:
    """Read the source of every node that was loaded, to which each advance of a run is held."""
    for name in [one for one in sys.modules if one.startswith("agent.nodes.")]:
        source_of(name)
