"""Whoever reviews, from the command line: the queue, one item of it, and an answer that is kept."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runs import people, snapshots
from runs.records.item import Item, Review
from runs.records.version import PolicyValues, Version
from tests import builders
from tests.builders import TERMS
from tests.unit.pilotage.homes import House, make_house, policy_of
from workflow import review

RULE = {
    "id": "amount",
    "when": "item.amount > 200.0",
    "route": "review",
    "owner": "finance",
    "why": "large amounts are decided by a person",
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home whose desk has a version with a rule; Dan built it, Ben leads, Fay is finance."""
    house = make_house(tmp_path / "home")
    store, customer = house.store, house.customer
    fay = builders.person(id="fay", roles=("finance",))
    people.add_person(store, customer, "olga", fay)
    house.tokens["fay"] = people.create_token(store, customer, "olga", person="fay")
    store.runs.open(customer, "dan", builders.trigger(), builders.run())
    plan = builders.plan_record()
    version, policy = builders.version(rules=(RULE,), plan=plan.digest), policy_of()
    for record in (plan, version, policy):
        store.keep(customer, "worker", record, "r-1")
    named = {"version": version.digest, "policy": policy.digest, "plan": plan.digest}
    store.releases.open(customer, "worker", builders.release(**named))
    return house


def wait(house: House, id: str, *, owner: str = "ben", due: float = 8, **changed: Any) -> Item:
    """An item that waits for a person since now, for so many hours."""
    store, customer = house.store, house.customer
    [version], [policy] = store.list(customer, Version), store.list(customer, PolicyValues)
    kept = {
        name: snapshots.keep(store, customer, "dan", kind=name, value=value, terms=TERMS)
        for name, value in {
            "input": {"text": f"where is my refund {id}"},
            "output": {"label": "refund", "confidence": 0.41, "fields": {}},
        }.items()
    }
    named = {"version": version.digest, "policy": policy.digest, "input": kept["input"]}
    store.items.admit(customer, "dan", builders.item(id=id, key=id, **named))
    told = {"status": "in_review", "route": "review", "rule": "threshold", "output": kept["output"]}
    told |= {"reason": "confidence 0.410 is below act_threshold 0.5", "owner": owner}
    ended = store.items.get(customer, id).model_copy(update=told | changed)
    now = store.clock.now()
    asked = review.make(ended, "exception", at=now, due_at=now + timedelta(hours=due))
    return store.items.finish(customer, ended, [asked])


def listed(house: House, *flags: str, by: str = "ben") -> list[str]:
    """The ids of the items a list holds, in its order."""
    result = house.run("item", "list", *flags, "--json", by=by)
    assert result.exit_code == 0, result.output
    return [one["id"] for one in json.loads(result.stdout)["items"]]


def kept(house: House, id: str) -> Review:
    """The item's review as it is now."""
    [one] = house.store.reviews.of_item(house.customer, id)
    return one


def test_the_queue_is_what_waits_by_due_time(house: House) -> None:
    """All of it, mine, what is late; of one workflow."""
    wait(house, "i-1", due=8)
    wait(house, "i-2", due=-1)
    wait(house, "i-3", due=2, owner="fay", rule="amount")

    assert listed(house, "--waiting") == ["i-2", "i-3", "i-1"]
    assert listed(house, "--overdue") == ["i-2"]
    assert listed(house, "--mine", by="fay") == ["i-3"]
    assert listed(house, "--mine", "--overdue", by="fay") == []
    assert listed(house, "--mine", by="gil") == []
    assert listed(house, "--waiting", "--workflow", "mail") == []
    assert listed(house, "--waiting", "--owner", "fay") == ["i-3"]


def test_what_the_limit_leaves_out_is_told(house: House) -> None:
    """On stderr, so that nobody takes a part for the whole."""
    for number in range(3):
        wait(house, f"i-{number}", due=number + 1)

    result = house.run("item", "list", "--waiting", "--limit", "1", by="ben")

    assert "i-0" in result.stdout
    assert "i-1" not in result.stdout
    assert "2 more wait" in result.stderr


def test_an_item_that_waits_shows_all_that_a_person_needs_to_decide(house: House) -> None:
    """What came in and out, why it is asked, of whom, until when, and what follows."""
    wait(house, "i-3", owner="fay", due=-1, rule="amount", reason="large amounts are decided")

    shown = house.run("item", "show", "i-3", by="fay").stdout

    assert "where is my refund i-3" in shown
    assert "confidence: 0.41" in shown
    assert "waits for a person (exception)" in shown
    assert "fay answers for it until" in shown
    assert "UTC, which is past" in shown
    assert "may answer: ben, fay" in shown
    assert "rule amount: item.amount > 200.0 (large amounts are decided by a person)" in shown
    assert "labels: refund, delivery" in shown
    assert "approve: what was produced counts as right; the item is closed; nothing" in shown
    assert "escalate: ben answers for it, for 24 hours" in shown


@pytest.mark.parametrize(
    ("command", "answer", "label", "routes"),
    [
        (("approve", "--route", "review"), "approve", "refund", ("review",)),
        (("edit", "--label", "delivery", "--route", "act"), "edit", "delivery", ("act",)),
        (("reject", "--reason", "no matter of ours"), "reject", "", ("refuse",)),
    ],
    ids=["approve", "edit", "reject"],
)
def test_an_answer_is_kept_and_closes_the_item(
    house: House, command: tuple[str, ...], answer: str, label: str, routes: tuple[str, ...]
) -> None:
    """Under the person's own token; the audit says so too."""
    wait(house, "i-1")
    act, *flags = command

    result = house.run("item", act, "i-1", *flags, by="ben")

    told = kept(house, "i-1")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"i-1: {answer} {label or 'no label'}; it is closed\n"
    assert (told.answer, told.label, told.routes) == (answer, label, routes)
    assert (told.decided_by, told.proved_by, told.simulated) == ("ben", "token", False)
    assert f"ben said {answer}" in house.run("item", "show", "i-1", by="dan").stdout
    assert house.run("audit", "verify").exit_code == 0


def test_where_nobody_can_be_asked_the_right_route_is_a_flag(house: House) -> None:
    """Code 2: that a person was asked does not say that one was needed."""
    wait(house, "i-1")

    result = house.run("item", "approve", "i-1", by="ben", stdin="review\n")

    assert result.exit_code == 2
    assert "--route review" in result.stderr
    assert kept(house, "i-1").status == "open"


def test_a_second_answer_is_told_the_first(house: House) -> None:
    """Code 7, with who and what."""
    wait(house, "i-1", owner="fay", rule="amount")
    house.run("item", "approve", "i-1", "--route", "review", by="fay")

    again = house.run("item", "reject", "i-1", "--reason", "no", by="ben")

    assert again.exit_code == 7
    assert "answered 'approve' by fay" in again.stderr
    assert kept(house, "i-1").answer == "approve"


@pytest.mark.parametrize(
    "act",
    [
        ("approve", "i-1", "--route", "review"),
        ("edit", "i-1", "--label", "delivery", "--route", "review"),
        ("reject", "i-1", "--reason", "no"),
        ("escalate", "i-1", "--reason", "no"),
        ("claim", "i-1"),
        ("release", "i-1"),
    ],
    ids=lambda act: act[0],
)
def test_no_act_is_for_whoever_was_not_asked(house: House, act: tuple[str, ...]) -> None:
    """Code 6 for other people, programs and nobody; the item waits on as it was."""
    wait(house, "i-1")
    before = kept(house, "i-1")
    made = house.run("token", "create", "ben", "--scope", "read", "--scope", "submit", "--service")
    house.tokens["bot"] = made.stdout.strip()

    codes = [house.run("item", *act, by=by).exit_code for by in ("gil", "dan", "bot", "nobody")]

    assert codes == [6, 6, 6, 6]
    assert kept(house, "i-1") == before


def test_others_see_who_holds_an_item_and_leave_it_to_them(house: House) -> None:
    """Until it is let go."""
    wait(house, "i-1", owner="fay", rule="amount")

    held = house.run("item", "claim", "i-1", by="fay")
    seen = house.run("item", "list", "--waiting", by="dan").stdout
    refused = house.run("item", "approve", "i-1", "--route", "act", by="ben")
    skipped = house.run("item", "next", by="ben").stdout
    free = house.run("item", "release", "i-1", by="fay")

    assert held.stdout.startswith("i-1: fay holds it until ")
    assert " fay    fay " in seen
    assert (refused.exit_code, skipped) == (7, "nothing waits for you\n")
    assert "fay holds item i-1 until" in refused.stderr
    assert free.exit_code == 0
    assert "item i-1" in house.run("item", "next", by="ben").stdout


def test_what_somebody_cannot_tell_goes_to_the_next_person(house: House) -> None:
    """With the reason, which the next one is told."""
    wait(house, "i-1")

    result = house.run("item", "escalate", "i-1", "--reason", "only Ana knows them", by="ben")

    assert result.stdout.startswith("i-1: ana answers for it until ")
    assert listed(house, "--mine", by="ana") == ["i-1"]
    shown = house.run("item", "show", "i-1", by="ana").stdout
    assert "ben handed it on from ben: only Ana knows them" in shown


def test_the_next_item_is_the_most_urgent_of_mine(house: House) -> None:
    """Or none."""
    wait(house, "i-1", due=8)
    wait(house, "i-2", due=2)

    mine = json.loads(house.run("item", "next", "--json", by="ben").stdout)
    none = json.loads(house.run("item", "next", "--json", by="gil").stdout)

    assert (mine["item"]["id"], mine["waits"]["review"]["owner"]) == ("i-2", "ben")
    assert none["item"] is None


def test_the_doctor_counts_what_is_late_with_its_owner(house: House) -> None:
    """And where to look."""
    wait(house, "i-1", due=-1)

    said = house.run("doctor").stdout

    assert "1 wait past their due time (ben 1); `pilotage item list --overdue`" in said
