"""how far a release has come and what decides its next move, in lines and for its page."""

from typing import Any

from console.pages.decision import Decides, decision
from console.pages.release import made_of
from pilotage.cli.call import Call
from pilotage.cli.output import section, short, table, when
from pilotage.cli.plan_story import decision_lines, names_of
from pilotage.cli.run_story import answer_line, asked, climb, climb_line, share, stamped
from rollout import advance, ladder, signals, watch
from rollout.advance import Facts
from rollout.watch import Standing
from runs import approvals, words
from runs.plan import PlanRecord
from runs.records.evidence import Evidence, Verdict
from runs.records.release import Release

SIGNALS = ("", "share", "between", "limit", "goes back", "owner", "read (UTC)", "")


def story(call: Call, found: Release) -> dict[str, Any]:
    """Everything a reader asks of a release, as JSON values; reads only."""
    store, customer = call.store, call.customer
    measured = store.of_run(customer, Evidence, found.run)
    now, facts = store.clock.now(), look(call, found)
    sample = signals.count(store, customer, release=found, now=now)
    standings = watch.standings_of(store, customer, release=found, now=now)
    return {
        "release": found.as_json(),
        "sample": {"settled": sample.settled, "of": sample.sample},
        "signals": [_standing(one) for one in standings],
        "evidence": [one.as_json() for one in measured if one.kind in ("stage", "drill")],
        "climb": climb(store, customer, found.run),
        "verdicts": [one.as_json() for one in store.of_run(customer, Verdict, found.run)],
        "next": advance.judge(facts).as_json(),
        "checklist": [one._asdict() for one in facts.checklist],
        "decision": [one._asdict() for one in _decision(call, found, facts)],
        "approvals": _approvals(call, found),
        "people": _people(call, found),
        "at": now.isoformat(),
    }


def look(call: Call, found: Release) -> Facts:
    """What the release's next move rests on now, with the newest question about a stage."""
    listed = approvals.list_approvals(call.store, call.customer, status="", run=found.run)
    of_stage = [one for one in listed if one.kind == "stage"]
    newest = max(of_stage, key=lambda one: one.opened_at, default=None)
    asked_about = newest.id if newest else ""
    return call.wired.engines("").look(call.customer, found, approval=asked_about)


def lines(told: dict[str, Any]) -> list[str]:
    """The release for people."""
    one, sample = told["release"], told["sample"]
    here = one["stage"]
    rows = [
        (
            ">" if at == here else "",
            stage["name"],
            f"{stage['weight_bp'] / 100:g} %",
            f"{sample['settled']} of {sample['of']}" if at == here else stage["sample"],
            f"{stage['min_hours']} h",
        )
        for at, stage in enumerate(one["stages"])
    ]
    return [
        f"release {one['id']} of {one['workflow']}: {one['status'].replace('_', ' ')}, "
        f"serves {ladder.told(Release.model_validate(one))} of the items",
        f"  version {short(one['version'])}, policy {short(one['policy'])}, "
        f"before it {short(one['incumbent'])}; run {one['run']}",
        *section("stages", table(("", "stage", "share", "sample", "at least"), rows, none="")),
        *section("next move", decision_lines(_rows(told["decision"]), with_rules=False)),
        *section("before it acts", checklist_lines(told["checklist"])),
        *section("evidence", [_evidence(piece) for piece in told["evidence"]]),
        *section("signals, as last read", table(SIGNALS, map(_signal, told["signals"]), none="")),
        *section("what they are made of", _figures(told["signals"])),
        *section("approvals", [line for row in told["approvals"] for line in _asked(row)]),
        *section("so far", [climb_line(step) for step in told["climb"]]),
    ]


def checklist_lines(lines: list[dict[str, Any]]) -> list[str]:
    """The go-live checklist as a table."""
    rows = [
        (
            one["name"].replace("_", " "),
            one["verdict"],
            "" if one["hours"] is None else f"{one['hours']:g} h",
            one["who"],
            one["says"],
            one["evidence"],
        )
        for one in lines
    ]
    return table(("", "verdict", "age", "who", "", "evidence"), rows, none="it was not looked at")


def _evidence(piece: dict[str, Any]) -> str:
    if piece["kind"] == "drill":
        return (
            f"{when(piece['measured_at'])} way back {piece['notes'].get('outcome', '')} "
            f"in {piece['seconds']} s ({piece['notes'].get('occasion', '')}) [{piece['id']}]"
        )
    counts = piece["items"]
    total = sum(counts.values())
    return (
        f"{when(piece['measured_at'])} {piece['subject']}: {total} items, wrong alone "
        f"{share(counts['wrong_auto'], total)}, {piece['unlabelled']} unanswered [{piece['id']}]"
    )


def _standing(one: Standing) -> dict[str, Any]:
    """A signal as it was last kept, and what was agreed about it; null before its first reading."""
    last = {} if one.last is None else one.last.as_json()
    names = ("value", "events", "total", "low", "high", "since", "breached_since")
    over = [ceiling.figure for ceiling in one.find_exceeded()]
    return {
        "name": one.name,
        "owner": one.owner,
        **{name: last.get(name) for name in names},
        "read_at": last.get("until"),
        "limit": None if one.limit is None else one.limit.as_json(),
        "rollback_when": [bar.as_json() for bar in one.bars],
        "figures": last.get("figures", {}),
        "ceilings": [
            {
                "figure": ceiling.figure,
                "most": str(ceiling.most),
                "asked_by": ceiling.asked_by,
                "is_exceeded": ceiling.figure in over,
            }
            for ceiling in one.ceilings
        ],
        "state": one.state,
    }


def _signal(one: dict[str, Any]) -> tuple[object, ...]:
    bars = "; ".join(f"{bar['direction']} {bar['value']}" for bar in one["rollback_when"])
    limit = one["limit"]
    asked = f"{limit['direction'].replace('_', ' ')} {limit['value']}" if limit else ""
    share, between = "", ""
    if one["total"]:
        share = f"{one['events'] / one['total']:.4f} ({one['events']}/{one['total']})"
        between = f"{one['low']:.3f} to {one['high']:.3f}" if one["low"] is not None else ""
    name = one["name"].replace("_", " ")
    return (name, share, between, asked, bars, one["owner"], when(one["read_at"]), one["state"])


def _figures(told: list[dict[str, Any]]) -> list[str]:
    return [": ".join(row) for row in made_of(told)]


def _decision(call: Call, found: Release, facts: Facts) -> tuple[Decides, ...]:
    plan = call.store.get(call.customer, PlanRecord, found.plan).plan
    return decision(plan, facts)


def _rows(told: list[dict[str, Any]]) -> list[Decides]:
    return [Decides(**row) for row in told]


def _approvals(call: Call, found: Release) -> list[dict[str, Any]]:
    """Every question of the release's run about a stage, with who decided it."""
    listed = approvals.list_approvals(call.store, call.customer, status="", run=found.run)
    told = [asked(call.store, call.customer, one) for one in listed if one.kind == "stage"]
    return words.told(call.store, call.customer, told)


def _people(call: Call, found: Release) -> dict[str, str]:
    """The owners of the plan by name: who may act on the release, and who answers for it."""
    plan = call.store.get(call.customer, PlanRecord, found.plan).plan
    is_who, _ = names_of(call.store, call.customer)
    return {area: is_who(person) for area, person in plan.owners}


def _asked(one: dict[str, Any]) -> list[str]:
    return [
        f"{one['title']}: {stamped(one)} [{one['id']}]",
        *(f"  {answer_line(answer)}" for answer in one["decisions"]),
    ]
