"""What customers bring, from the command line."""

import json

import pytest

from tests.unit.pilotage.homes import House, make_house

FEEDBACK = ("intake", "feedback", "--workflow", "desk", "--text", "Refunds come late")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A home in which nothing was brought yet."""
    return make_house(tmp_path_factory.mktemp("door") / "home")


@pytest.mark.parametrize("kind", ["priority", "request", "feedback", "failure", "usage", "roi"])
def test_every_kind_has_its_command(house: House, kind: str) -> None:
    """It prints the id; the figures and words come back, and the same again is the same."""
    told = ("intake", kind, "--workflow", "desk", "--text", f"About {kind}\nIn more words")
    made = house.run(*told, "--figure", "saved=12.5 h", by="dan")
    again = house.run(*told, "--figure", "saved=12.5 h", by="ana")
    shown = json.loads(house.run("intake", "show", made.stdout.strip(), "--json").stdout)

    assert made.exit_code == 0, made.output
    assert again.stdout == made.stdout
    assert (shown["schema"], shown["kind"], shown["by"]) == ("pilotage/intake/1", kind, "dan")
    assert (shown["title"], shown["run"]) == (f"About {kind}", "")
    assert shown["figures"] == [{"name": "saved", "value": "12.5", "unit": "h"}]


def test_one_key_stands_for_one_content(house: House) -> None:
    """Code 7 for another."""
    made = house.run(*FEEDBACK, "--key", "mail-1", by="dan")
    other = house.run(*FEEDBACK[:-1], "Refunds never come", "--key", "mail-1", by="dan")

    assert (made.exit_code, other.exit_code) == (0, 7)
    assert "another --key" in other.stderr


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (("--figure", "saved=much"), 2, "write NAME=VALUE UNIT"),
        (("--item", "item-9"), 2, "there is no item"),
        (("--right", "item-9"), 2, "write ITEM=LABEL"),
        (("--right", "item-9=refund"), 6, "ask one to say what is right"),
    ],
)
def test_what_makes_no_sense_keeps_nothing(
    house: House, flags: tuple[str, ...], code: int, says: str
) -> None:
    """With the remedy."""
    told = ("intake", "failure", "--workflow", "desk", "--text", "Wrong", "--key", "wrong")
    result = house.run(*told, *flags, by="dan")

    assert result.exit_code == code
    assert says in result.stderr
    assert "Wrong" not in house.run("intake", "list", by="dan").stdout


def test_a_run_begins_on_a_record_which_names_it(house: House) -> None:
    """It is open no more, and the run shows on what it began."""
    id = house.run(*FEEDBACK, "--key", "mail-2", by="dan").stdout.strip()
    run = house.run("run", "start", "--from", id, "--detach", by="dan").stdout.strip()
    waiting = json.loads(house.run("intake", "list", "--open", "--json", by="dan").stdout)
    listed = json.loads(house.run("run", "list", "--trigger", "feedback", "--json").stdout)
    none = json.loads(house.run("run", "list", "--terminal", "issue_fixed", "--json").stdout)

    assert id not in [one["id"] for one in waiting["intakes"]]
    assert f"run {run}" in house.run("intake", "show", id, by="dan").stdout
    assert f"on intake record {id}" in house.run("run", "show", run, by="dan").stdout
    assert [(one["id"], one["days"]) for one in listed["runs"]] == [(run, 0)]
    assert none["runs"] == []


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--from", "in-zz"),
        ("--trigger", "failure", "--text", "Wrong"),
        ("--from", "in-zz", "--text", "Wrong"),
    ],
)
def test_a_start_on_nothing_opens_no_run(house: House, flags: tuple[str, ...]) -> None:
    """Code 2."""
    before = len(house.store.runs.list(house.customer))

    assert house.run("run", "start", *flags, by="dan").exit_code == 2
    assert len(house.store.runs.list(house.customer)) == before


def test_a_run_is_called_off_by_who_asked_for_it(house: House) -> None:
    """Code 6 for anybody else; afterwards its end and the reason are told."""
    start = ("run", "start", "--text", "Sort invoices", "--key", "inv", "--detach")
    run = house.run(*start, by="dan").stdout.strip()
    because = ("--reason", "the desk closes")
    stranger = house.run("run", "cancel", run, *because, by="eva")
    called_off = house.run("run", "cancel", run, *because, by="dan")
    twice = house.run("run", "cancel", run, *because, by="dan")

    assert (stranger.exit_code, called_off.exit_code, twice.exit_code) == (6, 0, 7)
    assert "called off by dan: the desk closes" in house.run("run", "show", run, by="dan").stdout
    assert house.run("run", "continue", run, *because, by="dan").exit_code == 7
