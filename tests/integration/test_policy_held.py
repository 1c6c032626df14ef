"""A change that lets more pass waits for the people it needs; until then nothing of it leads."""

import json
from pathlib import Path
from typing import Any

import pytest

from policies.rules import read_policy, write_policy
from runs import approvals, audit, people
from runs.records.approval import Approval
from runs.records.version import PolicyValues
from tests import builders
from tests.unit.pilotage.homes import House, make_house, policy_of


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home in which the desk's values lead."""
    house = make_house(tmp_path / "home")
    lay(house, write_policy(policy_of()))
    said(house, "policy", "show", "desk")
    return house


def lay(house: House, text: str) -> None:
    """Edit the file itself, as whoever can write it."""
    house.wired.policy_files.file(house.customer, "desk").write_text(text, encoding="utf-8")


def said(house: House, *arguments: str, by: str = "ben", code: int = 0) -> str:
    """What a command prints; everything it says where it fails."""
    result = house.run(*arguments, by=by)
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


def told(house: House, *arguments: str, by: str = "ben") -> dict[str, Any]:
    """What a command prints for programs."""
    return json.loads(said(house, *arguments, "--json", by=by))


def looser(**changed: Any) -> PolicyValues:
    """The values with a gate loosened, and other changes."""
    gates = policy_of().as_json()["gates"]
    gates["slice"] |= {"wrong_auto_max": 0.1}
    return PolicyValues.model_validate(policy_of().as_json() | {"gates": gates} | changed)


def add(house: House, name: str, *roles: str) -> None:
    """One more person, with a token."""
    person = builders.person(id=name, roles=roles)
    people.add_person(house.store, house.customer, "olga", person)
    token = people.create_token(house.store, house.customer, "olga", person=name)
    house.tokens[name] = token


def asked(house: House, status: str = "open") -> list[Approval]:
    """What people are asked about policy."""
    found = approvals.list_approvals(house.store, house.customer, status=status)
    return [one for one in found if one.kind == "policy"]


def approve(house: House, one: Approval, by: str, code: int = 0) -> str:
    """Somebody agrees to exactly what is asked."""
    return said(house, "approval", "approve", one.id, "--digest", one.subject, by=by, code=code)


def leading(house: House) -> str:
    """The digest of what leads."""
    return house.store.policies.leading(house.customer, "desk")


def test_a_loosened_gate_is_held_until_each_role_agreed(house: House) -> None:
    """Given one yes it is still held; given both it leads, under the approval, and is proved."""
    lay(house, write_policy(looser()))
    before = told(house, "policy", "show", "desk")
    (one,) = asked(house)
    approve(house, one, "ben")
    between = leading(house)
    approve(house, one, "eva")

    assert (before["digest"], between) == (policy_of().digest, policy_of().digest)
    assert before["approval"] == {"id": one.id, "status": "open"}
    assert [need.role for need in one.needs] == ["ops_lead", "domain_expert"]
    assert leading(house) == looser().digest
    event = [e for e in house.store.events(house.customer) if e.kind == "policy_changed"][-1]
    assert event.body["approval"] == one.id
    assert told(house, "policy", "show", "desk")["changes"] == []
    assert audit.verify(house.store.database).ok


def test_a_raw_edit_says_that_its_editor_is_unknown_and_needs_two_people(house: House) -> None:
    """A person who holds both roles cannot let it lead alone."""
    add(house, "max", "ops_lead", "domain_expert")
    lay(house, write_policy(looser()))
    said(house, "policy", "show", "desk")
    (one,) = asked(house)
    approve(house, one, "max")

    assert "editor unknown" in one.title
    assert one.excluded == ()
    assert "editor unknown" in said(house, "approval", "show", one.id)
    assert [again.id for again in asked(house)] == [one.id]
    assert leading(house) == policy_of().digest


def test_whoever_edits_is_not_asked_and_is_refused(house: House) -> None:
    """Given an editor by token; then their own word counts for nothing."""
    add(house, "bea", "ops_lead")
    result = told(house, "policy", "set", "desk", "gates.slice.wrong_auto_max=0.1")
    (one,) = asked(house)
    refused = approve(house, one, "ben", code=6)

    assert result["leads"] is False
    assert one.excluded == ("ben",)
    assert [need.people for need in one.needs] == [("bea",), ("eva",)]
    assert "nobody approves their own" in refused
    assert leading(house) == policy_of().digest


def test_the_only_operations_lead_edits_and_somebody_else_decides(house: House) -> None:
    """Their request stands for their role; the expert alone is asked, never they themselves."""
    said(house, "policy", "set", "desk", "audit_share=0.05", "--reason", "two are ill")
    (one,) = asked(house)
    shown = said(house, "approval", "show", one.id, by="eva")
    approve(house, one, "eva")

    assert [(need.role, need.people) for need in one.needs] == [("domain_expert", ("eva",))]
    assert "audit_share: 0.1 -> 0.05 (ops_lead, domain_expert)" in shown
    assert "edited by ben" in shown
    assert "because: two are ill" in shown
    leads = house.wired.policy_files.last_led(house.customer, "desk")
    assert leads is not None
    assert leads.audit_share == 0.05


def test_what_only_tightens_leads_at_once_with_its_editor(house: House) -> None:
    """Nobody is asked; the record says who."""
    result = told(house, "policy", "set", "desk", "act_threshold=0.95", "gates.full.min_cases=200")

    assert result["leads"] is True
    assert asked(house) == []
    event = [e for e in house.store.events(house.customer) if e.kind == "policy_changed"][-1]
    assert event.actor == "ben"


def test_an_edit_by_somebody_else_than_operations_waits_for_them(house: House) -> None:
    """Within bounds the values are theirs: another's edit is a request."""
    said(house, "policy", "set", "desk", "act_threshold=0.95", by="dan")
    (one,) = asked(house)

    assert [(need.role, need.people) for need in one.needs] == [("ops_lead", ("ben",))]
    assert leading(house) == policy_of().digest
    approve(house, one, "ben")
    assert leading(house) != policy_of().digest


def test_a_mixed_edit_is_held_whole(house: House) -> None:
    """The harmless half does not lead either."""
    lay(house, write_policy(looser(review_due_hours=12)))
    shown = told(house, "policy", "show", "desk")

    assert shown["policy"]["review_due_hours"] == 24
    assert [(one["key"], len(one["roles"])) for one in shown["changes"]] == [
        ("gates.slice.wrong_auto_max", 2),
        ("review_due_hours", 1),
    ]


def test_a_further_edit_supersedes_the_question_and_is_asked_by_itself(house: House) -> None:
    """A yes to what the file said before lets nothing lead."""
    lay(house, write_policy(looser()))
    said(house, "policy", "show", "desk")
    (first,) = asked(house)
    lay(house, write_policy(looser(audit_share=0.05)))
    late = approve(house, first, "ben", code=7)
    (second,) = asked(house)

    assert "superseded" in late
    assert [one.id for one in asked(house, "superseded")] == [first.id]
    assert second.supersedes or second.subject != first.subject
    for name in ("ben", "eva"):
        approve(house, second, name)
    assert leading(house) == looser(audit_share=0.05).digest


def test_an_agreed_edit_that_was_taken_out_of_the_file_does_not_lead(house: House) -> None:
    """Given all yeses and a file that says otherwise by then; then what was agreed to is void."""
    said(house, "policy", "set", "desk", "audit_share=0.05")
    (one,) = asked(house)
    lay(house, write_policy(policy_of()))
    approve(house, one, "eva", code=7)
    said(house, "policy", "show", "desk")

    assert leading(house) == policy_of().digest
    assert asked(house) == []


def test_a_yes_counts_once(house: House) -> None:
    """Given agreed values that were taken back; when they come again; they are asked anew."""
    lay(house, write_policy(looser()))
    said(house, "policy", "show", "desk")
    (one,) = asked(house)
    for name in ("ben", "eva"):
        approve(house, one, name)
    for policy in (policy_of(), looser()):
        lay(house, write_policy(policy))
        said(house, "policy", "show", "desk")

    assert leading(house) == policy_of().digest
    assert [again.id for again in asked(house)] != [one.id]


@pytest.mark.parametrize("answer", ["reject", "changes"])
def test_after_a_no_what_led_goes_on_and_everybody_is_told_how(house: House, answer: str) -> None:
    """It is asked again by a person only, and restoring the file ends it."""
    lay(house, write_policy(looser()))
    said(house, "policy", "show", "desk")
    (one,) = asked(house)
    said(house, "approval", answer, one.id, "--digest", one.subject, "--reason", "no", by="eva")
    problem = told(house, "policy", "show", "desk")["problem"]
    doctor = house.run("doctor", by="ben").output

    assert asked(house) == []
    for text in (problem, doctor):
        assert one.id in text
        assert "pilotage policy restore desk" in text
    said(house, "policy", "restore", "desk")
    assert told(house, "policy", "show", "desk")["problem"] == ""
    assert leading(house) == policy_of().digest


def test_what_was_rejected_can_be_asked_again_by_name(house: House, tmp_path: Path) -> None:
    """The second question is another one, and names its editor."""
    lay(house, write_policy(looser()))
    said(house, "policy", "show", "desk")
    (first,) = asked(house)
    first = approvals.get(house.store, house.customer, first.id)
    said(house, "approval", "reject", first.id, "--digest", first.subject, "--reason", "no")
    again = tmp_path / "again.yaml"
    again.write_text(write_policy(looser()), encoding="utf-8")
    said(house, "policy", "set", "desk", "--file", str(again))

    (second,) = asked(house)
    assert second.id != first.id
    assert second.excluded == ("ben",)


def test_who_edited_what_is_held_stays_an_editor_of_what_is_put_on_top(house: House) -> None:
    """Two requests in one file exclude both who made them."""
    said(house, "policy", "set", "desk", "approval_due_hours=100", by="dan")
    said(house, "policy", "set", "desk", "act_threshold=0.95", by="gil")

    (one,) = asked(house)
    assert one.excluded == ("dan", "gil")
    assert {name for need in one.needs for name in need.people} == {"ben", "ana"}


def test_nothing_is_written_where_nobody_can_be_asked(house: House) -> None:
    """Given no expert; then what an expert must agree to is refused, with the remedy."""
    people.disable_person(house.store, house.customer, "olga", "eva")
    file = house.wired.policy_files.file(house.customer, "desk")
    refused = said(house, "policy", "set", "desk", "audit_share=0.05", code=6)

    assert read_policy(file.read_text(), "desk").digest == policy_of().digest
    assert asked(house) == []
    assert "give the role domain_expert to another person" in refused


def test_an_edit_that_nobody_can_be_asked_about_is_held_and_doctor_says_so(house: House) -> None:
    """Given a raw edit and no expert; then nothing leads, and the role is named."""
    people.disable_person(house.store, house.customer, "olga", "eva")
    lay(house, write_policy(looser()))
    shown = told(house, "policy", "show", "desk")
    doctor = house.run("doctor", by="ben")

    assert shown["digest"] == policy_of().digest
    assert "domain_expert" in shown["problem"]
    assert "domain_expert" in doctor.output
    assert doctor.exit_code == 8


def test_a_check_says_what_would_follow_and_changes_nothing(house: House, tmp_path: Path) -> None:
    """Who must agree, and which open questions are void with it."""
    file = tmp_path / "desk.yaml"
    file.write_text(write_policy(looser()), encoding="utf-8")
    house.store.runs.open(house.customer, "dan", builders.trigger(), builders.run())
    covers = {"leading_policy": policy_of().digest, "plan": "p"}
    subject = approvals.subject_of(covers)
    resting = builders.approval(covers=covers, subject=subject)
    approvals.open_approval(house.store, house.customer, "run:r-1", resting)
    before = house.store.events(house.customer)
    preview = told(house, "policy", "check", str(file))
    people = said(house, "policy", "check", str(file))

    assert house.store.events(house.customer) == before
    assert preview["asked_again"] == ["a-1"]
    assert [one["role"] for one in preview["needs"]] == ["domain_expert"]
    assert "would wait for people" in people
    assert "gates.slice.wrong_auto_max" in people
    assert asked(house) == []


def test_a_file_that_is_gone_takes_nothing_with_it(house: House) -> None:
    """The values that led go on; shipped ones do not creep in; doctor and show say so."""
    house.wired.policy_files.file(house.customer, "desk").unlink()
    shown = told(house, "policy", "show", "desk")
    doctor = house.run("doctor", by="ben").output

    assert house.wired.policy_files.find(house.customer, "desk") == policy_of()
    for text in (shown["problem"], doctor):
        assert "the file is gone" in text


def test_the_values_a_release_brings_keep_a_held_edit_beside_the_file(house: House) -> None:
    """What people wrote is never lost, and what was asked about it is superseded."""
    lay(house, write_policy(looser()) + "# because of the audit\n")
    said(house, "policy", "show", "desk")
    brought = policy_of(act_threshold="0.8")
    house.wired.policy_files.write(house.customer, brought)

    folder = house.wired.home.policies("acme")
    (aside,) = folder.glob("desk.yaml.aside-*")
    assert "# because of the audit" in aside.read_text()
    assert leading(house) == brought.digest
    assert asked(house) == []
    assert house.wired.policy_files.workflows(house.customer) == ["desk"]


def test_alone_in_a_solo_home_one_person_is_asked_and_stamped(tmp_path: Path) -> None:
    """The same question, with one person's word, which says that it was given alone."""
    house = make_house(tmp_path / "solo", is_solo=True)
    lay(house, write_policy(policy_of()))
    said(house, "policy", "show", "desk", by="olga")
    said(house, "policy", "set", "desk", "audit_share=0.05", by="olga")
    (one,) = asked(house)
    held = leading(house)
    approve(house, one, "olga")

    assert one.solo
    assert held == policy_of().digest
    assert leading(house) != held
    (decision,) = approvals.decisions_of(house.store, house.customer, one.id)
    assert decision.solo


def test_what_a_person_sets_keeps_the_comments_of_the_file(house: House) -> None:
    """One line changes; the rest is as it was written."""
    text = write_policy(policy_of()).replace("audit_share: 0.1", "audit_share: 0.10  # ask Eva")
    lay(house, text)
    said(house, "policy", "show", "desk")
    said(house, "policy", "set", "desk", "audit_share=0.2")

    after = house.wired.policy_files.file(house.customer, "desk").read_text()
    assert "audit_share: 0.2  # ask Eva" in after
    assert leading(house) == read_policy(after, "desk").digest
