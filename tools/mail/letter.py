"""One letter, made of what is declared and asked for: no value of either becomes a header."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from typing import Any, NamedTuple

from runs.errors import InvalidInput
from tools.filled import in_body, in_text
from tools.mail.declared import Letter, Mail, is_address

MOST = 100
"""Recipients of one letter."""


class Written(NamedTuple):
    """A letter as it goes out."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


def message_id(mail: Mail, key: str) -> str:
    """The Message-ID of the letter of this key: always the same, and nobody else's."""
    return f"<pilotage.{sha256(key.encode()).hexdigest()[:40]}@{mail.domain}>"


def write(
    mail: Mail, letter: Letter, content: Mapping[str, Any], key: str, at: datetime
) -> Written:
    """The letter with its holes filled; the same key, content and time give the same bytes.

    Raises InvalidInput for a hole that stays empty, for what is no address or may not be reached,
    and for text that would break out of its line.
    """
    recipients = tuple(dict.fromkeys(_recipients(mail, letter.to, content)))
    if not 1 <= len(recipients) <= MOST:
        raise InvalidInput(f"a letter has 1 to {MOST} recipients, and this has {len(recipients)}")
    name, sender = parseaddr(mail.sender)
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(name, addr_spec=sender)
    made["To"] = [Address(addr_spec=one) for one in recipients]
    made["Subject"] = _line("subject", in_text(letter.subject, content))
    made["Date"] = format_datetime(at)
    made["Message-ID"] = message_id(mail, key)
    made["Auto-Submitted"] = "auto-generated"
    if letter.reply_to:
        made["Reply-To"] = Address(addr_spec=_address(mail, in_text(letter.reply_to, content)))
    made.set_content(_text(in_text(letter.text, content)), charset="utf-8")
    return Written(sender, recipients, made.as_bytes())


def _recipients(mail: Mail, to: Sequence[str], content: Mapping[str, Any]) -> Iterator[str]:
    for template in to:
        filled = in_body(template, content)
        for one in filled if isinstance(filled, list | tuple) else [filled]:
            address = _address(mail, one)
            if not mail.may_reach(address):
                raise InvalidInput("a recipient is none of `only_to`; nothing was sent")
            yield address


def _address(mail: Mail, named: Any) -> str:
    """An address, or that of a name; what somebody wrote is not repeated."""
    address = mail.people.get(named, named) if isinstance(named, str) else ""
    if not is_address(address):
        raise InvalidInput(
            "a recipient is neither a mail address nor a name of `people`; nothing was sent"
        )
    return address


def _line(what: str, text: str) -> str:
    if not text.isprintable():
        raise InvalidInput(f"the {what} is not one line of text; leave out control characters")
    return text


def _text(text: str) -> str:
    """With line ends of one kind; InvalidInput for signs that no letter holds."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in lines):
        raise InvalidInput("the text holds control characters; leave them out")
    try:
        lines.encode()
    except UnicodeEncodeError:
        raise InvalidInput("the text cannot be written as UTF-8") from None
    return lines
