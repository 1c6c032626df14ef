"""A program that speaks MCP: started for one use, listened to within a limit, and surely ended."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import mcp_types
from anyio.abc import Process
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage

from tools.mcp.network import Heard

GOODBYE_S = 2.0
"""A program may take so long to end once nobody speaks to it any more."""
GONE = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)


class Program(NamedTuple):
    """What is run."""

    command: Sequence[str]
    secret: Mapping[str, str]
    """Variables it is given beside the few that every program needs (PATH, HOME and so on)."""
    folder: Path
    heard: Heard


@asynccontextmanager
async def running(program: Program) -> AsyncIterator[Any]:
    """The program, as the SDK's two streams; OSError when it cannot be started.

    Its error output is thrown away: it may say what it was told.
    """
    process = await anyio.open_process(
        list(program.command),
        env={**get_default_environment(), **program.secret},
        cwd=program.folder,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    told, hears = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    says, said = anyio.create_memory_object_stream[SessionMessage](0)
    async with hears, says, anyio.create_task_group() as tasks:
        tasks.start_soon(_listen, process, told, program.heard)
        tasks.start_soon(_speak, process, said)
        try:
            yield hears, says
        finally:
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await _end(process)


async def _listen(process: Process, told: Any, heard: Heard) -> None:
    """Line by line, up to the limit; beyond it the conversation is over."""
    async with told:
        with suppress(*GONE):
            async for line in _lines(process, heard):
                await told.send(_message(line))


async def _lines(process: Process, heard: Heard) -> AsyncIterator[bytes]:
    held = bytearray()
    while not heard.is_over:
        assert process.stdout is not None
        piece = await process.stdout.receive()
        heard.count(len(piece))
        held += piece
        if b"\n" in piece:
            *lines, held = held.split(b"\n")
            for line in lines:
                yield bytes(line)


async def _speak(process: Process, said: Any) -> None:
    assert process.stdin is not None
    async with said:
        with suppress(*GONE):
            async for one in said:
                told = one.message.model_dump_json(by_alias=True, exclude_unset=True)
                await process.stdin.send(f"{told}\n".encode())


async def _end(process: Process) -> None:
    """Say nothing more, wait a little, then end it and everything it started."""
    assert process.stdin is not None
    with suppress(*GONE):
        await process.stdin.aclose()
    with anyio.move_on_after(GOODBYE_S):
        while process.returncode is None:
            await anyio.sleep(0.01)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with anyio.move_on_after(GOODBYE_S), suppress(*GONE):
        await process.aclose()


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error
