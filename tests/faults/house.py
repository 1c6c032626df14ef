"""A small home on which a whole run takes two seconds: one desk, five people, tiny samples."""

import json
from pathlib import Path
from typing import Any

from agent.loop import TriggerDraft, start
from pilotage import founding, settings
from pilotage.home import Home, Mark, replace
from pilotage.labelled import Brought, Source, bring, read_cases
from pilotage.settings import Settings
from pilotage.systems import ToolsFile, ToolSpec, write_specs
from pilotage.wiring import Wired, wire
from policies import texts
from policies.rules import write_policy
from runs import people
from runs.records.person import Customer
from runs.records.run import Run
from tests import builders, databases
from tests.desk import PLAN

CUSTOMER = "acme"
WORKFLOW = "desk"
TOKENS, EFFECTS = "tokens.json", "effects.json"
REQUESTER = "dan"
CASES = 60
SAMPLE = 6
SHARES: dict[Any, float] = {"learn": 0.4, "dev": 0.3, "holdout": 0.3}
PEOPLE = {
    "dan": ("delivery_engineer",),
    "ana": ("product_owner", "business_owner"),
    "ben": ("ops_lead", "ops_manager"),
    "eva": ("domain_expert",),
    "gil": ("engineering_lead",),
}
STAGES = (
    {"name": "sandbox", "kind": "sandbox", "weight_bp": 0, "sample": SAMPLE, "min_hours": 0},
    {"name": "slice_90", "kind": "slice", "weight_bp": 9_000, "sample": SAMPLE, "min_hours": 0},
)
BOUNDS = {"act_threshold": {"low": "0.3", "high": "0.99"}, "scope_floor": {"low": "0", "high": "1"}}
BARS = {"wrong_auto_max": 0.5, "coverage_min": 0.3, "confidence": 0.9, "min_cases": 5}
APPROVERS = {
    "plan": ({"role": "product_owner"}, {"role": "ops_lead"}),
    "test_exit": ({"role": "engineering_lead"},),
    "stage": ({"role": "ops_manager"}, {"role": "engineering_lead"}),
    "update": ({"role": "business_owner"},),
    "lesson": ({"role": "ops_lead"},),
    "action_customer_facing": ({"role": "product_owner"}, {"role": "ops_lead"}),
}
SAYS = {
    "refund": "please give me my money back for order {} and refund the payment",
    "delivery": "where is the parcel {} and when does the courier bring it",
}
LABELS = tuple(SAYS)


def ticket(number: int) -> dict[str, str]:
    """The ticket of this number; its words say which label is right."""
    return {"text": SAYS[LABELS[number % len(LABELS)]].format(number)}


def right_for(text: str) -> str:
    """The label that is right for a ticket of this text."""
    return "refund" if "refund" in text else "delivery"


def settings_of(folder: Path) -> Settings:
    """A home's settings, in a hurry."""
    told = {"PILOTAGE_HOME": str(folder), "PILOTAGE_POLL_S": "0.02", "PILOTAGE_TICK_S": "0.1"}
    return settings.read(told | databases.environment(folder))


def open_house(folder: Path) -> Wired:
    """A home that is there, as another process would open it."""
    return wire(settings_of(folder))


QUEUES = ToolSpec(
    name="queues", kind="folder", path="queues", operations=("assign",), is_made_up=True
)


ASSIGNS: tuple[dict[str, Any], ...] = PLAN["actions"]["allowed"]
"""What the plan lets happen where nothing else is said."""


def make(
    folder: Path,
    tools: tuple[ToolSpec, ...] = (QUEUES,),
    effects: tuple[dict[str, Any], ...] = ASSIGNS,
) -> None:
    """Make the home, with everybody's token in a file: the people outlive the processes."""
    home = Home(folder)
    home.make(Mark(is_demo=True, seed="faults"))
    founding.prepare(settings_of(folder))
    _loosen(home)
    wired = open_house(folder)
    customer = people.add_customer(wired.store, CUSTOMER, "Acme", is_demo=True)
    tokens = {}
    for name, roles in PEOPLE.items():
        person = builders.person(id=name, roles=roles, created_at=wired.clock.now())
        people.add_person(wired.store, customer, "cli", person)
        tokens[name] = people.create_token(wired.store, customer, "cli", person=name)
    replace(folder / TOKENS, json.dumps(tokens))
    replace(folder / EFFECTS, json.dumps(effects))
    _lay_files(home, tools)
    _bring_cases(wired, tokens["eva"])


def begin(wired: Wired, tokens: dict[str, str]) -> Run:
    """Open the run of the one priority; the same trigger again is the same run."""
    who = wired.identify(tokens[REQUESTER])
    gates = dict.fromkeys(("dry_run", "sandbox", "slice", "full"), BARS)
    plan = builders.plan(
        rollout={"stages": STAGES, "agreed_stage": STAGES[-1]["name"]},
        acceptance=PLAN["acceptance"] | {"gates": gates},
        routing=PLAN["routing"] | {"bounds": BOUNDS},
        actions={"allowed": json.loads((wired.home.folder / EFFECTS).read_text("utf-8"))},
    )
    draft = TriggerDraft(
        kind="priority",
        title="Sort the desk's tickets",
        text="Sorting takes a day.",
        key="faults",
        plan=texts.write(plan.as_json()),
    )
    return start(wired.store, who.customer, who.person, draft, wired.trigger_terms())


def _loosen(home: Home) -> None:
    """Let gates judge samples of six: operations own the bounds of their installation."""
    text = home.rules_file.read_text(encoding="utf-8")
    text = text.replace("min_cases: {low: 30,", "min_cases: {low: 5,")
    text = text.replace("wrong_auto_max: {low: 0.001, high: 0.20}", BROADER)
    replace(home.rules_file, text)


BROADER = "wrong_auto_max: {low: 0.001, high: 0.50}"


def _lay_files(home: Home, tools: tuple[ToolSpec, ...]) -> None:
    customer = Customer(id=CUSTOMER, name="Acme", is_demo=True)
    write_specs(home, customer, ToolsFile(tools=tools))
    gates = dict.fromkeys(("dry_run", "sandbox", "slice", "full"), BARS)
    policy = builders.policy(gates=gates, approvers=APPROVERS, escalation=("ben",))
    home.policies(CUSTOMER).mkdir(parents=True, exist_ok=True)
    replace(home.policies(CUSTOMER) / f"{WORKFLOW}.yaml", write_policy(policy))


def _bring_cases(wired: Wired, expert: str) -> None:
    rows = (
        {
            "id": f"c-{number}",
            "family": f"f-{number}",
            "input": ticket(number),
            "expected": {"label": right_for(ticket(number)["text"])},
            "labelled_by": "eva",
        }
        for number in range(CASES)
    )
    file = wired.home.folder / "cases.jsonl"
    replace(file, "\n".join(json.dumps(row) for row in rows) + "\n")
    brought = Brought(WORKFLOW, WORKFLOW, "salt", SHARES, acceptance="made up, for a fault test")
    bring(wired.store, wired.identify(expert), read_cases(Source(file, {})), brought)
