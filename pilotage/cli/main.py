"""the way in: the command groups, the errors they end with, and nothing heavy."""

import gc
import os
import secrets
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import click

from pilotage import settings
from pilotage.cli import exits
from pilotage.cli.call import Call
from pilotage.cli.lazy import Entry, LazyGroup
from pilotage.cli.output import plain, print_error
from runs.errors import PilotageError

ENTRIES = {
    "demo": Entry("pilotage.cli.demo:demo", "One priority to its proven end, on the sample."),
    "init": Entry("pilotage.cli.init:init", "Make a home, its first customer and its first owner."),
    "intake": Entry("pilotage.cli.intake:intake", "What customers bring between runs."),
    "run": Entry("pilotage.cli.run:run", "Start, watch, explain, continue or cancel runs."),
    "ops": Entry("pilotage.cli.ops:ops", "Scheduled reviews: make what is due; the calendar."),
    "approval": Entry("pilotage.cli.approval:approval", "See what waits for you, and decide it."),
    "delegation": Entry(
        "pilotage.cli.delegation:delegation", "Let another decide in your place, within limits."
    ),
    "item": Entry("pilotage.cli.item:item", "Bring live items in; see them; answer what waits."),
    "action": Entry("pilotage.cli.action:action", "What was done outside; settle or undo it."),
    "plan": Entry(
        "pilotage.cli.plan:plan", "A delivery plan on one page; what is missing from it."
    ),
    "workflow": Entry("pilotage.cli.workflow:workflow", "What is deployed, and what is on trial."),
    "release": Entry("pilotage.cli.release:release", "How far a version has come; take it back."),
    "tool": Entry("pilotage.cli.tool:tool", "The systems workflows may reach, and their pins."),
    "model": Entry("pilotage.cli.model:model", "The models that may be asked; what they took."),
    "data": Entry("pilotage.cli.dataset:dataset", "Labelled cases: import, check, split."),
    "prompts": Entry("pilotage.cli.prompts:prompts", "The words models and customers are given."),
    "memory": Entry("pilotage.cli.memory:memory", "What was learnt."),
    "policy": Entry("pilotage.cli.policy:policy", "The values that operations own."),
    "audit": Entry("pilotage.cli.audit:audit", "Check the record; anchor it outside; export it."),
    "erase": Entry("pilotage.cli.erase:erase", "Take words out of the record for good."),
    "user": Entry("pilotage.cli.user:user", "People and their roles."),
    "token": Entry("pilotage.cli.token:token", "What people and programs prove themselves with."),
    "key": Entry("pilotage.cli.key:key", "The keys with which people sign their decisions."),
    "worker": Entry("pilotage.cli.worker:worker", "Do the work: runs, items, what falls due."),
    "webhook": Entry("pilotage.cli.webhook:webhook", "Addresses that are told what happens."),
    "serve": Entry("pilotage.cli.serve:serve", "The JSON API: items, questions, health, figures."),
    "db": Entry("pilotage.cli.db:db", "The database: look it over, bring it up to date."),
    "doctor": Entry("pilotage.cli.doctor:doctor", "Say whether this installation is well."),
    "version": Entry("pilotage.cli.version:version", "Which program this is."),
}


SELDOM = (100_000, 20, 100)
"""How many objects are made before rings of them are looked for: loading a program makes a million,
and rings next to none."""


class Door(LazyGroup):
    """The outermost group: every error becomes a sentence and an exit code here, once.

    Where the command was asked for JSON, stdout holds the same sentence as one object.
    """

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Remember whether JSON was asked for: an error may come before the command is known."""
        wants_json = "--json" in args
        try:
            ctx = super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            _leave_untyped(error, wants_json=wants_json)
        ctx.meta[WANTS_JSON] = wants_json
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out the command; ends with the code of `pilotage.cli.exits`."""
        gc.set_threshold(*SELDOM)
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            _leave_untyped(error, wants_json=ctx.meta[WANTS_JSON])
        except (click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            _stop_printing()
            ctx.exit(exits.CUT_OFF)
        except PilotageError as error:
            _end(ctx, type(error).__name__, str(error), exits.of_error(error))
        except KeyboardInterrupt:
            _end(ctx, "Interrupted", _how_to_continue(ctx), exits.INTERRUPTED, prefix="")
        except Exception as error:
            _end(ctx, "Bug", _report(ctx, error), exits.BUG)


WANTS_JSON = "pilotage.wants_json"


def _leave_untyped(error: click.UsageError, *, wants_json: bool) -> NoReturn:
    """Say what cannot be typed so, and where the command is explained; help that was due is shown.

    The sentence is the same to people and to programs.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        raise error
    path = error.ctx.command_path if error.ctx else "pilotage"
    says = f"{error.format_message().rstrip('.')}; see `{path} --help`"
    if error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
    click.echo(f"error: {plain(says)}", err=True)
    if wants_json:
        print_error("InvalidInput", says, exits.USAGE)
    sys.exit(exits.USAGE)


def _stop_printing() -> None:
    """Whoever read has gone: what is left goes nowhere, and nothing complains at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _end(ctx: click.Context, kind: str, says: str, code: int, *, prefix: str = "error: ") -> None:
    """Say what went wrong, in the same words to people and to programs, and end with the code."""
    click.echo(f"{prefix}{plain(says)}", err=True)
    if ctx.meta[WANTS_JSON]:
        print_error(kind, says, code)
    ctx.exit(code)


@click.group(
    cls=Door,
    entries=ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n  pilotage demo\n\n  pilotage init --customer acme --owner ana",
)
@click.option("--home", type=click.Path(path_type=Path), help="The home, instead of PILOTAGE_HOME.")
@click.option("-q", "--quiet", is_flag=True, help="Print only what was asked for.")
@click.option("--no-input", is_flag=True, help="Never ask on the terminal.")
@click.option("--no-color", is_flag=True, help="Output without colour.")
@click.pass_context
def pilotage(
    ctx: click.Context, *, home: Path | None, quiet: bool, no_input: bool, no_color: bool
) -> None:
    """One customer priority to one proven end: plan, build, prove, release, report."""
    environment = dict(os.environ)
    if home is not None:
        environment["PILOTAGE_HOME"] = str(home)
    if no_color:
        environment["NO_COLOR"] = "1"
    ctx.obj = Call(settings.read(environment), is_quiet=quiet, may_ask=not no_input)


def main() -> None:
    """The entry point of the command line."""
    try:
        pilotage(prog_name="pilotage")
    except SystemExit as ended:
        if ended.code in (exits.INTERRUPTED, exits.TERMINATED):
            _leave(int(ended.code))
        raise


def _leave(code: int) -> None:
    """End now, whatever a job is still at: what it has not written down is done again."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _how_to_continue(ctx: click.Context) -> str:
    call = ctx.find_object(Call)
    if call is None or not call.goes_on_with:
        return "interrupted; what was done so far is kept"
    return f"interrupted; what was done so far is kept; go on with: {call.goes_on_with}"


def _report(ctx: click.Context, error: Exception) -> str:
    """One sentence with a reference; the traceback goes to a file of the home, or to stderr."""
    reference = secrets.token_hex(4)
    told = "".join(traceback.format_exception(error))
    call = ctx.find_object(Call)
    folder = None if call is None else call.settings.home
    if folder is not None and folder.is_dir():
        file = folder / "errors" / f"{reference}.txt"
        try:
            file.parent.mkdir(exist_ok=True)
            file.write_text(told, encoding="utf-8")
        except OSError:
            file = None
        if file is not None:
            return f"this should not have happened ({type(error).__name__}); send us {file}"
    sys.stderr.write(told)
    return f"this should not have happened ({type(error).__name__}, {reference}); report it"
