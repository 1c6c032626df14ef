"""One span a request, by the OpenTelemetry conventions for generative models; never a word of it.

Whoever runs Pilotage chooses where spans go; without an exporter they go nowhere.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tools.model.asked import Attempt, Outcome
from tools.model.endpoint import Span, Tell
from tools.model.route import Route

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

PORTS: Mapping[str, int] = {"http": 80, "https": 443}


def watched(tracer: "Tracer") -> Span:
    """Makes a span of each request with this tracer."""

    @contextmanager
    def watch(route: Route, attempt: Attempt) -> Iterator[Tell]:
        with tracer.start_as_current_span(
            f"chat {attempt.model}",
            kind=_client(),
            # What is raised may quote what was asked.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            span.set_attributes(asked(route, attempt))
            yield lambda outcome: _tell(span, outcome)

    return watch


@contextmanager
def unwatched(route: Route, attempt: Attempt) -> Iterator[Tell]:
    """Nobody looks."""
    yield lambda outcome: None


def asked(route: Route, attempt: Attempt) -> dict[str, Any]:
    """What a span says of a request: names and figures."""
    body, place = attempt.body, urlsplit(route.base_url)
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": attempt.model,
        "gen_ai.request.max_tokens": body.get(route.told_as),
        "gen_ai.request.temperature": body.get("temperature"),
        "gen_ai.request.seed": body.get("seed"),
        "gen_ai.output.type": "text" if attempt.request.form is None else "json",
        "server.address": place.hostname,
        "server.port": place.port or PORTS[place.scheme],
        "pilotage.route": route.name,
        "pilotage.purpose": attempt.request.purpose,
        "pilotage.try": attempt.number,
    }
    return {name: value for name, value in told.items() if value is not None}


def answered(outcome: Outcome) -> dict[str, Any]:
    """What a span says of what became of it."""
    told: dict[str, Any] = {"pilotage.cost": str(outcome.spent.cost)}
    if outcome.model:
        told["gen_ai.response.model"] = outcome.model
    if outcome.usage is not None:
        told["gen_ai.usage.input_tokens"] = outcome.usage.input
        told["gen_ai.usage.output_tokens"] = outcome.usage.output
    if outcome.end != "answered":
        told["error.type"] = outcome.end
    return told


def _tell(span: Any, outcome: Outcome) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attributes(answered(outcome))
    if outcome.end != "answered":
        span.set_status(Status(StatusCode.ERROR))


def _client() -> Any:
    from opentelemetry.trace import SpanKind

    return SpanKind.CLIENT
