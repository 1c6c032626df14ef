"""what is deployed, and what is on trial."""

import time
from pathlib import Path
from typing import Any

import click

from pilotage.cli import exits, graduation_story, workflow_compare, workflow_map
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import section, short, show, table, when
from pilotage.cli.plan_story import names_of
from pilotage.cli.run_story import share
from pilotage.cli.workflow_queue import queue
from policies.stopping import REWRITES_MAX
from runs.errors import NotFound
from runs.plan import PlanRecord
from runs.records.evidence import Access, Evidence, Verdict
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.version import Version
from runs.store.filtered import ItemFilter
from runs.store.runs import RunFilter
from runs.store.store import Store
from workflow import churn, pausing
from workflow.access import REMEDIES, Systems, reach
from workflow.churn import Churn
from workflow.map.text import lines as map_lines


@click.group(
    commands=(queue,),
    epilog="Examples:\n\n  pilotage workflow list\n\n  pilotage workflow show triage\n\n"
    "  pilotage workflow queue triage",
)
def workflow() -> None:
    """What is deployed, and what is on trial."""


@workflow.command(
    "list", epilog="Examples:\n\n  pilotage workflow list\n\n  pilotage workflow list --json"
)
@json_option
@pass_call
def list_workflows(call: Call, *, as_json: bool) -> None:
    """Every workflow that was ever planned, and what serves it."""
    store, customer = call.store, call.customer
    found = [_summary(store, customer, name) for name in _names(store, customer)]
    rows = [(w["workflow"], w["serves"], short(w["version"]), short(w["policy"])) for w in found]
    lines = table(("workflow", "serves", "version", "policy"), rows, none="no workflow was planned")
    show("workflows", {"workflows": found}, lines, as_json=as_json)


@workflow.command(
    "show",
    epilog="Examples:\n\n  pilotage workflow show triage\n\n"
    "  pilotage workflow show triage --map --svg triage.svg",
)
@click.argument("name")
@click.option("--map", "is_map", is_flag=True, help="Its way from trigger to final action.")
@click.option("--svg", type=click.Path(path_type=Path), help="Write the map as pictures as well.")
@click.option("--version", default="", help="The map of this version; the one that serves if not.")
@json_option
@pass_call
def show_workflow(call: Call, *, name: str, is_map: bool, as_json: bool, **chosen: Any) -> None:
    """Its release, its versions, what it may do and what was measured of it.

    With --map its way on one page: model step, human step, every failure path, and act, review or
    refuse with the values that decide now.
    """
    store, customer = call.store, call.customer
    if name not in _names(store, customer):
        raise NotFound(f"there is no workflow {name!r}; `pilotage workflow list` shows them")
    if is_map or chosen["svg"]:
        _show_map(call, name, chosen, as_json=as_json)
        return
    mine = RunFilter(workflow=name)
    told = _summary(store, customer, name) | {
        "versions": _versions(store, customer, name),
        "releases": [one.as_json() for one in store.releases.list(customer, name)],
        "items": store.items.count(customer, ItemFilter(workflow=name)),
        "rewrites": [_rewritten(one) for one in churn.find(store, customer, name).values()],
        "runs": [one.id for one in store.runs.list(customer, limit=1000, wanted=mine)],
    }
    show("workflow", told, _lines(told), as_json=as_json)


@workflow.command(
    epilog="Examples:\n\n  pilotage workflow reopen triage route/label/out_of_scope/review "
    "--reason 'the new product line has its examples now'\n\n"
    "  pilotage workflow reopen triage route/confidence/threshold/review --reason TEXT --json"
)
@click.argument("name")
@click.argument("key")
@click.option("--reason", required=True, help="What is different now; kept with the act.")
@json_option
@pass_call
def reopen(call: Call, *, name: str, key: str, reason: str, as_json: bool) -> None:
    """Let examples and prompts be changed again for a kind of failure they did not mend.

    For the owner of the workflow's behaviour, after three such changes. KEY stands in the run's
    end, and in `workflow show`.
    """
    asked = churn.Asked(call.somebody, reason, call.wired.words())
    done = churn.reopen(call.store, call.customer, workflow=name, key=key, asked=asked)
    line = f"{done.workflow}: {done.key} is open again; {len(done.rewrites)} changes count no more"
    show("reopening", {"reopening": done.as_json()}, [line], as_json=as_json)


@workflow.command(
    epilog="Examples:\n\n  pilotage workflow pause triage --reason 'the queue system is down'\n\n"
    "  pilotage workflow pause triage --reason TEXT --json"
)
@click.argument("name")
@click.option("--reason", required=True, help="Kept with the act.")
@json_option
@pass_call
def pause(call: Call, *, name: str, reason: str, as_json: bool) -> None:
    """Hold its items back: what runs ends, nothing is begun until somebody resumes it.

    For whoever operates it. Items still come in, and wait; `release pause` gives them to the
    incumbent instead.
    """
    asked = pausing.Asked(call.somebody, reason, call.wired.words())
    made = pausing.pause(call.store, call.customer, name, asked)
    line = f"{name}: paused; what came in waits until `pilotage workflow resume {name}`"
    show("pause", {"pause": made.as_json()}, [line], as_json=as_json)


@workflow.command(
    epilog="Examples:\n\n  pilotage workflow resume triage --reason 'it is back'\n\n"
    "  pilotage workflow resume triage --reason TEXT --json"
)
@click.argument("name")
@click.option("--reason", required=True, help="What you looked at, and why it may go on.")
@json_option
@pass_call
def resume(call: Call, *, name: str, reason: str, as_json: bool) -> None:
    """Let its items go on, with those that came in meanwhile."""
    asked = pausing.Asked(call.somebody, reason, call.wired.words())
    done = pausing.resume(call.store, call.customer, name, asked)
    told = {"pause": done.pause.as_json(), "items": done.items}
    show("pause", told, [f"{name}: goes on, with {done.items} items that waited"], as_json=as_json)


@workflow.command(
    epilog="Examples:\n\n  pilotage workflow graduate triage\n\n"
    "  pilotage workflow graduate triage --json"
)
@click.argument("name")
@json_option
@pass_call
def graduate(call: Call, *, name: str, as_json: bool) -> None:
    """Whether it is past the pilot: four signs, each with the records it is read from."""
    found = graduation_story.find(call.store, call.customer, name)
    told = graduation_story.as_json(name, found)
    show("graduation", told, graduation_story.lines(told), as_json=as_json)


@workflow.command(
    epilog="Examples:\n\n  pilotage workflow probe triage\n\n"
    "  pilotage workflow probe triage --json"
)
@click.argument("name")
@json_option
@click.pass_context
def probe(ctx: click.Context, *, name: str, as_json: bool) -> None:
    """Whether each source and tool of its newest plan is reached; reads only, keeps nothing.

    Ends with 4 while one is not reached.
    """
    call = ctx.ensure_object(Call)
    found = _reached(call, name)
    told = {"workflow": name, "access": [one.as_json() for one in found]}
    show("access", told, _access_lines(found), as_json=as_json)
    if not all(one.reached for one in found):
        ctx.exit(exits.GATE_NOT_MET)


@workflow.command(
    epilog="Examples:\n\n  pilotage workflow compare triage --route primary --route own\n\n"
    "  pilotage workflow compare triage --route primary --route baseline --json"
)
@click.argument("name")
@click.option("--route", "routes", multiple=True, required=True, help="Two of them; see above.")
@click.option("--version", default="", help="Of this version; the one that serves if not.")
@json_option
@pass_call
def compare(call: Call, *, name: str, routes: tuple[str, ...], version: str, as_json: bool) -> None:
    """Two routes over the same cases: quality, seconds and cost, paired, with intervals.

    A route is one of the version's models, `baseline`, or a route of models.yaml, which is then
    asked what the version's first model is. The labelled cases of dev are asked about; answers that
    are kept are not paid for again. It is kept as evidence, and `pilotage plan show` tells it.
    """
    found = workflow_compare.compared(call, name, routes, version)
    lines = workflow_compare.lines(found)
    show("comparison", {"evidence": found.as_json()}, lines, as_json=as_json)


def _reached(call: Call, name: str) -> tuple[Access, ...]:
    store, customer = call.store, call.customer
    plans = (one.plan for one in store.list(customer, PlanRecord, limit=1000))
    plan = next((one for one in plans if one.workflow == name), None)
    if plan is None:
        raise NotFound(f"there is no workflow {name!r}; `pilotage workflow list` shows them")
    cases = store.cases.read(customer, store.cases.newest(customer, plan.dataset).digest)
    systems = Systems(call.wired.tools(customer), time.monotonic)
    items = [case.input for case in cases]
    return reach(systems, plan.context.sources, effects=plan.actions.allowed, items=items)


def _access_lines(found: tuple[Access, ...]) -> list[str]:
    rows = [
        (
            one.part,
            one.name,
            one.tool,
            one.level,
            "yes" if one.reached else "no",
            one.records if one.part == "source" else "",
            " ".join(one.missing),
            f"{one.ms} ms",
        )
        for one in found
    ]
    header = ("", "name", "tool", "level", "reached", "records", "fields missing", "took")
    wrong = [
        f"{one.name}: {REMEDIES[one.error]} {one.credential}".rstrip() for one in found if one.error
    ]
    none = "the plan reads no source and asks no tool"
    return [*table(header, rows, none=none), *section("not reached", wrong)]


def _show_map(call: Call, name: str, chosen: dict[str, Any], *, as_json: bool) -> None:
    store, customer = call.store, call.customer
    _, has = names_of(store, customer)
    version = chosen["version"]
    drawn = workflow_map.find_map(store, customer, workflow=name, version=version, who=has)
    show("workflow_map", {"map": drawn.as_json()}, map_lines(drawn), as_json=as_json)
    if chosen["svg"]:
        call.say(f"written: {', '.join(map(str, workflow_map.write(drawn, chosen['svg'])))}")


def _names(store: Store, customer: Customer) -> list[str]:
    plans = store.list(customer, PlanRecord, limit=1000)
    return sorted({one.plan.workflow for one in plans})


def _summary(store: Store, customer: Customer, name: str) -> dict[str, Any]:
    release = store.releases.find_open(customer, name)
    paused = store.pauses.newest(customer, name)
    is_paused = paused is not None and paused.is_paused
    return {
        "workflow": name,
        "serves": _serves(release) + (f"; paused by {paused.by}" if paused and is_paused else ""),
        "paused": paused.as_json() if paused and is_paused else None,
        "release": None if release is None else release.id,
        "version": "" if release is None else release.version,
        "policy": store.policies.find_leading(customer, name) or "",
    }


def _serves(release: Release | None) -> str:
    if release is None or release.stage < 0:
        return "people; nothing is released"
    stage = release.stages[release.stage]
    return f"{stage.name}, {release.weight_bp / 100:g} % of the items, {release.status}"


def _rewritten(found: Churn) -> dict[str, Any]:
    return {
        "key": found.key,
        "is_closed": found.is_closed,
        "rewrites": [
            {"id": one.id, "says": one.patch.says, "reason": one.reason} for one in found.rewrites
        ],
        "reopened": None if found.reopened is None else found.reopened.as_json(),
    }


def _rewritten_line(told: dict[str, Any]) -> str:
    says = "; ".join(one["says"] for one in told["rewrites"])
    stands = "closed" if told["is_closed"] else "open"
    return f"{told['key']}: {stands}, {len(told['rewrites'])} of {REWRITES_MAX}: {says}"


def _versions(store: Store, customer: Customer, name: str) -> list[dict[str, Any]]:
    verdicts = {one.evidence: one for one in store.list(customer, Verdict, limit=10_000)}
    measured = store.list(customer, Evidence, limit=10_000)
    return [
        {
            "version": version.digest,
            "rules": [rule.id for rule in version.rules],
            "effects": [f"{effect.name} ({effect.level})" for effect in version.effects],
            "measured": [
                _measured(one, verdicts.get(one.id))
                for one in measured
                if one.version == version.digest and one.kind in ("dry_run", "holdout", "stage")
            ],
        }
        for version in store.list(customer, Version, limit=100)
        if version.workflow == name
    ]


def _measured(evidence: Evidence, verdict: Verdict | None) -> dict[str, Any]:
    counts = evidence.items if evidence.split == "live" else evidence.families
    return {
        "evidence": evidence.id,
        "kind": evidence.kind,
        "at": evidence.as_json()["measured_at"],
        "wrong_alone": counts.wrong_auto,
        "covered": counts.covered,
        "total": counts.total,
        "verdict": None if verdict is None else verdict.outcome,
    }


def _lines(told: dict[str, Any]) -> list[str]:
    releases = [
        f"{one['id']}: {one['status']}, run {one['run']}, opened {when(one['opened_at'])}"
        for one in told["releases"]
    ]
    items = [f"{n} {status}" for status, n in sorted(told["items"].items())]
    return [
        f"workflow {told['workflow']}: {told['serves']}",
        *section("releases", releases),
        *section("items", [", ".join(items)] if items else []),
        *(line for one in told["versions"] for line in _version_lines(one)),
        *section("examples and prompts changed", list(map(_rewritten_line, told["rewrites"]))),
        *section("runs", told["runs"]),
    ]


def _version_lines(version: dict[str, Any]) -> list[str]:
    head = [
        f"rules: {', '.join(version['rules']) or 'none'}",
        f"may do: {', '.join(version['effects'])}",
    ]
    rows = [
        (
            when(one["at"]),
            one["kind"].replace("_", " "),
            share(one["wrong_alone"], one["total"]),
            share(one["covered"], one["total"]),
            one["verdict"] or "not judged",
        )
        for one in version["measured"]
    ]
    header = ("measured", "on", "wrong alone", "covered", "verdict")
    measured = table(header, rows, none="nothing was measured of it")
    return section(f"version {short(version['version'])}", [*head, *measured])
