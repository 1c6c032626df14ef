"""labelled cases: import, check, split."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from pilotage.cli import dataset_offers
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import section, short, show, table
from pilotage.cli.progress import steps
from pilotage.labelled import Brought, Source, bring, read_cases, split_again
from runs.errors import InvalidInput
from runs.records.case import Case, Dataset
from workflow.dataset.quality import Findings
from workflow.dataset.quality import check as examine
from workflow.dataset.splits import SHARES
from workflow.dataset.splits import split as divide

F = TypeVar("F", bound=Callable[..., Any])


def reads_a_file(command: F) -> F:
    """Add the options that say how a file is to be read."""
    mapping = click.option(
        "--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Repeat for more."
    )
    encoding = click.option("--encoding", default="utf-8-sig", help="Of the file [UTF-8].")
    delimiter = click.option("--delimiter", default="", help="Of a CSV file [from its header].")
    by = click.option("--labelled-by", default="", help="Who labelled rows that do not say so.")
    return mapping(encoding(delimiter(by(command))))


@click.group(
    "data",
    epilog="Examples:\n\n  pilotage data check cases.jsonl\n\n"
    "  pilotage data import cases.csv --name tickets --workflow triage --map label=intent",
)
def dataset() -> None:
    """Labelled cases: import, check, split."""


@dataset.command(
    "import",
    epilog="Examples:\n\n  pilotage data import cases.jsonl --name tickets --workflow triage\n\n"
    "  pilotage data import cases.csv --name tickets --workflow triage --map input.text=body "
    "--map label=intent --labelled-by eva --accept-gaps 'routes: every case may act'",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What the plan calls the dataset.")
@click.option("--workflow", required=True, help="The workflow it defines `correct` for.")
@reads_a_file
@click.option("--salt", default="", help="Decides the splits, with the family [the name].")
@click.option("--shares", default="", metavar="learn=.5,dev=.25,holdout=.25")
@click.option("--accept-gaps", default="", metavar="TEXT", help="Why what it lacks is acceptable.")
@json_option
@pass_call
def bring_in(call: Call, *, file: Path, as_json: bool, **options: Any) -> None:
    """Bring labelled cases in, all of them or none."""
    identity, store = call.somebody, call.store
    brought = Brought(
        name=options["name"],
        workflow=options["workflow"],
        salt=options["salt"] or options["name"],
        shares=_shares(options["shares"]),
        acceptance=options["accept_gaps"],
    )
    with steps(call, f"import {file.name}", 2) as step:
        step("reading and checking every line")
        cases = read_cases(_source(file, options))
        step(f"splitting and keeping {len(cases)} cases")
        kept = bring(store, identity, cases, brought)
    _show_dataset(kept, as_json=as_json)
    _advise(call, kept)


@dataset.command(
    epilog="Examples:\n\n  pilotage data check cases.csv --map label=intent\n\n"
    "  pilotage data check tickets --json"
)
@click.argument("source")
@reads_a_file
@json_option
@pass_call
def check(call: Call, *, source: str, as_json: bool, **options: Any) -> None:
    """Say what a file, or a dataset that is in, lacks; nothing is changed."""
    store = call.store
    if Path(source).exists():
        cases = divide(read_cases(_source(Path(source), options)), source)
    else:
        cases = store.cases.read(call.customer, store.cases.newest(call.customer, source).digest)
    findings = examine(cases)
    lines = _check_lines(cases, findings)
    show("dataset-check", _check_value(cases, findings), lines, as_json=as_json)


@dataset.command(
    epilog="Examples:\n\n  pilotage data split tickets --salt 2026-03\n\n"
    "  pilotage data split tickets --salt again --shares learn=.6,dev=.2,holdout=.2"
)
@click.argument("name")
@click.option("--salt", required=True, help="Decides the splits, with the family.")
@click.option("--shares", default="", metavar="learn=.5,dev=.25,holdout=.25")
@click.option("--accept-gaps", default="", metavar="TEXT", help="Why what it lacks is acceptable.")
@json_option
@pass_call
def split(
    call: Call, *, name: str, salt: str, shares: str, accept_gaps: str, as_json: bool
) -> None:
    """Split a dataset anew, as a dataset of its own; the old one stays what it is."""
    brought = Brought(name, "", salt, _shares(shares), accept_gaps)
    kept = split_again(call.store, call.somebody, name, brought)
    _show_dataset(kept, as_json=as_json)
    _advise(call, kept)


for _command in dataset_offers.COMMANDS:
    dataset.add_command(_command)


def _source(file: Path, options: Mapping[str, Any]) -> Source:
    return Source(
        file,
        mapping=dict(_pair(pair) for pair in options["pairs"]),
        encoding=options["encoding"],
        delimiter=options["delimiter"],
        labelled_by=options["labelled_by"],
    )


def _pair(text: str) -> tuple[str, str]:
    field, found, column = text.partition("=")
    if not found or not field or not column:
        raise InvalidInput(f"--map {text!r}: write FIELD=COLUMN, such as label=intent")
    return field.strip(), column.strip()


def _shares(text: str) -> Mapping[Any, float]:
    if not text:
        return SHARES
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        return {name.strip(): float(share) for name, _, share in pairs}
    except ValueError:
        raise InvalidInput(
            f"--shares {text!r}: write learn=.5,dev=.25,holdout=.25, together 1"
        ) from None


def _show_dataset(kept: Dataset, *, as_json: bool) -> None:
    value = {"digest": kept.digest, **kept.as_json()}
    rows = [(name, n, kept.families.get(name, 0)) for name, n in kept.counts.items()]
    lines = [
        f"dataset {kept.name} for {kept.workflow}: {short(kept.digest)}",
        *table(("split", "cases", "families"), rows, none="no cases"),
        f"lacks: {', '.join(kept.gaps) or 'nothing'}"
        + (f", accepted by {kept.accepted_by}" if kept.accepted_by else ""),
    ]
    show("dataset", value, lines, as_json=as_json)


def _advise(call: Call, kept: Dataset) -> None:
    if kept.gaps and not kept.accepted_by:
        call.say(
            f"no version is made of it yet: it lacks {', '.join(kept.gaps)}. A domain expert "
            "accepts that by importing it with --accept-gaps and why"
        )


def _check_value(cases: list[Case], findings: Findings) -> dict[str, Any]:
    return {
        "cases": len(cases),
        "families": len({case.family for case in cases}),
        "labels": _labels(cases),
        "gaps": list(findings.gaps),
        "findings": [found._asdict() for found in findings.findings],
        "agreement": findings.agreement,
    }


def _check_lines(cases: list[Case], findings: Findings) -> list[str]:
    labels = _labels(cases)
    return [
        f"{len(cases)} cases in {len({case.family for case in cases})} families, "
        f"{len(labels)} labels",
        *section("lacks", list(findings.gaps)),
        *section("doubtful", [f"{found.kind}: {found.says}" for found in findings.findings]),
        *section("labels", [f"{n:>6}  {label}" for label, n in labels.items()]),
    ]


def _labels(cases: list[Case]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for case in cases:
        label = str(case.expected.get("label", ""))
        counts[label] = counts.get(label, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
