"""Commands in a real home: what they print, keep and end with."""

import json
from pathlib import Path

import pytest

from pilotage.home import Home
from policies.rules import write_policy
from runs import approvals, tables
from tests import builders
from tests.builders import NOW
from tests.unit.pilotage.homes import House, make_house, policy_of

READS = [
    ("run", "list"),
    ("approval", "list"),
    ("item", "list"),
    ("workflow", "list"),
    ("memory", "search", "anything"),
    ("audit", "verify"),
    ("user", "list"),
]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home of customer acme."""
    return make_house(tmp_path / "home")


def said(house: House, *arguments: str, by: str = "olga", stdin: str = "") -> str:
    """What a command that goes well prints on stdout."""
    result = house.run(*arguments, by=by, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


def ask(house: House) -> str:
    """Open a question of a run; the short digest of what is asked."""
    store, customer = house.store, house.customer
    now = house.wired.clock.now()
    store.runs.open(customer, "dan", builders.trigger(), builders.run())
    asked = builders.approval(due_at=now.replace(year=now.year + 1))
    return approvals.open_approval(store, customer, "run:r-1", asked).subject[7:19]


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_every_read_prints_one_object_that_says_its_form(
    house: House, command: tuple[str, ...]
) -> None:
    """With --json, and nothing beside it on stdout."""
    value = json.loads(said(house, *command, "--json"))

    assert value["schema"].startswith("pilotage/")
    assert value["schema"].endswith("/1")


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_nobody_reads_without_a_token(house: House, command: tuple[str, ...]) -> None:
    """Code 6, and how to get one."""
    result = house.run(*command, by="nobody")

    assert (result.exit_code, result.stdout) == (6, "")
    assert "PILOTAGE_TOKEN is not set" in result.stderr
    assert "pilotage token create" in result.stderr


@pytest.mark.parametrize("token", ["plt_0123_secret", "nonsense", "plt__"])
def test_a_token_nobody_made_opens_nothing(house: House, token: str) -> None:
    """Code 6."""
    assert house.run("run", "list", PILOTAGE_TOKEN=token).exit_code == 6


def test_a_folder_that_is_no_home_is_told_and_left_alone(tmp_path: Path, house: House) -> None:
    """Looking makes nothing."""
    result = house.run("--home", str(tmp_path / "other"), "run", "list")

    assert result.exit_code == 2
    assert "pilotage init" in result.stderr
    assert not (tmp_path / "other").exists()


def test_only_an_owner_adds_people_and_tokens(house: House) -> None:
    """Code 6 for everybody else."""
    assert house.run("user", "add", "zoe", "--role", "reviewer", by="ana").exit_code == 6
    assert house.run("token", "create", "ana", by="ben").exit_code == 6

    said(house, "user", "add", "zoe", "--role", "reviewer", "--role", "viewer")
    token = said(house, "token", "create", "zoe").strip()

    assert house.wired.identify(token).roles == ("reviewer", "viewer")
    assert "zoe" in said(house, "user", "list")


def test_a_role_that_no_rule_names_is_told(house: House) -> None:
    """With the one that was meant; it is given all the same, as a plan may name it."""
    added = house.run("user", "add", "zoe", "--role", "ops_laed")
    given = house.run("user", "role", "zoe", "--add", "ops_lead", "--add", "nonsense")

    assert (added.exit_code, given.exit_code) == (0, 0)
    assert "role 'ops_laed': no rule of this installation names it; did you mean ops_lead?" in (
        added.stderr
    )
    assert "role 'nonsense': no rule" in given.stderr
    assert "'ops_lead'" not in given.stderr


def test_a_person_cannot_be_added_twice_or_stood_in_for_by_a_stranger(house: House) -> None:
    """Code 2, and nothing changes."""
    assert house.run("user", "add", "ana", "--role", "reviewer").exit_code == 2
    assert house.run("user", "add", "zoe", "--role", "x", "--deputy", "nobody").exit_code == 2
    assert "zoe" not in said(house, "user", "list")


def test_a_programs_token_reads_what_its_scope_says_and_decides_nothing(house: House) -> None:
    """It never approves, and it adds nobody."""
    house.tokens["bot"] = said(
        house, "token", "create", "ana", "--scope", "read", "--service"
    ).strip()
    short = ask(house)

    assert house.run("run", "list", by="bot").exit_code == 0
    assert house.run("approval", "approve", "a-1", "--digest", short, by="bot").exit_code == 6
    assert house.run("user", "add", "zoe", "--role", "x", by="bot").exit_code == 6
    assert house.run("item", "submit", "desk", "-", by="bot", stdin='{"id": 1}').exit_code == 6


def test_a_program_starts_no_run_and_brings_no_cases(house: House, tmp_path: Path) -> None:
    """A named person answers for both; nothing is written."""
    house.tokens["bot"] = said(
        house, "token", "create", "ana", "--scope", "read", "--service"
    ).strip()
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(f'{{"text": "where {n}", "label": "a"}}' for n in range(9)))

    start = house.run("run", "start", "--title", "x", "--text", "y", "--detach", by="bot")
    bring = house.run("data", "import", str(cases), "--name", "a", "--workflow", "a", by="bot")

    assert (start.exit_code, bring.exit_code) == (6, 6)
    assert house.store.runs.list(house.customer) == []
    assert house.store.cases.datasets(house.customer) == []


def test_a_token_to_submit_reads_nothing(house: House) -> None:
    """A scope is all it holds."""
    made = said(house, "token", "create", "ana", "--scope", "submit", "--service").strip()
    house.tokens["bot"] = made

    assert house.run("item", "list", by="bot").exit_code == 6


def test_a_question_is_decided_by_those_who_were_asked_one_after_the_other(house: House) -> None:
    """Each by the digest they saw."""
    short = ask(house)

    first = said(house, "approval", "approve", "a-1", "--digest", short, by="ana")
    second = said(house, "approval", "approve", "a-1", "--digest", short, by="ben")

    assert (first, second) == ("a-1: open\n", "a-1: approved\n")
    assert approvals.get(house.store, house.customer, "a-1").status == "approved"


@pytest.mark.parametrize(
    ("by", "digest", "code"),
    [
        ("dan", "", 6),
        ("gil", "", 6),
        ("ana", "deadbeefdead", 7),
        ("ana", "abc", 2),
    ],
    ids=["the requester", "nobody asked", "another digest", "too short a digest"],
)
def test_an_answer_that_may_not_be_given_changes_nothing(
    house: House, by: str, digest: str, code: int
) -> None:
    """With the code that says why."""
    short = ask(house)

    result = house.run("approval", "approve", "a-1", "--digest", digest or short, by=by)

    assert result.exit_code == code
    assert approvals.decisions_of(house.store, house.customer, "a-1") == []


def test_where_nobody_can_be_asked_an_answer_needs_the_digest(house: House) -> None:
    """A stream of yes says nothing; what would follow is told, and the flag."""
    short = ask(house)

    result = house.run("approval", "approve", "a-1", by="ana", stdin="yes\n" * 100)

    assert result.exit_code == 2
    assert f"--digest {short}" in result.stderr
    assert "a version is built" in result.stderr
    assert approvals.decisions_of(house.store, house.customer, "a-1") == []


def test_a_second_answer_is_a_conflict(house: House) -> None:
    """Code 7; the first stands."""
    short = ask(house)
    said(house, "approval", "approve", "a-1", "--digest", short, by="ana")

    again = house.run("approval", "reject", "a-1", "--digest", short, "--reason", "no", by="ana")

    assert again.exit_code == 7
    assert len(approvals.decisions_of(house.store, house.customer, "a-1")) == 1


@pytest.mark.parametrize(
    ("command", "status"), [("reject", "rejected"), ("changes", "changes_asked")]
)
def test_a_no_and_a_wish_for_changes_close_with_their_reason(
    house: House, command: str, status: str
) -> None:
    """And not without."""
    short = ask(house)
    assert house.run("approval", command, "a-1", "--digest", short, by="ana").exit_code == 2

    said(house, "approval", command, "a-1", "--digest", short, "--reason", "no owner", by="ana")

    assert approvals.get(house.store, house.customer, "a-1").status == status
    assert "no owner" in said(house, "approval", "show", "a-1")


def test_what_waits_for_me_is_what_i_may_still_decide(house: House) -> None:
    """Not what others are asked, nor what I have answered."""
    short = ask(house)
    before = json.loads(said(house, "approval", "list", "--mine", "--json", by="ana"))
    said(house, "approval", "approve", "a-1", "--digest", short, by="ana")

    after = json.loads(said(house, "approval", "list", "--mine", "--json", by="ana"))
    others = json.loads(said(house, "approval", "list", "--mine", "--json", by="gil"))

    assert [asked["id"] for asked in before["approvals"]] == ["a-1"]
    assert after["approvals"] == others["approvals"] == []


def test_ids_may_be_shortened_while_they_are_unique(house: House) -> None:
    """And are refused when they are not."""
    ask(house)
    second = builders.trigger(id="t-2", key="k-2")
    house.store.runs.open(house.customer, "dan", second, builders.run(id="r-2", trigger="t-2"))

    assert "run r-1" in said(house, "run", "show", "r-1")
    assert house.run("run", "show", "r-").exit_code == 2
    assert house.run("run", "show", "x").exit_code == 2


def test_an_altered_record_is_found(house: House) -> None:
    """Code 8, with the row."""
    ask(house)
    with house.store.database.writing() as connection:
        table = tables.people
        connection.execute(table.update().where(table.c.id == "ana").values(name="Eve"))

    result = house.run("audit", "verify")

    assert result.exit_code == 8
    assert "was changed without an event" in result.stdout
    assert house.run("doctor").exit_code == 8


def test_the_values_that_lead_are_told_and_a_wrong_file_is_named(house: House) -> None:
    """With what is wrong in it; the last good values stay."""
    file = house.wired.home.policies("acme") / "desk.yaml"
    file.write_text(write_policy(policy_of("desk", act_threshold="0.8")))
    good = json.loads(said(house, "policy", "show", "desk", "--json"))
    file.write_text(file.read_text().replace("act_threshold: 0.8", "act_threshold: 0.01"))

    wrong = json.loads(said(house, "policy", "show", "desk", "--json"))

    assert good["policy"]["values"]["act_threshold"] == "0.8"
    assert good["problem"] == ""
    assert wrong["digest"] == good["digest"]
    assert "act_threshold" in wrong["problem"]
    assert house.run("doctor").exit_code == 8


def test_a_policy_nobody_wrote_is_told_where_it_would_stand(house: House) -> None:
    """Code 2."""
    result = house.run("policy", "show", "desk")

    assert result.exit_code == 2
    assert "pilotage policy set desk --file FILE" in result.stderr
    assert "()" not in result.stderr


def test_a_home_that_is_well_ends_the_doctor_with_0_and_quietly_says_nothing(house: House) -> None:
    """So that cron mails only when something is wrong."""
    loud, quiet = house.run("doctor"), house.run("-q", "doctor")

    assert (loud.exit_code, quiet.exit_code) == (0, 0)
    assert "audit" in loud.stdout
    assert quiet.output == ""


def test_jobs_without_a_worker_are_wrong(house: House) -> None:
    """The doctor says how to start one."""
    ask(house)

    result = house.run("-q", "doctor")

    assert result.exit_code == 8
    assert "start `pilotage worker`" in result.stdout


def test_an_unexpected_error_leaves_a_report_and_one_sentence(house: House) -> None:
    """Code 1; the traceback stands in the home, not on the screen."""
    house.store.runs.open(house.customer, "dan", builders.trigger(), builders.run())
    with house.store.database.writing() as connection:
        connection.execute(tables.runs.update().values(status="no such status"))

    result = house.run("run", "list")

    [report] = (house.folder / "errors").iterdir()
    assert result.exit_code == 1
    assert str(report) in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in report.read_text()


def test_a_wrong_setting_is_told_by_name(house: House) -> None:
    """Code 2."""
    result = house.run("run", "list", PILOTAGE_CONCURRENCY="many")

    assert result.exit_code == 2
    assert "PILOTAGE_CONCURRENCY" in result.stderr


def test_the_version_needs_no_home(house: House, tmp_path: Path) -> None:
    """Nor a token."""
    result = house.run("--home", str(tmp_path / "none"), "version", "--json", by="nobody")

    assert json.loads(result.stdout)["version"]


def test_init_makes_a_home_whose_token_works(tmp_path: Path, house: House) -> None:
    """Printed once, alone on stdout."""
    home = tmp_path / "fresh"
    made = house.run("--home", str(home), "init", "--customer", "acme", "--owner", "ana")

    token = made.stdout.strip()
    people = house.run("--home", str(home), "user", "list", "--json", PILOTAGE_TOKEN=token)
    again = house.run("--home", str(home), "init", "--customer", "acme", "--owner", "ana")

    assert [one["id"] for one in json.loads(people.stdout)["people"]] == ["ana"]
    assert (again.exit_code, again.stdout) == (0, "")
    assert Home(home).exists()


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--customer", "acme"),
        ("--customer", "Acme", "--owner", "ana"),
        ("--customer", "installation", "--owner", "ana"),
        ("--customer", "acme", "--owner", "a b"),
        ("--customer", "../up", "--owner", "ana"),
    ],
)
def test_init_refuses_what_names_nobody_and_makes_nothing(
    tmp_path: Path, house: House, flags: tuple[str, ...]
) -> None:
    """Code 2, and no folder."""
    home = tmp_path / "fresh"

    result = house.run("--home", str(home), "--no-input", "init", *flags)

    assert result.exit_code == 2
    assert not home.exists()


def test_a_solo_home_says_so_in_its_rules(tmp_path: Path, house: House) -> None:
    """And its owner may accept what a dataset lacks."""
    home = tmp_path / "fresh"
    made = house.run("--home", str(home), "init", "--solo", "--customer", "a", "--owner", "ana")

    people = house.run(
        "--home", str(home), "user", "list", "--json", PILOTAGE_TOKEN=made.stdout.strip()
    )

    assert "is_solo: true" in Home(home).rules_file.read_text()
    assert "domain_expert" in json.loads(people.stdout)["people"][0]["roles"]


def test_times_are_those_of_the_record(house: House) -> None:
    """UTC, to the minute."""
    ask(house)

    assert NOW.strftime("%Y-%m-%d %H:%M") in said(house, "run", "list")
