"""Look at a suspicious index from a process of its own: a broken one may kill it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from memory_store.memory.collection import connect

SAMPLE = 200
LOST = 0.04
"""Share of a sample that may not find itself: the graph is approximate even when it is whole."""
PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from memory_store.memory import probe; probe.report(*sys.argv[2:])"
)


class Look(NamedTuple):
    """What a probe saw."""

    keys: frozenset[str]
    reason: str
    """Why the index cannot be used; empty when it can."""


def look(path: Path, name: str, *, timeout_s: float = 120.0) -> Look:
    """Open, count and query the collection in a child process; its death is an answer."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(sys.path), str(path), name]
    try:
        child = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return Look(frozenset(), f"no answer in {timeout_s:.0f} s")
    if child.returncode != 0:
        return Look(frozenset(), f"the probe ended with {child.returncode}")
    return _read(child.stdout)


def report(path: str, name: str) -> None:
    """Print, as JSON, the keys and how many of a sample of vectors do not find themselves."""
    collection = connect(Path(path), name)
    keys = sorted(collection.keys())
    sample = keys[:: max(1, len(keys) // SAMPLE)]
    lost = sum(not collection.finds_itself(key) for key in sample)
    collection.close()
    sys.stdout.write(json.dumps({"keys": keys, "lost": lost, "of": len(sample)}))


def _read(answer: bytes) -> Look:
    try:
        seen = json.loads(answer)
        keys, lost, of = frozenset(seen["keys"]), seen["lost"], seen["of"]
    except (ValueError, KeyError, TypeError):
        return Look(frozenset(), "the probe's answer cannot be read")
    if lost > of * LOST:
        return Look(keys, f"{lost} of {of} sampled vectors do not find themselves")
    return Look(keys, "")
