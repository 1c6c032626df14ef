"""One harbour for all hazards of a file: what they have in common is sailed once."""

import pytest

from tests.voyage import Harbour


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points, on one database or the other."""
    return Harbour(tmp_path_factory.mktemp("harbour"))
