"""Fixes of rank 3: a field that a connected system has and the version did not read.

Nothing is made up: a field is what the case brought or what its source says now, else it is absent.
"""

from collections.abc import Iterator, Mapping, Sequence

from runs.plan import Plan
from runs.records.evidence import FailureGroup, Patch
from runs.records.version import Feature, LearntRoute, Version
from workflow.evaluate.bench import Taught
from workflow.evaluate.trial import TrialRun
from workflow.patches.acceptance import REPAIRED, terms_of
from workflow.patches.patch import Changed, between
from workflow.patches.places import SLIPPED, places
from workflow.patches.rules import Sketch, sketches_on, write
from workflow.patches.standing import Standing, stand
from workflow.version import FIELD

Offered = Mapping[str, frozenset[str]]
"""Fields by source."""
RULED = ("should_have_escalated", "out_of_scope", "missing_context")
"""Failures for want of a fact that a rule can ask for."""
NAMED = ("misclassified", "threshold")
"""Failures where the right answer may stand in a field."""
MOST = 6
TAUGHT_SHARE = 0.5
"""A feature is learnt only where at least so many of the examples brought its field."""


def can_mend(group: FailureGroup) -> bool:
    """Whether a field could tell the failures of this group."""
    return group.explained and group.code in (*RULED, *NAMED, *SLIPPED)


def allowed(offered: Offered, pair: Changed, plan: Plan) -> dict[str, frozenset[str]]:
    """What of it the plan's privacy lets the version read: allowed sources, nothing masked."""
    masked = {one.removeprefix(FIELD) for one in pair.version.mask if one.startswith(FIELD)}
    found = {}
    for source in pair.version.sources:
        may = {source.name, source.tool} & set(plan.privacy.allowed_sources)
        names = {
            name
            for name in offered.get(source.name, frozenset())
            if not {name, source.name, f"{source.name}.{name}"} & masked
        }
        if may and names - {source.key_field}:
            found[source.name] = frozenset(names - {source.key_field})
    return found


def widened(pair: Changed, more: Offered) -> Changed:
    """The candidate that reads these fields as well, and does nothing with them."""
    sources = tuple(
        source.model_copy(
            update={
                "fields": (*source.fields, *sorted(more[source.name])),
                "added": (*source.added, *sorted(more[source.name])),
            }
        )
        if source.name in more
        else source
        for source in pair.version.sources
    )
    return pair._replace(version=pair.version.model_copy(update={"sources": sources}))


def fields(
    group: FailureGroup,
    trial: TrialRun,
    *,
    pair: Changed,
    more: Offered,
    plan: Plan,
    taught: Sequence[Taught],
) -> list[Patch]:
    """One field more, with a rule on it or as a feature; the smallest first, at most six.

    `trial` is of the candidate that reads all of `more`, `taught` what the version learnt from.
    """
    if group.code in SLIPPED:
        found = places(group, trial, pair=pair, more=more)
    elif group.code in NAMED:
        found = list(_features(group, trial, pair=pair, more=more, taught=taught))
    else:
        found = list(_rules(stand(trial, group), pair, more=more, plan=plan))
    return sorted(found, key=lambda one: one.size)[:MOST]


def _rules(standing: Standing, pair: Changed, *, more: Offered, plan: Plan) -> Iterator[Patch]:
    if not standing.is_harm:
        return
    paths = {("context", source, name) for source, names in more.items() for name in names}
    terms = terms_of(plan, pair.policy)
    for sketch in sketches_on(standing, widened(pair, more), paths, terms=terms):
        yield _ruled(sketch, standing, pair, plan)


def _ruled(sketch: Sketch, standing: Standing, pair: Changed, plan: Plan) -> Patch:
    _, source, name = sketch.condition.parts[0].fact.path
    read = widened(pair, {source: frozenset([name])})
    after = write(sketch, standing, read.version, policy=read.policy, plan=plan)
    says = f"read {name} of {source}; to {sketch.route} when {sketch.condition.says}"
    return between(pair, after, rank=3, says=says)


def _features(
    group: FailureGroup,
    trial: TrialRun,
    *,
    pair: Changed,
    more: Offered,
    taught: Sequence[Taught],
) -> Iterator[Patch]:
    """Fields whose value is the right class itself, in at least half of the group."""
    if not isinstance(pair.version.routes[0], LearntRoute):
        return
    members = set(group.cases)
    held = [one for one in trial.seen if one.case.id in members]
    for source, names in sorted(more.items()):
        for name in sorted(names):
            says_so = sum(
                one.context.get(source, {}).get(name) == one.case.expected["label"] for one in held
            )
            is_class = says_so >= REPAIRED and 2 * says_so >= len(held)
            if is_class and _is_taught(taught, source, name):
                yield _featured(pair, source, name)


def _is_taught(taught: Sequence[Taught], source: str, name: str) -> bool:
    """Whether enough examples brought it: what a source says now is not what it said then."""
    brought = sum(name in one.case.context.get(source, {}) for one in taught)
    return brought >= TAUGHT_SHARE * len(taught) > 0


def _featured(pair: Changed, source: str, name: str) -> Patch:
    read = widened(pair, {source: frozenset([name])})
    route = read.version.routes[0]
    assert isinstance(route, LearntRoute)
    feature = Feature(kind="choice", field=f"context.{source}.{name}")
    looks = route.model_copy(update={"features": (*route.features, feature)})
    version: Version = read.version.model_copy(update={"routes": (looks, *read.version.routes[1:])})
    says = f"read {name} of {source} and learn from it"
    return between(pair, read._replace(version=version), rank=3, says=says)
