"""which program this is, and with what it was built."""

import platform
from importlib.metadata import version as version_of

import click

import pilotage
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show

BUILT_WITH = ("langgraph", "dbos", "sqlalchemy", "chromadb", "scikit-learn", "pydantic", "click")


@click.command(
    epilog="Examples:\n\n  pilotage version\n\n  pilotage version --json",
)
@json_option
def version(*, as_json: bool) -> None:
    """Say which program this is, and with what it was built."""
    parts = {name: version_of(name) for name in BUILT_WITH}
    value = {"version": pilotage.__version__, "python": platform.python_version(), "parts": parts}
    lines = [
        f"pilotage {pilotage.__version__} (Python {platform.python_version()})",
        *(f"  {name} {number}" for name, number in parts.items()),
    ]
    show("version", value, lines, as_json=as_json)
