"""What a plan needs that is not there is a question to a person, before anything is built."""

from collections.abc import Callable
from typing import Any

import pytest

from pilotage.labelled import Brought, bring
from pilotage.systems import ToolsFile, ToolSpec, read_specs, write_specs
from runs.errors import InvalidInput
from runs.plan import Plan, PlanDraft, PlanRecord
from tests.builders import source
from tests.harbours import Harbour
from tests.journeys.ends import blocked, leave, refusals, with_role
from tests.tickets import STAGES, case_of, plan_of, tickets, written
from tests.unit.memory_store.builders import draft
from tests.voyage import Voyage

SOURCE = source()


def holes(voyage: Voyage) -> dict[str, str]:
    """Whom each hole of the plan asks, by field."""
    drafts = voyage.store.of_run(voyage.customer, PlanDraft, voyage.run_id)
    return {hole.field: hole.person for hole in drafts[-1].holes}


def another_workflows(voyage: Voyage) -> Plan:
    """Cases under the plan's name, imported for another workflow."""
    cases = [case_of(one) for one in tickets("elsewhere", 60)]
    shares: Any = {"learn": 0.4, "dev": 0.3, "holdout": 0.3}
    said = Brought("elsewhere", "billing", "salt", shares, acceptance="They are made up.")
    bring(voyage.store, voyage.identity("eva"), cases, said)
    return plan_of(dataset="elsewhere")


def unaccepted(voyage: Voyage) -> Plan:
    """Cases whose gaps nobody accepted."""
    cases = [case_of(one) for one in tickets("thin", 60)]
    shares: Any = {"learn": 0.4, "dev": 0.3, "holdout": 0.3}
    bring(voyage.store, voyage.identity("eva"), cases, Brought("thin", "desk", "salt", shares))
    return plan_of(dataset="thin")


def without_tool(voyage: Voyage) -> Plan:
    """An effect of a tool that nobody declared."""
    effect = {"name": "assign", "tool": "trays", "operation": "assign", "level": "update"}
    return plan_of(actions={"allowed": (effect,)})


def without_operation(voyage: Voyage) -> Plan:
    """An effect that its tool does not know."""
    effect = {"name": "close", "tool": "queues", "operation": "close", "level": "update"}
    return plan_of(actions={"allowed": (effect,)})


def without_source(voyage: Voyage) -> Plan:
    """A source of a tool that nobody declared."""
    return plan_of(context={"sources": (SOURCE,)})


def without_file(voyage: Voyage) -> Plan:
    """A source whose file is not there."""
    specs = read_specs(voyage.wired.home, voyage.customer)
    crm = ToolSpec(name="crm", kind="records", path="customer/crm.csv", key_field="id")
    crm = crm.model_copy(update={"is_made_up": True})
    write_specs(voyage.wired.home, voyage.customer, ToolsFile(tools=(*specs.tools, crm)))
    return plan_of(context={"sources": (SOURCE,)})


def of_a_team(voyage: Voyage) -> Plan:
    """A system that a team owns, and for which no person answers."""
    (system,) = plan_of().systems
    return plan_of().model_copy(update={"systems": (system.model_copy(update={"person": ""}),)})


def dear(voyage: Voyage) -> Plan:
    """A way that costs more than the installation lets an item spend."""
    (way,) = plan_of().economics.ways
    return plan_of(economics={"ways": (way.as_json() | {"cost_per_item": "0.51"},)})


MODEL: dict[str, Any] = {
    "name": "primary",
    "kind": "classification",
    "endpoint": "near",
    "task": "Say what the ticket is about.",
    "reads": ("text",),
    "budget": {"calls": 2, "tokens": 6_000, "cost": "0.01"},
}
FAR = """
routes:
  - name: far
    base_url: http://127.0.0.1:9/v1
    is_private: true
    model: m-1
    limits: {tries: 1}
"""


def without_route(voyage: Voyage) -> Plan:
    """A model whose route nobody declared, beside one that is there."""
    voyage.wired.home.models_file.write_text(FAR)
    return plan_of(models=(MODEL | {"name": "first", "endpoint": "far"}, MODEL))


def without_any_route(voyage: Voyage) -> Plan:
    """A model, and a home that declares none."""
    return plan_of(models=(MODEL,))


def with_a_wrong_file(voyage: Voyage) -> Plan:
    """A model, and a file of routes that cannot be read."""
    voyage.wired.home.models_file.write_text("routes: []\n")
    return plan_of(models=(MODEL,))


def mislearnt(voyage: Voyage) -> Plan:
    """A rule was learnt whose condition names a source the plan does not have."""
    payload = {"id": "tier", "condition": "context.crm.amount > 5.0", "route": "review"}
    payload |= {"owner": "ops_lead", "why": "clause 1", "fact": "amount"}
    learnt = draft(
        kind="rule",
        subject="rule.tier",
        text="Send large ones to review",
        workflow="",
        payload=payload,
    )
    memory = voyage.engines.memory(voyage.store)
    found = memory.propose(voyage.customer, learnt, now=voyage.store.clock.now())
    memory.accept(voyage.customer, "eva", found.lesson.id)
    return plan_of()


CASES: dict[str, tuple[Callable[[Voyage], Plan], str, str, str]] = {
    "another workflow's cases": (another_workflows, "dataset", "ana", "is for workflow 'billing'"),
    "gaps nobody accepted": (unaccepted, "dataset", "ana", "to accept that in writing"),
    "a team's system": (of_a_team, "systems.0.person", "bob", "'the desk' is nobody's id here"),
    "a dear way": (dear, "economics.ways.0.cost_per_item", "ana", "item_budget.cost of the"),
    "no tool for an effect": (without_tool, "actions.allowed.0.tool", "bob", "no tool 'trays'"),
    "no operation": (without_operation, "actions.allowed.0.tool", "bob", "no operation 'close'"),
    "no tool for a source": (without_source, "context.sources.0.tool", "bob", "no tool 'crm'"),
    "no file of a source": (without_file, "context.sources.0.tool", "bob", "cannot be read"),
    "no such route": (without_route, "models.1.endpoint", "bob", "or name one of: far"),
    "no route at all": (without_any_route, "models.0.endpoint", "bob", "is near, which is no"),
    "a wrong file of routes": (with_a_wrong_file, "models", "bob", "routes is empty"),
    "a lesson of another plan": (mislearnt, "lessons", "ana", "context.crm.amount"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_no_version_could_be_made_with_is_a_question_before_anything_is_built(
    harbour: Harbour, case: str
) -> None:
    """To the owner of that area; nothing fails, and nothing is tried."""
    make, field, person, says = CASES[case]
    voyage = harbour.at("home")
    voyage.start(written(make(voyage)))
    voyage.until("ended")

    end = blocked(voyage)
    assert holes(voyage) == {field: person}
    assert (end.owner, says in end.reason) == (person, True)
    assert len(voyage.messages) == 1
    assert not refusals(voyage)


def misordered() -> Plan:
    """A slice as large as everything."""
    wrong = STAGES[1] | {"weight_bp": 10_000}
    return plan_of(rollout={"stages": (STAGES[0], wrong)})


def test_a_plan_whose_stages_are_wrong_opens_no_run(harbour: Harbour) -> None:
    """Who brought it is told at once, with stage, value and remedy."""
    voyage = harbour.at("home")
    with pytest.raises(InvalidInput, match=r"rollout.stages\[1\] 'most': weight_bp is 10000"):
        voyage.start(written(misordered()))

    assert voyage.store.runs.list(voyage.customer) == []


def test_a_kept_plan_whose_stages_are_wrong_is_a_question(harbour: Harbour) -> None:
    """Given a plan that an earlier program let pass; then the owner of expansion is asked."""
    voyage = harbour.at("home")
    earlier = PlanRecord(run="r-0", plan=misordered(), lessons=(), changes=())
    voyage.store.keep(voyage.customer, "worker", earlier, "r-0")
    voyage.start("")
    voyage.until("ended")

    end = blocked(voyage)
    assert holes(voyage) == {"rollout.stages": "ana"}
    assert "give a stage of kind slice 1 to 9500" in end.reason


@pytest.mark.parametrize("kind", ["plan", "test_exit", "stage", "stage_slice", "update"])
def test_a_question_that_nobody_may_answer_is_found_with_the_plan(
    harbour: Harbour, kind: str
) -> None:
    """Every question the run will come to, not the next one alone."""
    voyage = harbour.at("home")
    with_role(voyage, kind)
    leave(voyage)
    voyage.start()
    voyage.until("ended")

    end = blocked(voyage)
    assert holes(voyage) == {f"approvers.{kind.partition('_slice')[0]}": "ana"}
    assert "1 x warden must agree and 0 may (nobody)" in end.reason


def test_reviews_that_nobody_would_get_are_found_with_the_plan(harbour: Harbour) -> None:
    """An item that is not acted on alone needs a person."""
    voyage = harbour.at("home")
    voyage.edit(review_owner="night_desk", escalation=["night_lead"])
    voyage.start()
    voyage.until("ended")

    end = blocked(voyage)
    assert holes(voyage) == {"review_owner": "ana"}
    assert "Nobody is night_desk or night_lead" in end.reason
