"""One conversation with an MCP server, led by the official SDK; only the parts beside it know it.

It ends in time and after so many bytes, whatever the server does, and none of the server's own
words are in an error or a log.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import INVALID_PARAMS, METHOD_NOT_FOUND, CallToolResult, TextContent
from pydantic import SecretStr

from runs.errors import InvalidInput, PilotageError
from tools.http.line import BUSY, REFUSALS
from tools.mcp.declared import Called, Mcp
from tools.mcp.line import Answer, Check, Gone
from tools.mcp.network import Heard, hush, open_client
from tools.mcp.pins import PARTS, Definition
from tools.mcp.program import Program, running
from tools.tool import NotSent

LONGEST = 6
"""A whole use may take so many times what one answer may."""
PAGES = 20
"""A server that lists its tools on more pages is not read further."""
REFUSED = (INVALID_PARAMS, METHOD_NOT_FOUND)
"""Errors of the protocol that say that nothing was done."""


@dataclass
class _Use:
    """What became of one use of the server."""

    heard: Heard
    is_asked: bool = False
    """The call was about to leave this machine."""
    definitions: dict[str, Definition] = field(default_factory=dict)
    result: CallToolResult | None = None


@dataclass(frozen=True)
class Server:
    """A declared server; each use of it is a conversation of its own, and nothing is kept open."""

    name: str
    mcp: Mcp
    folder: Path
    """Where a program runs: the home."""
    secret: SecretStr | None = field(default=None, repr=False)

    def offers(self) -> dict[str, Definition]:
        """What it says of each of its tools; NotSent when it does not answer."""
        use = self._use(None, {}, lambda found: None)
        return use.definitions

    def ask(self, called: Called, arguments: Mapping[str, Any], check: Check) -> Answer:
        """Ask one tool once, after `check` let the definitions pass.

        Raises what `check` raises and NotSent when it surely was not asked, InvalidInput or
        NotAllowed when it surely did nothing, Gone when nobody can tell.
        """
        use = self._use(called, arguments, check)
        assert use.result is not None
        return _answer(use.result)

    def _use(self, called: Called | None, arguments: Mapping[str, Any], check: Check) -> _Use:
        hush()
        use = _Use(Heard(self.mcp.max_bytes))
        told: Exception
        try:
            anyio.run(self._within, use, called, dict(arguments), check)
        except Exception as error:  # whatever a hostile server makes the library raise is its fault
            told = self._said(error, use, called)
        else:
            return use
        if use.result is not None:
            # It was answered: how the conversation ended afterwards changes nothing of it.
            return use
        raise told

    async def _within(
        self, use: _Use, called: Called | None, arguments: dict[str, Any], check: Check
    ) -> None:
        timeout = self.mcp.timeout_s
        with anyio.fail_after(LONGEST * timeout):
            transport = self._transport(use)
            async with Client(transport, read_timeout_seconds=timeout, cache=None) as client:
                use.definitions = await _list(client)
                check(use.definitions)
                if called is not None:
                    use.is_asked = True
                    use.result = await client.call_tool(called.tool, arguments)

    @asynccontextmanager
    async def _transport(self, use: _Use) -> AsyncIterator[Any]:
        mcp = self.mcp
        if mcp.command:
            told = {mcp.secret_env: self.secret.get_secret_value()} if self.secret else {}
            program = Program(mcp.command, told, self.folder, use.heard)
            async with running(program) as streams:
                yield streams
            return
        async with (
            open_client(mcp, self.secret, use.heard) as client,
            streamable_http_client(
                mcp.url, http_client=client, max_sse_event_size=mcp.max_bytes
            ) as streams,
        ):
            yield streams

    def _said(self, error: Exception, use: _Use, called: Called | None) -> Exception:
        """What a failure means; the server's words are left out."""
        first = _first(error)
        at = f"tool {self.name!r}: {called.tool if called else 'its tools'}"
        if isinstance(first, PilotageError) and not use.is_asked:
            return _bare(first)
        status = use.heard.status
        if status == BUSY or status in REFUSALS:
            return REFUSALS.get(status, NotSent)(f"{at}: answered {status}")
        if not use.is_asked:
            return NotSent(f"{at}: cannot be reached ({type(first).__name__})")
        if getattr(first, "code", None) in REFUSED:
            return InvalidInput(f"{at}: refused what it was asked")
        is_large = use.heard.is_over
        says = f"answered more than {self.mcp.max_bytes} bytes" if is_large else "no whole answer"
        return Gone(f"{at}: {says} ({type(first).__name__})", is_large=is_large)


def _bare(error: PilotageError) -> PilotageError:
    """The same, without what the library had in hand."""
    bare = type(error).__new__(type(error))
    bare.args = error.args
    return bare


async def _list(client: Client) -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    cursor: str | None = None
    for _ in range(PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            told = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
            found[tool.name] = {part: told[part] for part in PARTS if part in told}
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _first(error: BaseException) -> BaseException:
    """The failure inside: one of ours where there is one, else the innermost first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    inside = [_first(one) for one in error.exceptions]
    return next((one for one in inside if isinstance(one, PilotageError)), inside[0])


def _answer(result: CallToolResult) -> Answer:
    value = result.structured_content
    if value is None and len(result.content) == 1 and isinstance(result.content[0], TextContent):
        try:
            value = json.loads(result.content[0].text)
        except (ValueError, RecursionError):
            value = None
    return Answer(value, result.is_error, result.model_dump_json(by_alias=True).encode())
