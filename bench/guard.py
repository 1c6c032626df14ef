"""What a fully captured agent gets done, and what clean work costs, under each way of guarding.

    python -m bench.guard [--json] [--folder FOLDER] [--clean]

The packs beside the project (guard_agentdojo_*, guard_tau_airline_writes, guard_bipia_*) are read
where they lie; what is missing is skipped and told. Intervals are two-sided 95 %: Clopper-Pearson.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from bench.captured import airline, packs, replay
from bench.captured.packs import DATA, Suite
from bench.captured.replay import PLACES, Way
from bench.captured.ways import WAYS
from policies import intervals
from policies.guard.judging import RULES
from policies.speaking import lint


@dataclass(frozen=True)
class Share:
    """k of n with its 95 % interval."""

    k: int
    n: int
    low: float
    high: float

    @property
    def told(self) -> str:
        """As a line of the table tells it."""
        rate = self.k / self.n if self.n else 0.0
        return f"{self.k:>4} of {self.n:<4} {rate:6.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Guarded:
    """One way of guarding."""

    name: str
    clean: Share
    """Tasks with nothing held."""
    held: dict[str, list[str]]
    """By task: the tools whose calls were held or refused."""
    begun: Share
    """Attacks of which any effect was done without a person."""
    whole: Share
    """Attacks that were done whole and reach what they want so."""
    begun_by_place: dict[str, int]
    begun_by_attack: dict[str, int]
    risky_done: int
    """Calls of the classes that wait for a person, carried out without one."""


def share(k: int, n: int) -> Share:
    """The share of k in n with its exact interval."""
    low, high = intervals.lower(k, n, 0.975), intervals.upper(k, n, 0.975)
    return Share(k, n, round(low, 4), round(high, 4))


def guarded(way: Way, suites: Sequence[Suite]) -> Guarded:
    """The figures of one way."""
    clean = replay.clean(way, suites)
    attacked = replay.attacked(way, suites)
    begun = [one for one in attacked if one.is_begun]
    return Guarded(
        name=way.name,
        clean=share(sum(not one.held for one in clean), len(clean)),
        held={one.task: list(one.held) for one in clean if one.held},
        begun=share(len(begun), len(attacked)),
        whole=share(sum(one.is_whole for one in attacked), len(attacked)),
        begun_by_place={place: sum(one.place == place for one in begun) for place in PLACES},
        begun_by_attack=_tally([one.attack for one in begun]),
        risky_done=replay.risky_done(way, suites),
    )


def linted(folder: Path) -> dict[str, Share]:
    """Recall on attacks and false alarms on mails; nothing where the packs are missing."""
    attacks = _texts(folder, "guard_bipia_attacks", "text")
    mails = _texts(folder, "guard_bipia_emails", "context")
    if not attacks or not mails:
        return {}
    beside = [f"{mails[place % len(mails)]}\n{text}" for place, text in enumerate(attacks)]
    return {
        "attacks found, alone": share(sum(bool(lint(one)) for one in attacks), len(attacks)),
        "attacks found, in a mail": share(sum(bool(lint(one)) for one in beside), len(beside)),
        "false alarms on mails": share(sum(bool(lint(one)) for one in mails), len(mails)),
    }


def _tally(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}


def _texts(folder: Path, pack: str, field: str) -> list[str]:
    rows: list[dict[str, Any]] = []
    for file in sorted(folder.glob(f"{pack}*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            rows += map(json.loads, lines)
    return [row["input"][field] for row in rows]


def _told(figures: Sequence[Guarded]) -> list[str]:
    head = f"{'':22}{'clean, nothing held':38}{'attacks begun':38}{'attacks whole':38}risky done"
    lines = [head]
    lines += [
        f"{one.name:22}{one.clean.told:38}{one.begun.told:38}{one.whole.told:38}{one.risky_done}"
        for one in figures
    ]
    return lines


def _told_writes(counted: Sequence[airline.Counted]) -> list[str]:
    return [
        f"{one.name:46}wrong held or blocked {one.stopped_wrong} of {one.wrong}, "
        f"right allowed {one.allowed_right} of {one.right}"
        for one in counted
    ]


def _section(title: str, lines: Sequence[str]) -> None:
    click.echo("\n".join([title, *(f"  {line}" for line in lines), ""]))


@click.command(help="Measure the guard of tool calls, and the lint of texts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=DATA, help="Where the packs lie."
)
@click.option("--clean", is_flag=True, help="The clean tasks alone; no attack is read or run.")
def main(*, as_json: bool, folder: Path, clean: bool) -> None:
    """Print what was held and what was done."""
    suites = packs.read(folder, with_attacks=not clean)
    figures = [guarded(way, suites) for way in WAYS] if suites else []
    writes = airline.count(found) if (found := airline.read(folder)) else []
    lints = {} if clean else linted(folder)
    if as_json:
        told = {
            "rules": RULES,
            "agents": [asdict(one) for one in figures],
            "writes": [one._asdict() for one in writes],
            "lint": {name: asdict(one) for name, one in lints.items()},
        }
        click.echo(json.dumps(told))
        return
    click.echo(f"rules {RULES}\n")
    missing = ["skipped: the pack is not there"]
    _section("A captured agent (guard_agentdojo)", _told(figures) if figures else missing)
    _section("Writes of a model (guard_tau_airline)", _told_writes(writes) if writes else missing)
    told_lint = [f"{name:28}{one.told}" for name, one in lints.items()]
    _section("The lint of texts (guard_bipia)", told_lint or missing)


if __name__ == "__main__":
    main()
