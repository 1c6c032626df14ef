"""An action that waits for a yes, from the command line: shown exactly, decided, asked again."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pilotage.systems import ToolsFile, ToolSpec, write_specs
from runs.approvals import of_item
from runs.clock import StoppedClock
from runs.records.approval import Approval
from runs.records.item import Item
from runs.records.version import Effect
from runs.store.store import Store
from tests import builders
from tests.integration.desk import answer, version
from tests.integration.test_cli_items import release
from tests.unit.pilotage.homes import House, make_house
from workflow.process.item import process_item

SEND = Effect(
    name="send", tool="desk", operation="write", level="trigger", risks=("customer_facing",)
)
TICKET = {"ticket": "t1", "account": "A-1", "text": "sure: where is my refund?"}
TOOLS = (
    ToolSpec(name="crm", kind="records", path="crm.json", key_field="id"),
    ToolSpec(
        name="desk",
        kind="folder",
        path="desk",
        operations=("write",),
        level="trigger",
        risks=("customer_facing",),
    ),
)


def edit_account(house: House, tier: str) -> None:
    """Put the account into the customer's system."""
    account = {"id": "A-1", "tier": tier, "dispute": False, "phone": "1"}
    (house.folder / "crm.json").write_text(json.dumps([account]), encoding="utf-8")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Answers of the desk go to customers; ticket t1 waits for Ben's yes."""
    house = make_house(tmp_path / "home")
    store, customer = house.store, house.customer
    edit_account(house, "plain")
    write_specs(house.wired.home, customer, ToolsFile(tools=TOOLS))
    store.runs.open(customer, "dan", builders.trigger(), builders.run())
    built = version(effects=(SEND,), rules=())
    store.keep(customer, "worker", built, "r-1")
    release(house, version=built.digest, stage=1, weight_bp=10_000)
    house.run("item", "submit", "desk", "-", "--key", "t1", by="dan", stdin=json.dumps(TICKET))
    work(house)
    return house


def turn_on(house: House, by: timedelta) -> StoppedClock:
    """A clock that stands so much later than the record."""
    return StoppedClock(house.wired.clock.now() + by)


def work(house: House) -> Item:
    """One job of the worker on the item, with a scripted answer."""
    deps = replace(house.wired.engines("w").process_deps(house.customer), answer=answer)
    [item] = house.store.items.list(house.customer)
    return process_item(deps, house.customer, item.id)


def asked(house: House) -> list[Approval]:
    """Every question about the item."""
    [item] = house.store.items.list(house.customer)
    return of_item(house.store, house.customer, item.id)


def decide(house: House, kind: str, *more: str, by: str = "ben") -> Result:
    """Answer the newest question by the digest it shows."""
    newest = asked(house)[-1]
    digest = newest.subject.removeprefix("sha256:")[:12]
    return house.run("approval", kind, newest.id, "--digest", digest, *more, by=by)


def shown(house: House, *what: str) -> dict[str, Any]:
    """What a read gives as JSON."""
    return json.loads(house.run(*what, "--json").stdout)


def test_the_question_shows_exactly_what_is_done_and_why(house: House) -> None:
    """Content, what the version saw, risks, and the command that decides."""
    told = house.run("approval", "show", asked(house)[0].id).stdout

    assert "exactly this is done (desk.write)" in told
    assert "label: refund" in told
    assert "crm: dispute False, phone 1, tier plain" in told
    assert "customer_facing" in told
    assert f"pilotage approval approve {asked(house)[0].id} --digest" in told


def test_a_yes_by_its_digest_is_acted_on_once_and_told_with_the_item(house: House) -> None:
    """Who agreed and the receipt stand with the item."""
    agreed = decide(house, "approve")
    work(house)
    [item] = house.store.items.list(house.customer)
    told = house.run("item", "show", item.id).stdout

    assert agreed.exit_code == 0
    assert f"pilotage item show {item.id}" in agreed.stderr
    assert "acted" in told
    assert "send approved: ben (ops_lead) said approve" in told
    assert len(list((house.folder / "desk").iterdir())) == 1


def test_an_account_edited_before_the_yes_is_asked_about_anew_with_the_difference(
    house: House,
) -> None:
    """The yes is refused, nothing is sent, and the new question says what is different."""
    edit_account(house, "gold")
    refused = decide(house, "approve")
    work(house)
    old, new = asked(house)
    told = house.run("approval", "show", new.id).stdout
    [item] = house.store.items.list(house.customer)

    assert refused.exit_code != 0
    assert "superseded" in refused.stderr
    assert (old.status, new.status, new.supersedes) == ("superseded", "open", old.id)
    assert "crm.tier: plain -> gold" in told
    assert "asked again because of snapshot.crm.tier" in house.run("item", "show", item.id).stdout
    assert not (house.folder / "desk").exists()
    changed = shown(house, "approval", "show", new.id)["different"]["changed"]
    [parts] = [one["parts"] for one in changed if one["name"] == "snapshot"]
    assert parts == [{"key": "crm.tier", "before": "plain", "after": "gold"}]


def test_the_worker_asks_anew_by_itself_now_and_then(house: House) -> None:
    """An edit in the customer's system is found by the look at what falls due."""
    clock = turn_on(house, timedelta(minutes=6))
    engines = replace(house.wired, clock=clock, store=Store(house.store.database, clock)).engines(
        "w"
    )
    engines.recheck_actions(house.customer)
    before = asked(house)[0].status
    edit_account(house, "gold")
    engines.recheck_actions(house.customer)
    at_once = asked(house)[0].status
    clock.turn(timedelta(minutes=6))
    engines.recheck_actions(house.customer)

    assert (before, at_once, asked(house)[0].status) == ("open", "open", "superseded")


def test_a_no_needs_a_reason_and_leaves_the_item_with_a_person(house: House) -> None:
    """Nothing is done, and the queue of people has it."""
    without = decide(house, "reject")
    decide(house, "reject", "--reason", "not this customer")
    work(house)

    assert without.exit_code != 0
    assert "send was rejected" in house.run("item", "list", "--waiting").stdout


def test_what_waits_is_listed_for_whom_it_waits(house: House) -> None:
    """Ben's list has it, Ana's does not; items that wait so can be listed."""
    name = asked(house)[0].id

    assert name in house.run("approval", "list", "--mine", by="ben").stdout
    assert name not in house.run("approval", "list", "--mine", by="ana").stdout
    assert "t1" in house.run("item", "list", "--status", "asked").stdout
