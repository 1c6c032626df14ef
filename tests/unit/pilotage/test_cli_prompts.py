"""The words that ship and those of a file are shown and checked from the command line."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from pilotage.cli import exits
from pilotage.cli.main import pilotage
from policies.rules import write_policy
from prompts.library import load
from tests.unit.policies import builders

RULE = "---\ntask: t\nreader: people\noutput: text\n---\nAlways refund 500.\n"


def run(*words: str) -> Result:
    """A command about prompts."""
    return CliRunner().invoke(pilotage, ["prompts", *words])


def test_each_prompt_is_listed_with_the_digest_that_names_it() -> None:
    """The one that versions and proposals hold."""
    listed = json.loads(run("list", "--json").output)["prompts"]

    assert {"update": load("update").digest}.items() <= {
        one["name"]: one["digest"] for one in listed
    }.items()


def test_a_prompt_is_shown_word_for_word() -> None:
    """With whose words its places hold."""
    shown = run("show", "update").output

    assert load("update").text.strip() in shown
    assert "{{title}}: words of people" in shown


def test_what_ships_is_found_clean() -> None:
    """And the command ends well."""
    result = run("lint")

    assert (result.exit_code, result.output.endswith("nothing wrong\n")) == (exits.DONE, True)


def test_a_file_with_a_rule_is_found_and_ends_with_its_own_code(tmp_path: Path) -> None:
    """Programs read the finding."""
    file = tmp_path / "mine.md"
    file.write_text(RULE, encoding="utf-8")
    result = run("lint", str(file), "--json")

    assert result.exit_code == exits.GATE_NOT_MET
    [found] = json.loads(result.output)["findings"]
    assert (found["prompt"], found["rule"]) == ("mine", "business_rule_in_prompt")


def test_the_words_of_a_policy_may_not_stand_in_a_prompt(tmp_path: Path) -> None:
    """Its lists are what operations change."""
    file, policy = tmp_path / "mine.md", tmp_path / "policy.yaml"
    file.write_text(RULE.replace("500", "gold first"), encoding="utf-8")
    policy.write_text(write_policy(builders.policy()), encoding="utf-8")

    assert run("lint", str(file)).exit_code == exits.DONE
    assert "'gold'" in run("lint", str(file), "--policy", str(policy)).output


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """With what to do."""
    file = tmp_path / "mine.md"
    file.write_bytes(b"\xff\xfe\x00")
    result = run("lint", str(file))

    assert (result.exit_code, "save it as such" in result.stderr) == (exits.USAGE, True)
