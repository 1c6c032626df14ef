"""Every environment variable is read once, checked, and named when it is wrong."""

from pathlib import Path

import pytest

from pilotage.settings import VARIABLES, read
from runs.errors import InvalidInput


def test_an_empty_environment_gives_the_defaults() -> None:
    """Nothing has to be set."""
    settings = read({})

    assert settings.home == Path.cwd() / ".pilotage"
    assert settings.database_url == f"sqlite:///{Path.cwd() / '.pilotage' / 'pilotage.db'}"
    assert (settings.concurrency, settings.poll_s, settings.tick_s) == (4, 0.05, 2.0)
    assert (settings.token, settings.customer, settings.no_color) == ("", "", False)


def test_what_is_set_is_used(tmp_path: Path) -> None:
    """Each variable reaches its field."""
    settings = read(
        {
            "PILOTAGE_HOME": str(tmp_path),
            "PILOTAGE_TOKEN": " plt_a_b ",
            "PILOTAGE_DATABASE_URL": "sqlite:///elsewhere.db",
            "PILOTAGE_CUSTOMER": "acme",
            "PILOTAGE_CONCURRENCY": "8",
            "PILOTAGE_POLL_S": "0.2",
            "PILOTAGE_TICK_S": "5",
            "NO_COLOR": "1",
        }
    )

    assert settings.home == tmp_path
    assert settings.token == "plt_a_b"
    assert settings.database_url == "sqlite:///elsewhere.db"
    assert (settings.customer, settings.concurrency) == ("acme", 8)
    assert (settings.poll_s, settings.tick_s, settings.no_color) == (0.2, 5.0, True)


def test_the_database_stands_in_the_home_unless_it_is_named(tmp_path: Path) -> None:
    """Naming the home is enough."""
    settings = read({"PILOTAGE_HOME": str(tmp_path / "h")})

    assert settings.database_url == f"sqlite:///{tmp_path / 'h' / 'pilotage.db'}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PILOTAGE_CONCURRENCY", "0"),
        ("PILOTAGE_CONCURRENCY", "many"),
        ("PILOTAGE_CONCURRENCY", "65"),
        ("PILOTAGE_CONCURRENCY", "²"),
        ("PILOTAGE_POLL_S", "0"),
        ("PILOTAGE_POLL_S", "nan"),
        ("PILOTAGE_POLL_S", "soon"),
        ("PILOTAGE_TICK_S", "-1"),
        ("PILOTAGE_TICK_S", "inf"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    """The message has the variable, its value and what would be right."""
    with pytest.raises(InvalidInput, match=name) as caught:
        read({name: value})

    assert repr(value) in str(caught.value)
    assert "leave it unset" in str(caught.value)


def test_a_variable_without_a_default_promises_none() -> None:
    """The sentence ends where there is nothing to say."""
    with pytest.raises(InvalidInput, match=r"or leave it unset$"):
        read({"OPENAI_BASE_URL": "localhost"})


def test_every_variable_says_what_it_is() -> None:
    """Name, type and one sentence each; no name twice."""
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)
    assert all(variable.type and variable.says.endswith(".") for variable in VARIABLES)
