"""Hazards of an effect: done twice, tried under one yes, or lost with its decision."""

import os
import signal
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.deps import Deps
from runs import approvals, tables
from runs.errors import NotAllowed, Unavailable
from runs.records.person import Customer
from runs.records.record import digest_of
from tests import builders
from tests.harbours import Harbour
from tests.hazards.answers import decided, twin
from tests.hazards.loops import killed
from tests.hazards.sight import at_update, need, refused
from tests.integration.ledger import ASSIGN, Ledger
from tests.voyage import Voyage
from tools.tool import Tool
from workflow.actions import ActionDeps
from workflow.requests import Check, approved

LONG_AGO = "2000-01-01T00:00:00.000000Z"


@dataclass
class Flaky:
    """A tool that fails so often, before it acts or after; everything else is the tool's own."""

    inner: Tool
    failures: int
    is_after: bool
    tries: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        """What the inner tool has."""
        return getattr(self.inner, name)

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """The inner tool's act, with an outage on one side of it."""
        self.tries.append(key)
        is_out = len(self.tries) <= self.failures
        if is_out and not self.is_after:
            raise Unavailable("the outbox does not answer")
        receipt = self.inner.act(operation, content, key)
        if is_out:
            raise Unavailable("the outbox did not answer in time")
        return receipt


def flaky(voyage: Voyage, failures: int, *, is_after: bool) -> list[str]:
    """Let the outbox of a voyage fail; returns the keys it is tried with."""
    tries: list[str] = []

    def change(deps: Deps) -> Deps:
        def actions(customer: Customer, check: Check) -> ActionDeps:
            made = deps.actions(customer, check)
            outbox: Any = Flaky(made.tools["outbox"], failures, is_after, tries)
            return replace(made, tools={**made.tools, "outbox": outbox})

        return replace(deps, actions=actions)

    voyage.change_deps = change
    return tries


def tried(voyage: Voyage, times: int) -> int:
    """How often an advance, tried so often as the queue would, found no answer."""
    outages = 0
    for _ in range(times):
        try:
            voyage.advance()
        except Unavailable:
            outages += 1
    return outages


def receipts(voyage: Voyage) -> list[str]:
    """How each action of the run stands."""
    found = voyage.store.actions.of_run(voyage.customer, voyage.run_id)
    return [f"{one.operation} {one.status} {bool(one.receipt)}" for one in found]


def once(voyage: Voyage) -> None:
    """The update went out once, with one receipt, and its run has ended."""
    need(holds=voyage.run.status == "ended", says=f"the run is {voyage.run.status}")
    sent = len(voyage.messages)
    need(holds=sent == 1, says=f"{sent} updates went out", word="repeated")
    need(holds=receipts(voyage) == ["send done True"], says=f"{receipts(voyage)}")


def error_after_effect(harbour: Harbour) -> str:
    """Row 19: an error after the effect, and the run is continued."""
    voyage = at_update(harbour.at("plan"))
    voyage.agree()
    tries = flaky(voyage, 1, is_after=True)
    outages = tried(voyage, 3)
    once(voyage)
    need(holds=(outages, len(tries)) == (1, 1), says=f"{len(tries)} tries", word="repeated")
    return "the other side was asked by the key: one effect, one receipt"


def killed_after_effect(harbour: Harbour) -> str:
    """Row 20: `kill -9` after the effect, before the checkpoint."""
    voyage = at_update(harbour.at("plan"))
    asked = voyage.asked
    voyage.agree()
    ended = in_child(lambda: _advance_and_die(voyage))
    need(holds=ended == signal.SIGKILL, says=f"the process ended with {ended}", word="error")
    need(holds=len(voyage.messages) == 1, says="nothing was sent before the kill", word="error")
    let_lapse(voyage)
    voyage.advance("w2")
    once(voyage)
    need(holds=len(voyage.questions("update")) == 1, says="asked again", word="repeated")
    need(holds=len(decided(voyage, asked)) == 1, says="the decision is lost")
    return "killed for real: the decision is kept, nothing is asked again, the effect is once"


def in_child(work: Callable[[], object]) -> int:
    """Do something in a process of its own; the signal that ended it."""
    with warnings.catch_warnings():
        # The child takes over no thread: it opens the home anew and is killed.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) * -1


def _advance_and_die(voyage: Voyage) -> None:
    other = twin(voyage)
    other.build_graph = killed("send_update")
    other.advance("w-killed")


def let_lapse(voyage: Voyage) -> None:
    """What a minute without a sign of life comes to, at once."""
    with voyage.store.database.writing() as connection:
        table = tables.leases
        mine = (table.c.customer == voyage.customer.id) & (table.c.holder != "")
        connection.execute(table.update().where(mine).values(expires_at=LONG_AGO))


def retried_effect(harbour: Harbour) -> str:
    """Row 21: a retry on a node with an effect."""
    voyage = at_update(harbour.at("plan"))
    voyage.agree()
    tries = flaky(voyage, 2, is_after=False)
    outages = tried(voyage, 4)
    once(voyage)
    need(holds=(outages, len(tries), len(set(tries))) == (2, 3, 1), says=f"{tries}")
    return "three tries share one key and one approval: one effect"


def several_calls(harbour: Harbour) -> str:
    """Row 29: several tool calls; one is rejected, the other approved."""
    folder = harbour.at("home").folder / "ledger"
    folder.mkdir()
    ledger = Ledger(folder)
    contents = {one: {"item": one, "label": "refund"} for one in ("ticket-1", "ticket-2")}
    for name, status in zip(contents, ("rejected", "approved"), strict=True):
        covers = {"content": digest_of(contents[name]), "item": name, "effect": "assign"}
        asked = builders.approval(
            id=f"a-{name}", run="", kind="action", covers=covers, status=status
        )
        approvals.open_approval(ledger.store, ledger.customer, "worker", asked)
    check = approved(
        lambda id: approvals.get(ledger.store, ledger.customer, id),
        lambda one: approvals.subject_of(one.covers),
    )

    def act(content: str, by: str) -> object:
        told = {"effect": ASSIGN, "content": contents[content], "approval": f"a-{by}"}
        return ledger.perform(check, **told)

    act("ticket-2", "ticket-2")
    refused(lambda: act("ticket-1", "ticket-1"), NotAllowed, "is rejected")
    refused(lambda: act("ticket-1", "ticket-2"), NotAllowed, "covers other content")
    need(holds=len(ledger.written) == 1, says=f"{len(ledger.written)} files", word="repeated")
    return "one action, one approval: the approved one acted, the rejected one did not"
