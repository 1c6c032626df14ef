"""What the page of a run says of what models proposed."""

from typing import Any

import pytest

from pilotage.cli import proposed

ONE: dict[str, Any] = {
    "id": "r-1.changes",
    "step": "fix_smallest_issue",
    "what": "changes",
    "end": "accepted",
    "instead": "",
    "route": "own",
    "model": "m",
    "is_script": False,
    "prompt": "sha256:" + "a" * 64,
    "why": [],
    "proposed": {"changes": []},
}


@pytest.mark.parametrize(
    ("said", "is_empty"),
    [({"changes": [], "notes": ()}, True), ({"changes": [{"rank": 4}]}, False), (None, False)],
)
def test_an_answer_without_anything_in_it_says_so(said: Any, *, is_empty: bool) -> None:
    """Accepted alone would read as if something had been taken."""
    head = proposed.lines([{**ONE, "proposed": said}])[0]

    assert ("(it proposed nothing)" in head) is is_empty
    assert "changes: accepted" in head


def test_what_was_wrong_is_told_to_its_end() -> None:
    """What to do stands there."""
    why = f"{'a figure without evidence, ' * 12}name the record it stands in"

    assert proposed.lines([{**ONE, "why": [why]}])[1] == f"  {why}"
