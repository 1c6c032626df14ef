"""What is sent to say who asks a system that speaks HTTP."""

import httpcore
import pytest
from pydantic import SecretStr

from runs.errors import NotAllowed
from tests.asking import Watch
from tools.http.declared import Http
from tools.http.way import Limited, proof

URL = "https://desk.example.org"


def declared(auth: str) -> Http:
    """A system that is told so who asks."""
    return Http.model_validate({"base_url": URL, "auth": auth, "probe": {"path": "/"}})


@pytest.mark.parametrize("auth", ["bearer", "header:X-Key"])
@pytest.mark.parametrize("secret", ["pass-ключ", "pass-1\nX-Other: 2", " pass"])
def test_a_secret_that_no_header_can_carry_is_refused(auth: str, secret: str) -> None:
    """It names the system and says what to do; nothing of the secret is told."""
    with pytest.raises(NotAllowed, match=f"{URL} holds .*; write it as it was given") as caught:
        proof(declared(auth), SecretStr(secret))

    assert "pass" not in str(caught.value)


def test_a_password_may_hold_any_letter() -> None:
    """It is sent in a form of its own."""
    auth, headers = proof(declared("basic"), SecretStr("eva:pass-ключ"))

    assert auth is not None
    assert headers == {}


class Slow(httpcore.NetworkStream):
    """The other side takes a piece a second, and never too late for any of them."""

    def __init__(self, watch: Watch) -> None:
        self.watch, self.taken = watch, 0

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take it."""
        assert timeout is not None
        self.watch.now += 1
        self.taken += len(buffer)


def test_whoever_takes_a_request_slowly_is_left_in_time() -> None:
    """What is sent counts as what is read does."""
    watch = Watch()
    slow = Slow(watch)
    with pytest.raises(httpcore.WriteTimeout):
        Limited(slow, watch.seconds, 5).write(b"x" * 10_000_000, 2)

    assert watch.now == 5
    assert slow.taken < 1_000_000
    Limited(slow, watch.seconds, 100).write(b"x" * 200_000, 2)
    assert slow.taken == 5 * 65_536 + 200_000
