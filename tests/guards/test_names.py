"""Names are words of the house."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.guards.tree import Module, modules

FORBIDDEN = {
    "manager",
    "service",
    "helper",
    "util",
    "common",
    "base",
    "core",
    "handler",
    "processor",
    "data",
    "info",
    "misc",
    "new",
    "v2",
}
SEGMENT = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def segments(name: str) -> set[str]:
    """The words of a name, small and in the singular."""
    words = {word.lower() for word in SEGMENT.findall(name)}
    return words | {word.removesuffix("s") for word in words}


def names(module: Module) -> Iterator[str]:
    """The module's own name and those it defines; a test's name is a sentence and left out."""
    yield module.name.rpartition(".")[2]
    for node in ast.walk(module.tree):
        if isinstance(node, DEFINITIONS) and not node.name.startswith(("test_", "__")):
            yield node.name


def test_no_name_says_nothing() -> None:
    """A module, class or function that needs such a word has not been understood yet."""
    everything = modules() + modules("tests", "bench")
    told = [(m.path, name) for m in everything for name in names(m) if segments(name) & FORBIDDEN]

    assert told == []


@pytest.mark.parametrize(
    "name", ["RunManager", "http_utils", "newCase", "DataSource", "_base", "gate_v2", "HTTPHandler"]
)
def test_a_forbidden_word_is_found_in_every_spelling(name: str) -> None:
    """Underscores, capitals, plurals and a leading underscore hide nothing."""
    assert segments(name) & FORBIDDEN


@pytest.mark.parametrize("name", ["Dataset", "renew", "baseline", "database", "inform", "V20"])
def test_a_word_that_only_contains_one_is_allowed(name: str) -> None:
    """The segment counts, not the letters."""
    assert not segments(name) & FORBIDDEN
