"""An item's effect that waits for a yes to exactly that effect."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from rollout import admission
from rollout.release import way_back
from rollout.release.cause import Because
from runs import approvals, audit, snapshots
from runs.errors import Conflict, NotAllowed
from runs.records.approval import DecisionKind
from runs.records.record import digest_of
from runs.records.version import ApproverRule
from tests.builders import TERMS
from tests.integration.desk import ASSIGNING, TAGGING, Killed
from tests.integration.signing import FILING, SENDING, Signing
from tools.files.records import FileRecords
from tools.tool import Reading
from workflow.process.item import give_up, process_item


@pytest.fixture
def desk(tmp_path: Path) -> Signing:
    """A ticket is in, and its effect waits for Ana."""
    desk = Signing(tmp_path)
    desk.admit()
    desk.work()
    return desk


def test_an_effect_of_a_risk_class_waits_for_exactly_one_yes(desk: Signing) -> None:
    """The item waits, the question names who, and the content it shows is kept word for word."""
    [asked] = desk.asked

    assert (desk.item.status, desk.item.owner, desk.item.finished_at) == ("asked", "ana", None)
    assert desk.item.reason == "waits for a yes to exactly: tag"
    assert [need.people for need in asked.needs] == [("ana",)]
    assert (asked.kind, asked.status, asked.risks) == ("action", "open", ("customer_facing",))
    content = snapshots.read(desk.store, desk.customer, asked.covers["content"])
    assert digest_of(content) == asked.covers["content"]
    assert (content["effect"], content["item"]) == ("tag", desk.item.key)
    assert desk.queued == []


def test_a_yes_wakes_the_item_which_then_acts_once(desk: Signing) -> None:
    """The receipt names the approval; the item is worked on again and nothing happens twice."""
    decided = desk.decide()
    woken = desk.jobs
    item, again = desk.work(), desk.work()

    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert (decided.status, woken) == ("approved", [f"{decided.id}.ana"])
    assert (item.status, item.reason, again) == ("acted", "done: tag", item)
    assert (action.status, action.approval) == ("done", decided.id)
    assert (desk.desk_tool.acts, len(desk.queued)) == (1, 1)
    assert audit.verify(desk.store.database).ok


def test_worked_on_again_before_anybody_answers_it_waits_further(desk: Signing) -> None:
    """One question, however often the job comes."""
    before = desk.asked

    assert desk.work().status == "asked"
    assert desk.asked == before
    assert desk.queued == []


@pytest.mark.parametrize(
    ("kind", "says"),
    [("reject", "tag was rejected"), ("ask_for_changes", "answered with a wish for changes")],
)
def test_after_another_answer_than_yes_a_person_has_the_item(
    desk: Signing, kind: DecisionKind, says: str
) -> None:
    """Nothing is done, and the reason names the question."""
    asked = desk.decide(kind)
    item = desk.work()

    assert (item.status, item.owner) == ("in_review", "ben")
    assert says in item.reason
    assert asked.id in item.reason
    assert desk.queued == []


def test_an_answer_to_an_earlier_attempt_refuses_no_later_one(desk: Signing) -> None:
    """It is asked again, a question of its own, and a yes to that is acted on."""
    refused = desk.decide("reject")
    before = desk.work()
    desk.clock.turn(timedelta(minutes=5))
    desk.again()
    asked = desk.work()
    desk.decide("approve")
    after = desk.work()

    assert [item.status for item in (before, asked, after)] == ["in_review", "asked", "acted"]
    assert [one.status for one in desk.asked] == ["rejected", "approved"]
    assert refused.id != desk.asked[1].id


def test_silence_is_no_consent_and_goes_to_the_next_in_line(desk: Signing) -> None:
    """Ana had her time; whoever the escalation names after her answers for the item."""
    desk.clock.turn(timedelta(hours=25))
    desk.write_account(tier="plus")
    approvals.expire_due(desk.store, desk.customer)
    item = desk.work()

    assert (desk.asked[-1].status, item.status, item.owner) == ("expired", "in_review", "ben")
    assert "silence is no consent" in item.reason
    assert desk.queued == []


def test_who_built_asked_for_or_sent_it_is_not_asked(tmp_path: Path) -> None:
    """And where nobody else may agree, a person gets the item with the remedy."""
    desk = Signing(tmp_path)
    desk.allow(action=(ApproverRule(role="dan"),), action_customer_facing=())
    desk.admit()
    item = desk.work()

    assert (item.status, item.owner) == ("in_review", "ben")
    assert "action tag of desk: 1 x dan must agree" in item.reason
    assert (desk.asked, desk.queued) == ([], [])


def test_without_a_named_approver_nobody_can_agree(tmp_path: Path) -> None:
    """The empty rule is no."""
    desk = Signing(tmp_path)
    desk.allow()
    desk.admit()

    assert "add at least one role under one of approvers.action" in desk.work().reason
    assert (desk.item.status, desk.queued) == ("in_review", [])


def test_a_version_taken_back_while_it_waits_never_acts(desk: Signing) -> None:
    """The question cannot be agreed to, and the item ends with a person."""
    desk.move_release(status="rolled_back", weight_bp=0)
    with pytest.raises(Conflict):
        desk.decide()
    item = desk.work()

    assert item.status == "stopped"
    assert "rolled back before it acted" in item.reason
    assert desk.queued == []


def test_a_release_taken_back_asks_nobody_any_more(desk: Signing) -> None:
    """The items that wait are stopped, each with a person, and their questions withdrawn."""
    because = Because("ben", "complaints")
    release = desk.store.releases.get(desk.customer, "rel-1")
    walked = way_back.walk(desk.store, desk.customer, release=release, because=because)

    assert walked.stopped == ("i-1",)
    assert (desk.item.status, desk.asked[0].status) == ("in_review", "withdrawn")
    assert desk.work().status == "in_review"


class Meanwhile(FileRecords):
    """The customer's system; whenever it is read, something happens elsewhere."""

    def __init__(self, desk: Signing, happens: Callable[[], object]) -> None:
        super().__init__("crm", desk.folder / "crm.json", "id", clock=desk.clock)
        self._happens = happens

    def read(self, key: str) -> Reading | None:
        """The record, after what happened."""
        self._happens()
        return super().read(key)


def test_nothing_is_begun_for_an_item_that_was_called_off(desk: Signing) -> None:
    """Its sender came between the last check and the act: the reservation refuses."""
    desk.decide()
    sender = admission.Deps(desk.store, "dan", lambda _: TERMS)

    def call_off() -> None:
        if desk.item.status == "asked":
            admission.call_off(sender, desk.customer, "i-1", reason="by mistake", terms=TERMS)

    tools = {**desk.deps().tools, "crm": Meanwhile(desk, call_off)}
    item = process_item(desk.deps(tools=tools), desk.customer, "i-1")

    assert (item.status, desk.queued) == ("closed", [])
    assert item.reason.startswith("called off by dan")


def test_an_item_given_up_is_not_asked_about_any_more(desk: Signing) -> None:
    """The question is withdrawn with the item's end."""
    item = give_up(desk.deps(), desk.customer, "i-1", "the desk is closed")

    assert (item.status, desk.asked[0].status) == ("in_review", "withdrawn")
    with pytest.raises(Conflict, match="withdrawn; nothing is left to decide"):
        desk.decide()


def test_a_draft_is_left_first_and_the_rest_waits_as_a_whole(tmp_path: Path) -> None:
    """People see the draft; no update happens before the yes, even one that needs none."""
    desk = Signing(tmp_path, effects=(FILING, ASSIGNING, SENDING))
    desk.desk_tool.level = "draft"
    desk.admit()
    desk.work()
    before = [one.operation for one in desk.store.actions.of_item(desk.customer, "i-1")]
    desk.decide()
    item = desk.work()

    assert before == ["assign"]
    assert item.reason == "done: assign, assign, tag"


def test_two_effects_have_a_question_each_and_one_no_stops_both(tmp_path: Path) -> None:
    """One action, one approval: a yes to one is none to the other."""
    other = SENDING.model_copy(update={"name": "tell", "operation": "assign"})
    desk = Signing(tmp_path, effects=(SENDING, other))
    desk.admit()
    desk.work()
    agreed = desk.decide()
    still = desk.work().status
    refused = desk.decide("reject")

    assert (still, agreed.status, refused.status) == ("asked", "approved", "rejected")
    assert (desk.work().status, desk.queued) == ("in_review", [])


@pytest.mark.parametrize("by", ["dan", "ben"])
def test_who_was_not_asked_cannot_agree(desk: Signing, by: str) -> None:
    """Neither who built it nor somebody of another role."""
    with pytest.raises(NotAllowed):
        desk.decide(by=by)
    assert (desk.work().status, desk.queued) == ("asked", [])


def test_a_crash_between_the_effect_and_its_receipt_does_it_once(desk: Signing) -> None:
    """The yes stands, the other side is asked for the key, and the item ends as done."""
    desk.decide()
    desk.desk_tool.dies = "after"
    with pytest.raises(Killed):
        desk.work()
    desk.clock.turn(timedelta(minutes=1))

    assert desk.work().status == "acted"
    assert (desk.desk_tool.acts, len(desk.queued)) == (1, 1)


def test_a_program_and_a_stranger_see_no_customer_text_in_the_question(desk: Signing) -> None:
    """Title, ids and events hold names and digests only."""
    desk.decide()
    told = [event.model_dump_json() for event in desk.store.events(desk.customer, limit=10_000)]
    told += [one.model_dump_json() for one in desk.asked]

    assert not any("refund?" in line or "plus" in line for line in told)


def test_in_the_sandbox_nobody_is_asked(tmp_path: Path) -> None:
    """An item there can never come to an approval that acts."""
    desk = Signing(tmp_path)
    desk.admit(stage=0)

    assert desk.work().status == "drafted"
    assert (desk.asked, desk.queued) == ([], [])


def test_the_sender_is_not_asked_about_their_own_item(tmp_path: Path) -> None:
    """Ana sent it, so somebody else must agree; here nobody else may."""
    desk = Signing(tmp_path)
    sent = desk.admit()
    desk.store.items.admit(
        desk.customer, "ana", sent.model_copy(update={"id": "i-2", "key": "T-2"})
    )
    first, hers = desk.work(), desk.work("i-2")

    assert (first.status, hers.status) == ("asked", "in_review")
    assert "1 x product_owner must agree and 0 may" in hers.reason


def test_the_plan_keeps_an_effect_for_a_person_whatever_its_risk(tmp_path: Path) -> None:
    """Named under `needing_approval` it waits too, for those whom `action` names."""
    desk = Signing(tmp_path, effects=(TAGGING,), waiting=("tag",))
    desk.admit()
    desk.work()

    assert [need.people for need in desk.asked[0].needs] == [("ben",)]
    assert (desk.item.status, desk.queued) == ("asked", [])
