"""What the guards look at: the project's packages, modules and committed files."""

import ast
import io
import subprocess
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Module(NamedTuple):
    """One Python file, read and parsed once."""

    path: str
    """Relative to the project root, with forward slashes."""
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The name it is imported by."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """The top-level folder it stands in."""
        return self.path.partition("/")[0]

    def comments(self) -> Iterator[tuple[int, str]]:
        """Line and text of every comment; what stands in a string is not one."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@cache
def project() -> dict:
    """The project file, as parsed."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def packages() -> tuple[str, ...]:
    """The top-level packages the wheel ships."""
    return tuple(project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python file below `folders`, in order; below the shipped packages if none is named."""
    found = []
    for folder in folders or packages():
        for file in sorted((ROOT / folder).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            found.append(Module(file.relative_to(ROOT).as_posix(), text, ast.parse(text)))
    return tuple(found)


def committed() -> list[Path]:
    """Every file that is committed or would be: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
