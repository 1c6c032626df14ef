"""the web application: routes grouped by who uses them."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, Protocol

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.api import door as api
from console.api.door import REFUSALS, Signed, Who, kind_of, may
from console.api.routes import routes
from console.identity import NotSignedIn
from console.metrics import Measured, exposition
from rollout.sent import TooLarge
from runs.errors import (
    Busy,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    PilotageError,
    Unavailable,
)
from runs.records.person import Customer
from runs.records.record import Record

log = logging.getLogger("pilotage.console")

MOST_BYTES = 16 * 1024 * 1024
"""A larger body is refused before it is read to its end."""
DIGITS = 18
MOST_WRONG = 5
"""A refusal names so many of what is wrong in a request."""
REMEDY = "correct that and send it again: its form stands in /openapi.json"
MOST_HEAD = 64 * 1024
"""Bytes of the line and headers of a request."""
OF_ERROR: Mapping[type[PilotageError], int] = {
    TooLarge: 413,
    InvalidInput: 400,
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Busy: 429,
    Unavailable: 503,
    PilotageError: 500,
}
"""The one table from an error to a status; the nearest class counts."""
OF_STATUS: Mapping[int, str] = {404: "NotFound", 405: "InvalidInput", 413: "InvalidInput"}
Refused = dict[int | str, dict[str, Any]]
"""What the document says of answers, by status."""
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Look(NamedTuple):
    """Whether one part of the installation is well."""

    name: str
    is_well: bool
    says: str


class Alive(Record):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Record):
    """Whether requests are taken, and what each part says."""

    status: Literal["ready", "not ready"]
    database: str
    worker: str = ""


class Door(api.Door, Protocol):
    """What the application is handed."""

    def looks(self) -> Iterable[Look]:
        """What has to be well before requests are taken."""
        ...

    def measured(self, customer: Customer) -> Iterable[Measured]:
        """Figures of the work for one customer, without anybody's words."""
        ...


def make(door: Door) -> FastAPI:
    """The application over one door; opens nothing until it is asked."""
    app = FastAPI(
        title="Pilotage",
        version="1",
        description="Send live items, read what became of them, decide what waits for people.",
        # Their pages load scripts from elsewhere; the document itself stands at /openapi.json.
        docs_url=None,
        redoc_url=None,
    )
    app.state.door = door
    app.include_router(routes())
    _machine_routes(app, door)
    app.add_exception_handler(PilotageError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(Limited)
    app.middleware("http")(_with_headers)
    return app


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Serve until told to stop; what is running then ends first."""
    uvicorn.Server(configured(app, host=host, port=port)).run()


def configured(app: FastAPI, *, host: str, port: int) -> uvicorn.Config:
    """How it is served: by the reader that bounds the head of a request."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        http="h11",
        h11_max_incomplete_event_size=MOST_HEAD,
    )


def _machine_routes(app: FastAPI, door: Door) -> None:
    refused: Refused = {405: REFUSALS[405]}
    not_ready: Refused = {503: {"model": Ready, "description": "not ready"}}

    @app.get("/healthz", operation_id="isAlive", responses=refused)
    def alive() -> Alive:
        """The process answers."""
        return Alive()

    @app.get("/readyz", operation_id="isReady", responses=refused | not_ready)
    def ready(response: Response) -> Ready:
        """The database is there and of this schema, and a worker does the jobs."""
        looks = list(door.looks())
        is_ready = all(look.is_well for look in looks)
        response.status_code = 200 if is_ready else 503
        told = {look.name: look.says for look in looks}
        return Ready(status="ready" if is_ready else "not ready", **told)

    @app.get(
        "/metrics",
        operation_id="metrics",
        dependencies=[Signed],
        response_class=PlainTextResponse,
        responses=_refusals_as_json(401, 403, 405),
    )
    def metrics(who: Who) -> PlainTextResponse:
        """Prometheus text of the customer's work, for a token that may read."""
        customer = may(door, who, "read").customer
        text, kind = exposition(door.measured(customer))
        return PlainTextResponse(text, media_type=kind)


def _refusals_as_json(*statuses: int) -> Refused:
    """What the document says of refusals where the answer itself is no JSON."""
    schema = {"schema": {"$ref": "#/components/schemas/Refusal"}}
    told = {status: REFUSALS[status]["description"] for status in statuses}
    return {
        status: {"description": says, "content": {"application/json": schema}}
        for status, says in told.items()
    }


def _refused(_: Request, error: Exception) -> JSONResponse:
    status = next(OF_ERROR[one] for one in type(error).__mro__ if one in OF_ERROR)
    response = _told(status, kind_of(error), str(error))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = "5"
    if isinstance(error, Busy):
        response.headers["Retry-After"] = f"{error.after_s:.0f}"
    return response


def _malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    told = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    more = f"; and {len(told) - MOST_WRONG} more" if len(told) > MOST_WRONG else ""
    return _told(422, "InvalidInput", f"{'; '.join(told[:MOST_WRONG])}{more}; {REMEDY}")


def _unknown(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    message = f"{error.detail}; the routes stand in /openapi.json"
    headers = dict(error.headers or {})
    return _told(
        error.status_code, OF_STATUS.get(error.status_code, "InvalidInput"), message, headers
    )


def _bug(_: Request, error: Exception) -> JSONResponse:
    reference = secrets.token_hex(4)
    log.error("a request failed, reference %s", reference, exc_info=error)
    return _told(500, "Bug", f"this should not have happened; the log has reference {reference}")


def _told(
    status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = {"error": {"kind": kind, "message": message}}
    return JSONResponse(body, status_code=status, headers={**HEADERS, **(headers or {})})


async def _with_headers(
    request: Request, onward: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await onward(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


class Limited:
    """Refuses a body that is too large, whether it says so or only turns out so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body is within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit():
            await _told(400, "InvalidInput", "Content-Length is no number of bytes")(
                scope, receive, send
            )
            return
        # Beyond so many digits nobody has to make a number of it.
        if len(said) > DIGITS or int(said) > MOST_BYTES:
            await _too_large()(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MOST_BYTES:
                raise HTTPException(413, "the body is too large")
            return message

        await self._app(scope, counted, send)


def _too_large() -> JSONResponse:
    return _told(413, "InvalidInput", f"the body is larger than {MOST_BYTES:,} bytes; send less")
