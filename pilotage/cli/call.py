"""one command being carried out: its settings, who asks, and how it speaks to them."""

import gc
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
    from runs.records.person import Customer, Identity, Scope
    from runs.store.store import Store

    Admit = Callable[..., list[Any]]

USUAL = (700, 10, 10)
"""How often Python looks for rings of objects by itself."""


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
        self.may("read")
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
        """The person who operates; NotAllowed for a program."""
        return self._person("operate")

    @property
    def decider(self) -> "Identity":
        """The person who decides; NotAllowed for a program."""
        return self._person("decide")

    @property
    def holder(self) -> "Identity":
        """The person who changes what they prove themselves with; NotAllowed for a program."""
        return self._person("administer")

    @property
    def owner(self) -> "Identity":
        """The owner who administers; NotAllowed for anybody else, with an event."""
        identity = self._person("administer")
        self._people.require_owner(identity)
        return identity

    @property
    def customer(self) -> "Customer":
        """Whose records the asking person, or program, may read."""
        self.may("read")
        return self.identity.customer

    @property
    def actor(self) -> str:
        """What an event says of who acts."""
        who = self.identity
        return f"token:{who.token}" if who.is_machine else who.person

    def submits(self) -> "Admit":
        """What takes items in, for whoever may bring them."""
        self.may("submit")
        return self.wired.admit

    def may(self, scope: "Scope") -> None:
        """NotAllowed, with an event and the remedy, unless the token may do this."""
        self._people.require(self.wired.store, self.identity, scope)

    def _person(self, scope: "Scope") -> "Identity":
        if self.identity.is_machine:
            raise NotAllowed(
                "this is a program's token; ask a named person to do this with their own"
            )
        self.may(scope)
        return self.identity

    @property
    def _people(self) -> Any:
        from runs import people

        return people

    @property
    def is_on_terminal(self) -> bool:
        """True when a person can be asked."""
        return self.may_ask and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def draws(self) -> bool:
        """True when progress can be drawn: stderr is a terminal."""
        return sys.stderr.isatty() and not self.is_quiet

    def stay(self) -> None:
        """From now on this process goes on for long.

        What it loaded is left alone, and what it makes is looked over for rings as Python does.
        """
        gc.collect()
        gc.freeze()
        gc.set_threshold(*USUAL)

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
