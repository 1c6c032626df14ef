"""A mix of live items that the labelled cases did not have: what the sandbox's gate says of it.

    python -m bench.clinc_mix [--json] [--seeds N] [--folder FOLDER]

One run of the loop learns the train pack, passes its dry run and enters the sandbox, through the
command line, with the bars of the sample's plan (wrong alone at most 8 %, covered at least 60 %,
sample 400), which were written down before. 400 items of which 73 are out of scope (18.2 %) come in
there, and the run goes on to its end. Then, for every seed, 400 cases of the valid pack are drawn
without replacement in either mix, answered and routed by the version and the values that stood in
the sandbox, and judged by the same gate.
"""

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from bench.real import bank, packs
from bench.real.bank import Bank
from bench.real.packs import Row
from pilotage.wiring import Wired
from pilotage.worker import working
from policies import gates
from runs.records.case import Case
from runs.records.evidence import Evidence, Outcome, OutcomeTable, Verdict
from runs.records.item import Output
from runs.records.release import Release
from runs.records.run import Terminal
from runs.records.version import PolicyValues, Version
from workflow.evaluate.bench import Seen
from workflow.evaluate.trial import route_all
from workflow.version import mask_of

WORKFLOW = "assistant_triage"
SAMPLE = 400
MIXES: Mapping[str, tuple[int, int]] = {"own": (387, 13), "shifted": (327, 73)}
"""Items in scope and out of scope: 3.2 % as in the valid pack, or 18.2 %. (0.7 % in train.)"""
SEEDS = 20
BARS: Mapping[str, Any] = {"wrong_auto_max": 0.08, "coverage_min": 0.60, "confidence": 0.95}
"""Those of the sample's plan, for its dry run and its sandbox."""
GATES = {
    "dry_run": {**BARS, "min_cases": 100, "max_review_budget": 1000},
    "sandbox": {**BARS, "min_cases": 150, "max_review_budget": 1000},
}
POLICY = {"workflow": WORKFLOW, **{f"gates.{name}": bars for name, bars in GATES.items()}}
STAGE = {
    "name": "sandbox",
    "kind": "sandbox",
    "weight_bp": 0,
    "sample": SAMPLE,
    "min_hours": 0,
}
PLAN = {
    "workflow": WORKFLOW,
    "dataset": WORKFLOW,
    **{f"acceptance.gates.{name}": bars for name, bars in GATES.items()},
    "rollout.stages": [STAGE],
    "rollout.agreed_stage": "sandbox",
}


@dataclass(frozen=True)
class Draw:
    """What one draw of live items came to."""

    mix: str
    seed: int
    items: dict[str, int]
    """By outcome."""
    outcome: str
    reason: str


@dataclass(frozen=True)
class Climbed:
    """The run that met the shifted mix in its sandbox."""

    trials: tuple[str, ...]
    """Its dry runs, one sentence each."""
    values: dict[str, str]
    """The values the version stood in the sandbox with."""
    terminal: str
    reason: str
    status: str
    """Of the release."""
    items: dict[str, int]


@dataclass(frozen=True)
class Measured:
    """Everything this measurement says."""

    climbed: Climbed
    draws: tuple[Draw, ...]

    def counts(self, mix: str) -> Counter[str]:
        """Draws of a mix by the outcome of the gate."""
        return Counter(one.outcome for one in self.draws if one.mix == mix)


def measure(folder: Path, *, seeds: int) -> Measured:
    """Take the run to its end under the shifted mix, then judge draws of both mixes."""
    train, valid = packs.read("clinc150", "train"), packs.read("clinc150", "valid")
    desk = Bank(folder, WORKFLOW, draw(valid, "shifted", 0))
    bank.found(desk, packs.policy(POLICY))
    bank.bring_cases(desk, train)
    run = bank.begin(desk, packs.plan(packs.labels(train), PLAN))
    wired = desk.wired()
    with working(wired) as worker:
        ended = bank.take_to_its_end(desk, wired, worker, run)
    (release,) = wired.store.releases.of_run(wired.store.customer(bank.CUSTOMER), ended.id)
    climbed = _climbed(wired, release, bank.end_of(wired, ended))
    return Measured(climbed, tuple(_draws(wired, release, valid, seeds=seeds)))


def draw(rows: Sequence[Row], mix: str, seed: int) -> list[Row]:
    """The live items of one mix and seed, drawn without replacement and shuffled."""
    chance = random.Random(f"{mix}:{seed}")
    inside = [row for row in rows if row.label != packs.OUT]
    outside = [row for row in rows if row.label == packs.OUT]
    counts = MIXES[mix]
    drawn = chance.sample(inside, counts[0]) + chance.sample(outside, counts[1])
    chance.shuffle(drawn)
    return drawn


def _draws(wired: Wired, release: Release, rows: Sequence[Row], *, seeds: int) -> list[Draw]:
    customer = wired.store.customer(bank.CUSTOMER)
    policy = wired.store.get(customer, PolicyValues, release.policy)
    outcomes = _outcomes(wired, release, policy, rows)
    drawn = []
    for mix in MIXES:
        for seed in range(seeds):
            counts = Counter(outcomes[row.id] for row in draw(rows, mix, seed))
            judged = _judge(release, policy, OutcomeTable(**counts))
            drawn.append(Draw(mix, seed, dict(counts), judged.outcome, judged.reason))
    return drawn


def _outcomes(
    wired: Wired, release: Release, policy: PolicyValues, rows: Sequence[Row]
) -> dict[str, Outcome]:
    """What the version makes of every case, as a live item gets it: masked, answered, routed."""
    customer = wired.store.customer(bank.CUSTOMER)
    version = wired.store.get(customer, Version, release.version)
    mask = mask_of(version)
    inputs = [mask({"text": row.text}).value for row in rows]
    fitted = wired.engines("").bench(customer).fitted(version)
    answers = fitted.answer([one["text"] for one in inputs])
    seen = [
        Seen(
            _case(row),
            item,
            {},
            Output(
                label=said.label,
                confidence=said.confidence,
                scope=said.scope,
                runner_up=said.runner_up,
                route_used="baseline",
                fields={},
            ),
        )
        for row, item, said in zip(rows, inputs, answers, strict=True)
    ]
    trial = route_all(seen, version, policy=policy, trial="draws")
    return {result.case: result.outcome for result in trial.results}


def _case(row: Row) -> Case:
    return Case(
        id=row.id,
        family=row.id,
        input={"text": row.text},
        expected={"label": row.label},
        routes=("act",),
        origin="real",
        labelled_by="edith",
    )


def _judge(release: Release, policy: PolicyValues, table: OutcomeTable) -> gates.Judgement:
    now = datetime.now(UTC)
    evidence = Evidence(
        id="draw",
        run=release.run,
        kind="stage",
        version=release.version,
        policy=release.policy,
        subject=f"release:{release.id}:0",
        split="live",
        look=0,
        families=OutcomeTable(),
        items=table,
        segments={},
        unlabelled=0,
        seconds="0",
        notes={},
        measured_at=now,
        expires_at=now + timedelta(hours=1),
    )
    bars = policy.gates["sandbox"]
    return gates.judge(evidence, bars, version=release.version, policy=release.policy, now=now)


def _climbed(wired: Wired, release: Release, end: Terminal) -> Climbed:
    store, customer = wired.store, wired.store.customer(bank.CUSTOMER)
    verdicts = store.of_run(customer, Verdict, release.run)
    live = [e for e in store.of_run(customer, Evidence, release.run) if e.kind == "stage"]
    policy = store.get(customer, PolicyValues, release.policy)
    return Climbed(
        trials=tuple(f"{one.gate} {one.outcome}: {one.reason}" for one in verdicts),
        values={name: str(value) for name, value in policy.values.items()},
        terminal=end.kind,
        reason=end.reason,
        status=store.releases.get(customer, release.id).status,
        items=live[-1].items.model_dump() if live else {},
    )


def table(measured: Measured, seeds: int) -> str:
    """The measurement as lines of text."""
    climbed = measured.climbed
    values = ", ".join(f"{name} {value}" for name, value in climbed.values.items())
    lines = [
        "one run of the loop, 18.2 % of its sandbox out of scope:",
        *(f"  {says}" for says in climbed.trials),
        f"  in the sandbox with {values}: {climbed.items}",
        f"  {climbed.terminal}, release {climbed.status}: {climbed.reason}",
        f"draws of {SAMPLE}, {seeds} seeds, the same version, values and gate:",
    ]
    for mix, (inside, outside) in MIXES.items():
        drawn = [one for one in measured.draws if one.mix == mix]
        told = ", ".join(f"{verdict} {n}" for verdict, n in sorted(measured.counts(mix).items()))
        wrong = sorted(one.items.get("wrong_auto", 0) / SAMPLE for one in drawn)
        covered = sum(one.items.get("right_auto", 0) for one in drawn) / (SAMPLE * len(drawn))
        lines.append(
            f"  {outside / (inside + outside):5.1%} out of scope: {told}; wrong alone "
            f"{sum(wrong) / len(wrong):.3f} [{wrong[0]:.3f} to {wrong[-1]:.3f}], covered "
            f"{covered:.3f}"
        )
    return "\n".join(lines) + "\n"


@click.command(help="Judge live items of two mixes by the gate of the sandbox.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--seeds", type=click.IntRange(1), default=SEEDS, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the home here [nowhere].")
def main(*, as_json: bool, seeds: int, folder: Path | None) -> None:
    """Print the outcomes of both mixes."""
    with tempfile.TemporaryDirectory() as passing:
        measured = measure(folder or Path(passing), seeds=seeds)
    told = json.dumps(asdict(measured)) + "\n" if as_json else table(measured, seeds)
    sys.stdout.write(told)


if __name__ == "__main__":
    main()
