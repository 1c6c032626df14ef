"""one effect that is asked for, and what lets it pass: its tool, version, stage and approval."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.permissions import permit
from runs.records.approval import Approval
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import StageKind
from runs.records.version import Effect, Version
from tools.tool import LEVELS, Tool


@dataclass(frozen=True)
class Request:
    """Exactly one effect that is asked for."""

    effect: Effect
    content: Mapping[str, Any]
    """What the tool is asked to do: JSON, made of nothing but what is masked already."""
    item: str = ""
    run: str = ""
    """The run, where it acts itself; empty for an item."""
    approval: str = ""
    """Id of the approval that covers it; empty where the level and stage allow acting alone."""
    undoes: str = ""
    """Key of the action that it takes back."""
    said: str = ""
    """Snapshot of why somebody had that taken back."""
    attempt: int = 1
    """Above 1 where the earlier ones surely did nothing, and people had it tried once more."""

    @property
    def digest(self) -> str:
        """Digest of the content: what an approval covers by the name `content`."""
        return digest_of(dict(self.content))

    @property
    def key(self) -> str:
        """The key of the effect, for us and for the other side."""
        fingerprint = self.digest.partition(":")[2][:16]
        again = f":{self.attempt}" if self.attempt > 1 else ""
        return f"{self.item or self.run}:{self.effect.name}:{fingerprint}{again}"


Check = Callable[[Request], str]
"""Why a request may not be done now, in one sentence; empty when it may."""


def permission(
    version: Version, stage: Callable[[], StageKind | None], approval: Check | None = None
) -> Check:
    """Let pass what the version declares and the stage, as it is then, has room for.

    `stage` is None once the release was rolled back. `approval` judges the approval a request
    names; without it no approval counts.
    """

    def check(request: Request) -> str:
        kind = stage()
        if kind is None:
            return "its version was rolled back; do it by hand"
        missing = (
            "no approval counts here; do it by hand" if approval is None else approval(request)
        )
        if request.approval and missing:
            return missing
        has = bool(request.approval)
        ruling = permit(request.effect, stage=kind, version=version, has_approval=has)
        return "" if ruling.allowed else ruling.reason

    return check


def approved(find: Callable[[str], Approval], current: Callable[[Approval], str]) -> Check:
    """Let pass what an approval covers that stands: approved, for this content, nothing changed.

    `current` makes the digest of everything the approval covers again, from the records of now.
    """

    def check(request: Request) -> str:
        if not request.approval:
            return f"{request.effect.name} has no approval; ask for one"
        approval = find(request.approval)
        if approval.status != "approved":
            return f"approval {approval.id} is {approval.status}; ask for another"
        if approval.covers.get("content") != request.digest:
            return f"approval {approval.id} covers other content; ask for this"
        if current(approval) != approval.subject:
            return f"what approval {approval.id} covers has changed; ask again"
        return ""

    return check


def wrong_tool(tool: Tool | None, customer: Customer, effect: Effect) -> str:
    """Why this tool may not do the effect at all; empty when it may."""
    if tool is None:
        return f"there is no tool {effect.tool!r}; add it to the tools file"
    if customer.is_demo and tool.is_real:
        return (
            f"tool {tool.name!r} reaches a real system and customer {customer.id!r} is a demo; "
            "make a home of its own with `pilotage init`"
        )
    if LEVELS.index(tool.level) > LEVELS.index(effect.level):
        return (
            f"{effect.name} is declared as {effect.level} and tool {tool.name!r} can "
            f"{tool.level}; mend one of the two"
        )
    undeclared = set(tool.risks) - set(effect.risks)
    if undeclared:
        return (
            f"{effect.name} is not declared as {', '.join(sorted(undeclared))}; add that to its "
            "risks"
        )
    return ""
