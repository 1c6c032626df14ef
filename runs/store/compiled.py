"""Statements made once a process, whatever record they are for: each engine would make its own.

A drill has a record of its own, and so has every test; to make a statement costs more than to run
it.
"""

from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

MOST = 2_000
"""So many are kept, the newest."""


class _Kept:
    """What SQLAlchemy keeps statements in, by the kind of database and not by the engine."""

    def __init__(self) -> None:
        self._made: LRUCache[Any, Any] = LRUCache(MOST)

    def get(self, key: tuple[Any, ...]) -> Any:
        """The statement that was made, or None."""
        return self._made.get(_of_kind(key))

    def __setitem__(self, key: tuple[Any, ...], made: Any) -> None:
        self._made[_of_kind(key)] = made


def _of_kind(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *rest = key
    return (dialect.name, dialect.driver, dialect.server_version_info, *rest)


_KEPT: Any = _Kept()


def share(engine: Engine) -> Engine:
    """The same engine, which takes statements that any engine of its kind made."""
    engine.update_execution_options(compiled_cache=_KEPT)
    return engine
