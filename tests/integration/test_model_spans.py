"""Each request is one span with names and figures, and none of the words."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from runs.errors import PilotageError
from runs.records.run import Spend
from tests.asking import Ledger, Watch, means, question
from tests.conformance import ANSWER
from tools.model.asked import Attempt
from tools.model.routed import Routed
from tools.model.spans import watched
from tools.scripted import Fails, Line, scripted


def spans_of(*lines: Line) -> list[ReadableSpan]:
    """The spans of one question to these lines."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    watch = Watch()
    seen = watched(provider.get_tracer("test"))
    endpoint, _ = scripted(lines, replace(means(watch), span=seen), price={"input": 1, "output": 1})
    with suppress(PilotageError):
        Routed([endpoint], Ledger(), watch.seconds).ask(question(seed=3, temperature=0.5))
    return list(exporter.get_finished_spans())


def told(span: ReadableSpan) -> dict[str, Any]:
    """What a span says."""
    return dict(span.attributes or {})


def test_an_answer_is_a_span_by_the_conventions() -> None:
    """What was asked for, who answered, and the tokens; no word of either side."""
    (span,) = spans_of(ANSWER)
    says = told(span)

    assert span.name == "chat script"
    assert span.kind.name == "CLIENT"
    assert says["gen_ai.operation.name"] == "chat"
    assert (says["gen_ai.request.model"], says["gen_ai.response.model"]) == ("script", "script")
    assert (says["gen_ai.usage.input_tokens"], says["gen_ai.usage.output_tokens"]) == (50, 10)
    assert (says["gen_ai.request.seed"], says["gen_ai.request.temperature"]) == (3, 0.5)
    assert (says["server.address"], says["server.port"]) == ("script.invalid", 443)
    assert "refund" not in str(says)
    assert "ticket" not in str(says)


def test_every_try_is_a_span_of_its_own_and_says_how_it_ended() -> None:
    """An error has its type."""
    first, second = spans_of(Fails(503), ANSWER)

    assert (told(first)["error.type"], first.status.status_code.name) == ("refused", "ERROR")
    assert (told(first)["pilotage.try"], told(second)["pilotage.try"]) == (1, 2)
    assert "error.type" not in told(second)


def test_what_is_raised_while_nobody_expects_it_leaves_no_word_in_a_span() -> None:
    """An error may quote what was asked, and so may the place it comes from."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    seen = watched(provider.get_tracer("test"))
    endpoint, _ = scripted([ANSWER], means(Watch()))
    attempt = Attempt("script", "script", question(), {}, Spend(), 1, is_script=True)
    with pytest.raises(RuntimeError), seen(endpoint.route, attempt):
        raise RuntimeError("the ticket says")
    (span,) = exporter.get_finished_spans()

    assert "ticket" not in span.to_json()


@pytest.mark.parametrize("line", [Fails(500), "no JSON"])
def test_no_exporter_is_needed(line: Line) -> None:
    """The tracer that nobody set up goes nowhere."""
    watch = Watch()
    seen = watched(trace.get_tracer("pilotage"))
    endpoint, script = scripted([line, ANSWER], replace(means(watch), span=seen))

    assert Routed([endpoint], Ledger(), watch.seconds).ask(question()).value == ANSWER
    assert len(script.asked) == 2
