"""run the candidate on labelled cases and record the evidence."""

from datetime import timedelta
from typing import Literal

from agent import incident
from agent.deps import Deps
from agent.question import Question, open_question
from agent.reach import look_at
from agent.spending import spend
from agent.standing import values_of
from agent.state import State, Update
from policies import gates
from policies.budgets import Looks
from runs.plan import PlanRecord
from runs.records.evidence import Evidence, FixTrial, Verdict
from runs.records.version import PolicyValues, Version
from workflow.evaluate.beside import beside
from workflow.evaluate.learning import to_score
from workflow.evaluate.trial import run_trial
from workflow.failures import break_even

Split = Literal["dev", "holdout"]


def dry_run(state: State, deps: Deps) -> Update:
    """Keep evidence of the candidate on cases it never learnt from, judged by the dry run's gate.

    `dev` is a screen that may be repeated; only a look at the holdout proves. A look is spent when
    dev passes, or when dev cannot decide and no change is left to try. What operations changed in
    their values since counts from here on.
    """
    values = values_of(state, deps)
    if values.get("policy") != state.policy:
        state = State(**{**state.__dict__, **values, "fix": ""})
    verdict = incident.judged(state, deps, judge(state, deps, measure(state, deps, "dev")))
    if not incident.is_reproduced(state, deps):
        unseen = f"unreproduced:{verdict.evidence}"
        return {**values, "verdict": verdict.id, "approval": "", "blocker": unseen}
    is_last_chance = verdict.outcome == "inconclusive" and state.fix == "none"
    if verdict.outcome == "pass" or is_last_chance:
        verdict = _prove(state, deps, verdict)
    update: Update = {**values, "fix": state.fix, "verdict": verdict.id, "approval": ""}
    if verdict.outcome == "pass":
        update["approval"] = _ask_test_exit(state, deps, verdict)
    return update


def _prove(state: State, deps: Deps, screened: Verdict) -> Verdict:
    """The answer of the holdout; inconclusive where nobody may look at it any more."""
    seen = deps.store.find(deps.customer(state), Evidence, evidence_id(state, "holdout"))
    if seen is not None or looks(state, deps).may_look():
        return judge(state, deps, measure(state, deps, "holdout"))
    unseen = screened.model_copy(
        update={
            "id": f"{screened.id}.unseen",
            "gate": "holdout",
            "outcome": "inconclusive",
            "reason": "no look at the holdout is left; the domain expert refills it with cases "
            "nobody has seen",
            "bars": (),
        }
    )
    return deps.keep_once(state, Verdict, unseen.id, lambda: unseen)


def after_dry_run(state: State, deps: Deps) -> str:
    """Passed on the holdout; to be fixed; or blocked, when nothing is left to change."""
    if state.blocker:
        return "blocked"
    verdict = deps.get(state, Verdict, state.verdict)
    if verdict.outcome == "pass":
        return "passed"
    # What is released already is not changed under the people who agreed to it.
    is_spent = verdict.gate == "holdout" or state.fix == "none" or bool(state.release)
    return "blocked" if is_spent else "fix"


def measure(state: State, deps: Deps, split: Split) -> Evidence:
    """What the candidate did with a split, kept once for version, policy, dataset and split."""
    id = evidence_id(state, split)
    what = f"dry run on {split}"
    return deps.keep_once(
        state,
        Evidence,
        id,
        lambda: spend(state, deps, what, lambda: _measure(state, deps, split, id)),
    )


def evidence_id(state: State, split: Split) -> str:
    """The id of the evidence of the state's candidate."""
    digests = (state.version, state.policy, state.dataset, *filter(None, [state.schema]))
    return ".".join((state.run, split, *(digest[7:15] for digest in digests)))


def looks(state: State, deps: Deps) -> Looks:
    """Looks at the holdout of the dataset, over every run that ever looked at these cases."""
    customer, store = deps.customer(state), deps.store
    same = incident.sharing_holdout(state, deps)
    # Every one there ever was: a look that is forgotten would be taken again.
    kept = store.list(customer, Evidence, None, of=("dry_run", "holdout"))
    measured = [one for one in kept if one.subject in same]
    gate_looks = [one for one in measured if one.kind == "holdout"]
    runs = dict.fromkeys(one.run for one in measured)
    fix_looks = [t for run in runs for t in store.of_run(customer, FixTrial, run) if t.look]
    used = min(deps.installation.looks, len(gate_looks) + len(fix_looks))
    return Looks(total=deps.installation.looks, used=used)


def judge(state: State, deps: Deps, evidence: Evidence) -> Verdict:
    """The gate's answer to this evidence, kept once."""
    policy = deps.get(state, PolicyValues, state.policy)

    def answer() -> Verdict:
        is_look = evidence.kind == "holdout"
        judged = gates.judge(
            evidence,
            policy.gates.get("dry_run"),
            version=state.version,
            policy=state.policy,
            now=deps.store.clock.now(),
            looks=deps.installation.looks if is_look else 1,
        )
        return Verdict(
            id=f"{evidence.id}.verdict",
            run=state.run,
            gate="holdout" if is_look else "dry_run",
            evidence=evidence.id,
            policy=state.policy,
            outcome=judged.outcome,
            reason=judged.reason,
            bars=judged.bars,
            judged_at=deps.store.clock.now(),
        )

    return deps.keep_once(state, Verdict, f"{evidence.id}.verdict", answer)


def _measure(state: State, deps: Deps, split: Split, id: str) -> Evidence:
    customer = deps.customer(state)
    version = deps.get(state, Version, state.version)
    policy = deps.get(state, PolicyValues, state.policy)
    look = looks(state, deps).reserve().used if split == "holdout" else 0
    shared = deps.installation.looks if split == "holdout" else 1
    began = deps.seconds()
    cases = to_score(version, deps.store.cases.read(customer, state.dataset, split))
    plan = deps.get(state, PlanRecord, state.plan).plan
    bench, access = deps.bench(customer), look_at(state, deps)
    if state.schema:
        bench.forget()
    trial = run_trial(
        bench,
        version,
        policy=policy,
        cases=cases,
        trial=id,
        unsure=break_even(plan),
    )
    deps.store.cases.keep_results(customer, trial.results)
    now = deps.store.clock.now()
    return Evidence(
        id=id,
        run=state.run,
        kind="dry_run" if split == "dev" else "holdout",
        version=state.version,
        policy=state.policy,
        subject=state.dataset,
        split=split,
        look=look,
        families=trial.families,
        items=trial.items,
        segments=trial.segments,
        seconds=f"{deps.seconds() - began:.2f}",
        notes={},
        access=access,
        models=beside(bench, version, trial, policy=policy, plan=plan, looks=shared),
        measured_at=now,
        expires_at=now + timedelta(hours=policy.evidence_hours["dry_run"]),
    )


def _ask_test_exit(state: State, deps: Deps, verdict: Verdict) -> str:
    version = deps.get(state, Version, state.version)
    return open_question(
        state,
        deps,
        Question(
            kind="test_exit",
            title=f"{version.workflow}: the dry run passed; may it leave testing?",
            covers={
                "workflow": version.workflow,
                "plan": state.plan,
                "version": state.version,
                "policy": state.policy,
                "dataset": state.dataset,
                "verdict": verdict.id,
                "evidence": verdict.evidence,
                "leading_policy": "",
            },
            if_approved="the version may be proposed for the sandbox, where nothing is acted on",
            if_rejected="the run ends as a blocker with the owner of changes",
        ),
    )
