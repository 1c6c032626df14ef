"""What a plan says beyond words is what the run does."""

import sqlalchemy as sa

from runs import tables
from runs.plan import PlanDraft
from runs.records.run import Terminal
from runs.records.version import Version
from tests.builders import plan_record
from tests.harbours import Harbour
from tests.journeys.ends import blocked
from tests.tickets import plan_of, values_of, written
from tests.voyage import Voyage

PHASES = plan_of().phases.as_json()


def approvers(**named: str) -> dict[str, object]:
    """The phases with another approver, by phase."""
    rules = {phase: PHASES[phase] | {"approvers": [{"role": who}]} for phase, who in named.items()}
    return PHASES | rules


def asked(voyage: Voyage) -> dict[str, tuple[str, ...]]:
    """Whom the open question names, by role."""
    return {need.role: need.people for need in voyage.asked.needs}


def test_a_phase_adds_its_person_to_those_who_are_asked(harbour: Harbour) -> None:
    """Given eva, by her id, in the design; then she is asked beside whom the policy names."""
    voyage = harbour.at("home")
    before = set(values_of().as_json()["approvers"]["plan"][0].values()) - {1}
    voyage.start(written(plan_of(phases=approvers(design="eva"))))
    voyage.until("plan")

    assert asked(voyage)["eva"] == ("eva",)
    assert before <= set(asked(voyage))


def test_regulated_data_are_asked_of_compliance_with_the_plan(harbour: Harbour) -> None:
    """Not after the sandbox: with the design."""
    voyage = harbour.at("home")
    voyage.add("cleo", "compliance")
    regulated = plan_of().privacy.as_json() | {"regulated": True}
    voyage.start(written(plan_of(privacy=regulated, phases=approvers(design="compliance"))))
    voyage.until("plan")

    assert asked(voyage)["compliance"] == ("cleo",)


def test_an_approver_whom_nobody_knows_is_a_hole(harbour: Harbour) -> None:
    """Before anything is built, though the question comes much later."""
    voyage = harbour.at("home")
    voyage.start(written(plan_of(phases=approvers(sandbox="zoe"))))
    voyage.until("ended")

    end = blocked(voyage)
    assert "1 x zoe must agree and 0 may (nobody)" in end.reason


def test_retention_by_kind_reaches_the_version(harbour: Harbour) -> None:
    """What was answered is kept for a week, what came in for a month."""
    voyage = harbour.at("home")
    days = {"prompts_days": 30, "outputs_days": 7, "traces_days": 30}
    voyage.start(written(plan_of(privacy=plan_of().privacy.as_json() | {"retention": days})))
    voyage.until("test_exit")

    versions = voyage.store.of_run(voyage.customer, Version, voyage.run_id)
    assert versions[-1].retention == {"output": 7, "action": 7, "receipt": 7}


def keep_former(voyage: Voyage) -> None:
    """A plan as an earlier program kept it."""
    record = plan_record(run="r-0")
    voyage.store.keep(voyage.customer, "worker", record, "r-0")
    body = record.as_json()
    del body["plan"]["phases"]
    with voyage.store.database.writing() as connection:
        kept = tables.records.c.digest == record.digest
        connection.execute(sa.update(tables.records).where(kept).values(body=body))


def test_a_plan_of_a_former_form_stops_no_run_that_brings_its_own(harbour: Harbour) -> None:
    """The brought one is whole."""
    voyage = harbour.at("home")
    keep_former(voyage)
    voyage.start(written(plan_of()))
    voyage.until("plan")

    assert voyage.waits_for == "plan"


def test_a_run_that_would_rest_on_a_former_form_says_so(harbour: Harbour) -> None:
    """It ends as a blocker with an owner and the remedy."""
    voyage = harbour.at("home")
    keep_former(voyage)
    voyage.start("")
    voyage.until("ended")

    (end,) = voyage.store.of_run(voyage.customer, Terminal, voyage.run_id)
    assert end.kind == "blocker_escalated"
    assert not voyage.store.of_run(voyage.customer, PlanDraft, voyage.run_id)
