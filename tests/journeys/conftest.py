"""One harbour for all journeys: what they have in common is sailed once a process."""

import pytest

from tests.harbours import Harbour, harbour_in


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points, on one database or the other."""
    return harbour_in(tmp_path_factory.getbasetemp(), database)
