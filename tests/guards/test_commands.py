"""Every command that a text, a page or an example names can be typed as it stands."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import click
import pytest

from pilotage.cli.main import pilotage
from tests.guards.refusals import HOLE
from tests.guards.tree import ROOT, modules

NAMED = re.compile(r"(?:^|[\s`$(>])pilotage ((?:--?)?[a-z][^`\n|&#;,:)]*)")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PROSE = re.compile(r"^(?:is|was|has|with|does|and|a|itself|can|keeps)\b")


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Every text of the code, with what is filled in left open, and every page, by place."""
    found = []
    for module in modules():
        inside: set[int] = set()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.JoinedStr):
                parts = [getattr(one, "value", None) for one in node.values]
                text = "".join(one if isinstance(one, str) else HOLE for one in parts)
                inside |= {id(one) for one in node.values}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            if id(node) not in inside:
                found.append((f"{module.path}:{node.lineno}", text))
    pages = [(file.name, file.read_text(encoding="utf-8")) for file in PAGES]
    return (*found, *pages)


def wrong(said: str) -> str:
    """What of a command nobody can type; empty when there is nothing."""
    at: click.Command = pilotage
    ctx = click.Context(pilotage, info_name="pilotage")
    flags = flags_of(at)
    words = iter(word.rstrip(".`'\"") for word in said.split())
    for word in words:
        if word.startswith("-") and word != "-" and HOLE not in word:
            name, sign, _ = word.partition("=")
            if name not in flags:
                return f"{at.name} has no {name}"
            if flags[name] and not sign:
                next(words, "")
        elif isinstance(at, click.Group):
            if HOLE in word:
                return ""
            following = at.get_command(ctx, word)
            if following is None:
                return f"{at.name} has no command {word}"
            at, flags = following, flags | flags_of(following)
    return ""


def flags_of(command: click.Command) -> dict[str, bool]:
    """Its flags, and whether a value follows each."""
    options = [one for one in command.params if isinstance(one, click.Option)]
    own = {name: not one.is_flag for one in options for name in (*one.opts, *one.secondary_opts)}
    return {"-h": False, "--help": False, **own}


def named() -> Iterator[tuple[str, str]]:
    """Every command that is named, by place."""
    for place, text in texts():
        for found in NAMED.finditer(text.replace("\\\n", " ")):
            if not PROSE.match(found[1]):
                yield place, found[1]


def test_every_command_that_is_named_can_be_typed() -> None:
    """A hint that leads nowhere is worse than none."""
    led_astray = {f"{place}: {said}: {why}" for place, said in named() if (why := wrong(said))}

    assert sorted(led_astray) == []
    assert len(set(named())) > 200


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("run show r-1", ""),
        ("--home x run list --json", ""),
        ("run shw r-1", "run has no command shw"),
        ("run show r-1 --nothing", "show has no --nothing"),
        ("nothing", "pilotage has no command nothing"),
    ],
)
def test_a_command_is_read_as_it_would_be_typed(said: str, why: str) -> None:
    """Groups, commands and flags are those of the command line; what stands for a value is free."""
    assert wrong(said) == why
