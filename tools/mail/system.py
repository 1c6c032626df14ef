"""A customer's mail server, as a tool: it sends what is declared, and cannot take it back."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, NoReturn

from runs.clock import Clock
from runs.errors import NotAllowed, NotFound
from runs.records.record import digest_of
from runs.records.version import Level, Risk
from tools.mail.letter import message_id, write
from tools.mail.line import Line
from tools.tool import Reading, Schema, check_operation


@dataclass(frozen=True)
class MailSends:
    """Letters, each with a Message-ID that its key gives it."""

    line: Line
    _: KW_ONLY
    clock: Clock
    schema: Mapping[str, Schema]
    level: Level = "trigger"
    risks: tuple[Risk, ...] = ("customer_facing", "irreversible")
    is_real: bool = True
    reversible: bool = False
    remembers_keys: bool = False
    """No mail server promises to know that a letter was not sent."""

    @property
    def name(self) -> str:
        """As plans name it."""
        return self.line.name

    def take_turn(self, operation: str) -> None:
        """Take the turn of a letter; NotYet where it comes only later."""
        self.line.turn(operation)

    def touch(self, most: int) -> Sequence[Reading]:
        """No record: only that it lets us in; sends nothing. Raises what `act` does."""
        self.line.touch()
        return ()[:most]

    def read(self, key: str) -> NoReturn:
        """Raises NotAllowed: letters are sent, not read."""
        raise NotAllowed(
            f"tool {self.name!r} sends letters and cannot read {key!r}; name a tool that reads"
        )

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Hand the letter over, for all its recipients or for none, and return the receipt.

        Raises InvalidInput, NotAllowed or NotSent when surely nothing was sent, Unavailable when
        the server said nothing after the last byte. The same key again is another letter with the
        same Message-ID: whoever calls asks `find_receipt` first.
        """
        check_operation(self, operation, content)
        mail, at = self.line.way.mail, self.clock.now()
        written = write(mail, mail.operations[operation], content, key, at)
        code = self.line.send(written, operation)
        return {
            "key": key,
            "operation": operation,
            "message_id": message_id(mail, key),
            "recipients": len(written.recipients),
            "status": code,
            "digest": digest_of({"operation": operation, "content": dict(content)}),
            "at": at.isoformat(),
        }

    def find_receipt(self, key: str) -> dict[str, Any]:
        """The letter of this key in the folder of what was sent.

        NotFound, naming the Message-ID a person has to look for, when it is not there or nothing is
        declared to look in: that says neither that it was sent nor that it was not. Raises
        Unavailable when the folder does not answer.
        """
        mail = self.line.way.mail
        looked_for = message_id(mail, key)
        if mail.sent is not None and self.line.find(looked_for):
            at = self.clock.now().isoformat()
            return {"key": key, "message_id": looked_for, "found": True, "at": at}
        where = f"{mail.sent.folder!r} does not hold" if mail.sent else "no `sent` is declared for"
        raise NotFound(
            f"tool {self.name!r}: {where} Message-ID {looked_for}, and a mail server cannot say "
            "that a letter was not sent; look in the mailbox or the server's log"
        )
