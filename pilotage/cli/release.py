"""how far a version has come; take it back."""

from collections.abc import Sequence
from typing import Any

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import print_lines, section, short, show, table, when
from pilotage.cli.run_story import CLIMB, climb_line, share
from rollout import signals
from rollout.release import way_back
from rollout.release.cause import Asked
from runs.errors import InvalidInput, NotFound
from runs.records.evidence import Evidence
from runs.records.person import Customer
from runs.records.release import Release
from runs.store.store import Store


@click.group(
    epilog="Examples:\n\n  pilotage release show triage\n\n"
    "  pilotage release rollback triage --reason 'wrong queue since noon'"
)
def release() -> None:
    """How far a version has come; take it back."""


@release.command(
    "show",
    epilog="Examples:\n\n  pilotage release show triage\n\n  pilotage release show r1 --json",
)
@click.argument("id")
@json_option
@pass_call
def show_release(call: Call, *, id: str, as_json: bool) -> None:
    """Its stages, its evidence and its way so far; by id, or by the name of its workflow."""
    store, customer = call.store, call.customer
    found = _find(store, customer, id)
    told = _story(store, customer, found)
    show("release", told, _lines(told), as_json=as_json)


@release.command(
    epilog="Examples:\n\n  pilotage release narrow triage --weight 5 --reason 'two are ill'\n\n"
    "  pilotage release narrow triage --weight 0 --reason 'back to the sandbox'"
)
@click.argument("id")
@click.option("--weight", type=click.FloatRange(0, 100), required=True, help="Percent of items.")
@click.option("--reason", required=True, help="Kept with the act.")
@pass_call
def narrow(call: Call, *, id: str, weight: float, reason: str) -> None:
    """Serve fewer items, at once; one authorised person is enough."""
    identity, store = call.somebody, call.store
    basis_points = weight * 100
    if basis_points != int(basis_points):
        raise InvalidInput(f"--weight {weight}: at most two decimals, such as 2.5")
    cause = Asked(identity, reason, call.wired.words())
    found = _find(store, call.customer, id)
    after = way_back.narrow(
        store, call.customer, release=found, cause=cause, weight_bp=int(basis_points)
    )
    print_lines([f"{after.id}: serves {after.weight_bp / 100:g} % at {_stage(after)}"])
    call.say(
        f"the evidence of {_stage(after)} begins again; next: pilotage release show {after.id}"
    )


@release.command(
    epilog="Examples:\n\n  pilotage release rollback triage --reason 'wrong queue since noon'\n\n"
    "  pilotage release rollback release-1a2b --reason 'asked by the customer'"
)
@click.argument("id")
@click.option("--reason", required=True, help="Kept with the act.")
@json_option
@pass_call
def rollback(call: Call, *, id: str, reason: str, as_json: bool) -> None:
    """Take the version away at once, and prove that it is gone; one authorised person is enough."""
    identity, store = call.somebody, call.store
    cause = Asked(identity, reason, call.wired.words())
    found = _find(store, call.customer, id)
    done = way_back.roll_back(store, call.customer, release=found, cause=cause)
    before = way_back.find_values_before(store, call.customer, found)
    if before is not None:
        call.wired.policy_files.write(call.customer, before)
    walked, proof = done.walked, done.evidence
    value = {
        "release": walked.release.as_json(),
        "evidence": proof.as_json(),
        "stopped": list(walked.stopped),
        "effects": [action.as_json() for action in walked.effects],
        "is_verified": walked.is_verified,
    }
    lines = [
        f"{walked.release.id}: rolled back in {proof.seconds} s; "
        f"{proof.notes['probes']} decisions since then went to the incumbent",
        f"{len(walked.stopped)} items were stopped and wait for a person",
        *section("already done outside, for a person to look at", _effects(value["effects"])),
    ]
    show("rollback", value, lines, as_json=as_json)


def _find(store: Store, customer: Customer, id: str) -> Release:
    """The release of this id or of a prefix that is unique; else the newest of this workflow."""
    every = store.releases.list(customer)
    own = [one for one in every if one.id == id] or [one for one in every if one.id.startswith(id)]
    named = own or [one for one in every if one.workflow == id][:1]
    if len(named) != 1:
        what = "several releases begin" if named else "no release begins"
        raise NotFound(f"{what} with {id!r}, and no workflow has that name; see `workflow list`")
    return named[0]


def _stage(found: Release) -> str:
    return found.stages[found.stage].name if found.stage >= 0 else "no stage yet"


def _story(store: Store, customer: Customer, found: Release) -> dict[str, Any]:
    measured = store.of_run(customer, Evidence, found.run)
    now = signals.measure(store, customer, release=found, now=store.clock.now())
    events = store.events(customer, found.run, limit=100_000)
    return {
        "release": found.as_json(),
        "sample": {"settled": now.settled, "of": now.sample},
        "signals": [signal.as_json() for signal in now.signals],
        "evidence": [one.as_json() for one in measured if one.kind in ("stage", "drill")],
        "climb": [
            {"at": e.at.isoformat(), "kind": e.kind, "actor": e.actor, "clock": e.clock, **e.body}
            for e in events
            if e.kind in CLIMB
        ],
    }


def _lines(told: dict[str, Any]) -> list[str]:
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
        f"serves {one['weight_bp'] / 100:g} % of the items",
        f"  version {short(one['version'])}, policy {short(one['policy'])}, "
        f"before it {short(one['incumbent'])}; run {one['run']}",
        *section("stages", table(("", "stage", "share", "sample", "at least"), rows, none="")),
        *section("evidence", [_evidence(piece) for piece in told["evidence"]]),
        *section("signals", [_signal(signal) for signal in told["signals"]]),
        *section("so far", [climb_line(step) for step in told["climb"]]),
    ]


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


def _signal(signal: dict[str, Any]) -> str:
    unit = " ms" if signal["name"] == "latency" else ""
    return (
        f"{signal['name'].replace('_', ' ')}: {signal['value']}{unit} "
        f"({signal['events']}/{signal['total']}), owner {signal['owner']}"
    )


def _effects(effects: Sequence[dict[str, Any]]) -> list[str]:
    return [
        f"{one['operation']} by {one['tool']}: {one['status']}, {one['key']}" for one in effects
    ]
