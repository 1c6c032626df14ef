"""every environment variable: type, default, unit; read once, here.

`docs/operating.md` has the same table for whoever operates Pilotage.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from runs.errors import InvalidInput
from runs.store import address


@dataclass(frozen=True)
class Settings:
    """What the environment says, checked."""

    home: Path
    """Absolute; where everything a run leaves behind stands."""
    token: str = field(repr=False)
    """Who acts; empty when nobody said."""
    database_url: str = field(repr=False)
    """URL of the record's database, with its credentials."""
    customer: str
    """Whose records are meant; empty: the token's customer."""
    concurrency: int
    """Jobs the worker does at the same time."""
    poll_s: float
    """Seconds between two looks at the queue, and of a waiting command at a run."""
    tick_s: float
    """Seconds between two looks at what falls due."""
    drain_s: float
    """Seconds that what runs has to end when the worker is told to stop."""
    anchors: tuple[str, ...]
    """Places outside that are told where the chain ends."""
    anchor_hours: float
    """Hours between two anchors of one place."""
    model_url: str
    """Where a model is asked that no models file declares; empty when nobody said."""
    model_name: str
    """Its name there; empty when nobody said."""
    ranks: str
    """File, or folder, of token ranks; empty when nobody said."""
    key: str
    """File of the private key with which the asking person signs; empty when nobody said."""
    no_color: bool
    """Output without colour."""
    environment: Mapping[str, str] = field(repr=False)
    """What `env:NAME` in a tools file is looked up in; asked for by name only."""


@dataclass(frozen=True)
class Variable:
    """One environment variable."""

    name: str
    type: str
    default: str
    """As text; empty: unset."""
    unit: str
    says: str
    read: Callable[[str], Any]
    """The value of a text; ValueError with what is expected."""


ADDRESS = "sqlite:///<file> or postgresql://<user>:<password>@<host>:<port>/<database>"


def _text(text: str) -> str:
    return text.strip()


def _database(text: str) -> str:
    if text.strip():
        try:
            address.kind(text.strip())
        except InvalidInput as error:
            raise ValueError(ADDRESS) from error
    return text.strip()


def _address(text: str) -> str:
    url = urlsplit(text.strip())
    if text.strip() and (url.scheme not in ("http", "https") or not url.hostname or url.username):
        raise ValueError("http[s]://<host>[:<port>]/<path>, such as http://localhost:8000/v1")
    return text.strip()


def _whole(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise ValueError("a whole number from 1 to 64")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.001 <= seconds <= 3600:
        raise ValueError("seconds from 0.001 to 3600, such as 0.05")
    return seconds


def _places(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0.01 <= hours <= 720:
        raise ValueError("hours from 0.01 to 720, such as 24")
    return hours


VARIABLES = (
    Variable("PILOTAGE_HOME", "path", ".pilotage", "", "The folder of everything kept.", _text),
    Variable("PILOTAGE_TOKEN", "secret", "", "", "Says who acts: plt_<id>_<secret>.", _text),
    Variable(
        "PILOTAGE_DATABASE_URL",
        "URL",
        "",
        "",
        "The record's database, sqlite:///... or postgresql://...; unset: pilotage.db in the home.",
        _database,
    ),
    Variable(
        "PILOTAGE_CUSTOMER",
        "id",
        "",
        "",
        "The customer meant; a token of another customer is refused.",
        _text,
    ),
    Variable(
        "PILOTAGE_CONCURRENCY",
        "whole number",
        "4",
        "jobs",
        "How many jobs the worker does at the same time.",
        _whole,
    ),
    Variable(
        "PILOTAGE_POLL_S",
        "number",
        "0.05",
        "seconds",
        "Between two looks at the queue, or at a run that is watched.",
        _seconds,
    ),
    Variable(
        "PILOTAGE_TICK_S",
        "number",
        "2",
        "seconds",
        "Between two looks at what falls due: approvals, evidence, actions left open.",
        _seconds,
    ),
    Variable(
        "PILOTAGE_DRAIN_S",
        "number",
        "30",
        "seconds",
        "What runs has so long to end when the worker is told to stop.",
        _seconds,
    ),
    Variable(
        "PILOTAGE_ANCHOR",
        "places",
        "",
        "",
        "Where the chain's end is told: file:, git: or https:, several with blanks between.",
        _places,
    ),
    Variable(
        "PILOTAGE_ANCHOR_HOURS",
        "number",
        "24",
        "hours",
        "Between two anchors of one place; twice as long is late.",
        _hours,
    ),
    Variable("PILOTAGE_KEY", "path", "", "", "The private key you sign decisions with.", _text),
    Variable(
        "OPENAI_BASE_URL",
        "URL",
        "",
        "",
        "An endpoint of the OpenAI API; read where the home has no models.yaml.",
        _address,
    ),
    Variable(
        "OPENAI_API_KEY",
        "secret",
        "",
        "",
        "What is sent to it; alone it means OpenAI's own endpoint.",
        _text,
    ),
    Variable(
        "OPENAI_MODEL",
        "name",
        "",
        "",
        "The model to ask there; unset: the only one it lists, at OpenAI gpt-4o-mini.",
        _text,
    ),
    Variable(
        "PILOTAGE_RANKS",
        "path",
        "",
        "",
        "A file of token ranks, or a folder of them: tokens are counted exactly by it.",
        _text,
    ),
    Variable("NO_COLOR", "flag", "", "", "Set to anything: output without colour.", bool),
)


def read(environment: Mapping[str, str]) -> Settings:
    """The settings an environment gives; InvalidInput names variable, value and remedy."""
    value = {variable.name: _value(variable, environment) for variable in VARIABLES}
    home = Path(value["PILOTAGE_HOME"]).expanduser().absolute()
    return Settings(
        home=home,
        token=value["PILOTAGE_TOKEN"],
        database_url=value["PILOTAGE_DATABASE_URL"] or f"sqlite:///{home / 'pilotage.db'}",
        customer=value["PILOTAGE_CUSTOMER"],
        concurrency=value["PILOTAGE_CONCURRENCY"],
        poll_s=value["PILOTAGE_POLL_S"],
        tick_s=value["PILOTAGE_TICK_S"],
        drain_s=value["PILOTAGE_DRAIN_S"],
        anchors=value["PILOTAGE_ANCHOR"],
        anchor_hours=value["PILOTAGE_ANCHOR_HOURS"],
        model_url=value["OPENAI_BASE_URL"],
        model_name=value["OPENAI_MODEL"],
        ranks=value["PILOTAGE_RANKS"],
        key=value["PILOTAGE_KEY"],
        no_color=value["NO_COLOR"],
        environment=environment,
    )


def _value(variable: Variable, environment: Mapping[str, str]) -> Any:
    text = environment.get(variable.name, "") or variable.default
    try:
        return variable.read(text)
    except ValueError as error:
        then = f" (then {variable.default})" if variable.default else ""
        raise InvalidInput(
            f"{variable.name} is {address.shown(text)!r}; it is {error}; set it so or leave it "
            f"unset{then}"
        ) from None
