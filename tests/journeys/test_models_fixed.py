"""Whole runs in which what is mended is a model of the version: another first, or other words."""

import json
from collections.abc import Mapping
from typing import Any

from pilotage.labelled import Brought, bring
from runs.records.evidence import FixTrial, Verdict
from runs.records.version import Route, Version
from tests.conformance import Endpoint, Says, endpoint
from tests.harbours import Harbour
from tests.integration.test_fix_proposed import changes, explained
from tests.journeys.test_models import said_well
from tests.journeys.test_models_asked import says_well
from tests.proposing import asks, by_purpose
from tests.tickets import LIMIT, Ticket, case_of, plan_of, tickets, written
from tests.voyage import Voyage

TASK = "Say what the ticket is about, in one of the labels."
CUE = "Look at the amount as well."
OTHER = {"refund": "delivery", "delivery": "refund"}
FIXED = {"low": "0.3", "high": "0.3"}
ROUTE = """
  - name: {name}
    base_url: {url}
    is_private: true
    model: small-1
    price: {{input: 1, output: 4, currency: EUR}}
    limits: {{tries: 1, timeout_s: 30}}
"""


def asked(name: str, at: str) -> dict[str, Any]:
    """A model of the plan."""
    budget = {"calls": 2, "tokens": 6_000, "cost": "0.01"}
    told = {"name": name, "kind": "classification", "endpoint": at, "task": TASK}
    return told | {"reads": ("text", "amount"), "budget": budget}


def truth(ticket: Ticket) -> tuple[str, tuple[Route, ...]]:
    """Here a large one means the other thing than it says, and nobody has to look."""
    is_large = ticket.input["amount"] > LIMIT
    return (OTHER[ticket.label] if is_large else ticket.label), ("act",)


def by_text(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a model says that reads the words alone."""
    is_delivery = any(word in told["text"] for word in ("parcel", "courier"))
    return {"label": "delivery" if is_delivery else "refund", "confidence": 0.9}


def by_both(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a model says that looks at the amount as well: always right."""
    said = by_text(told)
    return said | {"label": OTHER[said["label"]]} if int(told["amount"]) > LIMIT else said


def model(reads: Any) -> Says:
    """A model that says a ticket's label so, and writes updates; of anything else it knows none."""

    def says(question: Mapping[str, Any]) -> Mapping[str, Any]:
        name = question["response_format"]["json_schema"]["name"]
        words, shown = (one["content"] for one in question["messages"][:2])
        if name == "classification":
            return reads(json.loads(shown.splitlines()[1]), words)
        return says_well(question) if name in ("ranking", "update") else {}

    return says


def begun(harbour: Harbour, *servers: Endpoint, models: Any, **changed: Any) -> Voyage:
    """A run on cases of that truth, where no smaller fix is worth its while."""
    voyage = harbour.at("home")
    cases = [
        case_of(one._replace(label=truth(one)[0], routes=truth(one)[1]))
        for one in tickets("case-turned", 240)
    ]
    shares: Any = {"learn": 0.4, "dev": 0.3, "holdout": 0.3}
    told = Brought("turned", "desk", "salt", shares, acceptance="They are made up.")
    bring(voyage.store, voyage.identity("eva"), cases, told)
    routes = [ROUTE.format(name=f"at-{n}", url=one.url) for n, one in enumerate(servers)]
    voyage.wired.home.models_file.write_text("routes:" + "".join(routes))
    routing: Any = {"bounds": {"act_threshold": FIXED, "scope_floor": {"low": "0", "high": "0"}}}
    routing["values"] = {"act_threshold": "0.3", "scope_floor": "0"}
    voyage.edit(values={"act_threshold": "0.3", "scope_floor": "0"})
    economics = plan_of().as_json()["economics"] | {"cost_of_review": "20"}
    parts: Any = {"routing": routing, "economics": economics, "dataset": "turned"}
    voyage.start(written(plan_of(models=models, **parts | changed)))
    return voyage


def taken(voyage: Voyage) -> list[FixTrial]:
    """The fixes that the run kept."""
    tried = voyage.store.of_run(voyage.customer, FixTrial, voyage.run_id)
    return [one for one in tried if one.accepted]


def served(voyage: Voyage) -> Version:
    """The version that stands on the stage."""
    return voyage.store.get(voyage.customer, Version, voyage.release.version)


def test_a_run_that_asks_another_model_first_reaches_its_stage(harbour: Harbour) -> None:
    """Code finds it, by the rule for every fix; live items are answered by the better one."""
    text = model(lambda told, words: by_text(told))
    both = model(lambda told, words: by_both(told))
    with endpoint(answer=text) as near, endpoint(answer=both) as far:
        models = (asked("primary", "at-0"), asked("fallback", "at-1"))
        voyage = begun(harbour, near, far, models=models).until("ended", judge=truth)
    [fix] = taken(voyage)
    gates = voyage.store.of_run(voyage.customer, Verdict, voyage.run_id)

    assert voyage.terminal.kind == "stage_reached", voyage.terminal.reason
    assert (fix.patch.rank, fix.patch.says) == (6, "ask fallback before primary")
    assert [one.name for one in served(voyage).models] == ["fallback", "primary"]
    assert [one.outcome for one in gates if one.gate == "holdout"][-1] == "pass"
    assert voyage.acted
    voyage.verify()


def test_a_run_that_gives_a_model_other_words_reaches_its_stage(harbour: Harbour) -> None:
    """As a model of the loop proposes them; the version that people approve says them."""
    reader = model(lambda told, words: by_both(told) if CUE in words else by_text(told))
    reworded = {"kind": "prompt", "model": "primary", "text": f"{TASK} {CUE}"}
    says = by_purpose(
        explanation=explained,
        change=changes(reworded),
        ranking={"notes": [], "others": []},
        update=said_well,
    )
    short = {"agreed_stage": "sandbox"}
    with endpoint(answer=reader) as server:
        voyage = begun(harbour, server, models=(asked("primary", "at-0"),), rollout=short)
        asks(voyage, says).until("ended", judge=truth)
    [fix] = taken(voyage)
    [kept] = served(voyage).models

    assert voyage.terminal.kind == "stage_reached", voyage.terminal.reason
    assert (fix.patch.rank, bool(fix.proposed)) == (5, True)
    assert f"{TASK} {CUE}" in kept.text
    voyage.verify()
