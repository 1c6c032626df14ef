"""Prompts: rendered strictly, named by what they say."""

import pytest

from prompts import library
from prompts.library import Prompt, load, parse, render
from runs.errors import InvalidInput, NotFound

GREETING = parse("greeting", "Dear {{person}}, {{ news }}")


def test_every_place_is_filled() -> None:
    """Spaces inside the braces do not matter."""
    filled = GREETING.render({"person": "Ana", "news": "it is done."})

    assert filled == "Dear Ana, it is done."


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"person": "Ana"}, "news"),
        ({"person": "Ana", "news": "", "mood": "good"}, "mood"),
        ({}, "person"),
    ],
)
def test_a_missing_or_unknown_variable_is_an_error(values: dict[str, str], names: str) -> None:
    """A hole in an update, or a figure that no place shows, stops here."""
    with pytest.raises(InvalidInput, match=names):
        GREETING.render(values)


def test_a_value_that_is_no_text_is_refused() -> None:
    """Whoever fills a place says how a number reads."""
    with pytest.raises(InvalidInput, match="not text"):
        GREETING.render({"person": "Ana", "news": 3})  # pyright: ignore[reportArgumentType] -- the refusal


def test_what_a_value_contains_is_not_filled_again() -> None:
    """A customer's text cannot reach another place."""
    assert GREETING.render({"person": "{{news}}", "news": "x"}) == "Dear {{news}}, x"


@pytest.mark.parametrize("text", ["{{Name}}", "{{a b}}", "{{ }}", "a }} b", "{{open"])
def test_braces_around_anything_but_a_name_are_refused(text: str) -> None:
    """A misspelt place is found when the prompt is loaded, not by who reads it."""
    with pytest.raises(InvalidInput, match="does not enclose"):
        parse("broken", text)


def test_the_digest_names_the_wording() -> None:
    """One letter makes another prompt; the name alone does not."""
    one, same, other = (Prompt(name=n, text=t) for n, t in [("a", "x"), ("b", "x"), ("a", "y")])

    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize("name", ["absent", "../library", "update.md", "Update", ""])
def test_an_unknown_name_is_not_found(name: str) -> None:
    """Only a file of this folder is ever read."""
    with pytest.raises(NotFound, match="update"):
        load(name)


def test_every_prompt_that_ships_can_be_loaded() -> None:
    """What is broken is broken here first."""
    assert "update" in library.names()
    assert [load(name).name for name in library.names()] == library.names()


def test_the_update_shows_each_figure_with_its_record() -> None:
    """The customer's page carries the audited facts word for word."""
    facts = {
        "title": "The desk's tickets",
        "outcome": "stage reached",
        "reason": "full operations since Monday",
        "figures": "- wrong answers: 3 of 412 [r-1.stage.3]",
        "owner": "ana",
    }

    page = render("update", **facts)

    assert all(value in page for value in facts.values())
    assert "{{" not in page


FILE = (
    "---\ntask: greet\nreader: people\ninputs: {person: people}\noutput: markdown\n---\n\n"
    "Dear {{person}}\n"
)


def test_what_a_prompt_is_for_is_no_part_of_its_words() -> None:
    """It is read from before them."""
    prompt = parse("greeting", FILE)

    assert prompt.text == "Dear {{person}}\n"
    assert prompt.front is not None
    assert (prompt.front.task, prompt.front.inputs) == ("greet", {"person": "people"})


def test_another_purpose_is_another_prompt() -> None:
    """Who reads it and what comes of it belong to what people tried and agreed to."""
    others = [FILE.replace("people\ninputs", "model\ninputs"), FILE.replace("markdown", "text")]

    assert len({parse("greeting", text).digest for text in [FILE, *others]}) == 3


@pytest.mark.parametrize(
    ("old", "false", "names"),
    [
        ("task: greet\n", "", "task"),
        ("reader: people", "reader: somebody", "line 3: reader"),
        ("{person: people}", "{person: friends}", "inputs.person"),
        ("output: markdown", "outputs: markdown", "outputs"),
    ],
)
def test_a_front_that_is_wrong_is_refused_by_its_line(old: str, false: str, names: str) -> None:
    """With the key and the remedy, as rule files are."""
    with pytest.raises(InvalidInput, match=names):
        parse("greeting", FILE.replace(old, false))
