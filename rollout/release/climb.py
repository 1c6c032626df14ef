"""Carry a release up, stage by stage, each with the approval of exactly that step.

Doing a step again changes nothing; a step judged on a release that moved since is a Conflict.
"""

from typing import NamedTuple

from policies.compiled import ladder as ladder_of
from rollout import advance, ladder
from rollout.assignment import HUMAN, SERVING
from rollout.ladder import Rung
from runs.asking import in_change
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.events import BodyValue, EventKind
from runs.plan import PlanRecord
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import Move, Release
from runs.records.version import PolicyValues, Version
from runs.store.change import Change
from runs.store.policies import lead_in
from runs.store.store import Store

WORKER = "worker"


class Candidate(NamedTuple):
    """What a run wants to release."""

    run: str
    plan: str
    """Digest of the plan record."""
    version: str
    policy: str


def open(store: Store, customer: Customer, *, candidate: Candidate, salt: str) -> Release:
    """Open the release of a candidate, before its first stage; again it is the release there is.

    `salt` is a random text, one for a lineage; a release that is there keeps its own. The incumbent
    is the version of the workflow that is complete now, or the human process. Raises Conflict while
    another release of the workflow is on its way, or when this one was rolled back.
    """
    plan = store.get(customer, PlanRecord, candidate.plan).plan
    version = store.get(customer, Version, candidate.version)
    policy = store.get(customer, PolicyValues, candidate.policy)
    if {version.workflow, policy.workflow} != {plan.workflow}:
        raise InvalidInput(
            f"plan {plan.workflow}, version {version.workflow} and policy {policy.workflow} are of "
            "different workflows; take them from one run"
        )
    present = store.releases.list(customer, plan.workflow)
    for release in present:
        if (release.run, release.version) == (candidate.run, candidate.version):
            if release.status in SERVING:
                return release
        elif release.status in ("open", "held"):
            raise Conflict(
                f"release {release.id} of {plan.workflow} is still {release.status}; "
                "complete it or roll it back first"
            )
    complete = (release.version for release in present if release.status == "complete")
    opened = Release(
        id=f"release-{digest_of(candidate._asdict()).partition(':')[2][:12]}",
        run=candidate.run,
        workflow=plan.workflow,
        version=candidate.version,
        policy=candidate.policy,
        plan=candidate.plan,
        incumbent=next(complete, HUMAN),
        stages=ladder_of(plan),
        stage=-1,
        weight_bp=0,
        salt=salt,
        status="open",
        entered_at=None,
        opened_at=store.clock.now(),
    )
    kept = store.releases.open(customer, WORKER, opened)
    if kept.status == "rolled_back":
        raise Conflict(f"release {kept.id} was rolled back; change the candidate before another")
    return kept


def enter(
    store: Store, customer: Customer, *, release: Release, move: Move, approval: str
) -> Release:
    """Enter the first stage; from now on the candidate's policy values lead."""
    _check_kind(release, move, "enter")
    present = store.releases.get(customer, release.id)
    if present == release and present.stage < 0:
        with store.change(customer, WORKER) as change:
            _check_approved(change, release, Rung(move.stage, move.weight_bp), approval)
            lead_in(change, release.workflow, release.policy)
    return _step(store, customer, release, move, approval)


def expand(
    store: Store, customer: Customer, *, release: Release, move: Move, approval: str
) -> Release:
    """Go one rung up; the evidence of the stage that is entered begins now."""
    _check_kind(release, move, "expand")
    return _step(store, customer, release, move, approval)


def complete(
    store: Store, customer: Customer, *, release: Release, move: Move, approval: str
) -> Release:
    """End the climb at the agreed stage; where that is `full` the hold-back ends with it."""
    _check_kind(release, move, "complete")
    return _step(store, customer, release, move, approval)


def restart_evidence(store: Store, customer: Customer, *, release: Release) -> Release:
    """Begin the stage's evidence again under the values that lead; the stage is kept.

    Where they are the release's own already, or it stands on no stage, nothing happens.
    """
    present = store.releases.get(customer, release.id)
    if present.stage < 0 or present.status == "rolled_back":
        return present
    policy = store.policies.leading(customer, present.workflow)
    if policy == present.policy:
        return present
    after = present.model_copy(update={"policy": policy, "entered_at": store.clock.now()})
    body: dict[str, BodyValue] = {"policy": policy, "before": present.policy}
    return store.releases.change(
        customer, WORKER, before=present, after=after, event=("policy_changed", body)
    )


def _step(store: Store, customer: Customer, release: Release, move: Move, approval: str) -> Release:
    is_last = move.kind == "complete"
    present = store.releases.get(customer, release.id)
    rung, status = Rung(move.stage, move.weight_bp), "complete" if is_last else "open"
    is_there = (present.stage, present.weight_bp, present.status) == (*rung, status)
    if is_there and not present.without:
        return present
    if rung != advance.target(release):
        raise Conflict(f"release {release.id}: {rung} is not the next step; judge it again")
    after = release.model_copy(
        update={
            **rung._asdict(),
            "without": (),
            "status": status,
            "entered_at": store.clock.now(),
        }
    )
    kind: EventKind = "release_completed" if is_last else "stage_entered"
    body: dict[str, BodyValue] = {**rung._asdict(), "approval": approval}
    # Whatever voids the approval meanwhile comes before this step or after it, never between.
    return store.releases.change(
        customer,
        WORKER,
        before=release,
        after=after,
        event=(kind, body),
        check=lambda change: _check_approved(change, release, rung, approval),
    )


def _check_kind(release: Release, move: Move, kind: str) -> None:
    if move.kind != kind:
        raise NotAllowed(f"the evidence allows {release.id} to {move.kind}, not to {kind}")


def _check_approved(change: Change, release: Release, rung: Rung, approval: str) -> None:
    """NotAllowed unless people agreed to bring exactly this candidate exactly there."""
    asked = in_change(change, approval)
    wanted = advance.exact(release, rung)
    if release.without:
        # The rung may be the one it stands on: what is asked for is the segments themselves.
        wanted |= {"from": ladder.place(release)}
    is_about = asked.kind == "stage" and wanted.items() <= asked.covers.items()
    if asked.status != "approved" or not is_about:
        raise NotAllowed(
            f"release {release.id}: approval {approval} is {asked.status} and covers "
            f"{'this' if is_about else 'another'} step; ask for this one"
        )
