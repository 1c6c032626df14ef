"""the words that models and customers are given: see them, and check that no rule hides in them."""

from pathlib import Path
from typing import Any

import click

from pilotage.cli import exits
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import short, show, table
from policies.rules import read_policy
from prompts.library import Prompt, load, names, parse
from prompts.lint import lint as findings_of
from runs.errors import InvalidInput

FILES = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(
    epilog="Examples:\n\n  pilotage prompts list\n\n  pilotage prompts lint --policy policy.yaml"
)
def prompts() -> None:
    """The words that models and customers are given."""


@prompts.command(
    "list", epilog="Examples:\n\n  pilotage prompts list\n\n  pilotage prompts list --json"
)
@json_option
def list_prompts(*, as_json: bool) -> None:
    """Each prompt: who reads it, what it is for, and the digest that names its wording."""
    told = [_told(load(name)) for name in names()]
    rows = [(one["name"], one["reader"], one["task"], short(one["digest"])) for one in told]
    lines = table(("prompt", "reader", "what it is for", "digest"), rows, none="none")
    show("prompts", {"prompts": told}, lines, as_json=as_json)


@prompts.command(
    "show",
    epilog="Examples:\n\n  pilotage prompts show update\n\n  pilotage prompts show update --json",
)
@click.argument("name")
@json_option
def show_prompt(*, name: str, as_json: bool) -> None:
    """One prompt, word for word, with what its places hold."""
    prompt = load(name)
    told = {**_told(prompt), "text": prompt.text}
    inputs = [f"  {{{{{one}}}}}: words of {whose}" for one, whose in told["inputs"].items()]
    lines = [
        f"{name}: {told['task']} (for {told['reader']}; {prompt.digest})",
        *inputs,
        "",
        *prompt.text.splitlines(),
    ]
    show("prompt", told, lines, as_json=as_json)


@prompts.command(
    "lint",
    epilog="Examples:\n\n  pilotage prompts lint\n\n  pilotage prompts lint mine.md --json\n\n"
    "  pilotage prompts lint --policy policy.yaml",
)
@click.argument("files", nargs=-1, type=FILES)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=FILES,
    help="Words of its lists, such as tiers, may not stand in a prompt. May be given again.",
)
@json_option
@click.pass_context
def lint(
    ctx: click.Context, *, files: tuple[Path, ...], policies: tuple[Path, ...], as_json: bool
) -> None:
    """Check prompts: no rule of business, no unused place, no words of strangers to be followed.

    Without FILES every prompt that ships. Ends with 4 while something is wrong.
    """
    owned = [word for file in policies for word in _owned(file)]
    checked = [_read(file) for file in files] or [load(name) for name in names()]
    found = [one for prompt in checked for one in findings_of(prompt, owned)]
    lines = [f"{one.prompt}: {one.rule}: {one.says}" for one in found]
    lines = lines or [f"{len(checked)} prompts checked, nothing wrong"]
    told = {"checked": len(checked), "findings": [one._asdict() for one in found]}
    show("prompts", told, lines, as_json=as_json)
    if found:
        ctx.exit(exits.GATE_NOT_MET)


def _told(prompt: Prompt) -> dict[str, Any]:
    front = prompt.front.as_json() if prompt.front else {"task": "", "reader": "", "inputs": {}}
    return {"name": prompt.name, "digest": prompt.digest, **front}


def _read(file: Path) -> Prompt:
    return parse(file.stem, _text(file))


def _owned(file: Path) -> list[str]:
    """The entries of a policy's lists, as the file says them."""
    policy = read_policy(_text(file), str(file))
    return [word for entries in policy.lists.values() for word in entries]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} is no UTF-8 text; save it as such") from None
