"""Every combination that matters, in one table: who may decide what, and what it makes of it."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from types import MappingProxyType
from typing import Any, NamedTuple, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.approvals import EDITED, rule_on
from policies.quorum import humans
from policies.standins import next_needs
from runs.approvals import subject_of
from runs.records.approval import Approval, ApprovalKind, Decision, DecisionKind, Need
from runs.records.delegation import Around, Delegation
from runs.records.person import Customer, Person
from runs.records.version import EmergencyRule
from tests.builders import DIGEST, NOW, approval, identity, person
from tests.unit.policies.builders import decision

NOTHING: Mapping[str, Any] = MappingProxyType({})
REAL = Customer(id="acme", name="Acme", is_demo=False)
KINDS: tuple[ApprovalKind, ...] = get_args(ApprovalKind)
DECISIONS: tuple[DecisionKind, ...] = get_args(DecisionKind)
NEEDS = (
    Need(role="product_owner", count=1, people=("ana", "pia")),
    Need(role="ops_lead", count=2, people=("ben", "cy", "ana")),
)
ROLES = {
    "ana": ("product_owner", "ops_lead"),
    "ana2": (),
    "pia": ("product_owner",),
    "ben": ("ops_lead",),
    "cy": ("ops_lead",),
    "dan": ("delivery_engineer",),
    "dee": ("reviewer",),
    "eve": ("business_owner",),
    "off": ("ops_lead",),
}
"""`dan` asked for it, `dee` is a delegate, `ana2` another account of `ana`, `off` is disabled."""


def everybody() -> list[Person]:
    """The people of the table; Ben's deputy is Dan, who built it."""
    more: dict[str, dict[str, Any]] = {
        "ana2": {"same_as": ("ana",)},
        "ben": {"deputy": "dan"},
        "off": {"is_disabled": True},
    }
    return [person(id=name, roles=held, **more.get(name, {})) for name, held in ROLES.items()]


def delegation(giver: str = "ben", to: str = "dee", **changed: Any) -> Delegation:
    """Ben lets Dee decide plans and stages for a day, nothing risky."""
    values: dict[str, Any] = {
        "id": f"delegation-{giver}-{to}",
        "giver": giver,
        "to": to,
        "kinds": ("plan", "stage"),
        "until": NOW + timedelta(days=1),
        "given_at": NOW,
    }
    return Delegation.model_validate(values | changed)


def around(*given: Delegation, **changed: Any) -> Around:
    """Everybody, as they are now."""
    return Around(people=everybody(), delegations=given, now=NOW)._replace(**changed)


def asked(**changed: Any) -> Approval:
    """A question to a product owner and two operations leads."""
    return approval(**({"needs": NEEDS, "excluded": ("dan",)} | changed))


class Row(NamedTuple):
    """One line of the table."""

    who: str
    because: str
    """The word of the refusal; empty where the decision counts."""
    closes: str | None = None
    before: tuple[str, ...] = ()
    """Who agreed before, in order; `giver<delegate` for a delegate."""
    asked: Mapping[str, Any] = NOTHING
    how: Mapping[str, Any] = NOTHING
    given: tuple[Delegation, ...] = ()
    kind: DecisionKind = "approve"


TABLE = {
    "a named person": Row("ana", ""),
    "the second of three": Row("ben", "", before=("ana",)),
    "the last of three": Row("cy", "", "approved", before=("ana", "ben")),
    "a role that is full": Row("pia", "filled", before=("pia0", "ben", "cy"), asked={
        "needs": (Need(role="product_owner", count=1, people=("pia0", "pia")), NEEDS[1])}),
    "one no of three": Row("ben", "", "rejected", before=("ana",), kind="reject"),
    "a wish for changes": Row("ben", "", "changes_asked", kind="ask_for_changes"),
    "a stranger": Row("eve", "unnamed"),
    "nobody": Row("", "machine"),
    "a service token": Row("ana", "machine", how={"is_machine": True}),
    "a demo proof": Row("ana", "proof", how={"proved_by": "demo"}),
    "who is disabled": Row("off", "disabled", asked={
        "needs": (Need(role="ops_lead", count=1, people=("off",)),)}),
    "who is no person here": Row("zoe", "disabled", asked={
        "needs": (Need(role="ops_lead", count=1, people=("zoe",)),)}),
    "who asked for it": Row("dan", "own"),
    "who built it, though named": Row("ben", "own", asked={"excluded": ("ben",)}),
    "a deputy who built it": Row("dan", "own", asked={
        "needs": (Need(role="ops_lead", count=1, people=("dan",)),)}),
    "another account of the builder": Row("ana2", "own", asked={
        "excluded": ("ana",), "needs": (Need(role="x", count=1, people=("ana2",)),)}),
    "another account of who decided": Row("ana2", "decided", before=("ana",), asked={
        "needs": (Need(role="ops_lead", count=2, people=("ana", "ana2")),)}),
    "who decided already": Row("ana", "decided", before=("ana",)),
    "who agreed before it was escalated": Row("ana", "decided", asked={"agreed": ("ana",)}),
    "their other account as well": Row("ana2", "decided", asked={
        "agreed": ("ana",), "needs": (Need(role="x", count=1, people=("ana2",)),)}),
    "a delegate": Row("dee", "", given=(delegation(),)),
    "the delegate of who decided": Row("dee", "decided", before=("ben",), given=(delegation(),)),
    "who a delegate decided for": Row("ben", "decided", before=("ben<dee",), given=(delegation(),)),
    "a delegate of two, twice": Row("dee", "decided", before=("ben<dee",), given=(
        delegation(), delegation("cy"))),
    "a delegate who is named too": Row("cy", "decided", before=("ben<cy",), given=(
        delegation(to="cy"),)),
    "a delegate who built it": Row("dan", "own", given=(delegation(to="dan"),)),
    "the delegate of the builder": Row("dee", "unnamed", given=(delegation("dan"),)),
    "a delegate of an excluded account": Row("dee", "unnamed", given=(delegation("ana2"),),
        asked={"excluded": ("ana",), "needs": (Need(role="x", count=1, people=("ana2", "ben")),)}),
    "a delegation of another kind": Row("dee", "delegation", given=(delegation(),), asked={
        "kind": "update"}),
    "a delegation for less risk": Row("dee", "delegation", given=(delegation(),), asked={
        "risks": ("financial",)}),
    "a delegation for this risk": Row("dee", "", given=(delegation(risks=("financial",)),), asked={
        "risks": ("financial",)}),
    "a delegation that is over": Row("dee", "delegation", given=(delegation(until=NOW),)),
    "a delegation of who is disabled": Row("dee", "delegation", given=(delegation("off"),), asked={
        "needs": (Need(role="ops_lead", count=1, people=("off", "cy")),)}),
    "a delegate's delegate": Row("eve", "unnamed", given=(delegation(), delegation("dee", "eve"))),
    "a delegate who passes it on": Row("dee", "delegate", given=(delegation(),), kind="escalate"),
    "expired": Row("ana", "closed", asked={"status": "expired"}),
    "superseded": Row("ana", "closed", asked={"status": "superseded"}),
    "withdrawn": Row("ana", "closed", asked={"status": "withdrawn"}),
    "solo that ended": Row("ana", "own", asked={
        "solo": True, "excluded": ("ana",),
        "needs": (Need(role="ops_lead", count=1, people=("ana",)),)}),
    "an edit of what is measured": Row("ana", "kind", kind="approve_with_edit", asked={
        "kind": "test_exit"}),
    "an edit of a plan": Row("ana", "", "superseded", kind="approve_with_edit"),
}  # fmt: skip


def made(question: Approval, name: str) -> Decision:
    """An agreement, `giver<delegate` for a delegate's."""
    place, _, delegate = name.partition("<")
    behalf = {"behalf": place, "delegation": "d"} if delegate else {}
    return decision(question, delegate or place, **behalf)


@pytest.mark.parametrize("name", TABLE)
def test_the_table_of_who_may_decide(name: str) -> None:
    """Kind, role, exclusion, deputy, delegation, solo, machine, end and quorum."""
    row = TABLE[name]
    question = asked(**row.asked)
    before = [made(question, one) for one in row.before]

    ruling = rule_on(
        question, before, identity(REAL, row.who, **row.how), row.kind, around(*row.given)
    )

    assert (ruling.because, ruling.closes, ruling.allowed) == (
        row.because,
        row.closes,
        not row.because,
    ), ruling.reason


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_written_can_be_edited(kind: ApprovalKind) -> None:
    """What is measured is measured again, not written otherwise."""
    ruling = rule_on(asked(kind=kind), [], identity(REAL, "ana"), "approve_with_edit", around())

    assert ruling.allowed == (kind in EDITED)


@pytest.mark.parametrize(("kind", "who"), [*product(DECISIONS, ("dan", "eve", "off", "ana2"))])
def test_who_may_not_agree_may_do_nothing_else_either(kind: DecisionKind, who: str) -> None:
    """Not reject, edit, hand over or escalate, and not in an emergency."""
    question = asked(excluded=("dan", "ana"))
    rule = EmergencyRule(people=("owner",), kinds=("plan",), confirm_hours=4)

    ruling = rule_on(question, [], identity(REAL, who), kind, around(emergency=rule, to="cy"))

    assert not ruling.allowed


def test_two_accounts_that_share_an_address_are_one_human() -> None:
    """As two that an owner declared; two others are two people, for nothing else is known."""
    shared = [person(id="a", email=" Ana@x.com"), person(id="b", email="ana@X.com ")]
    who = humans([*shared, person(id="c", email=""), person(id="d", email=""), *everybody()])

    assert who("a") == who("b")
    assert who("ana") == who("ana2")
    assert len({who(one) for one in ("a", "c", "d", "ben")}) == 4


@pytest.mark.parametrize(
    ("kind", "to", "says"),
    [
        ("hand_over", "off", "not a person here"),
        ("hand_over", "", "not a person here"),
        ("hand_over", "dan", "asked for, built, edited"),
        ("hand_over", "ana", "had their say"),
        ("hand_over", "eve", "no ops_lead, nor deputy or delegate of ben; name one of ana, cy"),
        ("hand_over", "cy", "too few would be left: 2 must agree"),
        ("escalate", "", "nobody is left in the policy's escalation"),
    ],
)
def test_what_cannot_be_passed_on_says_to_whom_it_could(
    kind: DecisionKind, to: str, says: str
) -> None:
    """One sentence that says what to do next."""
    ops = Need(role="ops_lead", count=2, people=("ana", "ben", "cy"))
    question = asked(needs=(ops,) if to == "cy" else NEEDS, excluded=("dan", "pia"))
    before = (
        [decision(question, "ana")] if to != "cy" else [decision(question, "ana", kind="reject")]
    )
    steps = around(to=to, escalation=("dan", "ana", "off"))

    ruling = rule_on(question, before, identity(REAL, "ben"), kind, steps)

    assert (ruling.allowed, ruling.because) == (False, "nobody_left")
    assert says in ruling.reason


def test_a_place_is_handed_to_who_may_decide_it() -> None:
    """The question stays open, and whoever handed it over is asked no more."""
    third = person(id="kim", roles=("ops_lead",))
    people = around(to="kim")._replace(people=[*everybody(), third])

    ruling = rule_on(asked(), [], identity(REAL, "ben"), "hand_over", people)

    assert (ruling.allowed, ruling.closes, ruling.to) == (True, None, ("kim",))
    assert ruling.needs[1].people == ("cy", "ana", "kim")


def test_escalating_asks_the_next_who_was_not_asked() -> None:
    """Steps that were asked, built it or are disabled are passed over."""
    steps = around(escalation=("ana", "dan", "off", "business_owner"))

    ruling = rule_on(asked(), [], identity(REAL, "ben"), "escalate", steps)

    assert (ruling.to, ruling.closes) == (("eve",), None)
    assert ruling.needs[1].people == ("cy", "ana", "eve")


@pytest.mark.parametrize(
    ("agreed", "chain", "passed", "then"),
    [
        (("ana", "ben"), ("eve", "dee"), (), (("eve", 1, ("eve",)),)),
        (("ana",), ("eve", "dee"), (), (("eve", 1, ("eve",)), ("dee", 1, ("dee",)))),
        (("ana",), ("eve", "dan", "ben"), (), ()),
        ((), ("eve", "dee"), (), ()),
        (("ana", "ben"), ("eve", "dee"), ("eve",), (("dee", 1, ("dee",)),)),
        (("ana", "ben"), ("ana2", "off", "dan", "nobody"), (), ()),
    ],
)
def test_silence_asks_as_many_as_are_missing_and_nobody_twice(
    agreed: tuple[str, ...], chain: tuple[str, ...], passed: tuple[str, ...], then: Any
) -> None:
    """A quorum never shrinks by nobody answering; where too few are left the chain is used up."""
    made = [decision(asked(), one) for one in agreed]

    needs = next_needs(asked(), made, passed, around(escalation=chain))

    assert tuple((need.role, need.count, need.people) for need in needs) == then


NAMES = (*ROLES, "zoe", "")
GIVEN = st.lists(
    st.builds(
        delegation,
        giver=st.sampled_from(tuple(ROLES)),
        to=st.sampled_from(tuple(ROLES)),
        risks=st.sampled_from([(), ("financial",)]),
        kinds=st.sampled_from([("plan",), ("stage",)]),
        until=st.sampled_from([NOW, NOW + timedelta(days=1)]),
    ),
    max_size=4,
)
STEPS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(DECISIONS), st.booleans()), max_size=14
)


def play(question: Approval, steps: Any, known: Around) -> tuple[Approval, list[Decision]]:
    """Let people decide in turn, as the record would."""
    made: list[Decision] = []
    for who, kind, is_machine in steps:
        ruling = rule_on(question, made, identity(REAL, who, is_machine=is_machine), kind, known)
        if not ruling.allowed:
            continue
        changed: dict[str, Any] = {"behalf": ruling.behalf, "role": ruling.role}
        made.append(decision(question, who, kind=kind, **changed))
        told = {"status": ruling.closes or "open", "needs": ruling.needs or question.needs}
        question = question.model_copy(update=told)
    return question, made


@settings(deadline=None, max_examples=150)
@given(STEPS, GIVEN, st.sampled_from([(), ("financial",)]))
def test_whatever_is_approved_three_humans_agreed_to_and_none_of_them_made_it(
    steps: Any, given: list[Delegation], risks: Any
) -> None:
    """However people delegate, escalate and hand over: as many humans as must, each once."""
    known = around(*given, escalation=("business_owner", "reviewer"), to="cy")
    who = humans(known.people)

    ended, made = play(asked(risks=risks), steps, known)

    agreed = [one for one in made if one.kind == "approve"]
    voices = {who(one.person) for one in agreed} | {who(one.behalf or one.person) for one in agreed}
    assert not voices & {"dan", "off", "zoe", ""}
    assert ended.status != "approved" or len({who(one.person) for one in agreed}) == 3
    assert len({who(one.behalf or one.person) for one in agreed}) == len(agreed)


@settings(deadline=None)
@given(
    st.dictionaries(st.text(max_size=8), st.text(max_size=12), min_size=1, max_size=6),
    st.data(),
)
def test_one_changed_byte_under_the_digest_is_another_question(
    covers: dict[str, str], data: st.DataObject
) -> None:
    """In a name, a value, or by leaving one away; and an agreement to the other never counts."""
    name = data.draw(st.sampled_from(sorted(covers)))
    byte = data.draw(st.characters(codec="utf-8"))
    changed = data.draw(
        st.sampled_from(
            [
                {**covers, name: covers[name] + byte},
                {**covers, name + byte: covers[name]},
                {key: value for key, value in covers.items() if key != name},
            ]
        ).filter(lambda other: other != covers)
    )
    need = (Need(role="ops_lead", count=1, people=("ben",)),)
    question = asked(covers=changed, subject=subject_of(changed), needs=need)
    stale = decision(question, "ben", seen=subject_of(covers))

    assert subject_of(changed) != subject_of(covers) != DIGEST
    assert next_needs(question, [stale], (), around(escalation=("eve",))) != ()
