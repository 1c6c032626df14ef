"""one priority to its proven end, on the sample."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from pilotage.cli import exits
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show
from pilotage.cli.progress import steps

FOLDER = Path(".pilotage-demo")


@click.command(epilog="Examples:\n\n  pilotage demo\n\n  pilotage demo --seed 7 --json > demo.json")
@click.option("--seed", default=1, show_default=True, help="Seed of the sample's tickets.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Home of the demo; one that an earlier demo left there is replaced.",
)
@json_option
@pass_call
def demo(call: Call, *, seed: int, into: Path, as_json: bool) -> None:
    """Take two priorities of a fictional customer to their proven ends; no key, no network.

    Every step is the real one: the people are made up and marked as demo, the clock is turned, and
    the tickets come from a seeded generator.
    """
    from pilotage.demo import stage as home
    from pilotage.demo import telling
    from pilotage.demo.play import FIRST, SECOND, play

    began = time.monotonic()
    into = into.resolve()
    home.empty(into)
    url = f"sqlite:///{into / 'pilotage.db'}"
    quick = {"poll_s": 0.02, "tick_s": 0.2, "concurrency": 6}
    settings = replace(call.settings, home=into, database_url=url, token="", customer="", **quick)
    with steps(call, "demo") as step:
        step(f"making {into}")
        stage = home.build(settings, seed)
        played = play(stage, (FIRST, SECOND), seed=seed, tell=step)
        step("checking the record")
        shown = telling.told(stage, played, seconds=time.monotonic() - began)
    show("demo", shown, telling.lines(shown), as_json=as_json)
    if not shown["audit"]["ok"]:
        sys.exit(exits.NOT_VERIFIED)
