"""Statements of work in the demo's home: drafted live, told to whoever looks, and kept unsent."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pilotage import settings
from pilotage.cli import item_story
from pilotage.demo.play import cast_of
from pilotage.demo.stage import Stage, build, lay_policy
from policies.rules import read_plan, read_policy
from rollout.admission import Sent
from rollout.release import climb
from rollout.release.climb import Candidate
from rollout.signals import measure
from runs import snapshots
from runs.errors import NotFound
from runs.plan import PlanRecord
from runs.records.item import Item
from runs.records.version import Version
from runs.store.items import ItemFilter
from tests import builders
from workflow import corrections, review
from workflow.process.item import process_item
from workflow.review import Said
from workflow.samples.document_drafting import generator
from workflow.samples.known import find_sample
from workflow.sources import Context, find_changes
from workflow.version import make

SAMPLE = find_sample("document_drafting")
SMALL = 24


@dataclass(frozen=True)
class Office:
    """The sample's home with its first version on a slice that serves every request."""

    stage: Stage

    @property
    def store(self) -> Any:
        """The record."""
        return self.stage.wired.store

    def work_on(self, key: str, **changed: Any) -> Item:
        """A request, admitted and worked on to its end."""
        sender = self.stage.holder_of("delivery_engineer")
        sent = [Sent(key, dict(request(**changed)))]
        (item,) = self.stage.wired.admit(sender, SAMPLE.name, sent, batch="b")
        deps = self.stage.wired.engines("test").process_deps(self.stage.customer)
        return process_item(deps, self.stage.customer, item.id, once())

    def kept(self, digest: str) -> Any:
        """A snapshot."""
        return snapshots.read(self.store, self.stage.customer, digest)

    def files(self, sink: str) -> list[Path]:
        """What was left in a folder of the customer."""
        return list((self.stage.wired.home.folder / "customer" / sink).rglob("*.json"))


def request(**changed: Any) -> Mapping[str, Any]:
    """An ordinary request of a fresh account with its tier in the note."""
    found = generator.requests(5, 60, pool="live")
    one = next(p for p in found if p.truth.why.startswith("clause 8") and not p.is_unclear)
    return {**one.input, "note": f"{one.truth.fields['tier']} as agreed", **changed}


def once() -> Callable[[str, Callable[[], Any]], Any]:
    """Steps whose results are kept as JSON."""
    kept: dict[str, str] = {}

    def step(name: str, work: Callable[[], Any]) -> Any:
        kept[name] = kept.get(name) or json.dumps(work())
        return json.loads(kept[name])

    return step


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Given the first version on a slice."""
    return opened(tmp_path_factory.mktemp("office"), at=2)


def opened(folder: Path, *, at: int) -> Office:
    """The first version, its release standing on a stage with a small sample."""
    stage = build(settings.read({"PILOTAGE_HOME": str(folder / "home")}), SAMPLE, seed=1)
    lay_policy(stage, SAMPLE.priorities[0])
    documents, store, customer = SAMPLE.documents, stage.wired.store, stage.customer
    plan = read_plan(documents.text("plan.yaml"), "plan.yaml").plan
    policy = read_policy(documents.text("policy.yaml"), "policy.yaml")
    assert plan is not None
    written = PlanRecord(run="r-1", plan=plan, lessons=(), changes=())
    version = make(written, builders.dataset([], workflow=plan.workflow))
    store.runs.open(customer, "timo_graf", builders.trigger(), builders.run())
    for record in (written, version, policy):
        store.keep(customer, "worker", record, "r-1")
    candidate = Candidate("r-1", written.digest, version.digest, policy.digest)
    release = climb.open(store, customer, candidate=candidate, salt="s")
    stages = tuple(one.model_copy(update={"sample": SMALL}) for one in release.stages)
    told = {"stage": at, "weight_bp": 10_000 if at else 0, "stages": stages}
    told |= {"entered_at": stage.wired.clock.now()}
    after = release.model_copy(update=told)
    store.releases.change(
        customer, "worker", before=release, after=after, event=("stage_entered", {})
    )
    return Office(stage)


def test_a_document_is_drafted_and_nothing_is_sent_without_a_yes(office: Office) -> None:
    """The item waits for a person; neither folder holds anything of it."""
    item = office.work_on("q-1")
    output = office.kept(item.output)

    assert (item.status, item.route) == ("in_review", "act")
    assert "send is" in item.reason
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
    item, wired = office.work_on("q-6"), office.stage.wired
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
    assert find_changes(seen, version.sources, **told) == [
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
        process_item(deps, customer, item.id, once())
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
