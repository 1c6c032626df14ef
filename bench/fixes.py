"""Seeded defects and decoys: which are mended at the right rank, how small, and what was useless.

    python -m bench.fixes [--seeds N] [--first N] [--json]

Each defect is put into a made-up desk that is otherwise right, and the search is let loose as in a
run: worst group and smallest change first, accepted by docs/decisions/0003, three looks at the
holdout. A change is useless where, on cases drawn afresh, it does not save more than it costs.
Nothing here chooses a seed.
"""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, NamedTuple

import click

from policies.compiled import compile_plan
from policies.rules import read_plan, read_policy
from policies.stopping import FIXES
from runs.plan import Plan, PlanRecord
from runs.records.case import Case, Split
from runs.records.evidence import FailureGroup, Patch
from runs.records.person import Customer
from runs.records.version import Source
from workflow.dataset.description import Import, describe
from workflow.evaluate.bench import Bench
from workflow.evaluate.learning import to_score
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.failures import break_even, group
from workflow.patches import acceptance, doubts, search
from workflow.patches.patch import Changed, apply
from workflow.sources import Context
from workflow.version import make

COUNTS: Mapping[str, int] = {"learn": 120, "dev": 240, "holdout": 240, "fresh": 480}
SAYS = {
    "refund": "please give the money back for order",
    "delivery": "where is the parcel of order",
}
AT = datetime(2026, 1, 5, tzinfo=UTC)
MOST_FIXES, LOOKS = 3, 4
SAMPLE = ("workflow.samples.support_triage", "customer")


class Drawn(NamedTuple):
    """One item as the world is, before anybody reads it."""

    label: str
    text: str
    amount: int
    channel: str
    hold: bool
    routes: tuple[str, ...] = ("act",)
    second: str = ""


Twist = Callable[[Drawn, random.Random, str], Drawn]
"""Puts a defect into an item of a split."""


def _value(item: Drawn, chance: random.Random, _: str) -> Drawn:
    torn = chance.random() < 0.25
    return item._replace(text="order money parcel back where please the") if torn else item


def _rule(item: Drawn, _: random.Random, __: str) -> Drawn:
    return item._replace(routes=("review",)) if item.amount > 800 else item


def _pair(item: Drawn, _: random.Random, __: str) -> Drawn:
    is_both = item.amount > 700 and item.channel == "chat"
    return item._replace(routes=("review",)) if is_both else item


def _field(item: Drawn, _: random.Random, __: str) -> Drawn:
    return item._replace(routes=("review",)) if item.hold else item


def _example(item: Drawn, chance: random.Random, split: str) -> Drawn:
    is_new = split != "learn" and item.label == "refund" and chance.random() < 0.3
    return item._replace(text="voucher of the parcel is refused where is") if is_new else item


def _noise(item: Drawn, chance: random.Random, split: str) -> Drawn:
    return item._replace(routes=("review",)) if chance.random() < 0.05 else item


def _labels(item: Drawn, chance: random.Random, split: str) -> Drawn:
    is_wrong = split != "learn" and item.label == "delivery" and chance.random() < 0.15
    return item._replace(label="refund", second="delivery") if is_wrong else item


DEFECTS: Mapping[str, tuple[int | None, Twist]] = {
    "value": (1, _value),
    "rule": (2, _rule),
    "rule of two": (2, _pair),
    "field": (3, _field),
    "example": (4, _example),
    "decoy: chance": (None, _noise),
    "decoy: labels": (0, _labels),
}
"""The rank at which each is to be mended; None for what nothing mends, 0 for what is asked."""


@dataclass(frozen=True)
class Told:
    """What became of one defect under one seed."""

    defect: str
    seed: int
    wanted: int | None
    ranks: tuple[int, ...]
    """Of the changes that were accepted, in order."""
    asked: bool
    """Whether the domain expert was asked about labels first."""
    operations: int
    tokens: int
    useless: int
    tried: int
    seconds: float

    @property
    def is_right(self) -> bool:
        """Mended first at its own rank; a decoy by nothing at all, doubtful labels by asking."""
        if self.wanted is None:
            return not self.ranks
        if self.wanted == 0:
            return self.asked and not self.ranks
        return self.ranks[:1] == (self.wanted,)


class Shelf(NamedTuple):
    """Cases in memory."""

    held: Sequence[Case]

    @property
    def cases(self) -> "Shelf":
        """It is its own shelf."""
        return self

    def read(self, customer: Customer, dataset: str, split: Split | None = None, /) -> list[Case]:
        """The cases of a split, by id."""
        return sorted((c for c in self.held if c.split == split), key=lambda one: one.id)


class Desk(NamedTuple):
    """A desk with one defect."""

    bench: Bench
    first: Changed
    plan: Plan
    cases: Mapping[str, list[Case]]

    def trial(self, pair: Changed, split: str) -> TrialRun:
        """One candidate on one split."""
        cases = to_score(pair.version, self.cases[split])
        told = {"policy": pair.policy, "cases": cases, "trial": split}
        return run_trial(self.bench, pair.version, **told, unsure=break_even(self.plan))


def make_desk(twist: Twist, seed: int) -> Desk:
    """The desk with this defect; the same every time."""
    chance, holds = random.Random(f"fixes-{seed}"), {}
    cases: dict[str, list[Case]] = {split: [] for split in COUNTS}
    for split, count in COUNTS.items():
        for number in range(count):
            id = f"{split}-{number:03d}"
            item = twist(_draw(chance), chance, split)
            holds[id] = item.hold
            cases[split].append(_case(id, item, split))
    plan = _plan()
    kept = [case for name in ("learn", "dev", "holdout") for case in cases[name]]
    brought = Import(plan.dataset, plan.workflow, "s", AT, "eva", "eva", "made up")
    record = PlanRecord(run="r-1", plan=plan, lessons=(), changes=())
    version = make(record, describe(kept, brought))

    def read(sources: Sequence[Source], item: Mapping[str, Any]) -> Context:
        row = {"tier": "standard", "hold": holds[item["account"]]}
        values = {one.name: {n: row[n] for n in one.fields if n in row} for one in sources}
        return Context(values=values, versions={}, seen={}, read_at={})

    customer = Customer(id="desk", name="Desk", is_demo=True)
    offered = frozenset(["tier", "hold"])
    bench = Bench(
        Shelf(kept), customer, read_context=read, find_fields=lambda source, item: offered
    )
    policy = _policy().model_copy(update={"workflow": plan.workflow})
    return Desk(bench, Changed(version, compile_plan(plan, policy).policy), plan, cases)


def _draw(chance: random.Random) -> Drawn:
    label = chance.choice(list(SAYS))
    text = f"{SAYS[label]} {chance.randrange(1_000)}"
    channel = chance.choice(["mail", "chat"])
    return Drawn(label, text, chance.randrange(1, 1_000), channel, chance.random() < 0.1)


def _case(id: str, item: Drawn, split: str) -> Case:
    return Case.model_validate(
        {
            "id": id,
            "family": id,
            "input": {
                "text": item.text,
                "account": id,
                "amount": item.amount,
                "channel": item.channel,
            },
            "expected": {"label": item.label},
            "routes": item.routes,
            "origin": "synthetic",
            "labelled_by": "eva",
            "second": {"label": item.second} if item.second else None,
            "split": "retired" if split == "fresh" else split,
        }
    )


def _document(name: str) -> str:
    package, folder = SAMPLE
    return (files(package) / folder / name).read_text(encoding="utf-8")


def _plan() -> Plan:
    """The sample's plan, of this desk: its contract, its source, its values; bars that can pass."""
    reading = read_plan(_document("plan.yaml"), "plan.yaml")
    assert reading.plan is not None
    parts = reading.plan.as_json()
    channel = {"name": "channel", "type": "choice", "choices": ["mail", "chat"]}
    parts["contract"] |= {
        "fields": [
            {"name": "text", "type": "text", "required": True},
            {"name": "account", "type": "text", "required": True},
            {"name": "amount", "type": "number", "required": True, "low": 0, "high": 1000},
            channel | {"required": True},
        ],
        "text_field": "text",
        "labels": ["refund", "delivery"],
    }
    crm = parts["context"]["sources"][0]
    own = {"name": "crm", "tool": "crm", "key_field": "account", "fields": ["tier"]}
    parts["context"]["sources"] = [crm | own]
    parts["privacy"] |= {"allowed_sources": ["crm"], "mask_fields": []}
    parts["routing"] |= {"rules": [], "lists": {}}
    parts["routing"]["values"] = {"act_threshold": "0.5", "scope_floor": "0"}
    parts["routing"]["bounds"] = {
        "act_threshold": {"low": "0.1", "high": "0.99"},
        "scope_floor": {"low": "0", "high": "0"},
    }
    gate = {"wrong_auto_max": 0.05, "coverage_min": 0.7, "confidence": 0.95, "min_cases": 100}
    parts["acceptance"]["gates"] = {"dry_run": gate}
    return Plan.model_validate(parts)


def _policy() -> Any:
    return read_policy(_document("policy.yaml"), "policy.yaml")


def mend(name: str, seed: int) -> Told:
    """Let the search loose on one defect."""
    wanted, twist = DEFECTS[name]
    desk, began = make_desk(twist, seed), time.monotonic()
    pair, kept, tried, asked, useless, looks = desk.first, [], 0, False, 0, LOOKS
    for _ in range(MOST_FIXES):
        found = _find(desk, pair, looks)
        tried, asked, looks = tried + found.tried, asked or found.asked, found.looks
        if found.patch is None:
            break
        after = apply(found.patch, *pair)
        useless += _is_useless(desk, pair, after, found.group)
        pair = after
        kept.append(found.patch)
    return Told(
        defect=name,
        seed=seed,
        wanted=wanted,
        ranks=tuple(one.rank for one in kept),
        asked=asked,
        operations=sum(len(one.operations) for one in kept),
        tokens=sum(one.tokens for one in kept),
        useless=useless,
        tried=tried,
        seconds=round(time.monotonic() - began, 2),
    )


class Found(NamedTuple):
    """One round of the search."""

    patch: Patch | None
    group: FailureGroup | None
    tried: int
    asked: bool
    looks: int


def _find(desk: Desk, pair: Changed, looks: int) -> Found:
    trial, tried, asked = desk.trial(pair, "dev"), 0, False
    for failed in group(trial.results, trial.cases):
        if doubts.second_says_otherwise(failed, trial):
            asked = True
            continue
        told = {"pair": pair, "plan": desk.plan, "bench": desk.bench, "ranks": FIXES}
        for patch in search.of_group(failed, trial, **told):
            tried += 1
            is_kept, looks = _try(desk, pair, patch, failed, looks)
            if is_kept:
                return Found(patch, failed, tried, asked, looks)
    return Found(None, None, tried, asked, looks)


def _try(
    desk: Desk, pair: Changed, patch: Patch, failed: FailureGroup, looks: int
) -> tuple[bool, int]:
    after = apply(patch, *pair)
    terms = acceptance.terms_of(desk.plan, pair.policy).of_rank(patch.rank)
    dev = _compare(desk, pair, after, failed, "dev")
    if acceptance.find_objection(dev.tally, terms):
        return False, looks
    asks = patch.rank < search.EXAMPLES
    learnt = _compare(desk, pair, after, failed, "learn") if asks else None
    if acceptance.find_unconfirmed(learnt, terms):
        return False, looks
    is_looked = looks > acceptance.RESERVED_LOOKS
    holdout = _compare(desk, pair, after, failed, "holdout") if is_looked else None
    ruled = acceptance.accept(dev, terms, learnt=learnt, holdout=holdout, looks_left=looks)
    return ruled.accepted, looks - is_looked


def _compare(
    desk: Desk, pair: Changed, after: Changed, failed: FailureGroup, split: str
) -> acceptance.Comparison:
    then = desk.trial(after, split)
    before = desk.trial(pair, split).only(then.cases)
    terms = acceptance.terms_of(desk.plan, pair.policy)
    return acceptance.compare(before, then, group=failed, terms=terms)


def _is_useless(desk: Desk, pair: Changed, after: Changed, failed: FailureGroup | None) -> bool:
    assert failed is not None
    return _compare(desk, pair, after, failed, "fresh").net <= 0


@click.command()
@click.option("--seeds", default=3, show_default=True)
@click.option("--first", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(*, seeds: int, first: int, as_json: bool) -> None:
    """Mend every defect under every seed, and count."""
    found = [mend(name, first + n) for name in DEFECTS for n in range(seeds)]
    if as_json:
        rows = [asdict(one) | {"is_right": one.is_right} for one in found]
        click.echo(json.dumps({"schema": "bench_fixes", "results": rows}))
        return
    click.echo(f"{'defect':15} {'rank':>4} {'right':>7} {'accepted':18} {'ops':>4} {'useless':>8}")
    for name, (wanted, _) in DEFECTS.items():
        own = [one for one in found if one.defect == name]
        right = f"{sum(one.is_right for one in own)} of {len(own)}"
        ranks = " ".join("".join(map(str, one.ranks)) or "-" for one in own)
        told = (sum(one.operations for one in own), sum(one.useless for one in own))
        rank = "-" if wanted is None else wanted
        click.echo(f"{name:15} {rank:>4} {right:>7} {ranks:18} {told[0]:>4} {told[1]:>8}")
    right, useless = sum(one.is_right for one in found), sum(one.useless for one in found)
    seconds = sum(one.seconds for one in found)
    click.echo(f"right {right} of {len(found)}; useless accepted {useless}; {seconds:.0f} s")


if __name__ == "__main__":
    main()
