"""one command being carried out: its settings, who asks, and how it speaks to them."""

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from pilotage.cli.output import plain
from pilotage.settings import Settings
from runs.errors import InvalidInput, NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pilotage.wiring import Wired
    from runs.records.person import Customer, Identity
    from runs.store.store import Store

    Admit = Callable[..., list[Any]]


@dataclass
class Call:
    """Opens what a command needs when it needs it."""

    settings: Settings
    is_quiet: bool = False
    may_ask: bool = True
    """False after --no-input: nothing is ever asked on a terminal."""
    goes_on_with: str = ""
    """The command that continues this one after an interruption."""

    @cached_property
    def wired(self) -> "Wired":
        """Everything chosen; InvalidInput when the home is none."""
        from pilotage.wiring import wire

        return wire(self.settings)

    @property
    def store(self) -> "Store":
        """The record, for whoever proved who they are and may read."""
        self._allow("read")
        return self.wired.store

    @cached_property
    def identity(self) -> "Identity":
        """Who is asking, by PILOTAGE_TOKEN; NotAllowed with the remedy without a valid one."""
        if not self.settings.token:
            raise NotAllowed(
                "nobody is signed in: PILOTAGE_TOKEN is not set; set it to your token "
                "(`pilotage init` printed the first owner's; an owner makes others with "
                "`pilotage token create PERSON`)"
            )
        return self.wired.identify(self.settings.token)

    @property
    def somebody(self) -> "Identity":
        """The person who acts; NotAllowed for a program."""
        if self.identity.is_machine:
            raise NotAllowed("this is a program's token; a named person does this, with their own")
        return self.identity

    @property
    def customer(self) -> "Customer":
        """Whose records the asking person, or program, may read."""
        self._allow("read")
        return self.identity.customer

    def submits(self) -> "Admit":
        """What takes items in, for whoever may bring them."""
        self._allow("items:submit")
        return self.wired.admit

    def _allow(self, scope: str) -> None:
        if self.identity.is_machine and scope not in self.identity.scopes:
            raise NotAllowed(
                f"this program's token holds {', '.join(self.identity.scopes)} and not {scope}; "
                f"`pilotage token create PERSON --scope {scope}` makes one that does"
            )

    @property
    def is_on_terminal(self) -> bool:
        """True when a person can be asked."""
        return self.may_ask and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def draws(self) -> bool:
        """True when progress can be drawn: stderr is a terminal."""
        return sys.stderr.isatty() and not self.is_quiet

    def say(self, text: str) -> None:
        """Progress or advice, on stderr; not after --quiet."""
        if not self.is_quiet:
            click.echo(plain(text), err=True)

    def ask(self, question: str, *, flag: str, default: str = "") -> str:
        """What the person answers; InvalidInput naming the flag where nobody can be asked."""
        if not self.is_on_terminal:
            raise InvalidInput(f"{question}: nobody can be asked here; add {flag}")
        return click.prompt(question, default=default or None, err=True)


pass_call = click.make_pass_decorator(Call)
