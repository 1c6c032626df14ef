"""Who is asking, what may be kept of what they write, and who works."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pilotage.home import SharedClock
from pilotage.wiring import EVERYBODY, WORKER, wire
from runs import leases, people
from runs.errors import NotAllowed
from tests.builders import person
from tests.unit.pilotage.homes import House, make_house


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home of customer acme."""
    return make_house(tmp_path / "home")


def test_a_token_says_who_is_asking(house: House) -> None:
    """By name, roles and customer."""
    identity = house.wired.identify(house.tokens["ana"])

    assert (identity.person, identity.customer.id) == ("ana", "acme")
    assert identity.roles == ("product_owner", "business_owner")
    assert identity.proved_by == "token"


def test_in_a_demo_every_proof_is_a_demo_proof(tmp_path: Path) -> None:
    """So nobody takes a played decision for a real one."""
    house = make_house(tmp_path / "home")
    token = played_token(house, "played")

    assert house.wired.identify(token).proved_by == "demo"


def played_token(house: House, id: str) -> str:
    """A token of a customer that is made up."""
    customer = people.add_customer(house.store, id, "Played", is_demo=True)
    people.add_person(house.store, customer, "olga", person(id="pia"))
    return people.create_token(house.store, customer, "olga", person="pia")


def test_a_token_of_another_customer_than_the_one_meant_is_refused(house: House) -> None:
    """Whoever says which customer they mean is not answered about another."""
    meant = replace(house.wired.settings, customer="other")

    with pytest.raises(NotAllowed, match="'acme', PILOTAGE_CUSTOMER says 'other'"):
        wire(meant).identify(house.tokens["ana"])


def test_of_a_trigger_the_text_is_masked_and_the_plan_kept_as_it_was_brought(
    house: House,
) -> None:
    """A plan is a document; what people write may hold what nobody should keep."""
    value = {"text": "write to ana@example.com", "plan": "email: ana@example.com"}

    masked = house.wired.trigger_terms().mask(value)

    assert masked.value == {"text": "write to [masked:email]", "plan": value["plan"]}
    assert masked.count == 1


def test_nobody_works_before_a_worker_has_the_lease(house: House) -> None:
    """And its name is known as long as it has."""
    assert house.wired.who_works() == ""

    with leases.held(house.store, EVERYBODY, WORKER, holder="w1", ttl_s=30):
        assert house.wired.who_works() == "w1"

    assert house.wired.who_works() == ""


def test_a_worker_whose_lease_ran_out_works_no_more(house: House) -> None:
    """Whatever its row says."""
    leases.take(house.store, EVERYBODY, WORKER, holder="w1", ttl_s=-1)

    assert house.wired.who_works() == ""


def test_a_demo_home_is_on_the_turned_clock(tmp_path: Path) -> None:
    """And every event says so."""
    house = make_house(tmp_path / "home", is_demo=True)
    before = house.wired.clock.now()
    SharedClock(house.wired.home.clock_file).turn(timedelta(days=2))

    assert house.wired.clock.now() - before > timedelta(days=1, hours=23)
    assert {event.clock for event in house.store.events(house.customer)} == {"turned"}
