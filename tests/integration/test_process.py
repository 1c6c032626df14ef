"""One item through one version, on a real record and real files."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runs.snapshots import read
from tests.integration.desk import NOW, TICKET, Desk, ended, fingerprint, process
from workflow.process.item import process_item

pytestmark = pytest.mark.both_databases

TICKETS: dict[str, dict[str, Any]] = {
    "sure": {},
    "unsure": {"text": "unsure: my refund"},
    "strange": {"text": "strange: a poem about the sea"},
    "large": {"amount": 201},
    "unknown account": {"account": "A-9"},
    "null text": {"text": None},
    "blank text": {"text": "  "},
    "long text": {"text": "x" * 501},
    "number as word": {"amount": "many"},
    "negative": {"amount": -1},
}


@pytest.mark.parametrize(
    ("ticket", "stage", "expected"),
    [
        ("sure", 0, ("drafted", "threshold", "ben", ["shadow"])),
        ("unsure", 0, ("drafted", "threshold", "ben", ["shadow"])),
        ("large", 0, ("drafted", "amount", "ben", ["shadow"])),
        ("unknown account", 0, ("drafted", "context", "ben", ["shadow"])),
        ("null text", 0, ("quarantined", "contract", "ben", ["quarantine"])),
        ("sure", 1, ("acted", "threshold", "ben", [])),
        ("sure", 2, ("acted", "threshold", "ben", [])),
        ("unsure", 1, ("in_review", "threshold", "ben", ["exception"])),
        ("strange", 1, ("in_review", "scope", "ben", ["exception"])),
        ("large", 1, ("in_review", "amount", "fay", ["exception"])),
        ("unknown account", 1, ("in_review", "context", "ben", ["exception"])),
        ("null text", 1, ("quarantined", "contract", "ben", ["quarantine"])),
        ("blank text", 1, ("quarantined", "contract", "ben", ["quarantine"])),
        ("long text", 1, ("quarantined", "contract", "ben", ["quarantine"])),
        ("number as word", 1, ("quarantined", "contract", "ben", ["quarantine"])),
        ("negative", 1, ("quarantined", "contract", "ben", ["quarantine"])),
    ],
)
def test_every_item_ends_in_a_status_with_an_owner(
    tmp_path: Path, ticket: str, stage: int, expected: tuple[str, str, str, list[str]]
) -> None:
    """Every route in every stage; only what acts alone leaves a file at the desk."""
    desk = Desk(tmp_path)
    if stage == 2:
        desk.move_release(stage=2)
    desk.admit(TICKET | TICKETS[ticket], stage=stage)

    process(desk)

    assert ended(desk) == expected
    assert len(desk.queued) == (expected[0] == "acted")
    reviews = desk.store.reviews.of_item(desk.customer, "i-1")
    assert all(review.due_at == NOW + timedelta(hours=8) for review in reviews)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ({"dispute": True}, ("refused", "dispute", "dora", [])),
        ({"dispute": None}, ("in_review", "dispute", "dora", ["exception"])),
        ({"dispute": "no"}, ("in_review", "dispute", "dora", ["exception"])),
        ({"id": ""}, ("in_review", "context", "ben", ["exception"])),
    ],
)
def test_what_the_customers_system_says_decides(
    tmp_path: Path, account: dict[str, Any], expected: tuple[str, str, str, list[str]]
) -> None:
    """A rule over a source; where the source cannot answer, a person does."""
    desk = Desk(tmp_path)
    desk.write_account(**account)
    desk.admit()

    process(desk)

    assert ended(desk) == expected
    assert desk.queued == []


def test_an_act_leaves_its_content_and_its_receipt(tmp_path: Path) -> None:
    """What was asked, what was done and the proof of it stand in the record."""
    desk = Desk(tmp_path)
    item = process(desk, desk.admit().id)
    [action] = desk.store.actions.of_item(desk.customer, item.id)
    content = read(desk.store, desk.customer, action.content)
    receipt = read(desk.store, desk.customer, action.receipt)

    assert action.key == f"i-1:assign:{fingerprint(content)}"
    assert content == json.loads((desk.folder / "queues" / desk.queued[0]).read_text())["content"]
    assert content["label"] == "refund"
    assert receipt == {"key": action.key, "answer": desk.sink.find_receipt(action.key)}
    assert desk.queued == [f"{action.key}.json"]


def test_what_the_version_saw_can_be_read_again(tmp_path: Path) -> None:
    """Input, context and answer stand in the record, masked, with versions and times."""
    desk = Desk(tmp_path)
    item = process(desk, desk.admit().id)
    snapshot = read(desk.store, desk.customer, item.snapshot)

    assert read(desk.store, desk.customer, item.input)["text"].endswith("[masked:email]")
    assert snapshot["item"] == item.input
    assert snapshot["values"] == {
        "crm": {"tier": "plus", "dispute": False, "phone": "[masked:phone]"}
    }
    assert snapshot["read_at"] == {"crm": NOW.isoformat().replace("+00:00", "Z")}
    assert read(desk.store, desk.customer, item.output)["confidence"] == 0.95
    assert item.policy == desk.policy.digest


@pytest.mark.parametrize(("limit", "status"), [("200", "acted"), ("100", "in_review")])
def test_the_policy_of_now_routes_the_item_and_is_named(
    tmp_path: Path, limit: str, status: str
) -> None:
    """A value changed after the item came in applies to it, and it names the digest."""
    desk = Desk(tmp_path)
    item = desk.admit()
    values = desk.policy.values | {"amount_limit": Decimal(limit)}
    changed = desk.policy.model_copy(update={"values": values})
    desk.lead(changed)

    item = process(desk, item.id)

    assert (item.status, item.policy) == (status, changed.digest)


def test_the_incumbents_item_goes_to_people(tmp_path: Path) -> None:
    """The version never sees it."""
    desk = Desk(tmp_path)
    item = desk.admit(arm="incumbent", version="human")

    process(desk, item.id)

    assert ended(desk) == ("handed_over", "", "ben", [])


def test_a_shadow_only_drafts_in_every_stage(tmp_path: Path) -> None:
    """People do the work; what the version would have done is looked at afterwards."""
    desk = Desk(tmp_path)
    desk.admit(arm="shadow", stage=2)
    desk.move_release(stage=2)

    process(desk)

    assert ended(desk) == ("drafted", "threshold", "ben", ["shadow"])
    assert desk.queued == []


@pytest.mark.parametrize(
    ("admitted_at", "release_at", "status"),
    [(0, 2, "drafted"), (2, 0, "drafted"), (1, -1, "drafted"), (2, 1, "acted"), (-1, 1, "drafted")],
)
def test_an_item_touches_no_more_than_both_its_stages_allow(
    tmp_path: Path, admitted_at: int, release_at: int, status: str
) -> None:
    """The stage it was admitted in and the stage of now: the smaller one holds."""
    desk = Desk(tmp_path)
    desk.admit(stage=admitted_at)
    desk.move_release(stage=release_at)

    assert process(desk).status == status


@pytest.mark.parametrize("ticket", ["sure", "unsure", "large"])
def test_a_rolled_back_version_does_not_act(tmp_path: Path, ticket: str) -> None:
    """Whatever it would have done, a person looks."""
    desk = Desk(tmp_path)
    desk.admit(TICKET | TICKETS[ticket])
    desk.move_release(status="rolled_back")

    process(desk)

    status, _, owner, reviews = ended(desk)
    assert (status, owner, reviews) == ("stopped", "ben", ["exception"])
    assert desk.queued == []


@pytest.mark.parametrize(
    ("account", "kind"),
    [({}, ["audit"]), ({"dispute": True}, ["audit"]), ({"id": ""}, ["exception"])],
)
def test_what_was_drawn_for_checking_is_checked(
    tmp_path: Path, account: dict[str, Any], kind: list[str]
) -> None:
    """An audited item that no person looked at gets a person; another has one already."""
    desk = Desk(tmp_path)
    desk.write_account(**account)
    desk.admit(audited=True)

    process(desk)

    assert ended(desk)[3] == kind


@pytest.mark.parametrize(
    ("looks", "output"),
    [
        ([0.0, 121.0, 121.0, 121.0], False),
        ([0.0, 1.0, 1.0, 200.0], True),
    ],
    ids=["its sources", "its answer"],
)
def test_an_item_that_took_longer_than_its_budget_goes_to_a_person(
    tmp_path: Path, looks: list[float], output: bool
) -> None:
    """Nothing is asked of the route once it is spent, and nothing is done after it."""
    desk = Desk(tmp_path)
    desk.admit()
    ticks = iter(looks)
    item = process_item(desk.deps(seconds=lambda: next(ticks)), desk.customer, "i-1")

    assert (item.status, item.rule, bool(item.output)) == ("in_review", "budget", output)
    assert "item_budget of the installation is 120 s" in item.reason
    assert desk.queued == []


def test_an_item_within_its_budget_acts(tmp_path: Path) -> None:
    """Exactly all of it may be spent."""
    desk = Desk(tmp_path)
    desk.admit()
    ticks = iter([0.0, 60.0, 60.0, 120.0])
    item = process_item(desk.deps(seconds=lambda: next(ticks)), desk.customer, "i-1")

    assert item.status == "acted"
