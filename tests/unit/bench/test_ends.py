"""What the measurement over generator seeds changes, keeps and counts."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import yaml
from click.testing import CliRunner

from bench import ends
from bench.ends import Told
from policies import rules
from workflow.samples.support_triage.sample import SAMPLE

SEED = Told(
    seed=1,
    until="sandbox",
    sample="support_triage",
    first="fail",
    first_wrong=0.31,
    trials=20,
    fixes=4,
    last="pass",
    last_gate="holdout",
    last_wrong=0.02,
    last_covered=0.8,
    stage="sandbox",
    terminal="stage_reached",
    why="",
    reason="it passed",
    seconds=30.0,
)


def test_only_the_agreed_stage_of_the_plan_changes() -> None:
    """Bars, stages and first values are those of the sample's plan."""
    own = yaml.safe_load(SAMPLE.documents.text(SAMPLE.priorities[0].plan))
    changed = yaml.safe_load(ends.plan(SAMPLE, "sandbox"))

    own["rollout"]["agreed_stage"] = "sandbox"
    assert changed == own
    assert rules.read_plan(ends.plan(SAMPLE, "sandbox"), "plan").missing == ()


def test_what_failed_first_and_what_passed_later_is_counted() -> None:
    """A seed that passed at once is not one that passed later; a blocked one says why."""
    passed = replace(SEED, seed=2, first="pass", fixes=0)
    blocked = replace(SEED, seed=3, last="fail", terminal="blocker_escalated", why="dev fail")
    told = ends.summary([SEED, passed, blocked])

    assert [line.partition(" (")[0] for line in told] == [
        "the first dry run does not pass: 2 of 3",
        "of these, a later one passes on the holdout: 1 of 2",
        "end: stage reached: 2 of 3",
        "end: blocker escalated: 1 of 3",
        "end: open: 0 of 3",
        "  stopped by dev fail: 1",
    ]


def test_a_measurement_that_was_interrupted_goes_on_where_it_ended(tmp_path: Path) -> None:
    """Seeds that were kept are not measured again."""
    kept = tmp_path / "seeds.jsonl"
    kept.write_text(json.dumps(asdict(SEED)) + "\n", encoding="utf-8")
    result = CliRunner().invoke(
        ends.main, ["--seeds", "1", "--keep", str(kept), "--json"], catch_exceptions=False
    )

    assert json.loads(result.stdout)["seeds"] == [asdict(SEED)]
