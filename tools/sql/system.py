"""A customer's database, as a tool: read by key, or changed once a key in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import exc

from runs.clock import Clock
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from runs.records.record import canonical, digest_of
from tools.filled import KEY, find
from tools.sql.declared import AT, DIGEST, NESTED, OPERATION, OURS, Keys, Operation, Sql, bound
from tools.system import LARGEST_WHOLE, ActingSystem, ReadSystem
from tools.tool import NotSent, Reading, check_operation


@dataclass(frozen=True)
class Reach:
    """One declared database, and the connections to it: a new one for each use."""

    name: str
    declared: Sql
    engine: sa.Engine = field(repr=False)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A view that changes nothing, whatever a statement says; raises what `said` makes."""
        with self.connected() as connection:
            try:
                self._only_read(connection)
                yield connection
            except exc.DBAPIError as error:
                raise said(self.name, error) from None
            finally:
                connection.rollback()

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """A connection; NotSent when there is none to be had."""
        try:
            connection = self.engine.connect()
        except exc.SQLAlchemyError as error:
            raise NotSent(
                f"tool {self.name!r}: the database does not answer ({type(error).__name__})"
            ) from None
        try:
            yield connection
        finally:
            # A connection that was lost has nothing to give back.
            _let_go(connection)

    def _only_read(self, connection: sa.Connection) -> None:
        if self.engine.dialect.name == "postgresql":
            connection.execute(sa.text("SET TRANSACTION READ ONLY"))
        elif self.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")


@dataclass(frozen=True)
class SqlRecords(ReadSystem):
    """Records that are read by key; it has no way to act."""

    reach: Reach

    @property
    def name(self) -> str:
        """As plans name it."""
        return self.reach.name

    def read(self, key: str) -> Reading | None:
        """The record of this key, or None.

        Raises Unavailable, NotAllowed, and InvalidInput for two rows or what cannot be kept.
        """
        return _read(self.reach, key, self.clock)


@dataclass(frozen=True)
class SqlListed(SqlRecords):
    """Records that can be looked at as a whole as well."""

    def touch(self, most: int) -> Sequence[Reading]:
        """The first records, at most so many; raises what `read` raises."""
        wanted = min(most, self.reach.declared.max_rows)
        with self.reach.reading() as connection:
            rows = connection.execute(sa.text(self.reach.declared.all)).mappings().fetchmany(wanted)
        return [_reading(self.name, row, self.clock) for row in rows]


@dataclass(frozen=True)
class SqlActs(ActingSystem):
    """A database that is changed as its declared statements say, once a key."""

    reach: Reach
    remembers_keys: bool = True

    @property
    def name(self) -> str:
        """As plans name it."""
        return self.reach.name

    @property
    def _keys(self) -> Keys:
        keys = self.reach.declared.keys
        assert keys is not None
        return keys

    def touch(self, most: int) -> Sequence[Reading]:
        """No record: only that it answers and keeps each key once; changes nothing.

        Raises InvalidInput when the column of the keys is not unique, what `read` raises otherwise.
        """
        with self.reach.reading() as connection:
            self._require_unique(connection)
        return ()[:most]

    def read(self, key: str) -> Reading | None:
        """The record of this key, or None; NotAllowed where no `read` is declared."""
        return _read(self.reach, key, self.clock)

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Do it in one transaction that keeps the key, and return the receipt.

        The same key again returns the first receipt, and Conflict for other content. Raises NotSent
        when surely nothing was done, Unavailable when the connection broke while it was committed.
        """
        check_operation(self, operation, content)
        declared = self.reach.declared.operations[operation]
        ours = {
            KEY: key,
            OPERATION: operation,
            AT: self.clock.now().isoformat(),
            DIGEST: digest_of({"operation": operation, "content": dict(content)}),
        }
        with self.reach.connected() as connection:
            self._require_unique(connection)
            found = self._find(connection, key)
            if found is None:
                self._do(connection, declared, content, ours)
                return _receipt(ours)
        return self._first(found, ours)

    def find_receipt(self, key: str) -> dict[str, Any] | None:
        """What the database keeps under this key; None when nothing was done under it."""
        with self.reach.reading() as connection:
            found = self._find(connection, key)
        return None if found is None else {KEY: key, "row": found}

    def _do(
        self,
        connection: sa.Connection,
        declared: Operation,
        content: Mapping[str, Any],
        ours: Mapping[str, str],
    ) -> None:
        try:
            changed = [
                connection.execute(sa.text(one), _values(one, content, ours)).rowcount
                for one in declared.do
            ]
            self._check(connection, declared, sum(changed), ours[KEY])
        except exc.IntegrityError as error:
            connection.rollback()
            if self._find(connection, ours[KEY]) is None:
                raise said(self.name, error) from None
            # Somebody under the same key came first: what is there is asked when it is tried again.
            raise Unavailable(f"tool {self.name!r}: key {ours[KEY]} is being used") from None
        except exc.DBAPIError as error:
            raise said(self.name, error) from None
        try:
            connection.commit()
        except exc.SQLAlchemyError as error:
            raise Unavailable(
                f"tool {self.name!r}: the connection broke while it was committed "
                f"({type(error).__name__}): it may have been done"
            ) from None

    def _check(
        self, connection: sa.Connection, declared: Operation, changed: int, key: str
    ) -> None:
        """Nothing is committed that changed other than it should, or that would forget its key."""
        if declared.changes is not None and changed != declared.changes:
            connection.rollback()
            raise NotFound(
                f"tool {self.name!r}: {changed} rows would have changed instead of "
                f"{declared.changes}; nothing was done"
            )
        if self._find(connection, key) is None:
            connection.rollback()
            raise InvalidInput(
                f"tool {self.name!r}: its statements did not leave :key in "
                f"{self._keys.table}.{self._keys.column}; nothing was done"
            )

    def _find(self, connection: sa.Connection, key: str) -> dict[str, Any] | None:
        keys = self._keys
        names = [keys.column, *([keys.digest_column] if keys.digest_column else [])]
        table = sa.table(_last(keys.table), *map(sa.column, names), schema=_schema(keys.table))
        query = sa.select(table).where(table.c[keys.column] == key)
        try:
            row = connection.execute(query).mappings().first()
        except exc.DBAPIError as error:
            raise said(self.name, error) from None
        return None if row is None else {name: _plain(row[name]) for name in names}

    def _first(self, found: Mapping[str, Any], ours: Mapping[str, str]) -> dict[str, Any]:
        digest = found.get(self._keys.digest_column, ours[DIGEST])
        if digest != ours[DIGEST]:
            raise Conflict(f"tool {self.name!r}: key {ours[KEY]} was used for other content")
        return _receipt(ours)

    def _require_unique(self, connection: sa.Connection) -> None:
        """InvalidInput unless the database itself refuses a key twice."""
        keys = self._keys
        try:
            known = list(_unique(sa.inspect(connection), keys.table))
        except exc.NoSuchTableError:
            raise InvalidInput(f"tool {self.name!r}: there is no table {keys.table}") from None
        except exc.DBAPIError as error:
            raise said(self.name, error) from None
        if [keys.column] not in known:
            raise InvalidInput(
                f"tool {self.name!r}: {keys.table}.{keys.column} is not unique; make it so, or an "
                "action could be done twice"
            )


def _unique(inspector: sa.Inspector, named: str) -> Iterator[list[str | None]]:
    """The columns of each constraint or index of a table that refuses a row twice."""
    table, schema = _last(named), _schema(named)
    yield list(inspector.get_pk_constraint(table, schema=schema)["constrained_columns"])
    for one in inspector.get_unique_constraints(table, schema=schema):
        yield list(one["column_names"])
    for index in inspector.get_indexes(table, schema=schema):
        if index["unique"] and not index.get("dialect_options"):
            yield list(index["column_names"])


def said(name: str, error: exc.DBAPIError) -> Exception:
    """What the failure of a statement means; its words may be a customer's and are left out."""
    kind = type(error).__name__
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.InternalError):
        return NotSent(f"tool {name!r}: the database does not do it now ({kind})")
    if error.connection_invalidated:
        return NotSent(f"tool {name!r}: the connection broke ({kind})")
    if isinstance(error, exc.IntegrityError):
        return Conflict(f"tool {name!r}: the database refused it ({kind})")
    return InvalidInput(f"tool {name!r}: the database refused it ({kind}); mend the tools file")


def _let_go(connection: sa.Connection) -> None:
    try:
        connection.close()
    except exc.SQLAlchemyError:
        connection.invalidate()


def _read(reach: Reach, key: str, clock: Clock) -> Reading | None:
    if not reach.declared.read:
        raise NotAllowed(f"tool {reach.name!r} declares no `read`; it cannot be read")
    with reach.reading() as connection:
        rows = connection.execute(sa.text(reach.declared.read), {KEY: key}).mappings().fetchmany(2)
    if len(rows) > 1:
        raise InvalidInput(
            f"tool {reach.name!r}: `read` found more than one row; ask by a unique key"
        )
    return _reading(reach.name, rows[0], clock) if rows else None


def _reading(name: str, row: Mapping[Any, Any], clock: Clock) -> Reading:
    value = {str(column): _plain(one) for column, one in row.items()}
    try:
        canonical(value)
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"tool {name!r}: a row cannot be kept ({error})") from None
    return Reading(value, digest_of(value), clock.now())


def _values(statement: str, content: Mapping[str, Any], ours: Mapping[str, str]) -> dict[str, Any]:
    names = bound(statement)
    return {
        name: ours[name] if name in OURS else find(content, name.replace(NESTED, "."))
        for name in names
    }


def _receipt(ours: Mapping[str, str]) -> dict[str, Any]:
    return dict(ours)


def _plain(value: Any) -> Any:
    """A value as JSON: numbers that JSON would round are text, times are ISO 8601."""
    if isinstance(value, bool) or value is None or isinstance(value, str | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_WHOLE else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Decimal | UUID | timedelta):
        return str(value)
    return f"{len(value)} bytes" if isinstance(value, bytes | memoryview) else str(value)


def _last(table: str) -> str:
    return table.rpartition(".")[2]


def _schema(table: str) -> str | None:
    return table.rpartition(".")[0] or None
