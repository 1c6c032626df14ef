"""what tables are made of: the names their parts get, and the columns that many of them have."""

from sqlalchemy import Column, Index, MetaData, String, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def customer() -> Column[str]:
    """Whose row it is; part of the key of every table."""
    return Column("customer", String(64), primary_key=True)


def name(column: str = "id", length: int = 80) -> Column[str]:
    """What names a row, beside its customer."""
    return Column(column, String(length), primary_key=True)


def short(column: str, length: int = 200, *, null: bool = False) -> Column[str]:
    """A text of a limited length."""
    return Column(column, String(length), nullable=null)


def shorts(**lengths: int) -> list[Column[str]]:
    """Such texts, by name and length."""
    return [short(column, length) for column, length in lengths.items()]


def some(name: str, *columns: str, where: str, is_unique: bool = False) -> Index:
    """An index of those rows alone of which the condition holds."""
    told = text(where)
    return Index(name, *columns, unique=is_unique, sqlite_where=told, postgresql_where=told)
