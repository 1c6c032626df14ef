"""What a run or an item left in words is taken out for good; what happened stays on record."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from runs import approvals, audit, erasure, snapshots, tables, words
from runs.approvals import Answer, Rules
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.records.call import Ruled, Ruling
from runs.records.person import Customer, Identity
from runs.records.run import Briefing, Report, Run, Statement
from runs.store.store import Store
from tests import acts
from tests.builders import (
    DIGEST,
    TERMS,
    approval,
    identity,
    item,
    make_customer,
    make_store,
    terminal,
)
from tests.builders import action as made_action
from tests.builders import review as made_review
from tests.builders import run as made_run
from tests.builders import trigger as made_trigger
from tests.unit.runs.test_approvals import Says

pytestmark = pytest.mark.both_databases

CANARIES = ("canary-title", "canary-text", "canary-reason", "canary-update")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


@pytest.fixture
def customer(store: Store) -> Customer:
    """Whose words they are."""
    return make_customer(store)


def keep(store: Store, customer: Customer, kind: str, text: str) -> str:
    """Keep a text; its digest."""
    value = {"text": text}
    return snapshots.keep(store, customer, "dan", kind=kind, value=value, terms=TERMS)


def told(store: Store, customer: Customer, id: str = "r-1") -> Run:
    """A run that ended on a person's no, with its update; every part says a canary."""
    with store.change(customer, "dan", id) as change:
        title = words.say(change, f"canary-title of {id}", TERMS)
    text = keep(store, customer, "trigger", f"canary-text of {id}")
    why = made_trigger(id=f"t-{id}", key=id, title=title, text=text)
    store.runs.open(customer, "dan", why, made_run(id=id, trigger=why.id))
    asked = approvals.open_approval(store, customer, f"run:{id}", approval(id=f"{id}.plan", run=id))
    rules = Rules(lambda *_: Says(closes="rejected"), lambda one: one.subject, TERMS)
    answer = Answer(asked.id, "reject", f"canary-reason of {id}", asked.subject)
    approvals.decide(store, identity(customer), answer, rules)
    [said] = approvals.decisions_of(store, customer, asked.id)
    update = keep(store, customer, "report", f"canary-update of {id}")
    report = Report(run=id, title="Update", text=update, figures=(), recipients=("ana",))
    end = terminal(run=id, reason=f"rejected: {words.quote(said.reason)}", proof=(asked.id,))
    for record in (report, end):
        store.keep(customer, f"run:{id}", record, id)
    return store.runs.close(customer, f"run:{id}", end)


def owner(customer: Customer) -> Identity:
    """Who may erase."""
    return identity(customer, "olga", roles=("owner",))


def left(store: Store, customer: Customer, canary: str) -> int:
    """How many texts still say it."""
    rows = store.ledger.rows(sa.select(tables.snapshots))
    return sum(canary in (row["content"] or "") for row in rows)


def test_a_run_loses_all_its_words_and_keeps_what_happened(
    store: Store, customer: Customer
) -> None:
    """Ids, answers, the end and the chain stand."""
    run = told(store, customer)
    texts = erasure.of_run(store, customer, run)

    gone = erasure.erase(store, owner(customer), texts, reason="asked for", terms=TERMS)

    assert sorted(one.kind for one in gone) == ["report", "trigger", "words", "words"]
    assert [left(store, customer, canary) for canary in CANARIES] == [0, 0, 0, 0]
    [said] = approvals.decisions_of(store, customer, "r-1.plan")
    assert (said.person, said.kind) == ("ana", "reject")
    assert words.words(store, customer, said.reason).startswith("[erased 2026-03-02 09:00 UTC by ")
    assert audit.verify(store.database).ok


def test_the_erasure_says_who_and_why(store: Store, customer: Customer) -> None:
    """The event names the person's words, which can be erased themselves."""
    texts = erasure.of_run(store, customer, told(store, customer))

    erasure.erase(store, owner(customer), texts, reason="asked for by Gr\u00fcn", terms=TERMS)

    events = [e for e in store.events(customer, limit=1_000) if e.kind == "snapshot_erased"]
    assert {(e.actor, e.body["why"]) for e in events} == {("olga", "asked")}
    [reason] = {str(e.body["reason"]) for e in events}
    assert words.words(store, customer, reason) == "asked for by Gr\u00fcn"
    assert not any("Gr\u00fcn" in str(e.body) for e in events)


def test_another_run_keeps_its_words(store: Store, customer: Customer) -> None:
    """Even where this run's briefing quotes them."""
    other = told(store, customer, "r-2")
    [said] = approvals.decisions_of(store, customer, "r-2.plan")
    run = told(store, customer)
    seen = Statement(topic="failure", text=words.quote(said.reason), source=other.id)
    store.keep(customer, "run:r-1", Briefing(run="r-1", statements=(seen,), lessons=()), "r-1")

    texts = erasure.of_run(store, customer, run)
    erasure.erase(store, owner(customer), texts, reason="asked for", terms=TERMS)

    assert words.words(store, customer, said.reason) == "canary-reason of r-2"


def test_an_item_loses_what_came_in_was_done_and_said(store: Store, customer: Customer) -> None:
    """With its actions and reviews; its status and owner stay."""
    kept = {
        name: keep(store, customer, name, f"{name} of Gr\u00fcn")
        for name in ("input", "snapshot", "output", "content", "said")
    }
    taken = item(**{n: kept[n] for n in ("input", "snapshot", "output")})
    store.items.admit(customer, "dan", taken)
    acts.reserve(store, customer, made_action(content=kept["content"]), 1)
    store.items.finish(customer, taken.model_copy(update={"status": "in_review"}))
    with store.change(customer, "worker") as change:
        from_person = made_review(said=kept["said"])
        change.insert(
            tables.reviews,
            {
                **{n: from_person.as_json()[n] for n in ("id", "item", "kind", "owner", "status")},
                "due_at": "2026-03-02T17:00:00.000000Z",
                "body": from_person.as_json(),
            },
            "review_opened",
        )

    texts = erasure.of_item(store, customer, "i-1")
    erasure.erase(store, owner(customer), texts, reason="asked for", terms=TERMS)

    assert {one.digest for one in texts} == set(kept.values())
    assert left(store, customer, "Gr\u00fcn") == 0
    assert store.items.get(customer, "i-1").owner == "ben"
    assert audit.verify(store.database).ok


def ruled(text: str, *, item: str = "", run: str = "") -> Ruled:
    """A ruling on a call that a model chose for an item or a run."""
    ruling = Ruling(
        rules=DIGEST, step=DIGEST, call=DIGEST, number=0, outcome="hold", reason="ask a person"
    )
    return Ruled(run=run, item=item, arguments=text, ruling=ruling)


def test_the_calls_that_a_model_chose_are_among_the_words(store: Store, customer: Customer) -> None:
    """Of the item or of the run they were for, and of no other."""
    store.items.admit(customer, "dan", item(input=keep(store, customer, "input", "an input")))
    run = told(store, customer)
    mine, its, other = (keep(store, customer, "call", text) for text in ("mine", "its", "other"))
    store.keep(customer, "worker", ruled(mine, item="i-1"))
    store.keep(customer, "worker", ruled(other, item="i-2"))
    store.keep(customer, "worker", ruled(its, run=run.id), run.id)

    of_item = {one.digest for one in erasure.of_item(store, customer, "i-1")}
    of_run = {one.digest for one in erasure.of_run(store, customer, run)}

    assert of_item & {mine, its, other} == {mine}
    assert of_run & {mine, its, other} == {its}


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ({"person": "ana", "roles": ("product_owner",)}, "holds none of the roles owner, compl"),
        ({"person": "", "roles": (), "is_machine": True}, "a machine does not decide this"),
    ],
)
def test_nobody_else_erases_and_the_attempt_is_on_record(
    store: Store, customer: Customer, who: dict[str, Any], says: str
) -> None:
    """Nothing is lost by a wrong hand."""
    texts = erasure.of_run(store, customer, told(store, customer))

    with pytest.raises(NotAllowed, match=says):
        erasure.erase(store, identity(customer, **who), texts, reason="why not", terms=TERMS)
    assert store.events(customer, limit=1_000)[-1].kind == "access_refused"
    assert left(store, customer, "canary-title") == 1


def test_an_erasure_needs_a_reason(store: Store, customer: Customer) -> None:
    """It cannot be undone; somebody will ask."""
    with pytest.raises(InvalidInput, match="--reason"):
        erasure.erase(store, owner(customer), [], reason=" ", terms=TERMS)


def test_what_is_still_needed_is_not_erased(store: Store, customer: Customer) -> None:
    """A run that goes on reads its trigger; a queued item its input."""
    store.runs.open(customer, "dan", made_trigger(), made_run())
    store.items.admit(customer, "dan", item())

    with pytest.raises(Conflict, match="run r-1 is open and still reads"):
        erasure.require_ended(store.runs.get(customer, "r-1"))
    with pytest.raises(Conflict, match="item i-1 is queued"):
        erasure.require_worked_on(store, customer, "i-1")
    store.items.finish(customer, item(status="asked", route="act"))
    with pytest.raises(Conflict, match="item i-1 is asked"):
        erasure.require_worked_on(store, customer, "i-1")


def test_a_text_is_found_by_the_beginning_of_its_digest(store: Store, customer: Customer) -> None:
    """With or without what digests begin with."""
    digest = keep(store, customer, "input", "one")

    assert erasure.of_digest(store, customer, digest[7:15]).digest == digest
    assert erasure.of_digest(store, customer, digest).kind == "input"
    with pytest.raises(NotFound, match="no text begins"):
        erasure.of_digest(store, customer, "ffffffffffffffff")
