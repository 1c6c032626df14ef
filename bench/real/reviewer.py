"""A reviewer who knows the labels: answers the open reviews of live items taken from a pack.

    python -m bench.real.reviewer PACK.jsonl

Who answers is said by PILOTAGE_TOKEN, the home by PILOTAGE_HOME. It does what `pilotage item
approve` and `item edit` do, through the same function and under the same rules, for as many items
as there are, and marks every answer as simulated. An item never carries its label: the reviewer
looks it up by the key.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from pilotage import settings
from pilotage.wiring import Wired, wire
from runs.records.person import Identity
from workflow import review
from workflow.review import Said

AT_ONCE = 5_000


def answer(wired: Wired, identity: Identity, truths: Mapping[str, str]) -> int:
    """Answer every open review the person owns, by the label of the item's key; how many."""
    waiting = wired.store.reviews.waiting(identity.customer, limit=AT_ONCE)
    mine = [one.item for one in waiting if one.review.owner == identity.person]
    for item in mine:
        produced = review.find_label(wired.store, identity.customer, item)
        said = _said(produced, truths[item.key])
        review.answer(wired.reviews(), identity, item.id, said)
    return len(mine)


def truths_of(pack: Path) -> dict[str, str]:
    """The label of each case, by its id."""
    with pack.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: row["expected"]["label"] for row in rows}


def _said(produced: str, truth: str) -> Said:
    # The packs say what is right, not that anything had to go to a person.
    if produced == truth:
        return Said("approve", ("act",), is_simulated=True)
    return Said("edit", ("act",), truth, is_simulated=True)


@click.command(help="Answer the open reviews of whoever PILOTAGE_TOKEN says, by the labels.")
@click.argument("pack", type=click.Path(path_type=Path, exists=True))
def main(*, pack: Path) -> None:
    """Print how many reviews were answered."""
    chosen = settings.read(os.environ)
    wired = wire(chosen)
    count = answer(wired, wired.identify(chosen.token), truths_of(pack))
    sys.stdout.write(f"{count} reviews answered by their labels\n")


if __name__ == "__main__":
    main()
