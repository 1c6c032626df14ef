"""What is sent to say who asks a system that speaks HTTP."""

import pytest
from pydantic import SecretStr

from runs.errors import NotAllowed
from tools.http.declared import Http
from tools.http.way import proof

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
