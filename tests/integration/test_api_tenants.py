"""Another customer's token reads and writes nothing of this one, whatever route there is.

The routes are those of the application itself, so that one added later is asked as well: what its
path names has to be told in `api_home.known`, and its body is drawn from the document.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import schemathesis
import sqlalchemy as sa
from fastapi.routing import iter_route_contexts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from starlette.testclient import TestClient

from pilotage.wiring import EVERYBODY, WORKER
from runs import leases, tables
from tests.integration import api_home
from tests.unit.pilotage.homes import House

DRAWN = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
OPEN_TO_ALL = {"/healthz", "/readyz", "/openapi.json"}
"""Says nothing of any customer."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: str) -> House:
    """Two customers; of ours items wait for a yes and for a person."""
    house = api_home.desk_house(tmp_path_factory.mktemp("tenants") / "home")
    leases.take(house.store, EVERYBODY, WORKER, holder="w", ttl_s=3_600)
    api_home.add_stranger(house)
    with api_home.asking(house) as client:
        api_home.asked_item(house, client)
        api_home.waiting_item(house, client)
        api_home.edited_item(house, client)
        api_home.declare_webhook(house)
        # The first use of a token is an event; it is not what these tests are about.
        client.get("/api/v1/items", headers=api_home.by(house, api_home.STRANGER))
    return house


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    """The other customer's owner."""
    with api_home.asking(house, api_home.STRANGER) as client:
        yield client


@pytest.fixture(scope="module")
def document(house: House) -> Any:
    """The document that the application gives."""
    return schemathesis.openapi.from_asgi("/openapi.json", api_home.app_of(house))


def kept(house: House) -> dict[str, list[str]]:
    """Every row of ours, as text."""
    found: dict[str, list[str]] = {}
    with house.store.database.reading() as connection:
        for table in tables.metadata.sorted_tables:
            mine = sa.select(table).where(table.c.customer == house.customer.id)
            found[table.name] = sorted(map(str, connection.execute(mine).all()))
    return found


def marks(house: House) -> set[str]:
    """What shows that something of ours was told: its ids, its people and its words."""
    names = {name for named in api_home.known(house).values() for name in named} - {"desk"}
    return names | {
        "where is my refund",
        "acme",
        *(f'"{one}"' for one in ("ana", "dan", "ben", "eva")),
    }


class Route(NamedTuple):
    """One thing that can be asked of the application."""

    path: str
    method: str


def routes(house: House) -> list[Route]:
    """Everything that can be asked of the application, its routers' routes with it."""
    found = iter_route_contexts(api_home.app_of(house).routes)
    told = {(one.path or "", method) for one in found for method in one.methods or ()}
    return sorted(Route(*one) for one in told if one[1] != "HEAD")


def aimed(house: House, path: str) -> str:
    """The path with names of ours in its places."""
    return path.format(**{name: named[0] for name, named in api_home.known(house).items()})


def test_the_document_names_every_route_of_the_application(house: House, document: Any) -> None:
    """What is drawn from the document leaves out no route."""
    told = {Route(one.ok().path, one.ok().method.upper()) for one in document.get_all_operations()}

    assert told == {one for one in routes(house) if one.path != "/openapi.json"}
    assert len(told) > 10


def test_without_a_token_no_route_tells_or_does_anything(house: House) -> None:
    """Asked before anything is looked up, so that nobody learns what is there."""
    with TestClient(api_home.app_of(house), raise_server_exceptions=False) as nobody:
        for route in (one for one in routes(house) if one.path not in OPEN_TO_ALL):
            answer = nobody.request(route.method, aimed(house, route.path))

            assert answer.status_code == 401, route


def test_another_customers_token_reads_and_writes_nothing_of_ours(
    house: House, client: TestClient, document: Any
) -> None:
    """With our own ids in every path; no word of ours comes back, and no row of ours moves."""
    names, before, signs = api_home.known(house), kept(house), marks(house)
    for operation in (found.ok() for found in document.get_all_operations()):
        places = st.fixed_dictionaries(
            {one.name: st.sampled_from(names[one.name]) for one in operation.path_parameters}
        )

        @DRAWN
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE), at=places)
        def holds(case: Any, at: dict[str, str]) -> None:
            case.path_parameters = at
            response = case.call(headers=api_home.by(house, api_home.STRANGER))
            told = response.text
            for sign in at.values():
                # A refusal repeats what was asked for; nothing else of ours may stand in it.
                told = told.replace(sign, "")
            assert response.status_code < 500
            assert not [sign for sign in signs if sign in told]
            assert "{" not in case.path or response.status_code in (400, 404)

        holds()

    assert kept(house) == before


def test_our_own_token_finds_what_another_customers_does_not(house: House) -> None:
    """What is asked for above is there: each read of a name of ours succeeds with our token."""
    with api_home.asking(house, "olga") as mine:
        for route in (one for one in routes(house) if one.method == "GET"):
            answer = mine.get(aimed(house, route.path))

            assert answer.status_code == 200, answer.text
            assert "{" not in route.path or any(sign in answer.text for sign in marks(house))
