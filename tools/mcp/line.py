"""What may be asked of an MCP server again, and what its answers mean."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, NamedTuple, Protocol

from runs.errors import InvalidInput, Unavailable
from runs.records.record import canonical
from tools.filled import KEY, find, in_body
from tools.mcp.declared import Acted, Called, Looked, Mcp
from tools.mcp.pins import Definition, Known, check
from tools.pace import LOOKS, Turn, comes_now, free
from tools.tool import NotSent, Pause

LARGEST_WHOLE = 2**53 - 1
Check = Callable[[Mapping[str, Definition]], None]
"""Raises unless what the server says of its tools is what was pinned."""


class Answer(NamedTuple):
    """What a tool of the server answered."""

    value: Any
    """JSON; None where it was none."""
    is_error: bool
    content: bytes
    """All of it, for its digest."""


class Gone(Unavailable):
    """It was asked, and nobody can tell what it did."""

    def __init__(self, says: str, *, is_large: bool = False) -> None:
        super().__init__(says)
        self.is_large = is_large


class Server(Protocol):
    """Whoever leads the conversation."""

    @property
    def name(self) -> str:
        """As plans name it."""
        ...

    @property
    def mcp(self) -> Mcp:
        """What is declared of it."""
        ...

    def offers(self) -> Mapping[str, Definition]:
        """What the server says of each of its tools."""
        ...

    def ask(self, called: Called, arguments: Mapping[str, Any], check: Check) -> Answer:
        """Ask one tool once, after `check` let the definitions pass."""
        ...


@dataclass(frozen=True)
class Line:
    """The way there: one declared server, and what was pinned of it."""

    server: Server
    _: KW_ONLY
    known: Known
    pause: Pause
    turn: Turn = free
    """Taken before each look, and before whatever is asked again; who asks takes the first."""

    @property
    def name(self) -> str:
        """As plans name it."""
        return self.server.name

    def look(self, looked: Looked, key: str) -> Any:
        """What a tool that only looks says of a key; None where there is nothing.

        Tried again, as looking changes nothing. Raises Unavailable when nobody answers, NotAllowed
        when it may not be asked or is not what was pinned, InvalidInput for what is no answer.
        """
        answer = self._looked(looked, in_body(looked.arguments, {KEY: key}))
        at = f"tool {self.name!r}: {looked.tool}"
        if answer.is_error:
            if looked.error_is_absence:
                return None
            raise InvalidInput(
                f"{at}: answered with an error; look there, or correct its arguments"
            )
        value = plain(answer.value)
        if value is None:
            raise InvalidInput(f"{at}: answered no JSON; name a tool that does")
        found = find(value, looked.field) if looked.field and isinstance(value, Mapping) else value
        return None if found in (None, [], {}, "") else found

    def send(self, acted: Acted, content: Mapping[str, Any], key: str) -> Answer:
        """Ask it once, or again where that is safe: before it was asked, or once a key.

        Raises NotSent, InvalidInput or NotAllowed when surely nothing was done; Unavailable when
        nobody can tell.
        """
        arguments = in_body(acted.arguments, {**content, KEY: key})
        operations = self.server.mcp.operations
        named = next((n for n, one in operations.items() if one is acted), "")
        lost: Unavailable = NotSent("it was not tried; it is tried again")
        for number in range(self.server.mcp.tries):
            if number and not self._may_again(named, number, lost):
                break
            try:
                answer = self.server.ask(acted, arguments, self._check(acted))
            except Unavailable as error:
                # What one try left open, no later one that surely did nothing closes.
                lost = error if isinstance(lost, NotSent) else lost
                if not (isinstance(error, NotSent) or acted.is_idempotent):
                    break
            else:
                return self._require_done(acted, answer)
        raise lost

    def _may_again(self, named: str, number: int, lost: Unavailable) -> bool:
        """Wait a little, and for its turn; False where that comes only later."""
        self.pause(number, 0.0)
        return comes_now(self.turn, named, lost)

    def touch(self) -> None:
        """See that the server is there and is what was pinned; asks none of its tools."""
        offered = self.server.offers()
        for _, called in self.server.mcp.calls():
            check(self.name, called, offered, self.known)

    def _require_done(self, acted: Acted, answer: Answer) -> Answer:
        if not answer.is_error:
            return answer
        says = f"tool {self.name!r}: {acted.tool}: answered with an error"
        if acted.error_is_refusal:
            raise InvalidInput(f"{says}; correct what the tools file makes of what is asked for")
        raise Unavailable(f"{says}, which does not say whether it was done; look there")

    def _looked(self, looked: Looked, arguments: Mapping[str, Any]) -> Answer:
        lost = Unavailable("it was not tried; it is tried again")
        mcp = self.server.mcp
        named = next((one for one in LOOKS if getattr(mcp, one, None) is looked), "")
        self.turn(named)
        for number in range(self.server.mcp.tries):
            if number and not self._may_again(named, number, lost):
                break
            try:
                return self.server.ask(looked, arguments, self._check(looked))
            except Gone as error:
                if error.is_large:
                    raise InvalidInput(str(error)) from None
                lost = error
            except Unavailable as error:
                lost = error
        told = Unavailable(str(lost))
        told.after_s = lost.after_s
        raise told

    def _check(self, called: Called) -> Check:
        return lambda offered: check(self.name, called, offered, self.known)


def plain(value: Any) -> Any:
    """JSON that can be kept, larger whole numbers as text; None for what cannot."""
    made = _plain(value)
    try:
        canonical(made)
    except (ValueError, TypeError, RecursionError):
        return None
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    is_large = isinstance(value, int) and abs(value) > LARGEST_WHOLE
    return str(value) if is_large else value
