"""The rule files: whole or refused, and a plan's holes by name."""

from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import bounds, gates, rules
from runs.errors import InvalidInput
from runs.records.version import GateValues, PolicyValues
from tests.builders import DIGEST, NOW
from tests.unit.policies.builders import PLAN, measured, policy

SHIPPED = (files("policies") / "defaults" / "installation.yaml").read_text(encoding="utf-8")
WRITTEN = rules.write_policy(policy())


def refusal(text: str, read: Any = rules.read_policy) -> str:
    """Why a text is refused."""
    with pytest.raises(InvalidInput) as refused:
        read(text, "desk.yaml")
    return str(refused.value)


def plan_with(old: str, put: str) -> str:
    """The plan with one part written differently."""
    assert old in PLAN
    return PLAN.replace(old, put, 1)


def test_written_values_are_read_as_the_same_digest() -> None:
    """Approvals and evidence of them stand."""
    assert rules.read_policy(WRITTEN, "desk.yaml").digest == policy().digest


NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
RATES = st.floats(0.0009765625, 0.9990234375)


@st.composite
def policies(draw: st.DrawFn) -> PolicyValues:
    """Values of any digits, names and texts."""
    gate = (
        policy()
        .gates["full"]
        .model_copy(update={"wrong_auto_max": draw(RATES), "coverage_min": draw(RATES)})
    )
    numbers = st.decimals(allow_nan=False, allow_infinity=False)
    return policy(
        values=policy().values | draw(st.dictionaries(NAMES, numbers, max_size=3)),
        lists=draw(st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=3))),
        gates=policy().gates | {"full": gate},
        review_owner=draw(st.text(min_size=1, max_size=8)),
        audit_share=draw(RATES),
    )


@settings(deadline=None)
@given(policies())
def test_any_values_survive_their_file(values: PolicyValues) -> None:
    """Digit by digit and letter by letter, as the digest sees them."""
    assert rules.read_policy(rules.write_policy(values), "file").digest == values.digest


def test_a_number_is_kept_as_it_is_written() -> None:
    """Not as the double next to it."""
    text = WRITTEN.replace("act_threshold: 0.80", "act_threshold: 0.8000000000000000055")

    assert str(rules.read_policy(text, "f").values["act_threshold"]) == "0.8000000000000000055"


def looks(kind: str, field: str) -> str:
    """The part of a plan that names one feature, and the beginning of the next part."""
    return f"learning:\n  features:\n    - {{kind: {kind}, field: {field}}}\nrouting:\n"


@pytest.mark.parametrize(
    ("old", "put", "says"),
    [
        ("  act_threshold: 0.80\n", "", "values.act_threshold is missing; add it"),
        ("  scope_floor: 0.10\n", "", "values.scope_floor is missing"),
        ("  stage: 24\n", "", "evidence_hours.stage is missing"),
        ("  stage: 24\n", "  stage: 0\n", "evidence_hours.stage is 0; write at least 1 hour"),
        ("    confidence: 0.95\n", "    confidence: 0.4\n", "gates.dry_run.confidence is 0.4"),
        ("    confidence: 0.95\n", "    confidence: 1\n", "gates.dry_run.confidence is 1"),
        ("    min_cases: 50\n", "", "gates.dry_run.min_cases is missing"),
        ("wrong_auto_max: 0.05", "wrong_auto_max: 1.0", "nothing can fail this gate"),
        ("coverage_min: 0.6", "coverage_min: 0", "nothing can fail this gate"),
        ("  sandbox:\n", "  sandpit:\n", "gates.sandpit is sandpit; write 'dry_run', 'sandbox'"),
        ("review_owner: ops_lead", "review_owner: ''", "review_owner is empty"),
        ("review_owner:", "reviewowner:", "did you mean review_owner?"),
        ("audit_share: 0.1", "audit_share: 10", "audit_share is 10"),
        ("workflow: desk", "workflow:", "workflow is None"),
        ("escalation:\n- ops_lead\n- ana\n", "escalation: []\n", "escalation is empty"),
    ],
)
def test_values_that_are_not_whole_are_refused(old: str, put: str, says: str) -> None:
    """With file, line, key and remedy."""
    assert old in WRITTEN
    message = refusal(WRITTEN.replace(old, put, 1))

    assert message.startswith("desk.yaml, line ")
    assert says in message


@pytest.mark.parametrize("kind", ["plan", "test_exit", "stage", "update"])
def test_a_question_without_approvers_is_a_loading_error(kind: str) -> None:
    """The empty policy is no."""
    rest = {name: asked for name, asked in policy().approvers.items() if name != kind}

    assert f"approvers.{kind} is missing" in refusal(rules.write_policy(policy(approvers=rest)))
    empty = policy(approvers=policy().approvers | {kind: ()})
    assert f"approvers.{kind} names nobody" in refusal(rules.write_policy(empty))


@pytest.mark.parametrize("name", ["dry_run", "sandbox", "slice", "full"])
def test_a_missing_or_empty_gate_is_a_loading_error(name: str) -> None:
    """And where one is missing all the same, nothing passes."""
    rest = {other: gate for other, gate in policy().gates.items() if other != name}
    text = rules.write_policy(policy(gates=rest))

    assert f"gates.{name} is missing" in refusal(text)
    assert "wrong_auto_max is missing" in refusal(text.replace("gates:", f"gates:\n  {name}: {{}}"))
    evidence = measured(right_auto=1_000)
    left: dict[str, GateValues] = {**policy(gates=rest).gates}
    judged = gates.judge(evidence, left.get(name), version=DIGEST, policy=DIGEST, now=NOW)
    assert judged.outcome == "inconclusive"


def test_a_changed_threshold_is_another_digest() -> None:
    """Whatever was approved or measured under the old one is not of this one."""
    changed = rules.read_policy(WRITTEN.replace("0.80", "0.81"), "f")

    assert changed.digest != policy().digest


def test_the_rules_as_shipped_are_whole_and_within_their_own_bounds() -> None:
    """The file an operations lead copies can be read."""
    shipped = rules.read_installation(SHIPPED, "installation.yaml")

    assert shipped.looks == 5
    assert shipped.stopping.accepted_fixes == 10
    assert not shipped.is_solo
    assert {name: rule[0].role for name, rule in shipped.policy.approvers.items()} == {
        "plan": "product_owner",
        "test_exit": "engineering_lead",
        "stage": "ops_manager",
        "update": "business_owner",
        "action": "ops_lead",
    }
    assert shipped.policy.evidence_hours == {
        "dry_run": 30 * 24,
        "stage": 24,
        "drill": 14 * 24,
        "source": 24,
    }


def test_the_values_as_shipped_are_a_policy_of_their_own() -> None:
    """They can be written out for a workflow and edited."""
    shipped = rules.read_installation(SHIPPED, "installation.yaml")
    own = shipped.policy.model_copy(update={"workflow": "desk"})

    assert rules.read_policy(rules.write_policy(own), "desk.yaml") == own


@pytest.mark.parametrize(
    ("old", "put", "says"),
    [
        ("min_cases: 50", "min_cases: 20", "policy.gates.sandbox.min_cases is 20, outside"),
        ("act_threshold: 0.90", "act_threshold: 0.10", "values.act_threshold is 0.10, outside"),
        ("looks: 5", "looks: 0", "looks is 0"),
        ("trials: 200", "trys: 200", "stopping.trys is not a key here"),
        ("cost: 50.00", "cost: cheap", "run_budget.cost is cheap"),
        ("is_solo: false", "is_solo: perhaps", "is_solo is perhaps"),
        ("scope_floor: 0.10", "scope: 0.10", "policy.values.scope_floor is missing"),
    ],
)
def test_an_installation_that_is_not_whole_is_refused(old: str, put: str, says: str) -> None:
    """As any other rule file."""
    assert old in SHIPPED

    assert says in refusal(SHIPPED.replace(old, put, 1), rules.read_installation)


def test_an_installation_bounds_something() -> None:
    """Without bounds every policy would be within."""
    text = SHIPPED.split("bounds:", maxsplit=1)[0] + "bounds: {}\nlooks: 5\n"
    text += SHIPPED.split("looks: 5\n", maxsplit=1)[1]

    assert "bounds is empty" in refusal(text, rules.read_installation)


def test_a_whole_plan_is_read() -> None:
    """No hole, and numbers as written."""
    reading = rules.read_plan(PLAN, "plan.yaml")

    assert reading.missing == ()
    assert reading.plan is not None
    assert reading.plan.goal.cost_of_error == Decimal("4.50")
    assert str(reading.plan.routing.values["act_threshold"]) == "0.80"


@pytest.mark.parametrize(
    ("old", "put", "missing"),
    [
        ("  incidents: ben\n", "", "owners.incidents"),
        ("  incidents: ben\n", "  incidents:\n", "owners.incidents"),
        ("  incidents: ben\n", "  incidents: ' '\n", "owners.incidents"),
        ("  incidents: ben\n", "  incidents: '?'\n", "owners.incidents"),
        ("  incidents: ben\n", "  incidents: TBD\n", "owners.incidents"),
        ("volume_per_week: 1200", "volume_per_week: null", "goal.volume_per_week"),
        ("workflows: [phone calls]", "workflows: []", "scope.excluded.adjacent_workflows"),
        ("workflows: [phone calls]", "workflows: ['']", "scope.excluded.adjacent_workflows"),
        ("labels: [refund, parcel]", "labels: []", "contract.labels"),
        ("type: number", "type: ", "contract.fields.2.type"),
        ("handoff: the desk owns it\n", "", "handoff"),
        ("  text_field: text\n", "", "contract.text_field"),
        ("values: {act_threshold: 0.80,", "values: {", "routing.values.act_threshold"),
        ("    scope_floor: {low: 0.0, high: 0.5}\n", "", "routing.bounds.scope_floor"),
        (
            "    slice: {wrong_auto_max: 0.05, coverage_min: 0.6, min_cases: 100}\n",
            "",
            "acceptance.gates.slice",
        ),
    ],
)
def test_what_is_missing_is_a_hole_with_its_name(old: str, put: str, missing: str) -> None:
    """Never a default: somebody is asked."""
    reading = rules.read_plan(plan_with(old, put), "plan.yaml")

    assert (reading.plan, reading.missing) == (None, (missing,))


def test_a_part_that_is_missing_as_a_whole_is_told_by_its_holes() -> None:
    """Each of them is a question to somebody."""
    part = PLAN[PLAN.index("owners:") : PLAN.index("privacy:")]
    missing = rules.read_plan(PLAN.replace(part, ""), "plan.yaml").missing

    assert len(missing) == 9
    assert "owners.builder" in missing


def test_a_plan_with_nothing_in_it_is_all_holes() -> None:
    """A title is not a plan."""
    reading = rules.read_plan("title: Triage", "plan.yaml")

    assert reading.plan is None
    assert {"workflow", "goal.why_now", "dataset", "owners.support"} <= set(reading.missing)
    assert "title" not in reading.missing


@pytest.mark.parametrize(
    ("old", "put", "says"),
    [
        ("workflow: desk_triage", "workflow: Desk Triage", "workflow is Desk Triage"),
        ("volume_per_week: 1200", "volume_per_week: many", "goal.volume_per_week is many"),
        ("labels: [refund, parcel]", "labels: [refund]", "contract.labels is ['refund']"),
        ("labels: [refund, parcel]", "labels: [a, a]", "contract.labels names one twice"),
        ("text_field: text", "text_field: body", "contract.text_field is body, which is no field"),
        ("key_field: account", "key_field: acount", "context.sources.0.key_field is acount"),
        ("when: context.crm.dispute", "when: context.crm.disput", "did you mean"),
        ("routing:\n", looks("number", "context.crm.tiers"), "name one of tier, dispute"),
        ("routing:\n", looks("number", "sum"), "learning.features.0.field is sum, which is no"),
        ("routing:\n", looks("compare", "amount"), "learning.features.0.against is missing"),
        ("when: context.crm.dispute", "when: context.crm.dispute >", "not a condition"),
        ("act_threshold: 0.80", "act_threshold: 0.4", "routing.values.act_threshold is out of"),
        ("{name: refund,", "{name: assign,", "actions.excluded.0.name is assign, which is allowed"),
        (
            "  reads: [text,",
            "    - {name: assign, tool: d, operation: o, level: draft}\n  reads: [text,",
            "actions.allowed names one action twice",
        ),
        ("  needing_approval: []", "  needing_approval: [pay]", "names pay"),
        ("agreed_stage: full", "agreed_stage: all", "rollout.agreed_stage is all"),
        ("kind: sandbox, weight_bp: 0", "kind: slice, weight_bp: 100", "begin with a sandbox"),
        (
            "kind: sandbox, weight_bp: 0",
            "kind: sandbox, weight_bp: 9",
            "give 0 to the sandbox alone",
        ),
        ("weight_bp: 9500", "weight_bp: 400", "rollout.stages.2.weight_bp is 400, below"),
        ("name: first", "name: full", "rollout.stages names one stage twice"),
        (
            "    dry_run: {",
            "    dry_run: {confidence: 0.3, ",
            "acceptance.gates.dry_run.confidence",
        ),
        ("level: update}", "level: write}", "actions.allowed.0.level is write"),
        ("builder: dan", "builder: dan\n  cook: eva", "owners.cook is not a key here"),
    ],
)
def test_what_is_wrong_in_a_plan_is_refused(old: str, put: str, says: str) -> None:
    """It is no hole: the person who wrote it mends it."""
    message = refusal(plan_with(old, put), rules.read_plan)

    assert message.startswith("desk.yaml, line ")
    assert says in message


def test_what_is_wrong_is_told_before_what_is_missing() -> None:
    """Nobody is asked about a plan that cannot be read."""
    text = plan_with("handoff: the desk owns it\n", "").replace("EUR", "EURO")

    assert "economics.currency is EURO" in refusal(text, rules.read_plan)


def test_the_line_of_a_problem_is_its_line_in_the_file() -> None:
    """Comments and blank lines counted."""
    text = "# a comment\n\n" + WRITTEN.replace("audit_share: 0.1", "audit_share: 10")
    line = text.splitlines().index("audit_share: 10") + 1

    assert refusal(text).startswith(f"desk.yaml, line {line}: audit_share is 10")


def test_the_required_values_are_those_of_every_policy() -> None:
    """The reader and the bounds ask for the same."""
    assert set(bounds.REQUIRED) == set(rules.DUE["values"])
