"""Whether a change is kept: evaluation rule 3.5, for outcomes with two sides.

The reasons for each part are in docs/decisions/0003-fix-acceptance.md. The parts on dev are asked
of every candidate while it is searched for, so a search never proposes what would be refused.
"""

from decimal import Decimal
from typing import NamedTuple

from policies import intervals
from runs.errors import InvalidInput
from runs.plan import Plan
from runs.records.evidence import FailureGroup
from runs.records.version import GateValues, PolicyValues
from workflow.evaluate.trial import TrialRun
from workflow.failures import group as grouped
from workflow.patches.standing import Tally, codes, stand

REPAIRED = 2
"""Cases of the group; one alone may be chance."""
BROKEN_SHARE = 0.005
"""Of the right ones; one case is always tolerated, none that is critical."""
SCREEN_P = 0.20
"""A screen on dev, not the proof."""
HOLDOUT_MARGIN = -0.03
"""Lowest Tango bound of the paired difference in harm."""
HOLDOUT_CONFIDENCE = 0.95
SURE = 0.99
"""Asked of the bar of harm on dev where something else is preferred to a saving: what one of five
looks at the holdout will ask."""
RESERVED_LOOKS = 1
"""The last look at the holdout belongs to the gate."""


VALUE = 1
"""The rank of a change that moves a value."""


class Terms(NamedTuple):
    """What a change is weighed with."""

    gate: GateValues
    cost_of_error: Decimal
    cost_of_review: Decimal
    is_value: bool = False
    """The change moves a value, such as the threshold: it trades with needless reviews, and the bar
    of coverage is their cap."""
    repeated_most: Decimal | None = None
    """Share of the items that may fail alike, where the plan has such a signal."""

    def of_rank(self, rank: int) -> "Terms":
        """What a change of this rank is weighed with."""
        return self._replace(is_value=rank == VALUE)


class Comparison(NamedTuple):
    """Two trials of the same cases: the unchanged candidate and the changed one."""

    tally: Tally
    net: Decimal
    """In the plan's currency, on these cases."""
    broken: tuple[str, ...]
    """Cases that were right and are now wrong alone."""
    added_critical: tuple[str, ...]
    """Keys of critical failure groups that were not there."""


class Accepted(NamedTuple):
    """Kept or not, and why."""

    accepted: bool
    reason: str
    """One sentence with its figures."""


def terms_of(plan: Plan, policy: PolicyValues) -> Terms:
    """The gate of the dry run and the plan's costs; InvalidInput without such a gate."""
    gate = policy.gates.get("dry_run")
    if gate is None:
        raise InvalidInput(
            f"policy of {policy.workflow!r}: gates.dry_run is missing, and without it nothing "
            "passes; add it"
        )
    limits = [one.limit for one in plan.signals if one.name == "repeated_failure"]
    most = min((one.value for one in limits if one.direction == "at_most"), default=None)
    costs = plan.goal.cost_of_error, plan.economics.cost_of_review
    return Terms(gate, *costs, repeated_most=most)


def compare(before: TrialRun, after: TrialRun, *, group: FailureGroup, terms: Terms) -> Comparison:
    """What the change did; InvalidInput when the trials are not of the same cases.

    A case about which a model gave no answer, in either, counts as it was: the change did not do
    what a model did that came back.
    """
    ids = [one.id for one in before.cases]
    if not ids or ids != [one.id for one in after.cases]:
        raise InvalidInput(
            f"trials {before.trial!r} and {after.trial!r} are of no cases or of different ones; "
            "run both again on the same split"
        )
    after = after.answered(before)
    first, then = stand(before, group), stand(after, group)
    (tally,) = first.tallies(then.now[None, :])
    old = {one.key for one in grouped(before.results, before.cases)}
    worst = [one for one in grouped(after.results, after.cases) if one.severity == "critical"]
    right = codes(["right_review"])[0]
    broken = [
        one.case.id
        for one, was, is_now in zip(first.seen, first.now, then.now, strict=True)
        if was >= right and is_now == 0
    ]
    return Comparison(
        tally=tally,
        net=tally.net(terms.cost_of_error, terms.cost_of_review),
        broken=tuple(sorted(broken)),
        added_critical=tuple(one.key for one in worst if one.key not in old),
    )


def accept(
    dev: Comparison,
    terms: Terms,
    *,
    learnt: Comparison | None,
    holdout: Comparison | None,
    looks_left: int,
) -> Accepted:
    """Kept only if every part holds; `looks_left` are looks at the holdout before this one.

    `learnt` are the cases of learn, answered out of fold; None where the change is made of them.
    While a look is left beside the one reserved for the gate, the holdout must have been looked at.
    """
    objection = find_objection(dev.tally, terms) or _find_added_critical(dev)
    if objection:
        return Accepted(False, f"refused on dev: {objection}")
    objection = find_unconfirmed(learnt, terms)
    if objection:
        return Accepted(False, f"refused on learn: {objection}")
    if holdout is None and looks_left > RESERVED_LOOKS:
        return Accepted(False, f"refused: {looks_left} looks are left and the holdout was not seen")
    objection = _find_holdout_objection(holdout)
    if objection:
        return Accepted(False, f"refused on the holdout: {objection}")
    return Accepted(True, f"accepted: {_told(dev, holdout)}")


def find_objection(tally: Tally, terms: Terms) -> str:
    """The first part of the rule on dev that does not hold, with its figures; empty if all do."""
    allowed = max(1, int(BROKEN_SHARE * tally.rights))
    net = tally.net(terms.cost_of_error, terms.cost_of_review)
    blunt = "" if terms.is_value else find_blunt(tally)
    parts = (
        (tally.repaired >= REPAIRED, f"{tally.repaired} cases repaired, {REPAIRED} are asked"),
        (not tally.critical_broken, f"{tally.critical_broken} critical cases become wrong alone"),
        (tally.broken <= allowed, f"{tally.broken} right cases broken, {allowed} may be"),
        (net > 0, f"it saves {net}: {_costs(tally)}"),
        (not blunt, blunt),
        (keeps_coverage(tally, terms.gate), _lost("coverage", tally.covered, tally.families)),
        (keeps_harm(tally, terms.gate), _lost("wrong alone", tally.failed, tally.families)),
        (tally.p <= SCREEN_P, f"p {tally.p:.3f} above {SCREEN_P}: {_families(tally)}"),
    )
    return next((says for holds, says in parts if not holds), "")


def find_blunt(tally: Tally) -> str:
    """What is said of a change that disturbs people more than it helps; empty for a sharp one.

    For every right answer it turns into a needless review it avoids at least one error. A price
    alone lets any rule pass where an error is dear: one that asks blindly, too.
    """
    if tally.spoilt <= max(0, tally.harm_avoided):
        return ""
    return f"it is blunt: {_costs(tally)}, {tally.spoilt} of them of right answers"


def find_unconfirmed(learnt: Comparison | None, terms: Terms) -> str:
    """What speaks against a change on cases that the search never looked at; empty if nothing does.

    Of the best of many on dev some are so by chance alone: elsewhere they save nothing, or pick out
    what is wrong no better than somebody who asks blindly.
    """
    if learnt is None:
        return ""
    net, p = learnt.tally.net(terms.cost_of_error, terms.cost_of_review), by_chance(learnt.tally)
    if net <= 0:
        return f"it saves {net}: {_costs(learnt.tally)}"
    told = f"p {p:.3f} above {SCREEN_P} that asking blindly avoids as much"
    return "" if p <= SCREEN_P else f"{told}: {_costs(learnt.tally)}"


def by_chance(tally: Tally) -> float:
    """Chance that asking about as many families blindly avoids so much harm; 0 if none is asked."""
    if tally.spoilt <= 0 or not tally.asked:
        return 0.0
    harmed, alone = tally.alone
    gained = tally.harm_gain - tally.harm_loss
    return intervals.blindly(gained, tally.asked, marked=harmed, n=alone)


def keeps_coverage(tally: Tally, gate: GateValues) -> bool:
    """The escalation cap: the change does not cost the coverage bar the answer it has.

    Where the bar already fails, coverage must not fall further.
    """
    before, after = tally.covered
    if after >= before:
        return True
    ranks = [_coverage_rank(k, tally.families, gate) for k in (before, after)]
    return ranks[1] > 0 and ranks[1] >= ranks[0]


def keeps_harm(tally: Tally, gate: GateValues) -> bool:
    """The same for the bar of what was wrong alone."""
    before, after = tally.failed
    if after <= before:
        return True
    ranks = [_harm_rank(k, tally.families, gate) for k in (before, after)]
    return ranks[1] > 0 and ranks[1] >= ranks[0]


def keeps_both(tally: Tally, terms: Terms) -> bool:
    """Whether few enough are reviewed for one reason alone, and the bar of harm surely passes.

    What asks for more than the plan's signal of repeated failures allows would be held by its
    sandbox, whatever it saves. The bar is asked at `SURE`, so that as far as dev can tell no harm
    is let through for it. Without such a signal everything keeps both.
    """
    most = terms.repeated_most
    if most is None:
        return True
    gate = terms.gate.model_copy(update={"confidence": SURE})
    return tally.doubted <= most * tally.cases and passes_harm(tally, gate)


def passes_harm(tally: Tally, gate: GateValues) -> bool:
    """Whether the bar of what was wrong alone passes after the change."""
    return _harm_rank(tally.failed[1], tally.families, gate) == 2


def _coverage_rank(covered: int, n: int, gate: GateValues) -> int:
    """2 pass, 1 inconclusive, 0 fail: gate B."""
    if intervals.lower(covered, n, gate.confidence) >= gate.coverage_min:
        return 2
    return int(intervals.upper(covered, n, gate.confidence) >= gate.coverage_min)


def _harm_rank(failed: int, n: int, gate: GateValues) -> int:
    """2 pass, 1 inconclusive, 0 fail: gate A."""
    if intervals.upper(failed, n, gate.confidence) <= gate.wrong_auto_max:
        return 2
    return int(intervals.lower(failed, n, gate.confidence) <= gate.wrong_auto_max)


def _find_added_critical(dev: Comparison) -> str:
    return f"new critical groups {list(dev.added_critical)}" if dev.added_critical else ""


def _find_holdout_objection(holdout: Comparison | None) -> str:
    if holdout is None:
        return ""
    if holdout.tally.critical_broken:
        return f"{holdout.tally.critical_broken} critical cases become wrong alone"
    low = holdout_low(holdout)
    return "" if low >= HOLDOUT_MARGIN else f"harm may rise by {-low:.3f}, {-HOLDOUT_MARGIN} may"


def holdout_low(holdout: Comparison) -> float:
    """Tango's one-sided lower bound of the paired difference in harm over families."""
    tally = holdout.tally
    return intervals.tango(tally.harm_gain, tally.harm_loss, tally.families, HOLDOUT_CONFIDENCE).low


def _told(dev: Comparison, holdout: Comparison | None) -> str:
    tally = dev.tally
    told = (
        f"{tally.repaired} cases of the group repaired, {tally.broken} broken, {_costs(tally)}, "
        f"worth {dev.net} on dev, {_families(tally)}, p {tally.p:.3f}"
    )
    if holdout is None:
        return f"{told}; no look at the holdout was to spare"
    return f"{told}; on the holdout the difference in harm is at least {holdout_low(holdout):.3f}"


def _costs(tally: Tally) -> str:
    return f"{tally.harm_avoided} errors avoided for {tally.needless_added} needless reviews"


def _families(tally: Tally) -> str:
    return f"{tally.gain} families gained, {tally.loss} lost"


def _lost(name: str, counted: tuple[int, int], n: int) -> str:
    before, after = counted
    return f"{name} goes from {before} to {after} of {n} families, which costs the gate its answer"
