"""make the smallest change that mends the worst failure and breaks nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from agent import explaining, remedies
from agent.deps import Deps
from agent.nodes.dry_run import looks
from agent.proposal import may_ask
from agent.spending import spend
from agent.state import State, Update
from policies import stopping
from policies.budgets import Looks
from runs.plan import Plan, PlanRecord
from runs.records.case import Split
from runs.records.evidence import FailureGroup, FixTrial, Patch
from runs.records.record import digest_of
from runs.records.version import PolicyValues, Version
from workflow import churn, failures
from workflow.churn import Churn
from workflow.evaluate.learning import to_score
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.patches import acceptance, doubts, routes, search
from workflow.patches.patch import Changed, apply
from workflow.patches.proposed import Ground

UNSEEN = None
MOST_ASKED = 3
"""For so many of the worst groups a model is asked for changes."""


class Asked(NamedTuple):
    """What only a person can do: its rank, and in words."""

    rank: int
    says: str


ASK_EXPERT = Asked(0, "ask the domain expert about the labels")
ASK_WHETHER = Asked(8, "ask the domain expert about the labels")
ASK_OWNER = Asked(8, "ask the owner of the workflow's behaviour")


class Attempt(NamedTuple):
    """One change that is tried for one group."""

    group: FailureGroup
    patch: Patch
    proposed: str = ""
    """Id of the proposal of a model that it comes from."""


class Candidate(NamedTuple):
    """What is to be mended: the pair, what it did on dev, and what it is weighed with."""

    pair: Changed
    trial: TrialRun
    plan: Plan
    terms: acceptance.Terms

    def is_reported(self, group: FailureGroup) -> bool:
        """Whether live items of the group were reported: the cases of learn are from before."""
        reported = {case.id for case in self.trial.cases if case.origin == "incident"}
        return not reported.isdisjoint(group.cases)


def fix_smallest_issue(state: State, deps: Deps) -> Update:
    """Try small changes, worst group and smallest change first, until one is accepted.

    Every trial is kept with its reason, and never made twice. `fix` becomes `none` when nothing
    is left to try or the limits stop it; the dry run that follows may then spend the last look.
    """
    return spend(state, deps, "search for a fix", lambda: _search(state, deps))


def _search(state: State, deps: Deps) -> Update:
    candidate = _candidate(state, deps)
    began = deps.seconds()
    for one in _to_try(state, deps, candidate):
        if _stop(state, deps, elapsed_s=deps.seconds() - began):
            break
        tried = deps.keep_once(
            state,
            FixTrial,
            _id_of(state, one.group, one.patch),
            lambda one=one: _try(state, deps, candidate, one),
        )
        if tried.accepted:
            changed = apply(one.patch, *candidate.pair)
            deps.keep(state, changed.version)
            deps.keep(state, changed.policy)
            return {
                "version": changed.version.digest,
                "policy": changed.policy.digest,
                "fix": tried.id,
            }
    return {"fix": "none"}


def _candidate(state: State, deps: Deps) -> Candidate:
    version = deps.get(state, Version, state.version)
    policy = deps.get(state, PolicyValues, state.policy)
    plan = deps.get(state, PlanRecord, state.plan).plan
    pair = Changed(version, policy)
    trial = _run(state, deps, pair, "dev")
    return Candidate(pair, trial, plan, acceptance.terms_of(plan, policy))


def _to_try(state: State, deps: Deps, candidate: Candidate) -> Iterator[Attempt]:
    """Worst group first, before it what was reported of live items.

    In each what comes near and is refused, then what may be accepted, then what a model proposes,
    then another model of the version first.
    """
    bench = deps.bench(deps.customer(state))
    rewritten = churn.find(deps.store, deps.customer(state), candidate.plan.workflow)
    groups = failures.group(candidate.trial.results, candidate.trial.cases)
    for group in sorted(groups, key=lambda one: not candidate.is_reported(one)):
        expert, trial = candidate.plan.owners.domain_expert, candidate.trial
        doubted = doubts.second_says_otherwise(group, trial)
        if doubted:
            why = "a second person labels otherwise"
            asks = doubts.asks(doubted, group, expert=expert, why=why)
            _escalate(state, deps, group, ASK_EXPERT, asks)
            continue
        words = _earlier(state, rewritten, group)
        ranks = stopping.open_ranks(rewrites=len(words.rewrites), is_explained=group.explained)
        told = {"pair": candidate.pair, "plan": candidate.plan, "bench": bench}
        for patch in search.of_group(group, trial, **told, ranks=ranks):
            yield Attempt(group, patch)
        yield from _proposed(state, deps, candidate, group, ranks)
        if routes.ROUTE in ranks:
            yield from (Attempt(group, one) for one in routes.others_first(group, candidate.pair))
        if words.is_closed:
            owner = candidate.plan.owners.workflow_behaviour
            asks = churn.told(words, candidate.plan.workflow, owner)
            _escalate(state, deps, group, ASK_OWNER, asks)
        sure = doubts.answers_are_sure(group, trial)
        if sure:
            why = "the version surely answers otherwise"
            asks = doubts.asks(sure, group, expert=expert, why=why)
            _escalate(state, deps, group, ASK_WHETHER, asks)


def _proposed(
    state: State, deps: Deps, candidate: Candidate, group: FailureGroup, ranks: Sequence[int]
) -> Iterator[Attempt]:
    """What a model proposes for a group once code has nothing left that was kept."""
    bench, trial = deps.bench(deps.customer(state)), candidate.trial
    groups = failures.group(trial.results, trial.cases)
    if not may_ask(state, deps) or group.key not in {one.key for one in groups[:MOST_ASKED]}:
        return
    explained = explaining.explain(state, deps, groups, trial).get(group.key)
    taught = bench.taught(candidate.pair.version)
    ground = Ground(candidate.pair, trial, group, candidate.plan, taught)
    for one in remedies.find(state, deps, remedies.Sought(ground, ranks, explained)):
        yield Attempt(group, one.patch, one.proposal)


def _earlier(state: State, rewritten: Mapping[str, Churn], group: FailureGroup) -> Churn:
    """What was rewritten for this kind of failure before this step.

    A fix that this step accepted before it died does not count against itself.
    """
    found = rewritten.get(churn.key_of(group.key), Churn(churn.key_of(group.key), ()))
    own = [one.id for one in found.rewrites if one.id == _id(state, one.group, one.patch)]
    return churn.without(found, own)


def _escalate(state: State, deps: Deps, group: FailureGroup, asked: Asked, reason: str) -> None:
    """Keep why a person has to go on, as a change that changes nothing."""
    rank, says = asked
    patch = Patch(rank=rank, document="version", operations=(), tokens=0, says=says)
    deps.keep_once(
        state,
        FixTrial,
        _id_of(state, group, patch),
        lambda: FixTrial(
            id=_id_of(state, group, patch),
            run=state.run,
            group=group.key,
            patch=patch,
            version=state.version,
            policy=state.policy,
            repaired=0,
            broken=0,
            critical_broken=0,
            gain=0,
            loss=0,
            p_improve="1.0000",
            holdout_low="",
            look=0,
            accepted=False,
            reason=reason,
            tried_at=deps.store.clock.now(),
        ),
    )


def _stop(state: State, deps: Deps, *, elapsed_s: float) -> stopping.Stop | None:
    trials = deps.store.of_run(deps.customer(state), FixTrial, state.run)
    return stopping.may_fix(
        deps.installation.stopping,
        tried=len(trials),
        accepted=sum(trial.accepted for trial in trials),
        looks_left=looks(state, deps).left,
        elapsed_s=elapsed_s,
    )


def _try(state: State, deps: Deps, candidate: Candidate, attempt: Attempt) -> FixTrial:
    group, patch = attempt.group, attempt.patch
    changed, budget = apply(patch, *candidate.pair), looks(state, deps)
    terms = candidate.terms.of_rank(patch.rank)
    look, learnt, holdout = 0, UNSEEN, UNSEEN

    def compare(split: Split) -> acceptance.Comparison:
        after = _run(state, deps, changed, split)
        first = candidate.trial if split == "dev" else _run(state, deps, candidate.pair, split)
        # A family that is learnt from now is scored in neither trial.
        return acceptance.compare(first.only(after.cases), after, group=group, terms=terms)

    dev = compare("dev")
    is_sound = not acceptance.find_objection(dev.tally, terms)
    if is_sound and patch.rank < search.EXAMPLES and not candidate.is_reported(group):
        learnt = compare("learn")
    if is_sound and not acceptance.find_unconfirmed(learnt, terms) and _may_look(budget):
        look = budget.reserve(keep=acceptance.RESERVED_LOOKS).used
        holdout = compare("holdout")
    ruled = acceptance.accept(dev, terms, learnt=learnt, holdout=holdout, looks_left=budget.left)
    return FixTrial(
        id=_id_of(state, group, patch),
        run=state.run,
        group=group.key,
        patch=patch,
        version=changed.version.digest,
        policy=changed.policy.digest,
        repaired=dev.tally.repaired,
        broken=dev.tally.broken,
        critical_broken=dev.tally.critical_broken,
        gain=dev.tally.gain,
        loss=dev.tally.loss,
        p_improve=f"{dev.tally.p:.4f}",
        holdout_low="" if holdout is None else f"{acceptance.holdout_low(holdout):.4f}",
        look=look,
        accepted=ruled.accepted,
        reason=ruled.reason,
        proposed=attempt.proposed,
        tried_at=deps.store.clock.now(),
    )


def _may_look(budget: Looks) -> bool:
    return budget.may_look(keep=acceptance.RESERVED_LOOKS)


def _run(state: State, deps: Deps, pair: Changed, split: Split) -> TrialRun:
    customer = deps.customer(state)
    cases = to_score(pair.version, deps.store.cases.read(customer, state.dataset, split))
    plan = deps.get(state, PlanRecord, state.plan).plan
    return run_trial(
        deps.bench(customer),
        pair.version,
        policy=pair.policy,
        cases=cases,
        trial=split,
        unsure=failures.break_even(plan),
    )


def _id_of(state: State, group: FailureGroup, patch: Patch) -> str:
    return _id(state, group.key, patch)


def _id(state: State, group: str, patch: Patch) -> str:
    what = [state.version, state.policy, group, patch.as_json()]
    return f"{state.run}.fix.{digest_of(what)[7:19]}"
