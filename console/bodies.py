"""what a request brings as JSON, read strictly: one value a name, finite numbers, real text.

What two readers could understand differently is refused before anybody acts on it.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


def answering(self: APIRoute) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """What answers the requests of one route, each over a request that reads strictly."""
    onward = APIRoute.get_route_handler(self)

    async def answer(request: Request) -> Response:
        return await onward(StrictRequest(request.scope, request.receive))

    return answer


class StrictRoute(APIRoute):
    """A route whose body is read strictly."""

    # The library's name for it.
    get_route_handler = answering


class StrictRequest(Request):
    """A request that reads its body once, and strictly."""

    async def json(self) -> Any:
        """The body as a JSON value; JSONDecodeError where it is none."""
        if not hasattr(self, "_read"):
            self._read = read(await self.body())
        return self._read


def read(body: bytes) -> Any:
    """The JSON value of a body; JSONDecodeError, with what is wrong, where there is none.

    Refused beside what is no JSON: a name that stands twice in an object, NaN and Infinity, text
    that is no UTF-8, half of a surrogate pair, a number of thousands of digits, and what is nested
    deeper than can be read.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _malformed("the body is no UTF-8; send it so", error.start) from None
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise _malformed("the body is nested too deep; flatten it") from None
    except ValueError as error:
        raise _malformed(str(error).partition(";")[0]) from None
    # Only an escape can make half of a pair, so that what has none is not looked through again.
    if "\\u" in text:
        _require_text(value)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _malformed(f"the name {twice[:80]!r} stands twice in one object; send it once")
    return found


def _no_number(constant: str) -> Any:
    raise _malformed(f"{constant} is no JSON number; leave it out or send null")


def _require_text(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _malformed("a text holds half of a surrogate pair; send it as UTF-8") from None


def _malformed(says: str, at: int = 0) -> json.JSONDecodeError:
    return json.JSONDecodeError(says, "", at)
