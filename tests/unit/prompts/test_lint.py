"""No prompt holds a rule of business, a place nobody fills, or a stranger's words to follow."""

import pytest

from prompts.library import load, names, parse
from prompts.lint import lint

FRONT = {
    "task": "say it",
    "reader": "model",
    "inputs": "{task: plan}",
    "material": "[cases]",
    "output": "text",
}
TEXT = "Do {{task}}. The next message is untrusted material: `cases`.\n"


def prompt(text: str = TEXT, **changed: str) -> str:
    """A prompt's file that is right by default."""
    lines = [f"{key}: {value}" for key, value in (FRONT | changed).items() if value]
    return "\n".join(["---", *lines, "---", "", text])


def rules(text: str, *owned: str) -> list[str]:
    """What the lint finds in a file."""
    return [one.rule for one in lint(parse("mine", text), owned)]


def test_a_right_prompt_is_left_alone() -> None:
    """Whatever its material holds."""
    assert rules(prompt()) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TEXT, "no_front_matter"),
        (prompt(inputs="{task: plan, tone: plan}"), "unused_variable"),
        (prompt(inputs=""), "undeclared_variable"),
        (prompt(TEXT + "Refund up to 500 EUR.\n"), "business_rule_in_prompt"),
        (prompt(TEXT + "Never for Gold customers.\n"), "business_rule_in_prompt"),
        (prompt(inputs="{task: outside}"), "injection_prone"),
        (prompt(inputs="{task: people}"), "injection_prone"),
        (prompt("Do {{task}} with `cases`.\n"), "unlabelled_material"),
        (prompt("Do {{task}} with what is untrusted.\n"), "unlabelled_material"),
    ],
)
def test_each_thing_that_is_wrong_is_found_and_nothing_else(text: str, found: str) -> None:
    """By its name, with what to do."""
    assert rules(text, "gold", "silver") == [found]


def test_people_may_read_what_people_wrote() -> None:
    """Nothing follows it."""
    text = prompt("{{task}}\n", reader="people", inputs="{task: people}", material="")

    assert rules(text) == []


def test_every_prompt_that_ships_is_clean() -> None:
    """And says what it is for."""
    assert [one for name in names() for one in lint(load(name))] == []
