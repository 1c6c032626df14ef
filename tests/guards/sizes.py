"""The sizes of section 6 of the house page that ruff does not check.

`python -m tests.guards.sizes` prints the table and every breach, and ends with 1 if there is one.
"""

import ast
import re
import sys
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from tests.guards.tree import Module, functions, modules, packages

LIMITS = {"module": 400, "function": 50, "arguments": 6, "nesting": 3, "test": 40}
MOCKS_PER_100_TESTS = 5
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
# Written with a class, so that this line is not one.
MOCK = re.compile(r"\bmonkeypatch[.]setattr\(|\b(?:Magic)?Mock\(|\bmock[.]patch|\bpatch\(")


class Size(NamedTuple):
    """One thing measured."""

    measure: str
    """A key of `LIMITS`."""
    place: str
    """File, and line where the thing is smaller than a file."""
    value: int


def sizes(module: Module) -> Iterator[Size]:
    """Every size of one module; what stands under tests/ and begins with test_ is a test."""
    yield Size("module", module.path, len(module.text.splitlines()))
    for function in functions(module.tree):
        is_test = module.package == "tests" and function.name.startswith("test_")
        place = f"{module.path}:{function.lineno} {function.name}"
        yield Size("test" if is_test else "function", place, length(function))
        yield Size("nesting", place, nesting(function))
        if not is_test:
            yield Size("arguments", place, arguments(function))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    first = function.body[0]
    return lines - ((first.end_lineno or first.lineno) - first.lineno + 1)


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Arguments a caller can give; `self` and `cls` are not among them."""
    given = function.args
    named = [one.arg for one in [*given.posonlyargs, *given.args]]
    extra = sum(one is not None for one in (given.vararg, given.kwarg))
    return len(named) - (named[:1] in (["self"], ["cls"])) + len(given.kwonlyargs) + extra


def nesting(node: ast.AST) -> int:
    """How deep blocks stand in blocks; a nested scope is counted apart."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, SCOPES):
            continue
        deeper = isinstance(child, BLOCKS) and not is_elif(node, child)
        deepest = max(deepest, nesting(child) + deeper)
    return deepest


def is_elif(node: ast.AST, child: ast.AST) -> bool:
    """Whether `child` is an `elif` of `node`, which stands no deeper than its `if`."""
    if not (isinstance(node, ast.If) and isinstance(child, ast.If)):
        return False
    return node.orelse == [child] and node.col_offset == child.col_offset


def breaches(measured: list[Size]) -> list[str]:
    """One sentence for each size over its limit."""
    return [
        f"{size.place}: {size.measure} {size.value}, the limit is {LIMITS[size.measure]}"
        for size in measured
        if size.value > LIMITS[size.measure]
    ]


def mocks_per_100_tests() -> float:
    """How often the tests put something in the place of our own code."""
    tests = [module for module in modules("tests") if not module.path.startswith("tests/guards/")]
    count = sum(f.name.startswith("test_") for module in tests for f in functions(module.tree))
    uses = sum(len(MOCK.findall(module.text)) for module in tests)
    return 100 * uses / max(count, 1)


def measured() -> list[Size]:
    """Every size in the packages, the tests and the measurements."""
    everything = modules() + modules("tests", "bench")
    # A revision of the schema is written once, by Alembic, and never edited again.
    written = (module for module in everything if "/migrations/versions/" not in module.path)
    return [size for module in written for size in sizes(module)]


def lines_in(found: tuple[Module, ...]) -> int:
    """All their lines together."""
    return sum(len(module.text.splitlines()) for module in found)


def is_shipped(size: Size) -> bool:
    """Whether it stands in one of the packages."""
    return size.place.partition("/")[0] in packages()


def table(everything: list[Size]) -> str:
    """Median, ninetieth percentile and largest of each measure, in the packages and the tests."""
    lines = [f"{'measure':<12}{'count':>7}{'median':>8}{'90 %':>7}{'most':>7}{'limit':>7}"]
    for measure, limit in LIMITS.items():
        counted = [s for s in everything if s.measure == measure]
        values = sorted(s.value for s in counted if measure == "test" or is_shipped(s)) or [0]
        ninetieth = values[min(len(values) * 9 // 10, len(values) - 1)]
        lines.append(
            f"{measure:<12}{len(values):>7}{median(values):>8g}"
            f"{ninetieth:>7}{values[-1]:>7}{limit:>7}"
        )
    code, tests = lines_in(modules()), lines_in(modules("tests"))
    lines.append(f"test / code {tests / max(code, 1):.2f} ({tests} / {code} lines)")
    mocks = mocks_per_100_tests()
    lines.append(f"mocks per 100 tests {mocks:.1f}, the limit is {MOCKS_PER_100_TESTS}")
    return "\n".join(lines)


def main() -> int:
    """Print the table and the breaches; 1 if there is a breach."""
    everything = measured()
    wrong = breaches(everything)
    sys.stdout.write("\n".join([table(everything), *wrong]) + "\n")
    return int(bool(wrong) or mocks_per_100_tests() > MOCKS_PER_100_TESTS)


if __name__ == "__main__":
    sys.exit(main())
