"""how often an endpoint may be asked: as its tools file says, over every worker, turn by turn."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from runs.errors import Unavailable
from runs.records.record import Record
from tools.tool import NotSent

ALL = "all"
"""Names the rate of everything that is asked of a system, together."""
LOOKS = ("read", "look_up", "probe")
"""What is only looked at, by the name of its part in the tools file."""
PATIENCE_S = 2.0
"""A turn that comes sooner is waited for; beyond it whoever asks comes again."""
BEGUN_S = 60.0
"""The same for whoever took one in this go: coming again would take that one again, for ever."""


class Rate(Record):
    """In any stretch of so many seconds no more than so many calls begin."""

    calls: int = Field(ge=1, le=1_000)
    seconds: float = Field(default=1.0, gt=0, le=86_400)

    @model_validator(mode="after")
    def _comes_in_time(self) -> Self:
        """What asks twice in one go waits no longer than that for its second turn."""
        if self.seconds > self.calls * BEGUN_S:
            raise ValueError(
                f"{self.calls} calls in {self.seconds:g} s are less than one in {BEGUN_S:g} s, and "
                "an item asks more than once; allow more calls, or name fewer seconds"
            )
        return self


class NotYet(NotSent):
    """Its turn has not come: nothing was asked, nothing failed, and it is asked when it comes."""

    is_outage = False

    def __init__(self, says: str, *, after_s: float) -> None:
        super().__init__(says)
        self.after_s = after_s


Turn = Callable[[str], None]
"""Takes the turn of an endpoint before it is asked; NotYet where it comes only later."""


def free(endpoint: str) -> None:
    """Whatever is asked, at any time."""
    del endpoint


def comes_now(turn: Turn, endpoint: str, lost: Unavailable) -> bool:
    """Take the turn of another try; False where it comes only later.

    Then it is what was `lost` that is told, with how long that is, and not that its turn did not
    come.
    """
    try:
        turn(endpoint)
    except NotSent as error:
        lost.after_s = max(lost.after_s, error.after_s)
        return False
    return True


_TAKEN: ContextVar[list[str] | None] = ContextVar("taken", default=None)
"""The turns that were taken in this go, where there is one."""


_MOST: ContextVar[float] = ContextVar("most", default=BEGUN_S)
"""So long a turn may be waited for at most."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """No turn is waited for longer within the block."""
    before = _MOST.set(min(seconds, _MOST.get()))
    try:
        yield
    finally:
        _MOST.reset(before)


@contextmanager
def one_go() -> Iterator[None]:
    """Whoever took a turn within the block waits longer for the ones after it."""
    before = _TAKEN.set([])
    try:
        yield
    finally:
        _TAKEN.reset(before)


@dataclass(frozen=True)
class Pace:
    """The turns of one system, of which a rate is declared."""

    tool: str
    rates: Mapping[str, Rate]
    take: Callable[[Mapping[str, Rate], float], float]
    """Takes the next turn of all these names, or of none where it does not come within so many
    seconds; how long it is until then."""
    pause: Callable[[float], None]

    def __call__(self, endpoint: str) -> None:
        """Return once the turn is there; NotYet, with how long it is, where it comes later."""
        names = [name for name in (endpoint, ALL) if name in self.rates]
        if not names:
            return
        taken = _TAKEN.get()
        patience_s = min(_MOST.get(), BEGUN_S if taken else PATIENCE_S)
        wait_s = self.take({f"{self.tool}.{n}": self.rates[n] for n in names}, patience_s)
        if wait_s > patience_s:
            raise NotYet(self._told(names), after_s=wait_s)
        if taken is not None:
            taken.append(endpoint)
        if wait_s > 0:
            self.pause(wait_s)

    def _told(self, names: list[str]) -> str:
        rates = [
            f"{'it' if name == ALL else name} may be asked {rate.calls} times in {rate.seconds:g} s"
            for name in names
            for rate in (self.rates[name],)
        ]
        return (
            f"tool {self.tool!r}: {', '.join(rates)} (rates of the tools file); wait until its "
            "turn comes"
        )
