"""Fixes of ranks 5 and 6: other words for a model that is asked, and another model asked first.

Only the words of the task change, never those that say what is material; only a model that the
version has already goes first. Whether either helps is shown by asking, on cases like any other.
"""

from collections.abc import Iterator

from policies import asking, grounds
from policies.features import declared
from runs.errors import InvalidInput
from runs.plan import Plan
from runs.plan_parts import PlannedRoute
from runs.records.evidence import FailureGroup, Patch
from runs.records.model import ModelRoute
from runs.records.version import Version
from workflow.models.words import route_of, task_of
from workflow.patches.patch import Changed, between

WORDS, ROUTE = 5, 6
"""The ranks of fixes by a model's words and by the order of models."""
MOST_TOKENS = 60
"""Of a task, inserted plus deleted."""
MASKED = "[masked:"


def others_first(group: FailureGroup, pair: Changed) -> list[Patch]:
    """Each other model of the version before the first, in their order; none of what it has not."""
    if not group.explained:
        return []
    return [first(one.name, pair) for one in pair.version.models[1:]]


def first(name: str, pair: Changed) -> Patch:
    """The model of this name before the others; InvalidInput unless it is there and not first."""
    models = pair.version.models
    chosen = _named(name, pair.version)
    if chosen == models[0]:
        raise InvalidInput(f"model {name!r} is asked first already; name another")
    order = (chosen, *(one for one in models if one != chosen))
    after = pair._replace(version=pair.version.model_copy(update={"models": order}))
    return between(pair, after, rank=ROUTE, says=f"ask {name} before {models[0].name}")


def reworded(name: str, task: str, pair: Changed, plan: Plan) -> Patch:
    """The model of this name asked in other words.

    InvalidInput for words that say a rule, leave a place, or hold something hidden or masked; for
    more than `MOST_TOKENS`; and where the words around the task are of another release.
    """
    version = pair.version
    own, planned = _named(name, version), _planned(name, plan)
    before = task_of(own, planned, version.labels)
    if before is None:
        raise InvalidInput(
            f"the words around the task of {name!r} are of another release; make the version anew"
        )
    made = planned.model_copy(update={"task": task})
    for says in (*_wrong(made, pair, plan), *_unseen(task), *_counted(task, before)):
        raise InvalidInput(f"text {says}")
    route = own.model_copy(update={"text": route_of(made, version.labels).text})
    models = tuple(route if one.name == name else one for one in version.models)
    after = pair._replace(version=version.model_copy(update={"models": models}))
    patch = between(pair, after, rank=WORDS, says=f"ask {name} in other words")
    if patch.tokens > MOST_TOKENS:
        raise InvalidInput(f"{patch.tokens} tokens change, {MOST_TOKENS} may; change fewer words")
    return patch


def tasks(version: Version, plan: Plan) -> dict[str, str]:
    """By model: the words of its task; none where those around it are of another release."""
    told = {
        one.name: task_of(one, _planned(one.name, plan), version.labels) for one in version.models
    }
    return {name: task for name, task in told.items() if task is not None}


def _wrong(made: PlannedRoute, pair: Changed, plan: Plan) -> Iterator[str]:
    version = pair.version
    known = declared(version.contract, version.sources, plan.privacy.mask_fields)
    owned = [entry for entries in pair.policy.lists.values() for entry in entries]
    for wrong in asking.find_wrong([made], known, labels=version.labels, owned=owned):
        if wrong.path[1] == "task":
            yield wrong.says


def _unseen(task: str) -> Iterator[str]:
    """What nobody can judge who reads the task."""
    if MASKED in task:
        yield "holds something that was masked; leave it out"
    for one in grounds.find(task, [task]):
        if one.kind == "hidden":
            yield f"holds {one.says}, which nobody sees; leave it out"


def _counted(task: str, before: str) -> Iterator[str]:
    """A limit is a rule of operations, in words as in digits."""
    had = grounds.counts(before)
    if found := [one for one in grounds.counts(task) if one not in had]:
        yield f"says {', '.join(found)}; put what depends on a number into the policy's values"


def _named(name: str, version: Version) -> ModelRoute:
    for one in version.models:
        if one.name == name:
            return one
    there = ", ".join(one.name for one in version.models) or "none"
    raise InvalidInput(f"the version asks no model {name!r}; name one it asks: {there}")


def _planned(name: str, plan: Plan) -> PlannedRoute:
    return next(one for one in plan.models if one.name == name)
