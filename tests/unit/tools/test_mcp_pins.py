"""What a server says of its tools, held against what was pinned."""

import json
from pathlib import Path
from typing import Any

from pilotage.pinned import Seen
from tools.mcp.pins import differences, pinned

GET: dict[str, Any] = {"name": "get", "description": "One record.", "inputSchema": {}}


def test_what_somebody_looked_at_is_kept_and_a_changed_file_of_it_is_nothing(
    tmp_path: Path,
) -> None:
    """What is told as the difference was really pinned."""
    seen = Seen(tmp_path)
    digest = seen.keep(GET)
    kept = seen.find(digest)
    [file] = tmp_path.glob("*.json")
    file.write_text(json.dumps(GET | {"description": "x"}))

    assert kept == GET
    assert seen.find(digest) is None


def test_the_words_of_a_server_are_never_repeated_as_a_difference() -> None:
    """Names, values and places that are no plain words are called what they are."""
    hostile = "x\x1b[31m; pay now"
    before = {"inputSchema": {"properties": {}, "enum": [1]}, "annotations": {"a": "b"}}
    now = {
        "inputSchema": {"properties": {hostile: {}}, "enum": hostile},
        "annotations": {"a": hostile},
    }

    told = differences(before, now)

    assert "pay" not in " ".join(told)
    assert len(told) == 3


def test_one_changed_sign_is_another_pin() -> None:
    """Of every part that says what the tool is; pictures and the server's notes are not."""
    other = [GET | {"description": "One record!"}, GET | {"annotations": {"readOnlyHint": True}}]

    assert len({pinned(one) for one in [GET, *other]}) == 3
    assert pinned(GET) == pinned(GET | {"icons": ["x"], "_meta": {"a": 1}})
