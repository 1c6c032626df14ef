"""An item is told from its input to its receipts, from the record alone."""

from pathlib import Path
from typing import Any

import pytest

from pilotage.cli import item_story
from pilotage.cli.output import short
from runs.records.model import Tried
from runs.store.reviews import decide_review
from tests import acts, builders
from tests.builders import NOW
from tests.unit.pilotage.told import Told


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A record with one run."""
    return Told(tmp_path)


def lines(told: Told) -> str:
    """The item as a person reads it."""
    item = told.store.items.get(told.customer, "i-1")
    return "\n".join(item_story.lines(item_story.story(told.store, told.customer, item)))


def admit(told: Told, **changed: object) -> None:
    """Take the item in, with an input."""
    kept = told.snapshot("input", {"text": "Where is my parcel?", "amount_eur": None})
    told.store.items.admit(told.customer, "dan", builders.item(input=kept, **changed))


def finish(told: Told) -> None:
    """Let it act, with what it saw and said."""
    seen = {
        "values": {"crm": {"tier": "plus"}},
        "versions": {"crm": builders.DIGEST},
        "read_at": {"crm": NOW.isoformat()},
        "problems": [{"says": "stock: it has no record of this sku"}],
    }
    changed = {
        "snapshot": told.snapshot("context", seen),
        "output": told.snapshot("output", {"label": "delivery", "confidence": 0.97, "fields": {}}),
        "status": "acted",
        "route": "act",
        "rule": "threshold",
        "reason": "done: assign",
        "audited": True,
        "finished_at": NOW,
    }
    item = told.store.items.get(told.customer, "i-1").model_copy(update=changed)
    told.store.items.finish(told.customer, item, [builders.review(kind="audit")])


def test_an_item_that_waits_shows_its_input_and_owner(told: Told) -> None:
    """And nothing that has not happened."""
    admit(told)

    shown = lines(told)

    assert "item i-1: queued, owner ben" in shown
    assert "text: Where is my parcel?" in shown
    assert "amount_eur" not in shown
    assert "output" not in shown


def test_what_the_version_saw_and_said_is_told_with_digests(told: Told) -> None:
    """Sources with their version and time, and what was wrong with one."""
    admit(told)
    finish(told)

    shown = lines(told)

    assert f"crm: tier plus (version {builders.DIGEST[7:19]}, read 2026-03-02 09:00)" in shown
    assert "problem: stock: it has no record of this sku" in shown
    assert "label: delivery" in shown
    assert f"version {builders.DIGEST[7:19]}" in shown
    assert "rule threshold" in shown


def test_the_route_says_why_and_that_a_person_looks(told: Told) -> None:
    """Chosen before any output existed."""
    admit(told)
    finish(told)

    assert "route\n  act: done: assign\n  chosen beforehand to be looked at by a person" in lines(
        told
    )


def test_a_receipt_is_told_with_its_key_and_what_the_other_side_answered(told: Told) -> None:
    """What was done, once."""
    admit(told)
    act = builders.action()
    acts.reserve(told.store, told.customer, act, 1)
    receipt = told.snapshot("receipt", {"key": act.key, "answer": {"queue": "parcels"}})
    acts.settle(told.store, told.customer, act.key, status="done", receipt=receipt, reason="")

    [line] = [one for one in lines(told).splitlines() if act.key in one]

    assert line.startswith("  assign by desk: done key i-1:assign:abc receipt")
    assert "answer queue parcels" in line


@pytest.mark.parametrize(
    ("simulated", "says"), [(False, "ben said edit"), (True, "ben, simulated said edit")]
)
def test_a_persons_answer_is_told_and_a_simulated_one_is_marked(
    told: Told, *, simulated: bool, says: str
) -> None:
    """Nobody takes a played reviewer for a real one."""
    admit(told)
    finish(told)
    answer = {
        "status": "decided",
        "answer": "edit",
        "label": "refund",
        "routes": ("review",),
        "decided_by": "ben",
        "simulated": simulated,
        "decided_at": NOW,
    }
    with told.store.change(told.customer, "ben") as change:
        decide_review(change, builders.review(kind="audit", **answer))

    assert f"{says} 2026-03-02 09:00: refund (review)" in lines(told)


def test_an_open_review_says_whose_it_is_and_until_when(told: Told) -> None:
    """It is somebody's turn."""
    admit(told)
    finish(told)

    assert "audit: open, ben until 2026-03-02 17:00" in lines(told)


def test_an_item_tells_every_model_that_was_asked(told: Told) -> None:
    """Prompt, model, what became of it and why, tokens and cost; and what its answer lacks."""
    admit(told)
    asked: dict[str, Any] = {"endpoint": "big", "prompt": builders.DIGEST, "seconds": "1.5"}
    silent = {"route": "primary", "model": "", "end": "silent", "says": "no answer"}
    took = {"calls": 2, "tokens": 340, "cost": "0.0021", "is_kept": True, "self_report": 0.99}
    answered = {"route": "fallback", "model": "m-2", "end": "answered", **took}
    first, other = (Tried.model_validate(asked | one) for one in (silent, answered))
    flag = {"code": "uncited", "name": "claim_2", "place": ""}
    said = {"label": "delivery", "route_used": "fallback", "fields": {"document": "Two lines."}}
    said |= {"asked": [first.as_json(), other.as_json()], "flags": [flag]}
    item = told.store.items.get(told.customer, "i-1")
    kept = told.snapshot("output", {**said, "confidence": 0.0})
    told.store.items.finish(
        told.customer, item.model_copy(update={"output": kept, "status": "in_review"})
    )

    shown = lines(told)

    assert "route fallback\n" in shown
    assert (
        f"model none by primary at big, prompt {short(builders.DIGEST)}: silent: no answer" in shown
    )
    assert "model m-2 by fallback" in shown
    assert "2 calls, 340 tokens, cost 0.0021, 1.5 s, paid for before" in shown
    assert "not calibrated, so its confidence is 0" in shown
    assert "flag uncited: claim_2" in shown
    assert "Two lines." in shown
