"""The story of a run is told in a screenful, from the record alone."""

from pathlib import Path

import pytest

from pilotage.cli import run_explained, run_story
from pilotage.cli.output import print_lines
from runs import people
from runs.plan import Hole, PlanDraft
from runs.records.approval import Need
from runs.records.evidence import Evidence
from runs.records.run import Figure, Report
from tests import builders
from tests.builders import DIGEST
from tests.unit.pilotage.told import WRONG, Told, fix, verdict


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A record with one run."""
    return Told(tmp_path)


def lines(told: Told) -> str:
    """The story as a person reads it."""
    story = run_story.story(told.store, told.customer, told.run)
    return "\n".join(run_story.lines(story))


def test_a_run_that_has_just_begun_says_who_asked_for_what(told: Told) -> None:
    """And nothing that is not there yet."""
    shown = lines(told)

    assert "run r-1: Answer the desk's tickets sooner" in shown
    assert "priority by dan, 2026-03-02 09:00 UTC; workflow not chosen yet" in shown
    assert "at work, or next in the queue" in shown
    assert not any(word in shown for word in ("plan\n", "fixes", "stages", "report", "end\n"))


def test_a_plan_is_told_with_its_goal_and_where_it_ends(told: Told) -> None:
    """With what an earlier run taught."""
    told.keep(builders.plan_record(changes=("lesson-1: send large ones to a person",)))

    shown = lines(told)

    assert "Sort the desk's tickets" in shown
    assert "done at full; judged on dataset desk" in shown
    assert "learnt before: lesson-1: send large ones to a person" in shown


def test_a_hole_in_the_plan_is_a_question_to_a_person(told: Told) -> None:
    """By name."""
    hole = Hole(field="owners.incidents", question="Who is called at night?", person="dan")
    told.keep(PlanDraft(run="r-1", holes=(hole,), text=DIGEST))

    assert "dan: Who is called at night?" in lines(told)


def test_a_trial_is_told_with_its_number_rate_interval_verdict_and_outcomes(told: Told) -> None:
    """Never a rate without its interval."""
    told.keep(builders.evidence(families=WRONG))
    told.keep(verdict())

    [row] = [line for line in lines(told).splitlines() if "dry run" in line]

    assert "30/200 = 15.0% (10.7% to 20.6%)" in row
    assert "160/200 = 80.0% (73.9% to 85.0%)" in row
    assert row.split()[-6:] == ["fail", "120", "40", "30", "10", "0"]


def test_a_measurement_nobody_judged_says_so(told: Told) -> None:
    """It is no pass."""
    told.keep(builders.evidence(families=WRONG))

    assert "not judged" in lines(told)


def test_changes_that_were_tried_are_told_taken_or_left_with_the_reason(told: Told) -> None:
    """Those that lost as well."""
    told.keep(fix())
    told.keep(fix(id="r-1.fix.2", accepted=False, reason="repairs one case, two are needed"))

    shown = lines(told)

    assert "taken rank 2: to review when item.amount_eur is above 199; accepted: 20" in shown
    assert "left rank 2: to review when item.amount_eur is above 199; repairs one case" in shown


def test_an_answer_is_told_with_who_when_role_and_proof(told: Told) -> None:
    """One line a person."""
    asked = told.ask()
    told.answer(asked, "ana", "product_owner")
    told.answer(asked, "ben", "ops_lead", "reject")

    shown = lines(told)

    assert "plan rejected: Plan of the desk" in shown
    assert "2026-03-02 09:00 ana (product_owner, by token) approve" in shown
    assert "2026-03-02 09:00 ben (ops_lead, by token) reject: not yet" in shown


def test_a_solo_decision_is_stamped_wherever_it_is_shown(told: Told) -> None:
    """Nobody takes it for four eyes."""
    people.change_person(told.store, told.customer, "cli", id="ana", roles=("owner",))
    for other in ("ben", "dan", "olga"):
        people.disable_person(told.store, told.customer, "cli", other)
    need = Need(role="product_owner", count=1, people=("ana",))
    asked = told.ask(solo=True, needs=(need,), excluded=("ana",))
    told.answer(asked, "ana", "product_owner")

    assert lines(told).count("solo") == 2


def test_stages_are_told_with_their_share_and_the_rehearsed_way_back(told: Told) -> None:
    """And where the release stands now."""
    told.store.releases.open(told.customer, "worker", builders.release(stage=1, weight_bp=500))
    told.keep(builders.evidence(id="d", kind="drill", notes={"occasion": "drill"}, seconds="0.7"))

    shown = lines(told)

    assert "release rel-1: open, stands at slice_5 (5 % of the items)" in shown
    assert "way back, drill: 0.7 s" in shown
    assert "release opened" in shown


def test_a_report_says_whether_it_was_sent(told: Told) -> None:
    """A draft is not an update."""
    figure = Figure(name="wrong alone", value="3 of 100", evidence="r-1.dry.1")
    told.keep(
        Report(run="r-1", title="Update", text=DIGEST, figures=(figure,), recipients=("ana",))
    )

    assert "Update [" in lines(told)
    assert "not sent" in lines(told)


def test_an_end_is_told_with_its_owner_and_proof(told: Told) -> None:
    """Why, who answers, and what proves it."""
    told.end()

    shown = lines(told)

    assert "blocker escalated: the plan has holes" in shown
    assert "owner ana; proof: r-1" in shown


def test_no_control_character_of_a_customer_reaches_the_terminal(told: Told, capsys) -> None:
    """It is shown as a question mark."""
    story = run_explained.explanation(told.store, told.customer, told.run)
    print_lines(run_explained.lines(story))

    shown = capsys.readouterr().out
    assert "Tickets wait a day ?[2J" in shown
    assert "\x1b" not in shown


def test_a_trial_with_models_tells_what_its_baseline_does_at_no_cost(told: Told) -> None:
    """With intervals, what a gained family cost, and whether the models are worth it."""
    told.keep(measured(ECONOMICS))

    shown = lines(told)

    assert "right 182 of 200 with models, 160 without, which cost nothing; +11.0 % " in shown
    assert "cost 0.41, 0.002 (0.001 to 0.003) an item; 0.018636 for each right family" in shown
    assert "saves 0.3 (0.2 to 0.4) an item in errors and reviews, models paid: worth it" in shown
    assert "answered by baseline 4, primary 196; primary silent 4" in shown
    assert "seconds 1.5 (1.2 to 1.9), 95 % within 4 (3 to unknown)" in shown


def test_a_trial_that_a_script_answered_says_so(told: Told) -> None:
    """So that nobody takes it for a model's."""
    told.keep(measured(ECONOMICS | {"is_script": True, "worth": "unknown"}))

    assert "a script answered in a model's place" in lines(told)
    assert "not shown to be worth it, nor not to be" in lines(told)


def measured(models: dict[str, object]) -> Evidence:
    """Evidence of a dry run in which models were asked."""
    return builders.evidence(models=models)


def span(value: str, low: str, high: str | None) -> dict[str, str | None]:
    """A figure with its ends."""
    return {"value": value, "low": low, "high": high}


ECONOMICS: dict[str, object] = {
    "served": {"primary": 196, "baseline": 4},
    "failed": {"primary silent": 4},
    "asked": 200,
    "lost": 4,
    "tokens": 40_000,
    "is_estimate": False,
    "cost": "0.41",
    "cost_per_item": span("0.002", "0.001", "0.003"),
    "p50_s": span("1.5", "1.2", "1.9"),
    "p95_s": span("4", "3", None),
    "families": 200,
    "right": 182,
    "baseline_right": 160,
    "gained": 30,
    "spoiled": 8,
    "more_right": span("0.11", "0.061", "0.159"),
    "wrong_alone": 3,
    "baseline_wrong_alone": 5,
    "cost_per_gained": "0.018636",
    "saved_per_item": span("0.3", "0.2", "0.4"),
    "worth": "yes",
    "is_script": False,
}
