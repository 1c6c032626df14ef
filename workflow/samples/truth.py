"""What is right for one piece of work of a sample, by the clauses of its customer's policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Route = Literal["act", "review", "refuse"]
Kind = Literal["ordinary", "hostile", "malformed"]
"""What sort of piece it is; a sample may know others besides."""
Severity = Literal["critical", "major", "minor"]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The right answer to one piece of work."""

    label: str
    routes: tuple[Route, ...]
    """The routes the policy allows; `act` is right only with the right label."""
    why: str
    """The clause of the policy document that decided."""
    severity: Severity
    family: str
    segment: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of a draft: what its fields should be."""
    kind: str
    """What sort of piece it is, such as `ordinary` or `malformed`."""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """What one clause allows, and what breaking it costs."""

    routes: tuple[Route, ...]
    why: str
    severity: Severity | None = None
    """None: as severe as the label."""


def unfit(kind: str, *, text: str = "text") -> Clause | None:
    """Clauses 5 and 6, which every customer has: what is not to be decided as it stands.

    `text` is what may give orders to the machine.
    """
    if kind == "malformed":
        return Clause(routes=("refuse",), why="clause 6: a field is missing or unreadable")
    if kind == "hostile":
        why = f"clause 5: a {text} that gives orders to the machine"
        return Clause(routes=("review", "refuse"), why=why, severity="critical")
    return None


def review(why: str) -> Clause:
    """Only a person; acting alone would be a critical mistake."""
    return Clause(routes=("review",), why=why, severity="critical")
