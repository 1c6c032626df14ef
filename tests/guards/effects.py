"""What a module does to the world when it is imported: a program, for a process of its own.

`python -B -m tests.guards.effects NAME...` imports the modules one after the other and prints a
line for each effect; it ends with 1 if there was one. Reading files is allowed.
"""

import importlib
import io
import os
import sys
import sysconfig
import threading
from contextlib import redirect_stderr, redirect_stdout

EFFECTS = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.mkdir",
    "os.posix_spawn",
    "os.putenv",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.system",
    "os.truncate",
    "tempfile.",
    "sqlite3.connect",
)
KNOWN = {
    # Tells its own threads how to behave, before it loads the library that reads it.
    ("numpy", "os.putenv"),
    ("sklearn", "os.putenv"),
    # Asks what kind of machine this is.
    ("croniter", "subprocess.Popen"),
    # Asks whether this machine has IPv6, by binding to its loopback address.
    ("urllib3", "socket.__new__"),
    ("urllib3", "socket.bind"),
}
STANDARD = sysconfig.get_path("stdlib")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def watched(name: str) -> bool:
    """Whether importing it must do nothing.

    `pilotage.studio` is how LangGraph's server loads the graph; Alembic runs what stands below
    `runs.migrations` as scripts.
    """
    return name != "pilotage.studio" and not name.startswith("runs.migrations.")


def is_effect(event: str, args: tuple) -> bool:
    """Whether an audit event of the interpreter changes anything outside it."""
    if event == "open":
        mode, flags = args[1], args[2]
        writes = any(letter in (mode or "") for letter in "wax+") or bool((flags or 0) & WRITING)
        return writes and str(args[0]) != os.devnull
    return event.startswith(EFFECTS)


def blamed() -> str:
    """The installed package nearest to the event, or "" where our own code is nearer."""
    frame = sys._getframe(2)
    while frame:
        file = frame.f_code.co_filename
        if "site-packages" in file:
            return str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if not file.startswith((STANDARD, "<frozen", __file__)):
            return ""
        frame = frame.f_back
    return ""


class Watch:
    """What happens while it is on."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.is_on = False

    def audit(self, event: str, args: tuple) -> None:
        """Keep an event that is an effect; an audit hook, so it stays for the process's life."""
        if self.is_on and is_effect(event, args) and (blamed(), event) not in KNOWN:
            self.seen.append(f"{event} {args!r:.120}")

    def threads(self) -> None:
        """Keep every start of a thread, which the interpreter tells no hook before 3.13."""
        start = threading.Thread.start

        def watched_start(thread: threading.Thread) -> None:
            if self.is_on:
                self.seen.append(f"thread {thread.name}")
            start(thread)

        setattr(threading.Thread, start.__name__, watched_start)

    def effects(self, name: str) -> list[str]:
        """Import one module and say what it did."""
        printed = io.StringIO()
        self.seen, self.is_on = [], True
        with redirect_stdout(printed), redirect_stderr(printed):
            try:
                importlib.import_module(name)
            except BaseException as error:
                self.seen.append(f"raised {error!r}")
        self.is_on = False
        said = [f"printed {printed.getvalue()!r:.300}"] if printed.getvalue() else []
        return [f"{name}: {effect}" for effect in self.seen + said]


def main(names: list[str]) -> int:
    """Print every effect of importing `names`; 1 if there was one."""
    watch = Watch()
    sys.addaudithook(watch.audit)
    watch.threads()
    found = [line for name in names for line in watch.effects(name)]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
