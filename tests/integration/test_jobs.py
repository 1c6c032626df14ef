"""What a worker does with one thing, it does in one thread at a time."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pilotage.jobs import Jobs
from runs.errors import Unavailable
from runs.queue import JobContext
from tests.integration.desk import Desk, MortalTool


class Interrupted(MortalTool):
    """A tool during whose act another thread of the worker is handed the same item."""

    meanwhile: Callable[[], None] | None = None

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """First what the other thread does, once, then the act."""
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().act(operation, content, key)


def test_an_item_that_two_jobs_name_is_acted_on_by_one_thread_of_a_worker(tmp_path: Path) -> None:
    """A lease is the worker's, so it would not keep the second from acting under the same key."""
    desk = Desk(tmp_path)
    desk.admit()
    desk.desk_tool = Interrupted(desk.sink)
    chosen = SimpleNamespace(store=desk.store)
    made: dict[str, Any] = {"follow_edit": lambda *_: None, "process_deps": lambda _: desk.deps()}
    engines: Any = SimpleNamespace(chosen=chosen, **made)
    work = Jobs(engines).by_kind()["process_item"]
    told: list[str] = []

    def again() -> None:
        try:
            work(JobContext(desk.customer, "i-1", lambda _: None))
        except Unavailable as error:
            told.append(str(error))

    desk.desk_tool.meanwhile = again
    work(JobContext(desk.customer, "i-1", lambda _: None))

    assert told == ["acme/i-1 is in hand already; it is tried again"]
    assert desk.desk_tool.acts == 1
    assert desk.store.items.get(desk.customer, "i-1").status == "acted"
