"""the values that operations own."""

from pathlib import Path
from typing import Any

import click

from pilotage.cli import policy_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import print_lines, show
from pilotage.policy_leading import Standing
from pilotage.policy_questions import Editor
from policies import edits, rules
from runs import words
from runs.errors import InvalidInput, NotFound
from runs.records.version import PolicyValues, Version


@click.group(
    epilog="Examples:\n\n  pilotage policy show triage\n\n"
    "  pilotage policy set triage act_threshold=0.85 --reason 'two wrong in a week'"
)
def policy() -> None:
    """The values that operations own."""


@policy.command(
    "show",
    epilog="Examples:\n\n  pilotage policy show triage\n\n  pilotage policy show triage --json",
)
@click.argument("workflow")
@json_option
@pass_call
def show_policy(call: Call, *, workflow: str, as_json: bool) -> None:
    """The values that lead, what the file says otherwise, and whose word it waits for."""
    _follow(call, workflow)
    files, customer = call.wired.policy_files, call.customer
    standing = files.standing(customer, workflow)
    if standing.leads is None:
        why = f" ({standing.problem})" if standing.problem else ""
        raise NotFound(
            f"no values lead for workflow {workflow!r} yet{why}; let a release enter its "
            f"first stage, or bring them: pilotage policy set {workflow} --file FILE"
        )
    told = {
        "policy": standing.leads.as_json(),
        "digest": standing.leads.digest,
        "bounds": _bounds(call, workflow),
        "file": str(files.file(customer, workflow)),
        "problem": standing.why,
        **policy_story.edit(standing),
    }
    show("policy", told, policy_story.lines(told), as_json=as_json)


@policy.command(
    epilog="Examples:\n\n  pilotage policy check triage.yaml\n\n"
    "  pilotage policy check triage.yaml --json"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@pass_call
def check(call: Call, *, file: Path, as_json: bool) -> None:
    """What would follow if these values were set; nothing is changed.

    Which values differ, who must agree, and what is asked again because it rests on the old ones.
    """
    values = rules.read_policy(_text(file), str(file))
    person = call.identity.person
    editor = Editor(person) if person else None
    standing = call.wired.policy_files.preview(call.customer, values, editor)
    told = {"workflow": values.workflow, **policy_story.edit(standing)}
    show("policy_check", told, policy_story.preview(told), as_json=as_json)


@policy.command(
    "set",
    epilog="Examples:\n\n  pilotage policy set triage act_threshold=0.85 --reason 'two wrong'\n\n"
    "  pilotage policy set triage gates.slice.min_cases=200 audit_share=0.2\n\n"
    "  pilotage policy set triage --file triage.yaml",
)
@click.argument("workflow")
@click.argument("pairs", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", default="", help="Kept with the edit, and shown to whom it needs.")
@json_option
@pass_call
def set_values(
    call: Call, *, workflow: str, pairs: tuple[str, ...], file: Path | None, **said: Any
) -> None:
    """Change values under your name: some keys, or the whole file.

    What operations may change alone leads at once. What lets more pass waits until the people it
    needs agreed, without you; until then the values that lead go on.
    """
    if bool(pairs) == (file is not None):
        raise InvalidInput(f"{workflow}: give either KEY=VALUE pairs or --file FILE")
    person = call.somebody.person
    text = _text(file) if file else _with_keys(call, workflow, pairs)
    values = rules.read_policy(text, str(file or workflow))
    if values.workflow != workflow:
        raise InvalidInput(f"{file}: workflow is {values.workflow!r}; write {workflow!r}")
    files, customer = call.wired.policy_files, call.customer
    with call.store.change(customer, person) as change:
        reason = words.say(change, said["reason"], call.wired.words())
    files.propose(customer, values, text, Editor(person, reason))
    standing = files.standing(customer, workflow)
    told = {"workflow": workflow, "leads": not standing.differs, **policy_story.edit(standing)}
    show("policy_set", told, _outcome(standing, workflow), as_json=said["as_json"])


@policy.command(
    epilog="Examples:\n\n  pilotage policy restore triage\n\n  pilotage policy show triage",
)
@click.argument("workflow")
@pass_call
def restore(call: Call, *, workflow: str) -> None:
    """Let the file say again what leads: an edit is taken back, and what was asked about it."""
    customer, files = call.somebody.customer, call.wired.policy_files
    aside = files.restore(customer, workflow)
    print_lines([f"{files.file(customer, workflow)} says again what leads"])
    if aside is not None:
        call.say(f"what it said before is kept at {aside}")


def _follow(call: Call, workflow: str) -> None:
    """Let the file lead if it may; why it may not is told from its standing."""
    try:
        call.wired.policy_files.find(call.customer, workflow)
    except InvalidInput as error:
        call.say(f"the file may not lead: {error}")


def _bounds(call: Call, workflow: str) -> dict[str, Any]:
    """The bounds of the version that serves; empty without one."""
    release = call.store.releases.find_open(call.customer, workflow)
    if release is None:
        return {}
    return call.store.get(call.customer, Version, release.version).as_json()["bounds"]


def _with_keys(call: Call, workflow: str, pairs: tuple[str, ...]) -> str:
    """The text of the file with these keys changed."""
    file = call.wired.policy_files.file(call.customer, workflow)
    leads = call.wired.policy_files.last_led(call.customer, workflow)
    text = _text(file) if file.exists() else _written(leads, workflow)
    present = rules.read_policy(text, str(file))
    return edits.with_text(text, str(file), edits.with_keys(present, edits.pairs(pairs)))


def _written(leads: PolicyValues | None, workflow: str) -> str:
    if leads is None:
        raise NotFound(
            f"no values lead for workflow {workflow!r} yet, and it has no file; bring the first "
            f"whole: pilotage policy set {workflow} --file FILE"
        )
    return rules.write_policy(leads)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: cannot be read ({error}); name a file of UTF-8 text") from None


def _outcome(standing: Standing, workflow: str) -> list[str]:
    if standing.differs:
        return [f"{workflow}: {standing.why}"]
    return [f"{workflow}: these values lead from now on"]
