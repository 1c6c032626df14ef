"""Rows of one customer, found and inserted: each statement is made once a process."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from runs.records.person import Customer

Row = Mapping[str, Any]


def find_row(
    connection: Connection, table: sa.Table, customer: Customer, key: Row
) -> dict[str, Any] | None:
    """The customer's row of this key, or None."""
    statement = _select_statement(table, tuple(key))
    found = connection.execute(statement, at_of(customer, key)).one_or_none()
    return None if found is None else dict(found._mapping)


def find_rows(
    connection: Connection, table: sa.Table, customer: Customer, order: tuple[str, ...], key: Row
) -> list[dict[str, Any]]:
    """The customer's rows of these values, or of one of them where a list is given, in order."""
    several = frozenset(name for name, value in key.items() if isinstance(value, list))
    statement = _rows_statement(table, tuple(key), several, order)
    return dicts_of(connection.execute(statement, at_of(customer, key)))


def dicts_of(found: sa.CursorResult[Any]) -> list[dict[str, Any]]:
    """Every row of a result, by column."""
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found.all()]


def insert_once(connection: Connection, table: sa.Table, row: Row) -> bool:
    """Insert a row unless a unique key is taken; says whether it was inserted."""
    statement = _insert_statement(connection.dialect.name, table)
    return connection.execute(statement, dict(row)).rowcount == 1


def insert_each_once(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert every row of these whose unique keys are not taken."""
    if rows:
        statement = _insert_statement(connection.dialect.name, table)
        connection.execute(statement, [dict(row) for row in rows])


# Building a statement, and knowing it again, costs more than running it: each is made once.


@lru_cache(maxsize=64)
def _insert_statement(dialect: str, table: sa.Table) -> Any:
    kind = sqlite if dialect == "sqlite" else postgresql
    statement = kind.insert(table).on_conflict_do_nothing()
    # A cursor that is closed already has forgotten how many rows it inserted.
    return statement.execution_options(preserve_rowcount=True)


@lru_cache(maxsize=64)
def insert_all_statement(dialect: str, table: sa.Table, count: int, key: str) -> Any:
    """Inserts so many rows that are not there, in one statement; it returns their keys."""
    kind = sqlite if dialect == "sqlite" else postgresql
    places = [
        {c.name: sa.bindparam(f"{c.name}_{n}", type_=c.type) for c in table.columns}
        for n in range(count)
    ]
    return kind.insert(table).values(places).on_conflict_do_nothing().returning(table.c[key])


@lru_cache(maxsize=256)
def _select_statement(table: sa.Table, key: tuple[str, ...]) -> Any:
    return sa.select(table).where(*_is_at(table, key))


@lru_cache(maxsize=256)
def _rows_statement(
    table: sa.Table, key: tuple[str, ...], several: frozenset[str], order: tuple[str, ...]
) -> Any:
    one = tuple(name for name in key if name not in several)
    any_of = [
        table.c[name].in_(sa.bindparam(f"at_{name}", expanding=True)) for name in sorted(several)
    ]
    by = [table.c[name] for name in order]
    return sa.select(table).where(*_is_at(table, one), *any_of).order_by(*by)


@lru_cache(maxsize=256)
def update_statement(
    table: sa.Table, key: tuple[str, ...], values: tuple[str, ...], legal: frozenset[str] | None
) -> Any:
    """Sets values on the row of a key, where its status is one of those that are legal, if any."""
    allowed = [] if legal is None else [table.c.status.in_(sorted(legal))]
    told = {name: sa.bindparam(f"to_{name}", type_=table.c[name].type) for name in values}
    return table.update().where(*_is_at(table, key), *allowed).values(told)


def _is_at(table: sa.Table, key: tuple[str, ...]) -> list[Any]:
    return [table.c[name] == sa.bindparam(f"at_{name}") for name in ("customer", *key)]


def at_of(customer: Customer, key: Row) -> dict[str, Any]:
    """What a statement is told of whose row of which key is meant."""
    return {"at_customer": customer.id} | {f"at_{name}": value for name, value in key.items()}
