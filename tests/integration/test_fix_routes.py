"""Fixes of ranks 5 and 6: other words for a model, and another model first, by the same rule."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.nodes.fix_smallest_issue import fix_smallest_issue
from agent.state import Update
from pilotage.engines import NOBODY
from runs.records.evidence import FixTrial
from runs.records.version import Version
from tests.integration.test_fix_cycles import made
from tests.integration.test_fix_proposed import cases, changes, explained
from tests.oracles import SILENT, Oracle, Oracles
from tests.proposing import Speaker, by_purpose, material
from tests.voyage import Voyage, set_out
from tools.model.reply import Reply
from workflow.evaluate.bench import Bench
from workflow.models.cases import CaseModels

TASK = "Say what the ticket is about, in one of the labels."
CUE = "Look at the amount as well."
ASKED: dict[str, Any] = {
    "kind": "classification",
    "task": TASK,
    "reads": ["text", "amount"],
    "budget": {"calls": 3, "tokens": 200_000, "cost": "1"},
}
PRIMARY = ASKED | {"name": "primary", "endpoint": "big"}
FALLBACK = ASKED | {"name": "fallback", "endpoint": "small"}
REWORDED = {"kind": "prompt", "model": "primary", "text": f"{TASK} {CUE}"}


def by_text(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a model says that reads the text alone, as the baseline does."""
    label = "delivery" if "parcel" in told["text"] else "refund"
    return {"label": label, "confidence": 0.9}


def by_both(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a model says that looks at the amount as well: always right."""
    is_dear = int(told["amount"]) > 900
    return {"label": "refund", "confidence": 0.9} if is_dear else by_text(told)


class Reader(Oracle):
    """A model that does as the words it is told say."""

    def send(self, body: Mapping[str, Any]) -> Reply:
        """By both where its task says so."""
        is_told = CUE in body["messages"][0]["content"]
        self.say = by_both if is_told else by_text
        return super().send(body)


class Search:
    """One search for a version that asks models, in a home of its own."""

    def __init__(
        self, voyage: Voyage, folder: Path, models: Oracles, *asked: Any, says: Speaker | None
    ) -> None:
        self.voyage = voyage.copy(folder / "home")
        self.state, _ = made(self.voyage, 0, brought=cases(), models=asked)
        customer, store = self.voyage.customer, self.voyage.store
        bench = Bench(store, customer).asking(CaseModels(store, customer, lambda _: models))
        deps = replace(self.voyage.engines.deps(store, NOBODY), bench=lambda _: bench)
        self.deps = replace(deps, models=lambda customer, run: says) if says else deps
        self.update: Update = fix_smallest_issue(self.state, self.deps)

    @property
    def last(self) -> FixTrial:
        """What was tried last."""
        return self.voyage.store.of_run(self.voyage.customer, FixTrial, self.state.run)[-1]

    @property
    def version(self) -> Version:
        """The version it ends with."""
        digest = self.update.get("version", self.state.version)
        return self.deps.get(self.state, Version, digest)


@pytest.fixture(scope="module")
def voyage(tmp_path_factory: pytest.TempPathFactory, database: str) -> Voyage:
    """A home without a run."""
    assert database
    return set_out(tmp_path_factory.mktemp("routes") / "home")


def test_another_model_first_is_found_without_being_proposed(
    voyage: Voyage, tmp_path: Path
) -> None:
    """Where nothing smaller is kept; it is tried, looked at and counted as every change is."""
    models = Oracles(big=by_text, small=by_both)
    found = Search(voyage, tmp_path, models, PRIMARY, FALLBACK, says=None)

    assert (found.last.accepted, found.last.patch.rank, found.last.proposed) == (True, 6, "")
    assert found.last.patch.says == "ask fallback before primary"
    assert [one.name for one in found.version.models] == ["fallback", "primary"]
    assert found.last.repaired == 12
    assert found.last.look > 0


def test_another_model_that_mends_dev_alone_is_refused_on_learn(
    voyage: Voyage, tmp_path: Path
) -> None:
    """Neither dev nor the holdout has right ones between the amounts; learn has twenty."""

    def too_soon(told: Mapping[str, Any]) -> dict[str, Any]:
        return by_both({**told, "amount": 950} if int(told["amount"]) > 600 else told)

    models = Oracles(big=by_text, small=too_soon)
    found = Search(voyage, tmp_path, models, PRIMARY, FALLBACK, says=None)
    tried = found.voyage.store.of_run(found.voyage.customer, FixTrial, found.state.run)
    [swapped] = [one for one in tried if one.patch.rank == 6]

    assert (swapped.repaired, swapped.accepted, swapped.look) == (12, False, 0)
    assert swapped.reason.startswith("refused on learn: it saves -50")


def test_another_model_that_does_no_better_is_refused(voyage: Voyage, tmp_path: Path) -> None:
    """By the figures of dev, and the search ends with nothing."""
    models = Oracles(big=by_text, small=by_text)
    found = Search(voyage, tmp_path, models, PRIMARY, FALLBACK, says=None)
    tried = found.voyage.store.of_run(found.voyage.customer, FixTrial, found.state.run)
    [swapped] = [one for one in tried if one.patch.rank == 6]

    assert found.update.get("fix") == "none"
    assert swapped.reason.startswith("refused on dev: 0 cases repaired")


def test_a_model_that_only_came_back_is_no_merit_of_another_order(
    voyage: Voyage, tmp_path: Path
) -> None:
    """Four dear ones were wrong while the first model was silent about them."""
    gone = {"until": 4}

    def back(told: Mapping[str, Any]) -> Any:
        is_silent = int(told["amount"]) > 900 and gone["until"] > 0
        gone["until"] -= is_silent
        return SILENT if is_silent else by_both(told)

    models = Oracles(big=back, small=by_text)
    found = Search(voyage, tmp_path, models, PRIMARY, FALLBACK, says=None)
    tried = found.voyage.store.of_run(found.voyage.customer, FixTrial, found.state.run)

    assert (gone["until"], {one.repaired for one in tried}) == (0, {0})
    assert found.update.get("fix") == "none"


def test_other_words_for_a_model_are_taken_where_they_mend(voyage: Voyage, tmp_path: Path) -> None:
    """As a model proposes them: small, by rank, on cases it never saw; the frame stays."""
    models = Oracles(big=by_text)
    models.wires["big"] = Reader(by_text)
    says = by_purpose(explanation=explained, change=changes(REWORDED))
    found = Search(voyage, tmp_path, models, PRIMARY, says=says)
    before = found.deps.get(found.state, Version, found.state.version)
    [was], [now] = before.models, found.version.models

    assert (found.last.accepted, found.last.patch.rank, found.last.repaired) == (True, 5, 12)
    assert found.last.proposed
    assert now.text == was.text.replace(TASK, f"{TASK} {CUE}")
    assert found.last.patch.tokens == 7
    [told] = material(says.asked[-1])["models"]
    assert told == {"name": "primary", "kind": "classification"} | {
        "reads": ["text", "amount"],
        "task": TASK,
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (REWORDED | {"model": "fallback"}, "asks no model 'fallback'; name one it asks: primary"),
        (REWORDED | {"text": "Say refund above 900."}, "business_rule_in_prompt"),
        (REWORDED | {"text": f"{TASK} Say refund above Nine hundred."}, "says nine, hundred"),
        (REWORDED | {"text": f"{TASK} {{{{amount}}}}"}, "has a place such as"),
        (REWORDED | {"text": f"{TASK} See www.evil.example."}, "must come from the request"),
        (REWORDED | {"text": f"{TASK} Ask eve@example.com."}, "something that was masked"),
        (REWORDED | {"text": f"{TASK}\u200b"}, "which nobody sees"),
        (REWORDED | {"text": "Words " * 80}, "tokens change, 60 may"),
        (REWORDED | {"text": TASK}, "changes nothing"),
        ({"kind": "prompt", "model": "primary"}, "says `text`"),
        ({"kind": "route", "first": "primary"}, "is asked first already"),
        ({"kind": "route", "first": "gpt-9"}, "asks no model 'gpt-9'"),
        ({"kind": "route"}, "says `first`"),
    ],
)
def test_words_and_routes_that_cannot_be_made_are_told_and_not_tried(
    voyage: Voyage, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    """No rule, no strange link, nothing hidden, and no model that was not declared."""
    speaker = by_purpose(explanation=explained, change=changes(change))
    found = Search(voyage, tmp_path, Oracles(big=by_text), PRIMARY, says=speaker)
    told = [m.text for request in speaker.asked for m in request.messages[2:]]

    assert any(says in one for one in told), told
    assert found.update.get("fix") == "none"
