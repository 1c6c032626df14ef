"""Statements of work in the demo's home: drafted live, told to whoever looks, and kept unsent."""

from pathlib import Path
from typing import Any

import pytest

from pilotage.cli import item_story
from pilotage.demo.play import cast_of
from rollout.signals import measure
from runs import approvals
from runs.errors import NotFound
from runs.records.version import Version
from runs.store.filtered import ItemFilter
from tests.office import SAMPLE, SMALL, Office, opened, request
from workflow import corrections, review
from workflow.process.item import give_up, process_item
from workflow.review import Said
from workflow.sources import Context, find_changes


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Given the first version on a slice."""
    return opened(tmp_path_factory.mktemp("office"), at=2)


def test_a_document_is_drafted_and_nothing_is_sent_without_a_yes(office: Office) -> None:
    """The item waits for a person; neither folder holds anything of it."""
    item = office.work_on("q-1")
    output = office.kept(item.output)

    [asked] = approvals.of_item(office.store, office.stage.customer, item.id)
    assert (item.status, item.route, item.owner) == ("asked", "act", "helena_brook")
    assert (asked.covers["effect"], asked.risks) == ("send", ("financial", "customer_facing"))
    assert len(office.files("contracts")) == 1
    assert output["label"] == "statement_of_work"
    assert output["fields"]["document"].startswith("# Statement of work")
    assert office.files("dispatch") == []


def test_the_snapshot_names_the_record_of_each_source_and_its_version(office: Office) -> None:
    """So that a reader finds the very record again."""
    item = office.work_on("q-2")
    seen, asked = office.kept(item.snapshot), request()

    assert seen["records"] == {
        "accounts": asked["account_id"],
        "rates": asked["service"],
        "terms": asked["region"],
    }
    assert set(seen["versions"]) == set(seen["records"])


def test_whoever_looks_at_the_item_sees_text_fields_and_where_each_came_from(
    office: Office,
) -> None:
    """`item show`: the document itself, and one line a field."""
    item = office.work_on("q-3")
    told = item_story.lines(item_story.story(office.store, office.stage.customer, item))
    text = "\n".join(told)
    account = request()["account_id"]

    assert "# Statement of work" in text
    assert f"<- company of accounts {account} (version " in text
    assert "tier: " in text
    assert "<- note of the item" in text
    assert text.count("The law of") == 1


def test_a_field_without_a_value_is_no_draft_and_a_person_is_told_which(office: Office) -> None:
    """Nothing is put in its place."""
    item = office.work_on("q-4", note="as last year")

    assert (item.status, item.rule, item.output) == ("in_review", "answer", "")
    assert item.reason.startswith("no draft: nothing that can be used for tier (note)")


def test_a_person_sets_a_field_of_the_draft_otherwise(office: Office) -> None:
    """What they said is kept, and told with the item."""
    wired, waits = office.stage.wired, office.work_on("q-6")
    deps = wired.engines("test").process_deps(office.stage.customer)
    item = give_up(deps, office.stage.customer, waits.id, "nobody may send today")
    fields = {"discount_pct": "77", "clauses": ["liability-cap"]}
    said = Said("edit", ("act",), fields=fields)
    answered = review.answer(wired.reviews(), office.stage.identity(item.owner), item.id, said)
    story = item_story.story(office.store, office.stage.customer, item)
    output = review.find_output(office.store, office.stage.customer, item)
    right = corrections.find_right(office.store, office.stage.customer, output, answered)

    assert (answered.label, answered.wrong) == ("statement_of_work", tuple(fields))
    assert "discount_pct 77" in "\n".join(item_story.lines(story))
    assert right["fields"]["discount_pct"] == "77"
    assert right["fields"]["tier"] == request()["note"].split()[0]
    assert "document" not in right["fields"]


def test_a_tier_edited_in_the_crm_is_seen_when_it_is_read_again(office: Office) -> None:
    """Edited as a person would in the file; the kept version is another one from then on."""
    item = office.work_on("q-5")
    seen = Context.model_validate(office.kept(item.snapshot))
    deps = office.stage.wired.engines("test").process_deps(office.stage.customer)
    version = office.store.get(office.stage.customer, Version, item.version)
    told: dict[str, Any] = {
        "tools": deps.tools,
        "item": request(),
        "now": office.stage.wired.clock.now(),
        "mask": deps.terms(version).mask,
    }
    before = find_changes(seen, version.sources, **told)
    office.stage.edit_record("accounts", request()["account_id"], contact="Nobody Known")

    assert before == []
    assert [one.says for one in find_changes(seen, version.sources, **told)] == [
        "accounts changed since it was read: contact"
    ]
    with pytest.raises(NotFound, match="no record"):
        office.stage.edit_record("accounts", "C-0", tier="growth")
    with pytest.raises(NotFound, match="no such system"):
        office.stage.edit_record("contracts", "C-0", tier="growth")


def test_the_simulator_looks_at_live_drafts_field_by_field(tmp_path: Path) -> None:
    """In the sandbox: what the note named wrongly, or not at all, is found; nothing is left."""
    office = opened(tmp_path, at=0)
    store, customer = office.store, office.stage.customer
    cast = cast_of(office.stage, SAMPLE.priorities[0]._replace(live_families=60), seed=1)
    (release,) = store.releases.list(customer, SAMPLE.name)
    sent = cast.bring(release)
    deps = office.stage.wired.engines("test").process_deps(customer)
    for item in store.items.list(customer, ItemFilter(release=release.id), limit=100):
        process_item(deps, customer, item.id)
    looked = cast.look_at(release)
    found = measure(store, customer, release=release, now=store.clock.now())
    reviews = store.reviews.list(customer, status="decided")
    edited = {name for one in reviews if one.answer == "edit" for name in one.wrong}

    assert sent == looked >= SMALL
    assert found.evidence is not None
    assert found.evidence.items.wrong_auto > 0
    assert found.evidence.items.right_auto > 0
    assert "tier" in edited
    assert all(one.simulated for one in reviews)
    assert office.files("contracts") == office.files("dispatch") == []
