"""The hazards of a paused run that acts: LangGraph with its defaults beside Pilotage.

    python -m bench.hazards [--database sqlite|postgresql] [--json]

Each row is played: on the left a small LangGraph program as its users write it, on the right the
scene that `tests/hazards` tests, on the real record, graph and loop. Nothing is stated that was not
run. Ends with 1 when a row of Pilotage does not hold.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import click

from bench.plain import answering, pausing, surviving
from bench.plain.pausing import Outcome
from tests import databases
from tests.hazards.rows import ROWS, Row
from tests.hazards.sight import NotHeld
from tests.voyage import Harbour

PLAIN: Mapping[str, Callable[[], Outcome]] = {
    "1": pausing.looked_up_again,
    "2": answering.world_changes,
    "3": answering.same_answer_twice,
    "4": answering.finished_run,
    "5": answering.unknown_run,
    "6": answering.stale_id,
    "7": answering.keys_like_ids,
    "8": answering.empty_answer,
    "9": pausing.input_to_paused,
    "10": pausing.swallowed,
    "11": surviving.renamed_node,
    "11b": surviving.removed_node,
    "12": surviving.changed_node,
    "13": surviving.inserted_question,
    "14": pausing.in_a_loop,
    "15": answering.two_pending,
    "16": answering.two_processes,
    "17": answering.no_then_yes,
    "18": surviving.crash_then_reject,
    "19": surviving.error_after_effect,
    "20": surviving.killed_after_effect,
    "21": surviving.retried_effect,
    "22": pausing.state_updated,
    "23": pausing.static_breakpoint,
    "24": pausing.no_checkpointer,
    "25": pausing.subgraph,
    "26": answering.who_answered,
    "27": answering.nobody_answers,
    "28": answering.wrong_type,
    "29": surviving.several_calls,
    "30": surviving.growing,
    "31": surviving.second_pause,
    "32": surviving.last_write_lost,
    "33": surviving.restart,
}
"""By the row's name; the cases beside the table ask for people, whom LangGraph does not know."""
FORM = "{:<10} {:<42} {:<9} {:<9} {}"
SEVERE = "!"
NOT_THERE = Outcome("-", "LangGraph knows no people, tokens or due times")


class Played(NamedTuple):
    """One hazard on both sides."""

    row: Row
    plain: Outcome
    ours: Outcome


def play_plain(row: Row) -> Outcome:
    """What a small LangGraph program does."""
    if row.name not in PLAIN:
        return NOT_THERE
    try:
        return PLAIN[row.name]()
    except Exception as error:
        return Outcome("error", f"{type(error).__name__}: {error}")


def play_ours(row: Row, harbour: Harbour) -> Outcome:
    """What Pilotage does."""
    try:
        return Outcome("held", row.scene(harbour))
    except NotHeld as error:
        return Outcome(error.word, str(error))
    except Exception as error:
        return Outcome("error", f"{type(error).__name__}: {error}")
    finally:
        databases.let_go()


@contextmanager
def harboured(database: str) -> Iterator[Harbour]:
    """Homes on one database or the other, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="pilotage-hazards-") as folder:
        if database == databases.SQLITE:
            yield Harbour(Path(folder))
            return
        with databases.running() as server, databases.on(server):
            yield Harbour(Path(folder))


def play(database: str) -> Iterator[Played]:
    """Every row, one after the other."""
    with harboured(database) as harbour:
        for row in ROWS:
            yield Played(row, play_plain(row), play_ours(row, harbour))


def counted(outcomes: list[Outcome]) -> dict[str, int]:
    """How often each word was the outcome."""
    words = sorted({one.word for one in outcomes} - {"-"})
    return {word: sum(one.word == word for one in outcomes) for word in words}


def tabulate(played: list[Played]) -> Iterator[str]:
    """One line a row for each side, the severe ones marked."""
    yield FORM.format("row", "hazard", "LangGraph", "Pilotage", "what happened")
    for row, plain, ours in played:
        name = f"{row.name} {SEVERE if row.is_severe else ''}"
        yield FORM.format(name, row.hazard, plain.word, ours.word, f"LangGraph: {plain.says}")
        yield FORM.format("", "", "", "", f"Pilotage: {ours.says}")


def code_of(played: list[Played]) -> int:
    """What the program ends with: 1 when a row of Pilotage does not hold, or none was played."""
    return int(not played or any(one.ours.word != "held" for one in played))


def as_json(database: str, played: list[Played], seconds: float) -> dict[str, Any]:
    """Everything that was seen."""
    return {
        "langgraph": version("langgraph"),
        "database": database,
        "seconds": round(seconds, 1),
        "rows": [
            {
                "row": row.name,
                "hazard": row.hazard,
                "severe": row.is_severe,
                "langgraph": plain._asdict(),
                "pilotage": ours._asdict(),
            }
            for row, plain, ours in played
        ],
    }


@click.command(help=__doc__)
@click.option("--database", type=click.Choice(databases.MARKS["both_databases"]), default="sqlite")
@click.option("--json", "is_json", is_flag=True, help="One object for programs.")
def main(*, database: str, is_json: bool) -> None:
    """Play every row, print both sides, and fail where ours does not hold."""
    began = time.monotonic()
    played = list(play(database))
    seconds = time.monotonic() - began
    if is_json:
        click.echo(json.dumps(as_json(database, played, seconds), indent=2))
    else:
        for line in tabulate(played):
            click.echo(line)
        severe = [
            one for one in played if one.row.is_severe and one.plain.word not in ("held", "-")
        ]
        click.echo(f"\nLangGraph {version('langgraph')}: {counted([one.plain for one in played])}")
        click.echo(f"Pilotage on {database}: {counted([one.ours for one in played])}")
        click.echo(f"{len(severe)} severe ({SEVERE}) rows are not held by LangGraph alone")
        click.echo(f"{seconds:.0f} s")
    raise SystemExit(code_of(played))


if __name__ == "__main__":
    main()
