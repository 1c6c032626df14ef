"""Models of a home in its workflows: over HTTP, in the record, and compared by command."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotage.cli import exits
from runs.records.evidence import Evidence
from runs.records.version import LearntRoute
from tests import builders
from tests.conformance import Endpoint, endpoint
from tests.integration import api_home
from tests.integration.desk import answer
from tests.integration.test_cli_asked import TICKET
from tests.integration.test_models_trial import CASES, LABELS
from tests.oracles import route
from tests.unit.pilotage.homes import House, make_house, policy_of
from workflow.process.item import process_item

SAID = {"label": "refund", "confidence": 0.9}
FILE = """
routes:
  - name: near
    base_url: {url}
    is_private: true
    model: small-1
    price: {{input: 1, output: 4}}
    parameters: {{temperature: 0.5}}
"""
OWN = route(endpoint="near", budget={"calls": 3, "tokens": 20_000, "cost": "1"})


@pytest.fixture(scope="module")
def server() -> Iterator[Endpoint]:
    """An endpoint that says `refund` to everything."""
    with endpoint(answer=SAID) as serving:
        yield serving


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: str, server: Endpoint) -> House:
    """A home with labelled cases, a version that asks one model, and the model."""
    assert database
    home = make_house(tmp_path_factory.mktemp("models") / "home")
    home.wired.home.models_file.write_text(FILE.format(url=server.url))
    store, customer = home.store, home.customer
    dataset = builders.dataset(CASES, counts={"learn": 60, "dev": 80, "holdout": 40})
    store.cases.keep(customer, "eva", dataset, CASES)
    store.runs.open(customer, "dan", builders.trigger(), builders.run())
    plan = builders.plan_record()
    learnt = LearntRoute(text_field="text", dataset=dataset.digest)
    made = builders.version(routes=(learnt,), models=(OWN,), plan=plan.digest, labels=LABELS)
    for record in (plan, made, policy_of()):
        store.keep(customer, "worker", record, "r-1")
    return home


def compared(house: House, *routes: str) -> dict[str, Any]:
    """What a comparison says, as a program reads it."""
    named = [word for one in routes for word in ("--route", one)]
    done = house.run("workflow", "compare", "desk", *named, "--json", by="ben")
    assert done.exit_code == exits.DONE, done.output
    return json.loads(done.stdout)["evidence"]


def test_two_routes_are_compared_over_the_same_cases(house: House, server: Endpoint) -> None:
    """Quality, seconds and cost, paired; the baseline costs nothing, and nothing is paid twice."""
    told = compared(house, "primary", "baseline")
    found, asked = told["comparison"], len(server.asked)

    again = compared(house, "primary", "baseline")["comparison"]

    assert (found["cases"], found["families"], found["a"]["right"]) == (80, 80, 40)
    assert found["b"]["right"] > 40
    assert (found["a"]["model"], found["a"]["cost"]) == ("small-1", "0.006400000")
    assert (found["b"]["cost"], found["b"]["p50_s"]) == ("0", None)
    assert float(found["more_right"]["low"]) > 0
    assert found["only_b"] - found["only_a"] == found["b"]["right"] - 40
    assert not found["is_script"]
    assert len(server.asked) == asked == 80
    assert again == found


def test_another_endpoint_is_asked_what_the_first_model_is(house: House, server: Endpoint) -> None:
    """The same words, so that what differs is the model."""
    found = compared(house, "primary", "near")["comparison"]

    assert found["a"]["prompt"] == found["b"]["prompt"]
    assert (found["b"]["route"], found["b"]["endpoint"]) == ("near", "near")
    assert float(found["more_right"]["value"]) == 0


def test_a_comparison_is_told_with_the_plan_and_in_the_place_of_nothing(house: House) -> None:
    """Each with its evidence, beside what the plan says of switching."""
    first = compared(house, "primary", "baseline")["id"]
    second = compared(house, "baseline", "primary")["id"]

    shown = house.run("plan", "show", "r-1", by="ben")

    assert shown.exit_code == exits.DONE, shown.output
    flat = " ".join(shown.stdout.split())
    assert all(id in flat for id in (first, second))
    assert "baseline in the place of primary" in flat
    assert builders.PLAN["switching"]["model_dependency"] in flat
    kept = house.store.list(house.customer, Evidence, None, of=("comparison",))
    assert {first, second} <= {one.id for one in kept}


def test_a_route_that_answered_too_little_is_said_before_it_is_taken_for_a_measure(
    house: House,
) -> None:
    """A dead endpoint is no worse model; a route without a price is no cheaper one."""
    file = house.wired.home.models_file
    near = file.read_text()
    dead = "  - {name: dead, base_url: 'http://127.0.0.1:9/v1', is_private: true, model: m}\n"
    file.write_text(near + dead)
    done = house.run(
        "workflow", "compare", "desk", "--route", "primary", "--route", "dead", by="ben"
    )
    shown = " ".join(house.run("plan", "show", "r-1", by="ben").stdout.split())
    file.write_text(near)

    assert done.exit_code == exits.DONE, done.output
    assert "beware\n  dead gave no answer of use to 80 of 80 cases" in done.stdout
    assert "pilotage model check" in done.stdout
    assert "dead has no price in models.yaml" in done.stderr
    assert "dead gave no answer of use to 80 of 80 cases" in shown


@pytest.mark.parametrize(
    ("routes", "says"),
    [
        (("primary",), "name two different ones"),
        (("primary", "primary"), "name two different ones"),
        (("primary", "nobody"), "name one of baseline, primary, near"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    house: House, routes: tuple[str, ...], says: str
) -> None:
    """With what there is."""
    named = [word for one in routes for word in ("--route", one)]

    refused = house.run("workflow", "compare", "desk", *named, by="ben")

    assert refused.exit_code != exits.DONE
    assert says in refused.output


def test_a_live_item_asks_the_models_of_its_home(tmp_path: Path, server: Endpoint) -> None:
    """Each request stands in the record under the item, with prompt, tokens and cost."""
    home = api_home.desk_house(tmp_path / "home", models=(OWN,))
    home.wired.home.models_file.write_text(FILE.format(url=server.url))
    with api_home.asking(home) as client:
        id = api_home.send(client, "t1", TICKET["text"]).json()["id"]
    deps = replace(home.wired.engines("w").process_deps(home.customer), answer=answer)

    process_item(deps, home.customer, id)

    told = json.loads(home.run("item", "show", id, "--json", by="dan").stdout)["decided_by"]
    [call] = home.store.calls.every(home.customer, item=id)
    [asked] = told["models"]
    assert (told["route_used"], told["prompts"]) == ("primary", [OWN.prompt])
    assert (asked["model"], asked["end"], asked["tokens"]) == ("small-1", "answered", 50)
    assert (call.purpose, call.prompt, call.item) == ("classification", OWN.prompt, id)
    assert "small-1 by primary" in home.run("item", "show", id, by="dan").stdout
