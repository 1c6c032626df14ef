"""What a person can set, read or meet in the audit is named in the documentation."""

import ast
import re
from collections.abc import Iterator
from typing import get_args

import pytest
import yaml

from runs.events import EventKind
from tests.guards.tree import ROOT, modules

VARIABLE = re.compile(r"(PILOTAGE|OPENAI)_[A-Z0-9_]+")
DOCS = "\n".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
DEFAULTS = sorted((ROOT / "policies" / "defaults").glob("*.yaml"))


def undocumented(names: set[str]) -> list[str]:
    """Those that stand on no page as a word of their own."""
    return sorted(name for name in names if not re.search(rf"\b{re.escape(name)}\b", DOCS))


def variables() -> set[str]:
    """Every environment variable the settings name."""
    settings = [module for module in modules() if module.name.startswith("pilotage.settings")]
    nodes = [node for module in settings for node in ast.walk(module.tree)]
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return {text for text in texts if VARIABLE.fullmatch(text)}


def keys(value: object) -> Iterator[str]:
    """Every key of a rule file, however deep."""
    if isinstance(value, dict):
        yield from (str(key) for key in value)
        value = list(value.values())
    for one in value if isinstance(value, list) else []:
        yield from keys(one)


def test_every_event_of_the_audit_is_explained() -> None:
    """An auditor finds every kind of line."""
    assert undocumented(set(get_args(EventKind))) == []


def test_every_setting_is_explained() -> None:
    """Whoever operates Pilotage finds every variable."""
    assert undocumented(variables()) == []


def test_every_variable_is_found_that_the_settings_read() -> None:
    """The look above sees them: as soon as there are settings, there are variables."""
    assert bool(variables()) == any(m.name.startswith("pilotage.settings") for m in modules())


@pytest.mark.parametrize("file", DEFAULTS, ids=lambda file: file.name)
def test_every_key_of_the_shipped_rules_is_explained(file) -> None:
    """An operations lead finds every value that can be edited."""
    found = set(keys(yaml.safe_load(file.read_text(encoding="utf-8"))))

    assert found
    assert undocumented(found) == []


def test_a_name_inside_another_is_not_an_explanation() -> None:
    """`run_opened` on a page says nothing of `run_open`."""
    assert undocumented({"run_opened", "run_open"}) == ["run_open"]
    assert set(keys({"a": [{"b": 1}], "c": {"d": "e"}})) == {"a", "b", "c", "d"}
