"""the go-live checklist: what must stand before a version acts for the first time; pure.

Each line has the evidence it rests on, its age, a verdict and who answers for it. What is missing,
stale or failed is no pass.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from policies.plans import who_answers
from rollout import ladder
from rollout.assignment import lineage
from runs.plan import Plan
from runs.records.evidence import Evidence
from runs.records.release import Release

LineName = Literal["contract", "access", "faults", "way_back", "alerts", "watch", "owners"]
SAYS: Mapping[LineName, str] = {
    "contract": "every required field of the data contract was seen, and gaps are named",
    "access": "every source and tool was reached",
    "faults": "every fault that was tried ended with a person",
    "way_back": "the way back was walked",
    "alerts": "a breach made on purpose reached each owner",
    "watch": "somebody reads every signal",
    "owners": "every owner of the plan is there",
}


class Line(NamedTuple):
    """One line of the checklist."""

    name: LineName
    verdict: Literal["pass", "fail", "stale", "missing"]
    evidence: str
    """Id of what it rests on; empty where it rests on people alone, or on nothing."""
    hours: float | None
    """Age of the evidence."""
    says: str
    who: str
    """Person who answers for it."""

    @property
    def told(self) -> str:
        """What and who, in one sentence's part."""
        return f"{self.name.replace('_', ' ')} is {self.verdict}: {self.says}, {self.who}"


class Ground(NamedTuple):
    """What the checklist is read from."""

    release: Release
    plan: Plan
    kept: Sequence[Evidence]
    """Every evidence of the release's run."""
    watched: Evidence | None
    active: Collection[str]
    """Everybody who is there."""
    now: datetime


def is_asked(release: Release) -> bool:
    """Whether the next step upwards is the first at which the version acts."""
    here, rung = ladder.find_stage(release), ladder.find_next(release)
    if rung is None or release.status != "open":
        return False
    has_acted = here is not None and ladder.allows(here).acts
    return not has_acted and ladder.allows(release.stages[rung.stage]).acts


def checklist(ground: Ground) -> tuple[Line, ...]:
    """Every line, in order."""
    owners = ground.plan.owners
    return (
        _line(ground, "contract", _of_candidate(ground, "contract"), owners.domain_expert),
        _line(ground, "access", _access(ground), _who_of_access(ground)),
        _line(ground, "faults", _faults(ground), owners.workflow_behaviour),
        _line(ground, "way_back", _way_back(ground), owners.expansion),
        _line(ground, "alerts", _of_candidate(ground, "alert_drill"), owners.incidents),
        _watch(ground),
        _owners(ground),
    )


def find_gap(lines: Iterable[Line]) -> str:
    """Every line that is no pass, what it lacks and who answers; empty when the list is whole."""
    present = {line.name: line for line in lines}
    gone = [f"{name.replace('_', ' ')} was not looked at" for name in SAYS if name not in present]
    return "; ".join([*gone, *(one.told for one in present.values() if one.verdict != "pass")])


def _line(ground: Ground, name: LineName, found: Evidence | None, who: str) -> Line:
    if found is None:
        return Line(name, "missing", "", None, "there is no evidence", who)
    age = (ground.now - found.measured_at) / timedelta(hours=1)
    kept = (found.id, round(age, 1))
    if found.notes.get("outcome") != "pass":
        lacking = found.notes.get("lacking") or _lost(found)
        return Line(name, "fail", *kept, f"{lacking or 'it did not pass'}", who)
    if age < 0 or found.expires_at is None or found.expires_at <= ground.now:
        return Line(name, "stale", *kept, f"it is of {found.measured_at:%Y-%m-%d %H:%M}", who)
    return Line(name, "pass", *kept, found.notes.get("models") or SAYS[name], who)


def is_whole(found: Evidence, plan: Plan) -> bool:
    """Whether everything was tried that a plan asks for: dead models too, where it names some."""
    return found.kind != "faults" or not plan.models or "models" in found.notes


def _faults(ground: Ground) -> Evidence | None:
    found = _of_candidate(ground, "faults")
    return found if found and is_whole(found, ground.plan) else None


def _lost(found: Evidence) -> str:
    lost = [f"{one.part} {one.name} ({one.error})" for one in found.access if not one.reached]
    return ", ".join(lost)


def _access(ground: Ground) -> Evidence | None:
    return _newest(ground, lambda one: one.kind == "access" and one.subject == ground.release.plan)


def _who_of_access(ground: Ground) -> str:
    """Whoever answers for the first system that was not reached; else the builder."""
    seen = _access(ground)
    return who_answers(
        ground.plan, {one.tool for one in seen.access if not one.reached} if seen else ()
    )


def _of_candidate(ground: Ground, kind: str) -> Evidence | None:
    candidate = (ground.release.version, ground.release.policy)
    return _newest(ground, lambda e: e.kind == kind and (e.version, e.policy) == candidate)


def _way_back(ground: Ground) -> Evidence | None:
    here = lineage(ground.release.salt)
    return _newest(ground, lambda one: one.kind == "drill" and one.subject == here)


def _newest(ground: Ground, is_it: Callable[[Evidence], bool]) -> Evidence | None:
    found = (one for one in ground.kept if is_it(one))
    return max(found, key=lambda one: one.measured_at, default=None)


def _watch(ground: Ground) -> Line:
    who, seen = ground.plan.owners.incidents, ground.watched
    if seen is None:
        return Line("watch", "missing", "", None, "nobody watches", who)
    gaps = [f"{name} {seen.notes.get(name, '?')}" for name in ("late", "unowned", "unread")]
    lacking = [gap for gap in gaps if not gap.endswith(" ")]
    age = round((ground.now - seen.measured_at) / timedelta(hours=1), 1)
    says = "; ".join(lacking) or SAYS["watch"]
    # Judged while somebody looks, and kept only by who acts on it.
    id = seen.id if any(one.id == seen.id for one in ground.kept) else ""
    return Line("watch", "fail" if lacking else "pass", id, age, says, who)


def _owners(ground: Ground) -> Line:
    gone = list(_gone(ground))
    says = f"{', '.join(gone)} not there" if gone else SAYS["owners"]
    verdict = "fail" if gone else "pass"
    return Line("owners", verdict, "", None, says, ground.plan.owners.changes)


def _gone(ground: Ground) -> Iterator[str]:
    for area, person in ground.plan.owners:
        if person not in ground.active:
            yield f"{area.replace('_', ' ')} {person}"
