"""Edits of live items become labelled cases only by the word of whoever answers for the dataset."""

import json
from pathlib import Path
from typing import Any

import pytest

from runs.records.case import Case, Offer
from runs.records.item import Item
from tests import builders
from tests.integration import api_home
from tests.unit.pilotage.homes import House
from workflow import offers


@pytest.fixture
def house(tmp_path: Path) -> House:
    """The desk's dataset holds one case of each split; Ben answered an unsure item otherwise."""
    house = api_home.desk_house(tmp_path / "home")
    cases = [
        builders.case(id=f"c-{split}", family=f"f-{split}", split=split, input={"text": split})
        for split in ("learn", "dev", "holdout")
    ]
    keep(house, cases)
    edit(house, "r1")
    return house


def keep(house: House, cases: list[Case]) -> None:
    """Bring a dataset in."""
    made = builders.dataset(cases, counts={"learn": 1, "dev": 1, "holdout": 1})
    house.store.cases.keep(house.customer, "eva", made, cases)


def edit(house: House, key: str) -> Item:
    """An item whose answer a person set otherwise."""
    with api_home.asking(house, "ben") as client:
        id = api_home.waiting_item(house, client, key)
        said = {"answer": "edit", "label": "parcel", "routes": ["act"]}
        assert client.post(f"/api/v1/items/{id}/review/answer", json=said).status_code == 200
    return house.store.items.get(house.customer, id)


def only(house: House) -> str:
    """The one edit that is offered."""
    [one] = offers.offered(house.store, house.customer)
    return one.review.id


def newest(house: House) -> dict[str, Case]:
    """The cases of the newest dataset."""
    made = house.store.cases.newest(house.customer, "desk")
    return {case.id: case for case in house.store.cases.read(house.customer, made.digest)}


def call(house: House, *arguments: str, by: str = "eva") -> Any:
    """Call a command of the datasets."""
    return house.run("data", *arguments, by=by)


def test_an_edit_is_offered_and_stands_in_no_dataset_by_itself(house: House) -> None:
    """With who edited it, and whose word is asked for."""
    [told] = json.loads(call(house, "offered", "--json").stdout)["offered"]

    assert (told["dataset"], told["owner"], told["edited_by"]) == ("desk", "ana", "ben")
    assert (told["label"], told["routes"]) == ("parcel", ["act"])
    assert len(newest(house)) == 3


def test_an_accepted_edit_is_a_case_beside_those_that_are_there(house: House) -> None:
    """A family that is not there goes to dev; who labelled it and who took it in are told."""
    before, id = newest(house), only(house)
    taken = call(house, "accept", id, "--reason", "a kind we had not")
    after = newest(house)
    judged = house.store.get(house.customer, Offer, id)

    added = after.pop(f"edited-{id}")
    assert taken.exit_code == 0, taken.stderr
    assert after == before
    assert (added.split, added.origin, added.labelled_by) == ("dev", "edited", "ben")
    assert (added.expected, added.routes) == ({"label": "parcel"}, ("act",))
    assert added.context["crm"]["tier"] == "plain"
    assert (judged.by, judged.is_accepted) == ("eva", True)
    assert call(house, "offered").stdout.strip() == "nobody offers a case"


@pytest.mark.parametrize("split", ["learn", "dev", "holdout"])
def test_a_case_stays_in_the_split_of_its_family(house: House, split: str) -> None:
    """So that nothing of a family that is held out is ever looked at or learnt from."""
    id = only(house)
    call(house, "accept", id, "--family", f"f-{split}", "--reason", "the same thread")

    assert newest(house)[f"edited-{id}"].split == split


def test_the_same_input_is_of_the_same_family(house: House) -> None:
    """Sent and edited again, both are in one split, whatever anybody says."""
    first = only(house)
    call(house, "accept", first, "--family", "f-holdout", "--reason", "the same thread")
    edit(house, "r2")
    second = only(house)
    elsewhere = call(house, "accept", second, "--family", "f-dev", "--reason", "another")
    call(house, "accept", second, "--reason", "again")

    assert "leave --family out" in elsewhere.stderr
    assert newest(house)[f"edited-{second}"].split == "holdout"


def test_what_contradicts_a_case_is_not_taken_in(house: House) -> None:
    """One of both is wrong; the refusal names the case."""
    item = house.store.items.list(house.customer)[0]
    [one] = offers.offered(house.store, house.customer)
    made = offers.case_of(house.store, house.customer, one, offers.Wish("why"))
    keep(house, [builders.case(id="c-9", input=made.input, expected={"label": "refund"})])
    refused = call(house, "accept", only(house), "--reason", "I am sure")

    assert refused.exit_code != 0
    assert "case c-9 has the same input" in refused.stderr
    assert item.status == "closed"


def test_a_refused_edit_is_offered_no_more(house: House) -> None:
    """By whom and why is kept; the dataset is as it was."""
    before, id = newest(house), only(house)
    bare = call(house, "refuse", id, "--reason", " ")
    call(house, "refuse", id, "--reason", "not typical")

    judged = house.store.get(house.customer, Offer, id)
    assert "say why" in bare.stderr
    assert (judged.is_accepted, judged.by, newest(house)) == (False, "eva", before)
    assert list(offers.offered(house.store, house.customer)) == []
    assert house.run("audit", "verify").exit_code == 0


def test_only_whoever_answers_for_the_dataset_says_so(house: House) -> None:
    """The plan's own expert, or another one; not who edited it."""
    id = only(house)
    refused = call(house, "accept", id, "--reason", "it is mine", by="ben")
    taken = call(house, "accept", id, "--reason", "it is right", by="ana")

    assert "dataset 'desk' is said by ana" in refused.stderr
    assert taken.exit_code == 0
