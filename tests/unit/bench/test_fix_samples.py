"""What the measurement of acceptance on the samples keeps, and how it is told."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from click.testing import CliRunner

from bench.fix_rules import RULES
from bench.fix_samples import Told, main, table

TOLD = Told(
    sample="deal_risk",
    seed=1,
    rule=RULES[0].name,
    fixes=("to review when item.amount is above 9",),
    useless=0,
    blunt=1,
    tried=12,
    passes=True,
    proves=False,
    wrong=0.02,
    needless=0.2,
    cost=3.0,
    seconds=4.0,
)


def test_seeds_of_a_rule_are_summed_and_their_shares_averaged() -> None:
    """A line a sample and rule."""
    other = replace(TOLD, seed=2, proves=True, wrong=0.04, fixes=())
    lines = table([TOLD, other, replace(TOLD, rule="another")]).splitlines()

    assert lines[2] == "| deal_risk | price alone | 2 | 1 | 0 | 2 | 2 | 1 | 3.0% | 20.0% | 3.00 |"
    assert len(lines) == 4


def test_what_was_kept_is_not_measured_again(tmp_path: Path) -> None:
    """With every rule of the seed in the file there is nothing left to do."""
    keep = tmp_path / "kept.jsonl"
    rows = [replace(TOLD, rule=rule.name) for rule in RULES]
    keep.write_text("".join(json.dumps(asdict(one)) + "\n" for one in rows), encoding="utf-8")
    told = ["--sample", "deal_risk", "--seeds", "1", "--keep", str(keep), "--json"]
    done = CliRunner().invoke(main, told, catch_exceptions=False)

    assert [row["rule"] for row in json.loads(done.stdout)["rows"]] == [r.name for r in RULES]
