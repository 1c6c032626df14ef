"""The loop over a real endpoint: its models file, its budgets and its record of every request."""

import json
from collections.abc import Iterator

import pytest

from pilotage.cli import proposed
from policies import texts
from runs.records.proposal import Proposal
from runs.records.run import Report
from tests.conformance import Endpoint, endpoint
from tests.harbours import Harbour, harbour_in
from tests.voyage import Voyage

WELL = {"sentences": [{"text": "This is how it ended.", "evidence": ["E1"]}]}


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points."""
    return harbour_in(tmp_path_factory.getbasetemp(), database)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """An endpoint in a manner, which answers with an update of one sentence where it answers."""
    with endpoint(request.param, answer=WELL) as server:
        yield server


def reported(harbour: Harbour, server: Endpoint) -> Voyage:
    """A home that declares the endpoint, whose run was rejected and asks for its update."""
    voyage = harbour.at("plan")
    told = {"base_url": server.url, "model": "small-1", "name": "here", "is_private": True}
    told |= {"limits": {"timeout_s": 5, "tries": 1}}
    voyage.wired.home.models_file.write_text(texts.write({"routes": [told]}), encoding="utf-8")
    voyage.refuse()
    return voyage


@pytest.mark.parametrize("server", ["right"], indirect=True)
def test_a_declared_endpoint_is_asked_and_paid_for_by_the_run(
    harbour: Harbour, server: Endpoint
) -> None:
    """No other change is needed; the proposal names the request, which the record has."""
    voyage = reported(harbour, server)
    (kept,) = voyage.store.of_run(voyage.customer, Proposal, voyage.run_id)
    (call,) = voyage.store.calls.every(voyage.customer, run=voyage.run_id)
    (report,) = voyage.store.of_run(voyage.customer, Report, voyage.run_id)

    assert (kept.end, kept.route, kept.calls) == ("accepted", "here", (call.id,))
    assert (call.purpose, call.prompt) == ("report.update", kept.prompt)
    assert report.drafted == kept.id
    assert json.loads(server.asked[0]["messages"][1]["content"]).keys() == {"untrusted"}
    voyage.verify()


@pytest.mark.parametrize(
    "server", ["malformed", "refusal", "hanging_up", "approving", "unknown_tool"], indirect=True
)
def test_an_endpoint_that_misbehaves_leaves_the_step_to_itself(
    harbour: Harbour, server: Endpoint
) -> None:
    """The run asks for its update as it would without a model, and says why."""
    voyage = reported(harbour, server)
    (told,) = proposed.told(voyage.store, voyage.customer, voyage.run_id)

    assert voyage.waits_for == "update"
    assert told["end"] in ("refused", "unanswered")
    assert told["instead"]
    assert told["why"]
    assert voyage.told().count("decision_recorded") == 1
    assert voyage.messages == []
