"""What happened to Tuesday's batch, asked on the command line."""

import json
from pathlib import Path

import pytest

from tests.integration.test_cli_items import release
from tests.unit.pilotage.homes import House, make_house

TABLE = "ticket,text,tier\nt1,where is it,gold\nt2,refund me,\n"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home in which a version of the desk stands in its sandbox."""
    house = make_house(tmp_path / "home")
    release(house)
    return house


def submit(house: House, *flags: str, table: str = TABLE):
    """Send a table by stdin."""
    asked = ("item", "submit", "desk", "-", "--form", "csv", "--key-field", "ticket")
    return house.run(*asked, *flags, by="dan", stdin=table)


def test_a_table_is_taken_in_once_and_summed_up(house: House) -> None:
    """Sent again, under another name even, the items stay where they are."""
    first = submit(house, "--batch", "monday")
    again = submit(house, "--batch", "again")
    third = submit(house, "--batch", "more", "--json", table=TABLE + "t3,hello,\n")

    assert "2 of 2 taken in as batch monday: 2 shadow" in first.stdout
    assert "0 of 2 taken in as batch again; 2 were there before (2 of monday" in again.stdout
    assert json.loads(third.stdout)["summary"] == {
        "batch": "more",
        "sent": 3,
        "taken_in": 1,
        "there_before": 2,
        "of_other_batches": {"monday": 2},
        "arms": {"shadow": 1},
    }


def test_a_batch_is_asked_for_by_its_name_or_by_the_day(house: House) -> None:
    """Without either, the batches are listed."""
    submit(house, "--batch", "monday")
    by_name = json.loads(house.run("item", "batch", "monday", "--json", by="ben").stdout)
    day = ("--since", "yesterday", "--until", "today")
    by_day = json.loads(house.run("item", "batch", *day, "--json", by="ben").stdout)
    listed = house.run("item", "batch", by="ben").stdout

    assert (by_name["items"], by_name["ends"]) == (2, {"queued": 2})
    assert by_day["items"] == 2
    assert listed.splitlines()[1].split()[:3] == ["monday", "desk", "2"]


def test_a_batch_that_nobody_sent_is_told_with_what_there_is(house: House) -> None:
    """Code 2; a day is told how it is asked for."""
    submit(house, "--batch", "monday")
    unknown = house.run("item", "batch", "tuesday", by="ben")

    assert unknown.exit_code == 2
    assert "name one of the newest: monday" in unknown.stderr
    assert "--since tuesday --until tuesday" in unknown.stderr


def test_items_are_listed_by_day_and_route(house: House) -> None:
    """What is no day is refused."""
    submit(house)
    flags = [("--since", "today"), ("--until", "yesterday"), ("--route", "review")]
    listed = [
        len(json.loads(house.run("item", "list", *one, "--json", by="ben").stdout)["items"])
        for one in flags
    ]
    refused = house.run("item", "list", "--since", "someday", by="ben")

    assert listed == [2, 0, 0]
    assert (refused.exit_code, "--since 'someday' is no day" in refused.stderr) == (2, True)


def test_an_explanation_is_asked_of_one_run_or_of_the_newest(house: House) -> None:
    """Both, or neither, is no question."""
    neither = house.run("run", "explain", by="ben")
    both = house.run("run", "explain", "r-1", "--last", "2", by="ben")
    none = house.run("run", "explain", "--last", "10", by="ben")

    assert (neither.exit_code, both.exit_code) == (2, 2)
    assert "--last 10" in neither.stderr
    assert none.stdout.strip() == "no runs"
