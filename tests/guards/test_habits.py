"""The rules of the house that can be read off the code."""

import ast
import re
from collections.abc import Callable, Iterator
from textwrap import dedent

import pytest

from tests.guards.tree import Module, committed, functions, modules

PAUSES = ("agent/nodes/ask.py", "agent/nodes/monitor.py", "agent/nodes/wait_again.py")
BROAD = {"Exception", "BaseException"}
SILENCED = re.compile(r"#\s*(type:\s*ignore|pyright:\s*ignore|noqa|pragma:\s*no cover)(.*)")
CODES = re.compile(r"^(\[[^\]]*\]|:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)?[\s:#-]*")
# Written with a class, so that this line is not one.
LEFT_OPEN = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b")
CLOCKS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.monotonic",
    "time.perf_counter",
    "time.sleep",
    "time.time",
}
# Leases, heartbeats and jobs run on real time, whatever clock the records are handed.
ON_REAL_TIME = {"runs.clock", "runs.leases", "runs.queue"}
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv"}


def unexplained(module: Module) -> Iterator[int]:
    """Lines on which a check is silenced and no reason follows."""
    for line, comment in module.comments():
        found = SILENCED.search(comment)
        if found and len(CODES.sub("", found[2]).split()) < 2:
            yield line


def broad(module: Module) -> Iterator[int]:
    """Lines that catch everything, a pause included."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = {leaf.id for leaf in ast.walk(node.type or node) if isinstance(leaf, ast.Name)}
            if node.type is None or caught & BROAD:
                yield node.lineno


def tries(module: Module) -> Iterator[int]:
    """Lines on which a `try` begins."""
    yield from (n.lineno for n in ast.walk(module.tree) if isinstance(n, ast.Try | ast.TryStar))


def pauses(module: Module) -> Iterator[int]:
    """Lines that call `interrupt`, by whatever path."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "interrupt":
            yield node.lineno


def unbuilt(module: Module) -> Iterator[int]:
    """Lines that stand for code nobody wrote."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield node.lineno


def asks(module: Module, names: set[str]) -> Iterator[int]:
    """Lines that reach for one of the dotted `names`, or import it by its last part."""
    wanted = {tuple(name.rsplit(".", 1)) for name in names}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value).split(".")[-1]
            if (owner, node.attr) in wanted:
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and wanted & {
            (node.module or "", alias.name) for alias in node.names
        }:
            yield node.lineno


def clocks(module: Module) -> Iterator[int]:
    """Lines that read a clock or wait on one."""
    yield from asks(module, CLOCKS)


def settings(module: Module) -> Iterator[int]:
    """Lines that read the environment."""
    yield from asks(module, ENVIRONMENT)


def found(look: Callable[[Module], Iterator[int]], among: tuple[Module, ...]) -> list[str]:
    """Where `look` finds something."""
    return [f"{module.path}:{line}" for module in among for line in look(module)]


def test_a_silenced_check_says_why() -> None:
    """The reason stands on the line."""
    assert found(unexplained, modules() + modules("tests", "bench")) == []


def test_nothing_is_left_open_in_the_code() -> None:
    """What is not built is an issue, not a comment."""
    open_ends = [
        file.name
        for file in committed()
        if file.suffix in {".py", ".md", ".toml", ".yaml"}
        and LEFT_OPEN.search(file.read_text(encoding="utf-8"))
    ]

    assert open_ends == []
    assert found(unbuilt, modules()) == []


def test_the_loop_never_catches_everything() -> None:
    """The pause is an exception; whoever catches everything goes on unapproved."""
    assert found(broad, tuple(m for m in modules() if m.package == "agent")) == []


def test_only_three_nodes_pause_and_never_in_a_try() -> None:
    """One place to pause for a decision, one to wait for signals, one for a time to try again."""
    nodes = tuple(module for module in modules() if module.path in PAUSES)

    assert found(pauses, tuple(m for m in modules() if m.path not in PAUSES)) == []
    assert found(tries, nodes) == []


def test_only_the_settings_read_the_environment() -> None:
    """Every variable is read once, at the door."""
    below = tuple(m for m in modules() if m.package != "pilotage")

    assert found(settings, below) == []


def test_only_the_clock_the_leases_and_the_queue_read_the_time() -> None:
    """Time is an argument everywhere else below the door."""
    below = (module for module in modules() if module.package != "pilotage")

    assert found(clocks, tuple(m for m in below if m.name not in ON_REAL_TIME)) == []


@pytest.mark.parametrize(
    ("look", "line"),
    [
        (unexplained, "x = 1  # type: ignore"),
        (unexplained, "x = 1  # noqa: E501"),
        (unexplained, "x = 1  # type: ignore[call-arg]  # yes"),
        (broad, "try:\n    x()\nexcept Exception:\n    pass"),
        (broad, "try:\n    x()\nexcept (OSError, BaseException):\n    pass"),
        (broad, "try:\n    x()\nexcept:\n    pass"),
        (tries, "try:\n    x()\nfinally:\n    y()"),
        (pauses, "types.interrupt({})"),
        (unbuilt, "raise NotImplementedError('later')"),
        (clocks, "now = datetime.datetime.now(UTC)"),
        (clocks, "from time import monotonic"),
        (settings, "key = os.environ['KEY']"),
        (settings, "from os import environ"),
    ],
)
def test_a_broken_rule_is_seen(look: Callable[[Module], Iterator[int]], line: str) -> None:
    """Each look finds what it is for."""
    specimen = Module("agent/specimen.py", line, ast.parse(line))

    assert found(look, (specimen,)) != []


@pytest.mark.parametrize(
    ("look", "line"),
    [
        (unexplained, "x = 1  # type: ignore[call-arg]  # the stub lacks the argument"),
        (unexplained, "x = 1  # noqa: E501 - a table reads better whole"),
        (unexplained, "x = '# type: ignore'"),
        (broad, "try:\n    x()\nexcept OSError:\n    pass"),
        (pauses, "interrupted = job.interrupt_after(3)"),
        (clocks, "now = clock.now()"),
        (settings, "home = settings.environment"),
    ],
)
def test_what_only_looks_like_it_is_left_alone(
    look: Callable[[Module], Iterator[int]], line: str
) -> None:
    """A reason, a string, a narrow class and a handed-in clock are all fine."""
    specimen = Module("agent/specimen.py", dedent(line), ast.parse(line))

    assert found(look, (specimen,)) == []


def test_every_test_says_its_guarantee() -> None:
    """A test has a docstring of one line."""
    tests = [f for m in modules("tests") for f in functions(m.tree) if f.name.startswith("test_")]

    assert [t.name for t in tests if "\n" in (ast.get_docstring(t) or "\n")] == []
