"""Kill at a thousand moments drawn at random: `python -m tests.faults.drawn --help`.

Each trial is one line of JSON in the file of `--resume`; whoever is stopped goes on from there.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from tests import databases
from tests.faults.moments import Drawn, Ground, Outcome, draw
from tests.faults.outside import Outside, outside

TRIALS = 1_000
SEED = "pilotage"
FORM = "{:<12} {:<29} {:>6} {:>6} {:>10} {:>5} {:>10} {:>5} {:>6} {:>7}"
HEAD = ("database", "what", "trials", "killed", "duplicated", "lost", "unapproved", "other")
MORE = ("again", "seconds")
SHOWN = 10


class Line(NamedTuple):
    """The trials of one kind on one database, added up."""

    database: str
    what: str
    trials: int
    killed: int
    duplicated: int
    lost: int
    unapproved: int
    other: int
    asked_again: int
    seconds: float


def asked_for(arguments: list[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.drawn", description=__doc__)
    parser.add_argument("--trials", type=int, default=TRIALS, help="on all databases together")
    parser.add_argument(
        "--seconds",
        type=float,
        default=None,
        help="stop after so many, once each database had a trial",
    )
    parser.add_argument("--seed", default=SEED, help="the same seed draws the same trials")
    parser.add_argument("--on", choices=(*databases.BOTH, "both"), default="both")
    parser.add_argument("--resume", type=Path, default=None, help="file of trials to add to")
    parser.add_argument("--part", default="0/1", help="i/n: only every n-th trial, from i on")
    parser.add_argument("--json", action="store_true", help="one object instead of the table")
    return parser.parse_args(arguments)


def trials(asked: argparse.Namespace, until: float, done: list[Outcome]) -> Iterator[Outcome]:
    """The trials that are not done yet, on each database in turn, as long as there is time."""
    part, parts = map(int, asked.part.split("/"))
    known = {(one.database, one.drawn.number) for one in done}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pilotage-drawn-")))
        system = stack.enter_context(outside())
        grounds = list(_grounds(asked, folder, system, stack))
        for number in range(asked.trials):
            if number // len(grounds) % parts != part:
                continue
            ground = grounds[number % len(grounds)]
            if (ground.database, number) in known:
                continue
            if number >= len(grounds) and time.monotonic() > until:
                return
            ground.prepare_once()
            yield ground.trial(draw(asked.seed, number))


def _grounds(
    asked: argparse.Namespace, folder: Path, system: Outside, stack: ExitStack
) -> Iterator[Ground]:
    if asked.on in (databases.SQLITE, "both"):
        yield Ground(folder / databases.SQLITE, system, None)
    if asked.on in (databases.POSTGRESQL, "both"):
        server = stack.enter_context(databases.running())
        stack.enter_context(databases.on(server))
        yield Ground(folder / databases.POSTGRESQL, system, server)


def lines(outcomes: list[Outcome]) -> list[Line]:
    """Added up by database and by what was drawn, the sum of all last."""
    kinds = sorted({(one.database, _what(one.drawn)) for one in outcomes})
    told = [
        _line(
            database,
            what,
            [o for o in outcomes if (o.database, _what(o.drawn)) == (database, what)],
        )
        for database, what in kinds
    ]
    return [*told, _line("all", "", outcomes)]


def _what(drawn: Drawn) -> str:
    if drawn.kind == "worker":
        return f"worker: {drawn.seam}"
    return drawn.seam if drawn.kind == "seam" else drawn.kind


def _line(database: str, what: str, of: list[Outcome]) -> Line:
    return Line(
        database,
        what,
        trials=len(of),
        killed=sum(one.killed for one in of),
        duplicated=sum(len(one.duplicated) for one in of),
        lost=sum(len(one.lost) for one in of),
        unapproved=sum(len(one.unapproved) for one in of),
        other=sum(len(one.other) for one in of),
        asked_again=sum(one.asked_again for one in of),
        seconds=round(sum(one.seconds for one in of) / max(1, len(of)), 2),
    )


def report(outcomes: list[Outcome], wanted: int) -> dict[str, Any]:
    """Everything a program needs to know of the trials."""
    bad = [one for one in outcomes if not one.is_good]
    return {
        "trials": len(outcomes),
        "of": wanted,
        "violations": len(bad),
        "lines": [one._asdict() for one in lines(outcomes)],
        "bad": [_as_json(one) for one in bad[:SHOWN]],
    }


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return outcome._asdict() | {"drawn": outcome.drawn._asdict()}


def _read(file: Path | None) -> list[Outcome]:
    if file is None or not file.exists():
        return []
    told = [json.loads(line) for line in file.read_text().splitlines()]
    return [Outcome(**one | {"drawn": Drawn(**one["drawn"])}) for one in told]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _tabulate(outcomes: list[Outcome], wanted: int, began: float) -> None:
    _say(FORM.format(*HEAD, *MORE))
    for one in lines(outcomes):
        _say(FORM.format(*one))
    for bad in [one for one in outcomes if not one.is_good][:SHOWN]:
        _say(f"  {_as_json(bad)}")
    took = time.monotonic() - began
    _say(f"{len(outcomes)} of {wanted} trials, {took:.0f} s, {os.cpu_count()} processors")


def main(arguments: list[str]) -> int:
    """Do the trials, and tell; 1 for a violation, 2 when the time was over before the last."""
    began, asked = time.monotonic(), asked_for(arguments)
    until = float("inf") if asked.seconds is None else began + asked.seconds
    outcomes = _read(asked.resume)
    for outcome in trials(asked, until, list(outcomes)):
        outcomes.append(outcome)
        if asked.resume is not None:
            with asked.resume.open("a", encoding="utf-8") as file:
                file.write(json.dumps(_as_json(outcome)) + "\n")
    if asked.json:
        _say(json.dumps(report(outcomes, asked.trials)))
    else:
        _tabulate(outcomes, asked.trials, began)
    if any(not one.is_good for one in outcomes):
        return 1
    return 0 if len(outcomes) >= asked.trials else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
