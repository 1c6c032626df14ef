"""Fixes of rank 4: a few examples more, or some that teach the wrong thing less.

An example comes from dev, with its family, which is never scored again; never from the holdout.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from runs.errors import InvalidInput
from runs.records.case import Case
from runs.records.evidence import FailureGroup, Patch
from runs.records.version import LearntRoute, Version
from workflow.evaluate.bench import Taught
from workflow.evaluate.trial import TrialRun
from workflow.patches.acceptance import REPAIRED
from workflow.patches.patch import Changed, between
from workflow.version import out_of_scope

LEARNT = ("misclassified", "out_of_scope")
"""Failures that examples can mend: the answer itself is wrong."""
SURE = 0.9
"""An answer out of fold of this confidence against the label doubts the label."""
MOST = 6


class Choice(NamedTuple):
    """Examples to add and to take away."""

    added: tuple[Case, ...]
    removed: tuple[Case, ...]

    @property
    def says(self) -> str:
        """In words."""
        more = f"learn from {_named(self.added)}" if self.added else ""
        less = f"no longer learn from {_named(self.removed)}" if self.removed else ""
        return " and ".join(part for part in (more, less) if part)


def examples(
    group: FailureGroup, trial: TrialRun, *, pair: Changed, taught: Sequence[Taught]
) -> list[Patch]:
    """Changes of examples for one group, the smallest first, at most six.

    `taught` is what the version learnt from. At least two cases of the group are left to show
    whether the change mends it.
    """
    is_learnt = isinstance(pair.version.routes[0], LearntRoute)
    if not group.explained or group.code not in LEARNT or not is_learnt:
        return []
    found = [_patch(pair, choice) for choice in _choices(group, trial, pair.version, taught)]
    return sorted(found, key=lambda one: one.size)[:MOST]


def chosen(
    group: FailureGroup,
    trial: TrialRun,
    *,
    pair: Changed,
    taught: Sequence[Taught],
    names: tuple[Sequence[str], Sequence[str]],
) -> Patch:
    """The change of examples that somebody names, cases of the group to add and taught to remove.

    A case comes with its family. InvalidInput for a case that cannot be taken: of no such group, of
    a label the version has not, not learnt from, or where too few of the group are left to show it.
    """
    if not isinstance(pair.version.routes[0], LearntRoute) or group.code not in LEARNT:
        raise InvalidInput(f"examples mend no {group.code}; propose another kind of change")
    added = [_family_of(id, group, trial, pair.version) for id in names[0]]
    known = {one.case.id: one.case for one in taught}
    unknown = [id for id in names[1] if id not in known]
    if unknown:
        raise InvalidInput(f"not learnt from: {', '.join(unknown)}; name cases it learnt from")
    whole = tuple({case.id: case for family in added for case in family}.values())
    if whole and len(set(group.cases) - {case.id for case in whole}) < REPAIRED:
        raise InvalidInput(f"{REPAIRED} cases of the group are left to show it; add fewer")
    return _patch(pair, Choice(whole, tuple(known[id] for id in names[1])))


def _family_of(id: str, group: FailureGroup, trial: TrialRun, version: Version) -> Sequence[Case]:
    mine = [family for family in _families(group, trial, version) if id in {c.id for c in family}]
    if not mine:
        raise InvalidInput(f"case {id!r} is none of the group that can teach; name one of it")
    return mine[0]


def noisy(taught: Iterable[Taught], *, taken_for: str, is_really: str) -> list[Case]:
    """Examples of one label that a second person, or the others learnt, call the other.

    The most doubtful first: those a person doubts, then by how sure the others are.
    """
    doubted = [
        (one.case.second == {"label": is_really}, _sureness(one, is_really), one.case)
        for one in taught
        if one.case.expected["label"] == taken_for
    ]
    told = [one for one in doubted if one[0] or one[1] >= SURE]
    return [case for _, _, case in sorted(told, key=lambda one: (-one[0], -one[1], one[2].id))]


def _choices(
    group: FailureGroup, trial: TrialRun, version: Version, taught: Sequence[Taught]
) -> Iterator[Choice]:
    families = _families(group, trial, version)
    for count in _doubling(len(families)):
        kept = [case for family in families[:count] for case in family]
        if len(set(group.cases) - {case.id for case in kept}) >= REPAIRED:
            yield Choice(tuple(kept), ())
    wrong = noisy(taught, taken_for=group.actual, is_really=label_of(group, version))
    for count in _doubling(len(wrong)):
        yield Choice((), tuple(wrong[:count]))
    if families and wrong and len(set(group.cases) - {one.id for one in families[0]}) >= REPAIRED:
        yield Choice(tuple(families[0]), tuple(wrong))


def _families(group: FailureGroup, trial: TrialRun, version: Version) -> list[list[Case]]:
    """The families of the group that can teach, what was answered most surely wrong first."""
    sure = {one.case: one.confidence for one in trial.results if one.case in set(group.cases)}
    held: dict[str, list[Case]] = {}
    for case in trial.cases:
        held.setdefault(case.family, []).append(case)
    mine = {case.family for case in trial.cases if case.id in sure}
    teach = [held[name] for name in mine if _can_teach(held[name], version)]
    return sorted(teach, key=lambda one: (-max(sure.get(c.id, 0) for c in one), one[0].id))


def _can_teach(family: Sequence[Case], version: Version) -> bool:
    return all(case.expected["label"] in version.labels for case in family)


def label_of(group: FailureGroup, version: Version) -> str:
    """The label the group should have had; its key names a route where that is out of scope."""
    return out_of_scope(version) if group.code == "out_of_scope" else group.expected


def _sureness(one: Taught, label: str) -> float:
    return one.answer.confidence if one.answer.label == label else 0.0


def _doubling(most: int) -> Iterator[int]:
    """1, 2, 4, 8 and so on, up to `most`."""
    is_within: Callable[[int], bool] = most.__ge__
    return takewhile(is_within, (1 << power for power in range(32)))


def _patch(pair: Changed, choice: Choice) -> Patch:
    route = pair.version.routes[0]
    assert isinstance(route, LearntRoute)
    changed = {
        "added": (*route.added, *(case.digest for case in choice.added)),
        "removed": (*route.removed, *(case.digest for case in choice.removed)),
    }
    routes = (route.model_copy(update=changed), *pair.version.routes[1:])
    after = pair._replace(version=pair.version.model_copy(update={"routes": routes}))
    return between(pair, after, rank=4, says=choice.says)


def _named(cases: Sequence[Case]) -> str:
    names = ", ".join(case.id for case in cases)
    return f"case {names}" if len(cases) == 1 else f"cases {names}"
