"""What a hazard is seen by: the record row by row, the paused graph, and who refuses what."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from agent import checkpoints, graph
from agent.state import State
from agent.upgrade import find_pin
from runs import tables
from runs.errors import PilotageError
from runs.leases import Lease
from tests.voyage import Voyage

NOBODY = Lease("", "", 0)
STRAY: tuple[Any, ...] = (
    True,
    "yes",
    "approved",
    {"approval_id": "made-up", "decision": "approve"},
    {"0" * 32: "approve"},
)
"""What somebody may send in the place of a decision."""


class NotHeld(AssertionError):
    """What must hold did not: in one word, as the comparison tells it, and in one sentence."""

    def __init__(self, says: str, word: str) -> None:
        super().__init__(says)
        self.word = word


def need(*, holds: bool, says: str, word: str = "unsafe") -> None:
    """Raise NotHeld, saying what happened, unless it holds."""
    if not holds:
        raise NotHeld(says, word)


def refused(act: Callable[[], object], kind: type[PilotageError], says: str = "") -> str:
    """The sentence with which an act is refused; NotHeld when it is not, or not in this way."""
    try:
        act()
    except kind as error:
        need(holds=says in str(error), says=f"refused with other words: {error}")
        return str(error)
    except PilotageError as error:
        raise NotHeld(
            f"{type(error).__name__} instead of {kind.__name__}: {error}", "unsafe"
        ) from None
    raise NotHeld(f"taken without a word instead of {kind.__name__}", "ignored")


@contextmanager
def compiled(voyage: Voyage) -> Iterator[Any]:
    """The run's graph on its own checkpoints, as langgraph's own tools would open it."""
    deps = voyage.engines.deps(voyage.store, NOBODY)
    with checkpoints.opened(voyage.wired.checkpoints) as saver:
        yield graph.build(deps).compile(checkpointer=saver)


def thread(voyage: Voyage) -> Any:
    """Where the run stands."""
    pin = find_pin(voyage.store, voyage.customer, voyage.run_id)
    return {"configurable": {"thread_id": pin.thread if pin else voyage.run_id}}


def state_of(voyage: Voyage) -> State:
    """What stands in the checkpoint: ids only."""
    with compiled(voyage) as loop:
        return State(**loop.get_state(thread(voyage)).values)


def rows(voyage: Voyage) -> list[str]:
    """Everything in the record, as one text a row."""
    with voyage.store.database.reading() as connection:
        return sorted(
            f"{table.name}: {row}"
            for table in tables.metadata.sorted_tables
            for row in connection.execute(table.select())
        )


def steady(voyage: Voyage) -> list[str]:
    """The same without leases, which every advance takes; everybody signed in before."""
    for name in voyage.tokens:
        voyage.identity(name)
    return [row for row in rows(voyage) if not row.startswith("leases")]


def at_update(voyage: Voyage) -> Voyage:
    """On from the question about the plan: a no, and its update to the customer is asked for."""
    voyage.refuse()
    need(holds=voyage.waits_for == "update", says=f"waits for {voyage.waits_for}", word="error")
    return voyage
