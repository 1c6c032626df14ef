"""Acts as files: one a key, whole or absent."""

import json
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput, Unavailable
from tools.files.sink import FolderSink, file_name

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SCHEMA = {"assign": {"type": "object"}, "close": {"type": "object"}}
CUT_SHORT = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from runs.clock import StoppedClock
from runs.errors import Unavailable
from tools.files.sink import FolderSink

clock = StoppedClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
sink = FolderSink("desk", Path(sys.argv[1]), clock=clock, schema={"assign": {"type": "object"}})
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    sink.act("assign", {"note": "x" * 1000}, "k-1")
except Unavailable:
    sys.exit(7)
"""


def sink(folder: Path, at: datetime = NOW) -> FolderSink:
    """The desk's folder."""
    return FolderSink("desk", folder, clock=StoppedClock(at), schema=SCHEMA)


def test_the_same_key_twice_is_one_file_and_the_first_receipt(tmp_path: Path) -> None:
    """A worker that starts again does nothing a second time."""
    first = sink(tmp_path).act("assign", {"queue": "refunds"}, "i-1:assign:ab")
    second = sink(tmp_path, NOW + timedelta(days=1)).act(
        "assign", {"queue": "refunds"}, "i-1:assign:ab"
    )

    assert first == second == sink(tmp_path).find_receipt("i-1:assign:ab")
    assert first["at"] == NOW.isoformat()
    assert [path.name for path in tmp_path.iterdir()] == ["i-1:assign:ab.json"]


@pytest.mark.parametrize(
    ("operation", "content"), [("assign", {"queue": "parcels"}), ("close", {"queue": "refunds"})]
)
def test_a_key_stands_for_one_content(
    tmp_path: Path, operation: str, content: dict[str, Any]
) -> None:
    """Another content or operation under a used key is a conflict, and the first stands."""
    receipt = sink(tmp_path).act("assign", {"queue": "refunds"}, "k-1")

    with pytest.raises(Conflict, match="k-1 was used for other content"):
        sink(tmp_path).act(operation, content, "k-1")
    assert sink(tmp_path).find_receipt("k-1") == receipt


def test_what_was_written_can_be_read_by_anybody(tmp_path: Path) -> None:
    """The file is JSON with the content in it."""
    sink(tmp_path).act("assign", {"queue": "überweisung"}, "k-1")
    written = json.loads((tmp_path / "k-1.json").read_text(encoding="utf-8"))
    reading = sink(tmp_path).read("k-1")

    assert reading is not None
    assert written["content"] == reading.value == {"queue": "überweisung"}
    assert sink(tmp_path).read("k-2") is None


def test_of_many_at_once_one_writes_and_all_get_its_receipt(tmp_path: Path) -> None:
    """The name is taken once, whoever comes first."""

    def act(second: int) -> dict[str, Any]:
        return sink(tmp_path, NOW + timedelta(seconds=second)).act("assign", {"queue": "a"}, "k-1")

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(act, range(32)))

    assert len({json.dumps(receipt) for receipt in receipts}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["k-1.json"]


def test_a_write_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """A disk that fills up half-way is no act, and the next try is the first."""
    code = subprocess.run(
        [sys.executable, "-c", CUT_SHORT, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        check=False,
    ).returncode

    assert code == 7
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100
    assert list(tmp_path.iterdir()) == []
    assert sink(tmp_path).find_receipt("k-1") is None
    assert sink(tmp_path).act("assign", {"note": "x" * 1000}, "k-1")["key"] == "k-1"


@pytest.mark.parametrize(
    "key",
    ["", "..", ".", "../k", "/etc/passwd", "a/b", "a\\b", "a\0b", ".k", "a\n", "ключ", "k" * 201],
)
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    """A key that is not a plain name is refused, written or asked for."""
    desk = sink(tmp_path / "desk")

    with pytest.raises(InvalidInput, match="cannot name a file"):
        desk.act("assign", {}, key)
    with pytest.raises(InvalidInput, match="cannot name a file"):
        desk.find_receipt(key)
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=40))
def test_a_file_name_stays_in_its_folder(key: str) -> None:
    """Whatever the key, the file lies in the folder or the key is refused."""
    folder = Path("/desk")
    try:
        name = file_name(key, ".json")
    except InvalidInput:
        return

    assert (folder / name).parent == folder
    assert name == key + ".json"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": "k-1"}'])
def test_a_file_that_is_not_ours_is_no_receipt(tmp_path: Path, text: str) -> None:
    """What stands under the key by another hand is named, not believed."""
    (tmp_path / "k-1.json").write_text(text, encoding="utf-8")

    with pytest.raises(InvalidInput, match=r"k-1\.json: is not what was written"):
        sink(tmp_path).find_receipt("k-1")


def test_a_file_of_another_key_is_no_receipt(tmp_path: Path) -> None:
    """A renamed file proves nothing for its new name."""
    sink(tmp_path).act("assign", {}, "k-1")
    (tmp_path / "k-1.json").rename(tmp_path / "k-2.json")

    with pytest.raises(Conflict, match="the file of k-2 is that of k-1"):
        sink(tmp_path).find_receipt("k-2")


def test_a_folder_that_cannot_be_written_does_not_answer(tmp_path: Path) -> None:
    """A file where the folder should be is a system that is down."""
    (tmp_path / "desk").write_text("", encoding="utf-8")

    with pytest.raises(Unavailable, match="desk"):
        sink(tmp_path / "desk").act("assign", {}, "k-1")
    with pytest.raises(Unavailable, match="desk"):
        sink(tmp_path / "desk").find_receipt("k-1")
