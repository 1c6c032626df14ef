"""check the record against its chain, tell its end to places outside, export it for strangers."""

import sys
from pathlib import Path
from typing import Any

import click

from pilotage.cli import exits
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show, table, when
from runs import audit as chain
from runs.audit import AuditReport
from runs.chain import anchors
from runs.errors import InvalidInput
from runs.records.anchor import Written


@click.group(
    epilog="Examples:\n\n  pilotage audit verify --anchor /mnt/elsewhere/anchors.ndjson\n\n"
    "  pilotage audit export --out record.ndjson"
)
def audit() -> None:
    """Check the record against its chain, anchor it outside, export it for strangers."""


@audit.command(
    epilog="Examples:\n\n  pilotage audit verify\n\n"
    "  pilotage audit verify --anchor /mnt/elsewhere/anchors.ndjson --json"
)
@click.option(
    "--anchor",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of anchors kept elsewhere; without it those PILOTAGE_ANCHOR names.",
)
@json_option
@pass_call
def verify(call: Call, *, files: tuple[Path, ...], as_json: bool) -> None:
    """Recompute the chain, every record's digest and every signature, and check the anchors.

    Ends with 8 when something is wrong.
    """
    from pilotage import anchoring

    store = call.store
    used = files or tuple(anchoring.files(call.settings))
    kept = [anchor for file in used for anchor in _read(file)]
    found = chain.verify(store.database, kept)
    value = {**found._asdict(), "problems": [problem._asdict() for problem in found.problems]}
    value["anchors"] = {"files": [str(file) for file in used], "count": len(kept)}
    show("audit", value, _lines(found, len(kept)), as_json=as_json)
    if not found.ok:
        call.say("the record is not what its chain says; restore it, and ask who could write to it")
        sys.exit(exits.NOT_VERIFIED)


@audit.command(
    epilog="Examples:\n\n  pilotage audit anchor\n\n"
    "  pilotage audit anchor --to file:/mnt/elsewhere/anchors.ndjson"
)
@click.option("--to", "named", multiple=True, help="A place, instead of those of PILOTAGE_ANCHOR.")
@click.option("--dry-run", is_flag=True, help="Say what would be told to whom; tell nobody.")
@json_option
@pass_call
def anchor(call: Call, *, named: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Tell the chain's end to places outside: a file, a git working copy, a webhook.

    Afterwards nobody who can write the database can write what came before anew. The worker does
    it every PILOTAGE_ANCHOR_HOURS.
    """
    from pilotage import anchoring
    from tools.anchors import place_of

    call.may("operate")
    declared = anchoring.declared_hosts(call.settings)
    places = [place_of(one, declared) for one in named] or anchoring.places(call.settings)
    if not places:
        raise InvalidInput(
            "no place is named; add --to file:/path/anchors.ndjson, or set PILOTAGE_ANCHOR"
        )
    told: list[dict[str, Any]] = []
    for place in places:
        head = anchors.find_head(call.store)
        is_written = not dry_run and anchoring.write(call.wired, place, call.actor) is not None
        seq, hash = (0, "") if head is None else (head.seq, head.hash)
        told.append({"place": place.shown, "seq": seq, "hash": hash, "written": is_written})
    rows = [
        (one["place"], one["seq"], one["hash"][:12], "written" if one["written"] else "not written")
        for one in told
    ]
    lines = table(("place", "event", "hash", ""), rows, none="nothing")
    show("anchors", {"anchors": told}, lines, as_json=as_json)


@audit.command(
    "export",
    epilog="Examples:\n\n  pilotage audit export --out record.ndjson\n\n"
    "  pilotage audit export --run r-1a2b --out r-1a2b.ndjson",
)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--run", default="", help="Only this run's part of the chain, and what it touched.")
@click.option("--whole", is_flag=True, help="Every customer's; for who runs the installation.")
@json_option
@pass_call
def export_record(call: Call, *, out: Path, run: str, whole: bool, as_json: bool) -> None:
    """Write the record as lines a stranger can check without this program.

    Ids, digests and enumerations only; docs/verify.md has the program that checks them. Events of
    other customers are told by number and hash alone, unless --whole, which needs no token: like
    `doctor` it is for whoever has the database.
    """
    from runs.chain import export

    if whole and run:
        raise InvalidInput("--whole and --run: choose one of both")
    if whole:
        scope, store = export.Scope(), call.wired.store
    else:
        store = call.store
        scope = export.Scope(call.customer.id, run and store.runs.get(call.customer, run).id)
        if not run and [one.id for one in store.customers()] == [scope.customer]:
            scope = export.Scope()
    made = export.write(store.database, scope, out)
    value = {"file": str(out), **made._asdict(), "sha256": made.sha256}
    says = (
        f"{out}: {made.events} events, {made.links} of others as links, {made.rows} rows, "
        f"{made.decisions} decisions, {made.anchors} anchors"
    )
    show("export", value, [says, f"sha256 {made.sha256}"], as_json=as_json)
    call.say("check it with the program in docs/verify.md, and anchors from whoever keeps them")


@audit.command(
    "anchors", epilog="Examples:\n\n  pilotage audit anchors\n\n  pilotage audit anchors --json"
)
@json_option
@pass_call
def list_anchors(call: Call, *, as_json: bool) -> None:
    """Where the chain's end was told last, and what waits to be."""
    from pilotage import anchoring

    call.may("read")
    now = call.store.clock.now()
    told = [
        {
            "place": one.place.shown,
            "seq": 0 if one.newest is None else one.newest.seq,
            "at": "" if one.newest is None else one.newest.as_json()["at"],
            "is_due": one.is_due(now),
            "is_late": one.is_late(now),
        }
        for one in anchoring.standings(call.wired)
    ]
    rows = [
        (
            one["place"],
            one["seq"],
            when(one["at"]),
            "LATE" if one["is_late"] else "due" if one["is_due"] else "",
        )
        for one in told
    ]
    none = "no place is named; set PILOTAGE_ANCHOR"
    lines = table(("place", "event", "at", ""), rows, none=none)
    show("anchors", {"anchors": told}, lines, as_json=as_json)


def _read(file: Path) -> list[Written]:
    with file.open(encoding="utf-8") as lines:
        return anchors.read(lines, str(file))


def _lines(found: AuditReport, kept: int) -> list[str]:
    said = "ok" if found.ok else f"{found.found} problems, first bad event {found.first_bad or '-'}"
    tail = f"not yet anchored: {found.not_anchored} events"
    if not kept:
        tail += " (no anchor was given: --anchor FILE, from whoever keeps it)"
    return [
        f"audit verify: {said} ({found.events} events, {found.records} records, head {found.head})",
        f"  decisions: {found.decisions}, {found.signed} of them signed",
        f"  anchored up to event {found.anchored}; {tail}",
        *(f"  event {problem.seq}: {problem.says}" for problem in found.problems),
    ]
