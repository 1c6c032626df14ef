"""Every module stands in the layout table, and says of itself what the table says of it."""

import ast

import pytest

from tests.guards.layout import Layout, layout
from tests.guards.tree import Module, modules, packages, project

TABLE = """
## The layout

```
runs/            the record      ~2200
  errors.py      every error
  a.py  b.py     two alike
  migrations/    Alembic
agent/           the loop
  nodes/
    ask.py       pause
```
"""


def plain(sentence: str) -> str:
    """The sentence without its full stop and with a small first letter."""
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


def first_line(module: Module) -> str:
    """What a module says of itself."""
    return (ast.get_docstring(module.tree) or "").partition("\n")[0]


@pytest.fixture(scope="module")
def table() -> Layout:
    """The table as it stands."""
    return layout()


def test_a_module_says_of_itself_what_the_table_says_of_it(table: Layout) -> None:
    """The first line of the docstring is the line of the table."""
    told = [(m.path, first_line(m), says) for m in modules() if (says := table.says(m.path))]

    assert [one for one in told if plain(one[1]) != plain(one[2])] == []


def test_no_module_is_missing_from_the_table(table: Layout) -> None:
    """Code without a line in the table belongs in a module that has one."""
    assert [m.path for m in modules() if not table.knows(m.path)] == []


def test_the_packages_of_table_wheel_and_contracts_are_the_same(table: Layout) -> None:
    """A package is added in all three places or in none."""
    contracts = project()["tool"]["importlinter"]["root_packages"]

    assert {path for path in table.lines if path.count("/") == 1 and path.endswith("/")} == {
        f"{name}/" for name in packages()
    }
    assert sorted(contracts) == sorted(packages())


def test_no_name_stands_twice(table: Layout) -> None:
    """A module and a package of the same name would hide one another."""
    paths = {module.path for module in modules()}

    assert [p for p in paths if p.removesuffix(".py") + "/__init__.py" in paths] == []


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("runs/__init__.py", "the record"),
        ("runs/errors.py", "every error"),
        ("runs/errors/__init__.py", "every error"),
        ("runs/b.py", "two alike"),
        ("agent/nodes/ask.py", "pause"),
        ("runs/other.py", None),
    ],
)
def test_the_table_is_read_as_it_is_written(path: str, says: str | None) -> None:
    """Folders by indentation, several names to a row, the size left out."""
    assert layout(TABLE).says(path) == says


@pytest.mark.parametrize(
    ("path", "covered"),
    [
        ("runs/errors/tree.py", True),
        ("runs/migrations/versions/a1.py", True),
        ("agent/nodes/__init__.py", True),
        ("agent/nodes/ask.py", True),
        ("runs/other.py", False),
        ("agent/nodes/other.py", False),
    ],
)
def test_only_a_split_module_or_a_whole_folder_answers_for_its_parts(
    path: str, *, covered: bool
) -> None:
    """A folder whose files are named one by one does not cover a file nobody named."""
    assert layout(TABLE).knows(path) is covered
