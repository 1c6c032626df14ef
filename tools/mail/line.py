"""One line to a mail server: what may be tried again, and what its answers mean.

Until the last byte of a letter was handed over surely nothing was sent; after it, without an
answer, nobody can tell. A server's own words may hold anything and are told to nobody.
"""

import imaplib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from typing import TypeVar

from pydantic import SecretStr

from runs.errors import InvalidInput, NotAllowed, Unavailable
from tools.mail.letter import Written
from tools.mail.way import Imap, Smtp, Way
from tools.pace import Turn, comes_now, free
from tools.tool import NotSent, Pause

T = TypeVar("T")
SIGNING_IN = (530, 534, 535, 538)
"""Answers that say that this user, or password, is not let in."""


@dataclass(frozen=True)
class Line:
    """The way there: one declared server, asked in conversations of their own."""

    name: str
    way: Way
    secret: SecretStr | None = field(default=None, repr=False)
    """`user:password`."""
    _: KW_ONLY
    pause: Pause
    turn: Turn = free
    """Taken before a letter is tried again; who sends takes the first."""

    def send(self, written: Written, operation: str) -> int:
        """Hand one letter over, for all its recipients or for none; the code it was taken with.

        Raises NotSent, InvalidInput or NotAllowed when surely nothing was sent; Unavailable when
        nobody can tell.
        """
        lost = NotSent("it was not tried; it is tried again")
        for number in range(self.way.mail.tries):
            if number and not self._may_again(operation, number, lost):
                break
            try:
                with self._smtp() as smtp:
                    self._envelope(smtp, written)
                    return self._hand_over(smtp, written.content)
            except NotSent as error:
                lost = error
        raise lost

    def _may_again(self, operation: str, number: int, lost: NotSent) -> bool:
        """Wait a little, and for its turn; False where that comes only later."""
        self.pause(number, 0.0)
        return comes_now(self.turn, operation, lost)

    def touch(self) -> None:
        """Reach it and sign in, and change nothing; raises what `send` raises."""
        with self._smtp() as smtp:
            self._require(self._asked(lambda: smtp.noop()[0]), "NOOP")
        if self.way.mail.sent is not None:
            with self._imap():
                return

    def find(self, message_id: str) -> bool:
        """Whether the folder of what was sent holds a letter of this Message-ID.

        False says nothing: a server may take a letter and keep no copy. Raises Unavailable when it
        does not answer, NotAllowed when it lets nobody in.
        """
        with self._imap() as imap:
            query = ("HEADER", "Message-ID", f'"{message_id}"')
            found = self._looked(lambda: imap.uid("SEARCH", *query)[1])
        return bool(found and found[0])

    @contextmanager
    def _smtp(self) -> Iterator[Smtp]:
        """A conversation in which we are who we are; what fails here left surely nothing sent."""
        smtp = self._asked(lambda: Smtp(self.way))
        try:
            self._asked(lambda: self._sign_in(smtp))
            yield smtp
        finally:
            _hang_up(smtp)

    def _sign_in(self, smtp: Smtp) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self.way.mail.security == "starttls":
            smtp.starttls(context=self.way.context)
            smtp.ehlo()
        if self.secret is not None:
            smtp.login(*self._user())

    def _envelope(self, smtp: Smtp, written: Written) -> None:
        """From whom and to whom; one recipient that is refused, and the letter goes to nobody."""
        self._require(self._asked(lambda: smtp.mail(written.sender)[0]), "MAIL FROM")
        for one in written.recipients:
            self._require(self._asked(lambda address=one: smtp.rcpt(address)[0]), "RCPT TO")

    def _hand_over(self, smtp: Smtp, content: bytes) -> int:
        told: Exception
        try:
            code = smtp.data(content)[0]
        except smtplib.SMTPDataError as error:
            told = self._said(error)
        except (smtplib.SMTPException, OSError) as error:
            told = Unavailable(
                f"{self._at('DATA')}: no answer ({type(error).__name__}); it may have been "
                "sent: look there"
            )
        else:
            if 200 <= code < 300:
                return code
            is_no = 400 <= code < 600
            says = f"{self._at('DATA')}: answered {code}; it may have been sent: look there"
            told = self._answered(code, "DATA") if is_no else Unavailable(says)
        raise told

    def _require(self, code: int, command: str) -> None:
        if not 200 <= code < 300:
            raise self._answered(code, command)

    def _asked(self, ask: Callable[[], T]) -> T:
        """What one question of a conversation gives; its failure, without the server's words."""
        told: Exception
        try:
            return ask()
        except ssl.SSLCertVerificationError:
            told = InvalidInput(
                f"{self._at('TLS')}: its certificate is not trusted; name its authority in `trust`"
            )
        except (smtplib.SMTPException, OSError) as error:
            told = self._said(error)
        # Raised out here, so that it carries no context with the server's words in it.
        raise told

    def _said(self, error: Exception) -> Exception:
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return InvalidInput(
                f"{self._at('EHLO')}: it has no STARTTLS or way to sign in that is known here; "
                "say how it is encrypted with `security`, or leave the credential away"
            )
        if isinstance(error, smtplib.SMTPResponseException):
            return self._answered(error.smtp_code, type(error).__name__)
        return NotSent(
            f"{self._at('SMTP')}: cannot be reached ({type(error).__name__}); it is tried again"
        )

    def _answered(self, code: int, command: str) -> Exception:
        says = f"{self._at(command)}: answered {code}"
        if code in SIGNING_IN:
            return NotAllowed(f"{says}; correct its credential")
        if 500 <= code < 600:
            return InvalidInput(f"{says}; nothing was sent; correct the letter or its addresses")
        return NotSent(f"{says}; it is tried again")

    @contextmanager
    def _imap(self) -> Iterator[Imap]:
        """The folder of what was sent, opened to be read only."""
        imap = self._looked(lambda: Imap(self.way))
        try:
            self._looked(lambda: self._open_folder(imap))
            yield imap
        finally:
            imap.shutdown()

    def _open_folder(self, imap: Imap) -> None:
        sent = self.way.mail.sent
        assert sent is not None
        if self.secret is not None:
            imap.login(*self._user())
        if imap.select(f'"{sent.folder}"', readonly=True)[0] != "OK":
            raise imaplib.IMAP4.error

    def _looked(self, look: Callable[[], T]) -> T:
        told: Exception
        try:
            return look()
        except (imaplib.IMAP4.abort, OSError) as error:
            told = Unavailable(
                f"{self._at('IMAP')}: no answer ({type(error).__name__}); it is tried again"
            )
        except imaplib.IMAP4.error:
            told = NotAllowed(
                f"{self._at('IMAP')}: it refuses; correct the credential or `sent.folder`"
            )
        raise told

    def _user(self) -> tuple[str, str]:
        """User and password; InvalidInput, without them, for what cannot be sent as one line."""
        told = self.secret.get_secret_value() if self.secret else ""
        user, _, password = told.partition(":")
        if not (told.isascii() and told.isprintable() and user and password):
            raise InvalidInput(
                f"tool {self.name!r}: its credential is no text of plain ASCII; write it as "
                "`user:password`"
            )
        return user, password

    def _at(self, command: str) -> str:
        return f"tool {self.name!r}: {command}"


def _hang_up(smtp: Smtp) -> None:
    """What was answered stands, whether it says goodbye or not."""
    try:
        smtp.quit()
    except (smtplib.SMTPException, OSError):
        smtp.close()
