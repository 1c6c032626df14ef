"""Whatever may never be is seen in the record: a tally that sees nothing is worse than none."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pilotage.home import Home, Mark
from policies.approvals import rule_on
from runs import tables
from runs.approvals import Rules
from tests.builders import DIGEST
from tests.faults import house
from tests.faults.ends import decisions_in
from tests.faults.scenario import DECIDED, Play, note
from tests.faults.tally import faults_of
from tests.integration.signing import Signing

Body = dict[str, Any]
EARLIER = timedelta(minutes=1)


@pytest.fixture
def desk(tmp_path: Path) -> Signing:
    """Ana agreed to the ticket's effect, and it was done."""
    desk = Signing(tmp_path)
    desk.admit()
    desk.work()
    desk.decide()
    desk.work()
    return desk


@pytest.fixture
def play(desk: Signing) -> Play:
    """The same home, as whoever looks at it after a trial."""
    Home(desk.folder).make(Mark())
    wired = house.open_house(desk.folder)
    return Play(wired, desk.customer, {}, Rules(rule_on, lambda asked: asked.subject))


def falsify(desk: Signing, table: sa.Table, change: Callable[[Body], Body]) -> None:
    """Let every row of a table say something else."""
    with desk.store.database.writing() as connection:
        for row in connection.execute(sa.select(table)).all():
            body = row.body | change(row.body)
            values = {"body": body, **{k: body[k] for k in ("status",) if k in table.c}}
            one = table.c.id == row.id if "id" in table.c else table.c.key == row.key
            connection.execute(table.update().where(one).values(**values))


def found(play: Play) -> dict[str, Any]:
    """What the tally says."""
    return faults_of(play, decisions_in(play), has_ended=False)


def test_an_agreed_action_that_was_done_once_is_no_fault(desk: Signing, play: Play) -> None:
    """And its content is told by its key, to be held against the other side."""
    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    told = found(play)

    assert [told[name] for name in ("duplicated", "lost", "unapproved", "other")] == [[]] * 4
    assert (told["keys"], told["agreed"]) == ([action.key], {action.key: action.content})


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        (tables.actions, lambda _: {"approval": ""}, "no approval"),
        (tables.actions, lambda _: {"content": DIGEST}, "of other content"),
        (tables.approvals, lambda _: {"status": "rejected"}, "rejected approval"),
        (tables.approvals, lambda b: {"covers": b["covers"] | {"key": "k"}}, "of other content"),
        (tables.approvals, lambda b: {"covers": b["covers"] | {"item": "i"}}, "of other content"),
        (tables.decisions, lambda _: {"kind": "reject"}, "decided after it was begun"),
        (tables.decisions, lambda _: {"person": "dan"}, "others agreed than were asked"),
    ],
)
def test_an_action_without_a_valid_yes_is_seen(
    desk: Signing, play: Play, table: sa.Table, change: Callable[[Body], Body], says: str
) -> None:
    """Whichever part of the yes is missing; then its content counts as agreed to by nobody."""
    falsify(desk, table, change)
    told = found(play)

    assert [says in one for one in told["unapproved"]] == [True]
    assert told["agreed"] == {}


def test_a_yes_that_came_after_the_action_began_is_seen(desk: Signing, play: Play) -> None:
    """The order is part of what must hold."""
    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    begun = (action.reserved_at - EARLIER).isoformat()
    falsify(desk, tables.actions, lambda _: {"reserved_at": begun})

    assert "decided after it was begun" in found(play)["unapproved"][0]


def test_a_decision_that_is_gone_or_changed_is_lost(desk: Signing, play: Play) -> None:
    """By the record of before, by what its maker was told, and by what it made of the question."""
    before, [asked] = decisions_in(play), desk.asked
    note(desk.folder, DECIDED, f"{asked.id} ana")
    with desk.store.database.writing() as connection:
        connection.execute(tables.decisions.delete())
    lost = faults_of(play, before, has_ended=False)["lost"]

    assert [one.split(":")[0] for one in lost] == [
        "changed or gone",
        "told as recorded and gone",
        "approved without its decisions",
    ]


def test_an_item_whose_end_is_not_what_people_said_is_seen(desk: Signing, play: Play) -> None:
    """Agreed to and not done, or waiting still."""
    falsify(desk, tables.items, lambda _: {"status": "asked"})
    waits = found(play)["other"]

    assert any("item i-1 is asked" in one for one in waits)
