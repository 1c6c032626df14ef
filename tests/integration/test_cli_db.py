"""`db check`, `db migrate`, and what `doctor` says of the database."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from pilotage import settings
from pilotage.cli import exits
from pilotage.founding import prepare
from pilotage.home import Home, Mark
from runs.errors import InvalidInput
from tests import databases
from tests.unit.pilotage.homes import House, make_house

PARTS = {"sqlite": ["record"], "postgresql": ["record", "checkpoints", "queue"]}
SECRET = "hunter2"
GONE = f"postgresql://ana:{SECRET}@localhost:1/none"

pytestmark = pytest.mark.both_databases


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home of one customer."""
    return make_house(tmp_path / "home")


def alter(house: House, statement: str) -> None:
    """Change the schema behind the program's back."""
    with house.store.database.writing() as connection:
        connection.execute(sa.text(statement))


def test_a_database_that_is_as_it_should_be_is_well(house: House, database: str) -> None:
    """Every engine's tables are at the revision of this program."""
    found = json.loads(house.run("db", "check", "--json", by="").stdout)

    assert found["schema"] == "pilotage/db/1"
    assert found["ok"] is True
    assert [part["name"] for part in found["parts"]] == PARTS[database]
    assert found["server"].startswith(database)
    assert found["latency_ms"] > 0


def test_quiet_says_nothing_of_what_is_well(house: House) -> None:
    """So cron mails only when somebody is needed."""
    done = house.run("--quiet", "db", "check", by="")

    assert (done.exit_code, done.output) == (exits.DONE, "")


def test_a_schema_that_differs_is_told_with_what_differs(house: House) -> None:
    """Code 8, and the remedy."""
    alter(house, "DROP INDEX ix_jobs_status_made_at")
    done = house.run("db", "check", by="")

    assert done.exit_code == exits.NOT_VERIFIED
    assert "WRONG record" in done.stdout
    assert "ix_jobs_status_made_at" in done.stdout
    assert "pilotage db migrate" in done.stderr


def test_an_older_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    """A database without tables has them all afterwards; again changes nothing."""
    folder = tmp_path / "home"
    Home(folder).make(Mark())
    house = House(folder, {}, None)  # pyright: ignore[reportArgumentType] -- nothing is wired yet
    empty = databases.empty_environment(folder)
    behind = house.run("db", "check", by="", **empty)
    moved = [house.run("db", "migrate", by="", **empty).exit_code for _ in range(2)]
    after = house.run("db", "check", "--json", by="", **empty)

    assert behind.exit_code == exits.NOT_VERIFIED
    assert "revision none" in behind.stdout
    assert moved == [exits.DONE, exits.DONE]
    assert json.loads(after.stdout)["ok"] is True


def test_a_server_that_does_not_answer_is_tried_again_later(house: House) -> None:
    """Code 75; the password is on no line."""
    for command in (["db", "check"], ["db", "migrate"], ["doctor"], ["run", "list"]):
        done = house.run(*command, PILOTAGE_DATABASE_URL=GONE)

        assert done.exit_code == exits.TEMPORARY
        assert "ana:***@localhost:1/none does not answer" in done.output
        assert SECRET not in done.output


def test_outside_a_home_there_is_nothing_to_check(tmp_path: Path) -> None:
    """Code 2, and how to begin."""
    house = House(tmp_path, {}, None)  # pyright: ignore[reportArgumentType] -- there is no home
    done = house.run("db", "check", by="")

    assert done.exit_code == exits.USAGE
    assert "pilotage init" in done.stderr


def test_doctor_says_which_database_it_is(house: House, database: str) -> None:
    """Its program, its version and its URL."""
    found = json.loads(house.run("doctor", "--json", by="").stdout)["findings"]
    [said] = [one["says"] for one in found if one["name"] == "database"]

    assert said.startswith(database)
    assert house.store.database.name in said


@pytest.mark.parametrize("url", [f"mysql://ana:{SECRET}@h/x", f"ana:{SECRET}@h", "elsewhere.db"])
def test_a_url_of_no_database_we_know_is_refused_without_its_password(url: str) -> None:
    """The variable, what it may be, and the remedy."""
    with pytest.raises(InvalidInput, match="PILOTAGE_DATABASE_URL") as told:
        settings.read({"PILOTAGE_DATABASE_URL": url})

    assert SECRET not in str(told.value)
    assert "postgresql://" in str(told.value)


def test_settings_do_not_tell_their_secrets() -> None:
    """They are printed in tracebacks and logs."""
    told = repr(settings.read({"PILOTAGE_DATABASE_URL": GONE, "PILOTAGE_TOKEN": "plt_a_b"}))

    assert SECRET not in told
    assert "plt_a_b" not in told


def test_preparing_again_changes_nothing(house: House) -> None:
    """Whatever made the home may be called again."""
    prepare(house.wired.settings)

    assert house.run("db", "check", by="").exit_code == exits.DONE
