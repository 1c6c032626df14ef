"""An item that waits for a person: claimed, answered once, handed on; each with its event."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.signals import measure
from runs import audit, people, words
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.events import Event
from runs.records.evidence import OutcomeTable
from runs.records.item import Item, Review
from runs.records.version import Route
from runs.store.reviews import claim_review
from tests import builders
from tests.builders import NOW
from tests.world import World, make_world
from workflow import review
from workflow.review import CLAIM, Deps, Said

APPROVED = Said("approve", ("review",))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk at full, asked for and built by Dan; Ben reviews, Ana is whom he escalates to."""
    world = make_world(tmp_path)
    world.store.runs.open(world.customer, "dan", builders.trigger(), builders.run())
    world.at("full")
    return world


def asked_for_by(folder: Path, person: str) -> World:
    """The same, but somebody who reviews asked for the version."""
    world = make_world(folder)
    run = builders.run(requester=person)
    world.store.runs.open(world.customer, person, builders.trigger(), run)
    world.at("full")
    return world


def waiting(world: World, route: Route = "review") -> Item:
    """An item that its version sent to a person, or acted on and had checked."""
    items = [one for one in world.send(8, prefix=route) if one.arm == "canary"]
    return world.end(items[0], route)


def deps(world: World) -> Deps:
    """The record, in a house of several people."""
    return Deps(world.store, is_solo=False)


def say(world: World, item: Item, said: Said = APPROVED, by: str = "ben") -> Review:
    """Let somebody answer."""
    return review.answer(deps(world), world.person(by), item.id, said)


def now_of(world: World, item: Item) -> Review:
    """The item's review as it is kept."""
    [kept] = world.store.reviews.of_item(world.customer, item.id)
    return kept


def newest(world: World, count: int) -> list[Event]:
    """The last events of the audit."""
    return world.store.events(world.customer, limit=100_000)[-count:]


def test_an_answer_is_kept_with_who_gave_it_and_how_they_proved_it(world: World) -> None:
    """And the item it waited for is closed; nothing is done outside."""
    item = waiting(world)

    answered = say(world, item, Said("edit", ("review",), "delivery", "write to eve@example.com"))

    assert now_of(world, item) == answered
    assert (answered.status, answered.answer, answered.label) == ("decided", "edit", "delivery")
    assert (answered.routes, answered.decided_by) == (("review",), "ben")
    assert (answered.proved_by, answered.token, answered.simulated) == ("token", "t1", False)
    assert words.words(world.store, world.customer, answered.said)
    assert world.store.items.get(world.customer, item.id).status == "closed"
    assert world.store.actions.of_item(world.customer, item.id) == []


def test_an_answer_is_one_change_with_its_events(world: World) -> None:
    """What the chain has is what the rows say."""
    item = waiting(world)

    say(world, item)

    decided, closed = newest(world, 2)
    assert (decided.kind, closed.kind, decided.actor) == ("review_decided", "item_closed", "ben")
    assert decided.body["answer"] == "approve"
    assert decided.body["routes"] == "review"
    assert audit.verify(world.store.database).ok


def test_what_acted_stays_done_whatever_is_said_of_it(world: World) -> None:
    """A check afterwards undoes nothing."""
    item = waiting(world, "act")

    say(world, item, Said("reject", reason="nothing for this desk"))

    assert world.store.items.get(world.customer, item.id).status == "acted"
    assert now_of(world, item).routes == ("refuse",)


@pytest.mark.parametrize(
    ("route", "said", "outcome"),
    [
        ("act", Said("approve"), "right_auto"),
        ("act", Said("edit", (), "delivery"), "wrong_auto"),
        ("act", Said("reject", reason="x"), "wrong_auto"),
        ("act", Said("approve", ("review",)), "wrong_auto"),
        ("review", Said("approve", ("review",)), "right_review"),
        ("review", Said("edit", ("act", "review"), "delivery"), "right_review"),
        ("review", Said("approve", ("act",)), "needless_review"),
        ("review", Said("reject", reason="x"), "needless_review"),
        ("review", Said("reject", ("review",), reason="x"), "right_review"),
        ("refuse", Said("reject", reason="x"), "right_review"),
        ("refuse", Said("edit", ("act",), "delivery"), "needless_review"),
    ],
)
def test_every_answer_counts_for_the_stage_as_what_it_says(
    world: World, route: Route, said: Said, outcome: str
) -> None:
    """Being sent to a person is right only where the person says so."""
    items = world.send(6, prefix="sample")
    for item in items:
        world.end(item, route)
        say(world, item, said)
    release = world.store.releases.get(world.customer, items[0].release)

    found = measure(world.store, world.customer, release=release, now=world.clock.now())

    assert found.evidence is not None
    assert found.evidence.items == OutcomeTable(**{outcome: 6})


@pytest.mark.parametrize(
    ("route", "said", "says"),
    [
        ("review", Said("approve"), "--route review"),
        ("review", Said("edit", (), "delivery"), "--route review"),
        ("act", Said("edit", (), "parcel"), "refund, delivery"),
        ("act", Said("edit", (), "refund"), "approve it"),
        ("act", Said("edit"), "reject it"),
        ("act", Said("reject"), "--reason"),
        ("act", Said("reject", reason="x" * 4_001), "4000 characters"),
        ("act", Said("reject", ("act",), reason="x"), "leave out act"),
    ],
)
def test_an_answer_that_does_not_fit_changes_nothing(
    world: World, route: Route, said: Said, says: str
) -> None:
    """And says what would."""
    item = waiting(world, route)
    before = newest(world, 1)

    with pytest.raises(InvalidInput, match=says):
        say(world, item, said)

    assert now_of(world, item).status == "open"
    assert newest(world, 1) == before


def test_where_nothing_was_produced_there_is_nothing_to_approve() -> None:
    """A person gives the label, or refuses."""
    item = builders.item(status="quarantined", route="refuse")

    with pytest.raises(InvalidInput, match="nothing was produced"):
        review.meaning(Said("approve", ("act",)), item, produced="", labels=("refund",))


def test_the_second_answer_is_told_the_first(world: World) -> None:
    """Who, what and when; it changes nothing."""
    item = waiting(world)
    first = say(world, item)

    with pytest.raises(Conflict, match="answered 'approve' by ben at 2026-03-02 09:00 UTC"):
        say(world, item, Said("reject", reason="no"))

    assert now_of(world, item) == first


@pytest.mark.parametrize("act", ["answer", "claim", "escalate"])
def test_what_somebody_else_claimed_meanwhile_is_left_to_them(world: World, act: str) -> None:
    """Between reading and writing no claim is overwritten."""
    item = waiting(world)
    taken = now_of(world, item).model_copy(update={"held_by": "bo", "held_until": NOW + CLAIM})
    racing = Deps(world.store.guarded(lambda change: claim_review(change, taken)), is_solo=False)
    acts = {
        "answer": lambda: review.answer(racing, world.person("ben"), item.id, APPROVED),
        "claim": lambda: review.claim(racing, world.person("ben"), item.id),
        "escalate": lambda: review.escalate(racing, world.person("ben"), item.id, "ask Ana"),
    }

    with pytest.raises(Conflict, match="claimed or handed on meanwhile"):
        acts[act]()

    assert now_of(world, item).status == "open"


def test_of_many_answers_at_once_one_is_kept(world: World) -> None:
    """Every other one is told whose it was; the chain holds one decision."""
    item = waiting(world)

    def attempt(_: int) -> str:
        try:
            return say(world, item).status
        except Conflict as error:
            return str(error)

    with ThreadPoolExecutor(max_workers=4) as crowd:
        said = list(crowd.map(attempt, range(8)))

    events = world.store.events(world.customer, limit=100_000)
    assert said.count("decided") == 1
    assert sum("answered 'approve' by ben" in one for one in said) == 7
    assert [one.kind for one in events].count("review_decided") == 1


def test_who_is_not_asked_is_refused_and_that_is_an_event(world: World) -> None:
    """The item waits on."""
    item = waiting(world)

    with pytest.raises(NotAllowed, match="ana is not asked; leave it to ben"):
        say(world, item, by="ana")

    [refused] = newest(world, 1)
    assert (refused.kind, refused.actor) == ("access_refused", "ana")
    assert refused.body["review"] == now_of(world, item).id
    assert now_of(world, item).status == "open"


def test_who_asked_for_the_version_does_not_judge_it(tmp_path: Path) -> None:
    """Whatever role they hold besides; they may hand it on."""
    world = asked_for_by(tmp_path, "ben")
    item = waiting(world)

    with pytest.raises(NotAllowed, match="nobody judges their own work"):
        say(world, item)
    handed = review.escalate(deps(world), world.person("ben"), item.id, "I asked for it")

    assert handed.owner == "ana"


@pytest.mark.parametrize(
    "changed",
    [{"is_machine": True}, {"person": ""}, {"proved_by": "demo"}],
    ids=["a program", "nobody", "demo proof in a real home"],
)
def test_only_a_person_who_proved_it_answers(world: World, changed: dict[str, Any]) -> None:
    """No token of a program, and no played proof, is a person's word."""
    item, who = waiting(world), world.person("ben").model_copy(update=changed)

    with pytest.raises(NotAllowed):
        review.answer(deps(world), who, item.id, APPROVED)

    assert now_of(world, item).status == "open"


def test_the_only_person_of_a_solo_house_is_stamped(tmp_path: Path) -> None:
    """Their answer counts, and says that they were alone."""
    world = asked_for_by(tmp_path, "ben")
    item = waiting(world)
    roles = ("owner", "ops_lead")
    people.change_person(world.store, world.customer, "olga", id="ben", roles=roles)
    for other in ("olga", "dan", "ana"):
        people.disable_person(world.store, world.customer, "olga", other)

    alone = Deps(world.store, is_solo=True)
    answered = review.answer(alone, world.person("ben"), item.id, APPROVED)

    assert answered.solo


def test_an_item_nobody_is_asked_about_is_told_so(world: World) -> None:
    """And how to find those that wait."""
    [item] = world.send(1)

    with pytest.raises(NotFound, match="waits for nobody"):
        say(world, item)


def test_a_claim_is_seen_and_keeps_others_from_answering_until_it_ages_out(world: World) -> None:
    """It hides nothing."""
    person = builders.person(id="bo", roles=("ops_lead",))
    people.add_person(world.store, world.customer, "olga", person)
    item = waiting(world)

    held = review.claim(deps(world), world.person("bo"), item.id)
    with pytest.raises(Conflict, match=r"bo holds item .* until 09:15 UTC"):
        say(world, item)
    [seen] = world.store.reviews.waiting(world.customer)
    world.clock.turn(CLAIM)

    assert (seen.review, seen.review.holder(NOW)) == (held, "bo")
    assert now_of(world, item).holder(world.clock.now()) == ""
    assert say(world, item).decided_by == "ben"


def test_a_claim_is_made_longer_and_let_go_by_its_holder_alone(world: World) -> None:
    """Each is an event."""
    item = waiting(world)
    review.claim(deps(world), world.person("ben"), item.id)
    world.clock.turn(timedelta(minutes=10))

    longer = review.claim(deps(world), world.person("ben"), item.id)
    free = review.release(deps(world), world.person("ben"), item.id)

    assert longer.held_until == NOW + timedelta(minutes=10) + CLAIM
    assert (free.held_by, free.held_until) == ("", None)
    assert [one.kind for one in newest(world, 2)] == ["review_claimed", "review_released"]
    with pytest.raises(InvalidInput, match="does not hold it"):
        review.release(deps(world), world.person("ben"), item.id)


def test_an_escalation_gives_it_to_the_next_person_with_a_due_time_of_their_own(
    world: World,
) -> None:
    """The review and its item; who had it, and why it went on, stays on record."""
    item = waiting(world)
    world.clock.turn(timedelta(hours=7))

    handed = review.escalate(deps(world), world.person("ben"), item.id, "only Ana can tell")

    [step] = handed.escalations
    assert (handed.owner, handed.status) == ("ana", "open")
    assert handed.due_at == world.clock.now() + timedelta(hours=8)
    assert (step.owner, step.by) == ("ben", "ben")
    assert words.words(world.store, world.customer, step.reason) == "only Ana can tell"
    assert world.store.items.get(world.customer, item.id).owner == "ana"
    assert [one.kind for one in newest(world, 2)] == ["review_escalated"] * 2
    assert say(world, item, by="ana").decided_by == "ana"
    assert audit.verify(world.store.database).ok


def test_an_escalation_ends_where_nobody_is_left(world: World) -> None:
    """It stays with the last, who is told what to do."""
    item = waiting(world)
    review.escalate(deps(world), world.person("ben"), item.id, "ask Ana")

    with pytest.raises(InvalidInput, match="everybody whom the escalation of desk names"):
        review.escalate(deps(world), world.person("ana"), item.id, "no idea")

    assert now_of(world, item).owner == "ana"


def test_nothing_escalates_to_who_asked_for_the_version(tmp_path: Path) -> None:
    """They could only hand it on."""
    world = asked_for_by(tmp_path, "ana")
    item = waiting(world)

    with pytest.raises(InvalidInput, match="may not judge it"):
        review.escalate(deps(world), world.person("ben"), item.id, "ask Ana")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 4_001])
def test_nothing_is_handed_on_without_a_reason(world: World, reason: str) -> None:
    """Of a length somebody reads."""
    item = waiting(world)

    with pytest.raises(InvalidInput, match="--reason"):
        review.escalate(deps(world), world.person("ben"), item.id, reason)

    assert now_of(world, item).owner == "ben"


def test_what_is_shown_to_a_reviewer_says_who_may_answer_and_who_is_next(world: World) -> None:
    """As the rules would decide it now."""
    item = waiting(world)

    outlook = review.find_outlook(deps(world), world.customer, item)
    say(world, item)

    assert outlook is not None
    assert (outlook.may_answer, outlook.next_owner) == (("ben",), "ana")
    assert (outlook.due_hours, outlook.labels) == (8, ("refund", "delivery"))
    assert review.find_outlook(deps(world), world.customer, item) is None


def test_what_waits_for_somebody_is_what_they_may_answer(world: World) -> None:
    """Not what waits for others."""
    items = [waiting(world), waiting(world, "act")]
    found = world.store.reviews.waiting(world.customer)

    mine = review.for_person(deps(world), world.person("ben"), found)

    assert {one.item.id for one in mine} == {item.id for item in items}
    assert review.for_person(deps(world), world.person("ana"), found) == []
