"""Refuse every socket but loopback, in this process and in the Pythons it starts.

Python imports a module of this name by itself when its folder is on PYTHONPATH; `conftest.py` puts
it there. It sees what pytest-socket does not: name look-ups, datagrams, `connect_ex` and the worker
and command-line processes that tests start. The error is no OSError, so that no code under test
takes it for a system that did not answer.
"""

import sys

LOOPBACK = {"", "127.0.0.1", "::1", "localhost"}
TO_ADDRESS = {"socket.bind", "socket.connect", "socket.sendmsg", "socket.sendto"}
TO_NAME = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


def refuse(event: str, args: tuple) -> None:
    """Raise if the event of the interpreter reaches beyond this machine."""
    host = None
    if event in TO_ADDRESS and isinstance(args[1], tuple):
        host = args[1][0]
    elif event in TO_NAME:
        host = args[0]
    host = host.decode() if isinstance(host, bytes) else host
    if isinstance(host, str) and host not in LOOPBACK:
        message = f"{event} {host!r}: tests reach nothing but 127.0.0.1, ::1 and localhost"
        raise RuntimeError(message)


sys.addaudithook(refuse)
