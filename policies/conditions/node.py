"""What a parsed condition is made of, without the rules of grammar that mean nothing alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Node:
    """One part of a condition."""

    kind: str
    """Rule or token of the CEL grammar."""
    text: str
    """What was written, for a token; empty otherwise."""
    parts: tuple["Node", ...]
    line: int
    column: int

    def everything(self) -> Iterator["Node"]:
        """The node and all below it, in the order they were written."""
        yield self
        for part in self.parts:
            yield from part.everything()

    def find_path(self) -> tuple[str, ...] | None:
        """The names of `a.b.c`, or of `a`; None for anything else."""
        if self.kind == "ident":
            return (self.parts[0].text,)
        above = self.parts[0].find_path() if self.kind == "member_dot" else None
        return None if above is None else (*above, self.parts[1].text)

    def is_call_of(self, name: str) -> bool:
        """Whether it is `name(...)`."""
        return self.kind == "ident_arg" and self.parts[0].text == name


class Used(NamedTuple):
    """A name as a condition uses it."""

    node: Node
    path: tuple[str, ...]
    is_asked: bool
    """Inside `has`: it may be absent."""


def used(node: Node, *, is_asked: bool = False) -> Iterator[Used]:
    """Every name the condition uses, the longest paths only."""
    path = node.find_path()
    if path is not None:
        yield Used(node, path, is_asked)
        return
    for part in node.parts:
        yield from used(part, is_asked=is_asked or node.is_call_of("has"))
