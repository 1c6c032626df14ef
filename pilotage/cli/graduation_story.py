"""what the record holds for and against a workflow being past the pilot, and how that is told."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pilotage.cli.output import one_line, short
from rollout import graduation, ladder
from rollout.assignment import lineage
from rollout.graduation import Care, Change, Facts, Graduation, Reach, Said
from runs import approvals, people, words
from runs.errors import NotFound
from runs.plan import Plan, PlanRecord
from runs.records.approval import Approval, Decision
from runs.records.evidence import Evidence
from runs.records.item import Review
from runs.records.person import Customer, Person
from runs.records.release import Release
from runs.records.run import Run
from runs.records.version import PolicyEdit, Version
from runs.store.filtered import ItemFilter
from runs.store.policies import Lead
from runs.store.store import Store

ENGINEERING = frozenset({"delivery_engineer", "engineering_lead"})
SILENT = frozenset({"owner"})
"""A role of the installation, which says nothing of whether its holder is an engineer."""
OUTSIDE = ("trigger", "update")
"""Levels of an effect that changes something outside."""
MOST = 10_000


class _Look(NamedTuple):
    """What the facts of one workflow are read with."""

    store: Store
    customer: Customer
    workflow: str
    plan: PlanRecord
    runs: Sequence[Run]
    people: dict[str, Person]

    def is_outside(self, person: str) -> bool:
        """Whether this is a person here who is no engineer and did not build it."""
        found = self.people.get(person)
        if found is None or person == self.plan.plan.owners.builder:
            return False
        return not ENGINEERING & set(found.roles) and bool(set(found.roles) - SILENT)


class _Words(NamedTuple):
    """What one person wrote, by the snapshot it stands in."""

    person: str
    record: str
    said: str


def find(store: Store, customer: Customer, workflow: str) -> Graduation:
    """The four signs of a workflow, read from the record; NotFound where none was planned."""
    plans = store.list(customer, PlanRecord, limit=MOST)
    own = [one for one in plans if one.plan.workflow == workflow]
    if not own:
        raise NotFound(f"there is no workflow {workflow!r}; `pilotage workflow list` shows them")
    release = store.releases.find_open(customer, workflow)
    plan = own[0] if release is None else store.get(customer, PlanRecord, release.plan)
    runs = [run for run in store.runs.list(customer, limit=MOST) if run.workflow == workflow]
    known = {one.id: one for one in people.find_people(store, customer) if not one.is_disabled}
    look = _Look(store, customer, workflow, plan, runs, known)
    reviews = store.reviews.of_items(customer, [item.id for item in _items(look)])
    said, silent = _said(look, reviews)
    facts = Facts(
        said=said,
        decided_silently=silent,
        reach=_reach(look, release),
        care=_care(look, release, reviews),
        changes=list(_changes(look)),
    )
    return graduation.judge(facts)


def as_json(workflow: str, found: Graduation) -> dict[str, Any]:
    """The signs as JSON values."""
    signs = [{**sign._asdict(), "records": list(sign.records)} for sign in found.signs]
    return {"workflow": workflow, "stands": found.stands, "why": found.why, "signs": signs}


def lines(told: dict[str, Any]) -> list[str]:
    """The same for people."""
    found = [f"workflow {told['workflow']}: {told['stands']} ({told['why']})"]
    for sign in told["signs"]:
        records = ", ".join(short(one) for one in sign["records"]) or "none"
        found += [
            "",
            f"{sign['answer']:<8}{sign['name']}: {sign['asks']}",
            f"        {one_line(sign['why'], 150)}",
            f"        records: {records}",
        ]
    return found


def _items(look: _Look) -> list[Any]:
    wanted = ItemFilter(workflow=look.workflow)
    return look.store.items.list(look.customer, wanted, limit=MOST)


def _said(look: _Look, reviews: Sequence[Review]) -> tuple[list[Said], int]:
    """What people outside engineering asked for or wrote, and how often they said nothing."""
    asked = [Said(run.requester, run.id, True) for run in look.runs]
    decisions = list(_decisions(look))
    written = [
        *(_Words(one.person, one.approval, one.reason) for one in decisions if one.reason),
        *(_Words(one.decided_by, one.item, one.said) for one in reviews if one.said),
        *(_Words(edit.editors[-1], edit.id, edit.reason) for edit in _edits(look) if edit.reason),
    ]
    texts = words.said(look.store, look.customer, sorted({one.said for one in written}))
    told = [
        Said(one.person, one.record, _names(texts[one.said], look.plan.plan))
        for one in written
        if one.said in texts and not texts[one.said].startswith("[erased")
    ]
    silent = sum(look.is_outside(one.person) for one in decisions if not one.reason)
    return [one for one in [*asked, *told] if look.is_outside(one.person)], silent


def _names(text: str, plan: Plan) -> bool:
    """Whether a text holds the workflow's name, as it is or in words, or its title."""
    said = f" {' '.join(text.casefold().replace('_', ' ').split())} "
    names = (plan.workflow.replace("_", " "), plan.title)
    return any(" ".join(name.casefold().split()) in said for name in names)


def _decisions(look: _Look) -> list[Decision]:
    runs = {run.id for run in look.runs}
    asked = approvals.list_approvals(look.store, look.customer, status="", limit=MOST)
    own = [one.id for one in asked if one.run in runs or _is_about(one, look.workflow)]
    return approvals.decisions_on(look.store, look.customer, own)


def _is_about(asked: Approval, workflow: str) -> bool:
    return asked.kind == "policy" and asked.covers.get("workflow") == workflow


def _edits(look: _Look) -> list[PolicyEdit]:
    edits = look.store.list(look.customer, PolicyEdit, limit=MOST)
    return [one for one in edits if one.workflow == look.workflow and one.is_known]


def _reach(look: _Look, release: Release | None) -> Reach:
    goal = look.plan.plan.goal
    cost = (goal.cost_of_error, look.plan.plan.economics.currency)
    stage = None if release is None else ladder.find_stage(release)
    if release is None or stage is None:
        return Reach("", "", False, (), look.plan.digest, *cost, ())
    version = look.store.get(look.customer, Version, release.version)
    here = ItemFilter(release=release.id, stage=release.stage)
    done = [
        one.key
        for one in look.store.items.actions(look.customer, here)
        if one.status == "done" and one.level in OUTSIDE
    ]
    return Reach(
        release=release.id,
        stage=f"{stage.name}, {release.status}",
        acts=ladder.allows(stage).acts and release.weight_bp > 0 and release.status != "held",
        effects=tuple(one.name for one in version.effects if one.level in OUTSIDE),
        plan=look.plan.digest,
        cost_of_error=cost[0],
        currency=cost[1],
        done=tuple(done),
    )


def _care(look: _Look, release: Release | None, reviews: Sequence[Review]) -> Care:
    owners = look.plan.plan.owners.as_json()
    decided = [one for one in reviews if one.status == "decided"]
    drill = None if release is None else _find_drill(look, release)
    return Care(
        plan=look.plan.digest,
        owners=owners,
        gone=tuple(area for area, person in owners.items() if person not in look.people),
        answered=tuple(one.id for one in decided if not one.simulated),
        simulated=sum(one.simulated for one in decided),
        drill="" if drill is None else drill.id,
        drill_says="" if drill is None else drill.notes.get("outcome", "no outcome"),
    )


def _find_drill(look: _Look, release: Release) -> Evidence | None:
    kept = look.store.of_run(look.customer, Evidence, release.run)
    own = [one for one in kept if one.kind == "drill" and one.subject == lineage(release.salt)]
    return max(own, key=lambda one: one.measured_at, default=None)


def _changes(look: _Look) -> Iterator[Change]:
    """Every later change of the values that lead which no release brought with it."""
    for lead in look.store.policies.leads(look.customer, look.workflow):
        if lead.before and (lead.actor != "worker" or lead.approval):
            editors = _editors(look, lead)
            yield Change(lead.seq, editors, all(look.is_outside(one) for one in editors))


def _editors(look: _Look, lead: Lead) -> tuple[str, ...]:
    if lead.approval:
        edit = look.store.find(look.customer, PolicyEdit, lead.approval)
        return edit.editors if edit is not None and edit.is_known else ()
    return (lead.actor,) if lead.actor in look.people else ()
