"""The record: a change and its event are one, and nothing is kept twice."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from runs import asking
from runs.errors import Conflict, InvalidInput, NotFound
from runs.records.evidence import Evidence
from runs.records.person import Customer
from runs.store.filtered import ItemFilter
from runs.store.reviews import decide_review
from runs.store.store import Store
from tests import acts
from tests.builders import (
    NOW,
    action,
    approval,
    case,
    dataset,
    evidence,
    item,
    make_customer,
    make_store,
    policy,
    release,
    review,
    run,
    terminal,
    trigger,
)

pytestmark = pytest.mark.both_databases


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


def test_the_same_trigger_twice_is_one_run_with_one_job(store: Store) -> None:
    """A sender that repeats itself starts nothing new."""
    customer = make_customer(store)
    first = store.runs.open(customer, "dan", trigger(), run())
    again = store.runs.open(customer, "dan", trigger(id="t-2"), run(id="r-2", trigger="t-2"))

    assert (again, len(store.jobs.waiting())) == (first, 1)


def test_a_kept_record_is_read_back_and_never_changes(store: Store) -> None:
    """Another content under the same id is refused."""
    customer = make_customer(store)
    store.keep(customer, "worker", evidence(), "r-1")
    store.keep(customer, "worker", evidence(), "r-1")

    assert store.of_run(customer, Evidence, "r-1") == [evidence()]
    with pytest.raises(Conflict, match="records never change"):
        store.keep(customer, "worker", evidence(seconds="2.0"), "r-1")


def test_one_customer_reads_nothing_of_another(store: Store) -> None:
    """The capability is in the key of every row."""
    ours, theirs = make_customer(store), make_customer(store, "bolt")
    store.keep(ours, "worker", evidence(), "r-1")
    store.items.admit(ours, "api", item())

    assert store.find(theirs, Evidence, evidence().id) is None
    assert store.items.list(theirs) == []
    with pytest.raises(NotFound):
        store.items.get(theirs, "i-1")


def test_the_same_item_twice_is_one_item(store: Store) -> None:
    """And the same key with another input is refused."""
    customer = make_customer(store)
    store.items.admit(customer, "api", item())
    again = store.items.admit(customer, "api", item(id="i-2"))

    assert again.id == "i-1"
    assert len(store.jobs.waiting()) == 1
    with pytest.raises(Conflict, match="used for another input"):
        store.items.admit(customer, "api", item(id="i-3", input=trigger().digest))


def test_an_item_is_finished_once(store: Store) -> None:
    """The second finish changes nothing and opens no second review."""
    customer = make_customer(store)
    store.items.admit(customer, "api", item())
    done = item(status="in_review", route="review", rule="threshold")
    store.items.finish(customer, done, [review()])
    again = store.items.finish(customer, item(status="acted", route="act"))

    assert again == done
    assert len(store.reviews.of_item(customer, "i-1")) == 1
    assert store.items.count(customer, ItemFilter()) == {"in_review": 1}


def test_the_second_answer_to_a_review_shows_the_first(store: Store) -> None:
    """Nobody's answer is overwritten."""
    customer = make_customer(store)
    store.items.admit(customer, "api", item())
    store.items.finish(customer, item(status="in_review"), [review()])
    answer = {"status": "decided", "answer": "approve", "label": "refund", "decided_by": "ben"}
    with store.change(customer, "ben") as change:
        decide_review(change, review(**answer))

    with (
        pytest.raises(Conflict, match="answered 'approve' by ben"),
        store.change(customer, "ana") as change,
    ):
        decide_review(change, review(**answer | {"decided_by": "ana"}))


def test_an_action_key_is_reserved_once_and_settled_once(store: Store) -> None:
    """The same key for other content is a conflict, and so is another end."""
    customer = make_customer(store)
    assert acts.reserve(store, customer, action(), 1).is_first
    assert not acts.reserve(store, customer, action(), 1).is_first
    acts.settle(store, customer, action().key, status="done", receipt="sha256:1", reason="")
    acts.settle(store, customer, action().key, status="done", receipt="sha256:1", reason="")

    with pytest.raises(Conflict):
        acts.settle(store, customer, action().key, status="failed", receipt="", reason="no")
    with pytest.raises(Conflict, match="other content"):
        acts.reserve(store, customer, action(content=trigger().digest), 1)


def test_a_run_ends_only_with_proof_on_record_and_a_named_owner(store: Store) -> None:
    """No terminal without its record, its proof and its person."""
    customer = make_customer(store)
    store.runs.open(customer, "dan", trigger(), run())
    for wrong in (
        terminal(),
        terminal(proof=("nothing",)),
        terminal(proof=()),
        terminal(owner="x"),
    ):
        if wrong != terminal():
            store.keep(customer, "worker", wrong, "r-1")
        with pytest.raises(InvalidInput):
            store.runs.close(customer, "worker", wrong)
    store.keep(customer, "worker", terminal(), "r-1")

    closed = store.runs.close(customer, "worker", terminal())

    assert closed.status == "ended"
    assert store.runs.close(customer, "worker", terminal()) == closed


def test_a_change_that_fails_leaves_neither_row_nor_event(store: Store) -> None:
    """All or nothing."""
    customer = make_customer(store)
    before = len(store.events(customer))

    def fail_midway() -> None:
        with store.change(customer, "cli") as change:
            change.append("job_failed", job="1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()

    assert len(store.events(customer)) == before


def test_a_change_behind_a_lost_guard_writes_nothing(store: Store) -> None:
    """A worker whose lease was taken over changes no record."""
    customer = make_customer(store)

    def refuse(_: object) -> None:
        raise Conflict("the lease was taken over")

    with pytest.raises(Conflict):
        store.guarded(refuse).keep(customer, "worker", evidence(), "r-1")
    assert store.find(customer, Evidence, evidence().id) is None


def test_an_id_is_found_though_others_begin_with_it_and_a_beginning_if_it_is_one_s(
    store: Store,
) -> None:
    """Whoever abbreviates is told when that says too little."""
    customer = make_customer(store)
    for n in (10, 11, 1, 2):
        mine = {"id": f"t-{n}", "key": f"k-{n}"}
        store.runs.open(customer, "dan", trigger(**mine), run(id=f"r-{n}", trigger=f"t-{n}"))

    assert [store.runs.get(customer, id).id for id in ("r-1", "r-10", "r-2")] == [
        "r-1",
        "r-10",
        "r-2",
    ]
    with pytest.raises(NotFound, match=r"several runs begin with 'r-'.*run list"):
        store.runs.get(customer, "r-")
    with pytest.raises(NotFound, match="no run begins with 'q'"):
        store.runs.get(customer, "q")


def test_an_item_is_read_by_its_key_however_many_there_are(store: Store) -> None:
    """One row is looked at; the ids of the others are not."""
    customer = make_customer(store)
    store.items.admit(customer, "api", item())
    asked: list[str] = []

    def note(*told: Any) -> None:
        asked.append(told[2])

    # On a server those who look have connections of their own.
    event.listen(Engine, "before_cursor_execute", note)
    store.items.get(customer, item().id)
    event.remove(Engine, "before_cursor_execute", note)

    assert [said for said in asked if "items" in said and "LIKE" in said] == []
    assert len([said for said in asked if "items" in said]) == 1


def test_late_reviews_and_the_answers_of_a_week_are_counted_whatever_number_there_is(
    store: Store,
) -> None:
    """Of one workflow; an answer of the very moment the week begins belongs to it."""
    customer = make_customer(store)
    for number, workflow in enumerate(("desk", "desk", "desk", "mail")):
        id = f"i-{number}"
        store.items.admit(customer, "dan", item(id=id, key=id, workflow=workflow))
        made = review(id=f"v-{number}", item=id)
        waits = item(id=id, key=id, workflow=workflow, status="in_review")
        store.items.finish(customer, waits, [made])
        if number < 2:
            at = NOW + timedelta(seconds=number)
            told = {"status": "decided", "answer": "edit", "decided_at": at}
            with store.change(customer, "ben") as change:
                decide_review(change, made.model_copy(update=told))

    answers = store.reviews.answers_since(customer, "desk", NOW + timedelta(seconds=1))
    assert answers == {"edit": 1}
    assert store.reviews.count_late(customer, "desk", NOW + timedelta(hours=8)) == 1
    assert store.reviews.count_late(customer, "desk", NOW) == 0


def test_records_and_events_of_a_kind_are_found_behind_many_others(store: Store) -> None:
    """A limit counts what was asked for, and without one nothing is left off."""
    customer = make_customer(store)
    store.keep(customer, "worker", evidence(), "r-1")
    for number in range(60):
        kept = evidence(id=f"r-1.access.{number}", kind="access", split="")
        store.keep(customer, "worker", kept, "r-1")

    (found,) = store.list(customer, Evidence, 1, run="r-1", of=("dry_run",))
    (opened,) = store.events(customer, kinds=("customer_opened",), limit=1)
    assert found == evidence()
    assert opened.seq == 1
    assert len(store.list(customer, Evidence, None)) == 61


@pytest.mark.parametrize("audited", [None, True])
def test_the_newest_items_of_a_stage_are_read_in_the_order_of_an_index(
    tmp_path: Path, audited: bool | None
) -> None:
    """A look reads as many items as it wants, however many came before; none are sorted."""
    store, plans = make_store(tmp_path), list[str]()
    customer = make_customer(store)
    if store.database.is_shared:
        pytest.skip("a server chooses by how much there is")
    wanted = ItemFilter(workflow="desk", release="rel-1", stage=1, arm="canary", since=NOW)
    wanted = replace(wanted, version="v", policy="p", audited=audited)

    def note(connection: Any, _: Any, statement: str, told: Any, *__: Any) -> None:
        asked = connection.connection.dbapi_connection.execute
        plans.extend(row[3] for row in asked(f"EXPLAIN QUERY PLAN {statement}", told))

    event.listen(store.database.engine, "before_cursor_execute", note)
    store.items.list(customer, wanted, limit=1000)
    store.items.in_order(customer, wanted, limit=30)
    event.remove(store.database.engine, "before_cursor_execute", note)

    assert len(plans) == 2
    assert all("ix_items_customer_workflow_received_at_id" in plan for plan in plans)


def test_values_are_settled_only_where_nothing_is_asked_and_every_release_goes_by_them(
    store: Store,
) -> None:
    """Whoever finds it so need not look any further; in doubt it is not so."""
    customer = make_customer(store)
    values = policy()

    def is_settled() -> bool:
        return store.policies.is_settled(customer, "desk", values.digest)

    seen = [is_settled()]
    store.policies.lead(customer, "ben", values)
    seen.append(is_settled())
    store.releases.open(customer, "worker", release(policy=values.digest))
    seen.append(is_settled())
    store.releases.open(customer, "worker", release(id="rel-2"))
    seen.append(is_settled())

    assert seen == [False, True, True, False]


def test_values_are_not_settled_while_people_are_asked_about_others(store: Store) -> None:
    """An open question about a policy, or one that was agreed to, may still have to be followed."""
    customer = make_customer(store)
    values = policy()
    store.policies.lead(customer, "ben", values)
    asked = approval(id="policy.desk.1", run="", kind="policy", covers={"workflow": "desk"})
    with store.change(customer, "worker") as change:
        asking.put(change, asked)
    open_one = store.policies.is_settled(customer, "desk", values.digest)
    with store.change(customer, "worker") as change:
        asking.close(change, asked, "rejected")

    assert (open_one, store.policies.is_settled(customer, "desk", values.digest)) == (False, True)


def test_cases_are_counted_by_who_labelled_them(store: Store) -> None:
    """Of one dataset of one customer."""
    customer, other = make_customer(store), make_customer(store, "zeta")
    cases = [case(), case(id="c-2", labelled_by="eva"), case(id="c-3", labelled_by="")]
    digest = store.cases.keep(customer, "dan", dataset(cases), cases).digest

    def counted(whose: Customer, person: str) -> int:
        return store.cases.count_labelled(whose, digest, person)

    assert [counted(customer, one) for one in ("maren", "eva", "dan")] == [1, 1, 0]
    assert counted(other, "eva") == 0
    assert [one.id for one in store.cases.first(customer, digest, 2)] == ["c-1", "c-2"]
