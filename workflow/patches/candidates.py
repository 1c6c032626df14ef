"""The small changes worth trying for one group of failures, the smallest first."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from runs.plan import Plan
from runs.records.evidence import FailureGroup, Patch
from runs.records.version import PolicyValues, Version
from workflow.evaluate.trial import TrialRun
from workflow.patches.acceptance import Terms, keeps_both, terms_of
from workflow.patches.patch import Changed, between
from workflow.patches.rules import MOST, Sketch, refused, sketches, write
from workflow.patches.standing import Standing, Tally, stand
from workflow.patches.values import LIMITS, Setting, find_refused, find_setting, set_to


class _Weighed(NamedTuple):
    patch: Patch
    tally: Tally


def candidates(
    group: FailureGroup,
    trial: TrialRun,
    *,
    version: Version,
    policy: PolicyValues,
    plan: Plan,
) -> list[Patch]:
    """Patches of rank 1, then of rank 2, at most six each; by size, then by what they are worth.

    Each keeps the parts of the acceptance rule on dev on this trial. A group without explanation
    gets none: it is looked into first. Items that no machine may decide are not a matter of
    confidence: its limits are left to `last_resort`.
    """
    if not group.explained:
        return []
    standing, terms = stand(trial, group), terms_of(plan, policy)
    before = Changed(version, policy)
    names = [name for name in policy.values if is_doubt(group) or name not in LIMITS]
    found = _values(standing, before, names=names, terms=terms)
    if standing.is_harm:
        found += _rules(standing, before, terms=terms, plan=plan)
    return [one.patch for one in found]


def last_resort(
    group: FailureGroup,
    trial: TrialRun,
    *,
    version: Version,
    policy: PolicyValues,
    plan: Plan,
) -> list[Patch]:
    """The limits of confidence, for items that no machine may decide.

    To be tried where no other value, no rule and no field is kept: also where dev spoke for some
    that learn or the holdout then refused.
    """
    if is_doubt(group):
        return []
    standing, terms = stand(trial, group), terms_of(plan, policy)
    found = _values(standing, Changed(version, policy), names=LIMITS, terms=terms)
    return [one.patch for one in found]


def is_doubt(group: FailureGroup) -> bool:
    """Whether the group may be mended by doubting more, as any other value is set."""
    return group.code != "should_have_escalated"


def near_misses(
    group: FailureGroup,
    trial: TrialRun,
    *,
    version: Version,
    policy: PolicyValues,
    plan: Plan,
) -> list[Patch]:
    """The changes nearest to mending a group that the rule of acceptance refuses on dev.

    For the record: whoever reads why a change was taken sees what was weighed beside it.
    """
    if not group.explained:
        return []
    standing, terms = stand(trial, group), terms_of(plan, policy)
    before = Changed(version, policy)
    found: list[_Weighed] = []
    for name in sorted(LIMITS):
        setting = find_refused(standing, version, policy=policy, name=name, terms=terms)
        if setting is not None:
            found.append(_set(before, setting))
    if standing.is_harm:
        for sketch in refused(standing, version, policy=policy, terms=terms):
            found.append(_ruled(standing, before, sketch, plan))
    return [one.patch for one in found]


def _values(
    standing: Standing, before: Changed, *, names: Iterable[str], terms: Terms
) -> list[_Weighed]:
    found = []
    for name in sorted(names):
        setting = find_setting(
            standing, before.version, policy=before.policy, name=name, terms=terms
        )
        if setting is not None:
            found.append(_set(before, setting))
    return _smallest(found, terms)


def _rules(standing: Standing, before: Changed, *, terms: Terms, plan: Plan) -> list[_Weighed]:
    found = [
        _ruled(standing, before, sketch, plan)
        for sketch in sketches(standing, before.version, policy=before.policy, terms=terms)
    ]
    return _smallest(found, terms)


def _set(before: Changed, setting: Setting) -> _Weighed:
    says = f"{setting.name} from {before.policy.values[setting.name]} to {setting.value}"
    after = set_to(setting, before.version, before.policy)
    return _Weighed(between(before, after, rank=1, says=says), setting.tally)


def _ruled(standing: Standing, before: Changed, sketch: Sketch, plan: Plan) -> _Weighed:
    after = write(sketch, standing, before.version, policy=before.policy, plan=plan)
    says = f"to {sketch.route} when {sketch.condition.says}"
    return _Weighed(between(before, after, rank=2, says=says), sketch.tally)


def _smallest(found: list[_Weighed], terms: Terms) -> list[_Weighed]:
    def order(one: _Weighed) -> tuple[tuple[int, int, int], bool, Decimal, int]:
        net = one.tally.net(terms.cost_of_error, terms.cost_of_review)
        held = not keeps_both(one.tally, terms)
        return one.patch.size, held, -net, one.tally.loss - one.tally.gain

    return sorted(found, key=order)[:MOST]
