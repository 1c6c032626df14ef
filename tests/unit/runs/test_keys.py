"""Whoever has a key decides with it: a second wall behind the token."""

from datetime import timedelta
from pathlib import Path

import pytest

from runs import approvals, audit, keys, people, signing, tables
from runs.approvals import Answer
from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.keys import Said
from runs.records.approval import Signature
from runs.store.change import Change
from runs.store.store import Store
from tests.builders import NOW, approval, identity, make_customer, make_store, run, trigger
from tests.ledger import WAITS

PRIVATE, OTHER = signing.make_key(), signing.make_key()
PUBLIC = signing.public_of(PRIVATE)
SUBJECT = approval().subject
SAID = Said("a-1", SUBJECT, "approve", None)


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that stands still."""
    return StoppedClock(NOW)


@pytest.fixture
def store(tmp_path: Path, clock: StoppedClock) -> Store:
    """A record in which Ana has a key and is asked."""
    store = make_store(tmp_path, clock)
    customer = make_customer(store)
    store.runs.open(customer, "dan", trigger(), run())
    approvals.open_approval(store, customer, "run:r-1", approval())
    keys.add(store, identity(customer), PUBLIC)
    return store


def answer(signature: Signature | None, kind: str = "approve") -> Answer:
    """What Ana sends."""
    return Answer("a-1", kind, "because", SUBJECT, "", "", signature)  # pyright: ignore[reportArgumentType] -- a table


def signed(store: Store, private: bytes = PRIVATE, said: Said = SAID) -> Signature:
    """What she signs now."""
    return keys.sign(private, identity(store.customer("acme")), said, store.clock.now())


def test_a_signed_decision_counts_and_is_checked_with_the_record(store: Store) -> None:
    """The signature stands in the decision, and the event names the key."""
    customer = store.customer("acme")
    approvals.decide(store, identity(customer), answer(signed(store)), WAITS)

    (decision,) = approvals.decisions_of(store, customer, "a-1")
    report = audit.verify(store.database)
    assert decision.signature
    assert (report.ok, report.decisions, report.signed) == (True, 1, 1)
    assert store.events(customer)[-1].body["key"] == decision.signature.key


WRONG = {
    "none": (lambda store: None, "add --key FILE, or set PILOTAGE_KEY"),
    "another key": (lambda store: signed(store, OTHER), "register it: pilotage key add"),
    "another answer": (
        lambda store: signed(store, said=SAID._replace(kind="reject")),
        "not of this decision",
    ),
    "another question": (
        lambda store: signed(store, said=SAID._replace(approval="a-2")),
        "not of this decision",
    ),
    "another digest": (
        lambda store: signed(store, said=SAID._replace(subject=trigger().digest)),
        "not of this decision",
    ),
    "another's key under her key's name": (
        lambda store: signed(store, OTHER).model_copy(update={"key": signing.name_of(PUBLIC)}),
        "not of this decision",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_without_the_right_signature_nothing_is_decided(name: str, store: Store) -> None:
    """Refused with the remedy; the refusal is an event."""
    make, says = WRONG[name]
    customer = store.customer("acme")

    with pytest.raises(NotAllowed, match=says):
        approvals.decide(store, identity(customer), answer(make(store)), WAITS)
    assert approvals.decisions_of(store, customer, "a-1") == []
    assert store.events(customer)[-1].kind == "decision_refused"


def test_a_signature_that_was_made_earlier_does_not_count(
    store: Store, clock: StoppedClock
) -> None:
    """What was signed and kept back is signed again."""
    before = signed(store)
    clock.turn(timedelta(minutes=16))

    with pytest.raises(NotAllowed, match="sign the decision again"):
        approvals.decide(store, identity(store.customer("acme")), answer(before), WAITS)


def test_who_has_no_key_decides_with_their_token_and_signs_nothing(store: Store) -> None:
    """A key that was never registered proves nothing."""
    ben = identity(store.customer("acme"), "ben")

    with pytest.raises(NotAllowed, match="no active key of ben"):
        approvals.decide(store, ben, answer(keys.sign(PRIVATE, ben, SAID, NOW)), WAITS)
    assert approvals.decide(store, ben, answer(None), WAITS).status == "open"


def test_a_stolen_token_brings_no_key_and_ends_none(store: Store) -> None:
    """Both are signed with the key the person holds, or done by an owner who is somebody else."""
    ana, olga = identity(store.customer("acme")), identity(store.customer("acme"), "olga")
    olga = olga.model_copy(update={"roles": ("owner",)})
    name = signing.name_of(PUBLIC)

    with pytest.raises(NotAllowed, match="sign for another with it"):
        keys.add(store, ana, signing.public_of(OTHER), keys.prove(OTHER, ana, "add", "x"))
    with pytest.raises(NotAllowed, match="ask an owner other than them"):
        keys.revoke(store, ana, name)
    assert keys.revoke(store, olga, name).revoked_at == NOW
    assert store.events(ana.customer)[-1].body["by"] == "owner"


def test_the_holder_of_a_key_adds_another_and_ends_the_first(store: Store) -> None:
    """Signed with the one they have; a wish for one key is none for another."""
    ana, next_one = identity(store.customer("acme")), signing.public_of(OTHER)
    name = signing.name_of(next_one)

    added = keys.add(store, ana, next_one, keys.prove(PRIVATE, ana, "add", name))
    with pytest.raises(NotAllowed):
        keys.revoke(store, ana, added.id, keys.prove(PRIVATE, ana, "add", added.id))
    first = signing.name_of(PUBLIC)
    keys.revoke(store, ana, first, keys.prove(OTHER, ana, "revoke", first))
    assert [key.id for key in keys.active(store, ana.customer, "ana")] == [added.id]
    with pytest.raises(Conflict, match="was revoked at"):
        keys.revoke(store, ana, first, keys.prove(OTHER, ana, "revoke", first))


def test_one_key_is_one_persons_for_ever(store: Store) -> None:
    """Two accounts of one person do not share it, and a revoked one does not come back."""
    with pytest.raises(InvalidInput, match="is or was in use"):
        keys.add(store, identity(store.customer("acme"), "ben"), PUBLIC)


def test_an_only_owner_ends_their_own_key_and_the_event_says_so(store: Store) -> None:
    """Where nobody else could."""
    customer = store.customer("acme")
    olga = identity(customer, "olga", roles=("owner",))
    key = keys.add(store, olga, signing.public_of(OTHER))
    keys.revoke(store, olga, key.id)

    assert store.events(customer)[-1].body["by"] == "alone"


def test_a_program_has_no_key(store: Store) -> None:
    """Only people sign."""
    with pytest.raises(NotAllowed, match="a program has no key"):
        keys.add(store, identity(store.customer("acme"), is_machine=True), PUBLIC)


@pytest.mark.parametrize("text", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAA==\n"])
def test_what_is_no_key_is_told_with_how_to_make_one(text: bytes) -> None:
    """Whatever stands in the file."""
    with pytest.raises(InvalidInput, match="pilotage key new"):
        signing.read_public(text)
    assert signing.read_public(signing.pem_of(PUBLIC)) == PUBLIC


def test_a_token_without_the_scope_decides_nothing(store: Store) -> None:
    """Before anything is looked at."""
    customer = store.customer("acme")

    with pytest.raises(NotAllowed, match="and not decide"):
        approvals.decide(store, identity(customer, scopes=("read",)), answer(None), WAITS)
    assert people.refusals(store, customer, NOW) == {"scope": 1}


def test_of_two_first_keys_at_once_the_second_needs_the_first_ones_word(store: Store) -> None:
    """Whoever comes with a stolen token a moment later brings no key."""
    ben = identity(store.customer("acme"), "ben")
    own = {"id": signing.name_of(signing.public_of(OTHER)), "person": "ben", "revoked_at": None}
    own |= {"public": signing.public_of(OTHER), "added_at": NOW.isoformat()}

    def come_first(change: Change) -> None:
        change.insert(tables.keys, own, "key_added")

    with pytest.raises(NotAllowed, match="sign for another with it"):
        keys.add(store.guarded(come_first), ben, signing.public_of(signing.make_key()))


def test_of_two_who_end_a_key_at_once_one_does(store: Store) -> None:
    """The first moment stands: which decisions had to be signed follows from it."""
    olga = identity(store.customer("acme"), "olga").model_copy(update={"roles": ("owner",)})
    name = signing.name_of(PUBLIC)

    def come_first(change: Change) -> None:
        ended = {"revoked_at": "2026-03-02T08:59:00.000000Z"}
        change.update(tables.keys, {"id": name}, ended, "key_revoked")

    with pytest.raises(Conflict, match="was revoked at 2026-03-02 08:59"):
        keys.revoke(store.guarded(come_first), olga, name)
