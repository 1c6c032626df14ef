"""The changes worth trying for one group, rank by rank, each once those before gave nothing."""

from collections.abc import Collection, Iterator

from runs.plan import Plan
from runs.records.evidence import FailureGroup, Patch
from workflow.evaluate.bench import Bench
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.failures import break_even
from workflow.patches import fields
from workflow.patches.candidates import candidates, last_resort, near_misses
from workflow.patches.examples import LEARNT, examples
from workflow.patches.patch import Changed
from workflow.patches.places import SLIPPED

FIELDS, EXAMPLES = 3, 4
"""The ranks of fixes by a field of a source and by examples."""


def of_group(
    group: FailureGroup,
    trial: TrialRun,
    *,
    pair: Changed,
    plan: Plan,
    bench: Bench,
    ranks: Collection[int],
) -> Iterator[Patch]:
    """Patches of these ranks; what comes near and is refused stands before what may be accepted.

    Whoever takes one asks for no other, so the last resort is reached only where nothing before it
    was kept.
    """
    told = {"version": pair.version, "policy": pair.policy, "plan": plan}
    found = candidates(group, trial, **told)
    if found:
        found = [*near_misses(group, trial, **told), *found]
    yield from (patch for patch in found if patch.rank in ranks)
    if FIELDS in ranks and fields.can_mend(group):
        yield from _by_field(group, trial, pair=pair, plan=plan, bench=bench)
    if EXAMPLES in ranks and group.code in LEARNT:
        yield from examples(group, trial, pair=pair, taught=bench.taught(pair.version))
    last = last_resort(group, trial, **told)
    if last and not found:
        last = [*near_misses(group, trial, **told), *last]
    yield from (patch for patch in last if patch.rank in ranks)


def _by_field(
    group: FailureGroup, trial: TrialRun, *, pair: Changed, plan: Plan, bench: Bench
) -> list[Patch]:
    """Fields that the systems have and the version does not read; a draft's own elsewhere too."""
    more = fields.allowed(bench.offered(pair.version, trial.cases), pair, plan)
    if not more and group.code not in SLIPPED:
        return []
    wide = fields.widened(pair, more)
    told = {"policy": wide.policy, "cases": trial.cases, "trial": trial.trial}
    tried = run_trial(bench, wide.version, **told, unsure=break_even(plan))
    taught = bench.taught(pair.version)
    return fields.fields(group, tried, pair=pair, more=more, plan=plan, taught=taught)
