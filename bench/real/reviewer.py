"""A reviewer who knows the labels: answers the open reviews of live items taken from a pack.

    python -m bench.real.reviewer PACK.jsonl

Who answers is said by PILOTAGE_TOKEN, the home by PILOTAGE_HOME. There is no command yet that
answers a review; this writes the same row and event, under the reviewer's own token, and marks
every answer as simulated. An item never carries its label: the reviewer looks it up by the key.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from pilotage import settings
from pilotage.wiring import wire
from runs import snapshots
from runs.records.item import Item, Review
from runs.records.person import Customer, Identity
from runs.store.items import move_item
from runs.store.reviews import decide_review
from runs.store.store import Store

WAITING = ("in_review", "quarantined", "drafted")
"""An item that stands so is closed with its answer."""
AT_ONCE = 5_000


def answer(store: Store, identity: Identity, truths: Mapping[str, str]) -> int:
    """Answer every open review the person owns, by the label of the item's key; how many."""
    opened = store.reviews.list(
        identity.customer, status="open", owner=identity.person, limit=AT_ONCE
    )
    for review in opened:
        item = store.items.get(identity.customer, review.item)
        decided = _decided(store, identity, review, item=item, truth=truths[item.key])
        with store.change(identity.customer, identity.person) as change:
            decide_review(change, decided)
            if item.status in WAITING:
                move_item(change, item.model_copy(update={"status": "closed"}))
    return len(opened)


def truths_of(pack: Path) -> dict[str, str]:
    """The label of each case, by its id."""
    with pack.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: row["expected"]["label"] for row in rows}


def _decided(store: Store, identity: Identity, review: Review, *, item: Item, truth: str) -> Review:
    agrees = _said(store, identity.customer, item) == truth and item.status != "quarantined"
    return review.model_copy(
        update={
            "status": "decided",
            "answer": "approve" if agrees else "edit",
            "label": truth,
            # The packs say what is right, not that anything had to go to a person.
            "routes": ("act",),
            "decided_by": identity.person,
            "simulated": True,
            "decided_at": store.clock.now(),
        }
    )


def _said(store: Store, customer: Customer, item: Item) -> str:
    return snapshots.read(store, customer, item.output)["label"] if item.output else ""


@click.command(help="Answer the open reviews of whoever PILOTAGE_TOKEN says, by the labels.")
@click.argument("pack", type=click.Path(path_type=Path, exists=True))
def main(*, pack: Path) -> None:
    """Print how many reviews were answered."""
    chosen = settings.read(os.environ)
    wired = wire(chosen)
    count = answer(wired.store, wired.identify(chosen.token), truths_of(pack))
    sys.stdout.write(f"{count} reviews answered by their labels\n")


if __name__ == "__main__":
    main()
