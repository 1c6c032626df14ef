"""A source that changes between decide and act: no action, and the review shows old and new."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotage.cli import item_story
from runs import erasure, snapshots
from tests.integration.desk import Desk, answering_while, process
from tests.receiver import Received, receiving
from tools.http.declared import Http, Look
from tools.http.line import Line
from tools.http.system import HttpRecords
from tools.http.way import open_client

PLUS = {"id": "A-1", "tier": "plus", "dispute": False, "phone": "030 1234567"}


@pytest.fixture
def crm() -> Iterator[tuple[str, Received]]:
    """The customer's system, over HTTP."""
    with receiving() as found:
        yield found


def changing(desk: Desk, crm: tuple[str, Received], after: dict[str, Any] | None) -> Any:
    """Work on the item while somebody edits its account after the decision."""
    url, received = crm
    received.records["A-1"] = PLUS
    declared = Http(base_url=url, is_private=True, read=Look(path="/records/{key}"))
    client = open_client(declared, lambda: 0.0)
    line = Line("crm", declared, client, pause=lambda *_: None, seconds=lambda: 0.0)
    tools = {"crm": HttpRecords(line, clock=desk.clock), "desk": desk.desk_tool}
    said = answering_while(lambda: received.records.update({"A-1": after}))
    desk.admit()
    return process(desk, tools=tools, answer=said)


def test_the_review_shows_what_was_decided_on_and_what_is_there_now(
    tmp_path: Path, crm: tuple[str, Received]
) -> None:
    """To people and to programs, field by field; a masked one by neither value."""
    desk = Desk(tmp_path)
    item = changing(desk, crm, PLUS | {"tier": "gold", "phone": "030 7654321"})
    told = item_story.story(desk.store, desk.customer, item)

    change = {"source": "crm", "field": "tier", "before": "plus", "after": "gold"}
    assert (item.status, item.owner, desk.desk_tool.acts) == ("in_review", "ben", 0)
    assert json.loads(json.dumps(told))["changed"] == [change]
    said = "crm.tier: it was decided on plus, and is now gold"
    assert [line.strip() for line in item_story.lines(told) if said in line] == [said]
    assert "7654321" not in json.dumps(told)
    assert "gold" not in json.dumps([one.as_json() for one in desk.store.events(desk.customer)])


def test_a_record_that_is_gone_is_shown_as_gone(tmp_path: Path, crm: tuple[str, Received]) -> None:
    """Before stands what it was; after, nothing."""
    desk = Desk(tmp_path)
    item = changing(desk, crm, None)
    told = item_story.story(desk.store, desk.customer, item)

    assert (item.status, desk.desk_tool.acts) == ("in_review", 0)
    assert {(one["field"], one["after"]) for one in told["changed"]} >= {("tier", None)}


def test_what_was_found_instead_is_erased_with_the_item(
    tmp_path: Path, crm: tuple[str, Received]
) -> None:
    """It is one of the item's texts; nothing changed, and there is none."""
    desk = Desk(tmp_path)
    item = changing(desk, crm, PLUS | {"tier": "gold"})
    texts = [one.digest for one in erasure.of_item(desk.store, desk.customer, item.id)]

    assert item.found in texts
    assert snapshots.read(desk.store, desk.customer, item.found)["values"]["crm"]["tier"] == "gold"
    (tmp_path / "other").mkdir()
    assert changing(Desk(tmp_path / "other"), crm, PLUS).found == ""
