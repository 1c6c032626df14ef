"""Admission: once a key, by the release as it stands when the item is written."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.privacy import compile_mask
from rollout import admission
from rollout.assignment import arm
from rollout.release import way_back
from rollout.sent import Sent
from runs import snapshots
from runs.audit import verify
from runs.errors import Conflict, InvalidInput, NotFound
from runs.records.item import Item
from runs.records.version import Version
from runs.snapshots import Terms
from runs.store.change import Change
from runs.store.filtered import ItemFilter
from runs.store.policies import lead_in
from tests import builders
from tests.world import World, make_world

pytestmark = pytest.mark.both_databases


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path)


def submit(world: World, key: str = "t-1", value: Any = None, batch: str = "") -> Item:
    """One ticket."""
    value = {"text": "where is my parcel"} if value is None else value
    return admission.submit(world.deps, world.customer, "desk", value, key=key, batch=batch)


def counts(world: World, **wanted: Any) -> int:
    """How many items there are."""
    return sum(world.store.items.count(world.customer, ItemFilter(**wanted)).values())


def test_a_workflow_without_a_release_takes_nothing_in(world: World) -> None:
    """The message says what brings one."""
    with pytest.raises(NotFound, match="'desk' has no release; `pilotage run start`"):
        submit(world)


def test_the_same_key_twice_is_one_item(world: World) -> None:
    """One row, one job, the same answer."""
    world.at("sandbox")
    first, again = submit(world), submit(world)

    assert first == again
    assert (counts(world), world.store.jobs.unfinished()) == (1, 1)


def test_the_same_key_for_another_input_is_a_conflict(world: World) -> None:
    """The item there is is named and stays as it was."""
    world.at("sandbox")
    first = submit(world)

    with pytest.raises(Conflict, match=f"was used for another input .item {first.id}"):
        submit(world, value={"text": "something else"})
    assert world.store.items.get(world.customer, first.id) == first


def test_an_item_keeps_its_arm_when_the_release_moves_on(world: World) -> None:
    """Sent again after the release has left the sandbox it is what it was."""
    release = world.at("sandbox")
    first = submit(world)
    world.put(release, "full")

    assert submit(world) == first
    assert first.arm == "shadow"


def test_in_the_sandbox_every_item_is_a_shadow_that_a_person_looks_at(world: World) -> None:
    """Queued under the version and the leading policy, owned, and due."""
    release = world.at("sandbox")
    item = submit(world, batch="monday")

    assert (item.arm, item.status, item.audited) == ("shadow", "queued", True)
    assert (item.version, item.policy) == (release.version, release.policy)
    assert (item.owner, item.batch, item.stage) == ("ana", "monday", 0)
    assert item.due_at == world.clock.now() + timedelta(hours=8)


def test_a_slice_serves_its_share_and_people_serve_the_rest(world: World) -> None:
    """Each by the hash of its key; what people serve is handed over to their owner at once."""
    release = world.at("slice_50")
    items = world.send(200)

    assert all(item.arm == arm(release.salt, item.key, 5_000) for item in items)
    assert {(i.arm, i.status, i.version, i.owner) for i in items} == {
        ("canary", "queued", release.version, "ana"),
        ("incumbent", "handed_over", "human", "ben"),
    }
    assert world.store.jobs.unfinished() == sum(item.arm == "canary" for item in items)


def test_the_audited_share_is_the_one_of_the_leading_policy(world: World) -> None:
    """Chosen before any output; what people serve is not among it."""
    world.lead(builders.policy(audit_share=0.25))
    world.at("full")
    items = world.send(400)
    audited = [item for item in items if item.audited]

    assert {item.arm for item in audited} == {"canary"}
    assert 70 <= len(audited) <= 130


def test_the_policy_that_leads_at_admission_is_on_the_item(world: World) -> None:
    """A file edited between two items divides them."""
    release = world.at("full")
    before = submit(world, "t-1")
    leading = world.lead(builders.policy(values={"act_threshold": "0.7", "scope_floor": "0"}))

    assert (before.policy, submit(world, "t-2").policy) == (release.policy, leading)


@pytest.mark.parametrize(("stage", "arm"), [("sandbox", "shadow"), ("full", "incumbent")])
def test_while_a_release_is_held_only_its_sandbox_takes_items(
    world: World, stage: str, arm: str
) -> None:
    """Elsewhere they go to the incumbent, and the item says so."""
    release = world.at(stage)
    way_back.hold(world.store, world.customer, release=release, cause=world.asked())
    item = submit(world)

    assert item.arm == arm
    assert arm == "shadow" or item.reason == f"release {release.id}: is held at full"


def test_after_a_rollback_people_serve_again(world: World) -> None:
    """The workflow still takes its items; none is lost."""
    release = world.at("full")
    way_back.roll_back(world.store, world.customer, release=release, cause=world.asked())
    item = submit(world)

    assert (item.arm, item.status, item.version) == ("incumbent", "handed_over", "human")
    assert item.reason == f"release {release.id}: was rolled back"


def test_beside_a_version_in_use_the_sandbox_works_on_rows_of_its_own(world: World) -> None:
    """The ticket is served by the version in use; its shadow shares nothing but the input."""
    old = world.at("full", status="complete", weight_bp=10_000)
    world.clock.turn(timedelta(hours=1))
    young = world.put(world.open(run="r-2", retention_days=31), "sandbox")
    item = submit(world)
    shadow = world.store.items.list(world.customer, ItemFilter(arm="shadow"))

    assert (item.release, item.arm, item.version) == (old.id, "canary", old.version)
    assert [(one.release, one.version, one.input) for one in shadow] == [
        (young.id, young.version, item.input)
    ]


def test_a_release_that_moves_meanwhile_is_asked_again(world: World) -> None:
    """No item slips into a version that was rolled back while the item was being written."""
    release, cause = world.at("full"), world.asked()

    def roll_back_meanwhile(_: Version) -> Terms:
        way_back.roll_back(world.store, world.customer, release=release, cause=cause)
        return builders.TERMS

    deps = replace(world.deps, terms=roll_back_meanwhile)
    item = admission.submit(deps, world.customer, "desk", {"text": "x"}, key="t-1")

    assert item.arm == "incumbent"
    assert counts(world, arm="canary") == 0


def test_values_that_begin_to_lead_meanwhile_are_on_the_item(world: World) -> None:
    """What operations just forbade is not done once more because somebody looked before."""
    world.at("slice_50")
    stricter = builders.policy(values={"act_threshold": "0.9", "scope_floor": "0"})
    world.store.keep(world.customer, "ben", stricter)

    def lead(change: Change) -> None:
        lead_in(change, "desk", stricter.digest)

    racing = replace(world.deps, store=world.store.guarded(lead))
    item = admission.submit(racing, world.customer, "desk", {"text": "a parcel"}, key="t-1")

    assert item.policy == stricter.digest


def test_what_is_masked_never_reaches_the_record(world: World) -> None:
    """The input is masked by the version's terms before it is kept; the second time as well."""
    world.at("sandbox")
    terms = Terms(compile_mask([], ["email"]), 30)
    deps = replace(world.deps, terms=lambda _: terms)
    value = {"text": "write to eve@example.com"}
    item = admission.submit(deps, world.customer, "desk", value, key="t-1")
    again = admission.submit(deps, world.customer, "desk", value, key="t-1")

    kept = snapshots.read(world.store, world.customer, item.input)
    assert "eve" not in kept["text"]
    assert again == item


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "not a JSON object"),
        ({"text": "x" * 1_000_001}, "larger than 1,000,000 bytes"),
        ({"text": ["y" * 999] * 1_100}, "larger than 1,000,000 bytes"),
        ({"text": "\ud800"}, "characters that are none"),
        ({"n": 2**53}, "beyond 2\\^53; send it as text"),
        ({"n": float("nan")}, "not finite"),
        ({"n": {1, 2}}, "of type set is not JSON"),
        ({1: "x"}, "field's name is not text"),
    ],
)
def test_what_is_no_bounded_json_object_is_refused(world: World, value: Any, says: str) -> None:
    """The message names the key, what is wrong and what to do; nothing is kept."""
    world.at("sandbox")

    with pytest.raises(InvalidInput, match=f"item with key 't-1': .*{says}"):
        submit(world, value=value)
    assert counts(world) == 0


def test_a_value_nested_without_end_is_refused(world: World) -> None:
    """Depth is counted without recursion."""
    world.at("sandbox")
    value: Any = "x"
    for _ in range(100_000):
        value = [value]

    with pytest.raises(InvalidInput, match="deeper than 50 levels"):
        submit(world, value={"text": value})


@pytest.mark.parametrize("key", ["", " t", "t\n", "x" * 201, "\x1f", "\ud800", None, 5])
def test_a_key_that_is_no_name_is_refused(world: World, key: Any) -> None:
    """It must stay with the item for ever."""
    world.at("sandbox")

    with pytest.raises(InvalidInput, match=r"a key is (text|printable)"):
        submit(world, key)


def test_a_batch_name_is_bounded(world: World) -> None:
    """A batch is found again by its name."""
    world.at("sandbox")

    with pytest.raises(InvalidInput, match="at most 120 printable"):
        submit(world, batch="x" * 121)


def test_a_batch_with_one_bad_item_takes_nothing_in(world: World) -> None:
    """Everything is looked at before anything is written."""
    world.at("sandbox")
    sent = [Sent(f"t-{n}", {"text": "x"}) for n in range(150)]

    with pytest.raises(InvalidInput, match="'t-150'"):
        admission.submit_many(world.deps, world.customer, "desk", [*sent, Sent("t-150", {1: 2})])  # pyright: ignore[reportArgumentType] -- what a caller outside may send
    with pytest.raises(Conflict, match="'t-0' is sent twice"):
        admission.submit_many(world.deps, world.customer, "desk", [*sent, Sent("t-0", {"a": 1})])
    assert counts(world) == 0


def test_a_batch_is_answered_in_its_order_and_may_be_sent_again(world: World) -> None:
    """Items of several transactions, some there already, one of them twice."""
    world.at("slice_50")
    submit(world, "t-7", {"text": "ticket t 7"})
    sent = [Sent(f"t-{n}", {"text": f"ticket t {n}"}) for n in [*range(230), 3]]
    first = admission.submit_many(world.deps, world.customer, "desk", sent)
    again = admission.submit_many(world.deps, world.customer, "desk", sent)

    assert [item.key for item in first] == [one.key for one in sent]
    assert again == first
    assert counts(world) == 230


def test_every_admission_is_in_the_audit(world: World) -> None:
    """The chain covers items, inputs and releases."""
    world.at("slice_50")
    world.send(30)

    assert verify(world.store.database).problems == ()


def test_one_customer_never_meets_the_items_of_another(world: World) -> None:
    """The same key in two houses is two items; the other house has no release."""
    world.at("sandbox")
    submit(world)
    other = builders.make_customer(world.store, "other")

    with pytest.raises(NotFound):
        admission.submit(world.deps, other, "desk", {"text": "x"}, key="t-1")
    assert world.store.items.find_by_keys(other, "desk", ["t-1"]) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def test_any_json_object_is_kept_as_it_was_sent(world: World) -> None:
    """Whatever JSON holds comes back from the record unchanged."""
    world.at("sandbox")
    keys = iter(range(10_000))

    @settings(deadline=None, max_examples=40)
    @given(value=st.dictionaries(st.text(max_size=8), json_values, max_size=5))
    def check(value: dict[str, Any]) -> None:
        item = submit(world, f"k-{next(keys)}", value)
        assert snapshots.read(world.store, world.customer, item.input) == value

    check()
