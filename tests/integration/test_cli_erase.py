"""Words are taken out of a real home from the command line, and everything still answers."""

import json
from pathlib import Path

import pytest

from runs import approvals
from runs.store.store import Store
from tests.builders import NOW
from tests.integration.test_cli_run import HOLES, START
from tests.unit.memory_store.builders import draft
from tests.unit.pilotage.homes import House, make_house

CANARY = "canary4711"
TITLE, WHY, NO = (f"{CANARY} {word}" for word in ("title", "text", "reason"))
ERASE = ("--reason", "asked for by the customer", "--yes")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A home in which a run ended on a person's no."""
    folder = tmp_path_factory.mktemp("erased")
    plan = folder / "plan.yaml"
    plan.write_text(HOLES)
    house = make_house(folder / "home")
    told = ("--title", TITLE, "--text", WHY, "--plan", str(plan))
    started = house.run(*START[:2], *told, by="dan")
    assert started.exit_code == 3, started.output
    return house


def run_of(house: House) -> str:
    """The home's only run."""
    [run] = house.store.runs.list(house.customer)
    return run.id


@pytest.fixture(scope="module")
def ended(house: House) -> str:
    """The run, after its update was refused with a reason."""
    id = run_of(house)
    waits_for = house.store.runs.get(house.customer, id).waits_for
    asked = approvals.get(house.store, house.customer, waits_for)
    early = house.run("erase", "run", id, *ERASE)
    assert early.exit_code == 7
    assert "still reads what it was started with" in early.stderr
    decided = house.run(
        *("approval", "reject", asked.id, "--digest", asked.subject[7:19], "--reason", NO),
        by=asked.needs[0].people[0],
    )
    assert decided.exit_code == 0, decided.output
    house.run("run", "watch", id, "--work", by="dan")
    return id


def said(house: House, *arguments: str) -> str:
    """What a command that goes well prints."""
    result = house.run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def scan(store: Store, folder: Path) -> list[str]:
    """Files of the home's databases that still hold a canary."""
    assert store.clock
    files = [file for file in folder.iterdir() if file.is_file() and ".db" in file.name]
    return [file.name for file in files if CANARY.encode() in file.read_bytes()]


def test_words_stand_in_every_answer_until_they_are_erased(house: House, ended: str) -> None:
    """List, story, explanation and question tell them as they were said."""
    question = json.loads(said(house, "run", "show", ended, "--json"))["approvals"][-1]["id"]

    assert TITLE in said(house, "run", "list")
    assert TITLE in said(house, "run", "show", ended)
    explained = said(house, "run", "explain", ended)
    assert all(text in explained for text in (TITLE, WHY, NO))
    assert NO in said(house, "approval", "show", question)
    assert TITLE in said(house, "approval", "list", "--status", "any")


def test_no_notice_holds_what_could_not_be_erased_there(house: House, ended: str) -> None:
    """People are told that something waits, not what somebody wrote."""
    assert ended
    texts = [file.read_text() for file in (house.folder / "notices").rglob("*.txt")]

    assert texts
    assert not any(CANARY in text for text in texts)


@pytest.mark.parametrize("by", ["dan", "ben"])
def test_only_an_owner_or_compliance_erases(house: House, ended: str, by: str) -> None:
    """Code 6, and which roles may."""
    result = house.run("erase", "run", ended, *ERASE, by=by)

    assert result.exit_code == 6
    assert "holds none of the roles owner, compliance" in result.stderr


def test_without_a_terminal_it_takes_a_flag(house: House, ended: str) -> None:
    """It cannot be undone."""
    result = house.run("erase", "run", ended, "--reason", "asked for")

    assert result.exit_code == 2
    assert "add --yes" in result.stderr


def test_after_an_erasure_everything_answers_and_says_so(house: House, ended: str) -> None:
    """No canary in any answer or file of the databases; the record is what its chain says."""
    assert scan(house.store, house.folder)
    question = json.loads(said(house, "run", "show", ended, "--json"))["approvals"][-1]["id"]

    value = json.loads(said(house, "erase", "run", ended, *ERASE, "--json"))

    assert value["schema"] == "pilotage/erased/1"
    assert len(value["erased"]) >= 4
    answers = [
        said(house, "run", "list"),
        said(house, "run", "show", ended),
        said(house, "run", "explain", ended),
        said(house, "approval", "show", question),
        said(house, "approval", "list", "--status", "any", "--json"),
    ]
    assert not any(CANARY in answer for answer in answers)
    assert all("[erased " in answer and "by olga]" in answer for answer in answers)
    assert "ok" in said(house, "audit", "verify")
    assert scan(house.store, house.folder) == []


def test_erasing_again_says_that_nothing_is_left(house: House, ended: str) -> None:
    """And changes nothing."""
    said(house, "erase", "run", ended, *ERASE)
    before = len(house.store.events(house.customer, limit=10_000))

    assert "nothing is left to erase" in said(house, "erase", "run", ended, *ERASE)
    assert len(house.store.events(house.customer, limit=10_000)) == before


def test_one_text_is_erased_by_its_digest(house: House, ended: str) -> None:
    """As `run explain` names it: here the words of an erasure itself."""
    said(house, "erase", "run", ended, *ERASE)
    events = house.store.events(house.customer, limit=10_000)
    reason = next(str(e.body["reason"]) for e in events if e.kind == "snapshot_erased")

    assert "1 reason" in said(house, "erase", "text", reason[7:19], *ERASE)
    assert house.run("erase", "text", "f" * 20, *ERASE).exit_code == 2


def test_a_lesson_is_erased_with_its_vectors(house: House) -> None:
    """The worker takes it out of the index later; it is found no more at once."""
    memory = house.wired.engines("").memory(house.store)
    kept = memory.propose(house.customer, draft(text=f"Ask {CANARY} first."), now=NOW).lesson
    memory.accept(house.customer, "ana", kept.id)

    assert f"lesson {kept.id}: erased" in said(house, "erase", "lesson", kept.id, *ERASE)

    assert CANARY not in said(house, "memory", "search", f"ask {CANARY} first")
    assert house.store.lessons.get(house.customer, kept.id).text == ""
    assert any(job.kind == "index_lessons" for job in house.store.jobs.waiting())
