"""Nothing a test does leaves this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

# An address of the block kept for documentation: nobody answers there.
ELSEWHERE = ("192.0.2.1", 80)
REACHES = {
    "connect": lambda one: one.connect(ELSEWHERE),
    "connect_ex": lambda one: one.connect_ex(ELSEWHERE),
    "sendto": lambda one: one.sendto(b"x", ELSEWHERE),
    "bind": lambda one: one.bind(("0.0.0.0", 0)),
    "look-up": lambda one: socket.getaddrinfo("example.com", 80),
}


@pytest.mark.parametrize("reach", REACHES.values(), ids=REACHES)
def test_a_socket_beyond_loopback_is_refused(reach: Callable[[socket.socket], object]) -> None:
    """Whichever call is used, and not as an error that code takes for an absent system."""
    with socket.socket(type=socket.SOCK_DGRAM) as one, pytest.raises(RuntimeError):
        reach(one)


def test_loopback_is_open() -> None:
    """Real servers on a free port are how the tests talk HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"hello")
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(5) == b"hello"


def test_a_child_process_is_refused_as_well() -> None:
    """The worker and the command line run in processes of their own."""
    program = f"import socket; socket.create_connection({ELSEWHERE!r}, 1)"
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, text=True, timeout=30
    )

    assert "tests reach nothing but" in child.stderr


def test_no_setting_of_the_machine_reaches_a_test() -> None:
    """A key or a home of the person who runs the tests changes nothing."""
    assert [name for name in os.environ if name.startswith(("PILOTAGE_", "OPENAI_"))] == []
