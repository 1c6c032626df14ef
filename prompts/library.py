"""Load a prompt, render it strictly, name it by digest.

A prompt is a text with places such as `{{customer}}`; a name is small letters, digits and
underscores.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from policies import templates
from runs.errors import InvalidInput, NotFound
from runs.records.record import digest_of

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One prompt as it stands in its file."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """What names this wording: change one letter and it is another prompt."""
        return digest_of(self.text)

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
    """The prompt of a text; InvalidInput when braces stand anywhere but around a variable."""
    stray = templates.find_stray(text)
    if stray:
        raise InvalidInput(
            f"prompt {name!r}: {stray!r} does not enclose a variable; write {{{{name}}}} "
            "with small letters, digits and underscores"
        )
    return Prompt(name=name, text=text)


def names() -> list[str]:
    """The prompts there are, in order."""
    found = (file.name for file in files("prompts").iterdir())
    return sorted(name.removesuffix(".md") for name in found if name.endswith(".md"))
