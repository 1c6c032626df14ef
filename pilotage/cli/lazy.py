"""a group that imports a command when it is asked for, and knows its line without."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click


class Entry(NamedTuple):
    """One command and where it stands."""

    place: str
    """`module:attribute`."""
    says: str
    """Its line in the help of the group."""


class LazyGroup(click.Group):
    """Lists its commands from a table; loads the one that is called."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it now; None when there is no such command."""
        if cmd_name not in self.entries:
            return None
        module, _, name = self.entries[cmd_name].place.partition(":")
        return getattr(import_module(module), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line a command, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.says) for name, entry in self.entries.items()])
