"""exactly what an approval asks: what it covers, read from the record, and what follows."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from pilotage.cli import action_story, approval_changes, plan_compiled
from pilotage.cli.output import one_line, section, short, when
from pilotage.cli.run_explained import kept_text
from pilotage.cli.run_story import answer_line, asked, share
from pilotage.cli.run_story import stamped as stamped
from policies.approvals import EDITED
from runs import approvals, words
from runs.plan import PlanRecord
from runs.records.approval import Approval
from runs.records.case import Dataset
from runs.records.evidence import Evidence, Verdict
from runs.records.person import Customer
from runs.records.release import Move
from runs.records.run import Terminal
from runs.records.version import PolicyEdit, PolicyValues, Version
from runs.store.store import Store

Told = dict[str, Any]


def story(store: Store, customer: Customer, approval: Approval) -> Told:
    """The question, its answers so far, and what each covered name stands for."""
    covered = {
        name: _LOOK[name](store, customer, id)
        for name, id in approval.covers.items()
        if name in _LOOK and id and approval.kind not in ("action", "call")
    }
    covered |= _compiled(store, customer, approval)
    lessons = [
        lesson.as_json()
        for lesson in store.lessons.list(customer, status="")
        if "lessons" in approval.covers and lesson.run == approval.run
    ]
    told = {
        "approval": asked(store, customer, approval),
        "action": action_story.find_story(store, customer, approval),
        "covered": covered,
        "lessons": lessons,
        "different": approval_changes.story(store, customer, approval),
        "asked_before": approvals.asked_before(store, customer, approval)
        if approval.escalates
        else [],
    }
    return words.told(store, customer, told)


def lines(told: Told) -> list[str]:
    """The question for people, with the digest they decide by."""
    one = told["approval"]
    name = short(one["subject"])
    of_item = f" of item {one['covers']['item']}" if one["kind"] == "action" else ""
    of_run = f" of run {one['run']}" if one["run"] else of_item
    needs = [f"{n['count']} {n['role']}: {', '.join(n['people'])}" for n in one["needs"]]
    head = [
        f"{one['kind'].replace('_', ' ')} {stamped(one)}: {one['title']}",
        f"  approval {one['id']}{of_run}, due {when(one['due_at'])} UTC",
        *_went_on(told),
        f"  digest {name}",
    ]
    covers = [f"{key}: {short(id) or '-'}" for key, id in one["covers"].items()]
    decisions = [answer_line(answer) for answer in one["decisions"]]
    return [
        *head,
        *section("if approved", [one["if_approved"]]),
        *section("if rejected", [one["if_rejected"]]),
        *section("risks", list(one["risks"])),
        *approval_changes.lines(told["different"]),
        *action_story.lines(told["action"]),
        *[line for key, value in told["covered"].items() for line in _covered(key, value)],
        *section("lessons to keep", [f"{le['kind']}: {le['text']}" for le in told["lessons"]]),
        *section("digest made of", covers),
        *section("who must agree", needs),
        *section("who may not", list(one["excluded"])),
        *section("decided", decisions),
        *_how(one, name),
    ]


def _went_on(told: Told) -> list[str]:
    """Where a question comes from that nobody answered, and whose word stands already."""
    one = told["approval"]
    if not one["escalates"]:
        return []
    nobody = f"  escalated: nobody answered {one['escalates']} in time"
    asked_of = f"  asked so far: {', '.join(told['asked_before'])}"
    agreed = f"  agreed before: {', '.join(one['agreed'])}" if one["agreed"] else ""
    return [nobody, asked_of, *([agreed] if agreed else [])]


def _how(one: Told, name: str) -> list[str]:
    if one["status"] != "open":
        return []
    verbs = {
        "approve": "",
        "reject": " --reason TEXT",
        "changes": " --reason TEXT",
        **({"edit": " --file FILE --reason TEXT"} if one["kind"] in EDITED else {}),
        "handover": " --to PERSON --reason TEXT",
        "escalate": " --reason TEXT",
    }
    ways = [f"pilotage approval {v} {one['id']} --digest {name}{rest}" for v, rest in verbs.items()]
    return section("decide", ways)


def _plan(store: Store, customer: Customer, id: str) -> Told:
    record = store.find(customer, PlanRecord, id)
    if record is None:
        return {}
    return {"plan": record.plan.as_json(), "changes": list(record.changes)}


def _compiled(store: Store, customer: Customer, approval: Approval) -> Told:
    """What the plan that is asked about comes to under the values that go with it."""
    covers = approval.covers
    if approval.kind != "plan" or not {"plan", "policy"} <= set(covers):
        return {}
    record = store.find(customer, PlanRecord, covers["plan"])
    policy = store.find(customer, PolicyValues, covers["policy"])
    if record is None or policy is None:
        return {}
    return {"compiled": plan_compiled.compiled(record.plan, policy)}


def _text(store: Store, customer: Customer, id: str) -> Told:
    kept = kept_text(store, customer, id)
    return kept if isinstance(kept, dict) else {"text": kept}


def _edit(store: Store, customer: Customer, id: str) -> Told:
    record = store.find(customer, PolicyEdit, id)
    if record is None:
        return {}
    body = {name: record.as_json()[name] for name in ("changes", "editors", "is_known")}
    return {**body, "reason": words.quote(record.reason)}


def _record(kind: type[Any], *names: str) -> Callable[[Store, Customer, str], Told]:
    """Reads a record of this kind, or these parts of it; nothing where it is not on record."""

    def look(store: Store, customer: Customer, id: str) -> Told:
        found = store.find(customer, kind, id)
        body = {} if found is None else found.as_json()
        return {name: body[name] for name in names if name in body} if names else body

    return look


_LOOK: Mapping[str, Callable[[Store, Customer, str], Told]] = {
    "plan": _plan,
    "policy": _record(PolicyValues, "values", "lists", "gates"),
    "edit": _edit,
    "version": _record(Version, "workflow", "rules", "effects", "labels"),
    "dataset": _record(Dataset, "name", "counts", "families", "gaps", "accepted_by"),
    "evidence": _record(Evidence),
    "dry_run": _record(Evidence),
    "drill": _record(Evidence),
    "contract": _record(Evidence),
    "faults": _record(Evidence),
    "alerts": _record(Evidence),
    "verdict": _record(Verdict),
    "move": _record(Move),
    "terminal": _record(Terminal),
    "text": _text,
}
"""How what a name covers is read from the record."""


def _covered(name: str, value: Told) -> list[str]:
    """A covered thing as a person reads it; whatever has no form of its own, field by field."""
    if name == "text":
        return section("text", str(value.get("text", "")).splitlines())
    if "bars" in value:
        return section(name, [f"{value['outcome']}: {value['reason']}", *map(_bar, value["bars"])])
    if "families" in value and "measured_at" in value:
        return section(name, _measured(value))
    if "editors" in value:
        return section("what changes", edit_lines(value))
    if name == "compiled":
        return section("what the plan comes to", plan_compiled.lines(value))
    if "plan" in value:
        return section("plan", _plan_lines(value))
    return section(name, _fields(value))


def edit_lines(edit: Told) -> list[str]:
    """Every value of an edit, who must agree to it, and who is known to have made it."""
    unknown = "editor unknown: the file itself was edited, by somebody who can write it"
    known = f"edited by {', '.join(edit['editors'])}"
    changed = [
        f"{one['key']}: {one['before']} -> {one['after']} ({', '.join(one['roles'])})"
        for one in edit["changes"]
    ]
    who = [known] if edit["editors"] else []
    why = [f"because: {edit['reason']}"] if edit["reason"] else []
    return [*changed, *who, *([] if edit["is_known"] else [unknown]), *why]


def _bar(bar: Told) -> str:
    rate = share(bar["events"], bar["total"])
    return f"{bar['name'].replace('_', ' ')}: {bar['outcome']}; {rate} against {bar['threshold']:g}"


def _measured(evidence: Told) -> list[str]:
    if evidence["kind"] == "drill":
        outcome, seconds = evidence["notes"].get("outcome", "unknown"), evidence["seconds"]
        return [f"{evidence['id']}: way back rehearsed in {seconds} s: {outcome}"]
    if evidence["kind"] in ("contract", "faults", "alert_drill"):
        return [f"{evidence['id']}: {evidence['notes']['outcome']}", *_practised(evidence)]
    unit = "items" if evidence["split"] == "live" else "families"
    counts = evidence[unit]
    told = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items() if n)
    return [f"{evidence['id']}: {evidence['kind'].replace('_', ' ')}, {unit}: {told or 'none'}"]


def _practised(evidence: Told) -> list[str]:
    """Gaps of the contract; each fault and what became of its item; who was told of a breach."""
    gaps = [
        f"{one['field']}: {'; '.join(one['gaps'])}"
        for one in evidence.get("fields", ())
        if one["gaps"]
    ]
    became = Counter(
        f"{one['name'].replace('_', ' ')}: {one['status'].replace('_', ' ')}, {one['owner']}"
        for one in evidence.get("faults", ())
    )
    faults = [f"{one} ({times} items)" if times > 1 else one for one, times in became.items()]
    notes = evidence["notes"] if evidence["kind"] == "alert_drill" else {}
    told = (f"{name}: {who}" for name, who in notes.items() if name not in ("outcome", "lacking"))
    return [*gaps, *faults, *told]


def _plan_lines(value: Told) -> list[str]:
    plan = value["plan"]
    without = ", ".join(one["name"] for one in plan["actions"]["excluded"])
    effects = ", ".join(f"{e['name']} ({e['level']})" for e in plan["actions"]["allowed"])
    stages = ", ".join(stage["name"] for stage in plan["rollout"]["stages"])
    owners = ", ".join(f"{role} {person}" for role, person in plan["owners"].items())
    return [
        f"{plan['title']} ({plan['workflow']}), risk {plan['risk']}",
        f"goal: {plan['goal']['business_goal']}",
        f"path: {plan['scope']['included']['path']}",
        f"may do: {effects}",
        f"may not: {without}",
        f"stages: {stages}; done at {plan['rollout']['agreed_stage']}",
        f"owners: {owners}",
        *(f"learnt before: {change}" for change in value["changes"]),
    ]


def _fields(value: Told) -> list[str]:
    return [f"{name}: {one_line(_said(inner), 110)}" for name, inner in value.items() if inner]


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_said(one) for one in value) or "none"
    return str(value)
