"""figures of the work as Prometheus text."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector


class Measured(NamedTuple):
    """One figure: how much, of what, told apart by labels."""

    name: str
    """Without the prefix."""
    says: str
    labels: tuple[tuple[str, str], ...]
    value: float


class Exposed(NamedTuple):
    """The text, and how it is called."""

    text: str
    kind: str


def exposition(measured: Iterable[Measured]) -> Exposed:
    """The figures as they are read now; every name begins with `pilotage_`."""
    registry = CollectorRegistry()
    registry.register(_Now(measured))
    return Exposed(generate_latest(registry).decode(), CONTENT_TYPE_LATEST)


class _Now(Collector):
    def __init__(self, measured: Iterable[Measured]) -> None:
        self._measured = list(measured)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family a name."""
        families: dict[str, GaugeMetricFamily] = {}
        for one in self._measured:
            names = [name for name, _ in one.labels]
            family = families.setdefault(
                one.name, GaugeMetricFamily(f"pilotage_{one.name}", one.says, labels=names)
            )
            family.add_metric([value for _, value in one.labels], one.value)
        yield from families.values()
