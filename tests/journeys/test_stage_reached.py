"""A priority reaches its agreed stage, and what it taught serves the next."""

import pytest

from runs import approvals, snapshots
from runs.plan import PlanRecord
from runs.records.evidence import Evidence, FixTrial, Verdict
from runs.records.lesson import Lesson
from runs.records.run import Report
from runs.records.version import Version
from tests.harbours import Harbour
from tests.tickets import plan_of, values_of, written
from tests.voyage import Voyage, import_cases, lay

pytestmark = pytest.mark.both_databases

STORY = [
    "run_opened",
    "release_opened",
    "stage_entered",
    "drill_performed",
    "stage_entered",
    "release_completed",
    "lesson_proposed",
    "action_settled",
    "run_closed",
]
WAY = "plan/test_exit/stage/signals/stage/signals/stage/update"


@pytest.fixture(scope="module")
def ended(harbour: Harbour) -> Voyage:
    """Given a plan that climbs to most of the tickets; when all agree; then it has ended."""
    return harbour.at(WAY).until("ended")


def test_it_ends_at_the_agreed_stage_with_proof_and_an_owner(ended: Voyage) -> None:
    """The move, the release and the stage's verdict prove it."""
    end = ended.terminal

    assert (end.kind, end.owner) == ("stage_reached", "ana")
    assert "desk stands at most" in end.reason
    assert end.proof[1] == ended.release.id
    assert ended.store.get(ended.customer, Verdict, end.proof[2]).outcome == "pass"
    assert end.next_check
    assert (ended.release.status, ended.release.weight_bp) == ("complete", 9_000)


def test_it_fails_first_and_a_rule_mends_it(ended: Voyage) -> None:
    """The text alone cannot know the limit; the smallest change that may stay is found."""
    verdicts = ended.store.of_run(ended.customer, Verdict, ended.run_id)
    tried = ended.store.of_run(ended.customer, FixTrial, ended.run_id)
    version = ended.store.get(ended.customer, Version, ended.release.version)

    told = [(one.gate, one.outcome) for one in verdicts]
    assert told[:3] == [("dry_run", "fail"), ("dry_run", "pass"), ("holdout", "pass")]
    assert [one.reason.partition(":")[0] for one in tried if one.accepted] == ["accepted"]
    assert [rule.route for rule in version.rules] == ["review"]


def test_the_named_people_agreed_to_every_step_and_no_builder_did(ended: Voyage) -> None:
    """Plan, test exit, two stages, completion and the update."""
    asked = ended.questions()
    store, customer = ended.store, ended.customer
    answers = [a for one in asked for a in approvals.decisions_of(store, customer, one.id)]

    kinds = [one.kind for one in asked]
    assert kinds == ["plan", "test_exit", "stage", "stage", "stage", "update"]
    assert {one.status for one in asked} == {"approved"}
    assert {"dan", "bob"}.isdisjoint(answer.person for answer in answers)


def test_the_update_was_sent_once_as_it_was_approved(ended: Voyage) -> None:
    """Every figure names its record."""
    (report,) = ended.store.of_run(ended.customer, Report, ended.run_id)
    (message,) = [file.read_text(encoding="utf-8") for file in ended.messages]
    text = snapshots.read(ended.store, ended.customer, report.text)["text"]

    assert text.strip() in message
    assert report.recipients == ("ana",)
    assert all(figure.evidence in text and figure.value in text for figure in report.figures)


def test_the_audit_tells_the_story_in_order(ended: Voyage) -> None:
    """And every change of the record has its event."""
    told = iter(ended.told())

    assert all(kind in told for kind in STORY)
    ended.verify()


def test_the_lesson_serves_the_next_run_from_its_first_candidate(harbour: Harbour) -> None:
    """Given the lesson; when another desk is planned; then its first dry run passes."""
    voyage = harbour.at(WAY).until("ended")
    lay(voyage.wired, voyage.customer, values_of("parcels"))
    import_cases(voyage, "parcels")
    (lesson,) = voyage.store.lessons.list(voyage.customer)
    plan = plan_of("parcels", dataset="parcels", rollout={"agreed_stage": "sandbox"})
    voyage.start(written(plan), key="k-2")
    voyage.until("test_exit")

    (record,) = voyage.store.of_run(voyage.customer, PlanRecord, voyage.run_id)
    assert record.lessons == (lesson.id,)
    assert [change.partition(":")[0] for change in record.changes] == [lesson.id]
    assert first_rules(voyage) == [lesson.payload["id"]]
    assert not voyage.store.of_run(voyage.customer, FixTrial, voyage.run_id)
    assert outcomes(voyage) == ["pass", "pass"]


def first_rules(voyage: Voyage) -> list[str]:
    """The rules of the version that the run's first evidence is of."""
    first = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)[0]
    return [rule.id for rule in voyage.store.get(voyage.customer, Version, first.version).rules]


def outcomes(voyage: Voyage) -> list[str]:
    """What the gates of the run said, in order."""
    return [one.outcome for one in voyage.store.of_run(voyage.customer, Verdict, voyage.run_id)]


def test_a_run_whose_agreed_stage_is_the_sandbox_ends_there(harbour: Harbour) -> None:
    """Nothing was acted on, and the update says so."""
    voyage = harbour.at("home")
    voyage.start(written(plan_of(rollout={"agreed_stage": "sandbox"})))
    voyage.until("ended")

    assert voyage.terminal.kind == "stage_reached"
    assert "stands at sandbox" in voyage.terminal.reason
    assert not voyage.acted
    voyage.verify()


def test_without_consent_to_the_update_nothing_is_sent_and_nothing_learnt(
    harbour: Harbour,
) -> None:
    """The run ends as it stands."""
    voyage = harbour.at(WAY)
    voyage.refuse()

    lessons: list[Lesson] = voyage.store.lessons.list(voyage.customer, status="")
    assert voyage.terminal.kind == "stage_reached"
    assert not voyage.messages
    assert [lesson.status for lesson in lessons] == ["proposed"]
    voyage.verify()
