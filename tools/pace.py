"""how often an endpoint may be asked: as its tools file says, over every worker, turn by turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import Field

from runs.records.record import Record
from tools.tool import NotSent

ALL = "all"
"""Names the rate of everything that is asked of a system, together."""
LOOKS = ("read", "look_up", "probe")
"""What is only looked at, by the name of its part in the tools file."""
PATIENCE_S = 2.0
"""A turn that comes sooner is waited for; beyond it whoever asks comes again."""


class Rate(Record):
    """In any stretch of so many seconds no more than so many calls begin."""

    calls: int = Field(ge=1, le=1_000)
    seconds: float = Field(default=1.0, gt=0, le=86_400)


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


@dataclass(frozen=True)
class Pace:
    """The turns of one system, of which a rate is declared."""

    tool: str
    rates: Mapping[str, Rate]
    take: Callable[[str, Rate], float]
    """Takes the next turn of a name where it comes soon enough; how long it is until then."""
    pause: Callable[[float], None]

    def __call__(self, endpoint: str) -> None:
        """Return once the turn is there; NotYet, with how long it is, where it comes later."""
        for name in (endpoint, ALL):
            rate = self.rates.get(name)
            if rate is not None:
                self._wait(name, rate)

    def _wait(self, name: str, rate: Rate) -> None:
        wait_s = self.take(f"{self.tool}.{name}", rate)
        if wait_s > PATIENCE_S:
            what = "it" if name == ALL else name
            raise NotYet(
                f"tool {self.tool!r}: {what} may be asked {rate.calls} times in {rate.seconds:g} s "
                "(rates of the tools file); wait until its turn comes",
                after_s=wait_s,
            )
        if wait_s > 0:
            self.pause(wait_s)
