"""Nothing in the project is larger than the house allows."""

import ast
from textwrap import dedent

import pytest

from tests.guards.sizes import (
    MOCKS_PER_100_TESTS,
    Size,
    breaches,
    measured,
    mocks_per_100_tests,
    sizes,
)
from tests.guards.tree import Module

SPECIMEN = dedent('''
    def outer(self, one, *rest, three, **more):
        """Two lines
        of docstring."""
        for item in rest:
            if item:
                with item:
                    pass
            elif one:
                pass
        def inner():
            while True:
                pass
''')


def test_nothing_is_over_its_limit() -> None:
    """Modules, functions, arguments, nesting and tests."""
    assert breaches(measured()) == []


def test_hardly_any_test_puts_something_in_the_place_of_our_own_code() -> None:
    """Fakes are arguments."""
    assert mocks_per_100_tests() <= MOCKS_PER_100_TESTS


@pytest.mark.parametrize(
    ("measure", "value"), [("module", 13), ("function", 10), ("arguments", 4), ("nesting", 3)]
)
def test_a_size_is_counted_as_the_house_says(measure: str, value: int) -> None:
    """Docstrings, `self` and nested scopes are left out; an `elif` is no deeper than its `if`."""
    module = Module("runs/specimen.py", SPECIMEN, ast.parse(SPECIMEN))

    assert next(size.value for size in sizes(module) if size.measure == measure) == value


def test_a_size_over_its_limit_is_told_with_its_place() -> None:
    """The sentence names the place, the value and the limit."""
    told = breaches([Size("nesting", "runs/a.py:3 f", 4), Size("nesting", "runs/a.py:9 g", 3)])

    assert told == ["runs/a.py:3 f: nesting 4, the limit is 3"]
