"""Where a process can die between two of the engines, and how it is made to die exactly there.

Nothing is replaced: the named function runs as it is, and before or after its n-th call the
process kills itself with a signal that nobody can catch.
"""

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, NamedTuple

from httpcore._sync.http11 import HTTP11Connection
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.pregel import Pregel

from agent.loop import Loop
from pilotage.jobs import Jobs
from runs import approvals, queue
from runs.store.database import Database
from runs.store.items import Items
from tools.files import sink
from tools.files.sink import FolderSink
from tools.http.system import HttpActs
from tools.notify import Outbox
from workflow import actions
from workflow.actions import ActionDeps
from workflow.process import asking
from workflow.requests import Request

Start = Literal["opened", "slice", "items", "asked", "update"]
"""Where a trial begins: nothing done; asked for the slice; in it; asked for actions of its items;
asked for the update."""
Side = Literal["before", "after"]
Picks = Callable[..., bool]


class Strike(NamedTuple):
    """Die at this call of this seam."""

    seam: str
    start: Start
    side: Side
    number: int
    """From 1."""


@dataclass(frozen=True)
class Seam:
    """One function beside which a process may die."""

    starts: tuple[Start, ...]
    """The shortest way that meets it first."""
    owner: Any
    """Module or class that holds the function, or several of which one is used."""
    function: str
    sides: tuple[Side, ...] = ("before", "after")
    picks: Picks = lambda *_, **__: True
    """Which calls count."""


def _is_sent(outbox: Outbox, *_: Any) -> bool:
    return outbox.name == "outbox"


def _by_people(_: Database) -> bool:
    """People act in the first thread, after what a worker's start writes there."""
    return threading.current_thread() is threading.main_thread()


def _in_folder(name: str) -> Picks:
    return lambda folder: name in folder.parts


def _of_run(_: ActionDeps, __: Any, request: Request) -> bool:
    return bool(request.run)


def _of_item(_: ActionDeps, __: Any, request: Request) -> bool:
    return bool(request.item)


def _key_begins(prefix: str) -> Picks:
    return lambda _, __, action, *___: action.key.startswith(prefix)


def _is_post(_: HTTP11Connection, request: Any, **__: Any) -> bool:
    return request.method == b"POST"


BEFORE: tuple[Side, ...] = ("before",)
AFTER: tuple[Side, ...] = ("after",)
UPDATE: tuple[Start, ...] = ("update",)
ITEMS: tuple[Start, ...] = ("items",)
ANY: tuple[Start, ...] = ("update", "items", "slice", "opened")
ASKED: tuple[Start, ...] = ("update", "slice", "opened")

SAVERS = (SqliteSaver, PostgresSaver)

SEAMS: dict[str, Seam] = {
    "commit": Seam(ANY, Database, "writing"),
    "commit by people": Seam(ANY, Database, "writing", picks=_by_people),
    "outbox": Seam(ANY, queue, "hand_over", BEFORE),
    "enqueue": Seam(ANY, queue, "hand_over", AFTER),
    "checkpoint": Seam(ANY, SAVERS, "put"),
    "checkpoint of writes": Seam(ANY, SAVERS, "put_writes"),
    "decision": Seam(ASKED, approvals, "decide"),
    "wake, job taken": Seam(ANY, Loop, "advance"),
    "wake, graph resumed": Seam(ANY, Pregel, "invoke"),
    "reserve for the run": Seam(UPDATE, actions, "_reserve", picks=_of_run),
    "reserve for an item": Seam(ITEMS, actions, "_reserve", picks=_of_item),
    "do for the run": Seam(UPDATE, Outbox, "act", picks=_is_sent),
    "do for the run, half": Seam(UPDATE, sink, "_sync", BEFORE, _in_folder("outbox")),
    "do for an item": Seam(ITEMS, FolderSink, "act"),
    "do for an item, half": Seam(ITEMS, sink, "_sync", BEFORE, _in_folder("queues")),
    "settle for the run": Seam(UPDATE, actions, "_settle", picks=_key_begins("r-")),
    "settle for an item": Seam(ITEMS, actions, "_settle", picks=_key_begins("item-")),
}

WOKEN: dict[str, Seam] = {
    "wake, item taken": Seam((), Jobs, "_process_item"),
    "wake, answer read": Seam((), asking, "answers"),
    "item ended": Seam((), Items, "finish"),
}
"""Between a person's answer and the end of the item whose action waited for it."""

OVER_HTTP: dict[str, Seam] = {
    "do over http": Seam((), HttpActs, "act"),
    "do over http, half": Seam((), HTTP11Connection, "_receive_response_headers", BEFORE, _is_post),
}
"""Where the other side speaks HTTP; `half`: all was sent, and nothing of the answer was read."""


EVERY = SEAMS | WOKEN | OVER_HTTP


def arm(strike: Strike) -> None:
    """Let this process die at the strike."""
    seam = EVERY[strike.seam]
    numbers = itertools.count(1)

    def reached(side: Side, number: int) -> None:
        if (side, number) == (strike.side, strike.number):
            os.kill(os.getpid(), signal.SIGKILL)

    _wrap(seam, numbers, reached)


def count(names: list[str]) -> dict[str, int]:
    """Count the calls of these seams from now on, by name, without dying."""
    counts = dict.fromkeys(names, 0)
    for name in names:

        def reached(side: Side, number: int, name: str = name) -> None:
            counts[name] = max(counts[name], number)

        _wrap(SEAMS[name], itertools.count(1), reached)
    return counts


def _wrap(seam: Seam, numbers: Iterator[int], reached: Callable[[Side, int], None]) -> None:
    for owner in seam.owner if isinstance(seam.owner, tuple) else (seam.owner,):
        real = getattr(owner, seam.function)
        around = _around_commit if seam.function == "writing" else _around
        setattr(owner, seam.function, around(real, seam.picks, numbers, reached))


def _around(
    real: Any, picks: Picks, numbers: Iterator[int], reached: Callable[[Side, int], None]
) -> Callable[..., Any]:
    @wraps(real)
    def struck(*args: Any, **kwargs: Any) -> Any:
        if not picks(*args, **kwargs):
            return real(*args, **kwargs)
        number = next(numbers)
        reached("before", number)
        result = real(*args, **kwargs)
        reached("after", number)
        return result

    return struck


def _around_commit(
    real: Any, picks: Picks, numbers: Iterator[int], reached: Callable[[Side, int], None]
) -> Callable[..., Any]:
    """`before`: everything is written and nothing committed; `after`: committed, nothing more."""

    @contextmanager
    def writing(database: Database, *, lags: bool = False) -> Iterator[Any]:
        number = next(numbers) if picks(database) else 0
        with real(database, lags=lags) as connection:
            yield connection
            reached("before", number)
        reached("after", number)

    return writing
