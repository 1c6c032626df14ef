"""Live items and their release from the command line: brought in once, looked at, taken back."""

import json
from pathlib import Path

import pytest

from runs.records.release import Release
from tests import builders
from tests.unit.pilotage.homes import House, make_house, policy_of

TICKETS = '{"id": "t1", "text": "where is it"}\n\n{"id": "t2", "text": "refund me"}\n'


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home in which a version of the desk stands in its sandbox."""
    house = make_house(tmp_path / "home")
    release(house)
    return house


def release(house: House, **changed: object) -> Release:
    """Open a release of the desk with everything it names."""
    bounds = {"act_threshold": {"low": "0.1", "high": "0.99"}, "scope_floor": {"low": "0"}}
    version = builders.version(bounds=bounds)
    policy, plan = policy_of(), builders.plan_record()
    for record in (version, policy, plan):
        house.store.keep(house.customer, "worker", record, "r-1")
    named = {"version": version.digest, "policy": policy.digest, "plan": plan.digest}
    opened = builders.release(**(named | changed))
    return house.store.releases.open(house.customer, "worker", opened)


def submit(house: House, text: str, *flags: str, by: str = "dan"):
    """Send items by stdin."""
    return house.run("item", "submit", "desk", "-", *flags, by=by, stdin=text)


def counted(house: House) -> int:
    """How many items there are."""
    return len(house.store.items.list(house.customer))


def test_items_are_taken_in_one_a_line_and_once_a_key(house: House) -> None:
    """Sent again they are the items there are."""
    first = submit(house, TICKETS, "--batch", "monday", "--json")
    again = submit(house, TICKETS, "--batch", "tuesday", "--json")

    taken = json.loads(first.stdout)["items"]
    assert [item["key"] for item in taken] == ["t1", "t2"]
    assert {(item["arm"], item["status"], item["batch"]) for item in taken} == {
        ("shadow", "queued", "monday")
    }
    assert json.loads(again.stdout)["items"] == taken
    assert counted(house) == 2


def test_a_single_item_may_be_given_its_key(house: House) -> None:
    """And its input may stand inside it."""
    text = '{"expected": {"label": "x"}, "input": {"text": "where is it"}}'

    result = submit(house, text, "--key", "k-9", "--input-field", "input")

    [item] = house.store.items.list(house.customer)
    assert result.exit_code == 0
    assert item.key == "k-9"
    assert "expected" not in house.run("item", "show", item.id[:10], by="dan").stdout


@pytest.mark.parametrize(
    ("text", "flags", "says"),
    [
        (TICKETS + "{", (), "line 4"),
        (TICKETS + "[1]", (), "line 4"),
        ('{"text": "no key"}', (), "--key-field"),
        ('{"id": true, "text": "a"}', (), "--key-field"),
        ('{"id": "t1", "input": "no object"}', ("--input-field", "input"), "no object"),
        ("", (), "holds no item"),
    ],
)
def test_if_one_item_is_wrong_none_is_taken_in(
    house: House, text: str, flags: tuple[str, ...], says: str
) -> None:
    """Code 2, with its line."""
    result = submit(house, text, *flags)

    assert result.exit_code == 2
    assert says in result.stderr
    assert counted(house) == 0


def test_a_key_that_was_used_for_another_input_is_a_conflict(house: House) -> None:
    """Code 7."""
    submit(house, TICKETS)

    result = submit(house, '{"id": "t1", "text": "something else"}')

    assert result.exit_code == 7
    assert counted(house) == 2


def test_a_workflow_nobody_released_takes_nothing(house: House) -> None:
    """Code 2."""
    result = house.run("item", "submit", "mail", "-", by="dan", stdin='{"id": "a"}')

    assert result.exit_code == 2
    assert "no release" in result.stderr


def test_a_programs_token_brings_items_in_under_its_own_name(house: House) -> None:
    """And the audit says which token it was."""
    made = house.run("token", "create", "dan", "--scope", "submit", "--service")
    house.tokens["bot"] = made.stdout.strip()

    assert submit(house, TICKETS, by="bot").exit_code == 0
    actors = {e.actor for e in house.store.events(house.customer) if e.kind == "item_admitted"}
    assert len(actors) == 1
    assert actors.pop().startswith("token:")


def test_items_are_listed_by_what_was_asked(house: House) -> None:
    """Workflow, status, batch, owner."""
    submit(house, TICKETS, "--batch", "monday")

    listed = {
        flags: json.loads(house.run("item", "list", *flags, "--json", by="dan").stdout)["items"]
        for flags in [(), ("--batch", "monday"), ("--batch", "x"), ("--status", "acted")]
    }

    assert [len(items) for items in listed.values()] == [2, 2, 0, 0]


def test_a_release_is_shown_by_its_workflow_or_its_id(house: House) -> None:
    """With its stages, and where it stands."""
    by_name = house.run("release", "show", "desk", by="dan")
    by_id = house.run("release", "show", "rel", by="dan")

    assert by_name.stdout == by_id.stdout
    assert "release rel-1 of desk: open, serves 0 % of the items" in by_name.stdout
    assert ">  sandbox   0 %    0 of 6" in by_name.stdout
    assert house.run("release", "show", "mail", by="dan").exit_code == 2


def test_the_workflow_says_what_serves_it(tmp_path: Path, house: House) -> None:
    """And what its version may do."""
    listed = house.run("workflow", "list", by="dan").stdout
    shown = house.run("workflow", "show", "desk", by="dan").stdout

    assert "desk" in listed
    assert "sandbox, 0 % of the items, open" in listed
    assert "may do: assign (update)" in shown
    assert house.run("workflow", "show", "mail", by="dan").exit_code == 2


@pytest.mark.parametrize("by", ["dan", "gil", "eva"])
def test_only_who_answers_for_a_release_makes_it_smaller(house: House, by: str) -> None:
    """Code 6, and it stays as it is."""
    before = house.store.releases.get(house.customer, "rel-1")

    narrow = house.run("release", "narrow", "desk", "--weight", "0", "--reason", "x", by=by)
    back = house.run("release", "rollback", "desk", "--reason", "x", by=by)

    assert (narrow.exit_code, back.exit_code) == (6, 6)
    assert house.store.releases.get(house.customer, "rel-1") == before


def test_one_authorised_person_takes_a_version_back(house: House) -> None:
    """Its items stop, and twenty decisions prove that it is gone."""
    submit(house, TICKETS)

    result = house.run("release", "rollback", "desk", "--reason", "wrong queue", by="ben")

    assert result.exit_code == 0
    assert "20 of 20 decisions since then went to the incumbent" in result.stdout
    assert "2 items were stopped and wait for a person" in result.stdout
    assert house.store.releases.get(house.customer, "rel-1").status == "rolled_back"
    assert house.run("audit", "verify").exit_code == 0


def test_a_share_is_narrowed_and_never_widened(tmp_path: Path) -> None:
    """In percent, to two decimals; never above what it serves."""
    house = make_house(tmp_path / "home")
    release(house, stage=2, weight_bp=5_000)
    narrow = ("release", "narrow", "desk", "--reason", "x", "--weight")

    codes = [house.run(*narrow, share, by="ben").exit_code for share in ("60", "2.555", "2.5")]

    after = house.store.releases.get(house.customer, "rel-1")
    assert codes == [2, 2, 0]
    assert (after.weight_bp, after.stages[after.stage].name) == (250, "slice_5")


def test_a_share_needs_no_rounding(tmp_path: Path) -> None:
    """2.3 percent is 230 hundredths, whatever a float makes of it."""
    house = make_house(tmp_path / "home")
    release(house, stage=2, weight_bp=5_000)
    done = house.run("release", "narrow", "desk", "--reason", "x", "--weight", "2.3", by="ben")

    assert (done.exit_code, house.store.releases.get(house.customer, "rel-1").weight_bp) == (0, 230)


def test_one_person_pauses_a_release(tmp_path: Path) -> None:
    """Its items go to the incumbent; twice is once; others may not."""
    house = make_house(tmp_path / "home")
    release(house, stage=2, weight_bp=5_000)
    pause = ("release", "pause", "desk", "--reason", "the queues are down")
    codes = [house.run(*pause, by=by).exit_code for by in ("eva", "ben", "ben")]
    shown = house.run("release", "show", "desk", by="dan").stdout

    assert codes == [6, 0, 0]
    assert "release rel-1 of desk: held, serves 50 % of the items" in shown
    assert shown.count("release held:") == 1


def test_a_segment_is_narrowed_and_shown(tmp_path: Path) -> None:
    """A field the contract does not declare is refused, and so is narrowing by nothing."""
    house = make_house(tmp_path / "home")
    release(house, stage=2, weight_bp=5_000)
    narrow = ("release", "narrow", "desk", "--reason", "x")
    none = house.run(*narrow, by="ben")
    unknown = house.run(*narrow, "--segment", "colour=red", by="ben")
    done = house.run(*narrow, "--segment", "tier=gold", by="ben")
    shown = house.run("release", "show", "desk", by="dan").stdout

    assert (none.exit_code, unknown.exit_code, done.exit_code) == (2, 2, 0)
    assert "--weight PERCENT, --segment FIELD=VALUE" in none.stderr
    assert "it has tier" in unknown.stderr
    assert "rel-1: serves 50 % without tier=gold at slice_50" in done.stdout
    assert "serves 50 % without tier=gold of the items" in shown
    assert "without tier=gold" in shown.partition("so far")[2]
