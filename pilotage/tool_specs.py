"""what a tools file declares: each system once, and nothing its parts say wrongly of each other."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from pilotage.credentials import REFERENCE
from runs.records.record import Record
from runs.records.version import Level, Risk
from tools.http.declared import Http
from tools.mail.declared import Mail
from tools.mcp.declared import Mcp
from tools.notify import MESSAGE
from tools.pace import ALL, LOOKS, Rate
from tools.sql.declared import Sql
from tools.tool import ASKED, Schema

OUTBOX = "outbox"
"""The tool that sends the customer's update; every home has it."""
PACED = ("http", "mcp", "mail")
"""Kinds whose other side may be asked only so often."""
PARTS = ("http", "sql", "mail", "mcp")
"""Kinds that declare themselves in a part of their own name."""


class ToolSpec(Record):
    """One system of the customer."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """As plans name it."""
    kind: Literal["records", "folder", "http", "sql", "mail", "mcp"]
    """`records` reads records by key; `folder` acts by leaving one file for each key; the others
    read, or do, what they declare."""
    path: str = ""
    """Of records and a folder: file or folder, relative to the home."""
    key_field: str = ""
    """Of records: the field that names one."""
    operations: tuple[str, ...] = ()
    """Of a folder: what may be asked of it."""
    http: Http | None = None
    sql: Sql | None = None
    mail: Mail | None = None
    mcp: Mcp | None = None
    rates: dict[str, Rate] = Field(default_factory=dict)
    """By operation, `read`, `look_up` or `probe`, or `all` together: how often it may be asked."""
    undo: dict[str, str] = Field(default_factory=dict)
    """By operation: the operation that takes back what it did, asked for with the same content."""
    is_reversible: bool | None = None
    """Whether what it did can be taken back; only a folder says yes by itself."""
    level: Level = "update"
    risks: tuple[Risk, ...] = ()
    credential: str = Field(default="", pattern=REFERENCE)
    """Where its secret stands: `env:NAME`, or `file:NAME` below `secrets/` of the home; never the
    secret itself. A folder signs its files with it; records are read only where it is there."""
    is_made_up: bool = False
    """A demo's own; a system of a real customer is refused in a demo."""

    @model_validator(mode="after")
    def _is_whole(self) -> "ToolSpec":
        for wrong in self._problems():
            raise ValueError(wrong)
        return self

    @property
    def forms(self) -> dict[str, Schema]:
        """The form of what each operation is asked for, by operation."""
        default = MESSAGE if self.name == OUTBOX else ASKED
        part = self.mcp or self.mail or self.sql
        declared = self.http.endpoints if self.http else part.operations if part else None
        if declared is not None:
            return {name: one.form or default for name, one in declared.items()}
        return dict.fromkeys(self.operations, default)

    @property
    def acts(self) -> bool:
        """False for what only reads, whatever level it says."""
        return bool(self.forms)

    def _problems(self) -> Iterator[str]:
        """What its parts say wrongly of each other."""
        for kind in PARTS:
            if (getattr(self, kind) is not None) != (self.kind == kind):
                yield f"`{kind}` belongs to kind {kind}, and only there; mend one of the two"
        yield from self._file_problems()
        if self.acts and self.level == "read":
            yield "level read, and it declares what it does; leave that away, or say what level"
        filled = self.http or self.mail or self.mcp
        if filled is not None:
            yield from filled.strange_holes(self.forms)
        if self.mail is not None:
            yield from self._mail_problems(self.mail)
        if self.mcp is not None:
            yield from self._mcp_problems(self.mcp)
        yield from self._rate_problems()
        named = {*self.undo, *self.undo.values()}
        if unknown := sorted(named - set(self.forms)):
            yield f"undo names {', '.join(unknown)}, which is no operation of it; name one that is"

    def _rate_problems(self) -> Iterator[str]:
        """What has a rate and is nothing that is asked."""
        if self.rates and self.kind not in PACED:
            yield f"rates belong to kinds {', '.join(PACED)}; leave them away"
        part = self.http or self.mcp
        looks = [name for name in LOOKS if getattr(part, name, None) is not None]
        known = [*self.forms, *looks, ALL]
        if self.kind in PACED and (unknown := sorted(set(self.rates) - set(known))):
            yield f"rates name {', '.join(unknown)}; name some of {', '.join(known)}"

    def _file_problems(self) -> Iterator[str]:
        """What records and folders lack, or what is theirs alone."""
        if self.kind in ("records", "folder") and not self.path:
            yield f"give {self.kind} a path" if self.kind == "records" else "give a folder a path"
        if self.kind == "records" and not self.key_field:
            yield "give records a key_field"
        if self.kind == "folder" and not self.operations:
            yield "give a folder its operations"
        if self.operations and self.kind != "folder":
            yield "operations are a folder's; write `http.endpoints`, or `operations` in its part"

    def _mcp_problems(self, mcp: Mcp) -> Iterator[str]:
        """What its way of being reached says wrongly of its credential."""
        if mcp.command and self.credential and not mcp.secret_env:
            yield "mcp: a program finds its credential in a variable; name it in secret_env"
        if mcp.secret_env and not (mcp.command and self.credential):
            yield "mcp: leave secret_env to a program that has a credential"

    def _mail_problems(self, mail: Mail) -> Iterator[str]:
        """What a letter is that its tool does not say."""
        if self.level != "trigger":
            yield "mail is of level trigger; write `level: trigger`"
        if self.is_reversible or self.undo:
            yield "what was mailed cannot be taken back; leave is_reversible and undo away"
        if not mail.only_to and not {"customer_facing", "irreversible"} <= set(self.risks):
            yield (
                "mail to anybody is of the risks customer_facing and irreversible; write them, or "
                "name in `mail.only_to` your own people"
            )
        if mail.security == "none" and self.credential:
            yield "mail: a credential is sent encrypted only; write security: starttls or tls"


class ToolsFile(Record):
    """Every system of one customer."""

    tools: tuple[ToolSpec, ...] = ()
