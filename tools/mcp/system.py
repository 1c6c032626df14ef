"""A customer's MCP server, as a tool: it reads by key, or does what is declared once a key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from runs.clock import Clock
from runs.errors import InvalidInput, NotAllowed
from runs.records.record import digest_of
from tools.filled import find
from tools.mcp.line import Line, plain
from tools.system import ActingSystem, ReadSystem
from tools.tool import Reading, check_operation


@dataclass(frozen=True)
class McpRecords(ReadSystem):
    """Records that are read by key; it has no way to act."""

    line: Line

    @property
    def name(self) -> str:
        """As plans name it."""
        return self.line.name

    def read(self, key: str) -> Reading | None:
        """The record of this key, or None where the server has none.

        Raises Unavailable, NotAllowed for a tool that is not what was pinned, and InvalidInput for
        an answer that is no record.
        """
        return _read(self.line, key, self.clock)


@dataclass(frozen=True)
class McpActs(ActingSystem):
    """A server of which the declared tools are asked, once a key."""

    line: Line

    @property
    def name(self) -> str:
        """As plans name it."""
        return self.line.name

    @property
    def remembers_keys(self) -> bool:
        """True where the server can be asked, and no answer means that nothing was done."""
        look_up = self.line.server.mcp.look_up
        return look_up is not None and look_up.tells_absence

    def touch(self, most: int) -> Sequence[Reading]:
        """No record: only that it is there and is what was pinned; asks none of its tools."""
        self.line.touch()
        return ()[:most]

    def read(self, key: str) -> Reading | None:
        """The record of this key, or None; NotAllowed where no `read` is declared."""
        return _read(self.line, key, self.clock)

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Ask for it once under the key, and return the receipt.

        Raises InvalidInput or NotAllowed when surely nothing was done, NotSent when it was not even
        asked, Unavailable when nobody can tell.
        """
        check_operation(self, operation, content)
        acted = self.line.server.mcp.operations[operation]
        answer = self.line.send(acted, content, key)
        digest = "sha256:" + sha256(answer.content).hexdigest()
        told = {"key": key, "operation": operation, "digest": digest}
        return told | self._kept(answer.value, acted.keeps)

    def find_receipt(self, key: str) -> dict[str, Any] | None:
        """What the server says it did under this key; None when it says nothing of it."""
        look_up = self.line.server.mcp.look_up
        if look_up is None:
            return None
        found = self.line.look(look_up, key)
        if found is None:
            return None
        keeps = {name for one in self.line.server.mcp.operations.values() for name in one.keeps}
        told = {"key": key, "found": True, "digest": digest_of(found)}
        return told | self._kept(found, sorted(keeps))

    def _kept(self, answer: Any, keeps: Sequence[str]) -> dict[str, Any]:
        """When, and the fields of an answer that are declared to be kept."""
        value = plain(answer)
        value = value[0] if isinstance(value, list) and value else value
        told = {name: find(value, name) for name in keeps} if isinstance(value, Mapping) else {}
        kept = {name: one for name, one in told.items() if one is not None}
        return {"at": self.clock.now().isoformat()} | ({"answer": kept} if kept else {})


def _read(line: Line, key: str, clock: Clock) -> Reading | None:
    look = line.server.mcp.read
    if look is None:
        raise NotAllowed(f"tool {line.name!r} declares no `read`; add it to the tools file")
    found = line.look(look, key)
    if isinstance(found, list):
        if len(found) > 1:
            raise InvalidInput(
                f"tool {line.name!r}: {look.tool}: more than one record; ask by what finds one"
            )
        found = found[0]
    if found is None:
        return None
    if not isinstance(found, dict):
        raise InvalidInput(
            f"tool {line.name!r}: {look.tool}: is no record; name the `field` that holds it"
        )
    return Reading(found, digest_of(found), clock.now())
