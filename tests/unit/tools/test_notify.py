"""Messages to named people."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput
from tools.notify import Outbox, tell

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
UPDATE: dict[str, Any] = {"to": ["anna", "ben"], "title": "Week 9", "text": "All well.\n\nTo: you"}


def outbox(folder: Path, at: datetime = NOW) -> Outbox:
    """The folder messages are left in."""
    return Outbox(folder, clock=StoppedClock(at))


def test_a_message_is_a_file_a_person_can_read(tmp_path: Path) -> None:
    """Who, what, when, and the text as it is."""
    receipt = outbox(tmp_path).act("send", UPDATE, "r-1:update:ab")

    assert (tmp_path / "r-1:update:ab.txt").read_text(encoding="utf-8") == (
        f"To: anna, ben\nTitle: Week 9\nKey: r-1:update:ab\nDigest: {receipt['digest']}\n"
        "At: 2026-03-02T09:00:00+00:00\n\nAll well.\n\nTo: you\n"
    )


def test_a_message_is_left_once(tmp_path: Path) -> None:
    """The second time the first receipt is returned."""
    first = outbox(tmp_path).act("send", UPDATE, "k-1")
    second = outbox(tmp_path, NOW + timedelta(days=1)).act("send", UPDATE, "k-1")

    assert first == second == outbox(tmp_path).find_receipt("k-1")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("change", [{"text": "Not well."}, {"to": ["anna"]}, {"title": "Week 10"}])
def test_a_key_stands_for_one_message(tmp_path: Path, change: dict[str, Any]) -> None:
    """Another text, person or title under a used key is a conflict, and the first stands."""
    receipt = outbox(tmp_path).act("send", UPDATE, "k-1")

    with pytest.raises(Conflict, match="k-1 was used for another message"):
        outbox(tmp_path).act("send", {**UPDATE, **change}, "k-1")
    assert outbox(tmp_path).find_receipt("k-1") == receipt


@pytest.mark.parametrize(
    "change",
    [
        {"to": []},
        {"to": [""]},
        {"to": ["anna\nKey: k-9"]},
        {"title": "a\r\nTo: eve"},
        {"title": " "},
        {"text": ""},
        {"cc": ["eve"]},
    ],
)
def test_nothing_is_left_for_nobody_or_with_a_forged_head(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    """A message names its people, and each line of its head is one line."""
    with pytest.raises(InvalidInput):
        outbox(tmp_path).act("send", {**UPDATE, **change}, "k-1")
    assert list(tmp_path.iterdir()) == []


def test_a_key_without_a_message_has_no_receipt(tmp_path: Path) -> None:
    """Nothing was sent, and it says so; what is not a message is named."""
    (tmp_path / "k-2.txt").write_text("To: anna\n\nhello", encoding="utf-8")

    assert outbox(tmp_path).find_receipt("k-1") is None
    assert outbox(tmp_path).read("k-1") is None
    with pytest.raises(InvalidInput, match=r"k-2\.txt: is not a message of k-2"):
        outbox(tmp_path).find_receipt("k-2")


def test_a_person_is_told_once_that_something_waits(tmp_path: Path) -> None:
    """Telling again under the same key leaves one message."""
    for _ in range(2):
        tell(
            outbox(tmp_path),
            to=("anna",),
            title="A plan waits for you",
            text="pilotage approval show a-1",
            key="a-1:opened",
        )

    reading = outbox(tmp_path).read("a-1:opened")
    assert reading is not None
    assert reading.value["to"] == "anna"
    assert len(list(tmp_path.iterdir())) == 1
