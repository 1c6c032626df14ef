"""A customer's system that speaks HTTP, as a tool: read by key, or acted on once a key."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn

from runs.clock import Clock
from runs.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from runs.records.record import canonical, digest_of
from tools.filled import find
from tools.http.declared import Look
from tools.http.line import REFUSALS, Answer, Line
from tools.system import ActingSystem, ReadSystem, whole
from tools.tool import NEVER_USED, Reading, check_operation

CONFLICT = 409


@dataclass(frozen=True)
class HttpRecords(ReadSystem):
    """Records that are read by key; it has no way to act."""

    line: Line

    @property
    def name(self) -> str:
        """As plans name it."""
        return self.line.name

    def read(self, key: str) -> Reading | None:
        """The record of this key, or None where the other side has none.

        Raises Unavailable, NotAllowed, and InvalidInput for an answer that is no record.
        """
        return _read(self.line, key, self.clock)


@dataclass(frozen=True)
class HttpActs(ActingSystem):
    """A system that does what its declared endpoints say, once a key."""

    line: Line

    @property
    def name(self) -> str:
        """As plans name it."""
        return self.line.name

    @property
    def remembers_keys(self) -> bool:
        """True where the other side can be asked, and no answer means that nothing was done."""
        look_up = self.line.declared.look_up
        return look_up is not None and look_up.tells_absence

    def touch(self, most: int) -> Sequence[Reading]:
        """No record: only whether it answers; changes nothing. Raises what `read` does."""
        declared = self.line.declared
        looks = (declared.probe, declared.look_up, declared.read)
        look = next(one for one in looks if one is not None)
        answer = self.line.look(look, NEVER_USED)
        if look is declared.probe and answer.status >= 400:
            raise NotFound(f"tool {self.name!r}: GET {look.path}: answered {answer.status}")
        return ()[:most]

    def read(self, key: str) -> Reading | None:
        """The record of this key, or None; NotAllowed where no `read` is declared."""
        return _read(self.line, key, self.clock)

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Ask for it once under the key, and return the receipt.

        Raises InvalidInput, NotFound, NotAllowed or Conflict when the other side says that it did
        nothing, NotSent when nothing reached it, Unavailable when nobody can tell.
        """
        check_operation(self, operation, content)
        endpoint = self.line.declared.endpoints[operation]
        answer = self.line.send(endpoint, content, key)
        says = f"tool {self.name!r}: {endpoint.method} {endpoint.path}: answered {answer.status}"
        if answer.status == CONFLICT:
            return self._after_conflict(key, says)
        if answer.status in REFUSALS:
            raise REFUSALS[answer.status](says)
        if not 200 <= answer.status < 300:
            raise Unavailable(f"{says}, which does not say whether it was done")
        return self._receipt(operation, key, answer, endpoint.keeps)

    def find_receipt(self, key: str) -> dict[str, Any] | None:
        """What the other side says it did under this key; None when it says nothing of it."""
        look_up = self.line.declared.look_up
        if look_up is None:
            return None
        answer = self.line.look(look_up, key)
        found = _found(self.line.name, look_up, answer)
        if found in (None, [], {}, ""):
            return None
        keeps = {name for one in self.line.declared.endpoints.values() for name in one.keeps}
        return self._receipt("", key, answer, sorted(keeps), found)

    def _after_conflict(self, key: str, says: str) -> dict[str, Any]:
        """It may be under way, done before, or another's: the other side is asked which."""
        receipt = self.find_receipt(key)
        if receipt is not None:
            return receipt
        raise Unavailable(f"{says}: it may be under way, or the key was used for something else")

    def _receipt(
        self, operation: str, key: str, answer: Answer, keeps: Sequence[str], found: Any = None
    ) -> dict[str, Any]:
        """Key, time, status, the answer's digest and the fields that are declared to be kept."""
        value = found if found is not None else _parsed(answer)
        value = value[0] if isinstance(value, list) and value else value
        told = {name: find(value, name) for name in keeps} if isinstance(value, Mapping) else {}
        receipt: dict[str, Any] = {
            "key": key,
            "status": answer.status,
            "digest": "sha256:" + sha256(answer.body).hexdigest(),
            "at": self.clock.now().isoformat(),
        }
        receipt |= {"operation": operation} if operation else {"found": True}
        kept = {name: one for name, one in told.items() if one is not None}
        return receipt | ({"answer": kept} if kept else {})


def _read(line: Line, key: str, clock: Clock) -> Reading | None:
    look = line.declared.read
    if look is None:
        raise NotAllowed(f"tool {line.name!r} declares no `read`; it cannot be read")
    answer = line.look(look, key)
    found = _found(line.name, look, answer)
    if isinstance(found, list):
        if len(found) > 1:
            raise InvalidInput(f"tool {line.name!r}: GET {look.path}: more than one record")
        found = found[0] if found else None
    if found is None:
        return None
    if not isinstance(found, dict):
        raise InvalidInput(f"tool {line.name!r}: GET {look.path}: is no record")
    return Reading(found, digest_of(found), clock.now())


def _found(name: str, look: Look, answer: Answer) -> Any:
    """What a look was for; None where there is nothing."""
    if answer.status in (404, 204) or not answer.body:
        return None
    value = _parsed(answer)
    if value is None:
        raise InvalidInput(f"tool {name!r}: GET {look.path}: answered no JSON")
    return find(value, look.field) if look.field and isinstance(value, Mapping) else value


def _parsed(answer: Answer) -> Any:
    try:
        value = json.loads(answer.body, parse_int=whole, parse_constant=_no_number)
        canonical(value)
    except (ValueError, TypeError, RecursionError):
        return None
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number of JSON")
