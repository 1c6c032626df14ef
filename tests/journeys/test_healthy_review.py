"""A scheduled review looks a workflow in use over: well, to be mended, or a blocker."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from agent import cadence
from runs import intake
from runs.intake import Brought
from runs.plan import PlanRecord
from runs.records.approval import Approval
from runs.records.evidence import Evidence
from runs.records.item import Action
from runs.records.run import Choice, OpsReview
from tests import acts, builders
from tests.harbours import Harbour
from tests.journeys.ends import leave
from tests.journeys.test_stage_reached import WAY
from tests.tickets import Ticket, honest, tickets
from tests.voyage import Voyage

pytestmark = pytest.mark.both_databases

ENOUGH = 20


def torn(ticket: Ticket) -> tuple[str, tuple]:
    """Reviewers for whom one in three that acted is right."""
    is_right = int(ticket.key.rpartition("-")[2]) % 4 == 1
    return honest(ticket) if is_right else ("other", ticket.routes)


@pytest.fixture(scope="module")
def week(harbour: Harbour) -> Voyage:
    """Given a version in use for a week that somebody watches."""
    voyage = harbour.at(f"{WAY}/ended")
    voyage.turn(days=8)
    return voyage


@pytest.fixture(scope="module")
def served(week: Voyage, tmp_path_factory: pytest.TempPathFactory) -> Voyage:
    """Given tickets that came in since, each looked at and right."""
    voyage = week.copy(tmp_path_factory.mktemp("served") / "home")
    voyage.serve(tickets("week", ENOUGH))
    voyage.turn(hours=1)
    return voyage


@pytest.fixture
def used(served: Voyage, tmp_path: Path) -> Voyage:
    """The same, as a home of one's own."""
    return served.copy(tmp_path / "home")


def review(voyage: Voyage) -> OpsReview:
    """The review is made, as far as it goes by itself."""
    voyage.begin("scheduled_review")
    voyage.advance()
    return voyage.store.get(voyage.customer, OpsReview, f"{voyage.run_id}.ops")


def wrong(found: OpsReview) -> set[str]:
    """What is not known to be well."""
    return {one.name for one in found.wrong}


def test_a_healthy_review_records_its_next_check_and_builds_nothing(used: Voyage) -> None:
    """Its update is asked for; everything that was looked at is a figure with its record."""
    found = review(used)
    waits_for = used.waits_for
    used.until("ended")

    end = used.terminal
    (due,) = cadence.calendar(used.store, used.customer)
    assert (waits_for, wrong(found)) == ("update", set())
    assert {"signals", "drift", "cost", "redesign"} <= {one.name for one in found.findings}
    assert (end.kind, end.owner) == ("healthy_review", "ana")
    assert end.proof[0] == found.id
    assert end.next_check == found.at + timedelta(days=7)
    assert (due.next_check, due.outcome) == (end.next_check, "healthy_review")
    for kind in (PlanRecord, Evidence, Choice):
        assert not used.store.of_run(used.customer, kind, used.run_id)
    assert len(used.messages) == 2
    used.verify()


def asleep(voyage: Voyage) -> None:
    """Nobody reads the signals."""
    voyage.sleep(timedelta(days=2))


def owner_gone(voyage: Voyage) -> None:
    """Who answers for incidents has left."""
    leave(voyage, "ivo")


def left_open(voyage: Voyage) -> None:
    """An effect of which nobody knows whether it was done."""
    action: Action = builders.action()
    acts.reserve(voyage.store, voyage.customer, action, 1)
    voyage.turn(hours=1)


def reported(voyage: Voyage) -> None:
    """A failure that no run took up."""
    told = Brought("failure", "Late", "Refunds come late.", "f-9", workflow="desk")
    intake.bring(voyage.store, voyage.customer, "dan", told, voyage.wired.words())


@pytest.mark.parametrize(
    ("befalls", "name", "owner"),
    [
        (asleep, "signals", "ivo"),
        (owner_gone, "owners", "ana"),
        (left_open, "actions", "ivo"),
        (reported, "reports", "ivo"),
    ],
)
def test_what_only_a_person_can_mend_is_a_blocker_with_an_owner(
    used: Voyage, befalls: Callable[[Voyage], None], name: str, owner: str
) -> None:
    """Never healthy, and nothing is planned for it."""
    befalls(used)
    found = review(used)
    used.until("ended")

    end = used.terminal
    assert wrong(found) == {name}
    assert (end.kind, end.owner, end.proof) == ("blocker_escalated", owner, (found.id,))
    assert found.wrong[0].says in end.reason
    assert not used.store.of_run(used.customer, PlanRecord, used.run_id)


def test_where_nothing_came_in_nothing_shows_that_it_is_well(week: Voyage, tmp_path) -> None:
    """Missing evidence is never healthy."""
    voyage = week.copy(tmp_path / "home")
    found = review(voyage)

    assert {"signals", "evidence"} <= wrong(found)
    assert {one.state for one in found.wrong} == {"missing"}


def test_a_breached_limit_is_mended_by_a_better_version(week: Voyage, tmp_path) -> None:
    """The review goes on as an improvement of that workflow, and says why."""
    voyage = week.copy(tmp_path / "home")
    voyage.serve(tickets("week", ENOUGH), torn)
    voyage.turn(hours=1)
    found = review(voyage)

    (choice,) = voyage.store.of_run(voyage.customer, Choice, voyage.run_id)
    asked: Approval = voyage.asked
    assert "signals" in wrong(found)
    assert asked.kind == "plan"
    assert choice.chosen == "desk"
    assert f"ops review {found.id} of desk found what is not well" in choice.why


def test_a_record_that_does_not_verify_is_never_healthy(used: Voyage) -> None:
    """Whatever the figures say, they may have been altered."""
    with used.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE people SET email = 'else@example.com' WHERE id = 'gil'")
    found = review(used)

    assert wrong(found) == {"audit"}
    assert "restore it" in found.wrong[0].says


def test_the_cadence_is_what_operations_set(used: Voyage) -> None:
    """Thirty days instead of a week, as soon as those it needs agreed."""
    values = used.store.policies.leading(used.customer, "desk")
    before = used.store.get(used.customer, type(used.wired.installation.policy), values)
    after = before.model_copy(update={"ops_review_days": 30})
    used.store.keep(used.customer, "ben", after)
    used.store.policies.lead(used.customer, "ben", after)

    assert cadence.days(used.store, used.customer, "desk") == 30
    assert before.digest != after.digest
