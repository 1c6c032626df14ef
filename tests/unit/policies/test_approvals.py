"""Whose decision something needs; nobody approves their own work."""

from collections.abc import Sequence
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.approvals import Ruling, needs_for, rule_on
from runs.errors import NotAllowed
from runs.moves import ApprovalStatus
from runs.records.approval import Approval, Decision, DecisionKind, Need
from runs.records.person import Customer, Identity, Person
from tests.builders import approval, identity, person
from tests.unit.policies.builders import decision, policy

REAL = Customer(id="acme", name="Acme", is_demo=False)
KINDS: tuple[DecisionKind, ...] = tuple(
    kind for kind in get_args(DecisionKind) if kind != "approve_in_emergency"
)
DEMO = Customer(id="demo", name="Demo", is_demo=True)
TWO = (
    Need(role="product_owner", count=1, people=("ana", "pia")),
    Need(role="ops_lead", count=1, people=("ben", "ana")),
)


def ruled(
    asked: Approval,
    who: str = "ana",
    kind: Any = "approve",
    *,
    before: Sequence[Decision] = (),
    **how: Any,
) -> Ruling:
    """The ruling on one person's decision."""
    return rule_on(asked, before, identity(how.pop("customer", REAL), who, **how), kind)


def staff() -> list[Person]:
    """People of a small customer."""
    roles = {
        "ana": ("product_owner",),
        "ben": ("ops_lead",),
        "eva": ("ops_lead",),
        "ada": ("domain_expert",),
    }
    return [person(id=name, roles=held) for name, held in roles.items()]


def named(
    kind: Any, people: Sequence[Person], excluded: Sequence[str] = (), *, is_solo: bool = False
) -> dict[str, tuple[str, ...]]:
    """Who is named, by role."""
    needs = needs_for(kind, policy(), people, excluded=excluded, is_solo=is_solo)
    return {need.role: need.people for need in needs}


def test_each_role_names_its_people() -> None:
    """In the order of the policy, with the count of the policy."""
    needs = needs_for("stage", policy(), staff(), excluded=())

    assert named("plan", staff()) == {"product_owner": ("ana",), "ops_lead": ("ben", "eva")}
    assert needs == (Need(role="ops_lead", count=2, people=("ben", "eva")),)


def test_one_person_may_be_named_by_their_id() -> None:
    """With the role or without it; their deputy stands in as for any role."""
    asked = policy(approvers={"plan": ({"role": "eva"}, {"role": "product_owner"})})
    people = [one.model_copy(update={"deputy": "ben"}) for one in staff()]
    needs = needs_for("plan", asked, people, excluded=())
    without = needs_for("plan", asked, people, excluded=("eva",))

    assert next((need.role, need.people) for need in needs) == ("eva", ("eva",))
    assert next((need.role, need.people) for need in without) == ("eva", ("ben",))


def test_whoever_asked_or_built_is_not_named() -> None:
    """And nobody stands in who was excluded as well."""
    assert named("plan", staff(), excluded=("eva",))["ops_lead"] == ("ben",)
    with pytest.raises(NotAllowed, match=r"1 x product_owner .* 0 may \(nobody\)"):
        named("plan", staff(), excluded=("ana",))


def test_a_disabled_person_is_not_named() -> None:
    """A role held by nobody else cannot be filled then."""
    people = [one.model_copy(update={"is_disabled": one.id == "ada"}) for one in staff()]

    with pytest.raises(NotAllowed, match="domain_expert"):
        named("test_exit", people)


def test_a_deputy_stands_in_for_who_may_not_decide() -> None:
    """Only then, and only one who may."""
    people = [*staff()[1:], person(id="ana", deputy="dee"), person(id="dee", roles=())]

    assert named("plan", people)["product_owner"] == ("ana",)
    assert named("plan", people, excluded=("ana",))["product_owner"] == ("dee",)
    with pytest.raises(NotAllowed, match="product_owner"):
        named("plan", people, excluded=("ana", "dee"))


def test_more_must_agree_than_there_are() -> None:
    """The error names role, count and who there is."""
    with pytest.raises(NotAllowed, match=r"2 x ops_lead must agree and 1 may \(ben\)"):
        named("stage", staff(), excluded=("eva",))


def test_one_person_cannot_fill_two_roles() -> None:
    """Even where each role alone could be filled."""
    both = [person(id="ana", roles=("product_owner", "ops_lead"))]

    with pytest.raises(NotAllowed, match="each in one role"):
        named("plan", both)
    assert named("plan", [*both, person(id="eva", roles=("ops_lead",))])["ops_lead"] == (
        "ana",
        "eva",
    )


@pytest.mark.parametrize("kind", ["action", "lesson"])
def test_a_question_without_approvers_is_no(kind: Any) -> None:
    """The empty policy names nobody, so nobody can agree."""
    empty = policy(approvers={"plan": ({"role": "ops_lead"},), "lesson": ()})

    with pytest.raises(NotAllowed, match=f"approvers.{kind} names nobody"):
        needs_for(kind, empty, staff(), excluded=())


def test_a_kind_of_stage_may_have_approvers_of_its_own() -> None:
    """They come before those of every stage."""
    rules = policy().approvers
    own = policy().model_copy(update={"approvers": {**rules, "stage_full": rules["test_exit"]}})

    full = needs_for("stage", own, staff(), excluded=(), stage="full")
    part = needs_for("stage", own, staff(), excluded=(), stage="slice")

    assert [need.role for need in (*full, *part)] == ["domain_expert", "ops_lead"]


def test_all_needs_filled_approves() -> None:
    """Not one decision earlier."""
    asked = approval()
    first = ruled(asked, "ana")
    last = ruled(asked, "ben", before=[decision(asked, "ana")])

    assert (first.allowed, first.closes, first.role) == (True, None, "product_owner")
    assert "1 more must agree" in first.reason
    assert (last.allowed, last.closes, last.role) == (True, "approved", "ops_lead")


def test_k_of_n_counts_people() -> None:
    """Two of three, whichever they are."""
    asked = approval(needs=(Need(role="ops_lead", count=2, people=("ana", "ben", "eva")),))

    assert ruled(asked, "eva").closes is None
    assert ruled(asked, "ben", before=[decision(asked, "eva")]).closes == "approved"


def test_a_person_with_two_roles_fills_one_need() -> None:
    """Alone she is not two; and she makes room for who has one role only."""
    asked = approval(needs=TWO)
    ana = ruled(asked, "ana")

    assert ana.closes is None
    assert ruled(asked, "ben", before=[decision(asked, "ana")]).closes == "approved"
    assert ruled(asked, "pia", before=[decision(asked, "ana")]).closes == "approved"
    assert ruled(asked, "ana", before=[decision(asked, "pia")]).role == "ops_lead"


def test_who_can_fill_nothing_more_does_not_agree() -> None:
    """A second product owner is not an operations lead."""
    asked = approval(
        needs=(
            Need(role="product_owner", count=1, people=("ana", "pia")),
            Need(role="ops_lead", count=1, people=("ben",)),
        )
    )

    ruling = ruled(asked, "pia", before=[decision(asked, "ana")])
    assert not ruling.allowed
    refused = ruled(asked, "pia", "reject", before=[decision(asked, "ana")])
    assert (refused.closes, refused.role) == ("rejected", "product_owner")


@pytest.mark.parametrize(
    ("kind", "closes"),
    [
        ("reject", "rejected"),
        ("ask_for_changes", "changes_asked"),
        ("approve_with_edit", "superseded"),
    ],
)
def test_any_named_person_can_stop_it(kind: DecisionKind, closes: ApprovalStatus | None) -> None:
    """One no is enough; an edit is asked anew."""
    ruling = ruled(approval(), "ben", kind)

    assert (ruling.allowed, ruling.closes, ruling.role) == (True, closes, "ops_lead")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("changed", "how", "reason"),
    [
        ({}, {"who": "eve"}, "not one of those who were asked"),
        ({"excluded": ("ana",)}, {}, "nobody approves their own"),
        ({}, {"is_machine": True}, "machine never approves"),
        ({}, {"who": ""}, "machine never approves"),
        ({}, {"proved_by": "demo"}, "demo customer only"),
        ({"status": "expired"}, {}, "expired"),
        ({"status": "approved"}, {}, "approved"),
        ({"needs": ()}, {}, "not one of those"),
    ],
)
def test_who_may_not_decide_decides_nothing(
    kind: DecisionKind, changed: dict[str, Any], how: dict[str, Any], reason: str
) -> None:
    """Not to approve, and not to reject either."""
    ruling = ruled(approval(**changed), kind=kind, **{"who": "ana", **how})

    assert (ruling.allowed, ruling.closes, ruling.role) == (False, None, "")
    assert reason in ruling.reason


def test_a_person_decides_once() -> None:
    """Whatever the first decision was."""
    asked = approval()

    for kind in KINDS:
        ruling = ruled(asked, "ana", before=[decision(asked, "ana", kind=kind)])
        assert "already decided" in ruling.reason


def test_an_unknown_decision_or_proof_is_no() -> None:
    """What is not in the list is not a decision, and not a proof."""
    nobody = identity(REAL).model_copy(update={"proved_by": "hearsay"})

    unknown = ruled(approval(), "ana", "yes").reason

    assert "no decision" in unknown
    assert all(kind in unknown for kind in KINDS)
    assert "no proof" in rule_on(approval(), [], nobody, "approve").reason


def test_demo_proof_counts_for_a_demo_customer() -> None:
    """And a token does there as well."""
    assert ruled(approval(), "ana", customer=DEMO, proved_by="demo").allowed
    assert ruled(approval(), "ana", customer=DEMO).allowed


def test_a_yes_to_another_digest_or_by_an_excluded_person_does_not_count() -> None:
    """Decisions that should not be there fill no need."""
    asked = approval(needs=TWO, excluded=("pia",))
    other = decision(asked, "ana", seen="sha256:" + "0" * 64)

    assert ruled(asked, "ben", before=[other]).closes is None
    assert ruled(asked, "ben", before=[decision(asked, "pia")]).closes is None


SOLO = (Need(role="product_owner", count=1, people=("ana",)),) * 2


def test_one_person_alone_fills_every_need_where_the_approval_says_solo() -> None:
    """Though she asked for it and built it."""
    asked = approval(needs=SOLO, excluded=("ana",), solo=True)

    assert ruled(asked, "ana").closes == "approved"
    assert not ruled(approval(needs=SOLO, excluded=("ana",)), "ana").allowed


def test_solo_ends_where_a_second_person_is_named() -> None:
    """Then it is judged as any other."""
    asked = approval(needs=TWO, excluded=("ana",), solo=True)

    assert "nobody approves their own" in ruled(asked, "ana").reason


@pytest.mark.parametrize(
    ("kind", "covers", "allowed"),
    [
        ("plan", {}, True),
        ("test_exit", {}, True),
        ("stage", {"weight_bp": "0"}, True),
        ("stage", {"weight_bp": "500"}, False),
        ("stage", {}, False),
        ("action", {"weight_bp": "0"}, False),
        ("update", {}, False),
    ],
)
def test_solo_never_leaves_the_sandbox_with_a_risk(
    kind: str, covers: dict[str, str], *, allowed: bool
) -> None:
    """What is sensitive, irreversible, financial or customer-facing needs a second person."""
    asked = approval(kind=kind, needs=SOLO, solo=True, covers=covers, risks=("financial",))

    assert ruled(asked, "ana").allowed is allowed
    assert ruled(asked.model_copy(update={"risks": ()}), "ana").allowed


def test_solo_is_for_an_installation_of_one() -> None:
    """The one person is named for everything; with a second it is as everywhere."""
    alone = [person(id="ana"), person(id="old", is_disabled=True)]

    assert named("plan", alone, excluded=("ana",), is_solo=True) == {
        "product_owner": ("ana",),
        "ops_lead": ("ana",),
    }
    (both,) = needs_for("stage", policy(), alone, excluded=(), is_solo=True)
    assert both.count == 1
    with pytest.raises(NotAllowed):
        named("plan", [*alone, person(id="eva", roles=())], excluded=("ana",), is_solo=True)
    with pytest.raises(NotAllowed):
        needs_for("plan", policy(), alone, excluded=("ana",))


PEOPLE = ("ana", "ben", "pia", "eve", "dan", "")
IDENTITIES = st.builds(
    identity,
    customer=st.sampled_from([REAL, DEMO]),
    person=st.sampled_from(PEOPLE),
    proved_by=st.sampled_from(["token", "session", "demo"]),
    is_machine=st.booleans(),
)
Step = tuple[Identity, DecisionKind]
STEPS = st.lists(st.tuples(IDENTITIES, st.sampled_from(KINDS)), max_size=12)


def play(asked: Approval, steps: Sequence[Step]) -> list[Decision]:
    """What was decided until the approval closed; the closing decision is the last."""
    decided: list[Decision] = []
    for who, kind in steps:
        ruling = rule_on(asked, decided, who, kind)
        if ruling.allowed:
            decided.append(decision(asked, who.person, kind=kind, proved_by=who.proved_by))
        if ruling.closes:
            asked = asked.model_copy(update={"status": ruling.closes})
    return decided if asked.status == "approved" else []


@settings(deadline=None)
@given(STEPS, st.booleans())
def test_no_sequence_of_decisions_by_others_approves(steps: list[Step], solo: bool) -> None:
    """Strangers, excluded people and machines move nothing, in whatever order they come."""
    asked = approval(needs=TWO, excluded=("dan", "pia"), solo=solo)
    others: list[Step] = [
        step for step in steps if step[0].is_machine or step[0].person not in ("ana", "ben")
    ]

    assert play(asked, others) == []
    assert all(not rule_on(asked, [], who, kind).allowed for who, kind in others)


@settings(deadline=None)
@given(STEPS)
def test_whatever_is_approved_was_agreed_to_by_enough_different_people(
    steps: list[Step],
) -> None:
    """As many as there are needs, each named, none excluded, none a machine."""
    asked = approval(needs=TWO, excluded=("dan",))
    agreed = {one.person for one in play(asked, steps) if one.kind == "approve"}

    assert not agreed or len(agreed & {"ana", "ben", "pia"}) >= 2
