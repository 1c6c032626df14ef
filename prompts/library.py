"""Load a prompt, render it strictly, name it by digest.

A prompt is a text with places such as `{{customer}}`; a name is small letters, digits and
underscores. Before the text stands what it is for, between two lines of `---`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from pydantic import Field

from policies import templates, texts
from runs.errors import InvalidInput, NotFound
from runs.records.record import Record, digest_of

NAME = re.compile(r"[a-z][a-z0-9_]*")
FRONT = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)


class Front(Record):
    """What a prompt is for."""

    task: str = Field(min_length=1, max_length=200)
    """What comes of it, in one line."""
    reader: Literal["people", "model"]
    inputs: dict[str, Literal["plan", "record", "prompt", "people", "outside"]] = Field(
        default_factory=dict
    )
    """By place: whose words its value is made of.

    `plan`: an approved plan or version. `record`: figures and names of our records. `prompt`:
    another prompt. `people`: what somebody wrote. `outside`: what anybody may have written.
    """
    material: tuple[str, ...] = ()
    """What the next message of the question holds: untrusted, whoever wrote it."""
    output: str | dict[str, Any]
    """The form of what comes of it: `markdown`, the name of a form in the code, or a schema."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One prompt as it stands in its file."""

    name: str
    text: str
    front: Front | None = None
    """None where the file does not say what it is for; `lint` tells that."""

    @property
    def digest(self) -> str:
        """What names this wording: change one letter and it is another prompt."""
        if self.front is None:
            return digest_of(self.text)
        return digest_of([self.front.as_json(), self.text])

    @property
    def variables(self) -> frozenset[str]:
        """The names of its places."""
        return templates.places(self.text)

    def render(self, values: Mapping[str, str]) -> str:
        """Fill every place once; what a value contains is never filled again.

        Raises InvalidInput for a place without a value, a value without a place, or no text.
        """
        missing = sorted(self.variables - values.keys())
        unknown = sorted(values.keys() - self.variables)
        wrong = sorted(name for name, value in values.items() if not isinstance(value, str))
        if missing or unknown or wrong:
            raise InvalidInput(
                f"prompt {self.name!r}: missing {missing}, unknown {unknown}, not text {wrong}; "
                f"give text for {sorted(self.variables)}"
            )
        return templates.fill(self.text, values)


def render(name: str, **values: str) -> str:
    """The prompt of this name with every place filled; raises what its parts do."""
    return load(name).render(values)


def load(name: str) -> Prompt:
    """The prompt of this name; NotFound when there is none, InvalidInput when it is malformed."""
    file = files("prompts") / f"{name}.md"
    if not NAME.fullmatch(name) or not file.is_file():
        raise NotFound(f"there is no prompt {name!r}; name one of {names()}")
    return parse(name, file.read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Prompt:
    """The prompt of a file's text.

    InvalidInput when what stands before the text is no front matter, or braces stand anywhere but
    around a variable.
    """
    found = FRONT.match(text)
    body = text[found.end() :].lstrip("\n") if found else text
    stray = templates.find_stray(body)
    if stray:
        raise InvalidInput(
            f"prompt {name!r}: {stray!r} does not enclose a variable; write {{{{name}}}} "
            "with small letters, digits and underscores"
        )
    return Prompt(name=name, text=body, front=_front(name, found[1]) if found else None)


def names() -> list[str]:
    """The prompts there are, in order."""
    found = (file.name for file in files("prompts").iterdir())
    return sorted(name.removesuffix(".md") for name in found if name.endswith(".md"))


def _front(name: str, text: str) -> Front:
    # The line above it is counted, so that an error names the line of the file.
    document = texts.read(f"\n{text}", f"prompt {name!r}")
    built = texts.build(Front, document)
    if built.record is None:
        raise texts.refuse(document, built.problems)
    return built.record
