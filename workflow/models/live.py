"""The models of a version asked for one live item: each question once, whatever dies in between."""

from typing import NamedTuple

from policies.budgets import NOTHING
from runs.records.evidence import Evidence
from runs.records.item import Output, Unanswered
from runs.records.model import Calibration, ModelRoute
from runs.records.person import Customer
from runs.records.run import Spend
from runs.records.version import Version
from runs.snapshots import Terms
from runs.store.store import Store
from workflow.models.asking import Asks, Door, Heard, ask, ask_in_order
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
    policy: str
    """Digest of the values that route it."""
    terms: Terms
    """What of the item may be kept, and may leave."""
    door: Door


def answer(live: Live, ground: Ground, baseline: Output | Unanswered) -> Output | Unanswered:
    """The first route's answer that is of use, with its calibrated confidence; else the baseline's.

    The baseline keeps its own confidence where the holdout proved it by itself.
    An answer is kept before it counts, so that a crash does not pay for it twice. A route whose
    model is another than the one it was calibrated with has the confidence 0.
    """
    shelf = Answers(live.store, live.customer, live.terms, of=live.item)
    asks = Asks(
        live.door, shelf, live.terms.mask, live.version.labels, lambda one: taken(live, one)
    )

    def sure(last: Heard) -> Sure:
        if last.place is None:
            return NOT
        name = name_of(live.version, last.route, last.place)
        found = live.store.find(live.customer, Calibration, name)
        return by_record(found, last, baseline)

    heard = ask_in_order(live.version.models, lambda route: ask(route, ground, asks))
    return settle(heard, baseline, sure, lambda: stands_alone(live))


def taken(live: Live, route: ModelRoute) -> Spend:
    """What the item took of this route before, since a person last had it worked on.

    Of a request that a crash left open, what was reserved.
    """
    reruns = live.store.pauses.reruns(live.customer, live.item)
    since = max((one.at for one in reruns), default=None)
    spent = NOTHING
    for call in live.store.calls.every(live.customer, item=live.item):
        is_mine = (call.route, call.prompt) == (route.endpoint, route.prompt)
        if is_mine and (since is None or call.asked_at >= since):
            spent = spent.plus(call.settled.spent if call.settled else call.reserved)
    return spent


def stands_alone(live: Live) -> bool:
    """Whether what the baseline does by itself was shown to be seldom wrong, not too long ago."""
    pair = (live.version.digest, live.policy)
    return find_proof(live.store, live.customer, *pair) is not None


def find_proof(store: Store, customer: Customer, version: str, policy: str) -> Evidence | None:
    """What shows that the baseline by itself is seldom wrong; None where nothing does any more.

    Measured on the holdout, of exactly this version and these values, and not too long ago.
    """
    now = store.clock.now()
    kept = store.list(customer, Evidence, None, of=("holdout",))
    newest = next((one for one in kept if (one.version, one.policy) == (version, policy)), None)
    if newest is None or newest.models is None:
        return None
    is_fresh = newest.expires_at is not None and now < newest.expires_at
    return newest if is_fresh and newest.models.baseline_alone == "pass" else None


def nowhere(*_: object) -> None:
    """A door behind which no endpoint is declared."""
