"""Who may come in, what their token may do, and what is written down of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from runs import people, tables
from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.people import MOST_REFUSALS, WHOLE
from runs.records.person import Customer
from runs.store.change import Change
from runs.store.store import Store
from tests.builders import NOW, identity, make_customer, make_store


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that stands still."""
    return StoppedClock(NOW)


@pytest.fixture
def store(tmp_path: Path, clock: StoppedClock) -> Store:
    """A record with a customer and their people."""
    store = make_store(tmp_path, clock)
    make_customer(store)
    return store


@pytest.fixture
def customer(store: Store) -> Customer:
    """The customer."""
    return store.customer("acme")


def token(store: Store, **told: object) -> str:
    """A token of Ana's."""
    customer = store.customer("acme")
    return people.create_token(store, customer, "olga", person="ana", **told)  # pyright: ignore[reportArgumentType] -- a table


def kinds(store: Store, customer: Customer) -> list[str]:
    """The events about coming in."""
    told = [event for event in store.events(customer) if event.subject.startswith("token/")]
    return [str(event.body.get("why", event.kind)) for event in told]


def test_the_first_use_of_a_token_in_an_hour_is_an_event(
    store: Store, customer: Customer, clock: StoppedClock
) -> None:
    """And tells when it was last seen."""
    made = token(store)
    people.authenticate(store, made)
    people.authenticate(store, made)
    clock.turn(timedelta(hours=1))
    people.authenticate(store, made)

    assert kinds(store, customer) == ["token_used", "token_used"]
    assert people.tokens(store, customer)[0].last_seen_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("why", ["unknown_secret", "expired", "revoked", "disabled"])
def test_every_refusal_of_a_known_token_is_an_event_without_its_secret(
    why: str, store: Store, customer: Customer, clock: StoppedClock
) -> None:
    """It says whose token and why, in one word."""
    made = token(store, expires_at=NOW + timedelta(hours=3))
    secret = made.rpartition("_")[2]
    used = made + "x" if why == "unknown_secret" else made
    if why == "revoked":
        people.revoke_token(store, customer, "olga", made.split("_")[1])
    if why == "disabled":
        people.disable_person(store, customer, "olga", "ana")
    clock.turn(timedelta(hours=4 if why == "expired" else 1))

    with pytest.raises(NotAllowed, match="ask the owner for a token of your own"):
        people.authenticate(store, used)
    last = store.events(customer)[-1]
    assert (last.kind, last.body["why"]) == ("access_refused", why)
    assert secret not in last.model_dump_json()
    assert people.refusals(store, customer, NOW) == {why: 1}


def test_a_token_nobody_made_is_an_event_of_the_installation(store: Store) -> None:
    """No customer is known, and nothing of what was sent is kept."""
    with pytest.raises(NotAllowed):
        people.authenticate(store, "plt_0123456789ab_guessed")

    (event,) = store.events(WHOLE)
    assert (event.body["why"], event.body["token"]) == ("unknown_token", "")
    assert "guessed" not in event.model_dump_json()
    assert "0123456789ab" not in event.model_dump_json()


def test_who_tries_without_end_fills_no_chain(store: Store, clock: StoppedClock) -> None:
    """Of each hour so many refusals of one token are written down; the next hour begins anew."""
    for _ in range(MOST_REFUSALS + 3):
        with pytest.raises(NotAllowed):
            people.authenticate(store, "plt_0123456789ab_guessed")
    assert people.refusals(store, WHOLE, NOW) == {"unknown_token": MOST_REFUSALS}
    clock.turn(timedelta(hours=1, seconds=1))

    with pytest.raises(NotAllowed):
        people.authenticate(store, "plt_0123456789ab_guessed")
    assert people.refusals(store, WHOLE, NOW + timedelta(hours=1)) == {"unknown_token": 1}


@pytest.mark.parametrize("scope", ["decide", "operate", "submit", "administer"])
def test_a_token_does_what_its_scopes_say_and_is_told_how_to_get_more(
    scope: str, store: Store, customer: Customer
) -> None:
    """Refused with an event and the command that mends it."""
    reader = identity(customer, scopes=("read",))

    with pytest.raises(NotAllowed, match=f"token create ana --scope .*{scope}"):
        people.require(store, reader, scope)  # pyright: ignore[reportArgumentType] -- a table
    assert store.events(customer)[-1].body["why"] == "scope"
    people.require(store, identity(customer, scopes=(scope,)), scope)  # pyright: ignore[reportArgumentType] -- a table
    people.require(store, identity(customer), scope)  # pyright: ignore[reportArgumentType] -- a table


def test_whoever_does_more_than_bring_items_may_read(store: Store, customer: Customer) -> None:
    """One decides on what one sees; bringing shows nothing."""
    people.require(store, identity(customer, scopes=("decide",)), "read")

    with pytest.raises(NotAllowed):
        people.require(store, identity(customer, scopes=("submit",)), "read")


@pytest.mark.parametrize("scopes", [(), ("decide",), ("read", "administer")])
def test_a_program_is_never_given_what_a_person_decides(
    scopes: tuple[str, ...], store: Store
) -> None:
    """And it always says what it may."""
    with pytest.raises(InvalidInput, match="read, submit or operate"):
        people.create_program_token(
            store, store.customer("acme"), "olga", person="ana", scopes=scopes
        )


def test_a_token_made_before_goes_on_under_the_name_its_scope_has_now(store: Store) -> None:
    """What was `items:submit` is `submit`."""
    made = token(store, scopes=("items:submit",))

    assert people.authenticate(store, made).scopes == ("submit",)


def test_the_last_owner_stays_one(store: Store, customer: Customer) -> None:
    """Otherwise nobody could ever add anybody; a second owner lets the first go."""
    with pytest.raises(Conflict, match="make somebody else an owner"):
        people.change_person(store, customer, "olga", id="olga", is_disabled=True)
    with pytest.raises(Conflict, match="make somebody else an owner"):
        people.change_person(store, customer, "olga", id="olga", roles=("viewer",))
    people.change_person(store, customer, "olga", id="ana", roles=("owner",))

    gone = people.change_person(store, customer, "ana", id="olga", is_disabled=True)
    assert gone.is_disabled


def test_other_roles_never_bring_back_whom_another_owner_just_disabled(
    store: Store, customer: Customer
) -> None:
    """What a change does not name stays as it is then, not as it was when somebody looked."""

    def disable(change: Change) -> None:
        told = {"is_disabled": True}
        change.update(tables.people, {"id": "ana"}, told, "person_changed", disabled=True)

    racing = store.guarded(disable)
    changed = people.change_person(racing, customer, "olga", id="ana", roles=("viewer",))

    assert (changed.roles, changed.is_disabled) == (("viewer",), True)


def test_a_token_is_revoked_once_and_by_a_beginning_of_its_id(
    store: Store, customer: Customer
) -> None:
    """Again is a conflict that says when."""
    id = token(store).split("_")[1]
    people.revoke_token(store, customer, "olga", id[:6])

    with pytest.raises(Conflict, match="was revoked at 2026-03-02"):
        people.revoke_token(store, customer, "olga", id)
