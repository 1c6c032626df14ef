"""The way to a customer's database: the declared address, the secret, and nothing kept open."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from runs.errors import InvalidInput
from runs.store import address
from tools.sql.declared import Sql

DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
"""The driver that comes with Pilotage."""


def open_engine(name: str, declared: Sql, secret: SecretStr | None, folder: Path) -> sa.Engine:
    """An engine that has no connection yet and keeps none; a relative file is below `folder`.

    Raises InvalidInput, without the secret, for a URL that leads nowhere here.
    """
    try:
        url = _url(declared, secret, folder)
        return sa.create_engine(
            url, poolclass=NullPool, connect_args=_patience(url, declared.timeout_s)
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise InvalidInput(
            f"tool {name!r}: {address.shown(declared.url)} cannot be opened here "
            f"({type(error).__name__}); install its driver, or correct the address"
        ) from None


def _url(declared: Sql, secret: SecretStr | None, folder: Path) -> URL:
    scheme, _, rest = declared.url.partition("://")
    url = sa.make_url(f"{DRIVERS.get(scheme, scheme)}://{rest}")
    if url.get_backend_name() == "sqlite":
        file = url.database or ""
        if file in ("", ":memory:"):
            raise InvalidInput("a database in memory is nobody's; name a file")
        return url.set(database=str(folder / file))
    return url if secret is None else url.set(password=secret.get_secret_value())


def _patience(url: URL, timeout_s: float) -> dict[str, Any]:
    """How long a connection, and a statement, may take; by the database's own means."""
    if url.get_backend_name() == "sqlite":
        return {"timeout": timeout_s}
    if url.get_backend_name() == "postgresql":
        told = f"-c statement_timeout={int(timeout_s * 1000)}"
        return {"connect_timeout": max(2, round(timeout_s)), "options": told}
    return {}
