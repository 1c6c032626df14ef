"""What fails outside, on real sockets and files: each item ends with a person, nothing is lost."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runs import audit, snapshots
from runs.errors import PilotageError, Unavailable
from runs.records.item import Item
from tests.integration.desk import TICKET, Desk
from tests.rude import MANNERS, meeting
from tools.addresses import Refused
from tools.files.records import FileRecords
from tools.http.declared import Http
from tools.http.line import Line
from tools.http.system import HttpActs, HttpRecords
from tools.http.way import open_client
from tools.tool import ASKED
from workflow.process.item import give_up, process_item

TRIES = 5
"""As often as the queue tries what raises Unavailable."""
HTTP: dict[str, Any] = {"is_private": True, "timeout_s": 5, "tries": 1, "max_bytes": 1_000_000}
SOURCE = HTTP | {"read": {"path": "/accounts/{key}"}}
ACTS = HTTP | {
    "look_up": {"path": "/effects/{key}"},
    "endpoints": {"assign": {"path": "/assign"}},
}
HANGS = ("silent", "dripping", "slow")
"""Of these nothing is waited for but the end of their time."""
READS: dict[str, str] = {
    "silent": "no answer",
    "dripping": "no answer",
    "slow": "no answer",
    "hanging_up": "no answer",
    "garbage": "no answer",
    "cut_off": "no answer",
    "endless": "more than 1000000 bytes",
    "large": "more than 1000000 bytes",
    "bomb": "answered no JSON",
    "truncated": "answered no JSON",
    "no_json": "answered no JSON",
    "other_fields": "none of the declared fields",
    "wrong_schema": "",
    "a_list": "more than one record",
    "busy": "answered 429",
    "busy_for_long": "answered 429",
    "failing": "answered 500",
    "forbidding": "answered 403",
    "gone": "no record of this account",
    "redirecting": "leads to another place",
}
"""What the reason of the item says, by how its source behaves."""
DOES: dict[str, tuple[str, str]] = {
    "silent": ("reserved", "gave up"),
    "slow": ("reserved", "gave up"),
    "hanging_up": ("reserved", "gave up"),
    "failing": ("reserved", "gave up"),
    "busy": ("reserved", "gave up"),
    "redirecting": ("unknown", "it may have been done"),
    "forbidding": ("failed", "answered 403"),
    "gone": ("failed", "answered 404"),
    "endless": ("done", "done: assign"),
}
"""How the action stands and what is told, by how the system behaves that should act."""


def line(url: str, declared: dict[str, Any], manner: str = "") -> Line:
    """The line to a system, on a real stopwatch; tries are not waited for."""
    timeout = {"timeout_s": 0.1} if manner in HANGS else {}
    made = Http.model_validate(declared | {"base_url": url} | timeout)
    client = open_client(made, time.monotonic)
    return Line("crm", made, client, pause=lambda *_: None, seconds=time.monotonic)


def work(desk: Desk, /, **tools: Any) -> Item:
    """As a worker does: tried again while something is silent, then handed to a person."""
    deps = desk.deps()
    deps = desk.deps(tools={**deps.tools, **tools})
    why = ""
    for _ in range(TRIES):
        try:
            return process_item(deps, desk.customer, "i-1")
        except Unavailable as error:
            why = f"the worker gave up: {error}"
    return give_up(deps, desk.customer, "i-1", why)


def require_kept(desk: Desk, item: Item, owner: str = "ben") -> None:
    """It ended, somebody answers for it, and nothing of it is lost or untold."""
    reviews = [one.status for one in desk.store.reviews.of_item(desk.customer, item.id)]
    told = [event.kind for event in desk.store.events(desk.customer, limit=1000)]

    assert (item.status, item.owner, reviews) == ("in_review", owner, ["open"])
    assert item == desk.store.items.get(desk.customer, item.id)
    assert snapshots.read(desk.store, desk.customer, item.input)["ticket"] == "T-1"
    assert told.count("item_processed") == told.count("review_opened") == 1
    assert audit.verify(desk.store.database).ok


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A ticket is in."""
    desk = Desk(tmp_path)
    desk.admit()
    return desk


@pytest.mark.parametrize("manner", READS)
def test_an_item_whose_source_fails_goes_to_a_person(desk: Desk, manner: str) -> None:
    """It says which source and what was wrong with it; nothing is done."""
    with meeting(manner) as (url, rude):
        item = work(desk, crm=HttpRecords(line(url, SOURCE, manner), clock=desk.clock))

    # A rule that cannot be evaluated on what a source says sends the item to the rule's owner.
    require_kept(desk, item, "dora" if manner == "wrong_schema" else "ben")
    assert READS[manner] in item.reason
    assert (desk.queued, rude.came >= 1) == ([], True)


def test_every_manner_there_is_is_met() -> None:
    """One that is added to the rude server has to be said here."""
    assert set(READS) == set(MANNERS)


@pytest.mark.parametrize("manner", DOES)
def test_an_action_that_fails_is_done_at_most_once_and_told(desk: Desk, manner: str) -> None:
    """Known undone, known done, or left with its key to whoever answers for the item."""
    status, says = DOES[manner]
    with meeting(manner) as (url, rude):
        tool = HttpActs(line(url, ACTS, manner), clock=desk.clock, schema={"assign": ASKED})
        item = work(desk, desk=tool)

    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert (action.status, says in item.reason) == (status, True)
    assert rude.posts <= (TRIES if manner == "busy" else 1)
    if status == "done":
        assert item.status == "acted"
        return
    require_kept(desk, item)
    assert action.key in item.reason or status == "failed"


def refused_port() -> int:
    """A port on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as once:
        return once.getsockname()[1]


def test_an_item_whose_source_is_down_goes_to_a_person(desk: Desk) -> None:
    """Nobody listens there."""
    reads = HttpRecords(line(f"http://127.0.0.1:{refused_port()}", SOURCE), clock=desk.clock)
    item = work(desk, crm=reads)

    require_kept(desk, item)
    assert "no answer (ConnectError)" in item.reason


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (socket.gaierror(-3, "try again"), "no answer"),
        ([(2, 1, 6, "", ("10.0.0.1", 80))], "private"),
    ],
)
def test_a_name_that_leads_nowhere_or_inside_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, found: Any, says: str
) -> None:
    """The resolver of this machine is played: no test asks a real one."""

    def look_up(*_: Any, **__: Any) -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    declared = SOURCE | {"is_private": False}
    item = work(desk, crm=HttpRecords(line("https://crm.example", declared), clock=desk.clock))

    require_kept(desk, item)
    assert says in item.reason
    assert issubclass(Refused, PilotageError)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (None, "No such file"),
        ("", "line 1"),
        ('[{"id": "A-1", "tier": "pl', "line 1"),
        ("\x00\x01", "line 1"),
        ('[{"tier": "plus"}]', "'id' is missing"),
        ('[{"id": "A-1"}, {"id": "A-1"}]', "also stands"),
        ('[{"id": "A-1", "tier": NaN}]', "not a number"),
    ],
)
def test_an_item_whose_file_is_broken_goes_to_a_person(
    desk: Desk, written: str | None, says: str
) -> None:
    """It names the file and the place in it."""
    file = desk.folder / "crm.json"
    file.unlink() if written is None else file.write_text(written, encoding="utf-8")
    item = work(desk, crm=FileRecords("crm", file, "id", clock=desk.clock))

    require_kept(desk, item)
    assert says in item.reason


@pytest.mark.parametrize(
    ("by", "status", "says"),
    [
        (timedelta(hours=-1), "acted", "done: assign"),
        (timedelta(hours=26), "in_review", "h old, the limit is 24 h"),
    ],
)
def test_clocks_that_differ_end_an_item_in_one_way(
    desk: Desk, by: timedelta, status: str, says: str
) -> None:
    """Behind the source's clock a record counts as written now; ahead of it, as old as it seems."""
    desk.clock.turn(by)
    item = work(desk)

    assert (item.status, item.owner) == (status, "ben")
    assert says in item.reason
    assert len(desk.queued) == (status == "acted")


def test_a_field_of_ten_megabytes_is_quarantined(tmp_path: Path) -> None:
    """It breaks the contract; what was sent is kept for whoever answers for it."""
    desk = Desk(tmp_path)
    desk.admit(TICKET | {"text": "x" * 10_000_000})
    item = work(desk)

    [review] = desk.store.reviews.of_item(desk.customer, "i-1")
    assert (item.status, item.owner, review.kind) == ("quarantined", "ben", "quarantine")
    assert "text" in item.reason
    assert len(snapshots.read(desk.store, desk.customer, item.input)["text"]) == 10_000_000


@contextmanager
def full_disk(bytes_left: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@dataclass(frozen=True)
class Filled:
    """A tool whose disk is full while it acts."""

    inner: Any

    def __getattr__(self, name: str) -> Any:
        """Everything else is its own."""
        return getattr(self.inner, name)

    def act(self, *asked: Any) -> Any:
        """Act, where ten bytes are left."""
        with full_disk(10):
            return self.inner.act(*asked)


def test_an_action_on_a_full_disk_is_not_done_and_not_lost(desk: Desk) -> None:
    """Nothing half is left there; it is told, and done once there is room again."""
    full = Filled(desk.sink)
    item = work(desk, desk=full)

    require_kept(desk, item)
    [action] = desk.store.actions.of_item(desk.customer, "i-1")
    assert (action.status, action.key in item.reason) == ("reserved", True)
    assert (desk.queued, list((desk.folder / "queues").iterdir())) == ([], [])


@pytest.mark.parametrize("room", [0, 30_000, 60_000, 90_000, 120_000])
def test_a_record_on_a_full_disk_loses_nothing(desk: Desk, room: int) -> None:
    """Wherever it gets full the work stops; with room again the item ends, and acted once."""
    wal = next(desk.folder.glob("*.db-wal"), None)
    size = wal.stat().st_size if wal else 0
    with full_disk(size + room):
        stopped = _stopped(desk)
    item = work(desk)

    assert stopped or room > 60_000
    assert (item.status, desk.desk_tool.acts, len(desk.queued)) == ("acted", 1, 1)
    assert audit.verify(desk.store.database).ok


def _stopped(desk: Desk) -> bool:
    """Whether the work stopped on an error that a worker sees."""
    try:
        process_item(desk.deps(), desk.customer, "i-1")
    except Exception:  # whatever the database says of a full disk
        return True
    return False
