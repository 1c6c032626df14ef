"""What a tools file declares of a customer's database; nothing else is ever told to it."""

import re
from typing import Any

from pydantic import Field, field_validator, model_validator

from runs.records.record import Record
from tools.filled import KEY

NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$"
ASKS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
CHANGES = re.compile(r"\s*(insert|update|delete|merge)\b", re.IGNORECASE)
QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
COMMENT = re.compile(r"--|/\*")
BOUND = re.compile(r"(?<![:\w]):([a-z_][A-Za-z0-9_]*)")
DIGEST, OPERATION, AT = "digest", "operation", "at"
OURS = (KEY, DIGEST, OPERATION, AT)
"""What is bound beside the fields of what is asked for."""
NESTED = "__"
"""`:fields__amount` is the field `amount` in `fields`."""


class Keys(Record):
    """Where the database keeps the key of each action: that makes it once, and answers for it."""

    table: str = Field(pattern=NAME)
    column: str = Field(pattern=NAME)
    """Unique, or nothing is ever done."""
    digest_column: str = Field(default="", pattern=rf"({NAME})|^$")
    """Column that holds `:digest`; with it the same key for other content is told apart."""


class Operation(Record):
    """One thing that may be done, in one transaction."""

    do: tuple[str, ...] = Field(min_length=1, max_length=10)
    """INSERT, UPDATE, DELETE or MERGE with `:name` for each value; one of them keeps `:key`."""
    form: dict[str, Any] | None = None
    """JSON Schema of what is asked for; empty: that of a version's effects."""
    changes: int | None = Field(default=None, ge=0)
    """Rows the statements must change together; another number, and nothing is done."""

    @field_validator("do")
    @classmethod
    def _only_change(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for statement in value:
            if not CHANGES.match(statement):
                raise ValueError("begin a statement with INSERT, UPDATE, DELETE or MERGE")
            check(statement)
        if not any(KEY in bound(one) for one in value):
            raise ValueError("keep :key in one of the statements")
        return value


class Sql(Record):
    """A customer's database."""

    url: str
    """SQLAlchemy URL without a password, which `credential` names; a file is below the home."""
    timeout_s: float = Field(default=10.0, gt=0, le=120)
    """Of connecting, and of a statement where the database can be told."""
    max_rows: int = Field(default=10_000, ge=1, le=1_000_000)
    read: str = ""
    """SELECT of the record of `:key`: one row or none."""
    all: str = ""
    """SELECT of the records, for a look at what there is; it is read up to a limit."""
    keys: Keys | None = None
    operations: dict[str, Operation] = Field(default_factory=dict)
    """What may be done; without any it is read only."""

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if not separator or not scheme:
            raise ValueError("write it as dialect://user@host/database or sqlite:///file")
        if re.search(r"//[^/@]*:[^@]+@", f"//{rest}") or "password=" in rest.lower():
            raise ValueError("holds a password; name it with `credential` instead")
        return value

    @field_validator("read", "all")
    @classmethod
    def _only_ask(cls, value: str) -> str:
        if value and not ASKS.match(value):
            raise ValueError("begin it with SELECT or WITH")
        check(value)
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> "Sql":
        if not (self.read or self.operations):
            raise ValueError("give it read or operations")
        if self.read and bound(self.read) != {KEY}:
            raise ValueError("bind :key in read, and nothing else")
        if bound(self.all):
            raise ValueError("bind nothing in all")
        if self.operations and self.keys is None:
            raise ValueError("give operations their keys: {table, column}, where each is kept once")
        return self


def check(statement: str) -> None:
    """ValueError unless it is one statement whose values are all bound."""
    bare = QUOTED.sub("", statement)
    if ";" in bare or COMMENT.search(bare):
        raise ValueError("write one statement, without ; and without comments")
    if any(sign in bare for sign in ("{", "}", "%(", "%s")):
        raise ValueError("bind values as :name, never write them into the text")


def bound(statement: str) -> set[str]:
    """The names a statement binds."""
    return set(BOUND.findall(QUOTED.sub("", statement)))
