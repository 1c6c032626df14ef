"""The audit on the command line: verified, anchored, exported, signed; refusals in JSON too."""

import json
from pathlib import Path
from typing import Any

import pytest

from runs import approvals
from tests import builders, stranger
from tests.unit.pilotage.homes import House, make_house


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home of customer acme."""
    return make_house(tmp_path / "home")


def said(house: House, *arguments: str, by: str = "olga", **env: str) -> str:
    """What a command that goes well prints on stdout."""
    result = house.run(*arguments, by=by, **env)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(house: House, *arguments: str, by: str = "olga", **env: str) -> dict[str, Any]:
    """The object it prints."""
    return json.loads(said(house, *arguments, "--json", by=by, **env))


def ask(house: House) -> str:
    """Open a question of a run; its short digest."""
    store, customer = house.store, house.customer
    now = house.wired.clock.now()
    store.runs.open(customer, "dan", builders.trigger(), builders.run(graph=builders.DIGEST))
    asked = builders.approval(due_at=now.replace(year=now.year + 1))
    return approvals.open_approval(store, customer, "run:r-1", asked).subject[7:19]


def test_anchored_and_exported_a_stranger_checks_it(house: House, tmp_path: Path) -> None:
    """The whole way: anchor, verify with the anchor, export, the program of the page."""
    place, out = tmp_path / "anchors.ndjson", tmp_path / "record.ndjson"
    env = {"PILOTAGE_ANCHOR": f"file:{place}"}
    (anchor,) = told(house, "audit", "anchor", **env)["anchors"]
    report = told(house, "audit", "verify", **env)
    made = told(house, "audit", "export", "--out", str(out))
    seen = stranger.check(out, place)

    assert (report["ok"], report["anchored"]) == (True, anchor["seq"])
    assert report["anchors"] == {"files": [str(place)], "count": 1}
    assert (seen.code, made["links"]) == (0, 0), seen.says
    assert f"anchored up to event {anchor['seq']}; not yet anchored: 1 events" in seen.says


def test_a_dry_run_tells_nobody(house: House, tmp_path: Path) -> None:
    """And without a place it says how to name one."""
    place = tmp_path / "anchors.ndjson"
    told(house, "audit", "anchor", "--to", f"file:{place}", "--dry-run")

    assert not place.exists()
    assert "set PILOTAGE_ANCHOR" in house.run("audit", "anchor").stderr
    assert house.run("audit", "anchor").exit_code == 2


def test_an_anchor_that_does_not_hold_ends_with_eight(house: House, tmp_path: Path) -> None:
    """And names the first event that may be another."""
    place = tmp_path / "anchors.ndjson"
    said(house, "audit", "anchor", "--to", f"file:{place}")
    line = json.loads(place.read_text())
    place.write_text(json.dumps({**line, "hash": "0" * 64}))
    result = house.run("audit", "verify", "--anchor", str(place))

    assert result.exit_code == 8
    assert "first bad event 1" in result.stdout
    assert "written anew" in result.stdout


def test_a_program_with_the_scope_anchors_and_one_without_does_not(
    house: House, tmp_path: Path
) -> None:
    """Cron needs no person's token for it."""
    for name, scope in (("cron", "operate"), ("bot", "read")):
        made = said(house, "token", "create", "ben", "--scope", scope, "--service")
        house.tokens[name] = made.strip()
    to = f"file:{tmp_path / 'anchors.ndjson'}"

    assert house.run("audit", "anchor", "--to", to, by="cron").exit_code == 0
    refused = house.run("audit", "anchor", "--to", to, by="bot")
    assert refused.exit_code == 6
    assert "token create ben --scope operate --scope read --service" in refused.stderr


def test_a_run_is_exported_alone_and_the_whole_needs_no_token(house: House, tmp_path: Path) -> None:
    """Like doctor: for whoever has the database."""
    ask(house)
    part, whole = tmp_path / "part", tmp_path / "whole"
    told(house, "audit", "export", "--out", str(part), "--run", "r-1")
    told(house, "audit", "export", "--out", str(whole), "--whole", by="nobody")

    assert stranger.check(part).code == stranger.check(whole).code == 0
    assert house.run("audit", "export", "--out", str(part), by="nobody").exit_code == 6
    both = house.run("audit", "export", "--out", str(part), "--whole", "--run", "r-1")
    assert both.exit_code == 2


def test_a_person_makes_a_key_registers_it_and_signs_from_then_on(
    house: House, tmp_path: Path
) -> None:
    """The private key is theirs alone; without it their decision is refused, with it it counts."""
    file, short = tmp_path / "ana.pem", ask(house)
    said(house, "key", "new", "--out", str(file), by="ana")
    said(house, "key", "add", f"{file}.pub", by="ana")
    answer = ("approval", "approve", "a-1", "--digest", short)
    without = house.run(*answer, by="ana")
    said(house, *answer, by="ana", PILOTAGE_KEY=str(file))

    assert file.stat().st_mode & 0o777 == 0o600
    assert (without.exit_code, "--key FILE" in without.stderr) == (6, True)
    assert told(house, "audit", "verify")["signed"] == 1
    assert [one["person"] for one in told(house, "key", "list")["keys"]] == ["ana"]
    assert house.run("key", "new", "--out", str(file), by="ana").exit_code == 2


def test_tokens_are_listed_without_secrets_and_revoked(house: House) -> None:
    """Everybody ends their own, an owner any; what is revoked proves nothing."""
    made = said(house, "token", "create", "ana", "--days", "30", "--scope", "read").strip()
    id, secret = made.split("_")[1:3]
    listed = house.run("token", "list", "--person", "ana", "--json")
    (mine,) = [one for one in json.loads(listed.stdout)["tokens"] if one["id"] == id]

    assert secret not in listed.stdout
    assert (mine["scopes"], mine["last_seen_at"]) == (["read"], None)
    assert house.run("token", "revoke", id, by="ben").exit_code == 6
    assert told(house, "token", "revoke", id, by="ana")["state"] == "revoked"
    assert house.run("run", "list", PILOTAGE_TOKEN=made).exit_code == 6


@pytest.mark.parametrize(
    ("expires", "says"), [("1999-01-01", "within the next 365 days"), ("never", "is no day")]
)
def test_a_token_holds_until_a_day_that_is_to_come(expires: str, says: str, house: House) -> None:
    """Not for ever, and not in the past."""
    result = house.run("token", "create", "ana", "--expires", expires)

    assert result.exit_code == 2
    assert says in result.stderr


def test_an_owner_changes_roles_and_lets_people_go_and_come_back(house: House) -> None:
    """What they decided stands; the last owner stays one."""
    said(house, "user", "role", "ben", "--add", "compliance", "--remove", "ops_lead")
    said(house, "user", "disable", "ben")
    refused = house.run("run", "list", by="ben")
    said(house, "user", "enable", "ben")
    (ben,) = [one for one in told(house, "user", "list")["people"] if one["id"] == "ben"]

    assert ben["roles"] == ["ops_manager", "rollout_owner", "compliance"]
    assert (refused.exit_code, "is disabled" in refused.stderr) == (6, True)
    assert house.run("run", "list", by="ben").exit_code == 0
    assert house.run("user", "disable", "olga").exit_code == 7
    assert house.run("user", "role", "ben", "--add", "owner", by="ana").exit_code == 6


REFUSED = [
    (("run", "show", "r-9"), "olga", "NotFound", 2),
    (("run", "list"), "nobody", "NotAllowed", 6),
    (("audit", "anchor"), "olga", "InvalidInput", 2),
    (("user", "disable", "olga"), "olga", "Conflict", 7),
    (("run", "show"), "olga", "InvalidInput", 2),
    (("nonsense",), "olga", "InvalidInput", 2),
    (("run", "list", "--nonsense"), "olga", "InvalidInput", 2),
]


@pytest.mark.parametrize(("command", "by", "kind", "code"), REFUSED)
def test_a_refusal_says_the_same_to_people_and_to_programs(
    command: tuple[str, ...], by: str, kind: str, code: int, house: House
) -> None:
    """One object on stdout with the sentence of stderr, and the same exit code."""
    plain = house.run(*command, by=by)
    result = house.run(*command, "--json", by=by)
    error = json.loads(result.stdout)["error"]

    assert (plain.exit_code, result.exit_code, error["exit_code"]) == (code, code, code)
    assert (error["kind"], plain.stdout) == (kind, "")
    assert error["message"] in result.stderr
    assert error["message"] in plain.stderr
