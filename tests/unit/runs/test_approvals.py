"""Approvals: a digest is asked about, named people answer, the first answer counts."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from runs import approvals, asking, expiry, people
from runs.approvals import Answer, Rules
from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.moves import ApprovalStatus
from runs.records.approval import Approval, Need
from runs.records.person import Customer
from runs.store.store import Store
from tests.builders import DIGEST, NOW, approval, identity, make_customer, make_store, run, trigger

pytestmark = pytest.mark.both_databases


class Says(NamedTuple):
    """A ruling for the test."""

    allowed: bool = True
    reason: str = "because"
    closes: ApprovalStatus | None = "approved"
    role: str = "product_owner"
    because: str = "own"
    behalf: str = ""
    delegation: str = ""
    needs: tuple[Need, ...] = ()
    to: tuple[str, ...] = ()


CLOSES = Rules(lambda *_: Says(), lambda asked: asked.subject)
WAITS = Rules(lambda *_: Says(closes=None), lambda asked: asked.subject)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A record with a run that asks for its plan."""
    store = make_store(tmp_path)
    store.runs.open(make_customer(store), "dan", trigger(), run())
    return store


@pytest.fixture
def customer(store: Store) -> Customer:
    """The customer who is asked."""
    customer = store.customer("acme")
    approvals.open_approval(store, customer, "run:r-1", approval())
    return customer


def yes(seen: str = approval().subject, kind: str = "approve", reason: str = "") -> Answer:
    """An answer to the plan's question."""
    return Answer("a-1", kind, reason, seen)  # pyright: ignore[reportArgumentType] -- a table


def test_a_decision_closes_the_approval_and_wakes_the_run(store: Store, customer: Customer) -> None:
    """The decision, its event and the job that wakes the run are one transaction."""
    before = len(store.jobs.waiting())
    closed = approvals.decide(store, identity(customer), yes(), CLOSES)

    assert closed.status == "approved"
    assert len(store.jobs.waiting()) == before + 1
    assert [e.kind for e in store.events(customer)][-2:] == ["decision_recorded", "approval_closed"]


def test_a_second_answer_of_one_person_is_a_conflict(store: Store, customer: Customer) -> None:
    """The first valid decision counts."""
    approvals.decide(store, identity(customer), yes(), WAITS)

    with pytest.raises(Conflict, match="already decided"):
        approvals.decide(store, identity(customer), yes(kind="reject", reason="no"), CLOSES)


def test_an_answer_to_a_closed_approval_is_a_conflict(store: Store, customer: Customer) -> None:
    """Nothing moves after the end."""
    approvals.decide(store, identity(customer), yes(), CLOSES)

    with pytest.raises(Conflict, match="nothing is left to decide"):
        approvals.decide(store, identity(customer, "ben"), yes(), CLOSES)


def test_an_answer_to_an_unknown_approval_is_not_found(store: Store, customer: Customer) -> None:
    """It starts nothing."""
    with pytest.raises(NotFound):
        approvals.decide(store, identity(customer), Answer("zz", "approve", "", DIGEST), CLOSES)


def test_an_answer_about_another_digest_is_a_conflict(store: Store, customer: Customer) -> None:
    """People approve what they were shown."""
    with pytest.raises(Conflict, match="you were shown"):
        approvals.decide(store, identity(customer), yes(seen=DIGEST), CLOSES)


def test_what_changed_after_the_question_supersedes_it(store: Store, customer: Customer) -> None:
    """One changed byte voids the approval."""
    changed = Rules(CLOSES.judge, lambda _: DIGEST)

    with pytest.raises(Conflict, match="superseded"):
        approvals.decide(store, identity(customer), yes(), changed)
    assert approvals.get(store, customer, "a-1").status == "superseded"


def test_a_refusal_by_the_rules_is_an_event(store: Store, customer: Customer) -> None:
    """Who tried, on what, is on record."""
    refusing = Rules(lambda *_: Says(allowed=False, reason="dan built it"), CLOSES.current)

    with pytest.raises(NotAllowed, match="dan built it"):
        approvals.decide(store, identity(customer, "dan"), yes(), refusing)
    assert store.events(customer)[-1].kind == "decision_refused"


def test_everything_but_yes_needs_a_reason(store: Store, customer: Customer) -> None:
    """A rejection without a reason helps nobody."""
    with pytest.raises(InvalidInput, match="needs a reason"):
        approvals.decide(store, identity(customer), yes(kind="reject"), CLOSES)


def test_what_was_passed_on_in_its_last_moment_has_the_time_it_was_given(
    store: Store, customer: Customer
) -> None:
    """Whoever found it due a moment before ends nothing."""
    asked = approvals.open_approval(store, customer, "run:r-1", approval(due_at=NOW))
    with store.change(customer, "ana") as change:
        later = asked.model_copy(update={"due_at": NOW + timedelta(hours=1)})
        asking.pass_on(change, later, how="escalate", to=("ben",))

    assert expiry.expire(store, customer, asked, None) is None
    assert approvals.get(store, customer, asked.id).status == "open"


def of_item(number: int, content: str = "first", **told: object) -> Approval:
    """A question about an effect of an item, of the content it has now."""
    covers = {"item": f"i-{number}", "effect": "assign", "content": content}
    id = f"i-{number}.assign.{content}"
    return approval(id=id, run="", kind="action", covers=covers, **told)


def test_a_question_asked_anew_names_the_one_before_however_many_others_changed(
    store: Store, customer: Customer
) -> None:
    """What is different is told beside it: other values void all questions at once."""
    for number in range(25):
        asked = of_item(number, due_at=NOW + timedelta(hours=1 + number))
        approvals.open_approval(store, customer, "worker", asked)
        approvals.supersede(store, customer, "worker", asked.id)

    anew = approvals.open_approval(store, customer, "worker", of_item(0, "second"))

    assert anew.supersedes == "i-0.assign.first"


def test_what_is_asked_about_an_item_is_found_without_reading_of_others(
    store: Store, customer: Customer
) -> None:
    """One that was answered, and one of an item whose name only begins alike, are none of it."""
    for number in (1, 11, 2):
        approvals.open_approval(store, customer, "worker", of_item(number))
    approvals.open_approval(store, customer, "worker", of_item(1, "second"))

    with store.change(customer, "worker") as change:
        found = approvals.open_of_item(change, "i-1")

    assert [one.id for one in found] == ["i-1.assign.second"]


def test_silence_expires_and_is_no_consent(tmp_path: Path) -> None:
    """An unanswered question ends as expired, and its run is woken."""
    clock = StoppedClock(NOW)
    store = make_store(tmp_path, clock)
    customer = make_customer(store)
    store.runs.open(customer, "dan", trigger(), run())
    approvals.open_approval(store, customer, "run:r-1", approval())
    clock.turn(timedelta(hours=25))

    assert [a.id for a in approvals.expire_due(store, customer)] == ["a-1"]
    assert approvals.get(store, customer, "a-1").status == "expired"
    assert approvals.expire_due(store, customer) == []


def test_a_new_subject_supersedes_the_open_question(store: Store, customer: Customer) -> None:
    """One question of a kind is open for a run; the same question is asked once."""
    approvals.open_approval(store, customer, "run:r-1", approval())
    other = approval(id="a-2", covers={"plan": trigger().digest})
    opened = approvals.open_approval(store, customer, "run:r-1", other)

    assert opened.supersedes == "a-1"
    assert [a.id for a in approvals.list_approvals(store, customer)] == ["a-2"]


def test_a_question_to_nobody_is_refused(store: Store, customer: Customer) -> None:
    """And so is one whose digest is not of what it covers."""
    with pytest.raises(InvalidInput, match="nobody"):
        approvals.open_approval(store, customer, "x", approval(needs=()))
    with pytest.raises(InvalidInput, match="digest"):
        approvals.open_approval(store, customer, "x", approval(subject=DIGEST))


@pytest.mark.parametrize("token", ["", "hello", "plt_x_y", "plt__", "plt_abc"])
def test_an_unknown_token_is_nobody(store: Store, token: str) -> None:
    """What is not one of our tokens proves nothing."""
    with pytest.raises(NotAllowed):
        people.authenticate(store, token)


def test_a_token_proves_its_person_until_it_expires(tmp_path: Path) -> None:
    """And the refusal is an event."""
    clock = StoppedClock(NOW)
    store = make_store(tmp_path, clock)
    customer = make_customer(store)
    soon = NOW + timedelta(hours=1)
    token = people.create_token(store, customer, "cli", person="ana", expires_at=soon)

    assert people.authenticate(store, token).person == "ana"
    clock.turn(timedelta(hours=2))
    with pytest.raises(NotAllowed, match="expired"):
        people.authenticate(store, token)
    assert store.events(customer)[-1].kind == "access_refused"


def test_a_disabled_person_proves_nothing(store: Store) -> None:
    """From the moment they are disabled."""
    customer = store.customer("acme")
    token = people.create_token(store, customer, "cli", person="ana")
    people.disable_person(store, customer, "cli", "ana")

    with pytest.raises(NotAllowed, match="disabled"):
        people.authenticate(store, token)


def test_an_answer_after_the_due_time_does_not_count(tmp_path: Path) -> None:
    """Even where no worker has looked at what fell due."""
    clock = StoppedClock(NOW)
    store = make_store(tmp_path, clock)
    customer = make_customer(store)
    store.runs.open(customer, "dan", trigger(), run())
    approvals.open_approval(store, customer, "run:r-1", approval())
    clock.turn(timedelta(hours=25))

    with pytest.raises(Conflict, match="expired"):
        approvals.decide(store, identity(customer), yes(), CLOSES)
    assert approvals.get(store, customer, "a-1").status == "expired"
