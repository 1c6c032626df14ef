"""write the customer's update from audited facts and open its approval."""

from typing import Any

from agent import edits, ending, learning, wording
from agent.deps import Deps
from agent.nodes.write_plan import KEEP_ALL
from agent.question import Question, open_question
from agent.state import State, Update
from agent.wording import Draft
from prompts import library
from rollout import watch
from rollout.release import way_back
from rollout.release.cause import Judged
from runs import snapshots, words
from runs.plan import PlanRecord
from runs.records.evidence import Evidence, FixTrial, Verdict
from runs.records.record import digest_of
from runs.records.release import Move
from runs.records.run import Figure, OpsReview, Report, Terminal

REACHED = ("stage_reached", "issue_fixed")
"""Ends that stand as long as their release does."""


def report(state: State, deps: Deps) -> Update:
    """Keep the end of the run and the customer's update, and ask for the update.

    Every number in the text stands in a record the report names. The approval also covers the
    lessons the run proposes, word for word.
    """
    customer = deps.customer(state)
    _hold_unwatched(state, deps)
    terminal = _terminal(state, deps)
    figures = _figures(state, deps)
    title = _title(state, deps)
    edited = edits.find(deps.store, customer, state.run, "update")
    draft = None if edited else wording.draft(state, deps, title, terminal, figures)
    text = edited or _text(title, terminal, figures, draft)
    said = words.told(deps.store, customer, {"title": title, "text": text})
    kept = snapshots.keep(
        deps.store, customer, f"run:{state.run}", kind="report", value=said, terms=KEEP_ALL
    )
    update = Report(
        run=state.run,
        title=title,
        text=kept,
        figures=tuple(figures),
        recipients=_recipients(state, deps),
        drafted=draft.id if draft else "",
    )
    digest = deps.keep(state, update)
    lessons = learning.propose(state, deps)
    covers = {
        "report": digest,
        "text": kept,
        "content": digest_of(message(update, said)),
        "terminal": terminal.digest,
        "lessons": digest_of([lesson.as_json() for lesson in lessons]),
    }
    if state.release:
        covers |= {"release": state.release, "release_state": ""}
    asked = Question(
        kind="update",
        title=f"Update to the customer: {title}",
        covers=covers,
        if_approved="the update is sent to "
        + ", ".join(update.recipients)
        + f" and {len(lessons)} lessons are kept for the next run"
        + ("; a model wrote its first sentences" if draft else ""),
        if_rejected="nothing is sent and no lesson is kept; the run ends as it stands",
        risks=("customer_facing", "irreversible"),
    )
    approval = open_question(_with_policy(state, deps), deps, asked)
    return {"terminal": terminal.digest, "report": digest, "approval": approval}


def message(report: Report, said: dict[str, str]) -> dict[str, Any]:
    """Exactly what is sent; the approval covers its digest."""
    return {"to": list(report.recipients), "title": said["title"], "text": said["text"]}


def _hold_unwatched(state: State, deps: Deps) -> None:
    """Hold a release that acts and is not complete: nobody watches it once the run has ended.

    After a refusal whatever is open is held: how far the step came is not known.
    """
    if not state.release:
        return
    customer = deps.customer(state)
    release = deps.store.releases.get(customer, state.release)
    if release.status != "open" or not (release.weight_bp or state.refused):
        return
    reason = "its run ends before the agreed stage; nobody watches it any more"
    move = Move(kind="hold", stage=release.stage, weight_bp=release.weight_bp, reason=reason)
    way_back.hold(deps.store, customer, release=release, cause=Judged(move))


def _terminal(state: State, deps: Deps) -> Terminal:
    """The end the records prove, found once, unless the release was taken back since."""
    if state.terminal:
        found = deps.get(state, Terminal, state.terminal)
        if found.kind not in REACHED or ending.is_reached(state, deps):
            return found
    terminal = ending.terminal_of(state, deps)
    deps.keep(state, terminal)
    return terminal


def _with_policy(state: State, deps: Deps) -> State:
    """A run that was blocked before its plan asks by the installation's own approver rules."""
    if state.policy:
        return state
    policy = deps.installation.policy
    deps.keep(state, policy)
    return State(**{**state.__dict__, "policy": policy.digest})


def _title(state: State, deps: Deps) -> str:
    if state.plan:
        return deps.get(state, PlanRecord, state.plan).plan.title
    run = deps.store.runs.get(deps.customer(state), state.run)
    return words.quote(deps.store.runs.trigger(deps.customer(state), run.trigger).title)


def _recipients(state: State, deps: Deps) -> tuple[str, ...]:
    if state.plan:
        return (deps.get(state, PlanRecord, state.plan).plan.owners.business_outcome,)
    return (deps.store.runs.get(deps.customer(state), state.run).requester,)


def _figures(state: State, deps: Deps) -> list[Figure]:
    customer = deps.customer(state)
    figures: list[Figure] = []
    for verdict in deps.store.of_run(customer, Verdict, state.run):
        for bar in verdict.bars:
            if bar.name in ("wrong_auto", "coverage"):
                says = f"{bar.events} of {bar.total} ({bar.low:.1%} to {bar.high:.1%})"
                name = f"{verdict.gate}, {bar.name.replace('_', ' ')}: {verdict.outcome}"
                figures.append(Figure(name=name, value=says, evidence=verdict.id))
    for found in deps.store.of_run(customer, OpsReview, state.run):
        figures += [
            Figure(name=f"{one.name}: {one.state}", value=one.says, evidence=one.source)
            for one in found.findings
        ]
    figures += _signals(state, deps)
    for trial in deps.store.of_run(customer, FixTrial, state.run):
        if trial.accepted:
            figures.append(Figure(name="change made", value=trial.patch.says, evidence=trial.id))
    for evidence in deps.store.of_run(customer, Evidence, state.run):
        if evidence.kind == "drill":
            value = f"{evidence.seconds} s"
            figures.append(Figure(name="way back rehearsed in", value=value, evidence=evidence.id))
    return figures


def _signals(state: State, deps: Deps) -> list[Figure]:
    """Every signal of the release's present stage as it was last read."""
    if not state.release:
        return []
    customer, now = deps.customer(state), deps.store.clock.now()
    release = deps.store.releases.get(customer, state.release)
    told = watch.standings_of(deps.store, customer, release=release, now=now)
    return [
        Figure(
            name=f"signal {one.name.replace('_', ' ')}: {one.state}",
            value=one.seen,
            evidence=one.last.digest,
        )
        for one in told
        if one.last is not None
    ]


def _text(title: str, terminal: Terminal, figures: list[Figure], draft: Draft | None) -> str:
    """How it ended, every figure and who answers are the code's, whoever wrote the rest."""
    lines = (f"- {figure.name}: {figure.value} [{figure.evidence}]" for figure in figures)
    values = {
        "title": title,
        "outcome": terminal.kind.replace("_", " "),
        "reason": terminal.reason,
        "owner": terminal.owner,
        "figures": "\n".join(lines) or "- no measurement was made",
    }
    if draft is None:
        return library.render("update", **values)
    return library.render("update_said", **values, said=draft.text)
