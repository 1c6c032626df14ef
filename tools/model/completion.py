"""One request of the chat-completions API as JSON, and what the bytes of an answer say; pure."""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn

from runs.records.record import EXACT
from tools.model.asked import Message, Request, ToolCall, ToolForm, Unusable, Usage
from tools.model.route import Route

DEEPEST = 60
"""Levels of what an answer may nest."""
FRAME = 8
"""Tokens that each turn costs beside its words, at most."""
NAMED = re.compile(r"[\w./:@+-]{1,200}")
"""What an endpoint may call its model; the name is kept and told unmasked, so it holds no words."""
ODD = re.compile(r"[^a-zA-Z0-9_-]")
"""What no endpoint takes in the name of a tool; a model may have made it up."""


class Called(NamedTuple):
    """A tool that an answer asks for, as it came."""

    id: str
    name: str
    arguments: str


class Said(NamedTuple):
    """What an answer says, before anything is made of it."""

    text: str
    calls: tuple[Called, ...]
    model: str
    usage: Usage | None
    """As the endpoint counts it; None where it does not, or what it says cannot be."""
    is_cut: bool
    """It ended at its limit."""
    refusal: str
    """Why the model would not answer; empty where it did."""
    is_cached: int


def body_of(route: Route, model: str, request: Request) -> dict[str, Any]:
    """What is sent, without the form of the answer; JSON values."""
    body: dict[str, Any] = {
        **plain(route.parameters),
        "model": model,
        "messages": [turn(one) for one in request.messages],
        route.told_as: min(request.most_output, route.limits.output),
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.seed is not None and route.takes_seed:
        body["seed"] = request.seed
    if request.tools:
        body["tools"] = [offered(one) for one in request.tools]
    return body


def turn(message: Message) -> dict[str, Any]:
    """One turn as the API writes it."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.answers, "content": message.text}
    written: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        written["tool_calls"] = [
            {
                "id": one.id,
                "type": "function",
                "function": {
                    "name": ODD.sub("_", one.name) or "_",
                    "arguments": json.dumps(one.arguments if isinstance(one, ToolCall) else {}),
                },
            }
            for one in message.calls
        ]
    return written


def offered(tool: ToolForm) -> dict[str, Any]:
    """A tool as the API is told of it."""
    function = {"name": tool.name, "description": tool.says, "parameters": tool.form}
    return {"type": "function", "function": function}


def plain(value: Any) -> Any:
    """The same with numbers as JSON has them: a file's are decimals."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def read_json(text: str | bytes) -> Any:
    """The JSON value of a text, of a kind that every reader reads alike and that can be kept.

    ValueError for anything else: NaN, numbers that are not exact, half a character, or nesting
    without end.
    """
    try:
        value = json.loads(text, parse_constant=_refuse, parse_int=_whole, parse_float=_finite)
    except RecursionError:
        raise ValueError("it nests too deeply") from None
    if _depth_over(value, DEEPEST):
        raise ValueError("it nests too deeply")
    json.dumps(value, ensure_ascii=False).encode()
    return value


def read(content: bytes, context: int) -> Said:
    """What the body of an answer says; Unusable for one that is no answer of this API.

    `context`: tokens the model can hold; a usage beyond it cannot be.
    """
    try:
        told = read_json(content)
    except ValueError:
        raise _malformed("its body is not JSON") from None
    choice = _first(told)
    message = choice.get("message") if choice else None
    if choice is None or not isinstance(message, dict):
        raise _malformed("there is no choice with a message in it")
    finish = choice.get("finish_reason")
    refusal = message.get("refusal")
    is_filtered = finish == "content_filter"
    text, calls = _text(message.get("content")), _calls(message)
    return Said(
        text=text,
        calls=calls,
        model=told["model"] if _is_name(told.get("model")) else "",
        usage=_usage(told.get("usage"), context, is_something=bool(text or calls)),
        is_cut=finish == "length",
        refusal=refusal if isinstance(refusal, str) and refusal else "filtered" * is_filtered,
        is_cached=_cached(told.get("usage"), context),
    )


def _is_name(told: object) -> bool:
    """Whether it can be the name of a model."""
    return isinstance(told, str) and NAMED.fullmatch(told) is not None


def _first(told: Any) -> dict[str, Any] | None:
    choices = told.get("choices") if isinstance(told, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None


def _text(content: Any) -> str:
    """The words of a message: a text, or parts some of which are texts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (one.get("text") for one in parts if isinstance(one, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _calls(message: Mapping[str, Any]) -> tuple[Called, ...]:
    told = message.get("tool_calls") or ()
    if not isinstance(told, list | tuple):
        raise _malformed("`tool_calls` is no list")
    found = []
    for number, one in enumerate(told):
        function = one.get("function") if isinstance(one, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise _malformed("a call of a tool names none")
        arguments = function.get("arguments")
        written = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
        id = one.get("id")
        found.append(
            Called(
                id if isinstance(id, str) and id else f"call-{number}", function["name"], written
            )
        )
    return tuple(found)


def _usage(told: Any, context: int, *, is_something: bool) -> Usage | None:
    """As it is counted; None for a question, or for something that was said, of no tokens."""
    read, written = (_count(told, name, context) for name in ("prompt_tokens", "completion_tokens"))
    if not read or written is None or (is_something and not written):
        return None
    return Usage(input=read, output=written, kind="reported")


def _cached(told: Any, context: int) -> int:
    details = told.get("prompt_tokens_details") if isinstance(told, dict) else None
    return _count(details, "cached_tokens", context) or 0


def _count(told: Any, name: str, most: int) -> int | None:
    value = told.get(name) if isinstance(told, dict) else None
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
    return value if is_count else None


def _depth_over(value: Any, left: int) -> bool:
    if left < 0:
        return True
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_depth_over(one, left - 1) for one in inside)


def _whole(text: str) -> int:
    value = int(text)
    if abs(value) > EXACT:
        raise ValueError("a whole number is too large to be exact")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if value in (math.inf, -math.inf):
        raise ValueError("a number is too large")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _malformed(why: str) -> Unusable:
    return Unusable(
        f"the answer is none of this API: {why}; see that base_url leads to a chat-completions "
        "endpoint",
        flaw="malformed",
    )
