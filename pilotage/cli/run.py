"""start runs on priorities; watch and explain them."""

import sys
from pathlib import Path
from typing import Any

import click

from pilotage.cli import exits, run_explained, run_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, print_json, print_lines, section, show, table, when
from pilotage.cli.turn import exit_code, turns_of
from pilotage.cli.watching import Watch, follow
from policies import rules
from runs import words
from runs.errors import InvalidInput
from runs.records.record import digest_of
from runs.records.run import Run

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
    """Start runs on priorities; watch and explain them.

    A command that watched a run ends with its outcome: 0 agreed stage reached, 3 waits for
    somebody, 4 gate not met, 5 blocker with an owner, 9 inconclusive, 75 no end in time.
    """


@run.command(
    epilog="Examples:\n\n  pilotage run start --title 'Triage tickets' --text why.txt "
    "--plan plan.yaml\n\n  pilotage run start --title 'Triage tickets' --text 'Half of the tickets "
    "wait a day' --plan plan.yaml --key 2026-03 --watch"
)
@click.option("--trigger", type=click.Choice(["priority"]), default="priority", show_default=True)
@click.option("--title", required=True, help="In one line, in the customer's words.")
@click.option("--text", required=True, metavar="FILE|TEXT", help="The whole text; - reads stdin.")
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
    epilog="Examples:\n\n  pilotage run list\n\n  pilotage run list --status waiting --json",
)
@click.option("--status", type=click.Choice(["open", "waiting", "ended"]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
@pass_call
def list_runs(call: Call, *, status: str | None, limit: int, as_json: bool) -> None:
    """The newest runs, and whose turn it is."""
    found = call.store.runs.list(call.customer, status=status or "", limit=limit)
    turns = turns_of(call.store, call.customer, found)
    titles = _titles(call, found)
    value = {
        "runs": [{**one.as_json(), "title": titles[one.id], "turn": turns[one.id]} for one in found]
    }
    rows = [
        (
            one.id,
            one.workflow or "-",
            one.status,
            when(one.as_json()["opened_at"]),
            one_line(titles[one.id], 40),
            ", ".join(turns[one.id]["people"]) or turns[one.id]["says"],
        )
        for one in found
    ]
    header = ("run", "workflow", "status", "opened", "title", "whose turn")
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
    text = _text(options["text"])
    made = digest_of([options["trigger"], options["title"], text, plan])
    draft = TriggerDraft(
        kind=options["trigger"],
        title=options["title"],
        text=text,
        key=options["key"] or f"content:{made.removeprefix('sha256:')[:32]}",
        plan=plan,
    )
    who, before = call.somebody, call.store.clock.now()
    terms = call.wired.trigger_terms()
    opened = open_run(call.store, who.customer, who.person, draft, terms)
    if opened.opened_at < before:
        call.say(f"run {opened.id} was opened by this key before; --key makes another")
    return opened


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
    text = _read(file)
    for warning in rules.read_plan(text, str(file)).warnings:
        call.say(f"warning: {warning}")
    return text


def _text(given: str) -> str:
    """The contents of a file of this name, else the words themselves."""
    if given == "-":
        return sys.stdin.read()
    is_name = len(given) < 1000 and "\n" not in given
    return _read(Path(given)) if is_name and Path(given).is_file() else given


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{file}: is not UTF-8; save it as UTF-8") from None
