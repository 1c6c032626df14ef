"""What was mistyped, or is not what it should be, is told in one sentence, and nothing breaks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.pilotage.homes import House, make_house


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home of customer acme."""
    return make_house(tmp_path / "home")


def test_a_command_that_cannot_be_typed_says_where_it_is_explained(house: House) -> None:
    """Code 2, the same sentence to people and to programs, whether a flag or a file is wrong."""
    for arguments in (("run", "list", "--nothing"), ("plan", "check", "/no/such"), ("rnu",)):
        result = house.run(*arguments, "--json")
        says = json.loads(result.stdout)["error"]

        assert (result.exit_code, says["exit_code"]) == (2, 2)
        assert f"error: {says['message']}\n" in result.stderr
        assert says["message"].endswith("--help`")


def test_files_of_the_home_that_are_no_text_are_told(house: House) -> None:
    """Code 2, with the file: rules and tools are read by whoever they concern."""
    tools, rules = house.wired.home.tools_file("acme"), house.wired.home.rules_file
    tools.parent.mkdir(exist_ok=True)
    tools.write_bytes(b"\xff\xfe")
    looked = house.run("doctor")
    rules.unlink()
    rules.mkdir()
    read = house.run("doctor")

    assert "acme.yaml: cannot be read" in looked.stdout
    assert "installation.yaml: cannot be read" in read.output
    assert "this should not have happened" not in looked.output + read.output


def test_a_reader_who_leaves_ends_the_command_without_a_complaint(house: House) -> None:
    """As `head` does: code 141, and nothing on stderr."""
    listing = subprocess.Popen(
        [sys.executable, "-m", "pilotage", "audit", "export", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PILOTAGE_HOME": str(house.folder)},
    )
    assert listing.stdout is not None
    listing.stdout.close()
    says = listing.communicate()[1]

    assert (listing.returncode, says) == (141, b"")
