"""Two routes of a version over the same cases: tried alike, and held against each other."""

from collections.abc import Sequence

from policies.routing import Router
from runs.records.case import Case
from runs.records.model import Comparison
from runs.records.version import PolicyValues, Version
from workflow.evaluate.bench import Bench
from workflow.evaluate.beside import side
from workflow.evaluate.learning import to_score
from workflow.evaluate.trial import run_trial
from workflow.models.cases import is_right
from workflow.models.comparing import BASELINE, Measured, compare


def compare_routes(
    bench: Bench, a: Version, b: Version, *, policy: PolicyValues, cases: Sequence[Case]
) -> Comparison:
    """Both versions, each of one route, over the same cases under the same values."""
    found = [_measure(bench, version, policy, cases) for version in (a, b)]
    return compare(a.workflow, *found)


def _measure(
    bench: Bench, version: Version, policy: PolicyValues, cases: Sequence[Case]
) -> Measured:
    """What the one route of a version says of each case, and what becomes of it."""
    route = version.models[0] if version.models else None
    name = route.name if route else BASELINE
    scored = to_score(version, cases)
    trial = run_trial(bench, version, policy=policy, cases=scored, trial=f"compare-{name}")
    own = route.name if route else version.routes[0].kind
    router = Router(version.rules, review_owner=policy.review_owner)
    return Measured(
        name,
        route,
        side(trial, router, policy),
        [
            one.output.route_used == own and is_right(one.case, one.output.label, one.output.fields)
            for one in trial.seen
        ],
    )
