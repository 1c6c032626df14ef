"""A model in the tests that answers as it is told, and remembers what it was asked."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from agent.deps import Deps
from runs.errors import PilotageError, Unavailable
from tests.voyage import Voyage
from tools.model.asked import Answer, Model, Request, ToolCall, Unusable, Usage
from tools.tool import check_content

Said = dict[str, Any] | ToolCall | PilotageError
"""JSON of the form, a call of a tool, or an error in the place of an answer."""


@dataclass
class Speaker:
    """Answers with what `says` gives for a question; what has not the form is of no use."""

    says: Callable[[Request], Said]
    asked: list[Request] = field(default_factory=list)

    def ask(self, request: Request) -> Answer:
        """The answer that was written for it."""
        self.asked.append(request)
        said = self.says(request)
        if isinstance(said, PilotageError):
            raise said
        if isinstance(said, ToolCall):
            return _answer(value=None, calls=(said,))
        assert request.form
        wrong = check_content(said, request.form.form, "answer")
        if wrong:
            raise Unusable(f"{wrong[0]}; ask elsewhere", flaw="schema")
        return _answer(value=said)

    @property
    def purposes(self) -> list[str]:
        """What it was asked for, in order."""
        return [one.purpose for one in self.asked]


def _answer(**said: Any) -> Answer:
    usage = Usage(input=100, output=10, kind="reported")
    told: dict[str, Any] = {"text": "", "calls": (), "refused": (), "route": "script"}
    told |= {"model": "script-1", "way": "strict", "usage": usage, "cost": Decimal(0)}
    told |= {"seconds": Decimal(0), "tries": 1, "is_repaired": False, "is_script": True}
    return Answer(**told | said)


def in_turn(*said: Said) -> Speaker:
    """Answers in this order, the last of them again and again."""
    left = list(said)
    return Speaker(lambda request: left.pop(0) if len(left) > 1 else left[0])


def by_purpose(**said: Callable[[Request], Said] | Said) -> Speaker:
    """Answers by what is asked for, such as `update`; an error where nothing was written."""

    def says(request: Request) -> Said:
        silence = Unavailable("nothing was written for it; wait")
        found = said.get(request.purpose.partition(".")[2], silence)
        return found(request) if callable(found) else found

    return Speaker(says)


def material(request: Request) -> dict[str, Any]:
    """What a question tells the model beside its prompt."""
    return json.loads(request.messages[1].text)["untrusted"]


def asks(voyage: Voyage, speaker: Model) -> Voyage:
    """The voyage, whose runs may ask this model."""

    def changed(deps: Deps) -> Deps:
        return replace(deps, models=lambda customer, run: speaker)

    voyage.change_deps = changed
    return voyage


def sentence(text: str, *evidence: str) -> dict[str, Any]:
    """One sentence of an update."""
    return {"text": text, "evidence": list(evidence)}


def update(*sentences: dict[str, Any]) -> dict[str, Sequence[Any]]:
    """An update as a model proposes it."""
    return {"sentences": list(sentences)}
