"""Whole runs of a version that asks a model over HTTP: one that answers, and one that dies."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from pilotage.cli import item_story, run_explained
from pilotage.cli.economics_story import lines
from runs.records.evidence import Evidence, Verdict
from runs.records.item import Item, Output
from runs.records.model_call import ModelCall
from runs.records.proposal import Proposal
from runs.snapshots import read
from runs.store.filtered import ItemFilter
from tests.conformance import Endpoint, endpoint
from tests.harbours import Harbour
from tests.journeys.test_access import house
from tests.proposing import sentence, update
from tests.tickets import plan_of, written
from tests.voyage import Voyage
from workflow.faults.models import DEATHS, NAMES

FILE = """
routes:
  - name: near
    base_url: {url}
    is_private: true
    model: small-1
    price: {{input: 1, output: 4, currency: EUR}}
    limits: {{tries: 1, timeout_s: 30}}
"""
MODELS: Any = (
    {
        "name": "primary",
        "kind": "classification",
        "endpoint": "near",
        "task": "Say what the ticket is about.",
        "reads": ["text"],
        "budget": {"calls": 2, "tokens": 6_000, "cost": Decimal("0.01")},
    },
)
FALLBACK = {
    "name": "fallback",
    "owner": "ben",
    "limit": {"direction": "at_most", "value": "0.5", "min_items": 5},
}


def says_well(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a good model says: the label, an order, and an update in the words of its evidence."""
    name = asked["response_format"]["json_schema"]["name"]
    shown = asked["messages"][1]["content"]
    if name == "classification":
        text = json.loads(shown.splitlines()[1])["text"]
        is_delivery = any(one in text for one in ("parcel", "courier"))
        return {"label": "delivery" if is_delivery else "refund", "confidence": 0.9}
    if name == "ranking":
        return {"notes": [], "others": []}
    first = json.loads(shown)["untrusted"]["evidence"][0]
    return update(sentence(first["says"], first["id"]))


def begun(harbour: Harbour, server: Endpoint, **changed: Any) -> Voyage:
    """A run on a plan that asks the model of this server."""
    voyage = harbour.at("home")
    voyage.wired.home.models_file.write_text(FILE.format(url=server.url))
    voyage.start(written(plan_of(models=MODELS, **changed)))
    return voyage


def measured(voyage: Voyage, kind: str) -> Evidence:
    """The newest evidence of this kind."""
    found = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)
    return [one for one in found if one.kind == kind][-1]


def served(voyage: Voyage) -> list[tuple[Item, Output]]:
    """Every live item that was answered, with what was said."""
    items = voyage.store.items.list(voyage.customer, ItemFilter(), limit=1_000)
    kept = [(one, read(voyage.store, voyage.customer, one.output)) for one in items if one.output]
    return [(item, Output.model_validate(said)) for item, said in kept]


def taken(calls: Sequence[ModelCall]) -> Decimal:
    """What requests cost."""
    return sum((one.settled.spent.cost for one in calls if one.settled), Decimal(0))


@pytest.fixture(scope="module")
def ended(harbour: Harbour) -> Voyage:
    """A run whose model answers to its end."""
    with endpoint(answer=says_well) as server:
        return begun(harbour, server).until("ended")


@pytest.mark.both_databases
def test_a_version_that_asks_a_model_reaches_its_stage(ended: Voyage) -> None:
    """Its gates were passed with the model's answers, and live items were served by them."""
    kept = ended.store.of_run(ended.customer, Verdict, ended.run_id)
    live = served(ended)

    assert ended.terminal.kind == "stage_reached"
    assert [one.outcome for one in kept if one.gate == "holdout"] == ["pass"]
    assert {said.route_used for _, said in live if said.asked} == {"primary"}
    assert any(item.status == "acted" and said.asked for item, said in live)
    assert ended.acted
    ended.verify()


@pytest.mark.both_databases
def test_what_the_model_took_stands_in_the_record(ended: Voyage) -> None:
    """Each request under the run or the item that paid, within its budget; each dry run's line."""
    calls, proof = ended.store.calls, measured(ended, "holdout")
    of_run = calls.every(ended.customer, run=ended.run_id)
    of_items = [(said, calls.every(ended.customer, item=item.id)) for item, said in served(ended)]
    told = [one.what for one in ended.store.of_run(ended.customer, Proposal, ended.run_id)]

    assert proof.models is not None
    assert (set(proof.models.served), proof.models.lost) == ({"primary"}, 0)
    assert (proof.models.is_script, proof.models.baseline_alone) == (False, "pass")
    assert 0 < proof.models.cost <= taken(of_run)
    assert {one.settled.end for one in of_run if one.settled} == {"answered"}
    assert {one.status for one in of_run} == {"settled"}
    assert {one.purpose.partition(".")[2] or one.purpose for one in of_run} >= {
        "classification",
        *told,
    }
    assert all(len(asked) == len(said.asked) <= 1 for said, asked in of_items)
    assert all(0 <= taken(asked) <= MODELS[0]["budget"]["cost"] for _, asked in of_items)
    assert "with models" in lines(proof.models.as_json(), "holdout")[0]


@pytest.mark.both_databases
def test_before_it_acts_every_model_is_dead_on_purpose(ended: Voyage) -> None:
    """Unproven nobody's item acts; proven they act as the policy says; kept, counted and shown."""
    found = measured(ended, "faults")
    tried = {(one.name, one.status) for one in found.faults if one.name in NAMES}
    call = house(ended).run
    listed = json.loads(call("release", "checklist", "desk", "--json").output)["checklist"]
    [asked] = [one for one in ended.questions("stage") if "faults" in one.covers]

    assert tried == {
        *((one.name, "in_review") for one in DEATHS),
        *((f"{one.name}_proven", "acted") for one in DEATHS),
    }
    assert found.notes["fallback"] == "18 of 18"
    [shown] = [one for one in listed if one["name"] == "faults"]
    assert (shown["verdict"], shown["evidence"]) == ("pass", found.id)
    assert "dead models (18 items of 3 cases)" in shown["says"]
    assert "models silent: in review, ben (3 items)" in call("approval", "show", asked.id).output


def test_a_way_that_acts_where_every_model_is_dead_holds_its_version(harbour: Harbour) -> None:
    """It never leaves the sandbox; the end names the drill, its owner and what to do."""
    rule = {"id": "small", "when": "item.amount > 20 && item.amount < 400", "route": "act"}
    rule |= {"owner": "ops_lead", "why": "nobody minds small ones"}
    routing = plan_of().routing.as_json() | {"rules": (rule,)}
    with endpoint(answer=says_well) as server:
        voyage = begun(harbour, server, routing=routing).until("signals").until("ended")
    reason = voyage.terminal.reason

    assert (voyage.terminal.kind, voyage.release.stage) == ("blocker_escalated", 0)
    assert "faults is fail: models_silent: an item acted by rule 'small'" in reason
    assert "bring a plan whose rule sends to a person what has no confidence" in reason
    assert voyage.acted == []
    voyage.verify()


@pytest.mark.both_databases
def test_a_model_that_dies_after_it_was_proven_leaves_the_work_to_its_baseline(
    harbour: Harbour,
) -> None:
    """The baseline was proven by itself: the run reaches its stage, and every item says why."""
    with endpoint(answer=says_well) as server:
        voyage = begun(harbour, server).until("signals")
    voyage.until("ended")
    live = [(item, said) for item, said in served(voyage) if said.asked]
    told = item_story.lines(item_story.story(voyage.store, voyage.customer, live[0][0]))

    assert voyage.terminal.kind == "stage_reached"
    assert {said.route_used for _, said in live} == {"baseline"}
    assert {one.end for _, said in live for one in said.asked} == {"silent"}
    assert any("primary" in line and "silent" in line for line in told)
    assert voyage.acted
    voyage.verify()


def test_a_plan_that_bounds_fallbacks_does_not_climb_on_its_baseline(harbour: Harbour) -> None:
    """It waits at its bar; whoever takes it back ends the run, which says why."""
    with endpoint(answer=says_well) as server:
        signals = (*plan_of().as_json()["signals"], FALLBACK)
        voyage = begun(harbour, server, signals=signals).until("signals")
    voyage.step()
    voyage.withdraw()
    voyage.until("ended")

    assert voyage.terminal.kind == "blocker_escalated"
    assert "a signal breaches its limit: fallback" in voyage.terminal.reason
    voyage.verify()


def test_a_model_that_is_dead_from_the_start_proves_nothing(harbour: Harbour) -> None:
    """What its baseline did in its place passes no gate; the run ends and says why."""
    with endpoint() as server:
        voyage = begun(harbour, server)
    voyage.until("ended")
    told = run_explained.lines(run_explained.explanation(voyage.store, voyage.customer, voyage.run))
    found = measured(voyage, "dry_run").models

    assert voyage.terminal.kind == "blocker_escalated"
    assert found is not None
    assert found.lost == found.asked > 0
    assert any("infrastructure" in line for line in told)
    assert not voyage.acted
    voyage.verify()
