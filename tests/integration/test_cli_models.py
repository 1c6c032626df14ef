"""The models that may be asked, from the command line."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pilotage import health, settings
from pilotage.cli import exits
from pilotage.engines import NOBODY
from pilotage.wiring import wire
from runs.clock import StoppedClock
from runs.errors import PilotageError
from runs.records.run import Spend
from runs.store.store import Store
from tests import builders, databases
from tests.asking import question
from tests.builders import TERMS
from tests.conformance import endpoint
from tests.unit.pilotage.homes import House, make_house
from tools.model.account import Account, Payer
from tools.model.asked import Attempt, Model


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: str) -> House:
    """A home without a model of its own."""
    assert database
    return make_house(tmp_path_factory.mktemp("models") / "home")


@pytest.fixture
def declared(house: House) -> Iterator[Path]:
    """The file of its models; gone after the test."""
    file = house.wired.home.models_file
    yield file
    file.unlink(missing_ok=True)


def test_without_a_model_it_is_said_that_none_is_needed(house: House) -> None:
    """Nothing is wrong, and how one is declared is told."""
    listed = house.run("model", "list", by="ben")
    checked = house.run("model", "check", by="ben")

    assert (listed.exit_code, checked.exit_code) == (exits.DONE, exits.DONE)
    assert "the work goes its deterministic way" in listed.stdout
    assert "OPENAI_BASE_URL" in checked.stdout


def test_an_address_alone_is_listed_and_answers(house: House) -> None:
    """One variable is enough, and what the question took is kept."""
    with endpoint(answer={"word": "sea"}) as server:
        listed = house.run("model", "list", "--json", by="ben", OPENAI_BASE_URL=server.url)
        checked = house.run("model", "check", "--json", by="ben", OPENAI_BASE_URL=server.url)
    (route,) = json.loads(listed.stdout)["routes"]
    (went,) = json.loads(checked.stdout)["routes"]
    (kept,) = json.loads(house.run("model", "calls", "--json", by="ben").stdout)["calls"]

    assert (route["name"], route["base_url"]) == ("default", server.url)
    assert (went["answers"], went["model"], went["way"]) == (True, "small-1", "strict")
    assert went["value"] == {"word": "sea"}
    assert (kept["purpose"], kept["settled"]["end"]) == ("check", "answered")
    assert "check" in house.run("model", "calls", by="ben").stdout
    shown = house.run("model", "call", kept["id"], "--json", by="ben")
    said = json.loads(shown.stdout)["call"]["words"]
    assert "three letters" in str(said["request"])
    assert said["response"]["said"]["choices"][0]["message"]["content"] == {"word": "sea"}
    assert "three letters" in house.run("model", "call", kept["id"], by="ben").stdout
    assert "pilotage model calls" in house.run("model", "call", "nothing", by="ben").stderr


def test_the_list_says_how_much_of_the_budgets_is_used(house: House, declared: Path) -> None:
    """Of the customer's month and the installation's day; what is reserved counts as used."""
    near = "{name: near, base_url: %r, is_private: true, model: m, price: {input: 1, output: 4}}"
    before = json.loads(house.run("model", "list", "--json", by="ben").stdout)["budgets"]
    with endpoint(answer={"word": "sea"}) as server:
        declared.write_text("routes:\n  - " + near % server.url)
        house.run("model", "check", by="ben")
        listed = house.run("model", "list", by="ben")
        told = json.loads(house.run("model", "list", "--json", by="ben").stdout)["budgets"]

    assert [one["name"].partition(":")[0] for one in told] == ["customer", "day"]
    assert all(one["limit"]["calls"] > one["used"]["calls"] for one in told)
    for was, now in zip(before, told, strict=True):
        assert now["used"]["calls"] == was["used"]["calls"] + 1
        assert now["used"]["tokens"] == was["used"]["tokens"] + 50
    assert f"of {told[1]['limit']['tokens']} tokens" in listed.stdout


def test_a_route_that_does_not_answer_gives_its_code(house: House, declared: Path) -> None:
    """The others are asked all the same, and the sentence says what to do."""
    with endpoint("unauthorized") as bad, endpoint(answer={"word": "sea"}) as good:
        declared.write_text(
            f"routes:\n  - {{name: bad, base_url: {bad.url!r}, is_private: true, model: m}}\n"
            f"  - {{name: good, base_url: {good.url!r}, is_private: true, model: m}}\n"
        )
        checked = house.run("model", "check", by="ben")
        one = house.run("model", "check", "good", by="ben")

    assert (checked.exit_code, one.exit_code) == (exits.NOT_ALLOWED, exits.DONE)
    assert "see that the credential of the route is the right one" in checked.stdout
    assert "good: m answers" in checked.stdout
    assert "bad" not in one.stdout


def test_an_endpoint_that_is_not_there_is_said_with_what_to_see_to(
    house: House, declared: Path
) -> None:
    """Its address stands in the list; that it runs is for a person to see to."""
    limits = "limits: {tries: 1}"
    url = "http://127.0.0.1:9/v1"
    declared.write_text(
        f"routes:\n  - {{name: dead, base_url: '{url}', is_private: true, model: m, {limits}}}\n"
    )

    checked = house.run("model", "check", by="ben")

    assert checked.exit_code == exits.TEMPORARY
    assert "see that it runs, and that base_url leads to it" in checked.stdout


def test_requests_of_a_run_are_found_by_its_beginning_and_a_run_that_is_not_is_refused(
    house: House,
) -> None:
    """As everywhere else: an empty list would say that no model was asked."""
    house.store.runs.open(house.customer, "dan", builders.trigger(), builders.run(id="r-long"))
    none = house.run("model", "calls", "--run", "r-lo", by="ben")
    no_run = house.run("model", "calls", "--run", "r-nothing", by="ben")
    no_item = house.run("model", "calls", "--item", "item-nothing", by="ben")

    assert "no request of run r-long is kept" in none.stdout
    assert "pilotage run list" in no_run.stderr
    assert "pilotage item list" in no_item.stderr


def test_a_route_that_there_is_not_is_said(house: House) -> None:
    """With the command that lists them."""
    went = house.run("model", "check", "nobody", by="ben")

    assert went.exit_code == exits.USAGE
    assert "pilotage model list" in went.stderr


def test_a_secret_that_leads_nowhere_is_seen_in_the_list(house: House, declared: Path) -> None:
    """By its name; nothing is sent to find out."""
    declared.write_text(
        "routes:\n  - {name: far, base_url: 'https://a.example.org/v1', credential: 'env:NO_KEY'}\n"
    )

    assert "env:NO_KEY leads to nothing" in house.run("model", "list", by="ben").stdout


def test_a_secret_file_that_is_not_there_is_named_with_its_place(
    house: House, declared: Path
) -> None:
    """By the list's check and by the doctor alike."""
    far = "{name: far, base_url: 'https://a.example.org/v1', model: m, credential: 'file:key'}"
    declared.write_text(f"routes:\n  - {far}\n")
    checked = house.run("model", "check", by="ben")
    (told,) = health.models(house.wired)

    assert "write it to secrets/key of the home" in checked.stdout
    assert "write it to secrets/key of the home" in told.says


def test_the_doctor_tells_of_every_model_and_asks_none(house: House, declared: Path) -> None:
    """A missing secret is wrong, a missing price is told, and a wrong file says where."""
    far = "name: far, base_url: 'https://a.example.org/v1', model: m"
    own = "name: own, base_url: 'http://127.0.0.1:9/v1', model: m, is_private: true"
    declared.write_text(f"routes:\n  - {{{far}, credential: 'env:NO_KEY'}}\n  - {{{own}}}\n")
    told = [(one.state, one.says) for one in health.models(house.wired)]
    declared.write_text("routes: []\n")
    (wrong,) = health.models(house.wired)

    assert [state for state, _ in told] == ["wrong", "note"]
    assert "env:NO_KEY leads to nothing" in told[0][1]
    assert "only calls and tokens are limited" in told[1][1]
    assert wrong.state == "wrong"
    assert "models.yaml, line 1" in wrong.says


def test_a_run_pays_for_what_its_nodes_ask(house: House) -> None:
    """The door hands the loop a model of the home; its requests are the run's."""
    with endpoint() as server:
        told = {"PILOTAGE_HOME": str(house.folder), "OPENAI_BASE_URL": server.url}
        wired = wire(settings.read(told | databases.environment(house.folder)))
        deps = wired.engines("").deps(wired.store, NOBODY)
        model = deps.models(house.customer, "r-1")
        assert model is not None
        model.ask(question())
    (kept,) = wired.store.calls.every(house.customer, run="r-1")

    assert (kept.run, kept.purpose, kept.budgets[0]) == ("r-1", "classify", "run:r-1")
    assert house.wired.engines("").deps(house.store, NOBODY).models(house.customer, "r-1") is None


def test_a_changed_budget_holds_from_the_next_question(house: House) -> None:
    """Of whoever has begun already; rules that cannot be read allow nothing, and are named."""
    file = house.wired.home.rules_file
    before = file.read_text()
    none = before.replace("run_budget: {calls: 2000", "run_budget: {calls: 1")
    texts = (before, none, "run_budget: [", before)
    ends: list[str] = []
    with endpoint() as server:
        told = {"PILOTAGE_HOME": str(house.folder), "OPENAI_BASE_URL": server.url}
        wired = wire(settings.read(told | databases.environment(house.folder)))
        model = wired.engines("").deps(wired.store, NOBODY).models(house.customer, "r-changed")
        assert model is not None
        for text in texts:
            file.write_text(text)
            ends.append(ended(model))
        file.unlink()
        ends.append(ended(model))
        file.write_text(before)

    assert ends[0] == ends[3] == "answered"
    assert "run:r-changed" in ends[1]
    assert ends[2].startswith(f"InvalidInput {file}, line 1: not YAML")
    assert ends[4].startswith(f"InvalidInput {file} is missing; `pilotage init` puts")
    assert len(server.asked) == 2


def ended(model: Model) -> str:
    """How one question ended."""
    try:
        model.ask(question())
    except PilotageError as error:
        return f"{type(error).__name__} {error}"
    return "answered"


def test_the_doctor_tells_of_requests_that_nobody_settled(house: House) -> None:
    """Whoever sent them died; they stay spent, and nobody has to do anything."""
    payer = Payer(house.customer, "worker", run="r-dead")
    most = Spend(calls=1, tokens=10, cost=Decimal(0))
    attempt = Attempt("far", "m", question(), {"messages": []}, most, 1, False)
    clock = StoppedClock(house.wired.clock.now() - timedelta(days=1))
    store = Store(house.store.database, clock)
    Account(store, payer, house.wired.limits, TERMS).reserve(attempt)
    (told,) = health.left_open(house.wired, house.customer)

    assert told.state == "note"
    assert "1 requests have no end" in told.says
