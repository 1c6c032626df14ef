"""What is kept of the reason a run begins."""

from pathlib import Path

from agent.loop import TriggerDraft, start
from runs import words
from tests.unit.pilotage.homes import make_house

SECRET = "eve@example.com"


def test_a_title_is_masked_before_it_is_kept(tmp_path: Path) -> None:
    """No byte of what was masked reaches the record; the title is told without it."""
    house = make_house(tmp_path / "home")
    draft = TriggerDraft("priority", f"Answer {SECRET} sooner", f"{SECRET} waits.", "k-1")
    run = start(house.store, house.customer, "dan", draft, house.wired.trigger_terms())
    trigger = house.store.runs.trigger(house.customer, run.trigger)
    kept = [file.read_bytes() for file in house.folder.rglob("*") if file.is_file()]

    assert words.words(house.store, house.customer, trigger.title).startswith("Answer [masked")
    assert SECRET not in house.run("run", "show", run.id, by="dan").stdout
    assert not [content for content in kept if SECRET.encode() in content]
