"""a model that answers from a script: for tests and rehearsals.

It stands where the way to an endpoint stands, so that everything before it is real: budgets, forms,
retries and the record, in which every request says that a script answered. No file and no variable
makes one, so that none ever passes for a model in a run.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tools.model.endpoint import Endpoint, Means
from tools.model.forms import ANSWER
from tools.model.reply import Lost, Reply
from tools.model.route import Route

NAME = "script"
USAGE = {"prompt_tokens": 50, "completion_tokens": 10}
"""What every answer says that it took."""


class Uses(NamedTuple):
    """It asks for a tool."""

    tool: str
    arguments: Mapping[str, Any]


class Refuses(NamedTuple):
    """It will not answer."""

    why: str = "I cannot help with that."


class Fails(NamedTuple):
    """The endpoint answers with a status that is no answer."""

    status: int
    after_s: float = 0.0


class Silent(NamedTuple):
    """Nothing comes back."""

    is_late: bool = False


Line = Mapping[str, Any] | str | Uses | Refuses | Fails | Silent
"""JSON in the form that is asked for, words, or what a model and its endpoint do besides."""


@dataclass
class Script:
    """Says its lines in order, the last again and again; remembers what it was asked."""

    lines: Sequence[Line]
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def send(self, body: Mapping[str, Any]) -> Reply:
        """The line whose turn it is; Lost where it says nothing."""
        with self._lock:
            self.asked.append(body)
            line = self.lines[min(len(self.asked), len(self.lines)) - 1]
        match line:
            case Fails(status, after_s):
                return Reply(status, b"{}", True, after_s)
            case Silent(is_late):
                raise Lost("the script says nothing", is_sent=True, is_late=is_late)
        return Reply(200, _completion(body, _message(body, line)), True, 0.0)

    def models(self) -> Reply:
        """The one model that it plays."""
        return Reply(200, json.dumps({"data": [{"id": NAME}]}).encode(), True, 0.0)


def route(**declared: Any) -> Route:
    """The route of a script: named so, free, and with room for every question."""
    told = {"name": NAME, "base_url": "https://script.invalid/v1", "model": NAME}
    limits = {"context": 1_000_000, "output": 10_000} | declared.pop("limits", {})
    return Route.model_validate(told | {"structured": "strict", "limits": limits} | declared)


def scripted(lines: Sequence[Line], means: Means, **declared: Any) -> tuple[Endpoint, Script]:
    """A route that answers these lines, and the script that remembers what it was asked."""
    script = Script(lines)
    return Endpoint(route(**declared), lambda: script, means, is_script=True), script


def _message(body: Mapping[str, Any], line: Mapping[str, Any] | str | Uses | Refuses) -> Any:
    if isinstance(line, Uses):
        return _called(line.tool, json.dumps(line.arguments))
    if isinstance(line, Refuses):
        return {"content": None, "refusal": line.why}
    written = line if isinstance(line, str) else json.dumps(line)
    offered = [one["function"]["name"] for one in body.get("tools", ())]
    return _called(ANSWER, written) if ANSWER in offered else {"content": written}


def _called(tool: str, arguments: str) -> dict[str, Any]:
    function = {"name": tool, "arguments": arguments}
    return {"content": None, "tool_calls": [{"id": tool, "type": "function", "function": function}]}


def _completion(body: Mapping[str, Any], message: Mapping[str, Any]) -> bytes:
    finish = "tool_calls" if "tool_calls" in message else "stop"
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    told = {"id": NAME, "model": body["model"], "choices": [choice], "usage": USAGE}
    return json.dumps(told).encode()
