"""the systems of the tools file: what each may do, and what a server offers and is pinned to."""

from typing import Any

import click

from pilotage.cli import exits
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show, table
from pilotage.pinned import Offer, Seen, look
from runs.errors import NotFound
from tools.mcp.system import McpActs, McpRecords
from tools.tool import Closed, Compensated, Tool


@click.group(epilog="Examples:\n\n  pilotage tool list\n\n  pilotage tool show crm")
def tool() -> None:
    """The systems that workflows may reach."""


@tool.command("list", epilog="Examples:\n\n  pilotage tool list\n\n  pilotage tool list --json")
@json_option
@pass_call
def list_tools(call: Call, *, as_json: bool) -> None:
    """Each system: level, risks, what it may be asked, and who knows what became of it."""
    told = [_told(one) for _, one in sorted(call.wired.tools(call.customer).items())]
    rows = [
        (
            one["name"],
            one["level"],
            ", ".join(one["risks"]) or "no risk",
            ", ".join(one["operations"]) or "reads",
            one["unknown"],
        )
        for one in told
    ]
    heads = ("tool", "level", "risks", "may be asked", "an unknown outcome")
    show("tools", {"tools": told}, table(heads, rows, none="none"), as_json=as_json)


@tool.command(
    "show", epilog="Examples:\n\n  pilotage tool show crm\n\n  pilotage tool show crm --json"
)
@click.argument("name")
@json_option
@click.pass_context
def show_tool(ctx: click.Context, *, name: str, as_json: bool) -> None:
    """What one system may do; of an MCP server what it offers now, held against its pins.

    Asks none of its tools. Ends with 4 while one of them is not what is pinned. Run it where the
    worker runs: it needs the tool's secret.
    """
    call = ctx.ensure_object(Call)
    found = call.wired.tools(call.customer).get(name)
    if found is None:
        raise NotFound(f"there is no tool {name!r}; `pilotage tool list` shows them")
    if isinstance(found, Closed):
        found.read(name)
    told, lines = _told(found), _lines(found)
    offers: list[Offer] = []
    if isinstance(found, McpActs | McpRecords):
        offers = look(found.line, Seen(call.wired.home.seen_tools))
        told["offers"] = [one._asdict() | {"state": one.state} for one in offers]
        lines += [line for one in offers for line in _offer_lines(one)]
    show("tool", {"tool": told}, lines, as_json=as_json)
    if any(one.state != "pinned" for one in offers):
        ctx.exit(exits.GATE_NOT_MET)


def _told(found: Tool) -> dict[str, Any]:
    return {
        "name": found.name,
        "level": found.level,
        "risks": list(found.risks),
        "reversible": found.reversible,
        "operations": {name: dict(form) for name, form in found.schema.items()},
        "undo": dict(found.undo) if isinstance(found, Compensated) else {},
        "unknown": _settled_by(found),
        "credential_missing": found.credential if isinstance(found, Closed) else "",
    }


def _settled_by(found: Tool) -> str:
    """Who says what became of an action that was begun and not ended."""
    if isinstance(found, Closed):
        return f"nobody while {found.credential} leads to nothing"
    if not found.schema:
        return "it does nothing"
    if found.remembers_keys:
        return "the system, by its key"
    return "the system where it knows the key, otherwise a person"


def _lines(found: Tool) -> list[str]:
    told = _told(found)
    return [
        f"{found.name}: {found.level}, {', '.join(found.risks) or 'no risk class'}, "
        + ("can be taken back" if found.reversible else "cannot be taken back"),
        f"may be asked: {', '.join(found.schema) or 'nothing; it reads'}",
        f"an unknown outcome is settled by: {told['unknown']}",
    ]


def _offer_lines(one: Offer) -> list[str]:
    if one.state == "gone":
        return [f"{one.place}: its server offers no {one.tool}"]
    lines = [f"{one.place}: {one.tool} is {one.state}"]
    if one.state != "pinned":
        lines += [f"  {change}" for change in one.changes]
        definition = one.definition or {}
        lines += [f"  it says of itself: {definition.get('description', 'nothing')}"]
        fields = definition.get("inputSchema", {}).get("properties", {})
        lines += [f"  it takes: {', '.join(map(str, fields)) or 'nothing'}"]
        lines += [f"  to allow exactly this: pin: {one.digest}"]
    return lines
