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
SAMPLES = ("support_triage", "record_reconciliation", "deal_risk", "document_drafting")
"""Every sample there is; a test compares them with those that can be found."""

EXAMPLES = """Examples:

  pilotage demo

  pilotage demo --sample record_reconciliation

  pilotage demo --seed 7 --json > demo.json
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--sample",
    type=click.Choice(SAMPLES),
    default=SAMPLES[0],
    show_default=True,
    help="Which fictional customer to play.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the sample's work.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Home of the demo; one that an earlier demo left there is replaced.",
)
@json_option
@pass_call
def demo(call: Call, *, sample: str, seed: int, into: Path, as_json: bool) -> None:
    """Take the priorities of a fictional customer to their proven ends; no key, no network.

    Every step is the real one: the people are made up and marked as demo, the clock is turned, and
    the work comes from a seeded generator.
    """
    from pilotage.demo import stage as home
    from pilotage.demo import telling
    from pilotage.demo.play import play
    from workflow.samples.known import find_sample

    began = time.monotonic()
    into = into.resolve()
    home.empty(into)
    url = f"sqlite:///{into / 'pilotage.db'}"
    quick = {"poll_s": 0.02, "tick_s": 0.2, "concurrency": 6}
    settings = replace(call.settings, home=into, database_url=url, token="", customer="", **quick)
    with steps(call, "demo") as step:
        step(f"making {into}")
        stage = home.build(settings, find_sample(sample), seed=seed)
        played = play(stage, seed=seed, tell=step)
        step("checking the record")
        shown = telling.told(stage, played, seconds=time.monotonic() - began)
    show("demo", shown, telling.lines(shown), as_json=as_json)
    if not shown["audit"]["ok"]:
        sys.exit(exits.NOT_VERIFIED)
