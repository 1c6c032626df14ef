"""tell a person that something waits for them.

`Outbox` is a folder: a message to named people is one text file, written once by key. It is a tool,
so that the customer's update goes through the action ledger like any other effect.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

from runs.clock import Clock
from runs.errors import Conflict, InvalidInput
from runs.records.record import digest_of
from runs.records.version import Level, Risk
from tools.files.sink import file_name, find_text, keep_once
from tools.tool import Reading, Schema, check_operation

SUFFIX = ".txt"
HEADERS = ("To", "Title", "Key", "Digest", "At")
LINE: Schema = {"type": "string", "minLength": 1, "maxLength": 300}
MESSAGE: Schema = {
    "type": "object",
    "properties": {
        "to": {"type": "array", "items": LINE, "minItems": 1, "maxItems": 100},
        "title": LINE,
        "text": {"type": "string", "minLength": 1, "maxLength": 100_000},
    },
    "required": ["to", "title", "text"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Outbox:
    """Messages to named people: each is one text file under its key."""

    folder: Path
    _: KW_ONLY
    clock: Clock
    name: str = "outbox"
    level: Level = "trigger"
    risks: tuple[Risk, ...] = ("customer_facing", "irreversible")
    """What is sent cannot be taken back; hand in `()` for an outbox of the customer's own staff."""
    reversible: bool = False
    is_real: bool = True
    remembers_keys: bool = True
    schema: Mapping[str, Schema] = field(default_factory=lambda: {"send": MESSAGE})

    def read(self, key: str) -> Reading | None:
        """The receipt of the message under this key, or None."""
        receipt = self.find_receipt(key)
        return None if receipt is None else Reading(receipt, receipt["digest"], self.clock.now())

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Send `to`, `title` and `text` once; the second time the first receipt is returned.

        Raises Conflict when the key was used for another message, Unavailable when the folder
        cannot be written; InvalidInput for a message without a name, title or text.
        """
        check_operation(self, operation, content)
        _check_lines([*content["to"], content["title"]])
        digest = digest_of(dict(content))
        to, at = ", ".join(content["to"]), self.clock.now().isoformat()
        headers = dict(zip(HEADERS, (to, content["title"], key, digest, at), strict=True))
        head = "".join(f"{name}: {value}\n" for name, value in headers.items())
        keep_once(self.folder, file_name(key, SUFFIX), f"{head}\n{content['text']}\n".encode())
        receipt = self.find_receipt(key)
        if receipt is None or receipt["digest"] != digest:
            raise Conflict(f"tool {self.name!r}: key {key} was used for another message")
        return receipt

    def find_receipt(self, key: str) -> dict[str, Any] | None:
        """What was sent under this key, but its text; InvalidInput for a file that is not ours."""
        text = find_text(self.folder, file_name(key, SUFFIX))
        if text is None:
            return None
        lines = text.partition("\n\n")[0].split("\n")
        headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
        if tuple(headers) != HEADERS or headers["Key"] != key:
            raise InvalidInput(f"{self.folder / file_name(key, SUFFIX)}: is not a message of {key}")
        return {name.lower(): headers[name] for name in HEADERS}


def tell(outbox: Outbox, *, to: tuple[str, ...], title: str, text: str, key: str) -> dict[str, Any]:
    """Leave a message for named people, once a key; InvalidInput when nobody is named."""
    return outbox.act("send", {"to": list(to), "title": title, "text": text}, key)


def tell_once(outbox: Outbox, *, to: tuple[str, ...], title: str, text: str, key: str) -> None:
    """Leave a message unless one stands under its key, whatever that says and whomever it told.

    For whoever looks again and again: who answers for something may be another person by then.
    """
    if outbox.find_receipt(key) is None:
        tell(outbox, to=to, title=title, text=text, key=key)


def _check_lines(lines: list[str]) -> None:
    for line in lines:
        if not line.isprintable() or not line.strip():
            raise InvalidInput(
                f"{line[:80]!r} is not one line of text; leave out control characters"
            )
