"""The customer of the sample: its people, plans and values, and the reviewer who is simulated."""

from collections.abc import Iterable

import pytest

from policies import compiled
from policies.rules import read_plan, read_policy
from runs.errors import NotFound
from runs.plan import Plan
from workflow.process.contract import read_fields
from workflow.samples.support_triage.customer import document, name, people, queues
from workflow.samples.support_triage.generator import tickets
from workflow.samples.support_triage.simulator import Simulator
from workflow.samples.support_triage.world import OUT_OF_SCOPE, Desk, labels

DESKS: tuple[Desk, ...] = ("customers", "partners")
BUILDS, ACCEPTS = (
    {"delivery_engineer"},
    {
        "product_owner",
        "engineering_lead",
        "domain_expert",
        "ops_lead",
        "ops_manager",
        "compliance",
        "business_owner",
        "rollout_owner",
        "incident_owner",
        "disputes_owner",
        "account_manager",
    },
)


DESK_PLANS: list[tuple[Desk, str, str]] = [
    ("customers", "plan.yaml", "policy.yaml"),
    ("partners", "plan_second.yaml", "policy_second.yaml"),
]


def plan_of(file: str) -> Plan:
    """A plan of the customer, whole."""
    reading = read_plan(document(file), file)
    assert reading.missing == ()
    assert reading.plan is not None
    return reading.plan


def share(found: Iterable[bool]) -> float:
    """How many of them hold."""
    answers = list(found)
    return sum(answers) / len(answers)


def test_nobody_both_builds_and_accepts() -> None:
    """At least eight invented people with deputies, and every role that decides is held."""
    everyone = {one.id: one for one in people()}

    assert len(everyone) >= 8
    assert {role for one in everyone.values() for role in one.roles} >= ACCEPTS | BUILDS
    for one in everyone.values():
        roles = set(one.roles) | set(everyone[one.deputy].roles)

        assert one.email.endswith("@example.com")
        assert one.deputy != one.id
        assert not (roles & BUILDS and roles & ACCEPTS)


@pytest.mark.parametrize("desk", DESKS)
def test_every_label_has_a_queue_with_an_owner(desk: Desk) -> None:
    """The label decides the queue, and somebody answers for it."""
    known = {one.id for one in people()}

    assert set(queues(desk)) == set(labels(desk))
    assert {queue.owner for queue in queues(desk).values()} <= known


def test_the_customer_says_that_it_is_synthetic() -> None:
    """Whoever opens one of its documents reads it in the first line."""
    for file in ("README.md", "policy.md"):
        assert "SYNTHETIC" in document(file)[:300]
    assert "fictional" in name()
    with pytest.raises(NotFound, match="no such file"):
        document("../generator.py")


def test_the_simulator_knows_what_the_ticket_does_not_show() -> None:
    """It judges live tickets by id, marks itself, and is mistaken about once in a hundred."""
    simulator = Simulator(11, families=1200)
    truths = {
        one.input["ticket_id"] or "": one.truth
        for one in tickets(seed=11, families=1200, pool="live")
    }
    right = [simulator.judge(id, truth.label) for id, truth in truths.items()]
    wrong = [simulator.judge(id, "no_label") for id in truths]

    assert 0.003 < share(one.is_mistaken for one in right) < 0.02
    assert all(one.agrees != one.is_mistaken for one in right)
    assert all(one.agrees == one.is_mistaken for one in wrong)
    assert all(one.simulated for one in right)
    assert all(one.routes == truths[id].routes for id, one in zip(truths, right, strict=True))


def test_the_simulator_does_not_change_its_mind() -> None:
    """The same ticket is judged alike by another simulator of the same seed."""
    ids = [one.input["ticket_id"] or "" for one in tickets(seed=4, families=60, pool="live")]
    first, second = Simulator(4, families=60), Simulator(4, families=60)

    assert [first.judge(id, OUT_OF_SCOPE) for id in ids] == [
        second.judge(id, OUT_OF_SCOPE) for id in ids
    ]


def test_the_simulator_refuses_what_it_does_not_know() -> None:
    """A ticket of the dataset or of another seed has no simulated reviewer."""
    simulator = Simulator(4, families=20)

    with pytest.raises(NotFound, match="not among the live tickets"):
        simulator.judge("t000000000000", "complaint")


@pytest.mark.parametrize(("desk", "file", "values"), DESK_PLANS)
def test_a_plan_has_no_hole_and_begins_without_a_rule(desk: Desk, file: str, values: str) -> None:
    """What an engineer ships on day one: text only, the default threshold, no rule."""
    plan, policy = plan_of(file), read_policy(document(values), values)

    assert plan.contract.labels == labels(desk)
    assert plan.routing.rules == ()
    assert (policy.workflow, policy.values) == (plan.workflow, plan.routing.values)
    assert policy.gates == plan.acceptance.gates
    climbed = compiled.ladder(plan)
    assert climbed == plan.rollout.stages[: len(climbed)]
    assert climbed[-1].name == plan.rollout.agreed_stage
    assert compiled.compile_plan(plan, policy).policy == policy


@pytest.mark.parametrize(("desk", "file", "values"), DESK_PLANS)
def test_everybody_a_plan_names_exists(desk: Desk, file: str, values: str) -> None:
    """Owners are people of the customer, deciding roles are held, the builder decides nothing."""
    plan, policy = plan_of(file), read_policy(document(values), values)
    everyone = {one.id: set(one.roles) for one in people()}
    deciding = {rule.role for rules in policy.approvers.values() for rule in rules}
    named = {*plan.owners.as_json().values(), *(one.owner for one in plan.signals)}

    assert named <= set(everyone)
    assert deciding | {policy.review_owner, *policy.escalation} <= set().union(*everyone.values())
    assert not everyone[plan.owners.builder] & deciding
    assert {queue.owner for queue in queues(desk).values()} <= set(everyone)


@pytest.mark.parametrize(("desk", "file", "values"), DESK_PLANS)
def test_the_contract_refuses_exactly_the_malformed(desk: Desk, file: str, values: str) -> None:
    """Clause 6 is what the data contract of the plan says, no more and no less."""
    contract = plan_of(file).contract.fields

    for one in tickets(seed=8, families=900, pool="live", desk=desk):
        is_refused = bool(read_fields(contract, one.input).breaches)

        assert is_refused == (one.truth.kind == "malformed")
    assert read_policy(document(values), values).workflow == plan_of(file).workflow


def test_the_second_priority_meets_the_same_facts() -> None:
    """What was learnt about amounts, tiers and disputes at one desk can be asked at the other."""
    first, second = plan_of("plan.yaml"), plan_of("plan_second.yaml")

    assert first.contract.fields == second.contract.fields
    assert first.context.sources == second.context.sources
    assert set(second.contract.labels) < set(first.contract.labels)
    assert first.workflow != second.workflow
    assert first.dataset != second.dataset
