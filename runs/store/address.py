"""Which database a URL names, and how it is shown: never with its credentials."""

import re
from typing import Literal
from urllib.parse import quote

from runs.errors import InvalidInput

Kind = Literal["sqlite", "postgresql"]

SCHEMES: dict[str, Kind] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "postgresql+psycopg": "postgresql",
}
USER = re.compile(r"^([^/]*//)?([^/@:]*)(:.*)?@")
"""Everything up to the last @: a password that was not encoded may hold any character."""
SECRET = re.compile(r"((?:ssl)?password=)[^&#]*", re.IGNORECASE)


def kind(url: str) -> Kind:
    """SQLite or PostgreSQL; InvalidInput, without the credentials, for anything else."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise InvalidInput(
            f"{shown(url)!r} names no database Pilotage keeps its record in; write "
            "sqlite:///<file> or postgresql://<user>:<password>@<host>:<port>/<database>"
        )
    return SCHEMES[scheme.lower()]


def shown(url: str) -> str:
    """The URL as it may be printed: whatever proves who asks is `***`."""
    url = USER.sub(lambda m: f"{m[1] or ''}{m[2]}{':***' if m[3] else ''}@", url)
    return SECRET.sub(r"\1***", url)


def driver(url: str) -> str:
    """The URL as SQLAlchemy is handed it: with the driver that is installed."""
    if kind(url) == "sqlite":
        return url
    return f"postgresql+psycopg://{url.partition('://')[2]}"


def server(url: str, *, schema: str = "") -> str:
    """The URL as PostgreSQL's own library is handed it; unqualified names are of `schema`."""
    url = f"postgresql://{url.partition('://')[2]}"
    if not schema:
        return url
    url, _, query = url.partition("?")
    parts = [part for part in query.split("&") if part]
    told = [part.removeprefix("options=") for part in parts if part.startswith("options=")]
    options = quote(" ").join([*told, quote(f"-c search_path={schema}")])
    rest = [part for part in parts if not part.startswith("options=")]
    return f"{url}?{'&'.join([*rest, f'options={options}'])}"


def file(url: str) -> str:
    """The file a SQLite URL names."""
    return url.partition(":///")[2].partition("?")[0]
