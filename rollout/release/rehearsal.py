"""Rehearse the way back in the sandbox, with real rows, by the very steps that perform it.

A drill is a release of its own beside the real one: the same candidate, lineage and incumbent, in a
stage of kind sandbox that serves everything, under a workflow name that no real item is sent to.
Its items come in through admission, are stopped, and are closed again; nobody has to look at them.
"""

from typing import Any

from rollout import admission
from rollout.admission import DRILL, Deps
from rollout.ladder import FULL_BP
from rollout.release.cause import Because
from rollout.release.way_back import WalkedBack, evidence_of, walk
from rollout.sent import Sent
from runs.errors import Conflict
from runs.records.evidence import Evidence
from runs.records.item import Item, Review
from runs.records.person import Customer
from runs.records.release import Move, Release, StageSpec
from runs.records.version import Version
from runs.snapshots import Masked, Terms
from runs.store.filtered import ItemFilter
from runs.store.items import move_item
from runs.store.reviews import decide_review
from runs.store.store import Store, keep

ITEMS = 20
STAGE = StageSpec(name="drill", kind="sandbox", weight_bp=FULL_BP, sample=1, min_hours=0)
MOVE = Move(kind="roll_back", stage=0, weight_bp=0, reason="rehearsal of the way back")


def rehearse(store: Store, customer: Customer, *, release: Release) -> Evidence:
    """Perform the way back once, timed, on the release's lineage; returns what it proves.

    A drill that a crash left behind is ended first, as the rehearsal. Raises Conflict unless the
    release stands on a stage.
    """
    if release.stage < 0 or release.status not in ("open", "held"):
        raise Conflict(
            f"release {release.id} is {release.status} at stage {release.stage}; "
            "rehearse the way back while it stands in the sandbox or above"
        )
    drill = _open(store, customer, release)
    sent = [Sent(f"{drill.id}-{number}", {"drill": drill.id}) for number in range(ITEMS)]
    items = admission.submit_many(Deps(store, "worker", _own_words), customer, drill.workflow, sent)
    because = Because("worker", store.keep(customer, "worker", MOVE, release.run))
    walked = walk(store, customer, release=drill, because=because)
    for done in _drills(store, customer, release):
        _tidy(store, customer, done)
    return _prove(store, customer, release, walked, served=items)


def _own_words(version: Version) -> Terms:
    """A drill's items hold no word of the customer's: there is nothing to mask."""
    return Terms(lambda value: Masked(value, 0), version.retention_days)


def _drills(store: Store, customer: Customer, release: Release) -> list[Release]:
    """The drills of the release's lineage, newest first."""
    drills = store.releases.list(customer, release.workflow + DRILL)
    return [drill for drill in drills if drill.salt == release.salt]


def _open(store: Store, customer: Customer, release: Release) -> Release:
    """The drill a crash left open, or another one, open and serving."""
    present = _drills(store, customer, release)
    left = next((drill for drill in present if drill.status == "open"), None)
    if left is not None:
        return left
    told: dict[str, Any] = {
        "id": f"{release.id}-drill-{len(present) + 1}",
        # Not the run's own release: nothing that looks for that shall find this.
        "run": "",
        "workflow": release.workflow + DRILL,
        "stages": (STAGE,),
        "stage": 0,
        "weight_bp": FULL_BP,
        "status": "open",
        "entered_at": store.clock.now(),
        "opened_at": store.clock.now(),
    }
    return store.releases.open(customer, "worker", release.model_copy(update=told))


def _prove(
    store: Store, customer: Customer, release: Release, walked: WalkedBack, *, served: list[Item]
) -> Evidence:
    """Nothing was rehearsed unless the drill served items before and none after."""
    drill = walked.release
    canary = sum(item.arm == "canary" for item in served)
    notes = {"occasion": "drill", "items": str(len(served)), "served": str(canary)}
    if canary != ITEMS or _still_queued(store, customer, drill):
        notes["outcome"] = "fail"
    proof = evidence_of(store, customer, walked, name=f"{drill.id}-evidence", notes=notes)
    proof = proof.model_copy(update={"run": release.run})
    with store.change(customer, "worker", release.run) as change:
        keep(change, proof)
        change.append(
            "drill_performed",
            release=release.id,
            evidence=proof.id,
            outcome=proof.notes["outcome"],
            seconds=proof.seconds,
        )
    return proof


def _still_queued(store: Store, customer: Customer, drill: Release) -> int:
    return store.items.count(customer, ItemFilter(release=drill.id)).get("queued", 0)


def _tidy(store: Store, customer: Customer, drill: Release) -> None:
    """Close the drill's items and take their reviews from the people they were opened for."""
    items = store.items.in_order(customer, ItemFilter(release=drill.id), limit=ITEMS)
    reviews = store.reviews.of_items(customer, [item.id for item in items])
    with store.change(customer, "worker") as change:
        for review in reviews:
            if review.status == "open":
                decide_review(change, _withdrawn(review))
        for item in items:
            if item.status not in ("queued", "closed"):
                move_item(change, item.model_copy(update={"status": "closed"}))


def _withdrawn(review: Review) -> Review:
    return review.model_copy(update={"status": "withdrawn"})
