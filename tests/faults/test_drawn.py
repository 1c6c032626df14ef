"""A minute of moments drawn at random, on both databases: nothing twice, lost or unapproved.

`make faults` draws a thousand of them. What is drawn here follows from the seed of every run.
"""

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tests.databases import POSTGRESQL, SQLITE, Server
from tests.faults.drawn import lines
from tests.faults.moments import KINDS, SEAMS_FROM, STARTS, Outcome, draw
from tests.faults.seams import EVERY

ROOT = Path(__file__).parents[2]
SECONDS = 50
BAD = ("duplicated", "lost", "unapproved", "other")


@pytest.fixture
def beside(request: pytest.FixtureRequest) -> tuple[str, str]:
    """What the trials stand on, and the server's URL; SQLite alone where there is no server."""
    try:
        server: Server = request.getfixturevalue("server")
    except pytest.skip.Exception:
        return SQLITE, ""
    return "both", server.url


@pytest.mark.timeout(900)
def test_a_minute_of_chance_breaks_nothing(beside: tuple[str, str], tmp_path: Path) -> None:
    """Killed, frozen and raced processes, against a system outside that counts by key."""
    on, url = beside
    paths = [str(ROOT / "tests" / "loopback"), str(ROOT)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    environment |= {"PILOTAGE_TEST_DATABASE": url, "OMP_NUM_THREADS": "1"}
    environment |= {"OPENBLAS_NUM_THREADS": "1"}
    told = ["--seconds", str(SECONDS), "--on", on, "--json", "--resume", str(tmp_path / "trials")]
    command = [sys.executable, "-m", "tests.faults.drawn", *told]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 2), done.stderr + done.stdout
    found = json.loads(done.stdout)

    assert (found["violations"], found["bad"]) == (0, [])
    wanted = {SQLITE, POSTGRESQL, "all"} if on == "both" else {SQLITE, "all"}
    assert {line["database"] for line in found["lines"]} == wanted
    assert {line[name] for line in found["lines"] for name in BAD} == {0}


def test_what_is_drawn_follows_from_the_seed() -> None:
    """Whoever is stopped goes on with the same trials."""
    again = [draw("seed", number) for number in range(50)]

    assert again == [draw("seed", number) for number in range(50)]
    assert again != [draw("another", number) for number in range(50)]


def test_every_kind_and_every_seam_is_drawn() -> None:
    """In a thousand trials none is left out."""
    drawn = [draw("pilotage", number) for number in range(1_000)]
    struck = {(one.start, one.seam) for one in drawn if one.kind in ("seam", "worker")}

    assert {(one.kind, one.start) for one in drawn} >= set(product(KINDS, STARTS[:2]))
    assert struck == {(start, seam) for start, seams in SEAMS_FROM.items() for seam in seams}
    assert {seam for _, seam in struck} <= set(EVERY)


def test_what_is_wrong_is_counted() -> None:
    """A table that hid a violation would be worse than none."""
    good = Outcome("sqlite", draw("s", 1), 1, [], [], [], [], 0, 0.5)
    bad = good._replace(duplicated=["a", "b"], lost=["c"], unapproved=["d"], other=["e"])
    total = lines([good, bad])[-1]

    assert (good.is_good, bad.is_good) == (True, False)
    assert total[2:8] == (2, 2, 2, 1, 1, 1)
