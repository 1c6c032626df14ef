"""the way in: the command groups, the errors they end with, and nothing heavy."""

import os
import secrets
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from pilotage import settings
from pilotage.cli import exits
from pilotage.cli.call import Call
from pilotage.cli.lazy import Entry, LazyGroup
from pilotage.cli.output import plain
from runs.errors import PilotageError

ENTRIES = {
    "demo": Entry("pilotage.cli.demo:demo", "One priority to its proven end, on the sample."),
    "init": Entry("pilotage.cli.init:init", "Make a home, its first customer and its first owner."),
    "intake": Entry("pilotage.cli.intake:intake", "What customers bring between runs."),
    "run": Entry("pilotage.cli.run:run", "Start, watch, explain, continue or cancel runs."),
    "ops": Entry("pilotage.cli.ops:ops", "Scheduled reviews: make what is due; the calendar."),
    "approval": Entry("pilotage.cli.approval:approval", "See what waits for you, and decide it."),
    "item": Entry("pilotage.cli.item:item", "Bring live items in; see them; answer what waits."),
    "action": Entry("pilotage.cli.action:action", "What was done outside; settle or undo it."),
    "plan": Entry(
        "pilotage.cli.plan:plan", "A delivery plan on one page; what is missing from it."
    ),
    "workflow": Entry("pilotage.cli.workflow:workflow", "What is deployed, and what is on trial."),
    "release": Entry("pilotage.cli.release:release", "How far a version has come; take it back."),
    "data": Entry("pilotage.cli.dataset:dataset", "Labelled cases: import, check, split."),
    "memory": Entry("pilotage.cli.memory:memory", "What was learnt."),
    "policy": Entry("pilotage.cli.policy:policy", "The values that operations own."),
    "audit": Entry("pilotage.cli.audit:audit", "Check the record against its chain."),
    "erase": Entry("pilotage.cli.erase:erase", "Take words out of the record for good."),
    "user": Entry("pilotage.cli.user:user", "People and their roles."),
    "token": Entry("pilotage.cli.token:token", "What people and programs prove themselves with."),
    "worker": Entry("pilotage.cli.worker:worker", "Do the work: runs, items, what falls due."),
    "db": Entry("pilotage.cli.db:db", "The database: look it over, bring it up to date."),
    "doctor": Entry("pilotage.cli.doctor:doctor", "Say whether this installation is well."),
    "version": Entry("pilotage.cli.version:version", "Which program this is."),
}


class Door(LazyGroup):
    """The outermost group: every error becomes a sentence and an exit code here, once."""

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out the command; ends with the code of `pilotage.cli.exits`."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except PilotageError as error:
            click.echo(f"error: {plain(str(error))}", err=True)
            ctx.exit(exits.of_error(error))
        except KeyboardInterrupt:
            click.echo(_how_to_continue(ctx), err=True)
            ctx.exit(exits.INTERRUPTED)
        except Exception as error:
            click.echo(_report(ctx, error), err=True)
            ctx.exit(exits.BUG)


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
    if folder is None or not folder.is_dir():
        sys.stderr.write(told)
        return f"error: this should not have happened ({type(error).__name__}, {reference})"
    file = folder / "errors" / f"{reference}.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_text(told, encoding="utf-8")
    return f"error: this should not have happened ({type(error).__name__}); the report is {file}"
