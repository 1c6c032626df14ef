"""What the API answers is what its document says, for requests drawn from the document."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from pilotage.wiring import EVERYBODY, WORKER
from runs import leases
from tests.integration import api_home
from tests.unit.pilotage.homes import House

DRAWN = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""The same requests every time, so that what is red here is red everywhere."""
CHECKS = {
    # 422: not of the form of the document. 400: of its form, and refused by a rule that JSON Schema
    # cannot say.
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "400", "401", "403", "404", "409", "503"]
    }
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: str) -> House:
    """A home in which items wait for a yes and for a person, and a worker says that it lives."""
    house = api_home.desk_house(tmp_path_factory.mktemp("document") / "home")
    leases.take(house.store, EVERYBODY, WORKER, holder="w", ttl_s=3_600)
    with api_home.asking(house) as client:
        api_home.asked_item(house, client)
        api_home.waiting_item(house, client)
        api_home.edited_item(house, client)
        api_home.declare_webhook(house)
    return house


@pytest.fixture(scope="module")
def document(house: House) -> Any:
    """The document that the application gives."""
    config = SchemathesisConfig.from_dict({"checks": CHECKS})
    return schemathesis.openapi.from_asgi("/openapi.json", api_home.app_of(house), config=config)


def operations(document: Any) -> Iterator[Any]:
    """Every operation of the document."""
    for found in document.get_all_operations():
        yield found.ok()


def can_be(operation: Any, mode: GenerationMode) -> bool:
    """Whether a request can be of this mode: where nothing is sent, nothing is sent wrongly."""
    parts = (operation.path_parameters, operation.query, operation.headers, operation.body)
    return mode is GenerationMode.POSITIVE or any(len(part) > 0 for part in parts)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_the_document_says(
    document: Any, house: House, mode: GenerationMode
) -> None:
    """Status, content type and body, for what fits the document and for what does not."""
    headers, seen, known = api_home.by(house, "olga"), Counter[str](), api_home.known(house)
    for operation in (one for one in operations(document) if can_be(one, mode)):

        @DRAWN
        @given(case=operation.as_strategy(generation_mode=mode), aim=st.integers(0, 3))
        def holds(case: Any, aim: int) -> None:
            if aim and mode is GenerationMode.POSITIVE:
                named = {name: known[name] for name in case.path_parameters}
                case.path_parameters = {n: found[aim % len(found)] for n, found in named.items()}
            response = case.call(headers=headers)
            seen[case.operation.label] += 1
            case.validate_response(response, headers=headers)

        holds()

    assert len(seen) == len([one for one in operations(document) if can_be(one, mode)])
