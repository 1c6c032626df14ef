"""who is asking, how they proved it, and which roles they hold."""

from collections.abc import Callable

from fastapi import Request

from runs.errors import InvalidInput, NotAllowed
from runs.records.person import Identity

SCHEME = "bearer"


class NotSignedIn(NotAllowed):
    """Nobody proved who they are: the request carries no token that is known here."""


def identify(request: Request, prove: Callable[[str], Identity]) -> Identity:
    """Who is asking, by the token of the request; NotSignedIn without a valid one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != SCHEME or not token.strip():
        raise NotSignedIn(
            "nobody is signed in: send the header `Authorization: Bearer plt_<id>_<secret>`; an "
            "owner makes tokens with `pilotage token create PERSON`"
        )
    try:
        return prove(token.strip())
    except (NotAllowed, InvalidInput) as error:
        raise NotSignedIn(str(error)) from None
