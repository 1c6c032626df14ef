"""Rules of acceptance against each other: what each lets through of useless, harmful and useful.

    python -m bench.fix_rules [--edits N] [--json]

Edits are drawn by what they truly do, on families drawn afresh for dev, learn and holdout, in the
manner of the specification's table 3.5. The rules differ in how needless reviews count and in
nothing else. `python -m bench.fix_samples` lets the same rules work on the samples.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from runs.records.version import GateValues
from workflow.patches import acceptance
from workflow.patches.acceptance import Comparison, Terms
from workflow.patches.standing import Tally

EDITS, LOOKS = 2_000, 5
CHANCE = 0.05
"""Of picking so well blindly; above it a rule picked nothing out."""


OWN = acceptance.find_blunt


class Rule(NamedTuple):
    """One way to count needless reviews."""

    name: str
    find_blunt: Callable[[Tally], str]
    confirms: bool = False
    """Whether what dev shows must show on the cases of learn as well, answered out of fold."""


@contextmanager
def judged_by(rule: Rule) -> Iterator[None]:
    """Count needless reviews by this rule; the product has one rule and takes no other."""
    acceptance.find_blunt = rule.find_blunt
    try:
        yield
    finally:
        acceptance.find_blunt = OWN


def _free(_: Tally) -> str:
    return ""


def _letter(tally: Tally) -> str:
    return "broken" if tally.spoilt > max(1, int(0.005 * tally.rights)) else ""


def _picked(tally: Tally) -> str:
    return "blind" if acceptance.by_chance(tally) > CHANCE else ""


RULES = (
    Rule("price alone", _free),
    Rule("by the letter", _letter),
    Rule("picks better than chance", _picked),
    Rule("one error each", OWN),
    Rule("one error each, confirmed on learn", OWN, confirms=True),
)

HARM, NEEDLESS, RIGHT, ALONE = 0, 2, 3, 4
SHARES: Mapping[int, float] = {HARM: 0.15, NEEDLESS: 0.05, RIGHT: 0.20, ALONE: 0.60}
GATE = GateValues(wrong_auto_max=0.08, coverage_min=0.6, confidence=0.95, min_cases=100)
Outcomes = NDArray[np.int8]


class Edit(NamedTuple):
    """What an edit does to families that are harmed and to those that are right alone."""

    kind: str
    name: str
    mends: float = 0.0
    """Of the harmed: right afterwards."""
    asks: tuple[float, float] = (0.0, 0.0)
    """Of the harmed, of those right alone: put before a person."""
    breaks: float = 0.0
    """Of those right alone: harmed afterwards."""
    best_of: int = 1
    """So many are drawn, and the one worth most on dev is tried."""


EDITS_OF = (
    Edit("useless", "symmetric churn", mends=0.16, breaks=0.04),
    Edit("useless", "asks blindly about 20 %", asks=(0.2, 0.2)),
    Edit("useless", "asks blindly, best of 50", asks=(0.2, 0.2), best_of=50),
    Edit("harmful", "breaks 5 %, mends 10 %", mends=0.10, breaks=0.05),
    Edit("harmful", "asks about the right ones", asks=(0.05, 0.25)),
    Edit("useful", "mends 35 %", mends=0.35),
    Edit("useful", "asks sharply", asks=(0.35, 0.01)),
    Edit("useful", "asks fairly, 2 in 3 right", asks=(0.35, 0.05)),
)
SIZES: tuple[tuple[int, int, int], ...] = ((100, 200, 130), (280, 280, 375))
"""Families of dev, holdout and learn."""
PRICES: Mapping[str, tuple[str, str]] = {"3": ("10.5", "3.5"), "10": ("60", "6")}
"""Cost of an error over that of a review, and both."""


def drawn(edit: Edit, n: int, chance: np.random.Generator) -> tuple[Outcomes, Outcomes]:
    """So many families before and after the edit."""
    before = chance.choice(list(SHARES), size=n, p=list(SHARES.values())).astype(np.int8)
    luck, after = chance.random(n), before.copy()
    harmed, alone = before == HARM, before == ALONE
    after[harmed & (luck < edit.mends)] = ALONE
    after[alone & (luck < edit.breaks)] = HARM
    after[harmed & (luck >= edit.mends) & (luck < edit.mends + edit.asks[0])] = RIGHT
    after[alone & (luck >= edit.breaks) & (luck < edit.breaks + edit.asks[1])] = NEEDLESS
    return before, after


def counted(before: Outcomes, after: Outcomes) -> Tally:
    """Two trials of families of one case each, of whose failures all are the group."""
    was, harmed = before == HARM, after == HARM
    kept, lost = int((was & ~harmed).sum()), int((~was & harmed).sum())
    acted = was | (before == ALONE)
    spoilt = int((after == NEEDLESS).sum() - (before == NEEDLESS).sum())
    return Tally(
        repaired=kept,
        broken=int(((before >= RIGHT) & harmed).sum()),
        critical_broken=0,
        rights=int((before >= RIGHT).sum()),
        harm_avoided=kept - lost,
        needless_added=spoilt,
        gain=kept,
        loss=lost,
        harm_gain=kept,
        harm_loss=lost,
        families=len(before),
        covered=(int((before >= RIGHT).sum()), int((after >= RIGHT).sum())),
        failed=(int(was.sum()), int(harmed.sum())),
        alone=(int(was.sum()), int(acted.sum())),
        asked=int((acted & ~harmed & (after != ALONE)).sum()),
        spoilt=spoilt,
    )


def populations(edits: int, *, seed: int = 1) -> Iterator[dict[str, Any]]:
    """A row an edit, size and price: the share each rule lets through."""
    for place, (sizes, edit) in enumerate((s, e) for s in SIZES for e in EDITS_OF):
        chance = np.random.default_rng((seed, place))
        tallies = [_splits(edit, sizes, chance) for _ in range(edits)]
        for price, costs in PRICES.items():
            shares = {rule.name: _share(rule, tallies, costs) for rule in RULES}
            told = {"kind": edit.kind, "edit": edit.name, "dev/holdout": f"{sizes[0]}/{sizes[1]}"}
            yield told | {"error/review": price, "accepted": shares}


def _splits(
    edit: Edit, sizes: Sequence[int], chance: np.random.Generator
) -> tuple[Tally, Tally, Tally]:
    tried = [counted(*drawn(edit, sizes[0], chance)) for _ in range(edit.best_of)]
    dev = max(tried, key=lambda one: 10 * one.harm_avoided - one.needless_added)
    return dev, counted(*drawn(edit, sizes[1], chance)), counted(*drawn(edit, sizes[2], chance))


def _share(
    rule: Rule, tallies: Sequence[tuple[Tally, Tally, Tally]], costs: Sequence[str]
) -> float:
    terms = Terms(GATE, Decimal(costs[0]), Decimal(costs[1]))
    with judged_by(rule):
        found = [_keeps(rule, [_compared(one, terms) for one in held], terms) for held in tallies]
    return sum(found) / len(tallies)


def _keeps(rule: Rule, three: Sequence[Comparison], terms: Terms) -> bool:
    dev, holdout, learn = three
    learnt = learn if rule.confirms else None
    return acceptance.accept(dev, terms, learnt=learnt, holdout=holdout, looks_left=LOOKS).accepted


def _compared(tally: Tally, terms: Terms) -> Comparison:
    return Comparison(tally, tally.net(terms.cost_of_error, terms.cost_of_review), (), ())


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line an edit, a column a rule."""
    head = ["kind", "edit", "dev/holdout", "error/review"]
    lines = [head + [rule.name for rule in RULES], ["---"] * (len(head) + len(RULES))]
    for row in rows:
        shares = [f"{row['accepted'][rule.name]:.3f}" for rule in RULES]
        lines.append([str(row[name]) for name in head] + shares)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@click.command()
@click.option("--edits", type=click.IntRange(1), default=EDITS, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(*, edits: int, as_json: bool) -> None:
    """Print which share of each kind of edit each rule accepts."""
    rows = list(populations(edits))
    click.echo(json.dumps({"schema": "bench_fix_rules", "rows": rows}) if as_json else table(rows))


if __name__ == "__main__":
    main()
