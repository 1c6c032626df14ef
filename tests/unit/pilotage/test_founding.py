"""A home's first rows are made once, whatever interrupted the first attempt."""

from pathlib import Path

import pytest

from pilotage import founding, settings
from pilotage.founding import Founder, found, prepare
from pilotage.home import Home, Mark
from pilotage.wiring import Wired, wire
from runs import people
from runs.errors import Conflict, InvalidInput
from runs.people import authenticate, find_people

OLGA = Founder("acme", "Acme", "olga", "Olga", "olga@example.com")


def prepared(folder: Path, *, is_solo: bool = False) -> Wired:
    """A home with a schema and rules, and nobody in it."""
    chosen = settings.read({"PILOTAGE_HOME": str(folder)})
    Home(folder).make(Mark())
    prepare(chosen, is_solo=is_solo)
    return wire(chosen)


def test_the_first_owner_gets_a_token_that_proves_them(home: Path) -> None:
    """And may make others."""
    wired = prepared(home)

    identity = authenticate(wired.store, found(wired, OLGA))

    assert (identity.person, identity.roles, identity.is_machine) == ("olga", ("owner",), False)
    people.require_owner(identity)
    assert wired.home.policies("acme").is_dir()
    assert wired.home.tools_file("acme").parent.is_dir()


def test_founding_again_gives_no_second_token(home: Path) -> None:
    """Whoever can run a command is not an owner by that."""
    wired = prepared(home)
    found(wired, OLGA)

    assert found(wired, OLGA) == ""
    assert found(wired, OLGA._replace(person="eve")) == ""
    assert [person.id for person in find_people(wired.store, wired.store.customer("acme"))] == [
        "olga"
    ]


def test_a_second_customer_is_not_founded_this_way(home: Path) -> None:
    """The first one's owner decides about that."""
    wired = prepared(home)
    found(wired, OLGA)

    assert found(wired, OLGA._replace(customer="other")) == ""
    assert [customer.id for customer in wired.store.customers()] == ["acme"]


def test_what_an_interrupted_attempt_left_out_is_made(home: Path) -> None:
    """A customer and a person without a token are not the end."""
    wired = prepared(home)
    customer = people.add_customer(wired.store, "acme", "Acme")
    founding._add_owner(wired, customer, OLGA)

    token = found(wired, OLGA)

    assert authenticate(wired.store, token).person == "olga"


def test_preparing_again_keeps_edited_rules(home: Path) -> None:
    """An upgrade does not undo what operations decided."""
    wired = prepared(home)
    file = wired.home.rules_file
    file.write_text(file.read_text().replace("looks: 5", "looks: 3"))

    prepare(wired.settings)

    assert wire(wired.settings).installation.looks == 3


@pytest.mark.parametrize("is_solo", [True, False])
def test_a_home_is_solo_only_where_it_says_so(home: Path, *, is_solo: bool) -> None:
    """In the rules that everybody can read."""
    assert prepared(home, is_solo=is_solo).installation.is_solo is is_solo


def test_a_home_without_records_is_told_with_the_remedy(home: Path) -> None:
    """Nothing works on a database that has no schema."""
    Home(home).make(Mark())

    with pytest.raises(Conflict, match="pilotage init"):
        wire(settings.read({"PILOTAGE_HOME": str(home)}))


def test_rules_that_were_removed_are_told_with_the_remedy(home: Path) -> None:
    """No default takes their place."""
    wired = prepared(home)
    wired.home.rules_file.unlink()

    with pytest.raises(InvalidInput, match="pilotage init"):
        _ = wired.installation
