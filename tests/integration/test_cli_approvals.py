"""Deciding from the command line: every act, its words for people and programs, its refusals."""

import json
from pathlib import Path
from typing import Any

import pytest

from pilotage import due
from policies.rules import write_policy
from runs import approvals, people
from runs.records.approval import Approval
from runs.records.version import EmergencyRule
from tests import builders
from tests.unit.pilotage.homes import House, make_house, policy_of


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home in which a run asks Ana and Ben for its plan, by a policy with an emergency."""
    house = make_house(tmp_path / "home")
    fin = builders.person(id="fin", roles=("ops_lead",))
    people.add_person(house.store, house.customer, "olga", fin)
    house.tokens["bot"] = people.create_program_token(
        house.store, house.customer, "olga", person="ana", scopes=("submit",)
    )
    rule = EmergencyRule(people=("gil",), kinds=("plan",), confirm_hours=4)
    values = policy_of("desk").model_copy(update={"emergency": rule, "escalation": ("gil",)})
    house.store.keep(house.customer, "worker", values)
    house.store.runs.open(house.customer, "dan", builders.trigger(), builders.run())
    ask(house, values.digest)
    return house


def ask(house: House, policy: str, **changed: Any) -> Approval:
    """Ask for the plan under these values."""
    now = house.wired.clock.now()
    covers = {"workflow": "desk", "policy": policy, "plan": builders.DIGEST}
    asked = builders.approval(
        covers=covers, opened_at=now, due_at=now.replace(year=now.year + 1), **changed
    )
    return approvals.open_approval(house.store, house.customer, "run:r-1", asked)


def decide(house: House, verb: str, *more: str, by: str = "ana", id: str = "a-1") -> Any:
    """A decision as somebody types it, with the digest they saw and a reason."""
    short = approvals.get(house.store, house.customer, id).subject[7:19]
    return house.run("approval", verb, id, "--digest", short, "--reason", "because", *more, by=by)


def said(house: House, *arguments: str, by: str = "olga") -> Any:
    """The JSON object a command that goes well prints."""
    result = house.run(*arguments, "--json", by=by)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_place_is_handed_over_and_escalated_and_stays_open(house: House) -> None:
    """Both say who is asked now, for people and for programs."""
    handed = decide(house, "handover", "--to", "fin", by="ben")
    told = json.loads(decide(house, "escalate", "--json", by="ana").stdout)

    assert handed.exit_code == 0, handed.output
    assert "asked of fin now: pilotage approval show a-1" in handed.stderr
    assert [need["people"] for need in told["approval"]["needs"]] == [["gil"], ["fin"]]
    assert [one["to"] for one in told["approval"]["decisions"]] == [["fin"], ["gil"]]
    shown = house.run("approval", "show", "a-1", by="olga").stdout
    assert "hand over to fin" in shown
    assert "escalate to gil" in shown


@pytest.mark.parametrize(
    ("verb", "more", "by", "code", "says"),
    [
        ("approve", (), "dan", 6, "dan asked for, built or edited it: nobody approves their own"),
        ("approve", (), "gil", 6, "gil is not one of those who were asked"),
        ("approve", (), "bot", 6, "a machine never approves; a named person decides"),
        ("handover", ("--to", "gil"), "ben", 6, "gil may not decide it: they are no ops_lead"),
        ("handover", ("--to", "dan"), "ben", 6, "dan asked for, built, edited or agreed to it"),
        ("emergency", (), "ana", 6, "ana is not one of those the policy names: gil"),
    ],
)
def test_a_refusal_says_the_same_in_a_sentence_and_in_json(
    house: House, verb: str, more: tuple[str, ...], by: str, code: int, says: str
) -> None:
    """With the same exit code, and each an event of whoever tried."""
    plain = decide(house, verb, *more, by=by)
    told = decide(house, verb, *more, "--json", by=by)

    value = json.loads(told.stdout)
    assert (plain.exit_code, told.exit_code) == (code, code), plain.output
    assert value["schema"] == "pilotage/refusal/1"
    assert value["says"].startswith(says)
    assert plain.stderr.strip() == f"error: {value['says']}"
    events = house.store.events(house.customer)[-2:]
    assert [event.kind for event in events] == ["decision_refused"] * 2


def test_an_emergency_is_told_loudly_and_stamped_wherever_it_is_shown(house: House) -> None:
    """To everybody who is asked, whoever asked for it, and the owners, at once."""
    result = decide(house, "emergency", by="gil")

    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == "a-1: approved (emergency)"
    assert "EMERGENCY: everybody is told; others confirm a-1.confirm" in result.stderr
    (notice,) = (house.folder / "notices" / "acme").glob("*.txt")
    assert "To: ana, ben, dan, olga" in notice.read_text()
    assert "Title: EMERGENCY approval: plan" in notice.read_text()
    listed = house.run("approval", "list", "--status", "any", by="olga").stdout
    assert "approved (emergency)" in listed
    assert "confirmation" in listed
    assert "approved (emergency)" in house.run("approval", "show", "a-1", by="olga").stdout
    assert "plan approved (emergency)" in house.run("run", "show", "r-1", by="olga").stdout


def test_an_emergency_that_is_refused_is_withdrawn_and_told(house: House) -> None:
    """The owners are told at the next look."""
    decide(house, "emergency", by="gil")
    decide(house, "reject", by="ana", id="a-1.confirm")
    for _ in range(2):
        due.take_back(house.wired, house.customer)

    assert approvals.get(house.store, house.customer, "a-1").status == "withdrawn"
    titles = [
        line
        for file in (house.folder / "notices" / "acme").glob("*.txt")
        for line in file.read_text().splitlines()
        if line.startswith("Title: ")
    ]
    assert sorted(titles) == [
        "Title: EMERGENCY approval withdrawn: plan",
        "Title: EMERGENCY approval: plan",
    ]


def test_what_is_asked_anew_says_what_is_different(house: House) -> None:
    """By name, before and after; for values of a policy their keys."""
    values = policy_of("desk").model_copy(update={"audit_share": 0.5})
    house.store.keep(house.customer, "worker", values)
    ask(house, values.digest, id="a-2")

    told = said(house, "approval", "show", "a-2")["different"]
    shown = house.run("approval", "show", "a-2", by="olga").stdout

    (changed,) = told["changed"]
    parts = {part["key"]: (part["before"], part["after"]) for part in changed["parts"]}
    assert (told["before"], changed["name"]) == ("a-1", "policy")
    assert parts["audit_share"] == ("0.1", "0.5")
    assert "different from a-1" in shown
    assert "audit_share: 0.1 -> 0.5" in shown


def test_policy_values_are_approved_with_an_edit_under_the_editors_name(house: House) -> None:
    """Given an edit somebody asks for; then what leads waits for others than who edited it."""
    file = house.wired.policy_files.file(house.customer, "desk")
    file.write_text(write_policy(policy_of("desk")))
    due.follow_policies(house.wired, house.customer)
    file.write_text(write_policy(policy_of("desk").model_copy(update={"audit_share": 0.05})))
    due.follow_policies(house.wired, house.customer)
    (asked,) = approvals.of_policies(house.store, house.customer)
    edited = house.folder / "edited.yaml"
    edited.write_text(write_policy(policy_of("desk").model_copy(update={"audit_share": 0.08})))
    who = asked.needs[0].people[0]
    result = decide(house, "edit", "--file", str(edited), by=who, id=asked.id)

    assert result.exit_code == 0, result.output
    assert approvals.get(house.store, house.customer, asked.id).status == "superseded"
    (again,) = (one for one in approvals.of_policies(house.store, house.customer))
    assert who in again.excluded
    assert again.supersedes == asked.id
    assert house.store.policies.leading(house.customer, "desk") == policy_of("desk").digest


def test_a_delegate_sees_and_decides_what_waits_for_another(house: House) -> None:
    """Within limits; listed with how it stands, and over once it is taken back."""
    now = house.wired.clock.now()
    until = f"{now.year + (now.month == 12)}-{now.month % 12 + 1:02d}-01"
    given = said(house, "delegation", "give", "gil", "--kind", "plan", "--until", until, by="ben")
    mine = said(house, "approval", "list", "--mine", by="gil")["approvals"]
    result = decide(house, "approve", by="gil")
    house.run("delegation", "end", given["id"], by="gil")

    assert [one["id"] for one in mine] == ["a-1"]
    assert result.exit_code == 0, result.output
    shown = house.run("approval", "show", "a-1", by="olga").stdout
    assert "gil (ops_lead, by token, in the place of ben) approve" in shown
    (listed,) = said(house, "delegation", "list")["delegations"]
    assert (listed["giver"], listed["to"], listed["state"]) == ("ben", "gil", "ended by gil")


def test_two_accounts_are_declared_one_human_by_an_owner(house: House) -> None:
    """And by nobody else; the list says so."""
    refused = house.run("user", "same", "eva", "ben", by="ana")
    declared = house.run("user", "same", "eva", "ben", by="olga")

    assert (refused.exit_code, declared.exit_code) == (6, 0)
    same = {one["id"]: one["same_as"] for one in said(house, "user", "list")["people"]}
    assert (same["eva"], same["ben"], same["ana"]) == (["ben"], ["eva"], [])


def test_what_asked_somebody_is_listed_by_how_it_ended(house: House) -> None:
    """`--mine --status`: of what is over, what asked them; of what is open, what still does."""
    decide(house, "approve", by="ana")
    decide(house, "approve", by="ben")

    for person, status, listed in (
        ("ana", "approved", ["a-1"]),
        ("ben", "any", ["a-1"]),
        ("ana", "open", []),
        ("ana", "rejected", []),
        ("gil", "approved", []),
        ("gil", "any", []),
    ):
        told = said(house, "approval", "list", "--mine", "--status", status, by=person)
        assert [one["id"] for one in told["approvals"]] == listed, (person, status)


def test_a_list_that_is_cut_says_so(house: House) -> None:
    """On stderr for people, as a field for programs; a whole one says nothing."""
    asked = approvals.get(house.store, house.customer, "a-1")
    ask(house, asked.covers["policy"], id="a-2", kind="test_exit")
    cut = house.run("approval", "list", "--limit", "1", by="ana")

    assert "there are more; --limit shows them" in cut.stderr
    assert said(house, "approval", "list", "--limit", "1")["has_more"] is True
    assert said(house, "approval", "list", "--limit", "1", "--mine", by="ana")["has_more"] is True
    assert said(house, "approval", "list", "--limit", "2")["has_more"] is False
