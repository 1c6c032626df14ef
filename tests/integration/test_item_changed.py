"""What changes under a question about an item's action, and what a person puts otherwise."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runs import people, snapshots
from runs.errors import Conflict, InvalidInput, NotAllowed, Unavailable
from runs.records.version import PolicyValues
from tests import builders
from tests.integration.signing import Signing
from workflow.process import asking


@pytest.fixture
def desk(tmp_path: Path) -> Signing:
    """A ticket is in, and its effect waits for Ana."""
    desk = Signing(tmp_path)
    desk.admit()
    desk.work()
    return desk


def edit_the_tier(desk: Signing) -> None:
    """A rep edits the account after the draft and before the approval."""
    desk.write_account(tier="gold")


def edit_the_values(desk: Signing) -> None:
    """Operations let other values lead."""
    told = desk.policy.model_dump()
    told["values"]["amount_limit"] = "190"
    desk.lead(PolicyValues.model_validate(told))


def narrow_to_the_sandbox(desk: Signing) -> None:
    """The release serves nothing any more."""
    desk.move_release(stage=0, weight_bp=0)


CHANGES = [edit_the_tier, edit_the_values, narrow_to_the_sandbox]


@pytest.mark.parametrize("change", CHANGES)
def test_a_yes_to_what_has_changed_is_refused_and_superseded(
    desk: Signing, change: Callable[[Signing], None]
) -> None:
    """Nothing is sent; the item is woken, to be looked at again."""
    change(desk)

    with pytest.raises(Conflict, match="has changed; it is superseded"):
        desk.decide()
    [asked] = desk.asked
    assert (asked.status, desk.queued) == ("superseded", [])
    assert desk.jobs == [f"{asked.id}:superseded"]


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        (edit_the_tier, ("asked", "superseded")),
        (edit_the_values, ("asked", "superseded")),
        (narrow_to_the_sandbox, ("in_review", "approved")),
    ],
)
def test_what_changes_after_the_yes_stops_the_act(
    desk: Signing, change: Callable[[Signing], None], ends: tuple[str, str]
) -> None:
    """The digest is made again immediately before acting; the yes to the old one counts no more."""
    desk.decide()
    change(desk)
    item = desk.work()

    assert (item.status, desk.asked[-1].status) == ends
    assert desk.queued == []


def test_the_worker_finds_a_change_before_anybody_decides(desk: Signing) -> None:
    """A question about what is no longer so is not left standing."""
    unchanged = asking.recheck(desk.deps(), desk.customer, desk.asked[0])
    edit_the_tier(desk)
    changed = asking.recheck(desk.deps(), desk.customer, desk.asked[0])

    assert (unchanged, changed, desk.asked[0].status) == (False, True, "superseded")


def test_what_changed_is_asked_again_on_what_the_sources_say_now(desk: Signing) -> None:
    """Another snapshot, another digest, the old question named; agreed to, it is done once."""
    edit_the_tier(desk)
    with pytest.raises(Conflict):
        desk.decide()
    before = desk.item.snapshot
    desk.work()
    old, new = desk.asked

    assert (old.status, new.status, new.supersedes) == ("superseded", "open", old.id)
    assert old.covers["snapshot"] == before != new.covers["snapshot"] == desk.item.snapshot
    seen = snapshots.read(desk.store, desk.customer, desk.item.snapshot)
    assert seen["values"]["crm"]["tier"] == "gold"
    desk.decide()
    assert (desk.work().status, desk.desk_tool.acts) == ("acted", 1)


def test_changed_and_changed_back_it_is_still_another_question(desk: Signing) -> None:
    """A question that was superseded never stands again."""
    edit_the_tier(desk)
    with pytest.raises(Conflict):
        desk.decide()
    desk.write_account(tier="plus")
    desk.work()

    assert [one.status for one in desk.asked] == ["superseded", "open"]
    assert desk.asked[0].id != desk.asked[1].id


def test_while_a_source_does_not_answer_nothing_is_decided(desk: Signing) -> None:
    """An outage is no change: the question stays open, and can be answered afterwards."""
    account = desk.folder / "crm.json"
    text = account.read_text(encoding="utf-8")
    account.unlink()

    with pytest.raises(Unavailable, match="decide again when it answers"):
        desk.decide()
    account.write_text(text, encoding="utf-8")
    assert desk.asked[0].status == "open"
    assert desk.decide().status == "approved"


def test_an_edit_is_asked_anew_of_somebody_else_and_done_as_it_was_put(tmp_path: Path) -> None:
    """Ana writes another label; she has no say in it any more, Cleo agrees, and it is done so."""
    desk = Signing(tmp_path)
    cleo = builders.person(id="cleo", roles=("product_owner",))
    people.add_person(desk.store, desk.customer, "cli", cleo)
    desk.admit()
    desk.work()
    desk.decide("approve_with_edit", edit="label: parcel\n")
    asked_again = desk.work()
    [first, second] = desk.asked
    with pytest.raises(NotAllowed):
        desk.decide(by="ana")
    desk.decide(by="cleo")

    assert (asked_again.status, first.status) == ("asked", "superseded")
    assert (second.excluded, second.needs[0].people) == (("ana", "cli", "dan"), ("cleo",))
    assert desk.work().status == "acted"
    written = (desk.folder / "queues" / desk.queued[0]).read_text(encoding="utf-8")
    assert '"label": "parcel"' in written


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ("label: poem", "take one of refund, parcel"),
        ("label: refund", "changes nothing"),
        ("price: 3", "sets price; set some of label"),
        ("- label", "no keys"),
    ],
)
def test_an_edit_that_does_not_fit_is_told_before_anything_is_decided(
    desk: Signing, edit: str, says: str
) -> None:
    """The question stays open, with no decision."""
    with pytest.raises(InvalidInput, match=says):
        desk.decide("approve_with_edit", edit=edit)
    assert desk.asked[0].status == "open"
