"""Rules of acceptance at work on the samples: what each keeps, and what that is worth on live work.

    python -m bench.fix_samples [--sample NAME]... [--seeds N] [--first N] [--keep FILE] [--json]

The search is let loose on a sample's own cases as a run would, until its gate passes on dev or
nothing is left to try; every change that was kept, and the end, are weighed on live work that
nobody searched. `--keep` keeps a line a seed and rule, and goes on there. The rules are those of
`bench/fix_rules.py`; nothing here chooses a seed.
"""

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import click

from bench.fix_rules import CHANCE, LOOKS, RULES, Rule, judged_by
from pilotage import settings
from pilotage.demo.stage import LIVE_SEED, build, import_cases
from policies import intervals
from policies.compiled import compile_plan
from policies.rules import read_plan, read_policy
from policies.stopping import FIXES
from runs.plan import Plan, PlanRecord
from runs.records.case import Case
from runs.records.evidence import FailureGroup, Patch
from workflow.evaluate.bench import Bench
from workflow.evaluate.learning import to_score
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.failures import break_even, group
from workflow.patches import acceptance, doubts, search
from workflow.patches.acceptance import Comparison, Terms
from workflow.patches.patch import Changed, apply
from workflow.samples.known import ALL, find_sample
from workflow.samples.sample import Sample
from workflow.version import make

SEEDS, MOST_FIXES, FRESH_FAMILIES = 5, 10, 600


@dataclass(frozen=True)
class Told:
    """What one rule made of one sample under one seed."""

    sample: str
    seed: int
    rule: str
    fixes: tuple[str, ...]
    useless: int
    """Kept, and worth nothing on live work."""
    blunt: int
    """Kept, and no better than as many families asked about blindly."""
    tried: int
    passes: bool
    """Whether the gate passes on dev at the end, so that the run goes on to the holdout."""
    proves: bool
    """Whether the holdout then passes at a look's confidence."""
    wrong: float
    """Of the live cases at the end: wrong alone."""
    needless: float
    cost: float
    """Of what is wrong alone and what is reviewed needlessly, a live case, by the plan's prices."""
    seconds: float


class Desk(NamedTuple):
    """One customer: its cases, and live work."""

    bench: Bench
    first: Changed
    plan: Plan
    cases: dict[str, list[Case]]

    def trial(self, pair: Changed, split: str) -> TrialRun:
        """One candidate on one split."""
        cases = to_score(pair.version, self.cases[split])
        told = {"policy": pair.policy, "cases": cases, "trial": split}
        return run_trial(self.bench, pair.version, **told, unsure=break_even(self.plan))

    def compare(
        self, pair: Changed, after: Changed, failed: FailureGroup, split: str, *, terms: Terms
    ) -> Comparison:
        """What a change did on a split."""
        then = self.trial(after, split)
        before = self.trial(pair, split).only(then.cases)
        return acceptance.compare(before, then, group=failed, terms=terms)


def desk(sample: Sample, seed: int, home: Path) -> Desk:
    """A home of the sample's customer under this seed, as the demo makes it."""
    stage = build(settings.read({"PILOTAGE_HOME": str(home)}), sample, seed=seed)
    priority, documents = sample.priorities[0], sample.documents
    dataset = import_cases(stage, priority.workflow, seed=seed)
    plan = read_plan(documents.text(priority.plan), priority.plan).plan
    assert plan is not None
    version = make(PlanRecord(run="r-1", plan=plan, lessons=(), changes=()), dataset)
    values = read_policy(documents.text(priority.policy), priority.policy)
    values = values.model_copy(update={"workflow": plan.workflow})
    shelf = stage.wired.store.cases
    cases = {n: shelf.read(stage.customer, dataset.digest, n) for n in ("learn", "dev", "holdout")}
    cases["fresh"] = live(sample, seed)
    bench = stage.wired.engines("").bench(stage.customer)
    return Desk(bench, Changed(version, compile_plan(plan, values).policy), plan, cases)


def live(sample: Sample, seed: int) -> list[Case]:
    """Live work with what is right for it, as cases."""
    known = sample.reviewer(seed + LIVE_SEED, sample.priorities[0].workflow, FRESH_FAMILIES)
    return [
        Case(
            id=one.key,
            family=one.truth.family,
            input=dict(one.input),
            expected={"label": one.truth.label},
            routes=one.truth.routes,
            severity=one.truth.severity,
            origin="synthetic",
            labelled_by="truth",
            split="retired",
        )
        for one in known.pieces
    ]


def measure(desk: Desk, rule: Rule, *, sample: str, seed: int) -> Told:
    """Let the search loose under one rule, as a run would."""
    began, pair, looks, tried = time.process_time(), desk.first, LOOKS, 0
    terms = acceptance.terms_of(desk.plan, pair.policy)
    kept: list[tuple[Patch, Comparison]] = []
    while len(kept) < MOST_FIXES and not _passes(desk, pair, "dev"):
        found = _find(Place(desk, pair, rule, terms), looks)
        tried, looks = tried + found.tried, found.looks
        if found.patch is None or found.group is None:
            break
        after = apply(found.patch, *pair)
        kept.append((found.patch, desk.compare(pair, after, found.group, "fresh", terms=terms)))
        pair = after
    end, passes = desk.trial(pair, "fresh").items, _passes(desk, pair, "dev")
    cost = end.wrong_auto * terms.cost_of_error + end.needless_review * terms.cost_of_review
    return Told(
        sample=sample,
        seed=seed,
        rule=rule.name,
        fixes=tuple(patch.says for patch, _ in kept),
        useless=sum(fresh.net <= 0 for _, fresh in kept),
        blunt=sum(
            fresh.net > 0 and acceptance.by_chance(fresh.tally) > CHANCE for _, fresh in kept
        ),
        tried=tried,
        passes=passes,
        proves=passes and _passes(desk, pair, "holdout"),
        wrong=end.wrong_auto / end.total,
        needless=end.needless_review / end.total,
        cost=round(float(cost / Decimal(end.total)), 3),
        seconds=round(time.process_time() - began, 1),
    )


def _passes(desk: Desk, pair: Changed, split: str) -> bool:
    """The two bars of the dry run's gate."""
    gate, table = pair.policy.gates["dry_run"], desk.trial(pair, split).families
    sure = gate.confidence if split == "dev" else 1 - (1 - gate.confidence) / LOOKS
    harmed = table.wrong_auto + table.error
    is_safe = intervals.upper(harmed, table.total, sure) <= gate.wrong_auto_max
    return is_safe and intervals.lower(table.covered, table.total, sure) >= gate.coverage_min


class Place(NamedTuple):
    """Where a search stands, and by what it is judged."""

    desk: Desk
    pair: Changed
    rule: Rule
    terms: Terms

    def compare(self, after: Changed, failed: FailureGroup, split: str) -> Comparison:
        """What a change would do on a split."""
        return self.desk.compare(self.pair, after, failed, split, terms=self.terms)


class Found(NamedTuple):
    """One round of the search."""

    patch: Patch | None
    group: FailureGroup | None
    tried: int
    looks: int


def _find(at: Place, looks: int) -> Found:
    trial, tried = at.desk.trial(at.pair, "dev"), 0
    for failed in group(trial.results, trial.cases):
        if doubts.second_says_otherwise(failed, trial):
            continue
        told = {"pair": at.pair, "plan": at.desk.plan, "bench": at.desk.bench, "ranks": FIXES}
        for patch in search.of_group(failed, trial, **told):
            tried += 1
            is_kept, looks = _try(at, patch, failed, looks)
            if is_kept:
                return Found(patch, failed, tried, looks)
    return Found(None, None, tried, looks)


def _try(at: Place, patch: Patch, failed: FailureGroup, looks: int) -> tuple[bool, int]:
    after, terms = apply(patch, *at.pair), at.terms.of_rank(patch.rank)
    dev = at.compare(after, failed, "dev")
    if acceptance.find_objection(dev.tally, terms):
        return False, looks
    asks = at.rule.confirms and patch.rank < search.EXAMPLES
    learnt = at.compare(after, failed, "learn") if asks else None
    if acceptance.find_unconfirmed(learnt, terms):
        return False, looks
    is_looked = looks > acceptance.RESERVED_LOOKS
    there = at.compare(after, failed, "holdout") if is_looked else None
    ruled = acceptance.accept(dev, terms, learnt=learnt, holdout=there, looks_left=looks)
    return ruled.accepted, looks - is_looked


def table(told: Sequence[Told]) -> str:
    """A line a sample and rule: sums and means over its seeds."""
    head = ["sample", "rule", "seeds", "kept", "useless", "blunt", "dev passes", "holdout passes"]
    head += ["wrong alone", "needless", "cost a case"]
    lines = [head, ["---"] * len(head)]
    for sample in dict.fromkeys(one.sample for one in told):
        for rule in dict.fromkeys(one.rule for one in told):
            own = [one for one in told if (one.sample, one.rule) == (sample, rule)]
            if own:
                lines.append([sample, rule, *_line(own)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(own: Sequence[Told]) -> list[str]:
    n = len(own)
    counts = [n, sum(len(one.fixes) for one in own)]
    counts += [sum(one.useless for one in own), sum(one.blunt for one in own)]
    counts += [sum(one.passes for one in own), sum(one.proves for one in own)]
    means = [sum(one.wrong for one in own) / n, sum(one.needless for one in own) / n]
    cost = sum(one.cost for one in own) / n
    return [*map(str, counts), *(f"{one:.1%}" for one in means), f"{cost:.2f}"]


@click.command()
@click.option("--sample", "names", multiple=True, type=click.Choice([one.name for one in ALL]))
@click.option("--seeds", type=click.IntRange(1), default=SEEDS, show_default=True)
@click.option("--first", type=click.IntRange(0), default=1, show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="Keep a line each; go on there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(*, names: Sequence[str], seeds: int, first: int, keep: Path | None, as_json: bool) -> None:
    """Print what each rule makes of each sample."""
    told = _kept(keep)
    for seed in range(first, first + seeds):
        for name in names or [one.name for one in ALL]:
            told += _of_seed(name, seed, told, keep)
    if as_json:
        click.echo(json.dumps({"schema": "bench_fix_samples", "rows": [asdict(o) for o in told]}))
    else:
        click.echo(table(told))


def _of_seed(name: str, seed: int, told: Sequence[Told], keep: Path | None) -> list[Told]:
    known = {one.rule for one in told if (one.sample, one.seed) == (name, seed)}
    left = [rule for rule in RULES if rule.name not in known]
    if not left:
        return []
    found: list[Told] = []
    with tempfile.TemporaryDirectory() as folder:
        made = desk(find_sample(name), seed, Path(folder) / "home")
        for rule in left:
            with judged_by(rule):
                found.append(measure(made, rule, sample=name, seed=seed))
            sys.stderr.write(f"{name}, seed {seed}, {rule.name}: {found[-1].fixes}\n")
            _write(keep, found[-1])
    return found


def _write(keep: Path | None, one: Told) -> None:
    if keep is not None:
        with keep.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(one)) + "\n")


def _kept(keep: Path | None) -> list[Told]:
    if keep is None or not keep.exists():
        return []
    rows = [json.loads(line) for line in keep.read_text(encoding="utf-8").splitlines()]
    return [Told(**(row | {"fixes": tuple(row["fixes"])})) for row in rows]


if __name__ == "__main__":
    main()
