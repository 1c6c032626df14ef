"""A person sets fields of a draft otherwise: checked, kept where it can be erased, judged by."""

import json
from pathlib import Path
from typing import Any

import pytest

from rollout.signals import measure
from runs import erasure
from runs.errors import InvalidInput
from runs.records.item import Item, Review
from tests import builders
from tests.unit.workflow.drafts import route
from tests.world import World, make_world
from workflow import corrections, review
from workflow.review import Deps, Said

DRAFT = {"tier": "gold", "fee": "250.00", "document": "Tier gold at 250.00"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A desk that drafts offers, at full; Ben reviews."""
    world = make_world(tmp_path)
    world.store.runs.open(world.customer, "dan", builders.trigger(), builders.run())
    world.put(world.open(labels=("offer", "none"), routes=(route(),)), "full")
    return world


def drafted(world: World, way: Any = "act", number: int = 8) -> Item:
    """An item that was drafted."""
    items = [one for one in world.send(number, prefix=way) if one.arm == "canary" and one.audited]
    return world.end(items[0], way, "offer", fields=DRAFT, template=builders.DIGEST)


def say(world: World, item: Item, said: Said) -> Review:
    """Ben answers."""
    return review.answer(Deps(world.store, is_solo=False), world.person("ben"), item.id, said)


def test_a_field_set_otherwise_is_kept_by_name_and_its_value_in_a_snapshot(world: World) -> None:
    """The row that cannot be erased holds no value."""
    item = drafted(world)

    answered = say(world, item, Said("edit", ("act",), fields={"tier": "silver"}))

    assert (answered.label, answered.wrong) == ("offer", ("tier",))
    assert "silver" not in json.dumps(answered.as_json())
    assert corrections.corrected(world.store, world.customer, answered) == {"tier": "silver"}
    texts = erasure.of_item(world.store, world.customer, item.id)
    assert answered.corrected in {one.digest for one in texts}


def test_what_was_right_is_the_draft_with_the_persons_fields(world: World) -> None:
    """As a case expects it; the text follows from the fields and is not one of them."""
    item = drafted(world)
    answered = say(world, item, Said("edit", ("act",), fields={"tier": "silver", "fee": None}))
    output = review.find_output(world.store, world.customer, item)

    assert corrections.find_right(world.store, world.customer, output, answered) == {
        "label": "offer",
        "fields": {"tier": "silver", "fee": None},
    }


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Said("approve"), "right_auto"),
        (Said("edit", ("act",), fields={"tier": "silver"}), "wrong_auto"),
    ],
)
def test_a_draft_that_acted_with_a_wrong_field_was_wrong_alone(
    world: World, said: Said, outcome: str
) -> None:
    """Its label alone does not make it right."""
    for item in [one for one in world.send(40, prefix="a") if one.audited]:
        say(world, world.end(item, "act", "offer", fields=DRAFT), said)
    release = world.store.releases.list(world.customer, "desk")[0]
    found = measure(world.store, world.customer, release=release, now=world.clock.now())

    assert found.evidence is not None
    assert getattr(found.evidence.items, outcome) == found.evidence.items.total > 0


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (Said("edit", ("act",), fields={"discount": "5"}), "discount is no field"),
        (Said("edit", ("act",), fields={"fee": 250}), "fee was drafted like that"),
        (Said("approve", ("act",), fields={"fee": 200}), "set by an edit"),
        (Said("edit", ("act",)), "nothing was produced|edit it|reject it"),
    ],
)
def test_an_answer_that_does_not_fit_the_draft_is_refused(
    world: World, said: Said, told: str
) -> None:
    """Nothing is kept of it."""
    item = drafted(world)

    with pytest.raises(InvalidInput, match=told):
        say(world, item, said)
    assert world.store.reviews.of_item(world.customer, item.id)[0].status == "open"
