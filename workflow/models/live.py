"""The models of a version asked for one live item: each question once, whatever dies in between."""

from typing import NamedTuple

from runs.records.item import Output, Unanswered
from runs.records.model import Calibration
from runs.records.person import Customer
from runs.records.version import Version
from runs.snapshots import Terms
from runs.store.store import Store
from workflow.models.asking import Asks, Door, Heard, ask_in_order
from workflow.models.calibration import name_of
from workflow.models.keeping import Answers
from workflow.models.settled import NOT, Sure, by_record, settle
from workflow.models.words import Ground


class Live(NamedTuple):
    """One item whose version asks models."""

    store: Store
    customer: Customer
    item: str
    version: Version
    terms: Terms
    """What of the item may be kept, and may leave."""
    door: Door


def answer(live: Live, ground: Ground, baseline: Output | Unanswered) -> Output | Unanswered:
    """The first route's answer that is of use, with its calibrated confidence; else the baseline's.

    An answer is kept before it counts, so that a crash does not pay for it twice. A route whose
    model is another than the one it was calibrated with has the confidence 0.
    """
    shelf = Answers(live.store, live.customer, live.terms, of=live.item)
    asks = Asks(live.door, shelf, live.terms.mask, live.version.labels)

    def sure(last: Heard) -> Sure:
        if last.place is None:
            return NOT
        name = name_of(live.version, last.route, last.place)
        found = live.store.find(live.customer, Calibration, name)
        return by_record(found, last, baseline)

    return settle(ask_in_order(live.version.models, ground, asks), baseline, sure)


def nowhere(*_: object) -> None:
    """A door behind which no endpoint is declared."""
