"""one priority to its proven end, on the sample."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilotage.cli import exits
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show
from pilotage.cli.progress import Steps, steps

if TYPE_CHECKING:
    from pilotage.demo.asking import Asking
    from pilotage.demo.stage import Stage
    from pilotage.settings import Settings
    from workflow.samples.sample import Sample

FOLDER = Path(".pilotage-demo")
SAMPLES = ("support_triage", "record_reconciliation", "deal_risk", "document_drafting")
"""Every sample there is; a test compares them with those that can be found."""
UNTIL = ("sandbox", "agreed")
LEAST_FAMILIES = 60

EXAMPLES = """Examples:

  pilotage demo

  pilotage demo --sample record_reconciliation

  pilotage demo --seed 7 --json > demo.json

  OPENAI_BASE_URL=http://localhost:8000/v1 pilotage demo --models --families 400
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
@click.option(
    "--models",
    is_flag=True,
    help="Ask the models that OPENAI_BASE_URL or OPENAI_API_KEY, or the home's models.yaml, "
    "declare: the loop and the workflow do, on the first priority.",
)
@click.option(
    "--models-file",
    type=click.Path(path_type=Path),
    help="The same with the routes of this models.yaml.",
)
@click.option(
    "--families",
    type=click.IntRange(min=LEAST_FAMILIES),
    help="So many families of labelled cases instead of all; fewer ask less and prove less.",
)
@click.option(
    "--until",
    type=click.Choice(UNTIL),
    help="Where it is done: at the sandbox, or the stage its plan agrees on  [default: agreed; "
    "with models sandbox]",
)
@json_option
@pass_call
def demo(
    call: Call, *, sample: str, seed: int, into: Path, as_json: bool, **otherwise: Any
) -> None:
    """Take the priorities of a fictional customer to their proven ends; no key, no network.

    Every step is the real one: the people are made up and marked as demo, the clock is turned, and
    the work comes from a seeded generator. With --models a declared endpoint is really asked.
    """
    from pilotage.demo import stage as home
    from pilotage.demo import telling
    from pilotage.demo.play import play

    began = time.monotonic()
    into = into.resolve()
    played_as, asking = _chosen(call.settings, sample, **otherwise)
    home.empty(into)
    url = f"sqlite:///{into / 'pilotage.db'}"
    quick = {"poll_s": 0.02, "tick_s": 0.2, "concurrency": 6}
    settings = replace(call.settings, home=into, database_url=url, token="", customer="", **quick)
    with steps(call, "demo") as step:
        step(f"making {into}")
        stage = home.build(settings, played_as, seed=seed, asking=asking)
        _announce(stage, seed=seed, step=step)
        played = play(stage, seed=seed, tell=step)
        step("checking the record")
        shown = telling.told(stage, played, seconds=time.monotonic() - began)
    show("demo", shown, telling.lines(shown), as_json=as_json)
    if not shown["audit"]["ok"]:
        sys.exit(exits.NOT_VERIFIED)


def _chosen(
    settings: "Settings",
    name: str,
    *,
    models: bool,
    models_file: Path | None,
    families: int | None,
    until: str | None,
) -> "tuple[Sample, Asking | None]":
    """The sample as it is played, and the models it asks; refused before anything is made."""
    from pilotage.demo.asking import find
    from workflow.samples import variant
    from workflow.samples.known import find_sample

    sample, asking = find_sample(name), None
    if models or models_file is not None:
        asking = find(settings, models_file, currency=variant.currency(sample))
        sample = variant.asking(sample, [one.name for one in asking.routes])
    if (until or UNTIL[asking is None]) == UNTIL[0]:
        sample = variant.until_sandbox(sample)
    return (sample if families is None else variant.fewer(sample, families)), asking


def _announce(stage: "Stage", *, seed: int, step: Steps) -> None:
    """Which models are asked, how much at most, and whether they answer; nothing without any."""
    from pilotage.cli.model import tried_lines, try_route
    from pilotage.demo.asking import announced
    from pilotage.demo.play import REQUESTER, cast_of
    from tools.model.account import Payer

    if stage.asking is None:
        return
    wired, sample, workflow = stage.wired, stage.sample, stage.sample.priorities[0].workflow
    cases = len(sample.cases(seed, workflow))
    pieces = len(cast_of(stage, sample.priorities[0], seed=seed).simulator.pieces)
    for line in announced(wired, stage.asking, cases=cases, pieces=pieces):
        step(f"models: {line}")
    payer = Payer(stage.customer, stage.holder_of(REQUESTER).person)
    for name, asked in wired.asks_each(payer, wired.words()).items():
        went, _ = try_route(name, asked)
        step(f"models: {tried_lines(went)[0]}")
        if not went["answers"]:
            step("models: the demo goes on; what no model answers its baseline or people decide")
