"""What a watch tells of a run: its steps, and not each request of a trial to a model."""

from typing import Any

import pytest

from pilotage.cli import watching
from runs.events import Event
from tests.builders import DIGEST, NOW


def event(kind: str, **body: Any) -> Event:
    """An event of a run."""
    told = {"seq": 1, "customer": "c-1", "kind": kind, "table": "records", "subject": "k:p-1"}
    of = {"state": DIGEST, "run": "r-1", "actor": "worker", "at": NOW, "clock": "real"}
    return Event.model_validate(told | of | {"body": body, "previous": "0" * 64, "hash": "0" * 64})


@pytest.mark.parametrize("kind", ["model_asked", "model_answered"])
def test_requests_to_models_are_no_steps_of_a_run(kind: str) -> None:
    """A dry run makes hundreds; `model calls --run` lists them."""
    assert watching.step_of(event(kind, model="m", route="near")) == ""


def test_what_a_model_was_asked_for_is_a_step() -> None:
    """Once a question, however many requests it took."""
    assert watching.step_of(event("record_kept", record="proposal")) == "proposal p-1"


def test_a_change_is_told_with_what_goes_with_it() -> None:
    """In the words of its kind."""
    assert watching.step_of(event("run_waiting", waits_for="a-1")) == "run waiting (waits_for a-1)"
