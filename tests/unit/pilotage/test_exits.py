"""One table says with which code a process ends."""

import inspect

import pytest

from pilotage.cli import exits
from runs import errors
from runs.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    PilotageError,
    Unavailable,
)

CLASSES = [one for _, one in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput, 2),
        (NotFound, 2),
        (NotAllowed, 6),
        (Conflict, 7),
        (Unavailable, 75),
        (PilotageError, 1),
    ],
)
def test_an_error_ends_with_its_code(error: type[PilotageError], code: int) -> None:
    """As the page on operating promises."""
    assert exits.of_error(error("why")) == code


def test_every_error_there_is_has_a_code() -> None:
    """A seventh class cannot be forgotten."""
    assert set(exits.OF_ERROR) == set(CLASSES)


def test_a_class_of_its_own_takes_the_code_of_the_nearest() -> None:
    """Whoever narrows an error keeps its meaning."""

    class Taken(Conflict):
        """A conflict about a name."""

    assert exits.of_error(Taken("why")) == exits.CONFLICT


def test_the_codes_are_those_of_the_page() -> None:
    """Cron jobs depend on them."""
    codes = {
        name: value for name, value in vars(exits).items() if name.isupper() and type(value) is int
    }

    assert sorted(codes.values()) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 75, 130, 141, 143]
