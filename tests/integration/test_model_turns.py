"""A route that may be asked so often in a minute is asked no more often, whoever asks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pilotage import settings
from pilotage.wiring import Wired, wire
from runs.errors import Unavailable
from tests import databases
from tests.asking import question
from tests.builders import make_customer
from tests.conformance import endpoint
from tests.unit.pilotage.homes import make_house
from tools.model.account import Payer

pytestmark = pytest.mark.both_databases

FILE = """
routes:
  - name: near
    base_url: {url}
    is_private: true
    model: small-1
    limits: {{per_minute: 3, timeout_s: 5, tries: 1}}
"""


@pytest.fixture
def worker(tmp_path: Path, database: str) -> Callable[[], Wired]:
    """Makes another process of one home, as far as it knows of the others."""
    assert database
    home = make_house(tmp_path / "home")
    told = {"PILOTAGE_HOME": str(home.folder)} | databases.environment(home.folder)
    return lambda: wire(settings.read(told))


def test_many_workers_keep_the_rate_of_a_route_together(worker: Callable[[], Wired]) -> None:
    """Of any customer; who finds no turn sends nothing, spends nothing, and is told how long."""
    workers = [worker() for _ in range(3)]
    store, waits = workers[0].store, list[float]()
    customers = [*store.customers(), make_customer(store, "other")]

    def ask(number: int) -> str:
        wired, customer = workers[number % 3], customers[number % 2]
        model = wired.asks(wired.store, Payer(customer, "worker"), wired.words())
        assert model is not None
        try:
            return model.ask(question()).route
        except Unavailable as error:
            waits.append(error.after_s)
            return "not yet"

    with endpoint() as server, ThreadPoolExecutor(6) as crowd:
        workers[0].home.models_file.write_text(FILE.format(url=server.url))
        went = list(crowd.map(ask, range(6)))

    assert sorted(went) == ["near"] * 3 + ["not yet"] * 3
    assert len(server.asked) == 3
    assert all(50 < one <= 60 for one in waits)
    assert sum(len(store.calls.every(customer)) for customer in customers) == 3
