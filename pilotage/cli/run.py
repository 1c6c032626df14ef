"""start runs on priorities; watch and explain them."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import click

from pilotage.cli import exits, run_explained, run_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, print_json, print_lines, section, show, table, when
from pilotage.cli.texts import read, text_of, title_of
from pilotage.cli.turn import exit_code, turns_of
from pilotage.cli.watching import Watch, follow
from policies import rules
from runs import intake as brought_in
from runs import words
from runs.errors import InvalidInput
from runs.records.record import digest_of
from runs.records.run import Run, TerminalKind, TriggerKind
from runs.store.runs import RunFilter

until_option = click.option(
    "--until",
    type=click.Choice(["waiting", "terminal"]),
    default="waiting",
    help="Stop when it waits for somebody [default], or only at its end.",
)
timeout_option = click.option("--timeout", type=click.FloatRange(0), help="Seconds to wait.")
waiting_ok = click.option("--waiting-ok", is_flag=True, help="End with 0 when it waits, not 3.")


@click.group(
    epilog="Examples:\n\n  pilotage run start --title 'Triage tickets' --text why.txt "
    "--plan plan.yaml\n\n  pilotage run show r-1a2b"
)
def run() -> None:
    """Start, watch, explain, continue or cancel runs.

    A command that watched a run ends with its outcome: 0 agreed stage reached, 3 waits for
    somebody, 4 gate not met, 5 blocker with an owner, 9 inconclusive, 75 no end in time.
    """


@run.command(
    epilog="Examples:\n\n  pilotage run start --title 'Triage tickets' --text 'Half of the tickets "
    "wait a day' --plan plan.yaml --key 2026-03 --watch\n\n  pilotage run start --from in-1a2b\n\n"
    "  pilotage run start --trigger failure --workflow triage --item item-1a2b --text why.txt"
)
@click.option(
    "--trigger",
    type=click.Choice(get_args(TriggerKind)),
    help="Why it begins [priority, or what --from is].",
)
@click.option("--from", "intake", default="", metavar="ID", help="The intake record it begins on.")
@click.option("--title", default="", help="In one line [the first line of the text].")
@click.option("--text", default="", metavar="FILE|TEXT", help="The whole text; - reads stdin.")
@click.option("--workflow", default="", help="The workflow it is about.")
@click.option("--item", "items", multiple=True, metavar="ID", help="Named by a failure; repeat.")
@click.option("--plan", type=click.Path(path_type=Path), help="The delivery plan, YAML.")
@click.option("--key", default="", help="The same key twice is one run [made of the contents].")
@click.option("--detach", is_flag=True, help="Write it down only; a worker takes it up.")
@click.option("--watch", is_flag=True, help="Follow it, whoever works on it.")
@until_option
@timeout_option
@waiting_ok
@json_option
@pass_call
def start(call: Call, *, detach: bool, watch: bool, as_json: bool, **options: Any) -> None:
    """Open a run for a trigger; works on it here while no worker is running."""
    opened = _open(call, options)
    call.goes_on_with = f"pilotage run watch {opened.id} --work"
    is_worked_on = bool(call.wired.who_works())
    if detach or (is_worked_on and not watch):
        show("run", {"run": opened.as_json()}, [opened.id], as_json=as_json)
        call.say(f"next: pilotage run watch {opened.id}")
        return
    call.say(f"run {opened.id}")
    wanted = Watch(
        options["until"], options["timeout"], work=not is_worked_on, as_json=False, from_start=True
    )
    _end_with(call, follow(call, opened, wanted), options, as_json=as_json)


@run.command(
    "list",
    epilog="Examples:\n\n  pilotage run list\n\n  pilotage run list --status waiting --json\n\n"
    "  pilotage run list --trigger failure --workflow triage --older-than 14",
)
@click.option("--status", type=click.Choice(["open", "waiting", "ended"]), help="Only these.")
@click.option("--trigger", type=click.Choice(get_args(TriggerKind)), help="Begun so.")
@click.option("--terminal", type=click.Choice(get_args(TerminalKind)), help="Ended so.")
@click.option("--workflow", default="", help="Only runs of this one.")
@click.option("--older-than", type=click.IntRange(0), metavar="DAYS", help="Not ended for so long.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
@pass_call
def list_runs(call: Call, *, limit: int, as_json: bool, **options: Any) -> None:
    """The newest runs, how old those are that have not ended, and whose turn it is."""
    now, days = call.store.clock.now(), options.pop("older_than")
    wanted = RunFilter(
        **{name: value or "" for name, value in options.items()},
        opened_by=None if days is None else now - timedelta(days=days),
    )
    found = call.store.runs.list(call.customer, limit=limit, wanted=wanted)
    turns = turns_of(call.store, call.customer, found)
    titles = _titles(call, found)
    ages = {one.id: None if one.status == "ended" else (now - one.opened_at).days for one in found}
    value = {
        "runs": [
            {**one.as_json(), "title": titles[one.id], "turn": turns[one.id], "days": ages[one.id]}
            for one in found
        ]
    }
    rows = [
        (
            one.id,
            one.workflow or "-",
            one.status,
            when(one.as_json()["opened_at"]),
            "-" if ages[one.id] is None else f"{ages[one.id]} d",
            one_line(titles[one.id], 40),
            ", ".join(turns[one.id]["people"]) or turns[one.id]["says"],
        )
        for one in found
    ]
    header = ("run", "workflow", "status", "opened", "age", "title", "whose turn")
    show("runs", value, table(header, rows, none="no runs"), as_json=as_json)


@run.command(
    "show", epilog="Examples:\n\n  pilotage run show r-1a2b\n\n  pilotage run show r-1a --json"
)
@click.argument("id")
@json_option
@pass_call
def show_run(call: Call, *, id: str, as_json: bool) -> None:
    """The story of a run in a screenful."""
    found = call.store.runs.get(call.customer, id)
    told = run_story.story(call.store, call.customer, found)
    show("run", told, run_story.lines(told), as_json=as_json)


@run.command(
    epilog="Examples:\n\n  pilotage run watch r-1a2b --work\n\n"
    "  pilotage run watch r-1a2b --until terminal --timeout 3600 --json"
)
@click.argument("id")
@click.option("--work", is_flag=True, help="Work on it here while no worker is running.")
@until_option
@timeout_option
@waiting_ok
@json_option
@pass_call
def watch(call: Call, *, id: str, work: bool, as_json: bool, **options: Any) -> None:
    """Follow a run; with --json one JSON object an event, and the run at last."""
    found = call.store.runs.get(call.customer, id)
    call.goes_on_with = f"pilotage run watch {found.id}" + (" --work" if work else "")
    wanted = Watch(options["until"], options["timeout"], work=work, as_json=as_json)
    _end_with(call, follow(call, found, wanted), options, as_json=as_json)


@run.command(epilog="Examples:\n\n  pilotage run retry r-1a2b\n\n  pilotage run retry r-1a --json")
@click.argument("id")
@json_option
@pass_call
def retry(call: Call, *, id: str, as_json: bool) -> None:
    """Queue a run again whose job failed; it goes on where it stands."""
    who = call.somebody
    found = call.store.runs.get(call.customer, id)
    job = call.store.runs.retry(call.customer, who.person, found)
    show("run-retry", {"run": found.as_json(), "job": job}, [job], as_json=as_json)
    call.say(f"next: pilotage run watch {found.id} --work")


@run.command(
    epilog="Examples:\n\n  pilotage run cancel r-1a2b --reason 'the desk closes in May'\n\n"
    "  pilotage run cancel r-1a2b --reason 'asked for twice' --json"
)
@click.argument("id")
@click.option("--reason", required=True, help="Kept with the act.")
@json_option
@pass_call
def cancel(call: Call, *, id: str, reason: str, as_json: bool) -> None:
    """Call a run off: its release is held, its questions are withdrawn, it ends as a blocker."""
    from agent import carry_on

    who, found = call.somebody, call.store.runs.get(call.customer, id)
    called_off = carry_on.cancel(call.store, who, found, reason, call.wired.words())
    show("run-cancelled", called_off.as_json(), [called_off.id], as_json=as_json)
    call.say(f"its update is asked for next: pilotage run watch {found.id} --work")


@run.command(
    "continue",
    epilog="Examples:\n\n  pilotage run continue r-1a2b --reason 'Ivo answers for incidents now' "
    "--plan plan.yaml\n\n  pilotage run continue r-1a2b --reason 'the access is there' --json",
)
@click.argument("id")
@click.option("--reason", required=True, help="How the blocker was cleared; kept with the act.")
@click.option("--plan", type=click.Path(path_type=Path), help="A plan that fills its holes.")
@json_option
@pass_call
def go_on(call: Call, *, id: str, reason: str, plan: Path | None, as_json: bool) -> None:
    """Say that a blocker is cleared: a run with the same trigger, which names this one, goes on."""
    from agent import carry_on

    who, found = call.somebody, call.store.runs.get(call.customer, id)
    text = "" if plan is None else _plan(call, plan)
    opened = carry_on.go_on(call.store, who, found, reason, call.wired.words(), plan=text)
    show("run", {"run": opened.as_json()}, [opened.id], as_json=as_json)
    call.say(f"next: pilotage run watch {opened.id} --work")


@run.command(
    epilog="Examples:\n\n  pilotage run explain r-1a2b\n\n  pilotage run explain --last 10 --json"
)
@click.argument("id", default="")
@click.option("--last", type=click.IntRange(1, 100), help="The newest runs instead, a page each.")
@json_option
@pass_call
def explain(call: Call, *, id: str, last: int | None, as_json: bool) -> None:
    """What went in, which versions, what came out, who decided, what was done, why this end."""
    if bool(id) == bool(last):
        raise InvalidInput("say which run, or how many of the newest: one of ID and --last 10")
    store, customer = call.store, call.customer
    if not last:
        told = run_explained.explanation(store, customer, store.runs.get(customer, id))
        show("run-explained", told, run_explained.lines(told), as_json=as_json)
        return
    found = store.runs.list(customer, limit=last)
    all_told = [run_explained.explanation(store, customer, one) for one in found]
    value = {"runs": all_told}
    show("runs-explained", value, run_explained.pages(all_told), as_json=as_json)


def _titles(call: Call, found: list[Run]) -> dict[str, str]:
    """What each run was started for, by run."""
    triggers = call.store.runs.triggers(call.customer, [one.trigger for one in found])
    quoted = {one.id: words.quote(triggers[one.trigger].title) for one in found}
    return words.told(call.store, call.customer, quoted)


def _open(call: Call, options: dict[str, Any]) -> Run:
    from agent.loop import TriggerDraft
    from agent.loop import start as open_run

    plan = "" if options["plan"] is None else _plan(call, options["plan"])
    text = text_of(options["text"])
    kind, title = _kind(call, options, text), title_of(options["title"], text)
    items = tuple(dict.fromkeys(options["items"]))
    about = [options["workflow"], list(items)] if options["workflow"] or items else []
    made = digest_of([kind, title, text, plan, *about])
    draft = TriggerDraft(
        kind=kind,
        title=title,
        text=text,
        key=options["key"] or f"content:{made.removeprefix('sha256:')[:32]}",
        plan=plan,
        workflow=options["workflow"],
        items=items,
        intake=options["intake"],
    )
    who, before = call.somebody, call.store.clock.now()
    terms = call.wired.trigger_terms()
    opened = open_run(call.store, who.customer, who.person, draft, terms)
    if opened.opened_at < before:
        call.say(f"run {opened.id} was opened by this key before; --key makes another")
    return opened


def _kind(call: Call, options: dict[str, Any], text: str) -> TriggerKind:
    """What the run begins on; InvalidInput where words and a record are both given, or neither."""
    if options["intake"]:
        given = [name for name in ("title", "text", "workflow", "items", "key") if options[name]]
        if given:
            raise InvalidInput(
                f"--from {options['intake']}: the record says it all; leave --{given[0]} away"
            )
        found = brought_in.get(call.store, call.customer, options["intake"]).intake.kind
        return options["trigger"] or ("request" if found in ("usage", "roi") else found)
    if not text.strip():
        raise InvalidInput("a run begins on words or on a record: add --text, or --from ID")
    return options["trigger"] or "priority"


def _end_with(call: Call, ended: Run, options: dict[str, Any], *, as_json: bool) -> None:
    told = run_story.story(call.store, call.customer, ended)
    end = run_story.lines(told)[:3] + section("end", run_story.end_lines(told["end"]))
    if as_json:
        print_json("run", told, on_one_line=True)
    else:
        print_lines(end)
    call.say(f"more: pilotage run show {ended.id}")
    code = exit_code(call.store, call.customer, ended)
    if code == exits.WAITING and options["waiting_ok"]:
        code = exits.DONE
    if code:
        sys.exit(code)


def _plan(call: Call, file: Path) -> str:
    """The text of a plan that may have holes; InvalidInput for anything in it that is wrong."""
    text = read(file)
    for warning in rules.read_plan(text, str(file)).warnings:
        call.say(f"warning: {warning}")
    return text
