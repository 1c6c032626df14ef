"""The demo with models, from the command line: an endpoint that answers well, and one that raves.

Both are asked over HTTP, as any endpoint is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result

from pilotage import settings
from pilotage.cli.main import pilotage
from pilotage.demo.asked import lines
from pilotage.demo.stage import LIVE_SEED
from pilotage.wiring import Wired, wire
from policies.privacy import Pattern, compile_mask
from runs.records.evidence import Evidence, Verdict
from runs.records.item import Output
from runs.records.proposal import Proposal
from runs.snapshots import read_many
from runs.store.items import ItemFilter
from tests.conformance import Endpoint, Says, endpoint
from tests.proposing import sentence, update
from workflow.samples.known import find_sample
from workflow.samples.variant import LIVE_FAMILIES

pytestmark = pytest.mark.timeout(400)
NAME, SEED = "support_triage", 1
FAMILIES = 345
"""Fewer leave the holdout below the cases that its bar asks for."""
MASK = compile_mask((), get_args(Pattern))
"""What the sample's plan masks of a text before a model is told."""


@dataclass(frozen=True)
class Demo:
    """A demo that was played."""

    result: Result
    server: Endpoint
    folder: Path

    @property
    def shown(self) -> dict[str, Any]:
        """What it told as JSON."""
        return json.loads(self.result.stdout)

    @property
    def end(self) -> dict[str, Any]:
        """Of its one run."""
        (run,) = self.shown["runs"]
        return run["story"]["end"]

    @property
    def wired(self) -> Wired:
        """The home it left."""
        return wire(settings.read({"PILOTAGE_HOME": str(self.folder)}))

    def kept(self, kind: Any) -> list[Any]:
        """Every record of a kind that its run left."""
        store = self.wired.store
        return store.of_run(
            store.customer("demo"), kind, self.shown["runs"][0]["story"]["run"]["id"]
        )


def played(folder: Path, says: Says, *options: str) -> Demo:
    """`pilotage demo --models` beside an endpoint that asks for no key and lists one model."""
    with endpoint(answer=says) as server:
        told = {"PILOTAGE_HOME": str(folder / "none"), "OPENAI_BASE_URL": server.url}
        asked = ["demo", "--models", "--into", str(folder / "demo"), "--json", *options]
        result = CliRunner(env=told).invoke(pilotage, asked)
    assert result.exit_code == 0, result.output
    return Demo(result, server, folder / "demo")


def knowing() -> Says:
    """A model that knows what every ticket of the sample is about."""
    sample = find_sample(NAME)
    live = sample.reviewer(SEED + LIVE_SEED, NAME, LIVE_FAMILIES).pieces
    told = [(one["input"]["text"], one["expected"]["label"]) for one in sample.cases(SEED, NAME)]
    told += [(one.input["text"], one.truth.label) for one in live]
    known = {MASK({"text": text}).value["text"]: label for text, label in told}

    def says(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        name, shown = _form(asked), asked["messages"][1]["content"]
        if name == "classification":
            text = json.loads(shown.splitlines()[1])["text"]
            return {"label": known[text], "confidence": 0.9}
        if name == "update":
            first = json.loads(shown)["untrusted"]["evidence"][0]
            return update(sentence(first["says"], first["id"]))
        return {"chosen_word": {"word": "sea"}}.get(name, {"notes": [], "others": []})

    return says


def _form(asked: Mapping[str, Any]) -> str:
    return asked["response_format"]["json_schema"]["name"]


def raving(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model of whose answers none has the form."""
    return {"approved": True, "label": ["refund", len(asked)]}


def outputs(demo: Demo) -> Sequence[Output]:
    """What live items were answered."""
    store, customer = demo.wired.store, demo.wired.store.customer("demo")
    items = store.items.list(customer, ItemFilter(), limit=5_000)
    kept = read_many(store, customer, [one.output for one in items if one.output])
    return [Output.model_validate(one) for one in kept.values()]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A demo whose model knows."""
    folder = tmp_path_factory.mktemp("good")
    return played(folder, knowing(), "--families", str(FAMILIES))


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A demo whose model raves."""
    return played(tmp_path_factory.mktemp("bad"), raving, "--families", "60")


def test_a_demo_with_a_good_model_reaches_its_stage_by_it(good: Demo) -> None:
    """Its gates were passed with answers that came over HTTP, and live items were answered so."""
    verdicts = {one.gate: one for one in good.kept(Verdict)}
    proof = next(one for one in good.kept(Evidence) if one.kind == "holdout")
    asked = [one for one in outputs(good) if one.asked]

    assert good.end["kind"] == "stage_reached"
    assert verdicts["holdout"].outcome == verdicts["stage sandbox"].outcome == "pass"
    assert (proof.models.is_script, proof.models.lost, proof.models.failed) == (False, 0, {})
    assert {one.route_used for one in asked} == {"primary"}
    assert {(one.what, one.end) for one in good.kept(Proposal)} >= {
        ("ranking", "accepted"),
        ("update", "accepted"),
    }
    assert good.shown["audit"]["ok"]


def test_it_says_what_may_be_asked_before_and_what_was_after(good: Demo) -> None:
    """Endpoint, model and bound before; requests, tokens, cost, fallbacks and worth at its end."""
    before, models = good.result.stderr, good.shown["models"]
    first = before.index("support_triage:")

    assert f"asks small-1 at {good.server.route().host}" in before[:first]
    assert "default: small-1 answers" in before[:first]
    assert "at most 7,436 requests" in before[:first]
    assert "requests so far" in before[first:]
    assert models["took"]["calls"] == len(good.server.asked) == sum(models["requests"].values())
    assert models["took"]["tokens"] == 50 * len(good.server.asked)
    assert models["took"]["calls"] < 7_436
    assert [one["fell_back"] for one in models["fell_back"].values()] == [0, 0, 0]
    assert models["fell_back"]["items"]["asked"] > 50
    assert models["worth"]["worth"] == "yes"
    assert models["worth"]["saved_per_item"]["low"] is not None
    assert list(lines(models))[-1].endswith("models paid: worth it")


def test_the_home_it_leaves_is_asked_about_as_any_other(good: Demo) -> None:
    """Its requests, its routes and how another route would do, by the lines it prints."""
    export, *commands = good.shown["look_further"]
    token = export.rpartition("PILOTAGE_TOKEN=")[2]
    told = {"PILOTAGE_HOME": str(good.folder), "PILOTAGE_TOKEN": token}
    told["OPENAI_BASE_URL"] = good.server.url
    runner = CliRunner(env=told)

    went = [runner.invoke(pilotage, one.split()[1:]) for one in commands]
    listed = runner.invoke(pilotage, ["model", "list"])

    assert [one.exit_code for one in went] == [0] * len(commands)
    assert any("model calls --run" in one for one in commands)
    assert "default" in listed.stdout


def test_a_demo_whose_model_raves_ends_with_a_blocker_and_its_owner(bad: Demo) -> None:
    """Nothing that it said counts: people would decide, and no gate passes on that."""
    models = bad.shown["models"]
    people = {one.id for one in find_sample(NAME).documents.people()}

    assert bad.end["kind"] == "blocker_escalated"
    assert bad.end["owner"] in people
    assert "pass" not in {one.outcome for one in bad.kept(Verdict)}
    assert {one.end for one in bad.kept(Proposal)} == {"refused"}
    assert models["took"]["calls"] == len(bad.server.asked) > 100
    fell = models["fell_back"]
    assert fell["cases"]["fell_back"] == fell["cases"]["asked"] > 0
    assert fell["loop"]["fell_back"] == fell["loop"]["asked"] == len(bad.kept(Proposal))
    assert models["worth"]["worth"] != "yes"
    assert "too few cases have a model's answer" in list(lines(models))[-1]
    assert bad.shown["audit"]["ok"]
