"""the story of a run in a screenful, read from the record alone."""

from collections.abc import Sequence
from typing import Any

from pilotage.cli import proposed
from pilotage.cli.output import one_line, section, short, table, when
from pilotage.cli.turn import turn_of
from policies.intervals import wilson
from runs import approvals, words
from runs.plan import PlanDraft, PlanRecord
from runs.records.approval import Approval
from runs.records.evidence import Evidence, FixTrial, OutcomeTable, Verdict
from runs.records.intake import Uptake
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.run import Cancellation, Clearing, Report, Run, Terminal
from runs.store.store import Store

OUTCOMES = ("right_auto", "right_review", "wrong_auto", "needless_review", "error")
CLIMB = (
    "release_opened",
    "stage_entered",
    "release_held",
    "release_narrowed",
    "release_resumed",
    "release_rolled_back",
    "release_completed",
    "drill_performed",
)
"""Events of a release that a reader of its run looks for."""


def story(store: Store, customer: Customer, run: Run) -> dict[str, Any]:
    """Everything a reader asks of a run first, as JSON values."""
    trigger = store.runs.trigger(customer, run.trigger)
    measured = store.of_run(customer, Evidence, run.id)
    told = {
        "run": run.as_json(),
        "title": words.quote(trigger.title),
        "kind": trigger.kind,
        "began_on": _began_on(store, customer, run),
        "called_off": _called_off(store, customer, run),
        "cleared": cleared(store, customer, run),
        "turn": turn_of(store, customer, run),
        "plan": _plan(store, customer, run.id),
        "trials": [
            _trial(store, customer, run.id, one)
            for one in measured
            if one.kind in ("dry_run", "holdout")
        ],
        "fixes": [_fix(fix) for fix in store.of_run(customer, FixTrial, run.id)],
        "proposals": proposed.told(store, customer, run.id),
        "approvals": [
            asked(store, customer, one)
            for one in approvals.list_approvals(store, customer, status="", run=run.id)
        ],
        "releases": [
            _release(store, customer, one) for one in store.releases.of_run(customer, run.id)
        ],
        "report": _report(store, customer, run.id),
        "end": _end(store, customer, run),
    }
    return words.told(store, customer, told)


def lines(told: dict[str, Any]) -> list[str]:
    """The story for people."""
    run = told["run"]
    head = [
        f"run {run['id']}: {told['title']}",
        f"  {told['kind']} by {run['requester']}, {when(run['opened_at'])} UTC; "
        f"workflow {run['workflow'] or 'not chosen yet'}",
        f"  {run['status']}{told['turn']['says'] and ': ' + told['turn']['says']}",
        *_around_lines(told),
    ]
    return [
        *head,
        *section("plan", _plan_lines(told["plan"])),
        *section("trials (families, with 95 % intervals)", _trial_lines(told["trials"])),
        *section("fixes", [_fix_line(fix) for fix in told["fixes"]]),
        *section("asked of models", proposed.lines(told["proposals"])),
        *section("approvals", [line for one in told["approvals"] for line in asked_lines(one)]),
        *section("stages", [line for one in told["releases"] for line in _release_lines(one)]),
        *section("report", _report_lines(told["report"])),
        *section("end", end_lines(told["end"])),
    ]


def cleared(store: Store, customer: Customer, run: Run) -> list[dict[str, Any]]:
    """The blocker this run goes on from, and the run that goes on from its own; words as quotes."""
    ends = [one for one in (run.continues, run.id) if one]
    found = [store.find(customer, Clearing, one) for one in ends]
    return [
        {**one.as_json(), "reason": words.quote(one.reason)} for one in found if one is not None
    ]


def cleared_line(told: dict[str, Any], run: str) -> str:
    """Which run goes on from which, by whose word."""
    goes = f"continues run {told['id']}" if told["run"] == run else f"continued by {told['run']}"
    return one_line(f"{goes}: cleared by {told['by']}, {when(told['at'])}: {told['reason']}", 160)


def _began_on(store: Store, customer: Customer, run: Run) -> str:
    taken = store.of_run(customer, Uptake, run.id)
    return taken[0].id if taken else ""


def _called_off(store: Store, customer: Customer, run: Run) -> dict[str, Any] | None:
    found = store.find(customer, Cancellation, f"{run.id}.cancelled")
    return None if found is None else {**found.as_json(), "reason": words.quote(found.reason)}


def _around_lines(told: dict[str, Any]) -> list[str]:
    """What it began on, where it goes on, and who called it off."""
    off = told["called_off"]
    return [
        *([f"  on intake record {told['began_on']}"] if told["began_on"] else []),
        *(f"  {cleared_line(one, told['run']['id'])}" for one in told["cleared"]),
        *([f"  called off by {off['by']}: {one_line(off['reason'], 120)}"] if off else []),
    ]


def asked(store: Store, customer: Customer, approval: Approval) -> dict[str, Any]:
    """A question and its answers: who, when, in which role, how they proved it; words as quotes."""
    answers = approvals.decisions_of(store, customer, approval.id)
    return {
        **approval.as_json(),
        "decisions": [
            {
                "person": answer.person,
                "role": answer.role,
                "kind": answer.kind,
                "reason": words.quote(answer.reason),
                "at": answer.as_json()["decided_at"],
                "proved_by": answer.proved_by,
                "solo": answer.solo,
                "emergency": answer.emergency,
                "behalf": answer.behalf,
                "to": list(answer.to),
                "seen": answer.seen,
            }
            for answer in answers
        ],
    }


def asked_lines(told: dict[str, Any]) -> list[str]:
    """A question on one line, each answer on one below it."""
    what = f"{told['kind'].replace('_', ' ')} {stamped(told)}"
    head = f"{what}: {told['title']} [{short(told['subject'])}]"
    return [one_line(head, 100), *(f"  {answer_line(one)}" for one in told["decisions"])]


def stamped(told: dict[str, Any]) -> str:
    """How a question stands, with the marks that are shown wherever it is."""
    marks = [name for name in ("solo", "emergency") if told.get(name)]
    marks += ["escalated"] if told.get("escalates") else []
    status = told["status"].replace("_", " ")
    return f"{status} ({', '.join(marks)})" if marks else status


def answer_line(answer: dict[str, Any]) -> str:
    """Who decided what, when and how they proved it."""
    marks = [f", {name}" for name in ("solo", "emergency") if answer.get(name)]
    marks += [f", in the place of {answer['behalf']}"] if answer.get("behalf") else []
    said = f": {answer['reason']}" if answer["reason"] else ""
    proof = f"{answer['role']}, by {answer['proved_by']}{''.join(marks)}"
    line = f"{when(answer['at'])} {answer['person']} ({proof}) {answer['kind'].replace('_', ' ')}"
    line += f" to {', '.join(answer['to'])}" if answer.get("to") else ""
    return one_line(line + said, 110)


def share(events: int, total: int) -> str:
    """A rate with its 95 % interval, for showing."""
    if not total:
        return "nothing measured"
    at = wilson(events, total)
    return f"{events}/{total} = {events / total:.1%} ({at.low:.1%} to {at.high:.1%})"


def outcomes(table_of: OutcomeTable) -> dict[str, int]:
    """An outcome table as JSON, with its total."""
    return {**table_of.as_json(), "total": table_of.total}


def _plan(store: Store, customer: Customer, run: str) -> dict[str, Any]:
    written = store.of_run(customer, PlanRecord, run)
    if written:
        plan = written[-1].plan
        return {
            "digest": written[-1].digest,
            "title": plan.title,
            "goal": plan.goal.business_goal,
            "agreed_stage": plan.rollout.agreed_stage,
            "dataset": plan.dataset,
            "lessons": list(written[-1].lessons),
            "changes": list(written[-1].changes),
            "filled": [one.path for one in written[-1].filled],
            "holes": [],
        }
    drafts = store.of_run(customer, PlanDraft, run)
    if not drafts:
        return {"digest": "", "holes": [], "warnings": []}
    holes = [hole.as_json() for hole in drafts[-1].holes]
    return {"digest": "", "holes": holes, "warnings": list(drafts[-1].warnings)}


def _plan_lines(plan: dict[str, Any]) -> list[str]:
    if plan["holes"]:
        warned = [f"warning: {one}" for one in plan["warnings"]]
        return [*(f"{hole['person']}: {hole['question']}" for hole in plan["holes"]), *warned]
    if not plan["digest"]:
        return []
    return [
        f"{plan['title']} [{short(plan['digest'])}]: {one_line(plan['goal'], 60)}",
        f"done at {plan['agreed_stage']}; judged on dataset {plan['dataset']}",
        *(f"learnt before: {change}" for change in plan["changes"]),
        *(f"filled by a model: {path}" for path in plan["filled"]),
    ]


def _trial(store: Store, customer: Customer, run: str, evidence: Evidence) -> dict[str, Any]:
    verdicts = [v for v in store.of_run(customer, Verdict, run) if v.evidence == evidence.id]
    return {
        "evidence": evidence.id,
        "kind": evidence.kind,
        "version": evidence.version,
        "policy": evidence.policy,
        "look": evidence.look,
        "families": outcomes(evidence.families),
        "items": outcomes(evidence.items),
        "verdict": verdicts[-1].as_json() if verdicts else None,
        "at": evidence.as_json()["measured_at"],
    }


def _trial_lines(trials: Sequence[dict[str, Any]]) -> list[str]:
    if not trials:
        return []
    header = ("trial", "n", "wrong alone", "covered", "verdict", *OUTCOMES)
    rows = [(*_trial_cells(one), *(one["families"][name] for name in OUTCOMES)) for one in trials]
    return table(header, rows, none="")


def _trial_cells(trial: dict[str, Any]) -> tuple[object, ...]:
    counts, verdict = trial["families"], trial["verdict"]
    total = counts["total"]
    covered = counts["right_auto"] + counts["right_review"]
    return (
        trial["kind"].replace("_", " "),
        total,
        share(counts["wrong_auto"], total),
        share(covered, total),
        verdict["outcome"] if verdict else "not judged",
    )


def _fix(fix: FixTrial) -> dict[str, Any]:
    return {**fix.as_json(), "says": fix.patch.says, "rank": fix.patch.rank}


def _fix_line(fix: dict[str, Any]) -> str:
    verdict = "taken" if fix["accepted"] else "left"
    lesson = f" (from lesson {fix['from_lesson']})" if fix["from_lesson"] else ""
    return one_line(f"{verdict} rank {fix['rank']}: {fix['says']}{lesson}; {fix['reason']}", 160)


def climb(store: Store, customer: Customer, run: str) -> list[dict[str, Any]]:
    """What befell a run's release, in order, with the words of whoever moved it."""
    events = [e for e in store.events(customer, run, limit=100_000) if e.kind in CLIMB]
    reasons = {str(e.body["reason"]) for e in events if e.body.get("reason")}
    said = words.said(store, customer, sorted(reasons))
    steps = [
        {"at": e.at.isoformat(), "kind": e.kind, "actor": e.actor, "clock": e.clock, **e.body}
        for e in events
    ]
    return [
        {**one, "reason": said.get(one["reason"], one["reason"])} if "reason" in one else one
        for one in steps
    ]


def _release(store: Store, customer: Customer, release: Release) -> dict[str, Any]:
    live = store.of_run(customer, Evidence, release.run)
    return {
        **release.as_json(),
        "climb": climb(store, customer, release.run),
        "live": [
            {"evidence": one.id, "subject": one.subject, "items": outcomes(one.items)}
            for one in live
            if one.kind == "stage"
        ],
        "drills": [
            {
                "evidence": one.id,
                "occasion": one.notes.get("occasion", "drill"),
                "seconds": one.seconds,
            }
            for one in live
            if one.kind == "drill"
        ],
    }


def _release_lines(release: dict[str, Any]) -> list[str]:
    names = [stage["name"] for stage in release["stages"]]
    at = names[release["stage"]] if release["stage"] >= 0 else "before the first"
    share_of_items = f"{release['weight_bp'] / 100:g} % of the items"
    status = release["status"].replace("_", " ")
    return [
        f"release {release['id']}: {status}, stands at {at} ({share_of_items})",
        *(f"  way back, {one['occasion']}: {one['seconds']} s" for one in release["drills"]),
        *(f"  {climb_line(one)}" for one in release["climb"]),
        *(f"  {one['subject']}: {_live_line(one['items'])}" for one in release["live"]),
    ]


def climb_line(step: dict[str, Any]) -> str:
    """One event of a release for people, with its time and the clock it was told by."""
    told = ", ".join(
        f"{name} {short(str(value))}"
        for name, value in step.items()
        if name not in ("at", "kind", "actor", "clock") and value not in ("", None)
    )
    turned = " (clock turned)" if step["clock"] == "turned" else ""
    return f"{when(step['at'])}{turned} {step['kind'].replace('_', ' ')}: {told}"


def _live_line(counts: dict[str, int]) -> str:
    return (
        f"{counts['total']} live items, wrong alone {share(counts['wrong_auto'], counts['total'])}"
    )


def _report(store: Store, customer: Customer, run: str) -> dict[str, Any] | None:
    written = store.of_run(customer, Report, run)
    if not written:
        return None
    sent = [action.as_json() for action in store.actions.of_run(customer, run)]
    return {**written[-1].as_json(), "digest": written[-1].digest, "sent": sent}


def _report_lines(report: dict[str, Any] | None) -> list[str]:
    if report is None:
        return []
    done = [action for action in report["sent"] if action["status"] == "done"]
    how = "; ".join(f"{action['key']} at {when(action['settled_at'])}" for action in done)
    return [
        f"{report['title']} [{short(report['digest'])}], {len(report['figures'])} figures",
        f"sent to {', '.join(report['recipients'])}: {how}" if done else "not sent",
    ]


def _end(store: Store, customer: Customer, run: Run) -> dict[str, Any] | None:
    return store.get(customer, Terminal, run.terminal).as_json() if run.terminal else None


def end_lines(end: dict[str, Any] | None) -> list[str]:
    """How a run ended, for people; nothing while it has not."""
    if end is None:
        return []
    check = f"; next check {when(end['next_check'])}" if end["next_check"] else ""
    return [
        f"{end['kind'].replace('_', ' ')}: {end['reason']}",
        f"owner {end['owner']}{check}; proof: {', '.join(short(p) for p in end['proof'])}",
    ]
