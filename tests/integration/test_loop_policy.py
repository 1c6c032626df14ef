"""A value changed in the policy file changes what is decided, and no line of code does."""

from collections.abc import Mapping
from typing import Any

import pytest

from rollout.sent import Sent
from runs import approvals
from runs.errors import Conflict
from runs.records.evidence import Verdict
from runs.records.item import Item
from runs.records.version import PolicyValues
from tests.harbours import Harbour, harbour_in
from tests.tickets import BARS, plan_of, values_of, written
from tests.voyage import Voyage, lay

SANDBOX = "plan/test_exit/stage/signals"
STRICT = 0.005
"""No sample of this size can prove so few wrong answers."""


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points."""
    return harbour_in(tmp_path_factory.getbasetemp(), database)


def gates(**changed: Mapping[str, Any]) -> dict[str, Any]:
    """The gates, with some bars changed."""
    return values_of().as_json()["gates"] | {
        name: BARS[name] | {"max_review_budget": 400} | bars for name, bars in changed.items()
    }


def verdicts(voyage: Voyage, gate: str) -> list[Verdict]:
    """What a gate said in the run, in order."""
    found = voyage.store.of_run(voyage.customer, Verdict, voyage.run_id)
    return [one for one in found if one.gate == gate]


def test_a_bar_of_the_dry_run_changed_in_the_file_changes_its_verdict(harbour: Harbour) -> None:
    """Given a passed dry run; when the bar is raised before anybody agreed; then it is void."""
    voyage = harbour.at("plan/test_exit")
    asked = voyage.asked
    edited = voyage.edit(gates=gates(dry_run={"wrong_auto_max": STRICT}))
    with pytest.raises(Conflict, match="superseded"):
        voyage.decide("gil")
    voyage.advance()

    before, after = verdicts(voyage, "holdout")
    assert (before.outcome, after.outcome) == ("pass", "inconclusive")
    assert after.policy != before.policy == asked.covers["policy"]
    leads = voyage.store.get(voyage.customer, PolicyValues, after.policy)
    assert leads.gates == edited.gates
    assert leads.values["amount_limit"] == 500
    assert voyage.waits_for == "update"


def test_a_bar_of_a_stage_changed_in_the_file_changes_its_verdict(harbour: Harbour) -> None:
    """Given the sandbox; when its bar is raised; then its evidence begins anew."""
    voyage = harbour.at(SANDBOX)
    entered = voyage.release
    edited = voyage.edit(gates=gates(sandbox={"wrong_auto_max": STRICT}))
    voyage.until("update")

    (verdict,) = verdicts(voyage, "stage sandbox")
    assert verdict.outcome == "inconclusive"
    assert (verdict.policy, entered.policy != edited.digest) == (edited.digest, True)
    assert voyage.release.status == "held"
    assert "stage's gate is inconclusive" in voyage.questions("update")[0].title + reason(voyage)


def reason(voyage: Voyage) -> str:
    """How the run ended."""
    voyage.until("ended")
    return voyage.terminal.reason


def test_a_value_changed_in_a_stage_is_tried_again_before_anything_widens(
    harbour: Harbour,
) -> None:
    """Given a sandbox under way; when a value moves; then dry run and exit are asked anew."""
    voyage = harbour.at(SANDBOX)
    entered = voyage.release
    edited = voyage.edit(values=values(voyage) | {"amount_limit": "450"})
    voyage.until("test_exit")
    voyage.until("stage")

    assert [one.status for one in voyage.questions("test_exit")] == ["approved", "approved"]
    assert [one.policy for one in verdicts(voyage, "holdout")] == [entered.policy, edited.digest]
    assert voyage.asked.covers["policy"] == edited.digest
    assert (voyage.release.stage, voyage.release.version) == (0, entered.version)
    voyage.until("ended")
    assert voyage.terminal.kind == "stage_reached"


def values(voyage: Voyage) -> dict[str, str]:
    """The numbers that lead."""
    leading = voyage.wired.policy_files.find(voyage.customer, "desk")
    assert leading
    return leading.as_json()["values"]


def test_a_limit_changed_in_the_file_changes_the_next_items_route(harbour: Harbour) -> None:
    """Both items name the values that routed them."""
    voyage = harbour.at(SANDBOX)
    first = route_of(voyage, "t-1")
    voyage.edit(values=values(voyage) | {"amount_limit": "100"})
    second = route_of(voyage, "t-2")

    assert (first.route, second.route) == ("act", "review")
    assert second.rule == "amount_limit"
    assert first.version == second.version
    limits = [
        voyage.store.get(voyage.customer, PolicyValues, item.policy).values["amount_limit"]
        for item in (first, second)
    ]
    assert limits == [500, 100]


def route_of(voyage: Voyage, key: str) -> Item:
    """A ticket of 200 is taken in and worked on in the shadow."""
    sent = [Sent(key, {"text": "track my parcel, order 7", "amount": 200})]
    voyage.wired.admit(voyage.identity("dan"), "desk", sent, batch=key)
    voyage.work()
    items = voyage.store.items.list(voyage.customer, limit=1_000)
    return next(item for item in items if (item.arm, item.batch) == ("shadow", key))


def test_a_file_that_is_wrong_leads_nothing_and_stops_nobody(harbour: Harbour) -> None:
    """Given a file that cannot be read; then what led last leads, and the run goes on."""
    voyage = harbour.at("plan")
    file = voyage.wired.policy_files.file(voyage.customer, "desk")
    file.write_text("workflow: [", encoding="utf-8")
    voyage.until("test_exit")

    assert voyage.waits_for == "test_exit"


def test_without_a_file_the_plans_own_values_and_the_installations_rules_hold(
    harbour: Harbour,
) -> None:
    """Its gates come from the plan, its approvers from the installation."""
    voyage = harbour.at("home")
    voyage.wired.policy_files.file(voyage.customer, "desk").unlink()
    voyage.start(written(plan_of()))
    voyage.advance()

    policy = voyage.store.get(voyage.customer, PolicyValues, voyage.asked.covers["policy"])
    assert voyage.asked.covers["leading_policy"] == "none"
    assert policy.gates["dry_run"].wrong_auto_max == BARS["dry_run"]["wrong_auto_max"]
    assert policy.approvers == voyage.wired.installation.policy.approvers


def test_what_is_asked_is_superseded_the_moment_other_values_lead(harbour: Harbour) -> None:
    """Given an open plan; when the file is followed; then nobody has to answer to find out."""
    voyage = harbour.at("plan")
    before = voyage.asked
    edited = voyage.edit(review_due_hours=12)
    voyage.wired.policy_files.find(voyage.customer, "desk")
    superseded = approvals.get(voyage.store, voyage.customer, before.id)
    voyage.advance()

    assert superseded.status == "superseded"
    assert voyage.asked.id != before.id
    assert voyage.asked.covers["policy"] == edited.digest
    voyage.verify()


def test_a_loosened_share_of_the_audit_restarts_the_stage_once_people_agreed(
    harbour: Harbour,
) -> None:
    """Given the sandbox; while it is held nothing changes; then the stage is measured anew."""
    voyage = harbour.at(SANDBOX)
    entered = voyage.release
    voyage.turn(hours=1)
    edited = voyage.edit(audit_share=0.9)
    held = voyage.wired.policy_files.find(voyage.customer, "desk")
    while_held = voyage.release
    (asked,) = approvals.list_approvals(voyage.store, voyage.customer)
    for name in ("ben", "eva"):
        voyage.decide(name, asked=asked)
    voyage.wired.policy_files.find(voyage.customer, "desk")

    assert held is not None
    assert (held.audit_share, while_held) == (1.0, entered)
    assert entered.entered_at is not None
    assert voyage.release.entered_at is not None
    assert voyage.release.entered_at > entered.entered_at
    assert (voyage.release.policy, voyage.release.stage) == (edited.digest, entered.stage)
    voyage.verify()


def test_a_question_to_the_customers_people_leaves_other_workflows_alone(
    harbour: Harbour,
) -> None:
    """Two edits of two workflows are two questions, and neither supersedes the other."""
    voyage = harbour.at(SANDBOX)
    files, customer = voyage.wired.policy_files, voyage.customer
    other = values_of("mail")
    lay(voyage.wired, customer, other)
    files.find(customer, "mail")
    lay(voyage.wired, customer, values_of("mail", audit_share=0.9))
    voyage.edit(audit_share=0.9)
    for workflow in ("desk", "mail", "desk", "mail"):
        files.find(customer, workflow)

    open_now = approvals.list_approvals(voyage.store, customer)
    assert sorted(one.covers["workflow"] for one in open_now) == ["desk", "mail"]
