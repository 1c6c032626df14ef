"""what customers bring between runs: priorities, requests, feedback, failures, usage and ROI."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, section, show, table, when
from pilotage.cli.texts import text_of, title_of
from runs import intake as kept
from runs import words
from runs.errors import InvalidInput, NotAllowed
from runs.intake import Brought, Reported
from runs.records.intake import IntakeKind, Observed, Right
from runs.records.record import digest_of
from runs.records.version import Route

Command = Callable[..., Any]

EXPERT = "domain_expert"
"""The role that says what is right."""


def _brings(command: Command) -> Command:
    """Add the options that every kind has."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.option("--title", default="", help="In one line [the first line of the text]."),
        click.option("--text", required=True, metavar="FILE|TEXT", help="All of it; - is stdin."),
        click.option("--workflow", default="", help="The workflow it is about."),
        click.option("--item", "items", multiple=True, metavar="ID", help="Repeat for more."),
        click.option(
            "--figure",
            "figures",
            multiple=True,
            metavar="'NAME=VALUE UNIT'",
            help="Something counted, such as 'saved=12 h'; repeat for more.",
        ),
        click.option("--key", default="", help="The same key twice is one record [the contents]."),
        json_option,
        pass_call,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(
    epilog="Examples:\n\n  pilotage intake feedback --workflow triage --text 'Refunds come late'"
    "\n\n  pilotage intake list --open"
)
def intake() -> None:
    """What customers bring between runs: kept once a key, read by every run.

    A run begins on one by `pilotage run start --from ID`.
    """


@intake.command(
    epilog="Examples:\n\n  pilotage intake priority --text 'Sort the tickets within a minute'\n\n"
    "  pilotage intake priority --title 'Tickets' --text why.txt --key mail-17 --json"
)
@_brings
def priority(call: Call, *, as_json: bool, **options: Any) -> None:
    """What the customer wants most."""
    _bring(call, "priority", options, as_json=as_json)


@intake.command(
    epilog="Examples:\n\n  pilotage intake request --text 'Match invoices with their orders'\n\n"
    "  pilotage intake request --title 'Invoices' --text - --key call-3 --json"
)
@_brings
def request(call: Call, *, as_json: bool, **options: Any) -> None:
    """A workflow the customer asks for."""
    _bring(call, "request", options, as_json=as_json)


@intake.command(
    epilog="Examples:\n\n  pilotage intake feedback --workflow triage --text 'Refunds come late'"
    "\n\n  pilotage intake feedback --workflow triage --item item-1a2b --text said.txt --json"
)
@_brings
def feedback(call: Call, *, as_json: bool, **options: Any) -> None:
    """What people say of a workflow in use."""
    _bring(call, "feedback", options, as_json=as_json)


@intake.command(
    epilog="Examples:\n\n  pilotage intake failure --workflow triage --item item-1a2b "
    "--text 'A refund went to delivery'\n\n  pilotage intake failure --workflow triage "
    "--item item-1a2b --right item-1a2b=refund --text 'A refund went to delivery' --json"
)
@click.option(
    "--right",
    "rights",
    multiple=True,
    metavar="ITEM=LABEL[:ROUTE]",
    help="What a domain expert says is right for an item [act]; repeat for more.",
)
@_brings
def failure(call: Call, *, as_json: bool, **options: Any) -> None:
    """What went wrong in a workflow in use, with the items it went wrong for."""
    _bring(call, "failure", options, as_json=as_json)


@intake.command(
    epilog="Examples:\n\n  pilotage intake usage --workflow triage --figure 'tickets=480' "
    "--text 'In the first week'\n\n  pilotage intake usage --workflow triage --text week.txt --json"
)
@_brings
def usage(call: Call, *, as_json: bool, **options: Any) -> None:
    """How much a workflow is used, as observed."""
    _bring(call, "usage", options, as_json=as_json)


@intake.command(
    epilog="Examples:\n\n  pilotage intake roi --workflow triage --figure 'saved=12 h' "
    "--text 'In the first week'\n\n  pilotage intake roi --workflow triage --text week.txt --json"
)
@_brings
def roi(call: Call, *, as_json: bool, **options: Any) -> None:
    """What a workflow brings or costs, as observed."""
    _bring(call, "roi", options, as_json=as_json)


@intake.command(
    "list", epilog="Examples:\n\n  pilotage intake list --open\n\n  pilotage intake list --json"
)
@click.option("--open", "is_open", is_flag=True, help="Only what no run took up.")
@click.option("--kind", type=click.Choice(get_args(IntakeKind)), help="Only these.")
@click.option("--workflow", default="", help="Only what is about this one.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
@pass_call
def list_intake(
    call: Call, *, is_open: bool, kind: IntakeKind | None, workflow: str, limit: int, as_json: bool
) -> None:
    """What was brought, newest first, and the run that took it up."""
    found = [
        one
        for one in kept.everything(call.store, call.customer, kinds=[kind] if kind else ())
        if (not is_open or not one.run) and workflow in ("", one.intake.workflow)
    ][:limit]
    told = [_told(call, one) for one in found]
    rows = [
        (
            one["id"],
            one["kind"],
            one["workflow"] or "-",
            when(one["at"]),
            one["by"],
            one_line(one["title"], 40),
            one["run"] or "open",
        )
        for one in told
    ]
    header = ("intake", "kind", "workflow", "brought", "by", "title", "run")
    show("intakes", {"intakes": told}, table(header, rows, none="nothing"), as_json=as_json)


@intake.command(
    "show",
    epilog="Examples:\n\n  pilotage intake show in-1a2b\n\n  pilotage intake show in-1a --json",
)
@click.argument("id")
@json_option
@pass_call
def show_intake(call: Call, *, id: str, as_json: bool) -> None:
    """One record: what was said, of what, by whom, and what became of it."""
    told = _told(call, kept.get(call.store, call.customer, id))
    show("intake", told, _lines(told), as_json=as_json)


def _bring(call: Call, kind: IntakeKind, options: dict[str, Any], *, as_json: bool) -> None:
    who, text = call.somebody, text_of(options["text"])
    rights = tuple(_right(one) for one in options.get("rights", ()))
    if rights and EXPERT not in who.roles:
        raise NotAllowed(
            f"{who.person} is no {EXPERT}; only a domain expert says what is right (--right)"
        )
    figures = tuple(_figure(one) for one in options["figures"])
    items = tuple(dict.fromkeys([*options["items"], *(one.item for one in rights)]))
    title = title_of(options["title"], text)
    told = [kind, title, text, options["workflow"], list(items)]
    told += [[one.as_json() for one in (*figures, *rights)]]
    brought = Brought(
        kind=kind,
        title=title,
        text=text,
        key=options["key"] or f"content:{digest_of(told)[7:39]}",
        workflow=options["workflow"],
        items=items,
        figures=figures,
        right=rights,
    )
    record = kept.bring(call.store, call.customer, who.person, brought, call.wired.words())
    found = kept.get(call.store, call.customer, record.id)
    show("intake", _told(call, found), [record.id], as_json=as_json)
    if found.run:
        call.say(f"run {found.run} took it up: pilotage run show {found.run}")
    elif kind in kept.STARTS:
        call.say(f"next: pilotage run start --from {record.id}")


def _told(call: Call, found: Reported) -> dict[str, Any]:
    record = found.intake
    quoted = {"title": words.quote(record.title), "text": words.quote(record.text)}
    said = words.told(call.store, call.customer, quoted)
    names = {"title_digest": record.title, "text_digest": record.text}
    return {**record.as_json(), **names, **said, "run": found.run}


def _lines(told: dict[str, Any]) -> list[str]:
    figures = [f"{one['name']}: {one['value']} {one['unit']}".strip() for one in told["figures"]]
    rights = [f"{one['item']}: {one['label']} ({one['route']})" for one in told["right"]]
    return [
        f"{told['kind']} {told['id']}: {told['title']}",
        f"  by {told['by']}, {when(told['at'])} UTC; workflow {told['workflow'] or '-'}; "
        + (f"run {told['run']}" if told["run"] else "open"),
        *section("text", told["text"].splitlines()),
        *section("items", told["items"]),
        *section("figures", figures),
        *section("right", rights),
        *section("to erase its words", [told["title_digest"], told["text_digest"]]),
    ]


def _figure(text: str) -> Observed:
    name, found, rest = text.partition("=")
    value, _, unit = rest.strip().partition(" ")
    try:
        counted = Decimal(value)
    except InvalidOperation:
        counted = Decimal("NaN")
    if not found or not name.strip() or not counted.is_finite():
        raise InvalidInput(f"--figure {text!r}: write NAME=VALUE UNIT, such as 'saved=12 h'")
    if len(name.strip()) > 80 or len(unit.strip()) > 20:
        raise InvalidInput(f"--figure {text!r}: a name has 80 characters at most, a unit 20")
    return Observed(name=name.strip(), value=counted, unit=unit.strip())


def _right(text: str) -> Right:
    item, found, rest = text.partition("=")
    label, _, route = rest.partition(":")
    if not found or not item or not label or route not in ("", *get_args(Route)):
        known = ", ".join(get_args(Route))
        raise InvalidInput(f"--right {text!r}: write ITEM=LABEL or ITEM=LABEL:ROUTE ({known})")
    return Right.model_validate({"item": item, "label": label, "route": route or "act"})
