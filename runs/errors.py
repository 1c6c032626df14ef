"""every error we raise on purpose.

PilotageError
├── InvalidInput   what was sent cannot be accepted; change it and send again
├── NotFound       there is no such record
├── Conflict       the record moved on since it was read; read it again
├── NotAllowed     this person, stage or policy does not permit it
└── Unavailable    a system outside did not answer; the only error that is retried
    └── Busy       more waits than may; send it again later
"""


class PilotageError(Exception):
    """Something was refused or failed; the message says what, the value, and the remedy."""


class InvalidInput(PilotageError):
    """What was sent cannot be accepted; change it and send again."""


class NotFound(PilotageError):
    """There is no such record for this customer."""


class Conflict(PilotageError):
    """The record moved on since it was read; read it again."""


class NotAllowed(PilotageError):
    """The person, stage or policy does not permit it."""


class Unavailable(PilotageError):
    """A system outside did not answer; the only error that is retried."""

    after_s: float = 0.0
    """How long it asked to be left alone, seconds; 0 where it did not say."""
    is_outage: bool = True
    """Something failed; otherwise its turn has only not come yet, and nothing was asked."""


class Busy(Unavailable):
    """So much waits that nothing more is taken in; nothing of what was sent was."""

    def __init__(self, says: str, *, after_s: float) -> None:
        super().__init__(says)
        self.after_s = after_s
