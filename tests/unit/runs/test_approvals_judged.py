"""Approvals judged by the real rules in the record: who may, who is next, and what is on record."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from policies.approvals import rule_on
from policies.standins import next_needs
from runs import approvals, people, standins, tables
from runs.approvals import Answer, Rules
from runs.audit import verify
from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.events import Event
from runs.records.approval import Approval, DecisionKind, Need
from runs.records.delegation import Delegation
from runs.records.person import Customer, Identity
from runs.records.version import EmergencyRule
from runs.store.store import Store
from runs.words import AS_SAID
from tests import builders
from tests.builders import NOW, approval, identity, person

pytestmark = pytest.mark.both_databases
EMERGENCY = EmergencyRule(people=("kim",), kinds=("plan",), confirm_hours=4)


class Room:
    """A run that asks Ana and Ben for its plan, with Kim, Pia and Zed beside them."""

    def __init__(self, folder: Path) -> None:
        self.clock = StoppedClock(NOW)
        self.store: Store = builders.make_store(folder, self.clock)
        self.customer: Customer = builders.make_customer(self.store)
        for name, roles in {"kim": ("reviewer",), "pia": ("ops_lead",), "zed": ()}.items():
            people.add_person(self.store, self.customer, "cli", person(id=name, roles=roles))
        self.store.runs.open(self.customer, "dan", builders.trigger(), builders.run())
        self.policy = builders.policy(escalation=("kim", "pia", "zed"), emergency=EMERGENCY)

    @property
    def rules(self) -> Rules:
        """The real ones."""
        subject = approval().subject
        return Rules(rule_on, lambda _: subject, AS_SAID, lambda _: self.policy, next_needs)

    def ask(self, **changed: Any) -> Approval:
        """Open the question."""
        return approvals.open_approval(self.store, self.customer, "run:r-1", approval(**changed))

    def says(
        self, who: str | Identity, kind: DecisionKind = "approve", *, id: str = "a-1", **more: Any
    ) -> Approval:
        """One person's answer, under the real rules."""
        known = identity(self.customer, who) if isinstance(who, str) else who
        seen = approvals.get(self.store, self.customer, id).subject
        reason = "" if kind == "approve" else "because"
        answer = Answer(id, kind, reason, seen, **more)
        rules = self.rules._replace(current=lambda asked: asked.subject)
        return approvals.decide(self.store, known, answer, rules)

    def delegate(self, giver: str, to: str, **changed: Any) -> Delegation:
        """Let somebody decide plans for a day."""
        told: dict[str, Any] = {"kinds": ("plan",), "until": NOW + timedelta(days=1)} | changed
        wanted = Delegation(id="-", giver=giver, to=to, given_at=NOW, **told)
        who = identity(self.customer, giver)
        return standins.give(self.store, who, wanted, reason="away", terms=AS_SAID)

    def expire(self, hours: int) -> list[Approval]:
        """The worker looks, so many hours later."""
        self.clock.turn(timedelta(hours=hours))
        return approvals.expire_due(self.store, self.customer, self.rules)

    def open(self) -> list[str]:
        """Ids of what is open."""
        return [one.id for one in approvals.list_approvals(self.store, self.customer)]

    def last(self) -> Event:
        """The newest event."""
        return self.store.events(self.customer)[-1]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A room in which nothing is asked yet."""
    return Room(tmp_path)


def test_an_unanswered_question_goes_on_to_the_next_and_ends_when_nobody_is_left(
    room: Room,
) -> None:
    """Expired is an end; each time others are asked, as many as are missing, until nobody is."""
    room.ask()
    room.says("ana")
    seen = []
    for _ in range(4):
        room.expire(24)
        found = approvals.latest(room.store, room.customer, "a-1")
        seen.append((found.id, found.status, found.needs[0].people, found.agreed, found.escalates))

    assert seen == [
        ("a-1.next2", "open", ("kim",), ("ana",), "a-1"),
        ("a-1.next3", "open", ("pia",), ("ana",), "a-1.next2"),
        ("a-1.next4", "open", ("zed",), ("ana",), "a-1.next3"),
        ("a-1.next4", "expired", ("zed",), ("ana",), "a-1.next3"),
    ]
    asked = approvals.get(room.store, room.customer, "a-1.next4")
    before = approvals.asked_before(room.store, room.customer, asked)
    assert before == ["ana", "ben", "kim", "pia", "zed"]


def test_the_word_of_who_agreed_before_stands_and_counts_once(room: Room) -> None:
    """The next person completes the quorum; who agreed already cannot do so again."""
    room.ask()
    room.says("ana")
    room.delegate("kim", "ana", until=NOW + timedelta(days=3))
    room.expire(24)
    with pytest.raises(NotAllowed, match="agreed to it already"):
        room.says("ana", id="a-1.next2")

    assert room.says("kim", id="a-1.next2").status == "approved"
    assert approvals.get(room.store, room.customer, "a-1").status == "expired"


def test_a_late_answer_asks_the_next_at_once(room: Room) -> None:
    """Though no worker looked: the refusal names who is asked now."""
    room.ask(needs=(Need(role="ops_lead", count=1, people=("ben",)),))
    room.clock.turn(timedelta(hours=24))

    with pytest.raises(Conflict, match=r"asked of kim now: pilotage approval show a-1\.next2"):
        room.says("ben")
    assert room.open() == ["a-1.next2"]


def test_a_clock_that_jumps_back_reopens_nothing(room: Room) -> None:
    """What expired stays so; and before it was asked nothing is decided."""
    room.ask(needs=(Need(role="ops_lead", count=1, people=("ben",)),))
    room.expire(24)
    room.clock.turn(timedelta(hours=-48))
    room.expire(0)

    with pytest.raises(Conflict, match="expired; nothing is left"):
        room.says("ben")
    with pytest.raises(Conflict, match="set the clock right"):
        room.says("kim", id="a-1.next2")
    assert room.last().body["why"] == "clock"
    assert approvals.get(room.store, room.customer, "a-1").status == "expired"


def test_handed_over_and_escalated_it_stays_open_for_others(room: Room) -> None:
    """Each move is on record with who moved it and to whom; escalating renews the due time."""
    room.ask()
    room.clock.turn(timedelta(hours=2))
    handed = room.says("ben", "hand_over", to="pia")
    moved = room.says("ana", "escalate")

    assert handed.needs[1].people == ("pia",)
    assert (moved.needs[0].people, moved.due_at) == (("kim",), NOW + timedelta(hours=26))
    events = [e for e in room.store.events(room.customer) if e.kind == "approval_moved"]
    assert [(e.actor, e.body["how"], e.body["to"]) for e in events] == [
        ("ben", "hand_over", "pia"),
        ("ana", "escalate", "kim"),
    ]
    assert room.says("pia").status == "open"
    assert room.says("kim").status == "approved"
    assert verify(room.store.database).ok


def test_what_a_person_is_asked_follows_every_move(room: Room) -> None:
    """Who handed it over, or decided, is asked no more; who got it is, a page at a time."""

    def mine(name: str) -> list[str]:
        found = approvals.asking_any_of(room.store, room.customer, [name], limit=1)
        more = (
            approvals.asking_any_of(room.store, room.customer, [name], after=found[-1])
            if (found)
            else []
        )
        return [one.id for one in (*found, *more)]

    room.ask()
    room.ask(id="b-1", run="", kind="action", covers={"item": "i-1"})
    room.ask(id="b-2", run="", kind="action", covers={"item": "i-2"})
    first = [mine("ben"), mine("pia")]
    room.says("ben", "hand_over", to="pia")
    room.says("ben", id="b-1")
    room.says("ana", "reject", id="b-2")

    assert first == [["a-1", "b-1", "b-2"], []]
    assert [mine("ben"), mine("pia"), mine("ana")] == [[], ["a-1"], ["a-1", "b-1"]]


def test_a_delegate_decides_in_the_place_of_who_named_them(room: Room) -> None:
    """Recorded with whose place it was; taken back it is over."""
    room.ask()
    given = room.delegate("ben", "zed")
    room.says("zed")
    (made,) = approvals.decisions_of(room.store, room.customer, "a-1")
    with pytest.raises(NotAllowed, match="delegate has already decided in the place of ben"):
        room.says("ben")
    standins.end(room.store, identity(room.customer, "zed"), given.id)
    room.ask(id="b-1", run="", kind="plan", covers={"workflow": "w"})

    assert (made.person, made.behalf, made.delegation, made.role) == (
        "zed",
        "ben",
        given.id,
        "ops_lead",
    )
    with pytest.raises(NotAllowed, match="not one of those"):
        room.says("zed", id="b-1")
    assert verify(room.store.database).ok


@pytest.mark.parametrize(
    ("changed", "error", "says"),
    [
        ({"to": "nobody"}, NotFound, "no person 'nobody'"),
        ({"to": "ben"}, InvalidInput, "name somebody else"),
        ({"kinds": ()}, InvalidInput, "no kind"),
        ({"until": NOW}, InvalidInput, "at most 92 days"),
        ({"until": NOW + timedelta(days=93)}, InvalidInput, "at most 92 days"),
    ],
)
def test_a_delegation_has_limits(
    room: Room, changed: dict[str, Any], error: type[Exception], says: str
) -> None:
    """To somebody there is, for kinds that are named, for a time; and only of one's own place."""
    with pytest.raises(error, match=says):
        room.delegate("ben", **({"to": "zed"} | changed))
    wanted = Delegation(
        id="-", giver="ben", to="zed", kinds=("plan",), until=NOW + timedelta(1), given_at=NOW
    )
    for who in (identity(room.customer, "ana"), identity(room.customer, "ben", is_machine=True)):
        with pytest.raises(NotAllowed, match="their own place"):
            standins.give(room.store, who, wanted, reason="", terms=AS_SAID)


def test_two_accounts_of_one_human_count_once(room: Room) -> None:
    """Once an owner said so; and of two that asked, the other is excluded with the one."""
    room.ask(needs=(Need(role="ops_lead", count=2, people=("ben", "pia", "kim")),))
    room.says("ben")
    olga = identity(room.customer, "olga", roles=("owner",))
    for _ in range(2):
        standins.declare_same(room.store, olga, "pia", "ben")

    with pytest.raises(NotAllowed, match="pia has already decided"):
        room.says("pia")
    assert room.says("kim").status == "approved"
    assert [p.same_as for p in people.find_people(room.store, room.customer) if p.same_as] == [
        ("pia",),
        ("ben",),
    ]
    assert verify(room.store.database).ok


def test_one_person_approves_in_an_emergency_and_the_others_confirm_it(room: Room) -> None:
    """By the policy, at once; stamped, and asked of the ordinary approvers within their time."""
    room.ask()
    approved = room.says("kim", "approve_in_emergency")
    confirmation = approvals.get(room.store, room.customer, "a-1.confirm")
    with pytest.raises(NotAllowed, match="nobody approves their own"):
        room.says("kim", id=confirmation.id)
    room.says("ana", id=confirmation.id)
    room.says("ben", id=confirmation.id)

    assert (approved.status, approved.emergency) == ("approved", True)
    assert confirmation.due_at == NOW + timedelta(hours=4)
    assert confirmation.excluded == ("dan", "kim")
    assert approvals.get(room.store, room.customer, "a-1").status == "approved"
    kinds = [e.kind for e in room.store.events(room.customer) if e.body.get("emergency")]
    assert kinds == ["decision_recorded", "approval_closed"]


@pytest.mark.parametrize("end", ["silence", "reject", "ask_for_changes"])
def test_what_the_others_do_not_confirm_is_withdrawn(room: Room, end: Any) -> None:
    """Whether they say no or nothing; and its run is woken."""
    room.ask()
    room.says("kim", "approve_in_emergency")
    if end == "silence":
        room.expire(4)
    else:
        room.says("ana", end, id="a-1.confirm")

    approved = approvals.get(room.store, room.customer, "a-1")
    assert (approved.status, approved.emergency) == ("withdrawn", True)
    assert "advance_run:r-1:a-1:withdrawn" in [job.id for job in room.store.jobs.waiting()]
    assert room.open() == []


@pytest.mark.parametrize(
    ("who", "changed", "says"),
    [
        ("zed", {}, "not one of those the policy names: kim"),
        ("kim", {"kind": "stage"}, "emergencies for plan, not for stage"),
        ("kim", {"risks": ("financial",)}, "forbids an emergency approval of financial"),
        ("kim", {"excluded": ("kim",)}, "nobody approves their own"),
        (
            "kim",
            {"needs": (Need(role="x", count=1, people=("kim",)),)},
            "nobody else could confirm it",
        ),
    ],
)
def test_an_emergency_never_reaches_beyond_the_policy(
    room: Room, who: str, changed: dict[str, Any], says: str
) -> None:
    """Who, which kinds, which risks; nobody their own, and never without others to confirm it."""
    room.ask(**changed)

    with pytest.raises(NotAllowed, match=says):
        room.says(who, "approve_in_emergency")
    assert room.open() == ["a-1"]
    assert room.last().body["why"] == "emergency"


def test_an_edit_is_kept_and_its_question_is_over(room: Room) -> None:
    """The next question about it says what it supersedes; whoever edited is known."""
    room.ask()
    with pytest.raises(InvalidInput, match="--file"):
        room.says("ana", "approve_with_edit")
    edited = room.says("ana", "approve_with_edit", edit="another plan")
    again = room.ask(id="a-2", covers={"plan": approval(id="x", covers={"a": "b"}).subject})

    editors = approvals.editors_of(room.store, room.customer, [edited])
    assert (edited.status, again.supersedes, editors) == ("superseded", "a-1", {"ana"})


REFUSED = {
    "a service token": ({"is_machine": True}, "machine"),
    "a signed-out session": ({"proved_by": "session", "token": "gone"}, "proof"),
    "a demo proof": ({"proved_by": "demo"}, "proof"),
    "who asked for it": ({"person": "dan"}, "own"),
    "a stranger": ({"person": "kim"}, "unnamed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_every_refusal_is_an_event_that_says_why(room: Room, name: str) -> None:
    """In one word, with who tried what by which proof; nothing is decided."""
    changed, why = REFUSED[name]
    room.ask()
    who = identity(room.customer, **({"person": "ana"} | changed))

    with pytest.raises(NotAllowed):
        room.says(who)
    event = room.last()
    assert (event.kind, event.body["why"], event.body["person"]) == (
        "decision_refused",
        why,
        who.person,
    )
    assert approvals.decisions_of(room.store, room.customer, "a-1") == []


@pytest.mark.parametrize("how", ["expired", "revoked", "disabled"])
def test_a_proof_that_ended_meanwhile_decides_nothing(room: Room, how: str) -> None:
    """Signed in before, it is looked at again in the very change; signing in again is refused."""
    room.ask()
    soon = NOW + timedelta(hours=1)
    token = people.create_token(room.store, room.customer, "cli", person="ana", expires_at=soon)
    signed_in = people.authenticate(room.store, token)
    if how == "expired":
        room.clock.turn(timedelta(hours=1))
    elif how == "disabled":
        people.disable_person(room.store, room.customer, "cli", "ana")
    else:
        with room.store.change(room.customer, "olga") as change:
            key, at = {"id": signed_in.token}, {"revoked_at": change.now()}
            change.update(tables.tokens, key, at, "token_revoked")

    with pytest.raises(NotAllowed, match=how):
        room.says(signed_in)
    assert room.last().body["why"] in ("proof", "disabled")
    with pytest.raises(NotAllowed, match=how):
        people.authenticate(room.store, token)
    assert room.last().kind == "access_refused"


def test_one_person_with_two_tokens_decides_once(room: Room) -> None:
    """The second token proves the same person."""
    room.ask()
    tokens = [people.create_token(room.store, room.customer, "cli", person="ana") for _ in "ab"]
    room.says(people.authenticate(room.store, tokens[0]))

    with pytest.raises(Conflict, match="already decided"):
        room.says(people.authenticate(room.store, tokens[1]))
    assert room.last().body["why"] == "decided"
