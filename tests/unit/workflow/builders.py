"""Cases that are right by default."""

from typing import Any

from runs.records.case import Case


def case(id: str, label: str = "refund", **changes: Any) -> Case:
    """A case of its own family that may be answered alone."""
    return Case.model_validate(
        {
            "id": id,
            "family": f"family of {id}",
            "input": {"text": f"text of {id}"},
            "expected": {"label": label},
            "routes": ("act",),
            "origin": "real",
            "labelled_by": "eva",
        }
        | changes
    )
