"""what the tables are made of: the metadata they stand in, and the columns that many have."""

from sqlalchemy import Column, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def whose() -> Column[str]:
    """The customer, who is in the key of every table."""
    return Column("customer", String(64), primary_key=True)


def named(name: str = "id", length: int = 80) -> Column[str]:
    """What names a row beside its customer."""
    return Column(name, String(length), primary_key=True)


def text(name: str, length: int = 200, *, null: bool = False) -> Column[str]:
    """A text of so many characters."""
    return Column(name, String(length), nullable=null)


def texts(**lengths: int) -> list[Column[str]]:
    """Several of them, by name and length."""
    return [text(name, length) for name, length in lengths.items()]
