"""Bodies and headers that no honest program sends: refused like any other, never 5xx."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from console.app import MOST_BYTES, configured
from tests.integration import api_home
from tests.unit.pilotage.homes import House

JSON = {"Content-Type": "application/json"}
DEEP = 100_000
"""Levels, of which no reader reads the last."""
WORST: dict[str, bytes] = {
    "empty": b"",
    "bad UTF-8": b'{"key": "\xff\xfe", "input": {}}',
    "UTF-16": '{"key": "k", "input": {}}'.encode("utf-16"),
    "cut off": b'{"key": "k", "input": {"text": "wh',
    "two values": b'{"key": "k", "input": {}} {}',
    "deep lists": b'{"key": "k", "input": {"a": ' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "a name twice": b'{"key": "k", "key": "l", "input": {}}',
    "a name twice inside": b'{"key": "k", "input": {"a": 1, "a": 2}}',
    "NaN": b'{"key": "k", "input": {"a": NaN}}',
    "Infinity": b'{"key": "k", "input": {"a": -Infinity}}',
    "beyond a float": b'{"key": "k", "input": {"a": 1e999}}',
    "beyond a number": b'{"key": "k", "input": {"a": ' + b"9" * 5_000 + b"}}",
    "null byte": b'{"key": "k\\u0000", "input": {"a": "\\u0000"}}',
    "raw null byte": b'{"key": "k\x00", "input": {}}',
    "half a pair": b'{"key": "k", "input": {"a": "\\ud800"}}',
    "half a pair as a name": b'{"key": "k", "input": {"\\udfff": 1}}',
    "many names": json.dumps(
        {"key": "k", "input": dict.fromkeys(map(str, range(200_000)), 1)}
    ).encode(),
    "not an object": b"[1, 2]",
    "a text": b'"input"',
    "form": b"key=k&input=%7B%7D",
}
KINDS = [
    "text/plain",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "nonsense",
    "",
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: str) -> House:
    """A home in which items wait for a yes and for a person."""
    house = api_home.desk_house(tmp_path_factory.mktemp("fuzz") / "home")
    with api_home.asking(house) as client:
        api_home.asked_item(house, client)
        api_home.waiting_item(house, client)
        api_home.edited_item(house, client)
    api_home.declare_webhook(house)
    return house


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    """The owner, who may everything."""
    with api_home.asking(house, "olga") as client:
        yield client


@pytest.fixture(scope="module")
def paths(house: House) -> list[str]:
    """Every route that takes a body, aimed at what is there."""
    names = {name: named[0] for name, named in api_home.known(house).items()}
    document = api_home.app_of(house).openapi()["paths"]
    takes = [path for path, told in document.items() if "requestBody" in told.get("post", {})]
    return [path.format(**names) for path in takes]


def is_refusal(answer: Any) -> bool:
    """Whether an answer has the form of every refusal."""
    return set(answer.json()) == {"error"} and bool(answer.json()["error"]["message"])


@pytest.mark.both_databases
@pytest.mark.parametrize("body", WORST.values(), ids=WORST)
def test_the_worst_bodies_are_refused_by_every_route(
    house: House, client: TestClient, paths: list[str], body: bytes
) -> None:
    """In the form of every refusal, and nothing is taken in."""
    for path in paths:
        answer = client.post(path, content=body, headers=JSON)

        assert answer.status_code in (400, 413, 422), (path, answer.text)
        assert is_refusal(answer)
    assert len(house.store.items.list(house.customer)) == 3


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "name", ["%00", "a%00b", "%0a", "%ff", "%ed%a0%80", "..%2f..", "a" * 5_000, "%f0%9f%92%a9"]
)
def test_the_worst_names_in_a_path_are_names_of_nothing(
    house: House, client: TestClient, name: str
) -> None:
    """Whatever a database would say of them."""
    for path, told in api_home.app_of(house).openapi()["paths"].items():
        if "{" not in path:
            continue
        start, _, rest = path.partition("{")
        for method in told:
            where = f"{start}{name}{rest.partition('}')[2]}"
            body = {"input": {}, "key": "k", "reason": "r", "items": [{"key": "k", "input": {}}]}

            answer = client.request(method, where, json=body)

            assert answer.status_code in (400, 404, 405, 422), (where, answer.text)
            assert is_refusal(answer)


@pytest.mark.both_databases
@pytest.mark.parametrize("wanted", ["batch=%00", "workflow=a%00", "since=5", "since=%00", "x=1"])
def test_the_worst_filters_are_refused(client: TestClient, wanted: str) -> None:
    """By the name of the field."""
    answer = client.get(f"/api/v1/items?{wanted}")

    assert answer.status_code == 422
    assert is_refusal(answer)


@pytest.mark.parametrize("kind", KINDS)
def test_another_content_type_is_no_json(client: TestClient, paths: list[str], kind: str) -> None:
    """Whatever stands in the body."""
    body = b'{"key": "k", "input": {}}'
    for path in paths:
        answer = client.post(path, content=body, headers={"Content-Type": kind})

        assert answer.status_code in (400, 409, 422), (path, answer.text)
        assert is_refusal(answer)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
        ).map(lambda value: json.dumps(value).encode()),
    ),
    headers=st.dictionaries(
        st.sampled_from(["Content-Type", "Accept", "Idempotency-Key", "X-Forwarded-For", "Range"]),
        st.binary(max_size=300).filter(lambda value: not set(value) & set(b"\r\n\0")),
    ),
    at=st.integers(min_value=0, max_value=100),
)
def test_no_body_and_no_header_is_answered_with_a_failure(
    client: TestClient, paths: list[str], body: bytes, headers: dict[str, bytes], at: int
) -> None:
    """Whatever bytes they are; what is drawn fits no route."""
    answer = client.post(paths[at % len(paths)], content=body, headers=headers)  # type: ignore[arg-type]  # bytes are what it sends

    assert answer.status_code in (400, 401, 403, 404, 409, 422), answer.text
    assert is_refusal(answer)


@pytest.fixture(scope="module")
def address(house: House) -> Iterator[tuple[str, int]]:
    """A real server on a free port, as `pilotage serve` makes it."""
    server = uvicorn.Server(configured(api_home.app_of(house), host="127.0.0.1", port=0))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    # From here on the system takes connections, so that nobody waits for the thread to begin.
    listening.listen()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join()


def spoken(address: tuple[str, int], sent: bytes) -> bytes:
    """The beginning of what a server says to bytes; empty when it only hangs up."""
    with socket.create_connection(address, timeout=20) as connection:
        try:
            connection.sendall(sent)
            return connection.recv(65_536)
        except (ConnectionResetError, BrokenPipeError):
            return b""


LINE = b"POST /api/v1/workflows/desk/items HTTP/1.1\r\nHost: x\r\n"
RAW: dict[str, bytes] = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "absurd length": LINE + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    "huge length": LINE + b"Content-Length: %d\r\n\r\n{}" % (MOST_BYTES * 1_000),
    "negative length": LINE + b"Content-Length: -1\r\n\r\n",
    "length that is none": LINE + b"Content-Length: ten\r\n\r\n",
    "two lengths": LINE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": LINE + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk that is none": LINE + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    "many headers": LINE + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
    "a huge header": LINE + b"X: " + b"y" * 2_000_000 + b"\r\n\r\n",
    "a header that is no text": LINE + b"Authorization: Bearer \xff\xfe\r\n\r\n",
    "a null in a header": LINE + b"Authorization: Bearer a\x00b\r\n\r\n",
    "a null in a path": b"GET /api/v1/items/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET /api/v1/items HTTP/1.1\r\n\r\n",
    "an unknown method": b"BREW /api/v1/items HTTP/1.1\r\nHost: x\r\n\r\n",
    "an endless line": b"GET /" + b"a" * 2_000_000,
}


@pytest.mark.parametrize("sent", RAW.values(), ids=RAW)
def test_whatever_bytes_a_connection_brings_the_server_lives(
    address: tuple[str, int], sent: bytes
) -> None:
    """It refuses or hangs up, and the next request is answered."""
    said = spoken(address, sent)
    alive = spoken(address, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert said == b"" or said.startswith(b"HTTP/1.1 4"), said[:200]
    assert alive.startswith(b"HTTP/1.1 200")
