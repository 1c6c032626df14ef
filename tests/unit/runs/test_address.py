"""Which database a URL names, and what of it may be printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.errors import InvalidInput
from runs.store import address

SECRETS = st.text("abcXYZ019:/@?#%+!$ ", min_size=6, max_size=20)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("sqlite:////srv/a/pilotage.db", "sqlite"),
        ("postgresql://a:b@h/d", "postgresql"),
        ("postgres://h/d", "postgresql"),
        ("postgresql+psycopg://a:b@h:5432/d?sslmode=require", "postgresql"),
    ],
)
def test_a_url_says_which_database_it_is(url: str, kind: str) -> None:
    """By its scheme."""
    assert address.kind(url) == kind


@pytest.mark.parametrize("url", ["mysql://h/d", "pilotage.db", "", "postgresql:/h/d"])
def test_any_other_is_refused_with_an_example(url: str) -> None:
    """Before anything is opened."""
    with pytest.raises(InvalidInput, match="postgresql://<user>"):
        address.kind(url)


@given(SECRETS)
def test_no_password_is_shown(secret: str) -> None:
    """Also one that was not encoded as a URL asks for, and one in the query."""
    for url in (f"postgresql://ana:{secret}@h/d", f"mysql://ana:{secret}@h/d"):
        assert address.shown(url).endswith("://ana:***@h/d")


def test_a_password_in_the_query_is_not_shown() -> None:
    """PostgreSQL's library takes it from there as well."""
    url = "postgresql://h/d?user=ana&password=hunter2&sslmode=require"

    assert address.shown(url) == "postgresql://h/d?user=ana&password=***&sslmode=require"


@pytest.mark.parametrize("url", ["sqlite:////srv/a/b.db", "postgresql://h/d", "postgresql://a@h/d"])
def test_what_holds_no_password_is_shown_as_it_is(url: str) -> None:
    """So that whoever reads it recognises it."""
    assert address.shown(url) == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://h/d", "postgresql://h/d?options=-c%20search_path%3Dx"),
        ("postgresql+psycopg://h/d?a=b", "postgresql://h/d?a=b&options=-c%20search_path%3Dx"),
        (
            "postgresql://h/d?options=-c%20geqo%3Doff",
            "postgresql://h/d?options=-c%20geqo%3Doff%20-c%20search_path%3Dx",
        ),
    ],
)
def test_the_schema_is_added_to_what_the_url_asks_for(url: str, expected: str) -> None:
    """Options of the operator stay."""
    assert address.server(url, schema="x") == expected


def test_a_file_is_the_path_of_its_url() -> None:
    """Absolute."""
    assert address.file("sqlite:////srv/a/checkpoints.db") == "/srv/a/checkpoints.db"
