"""A group knows its commands without importing them."""

import sys

import click
from click.testing import CliRunner

from pilotage.cli.lazy import Entry, LazyGroup
from pilotage.cli.main import ENTRIES

GROUP_OF_ALL = LazyGroup("all", entries=ENTRIES)
GROUP = LazyGroup(
    "outer",
    entries={
        "ok": Entry("pilotage.cli.version:version", "Which program this is."),
        "gone": Entry("pilotage.cli.nowhere:gone", "Stands nowhere."),
    },
)


def test_help_names_every_command_and_imports_none() -> None:
    """A command that could not even be imported is listed."""
    result = CliRunner().invoke(GROUP, ["--help"])

    assert result.exit_code == 0
    assert "Stands nowhere." in result.output
    assert "pilotage.cli.nowhere" not in sys.modules


def test_the_command_that_is_called_is_imported() -> None:
    """And carried out."""
    result = CliRunner().invoke(GROUP, ["ok"])

    assert result.output.startswith("pilotage ")


def test_a_name_that_is_no_command_is_refused() -> None:
    """With the code of a wrong usage."""
    result = CliRunner().invoke(GROUP, ["other"])

    assert result.exit_code == 2
    assert "No such command" in result.output


def test_every_command_stands_where_the_table_says() -> None:
    """Name and line of the table are those of the command."""
    found = {name: loaded(name) for name in ENTRIES if name != "demo"}

    assert {name: command.name for name, command in found.items()} == {name: name for name in found}


def loaded(name: str) -> click.Command:
    """The command of a name, as it is imported when it is called."""
    command = GROUP_OF_ALL.get_command(click.Context(GROUP_OF_ALL), name)
    assert command is not None
    return command


def commands(group: click.Command, path: str = "") -> list[tuple[str, click.Command]]:
    """Every command below a group, with the words that call it."""
    found = [(path, group)]
    for name, command in getattr(group, "commands", {}).items():
        found += commands(command, f"{path} {name}".strip())
    return found


def test_every_command_shows_two_examples_of_itself() -> None:
    """Whoever asks for help sees how it is called."""
    every = [found for name in ENTRIES if name != "demo" for found in commands(loaded(name), name)]

    poor = [path for path, one in every if (one.epilog or "").count("pilotage ") < 2]
    assert poor == []
    assert [path for path, one in every if not one.help] == []
