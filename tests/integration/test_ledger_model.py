"""The ledger held against a model: deaths, questions and words in any order.

Whatever comes in whatever order: never two effects for one key, and nothing is done without a
receipt of the other side or the word of a person.
"""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from runs import snapshots, words
from runs.errors import Conflict, Unavailable
from runs.records.item import Action
from tests import builders
from tests.integration.desk import Killed
from tests.integration.ledger import CONTENT, Ledger, request
from workflow import settling
from workflow.actions import abandon, reconcile

LABELS = st.sampled_from(["refund", "parcel"])
DEATHS = st.sampled_from(["", "before", "after"])


class Ledgers(RuleBasedStateMachine):
    """Two effects on a desk that may forget, answer late, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="pilotage-model-")
        self.ledger = Ledger(Path(self._folder.name))
        self.ledger.store.items.admit(self.ledger.customer, "cli", builders.item())
        self.ended: dict[str, str] = {}
        """How each action that came to an end ended: never another way afterwards."""
        self.sworn: set[str] = set()

    @rule(label=LABELS, dies=DEATHS)
    def do(self, label: str, dies: str) -> None:
        """Somebody tries it, and may die on either side of the act."""
        self.ledger.tool.dies = dies
        try:
            self._note(self.ledger.perform(content=CONTENT | {"label": label}))
        except (Killed, Unavailable):
            pass
        finally:
            self.ledger.tool.dies = ""

    @rule(remembers=st.booleans())
    def forget(self, *, remembers: bool) -> None:
        """The other side can, or can no longer, be asked for keys."""
        self.ledger.tool.remembers_keys = remembers

    @rule(label=LABELS)
    def ask(self, label: str) -> None:
        """The worker's look asks the other side."""
        if (found := self._find(label)) is not None:
            self._note(reconcile(self.ledger.deps(), self.ledger.customer, found))

    @rule(label=LABELS)
    def give_up(self, label: str) -> None:
        """It is not wanted any more."""
        if (found := self._find(label)) is not None:
            self._note(abandon(self.ledger.deps(), self.ledger.customer, found))

    @rule(label=LABELS, is_done=st.booleans())
    def swear(self, label: str, *, is_done: bool) -> None:
        """A person says what they found there, right or wrong."""
        found = self._find(label)
        if found is None:
            return
        who = builders.identity(self.ledger.customer, "ben", roles=("ops_lead",))
        tools = {"desk": self.ledger.tool}
        deps = settling.Deps(self.ledger.store, tools, words.AS_SAID, "command-1")
        try:
            self._note(settling.settle(deps, who, found.key, is_done=is_done, reason="looked"))
        except Conflict:
            assert found.status != "unknown"
        else:
            assert found.status == "unknown"
            self.sworn.add(found.key)

    @invariant()
    def nothing_is_done_twice(self) -> None:
        """One file a key, and the desk acted no more often than there are files."""
        assert self.ledger.tool.acts == len(self.ledger.written)
        assert len(set(self.ledger.written)) == len(self.ledger.written) <= 2

    @invariant()
    def done_has_a_receipt_or_a_word(self) -> None:
        """And what the other side's receipt settled is really there."""
        for one in self.ledger.store.actions.of_item(self.ledger.customer, "i-1"):
            is_there = f"{one.key}.json" in self.ledger.written
            assert (one.status == "done") <= bool(one.receipt)
            assert bool(one.settled_by) == (one.key in self.sworn)
            if one.status == "done" and not one.settled_by:
                told = snapshots.read(self.ledger.store, self.ledger.customer, one.receipt)
                assert is_there
                assert told["key"] == one.key
            if one.status in ("failed", "stopped") and not one.settled_by:
                assert not is_there

    @invariant()
    def an_end_stays(self) -> None:
        """Whoever came first is believed."""
        for key, status in self.ended.items():
            found = self.ledger.store.actions.find(self.ledger.customer, key)
            assert found is not None
            assert found.status == status

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.ledger.store.database.close()
        self._folder.cleanup()

    def _find(self, label: str) -> Action | None:
        key = request(content=CONTENT | {"label": label}).key
        return self.ledger.store.actions.find(self.ledger.customer, key)

    def _note(self, action: Action) -> None:
        if action.status in ("done", "failed", "stopped"):
            self.ended.setdefault(action.key, action.status)


TestLedgers = Ledgers.TestCase
TestLedgers.settings = settings(
    max_examples=12,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
