"""Processes made by forking: everything is imported once, and nothing is open when it is copied."""

import importlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 600
OUTPUT, LOADED = "output.txt", "loaded.txt"
ALONE = 1


def fork(work: Callable[[], None], folder: Path) -> int:
    """Do `work` in a child; its exit code, negative for the signal that ended it."""
    return ended(child(work, folder))


def child(work: Callable[[], None], folder: Path) -> int:
    """The id of a child that does `work`; what it prints goes to a file of the folder.

    Raises AssertionError when this process has a second thread: its locks would be copied.
    """
    if threading.active_count() != ALONE:
        raise AssertionError(f"a fork beside threads: {threading.enumerate()}")
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    made = os.fork()
    if made == 0:
        _be_child(work, folder / OUTPUT)
    return made


def ended(made: int, patience_s: float = PATIENCE_S) -> int:
    """Wait for a child; its exit code, negative for a signal, SIGTERM when it took too long."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        gone, status = os.waitpid(made, os.WNOHANG)
        if gone:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(made, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(made, 0)[1])


def note_loaded(folder: Path) -> None:
    """Say which modules this child came to need."""
    (folder / LOADED).write_text("\n".join(sys.modules))


def load_as(folder: Path) -> None:
    """Import here what a child came to need, so that the next ones have it already."""
    for name in (folder / LOADED).read_text().splitlines():
        if name not in sys.modules:
            # What a library made by hand cannot be imported, and is made again by its child.
            with suppress(ImportError):
                importlib.import_module(name)


def told(folders: Iterable[Path], most: int) -> str:
    """The end of what the children of these folders printed."""
    files = [folder / OUTPUT for folder in folders]
    return "".join(file.read_text()[-most:] for file in files if file.exists())


def leave(code: int) -> None:
    """End this process at once, as a kill would, and say how."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _be_child(work: Callable[[], None], output: Path) -> None:
    """Never returns: what the parent would do on its way out is not the child's to do."""
    code = 1
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        leave(code)
