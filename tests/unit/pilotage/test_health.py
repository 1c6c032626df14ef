"""The doctor looks at everything, and says what to do about what is wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.loop import code_digest
from memory_store.embedding import hash_ngram
from memory_store.memory.folder import Folder
from pilotage import anchoring
from pilotage.health import OURS, Finding, look_over, names
from pilotage.wiring import EVERYBODY, WORKER
from policies.rules import write_policy
from runs import approvals, leases, people
from runs.errors import NotAllowed
from runs.store.reviews import open_review
from tests import acts, builders
from tests.builders import NOW
from tests.oracles import route
from tests.unit.pilotage.homes import House, make_house, policy_of, stopped


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home that is well, with one run of the loop as it is."""
    house = make_house(tmp_path / "home")
    stopped(house)
    run = builders.run(graph=code_digest())
    house.store.runs.open(house.customer, "dan", builders.trigger(), run)
    for job in house.store.jobs.waiting():
        house.store.jobs.mark_done(house.customer, job.id)
    return house


def wrong(house: House) -> list[Finding]:
    """What is wrong."""
    return [found for found in look_over(house.wired) if found.state == "wrong"]


def test_a_home_that_is_well_has_nothing_wrong(house: House) -> None:
    """Everything was looked at."""
    names = {found.name for found in look_over(house.wired)}

    assert wrong(house) == []
    assert names == {
        "names", "database", "schema", "audit", "worker", "jobs", "actions", "reviews", "runs",
        "tools", "memory", "ops", "anchors", "leases", "sign-ins", "watchdog", "models",
    }  # fmt: skip


def test_looking_changes_nothing(house: House) -> None:
    """It can be run from cron at any moment."""
    before = house.store.events(house.customer)

    look_over(house.wired)

    assert house.store.events(house.customer) == before


def test_a_name_that_another_program_owns_is_wrong() -> None:
    """It would be overwritten without a word; `yaml` stands in for one of ours."""
    found = [one.says for one in names((*OURS, "yaml")) if one.state == "wrong"]

    assert any("PyYAML owns yaml too" in says for says in found)
    assert any("yaml is imported from" in says for says in found)


@pytest.mark.parametrize(("status", "told"), [("open", 1), ("complete", 1), ("rolled_back", 0)])
def test_a_version_in_use_that_asks_an_undeclared_model_is_wrong(
    house: House, status: str, told: int
) -> None:
    """With workflow, model, route, who answers for it and the remedy; declared, all is well."""
    plan = builders.plan_record()
    version = builders.version(plan=plan.digest, models=(route(endpoint="near"),))
    for record in (plan, version):
        house.store.keep(house.customer, "worker", record, "r-1")
    named = {"plan": plan.digest, "version": version.digest, "status": status, "stage": 1}
    house.store.releases.open(house.customer, "worker", builders.release(**named))
    before = [one.says for one in wrong(house) if one.name == "models"]
    file = house.wired.home.models_file
    file.write_text("routes: [{name: near, base_url: 'https://m.example/v1', model: m-1}]")

    says = "acme: desk: the endpoint of model primary is near, which is no route of this home"
    assert [one for one in before if one.startswith(says)] == before
    assert len(before) == told
    assert not [one for one in wrong(house) if one.name == "models"]


def test_a_job_that_gave_up_on_an_open_run_is_wrong(house: House) -> None:
    """Until the run went on."""
    house.store.runs.wake(house.customer, "r-1", "again")
    house.store.jobs.mark_failed(house.customer, "advance_run:r-1:again", "InvalidInput: x")
    before = [one.says for one in wrong(house)]
    house.store.runs.wait(house.customer, "r-1", "a-1")
    approvals.open_approval(house.store, house.customer, "run:r-1", builders.approval())

    assert before == ["advance_run r-1 gave up: InvalidInput: x; `pilotage run retry r-1`"]
    assert wrong(house) == []


def test_an_action_without_an_end_is_wrong_after_a_while(house: House) -> None:
    """With the key to look for on the other side."""
    act = builders.action(reserved_at=NOW - timedelta(minutes=1))
    acts.reserve(house.store, house.customer, act, 1)
    at_first = wrong(house)
    old = builders.action(id="x-2", key="i-2:assign:abc", reserved_at=NOW - timedelta(minutes=9))
    acts.reserve(house.store, house.customer, old, 1)

    assert at_first == []
    assert [one.says for one in wrong(house)] == [
        "i-2:assign:abc by desk is reserved; look there for this key; nobody known answers for it: "
        "`pilotage item show i-1`"
    ]


def test_items_that_wait_past_their_due_time_are_counted_with_their_owners(house: House) -> None:
    """Until a person answered, or was given more time."""
    dues = {"ben": 1, "ana": 1, "gil": -1}
    for number, (owner, hours) in enumerate(dues.items()):
        item = builders.item(id=f"i-{number}", key=f"k-{number}", status="in_review")
        house.store.items.admit(house.customer, "dan", item)
        due = NOW - timedelta(hours=hours)
        asked = builders.review(id=f"v-{number}", item=item.id, owner=owner, due_at=due)
        with house.store.change(house.customer, "worker") as change:
            open_review(change, asked)

    [found] = [one for one in wrong(house) if one.name == "reviews"]

    assert "2 wait past their due time (ana 1, ben 1)" in found.says
    assert "item list --overdue" in found.says


def test_a_paused_run_of_another_loop_is_told_and_asked_again(house: House) -> None:
    """Nothing says in which loop its question was asked."""
    run = builders.run(id="r-2", trigger="t-2")
    house.store.runs.open(house.customer, "dan", builders.trigger(id="t-2", key="k-2"), run)
    house.store.jobs.mark_done(house.customer, "advance_run:r-2:opened")
    asked = builders.approval(id="a-2", run="r-2")
    approvals.open_approval(house.store, house.customer, "run:r-2", asked)
    house.store.runs.wait(house.customer, "r-2", "a-2")

    [found] = [one for one in look_over(house.wired) if one.name == "runs"]

    assert found.state == "note"
    assert "r-2 is asked again: nothing says in which loop ask_plan asked" in found.says


def test_a_run_that_stands_where_the_loop_has_nothing_is_wrong(house: House) -> None:
    """It would be lost without a word."""
    run = builders.run(id="r-2", trigger="t-2")
    house.store.runs.open(house.customer, "dan", builders.trigger(id="t-2", key="k-2"), run)
    house.store.jobs.mark_done(house.customer, "advance_run:r-2:opened")
    asked = builders.approval(id="a-2", run="r-2", kind="action")
    approvals.open_approval(house.store, house.customer, "run:r-2", asked)
    house.store.runs.wait(house.customer, "r-2", "a-2")

    [found] = wrong(house)

    assert "r-2 is closed as a blocker: stood at ask_action" in found.says
    assert "dan answers for it" in found.says


@pytest.mark.parametrize(("file", "name"), [("policies", "policy"), ("tools", "tools")])
def test_a_file_that_cannot_be_used_is_wrong(house: House, file: str, name: str) -> None:
    """With its line."""
    home = house.wired.home
    broken = {"policies": home.policies("acme") / "desk.yaml", "tools": home.tools_file("acme")}
    broken[file].parent.mkdir(exist_ok=True)
    broken[file].write_text("a: [")

    [found] = wrong(house)

    assert found.name == name
    assert "line 1" in found.says


def test_an_index_that_changed_while_nobody_had_it_is_wrong(house: House) -> None:
    """Lessons are found in the record meanwhile."""
    embedder = hash_ngram()
    root = house.wired.home.index / f"pilotage-{embedder.name}-{embedder.dimension}"
    folder = Folder(root)
    root.mkdir(parents=True)
    generation = folder.begin()
    generation.mkdir()
    (generation / "vectors").write_text("as it was left")
    folder.use(generation)
    folder.seal()
    at_first = wrong(house)
    (generation / "vectors").write_text("something else")

    [found] = wrong(house)

    assert at_first == []
    assert (found.name, "makes it again" in found.says) == ("memory", True)


def test_a_policy_that_may_lead_is_well(house: House) -> None:
    """Checking it lets nothing lead."""
    house.wired.policy_files.file(house.customer, "desk").write_text(written())

    assert wrong(house) == []
    assert house.store.policies.find_leading(house.customer, "desk") is None


def written() -> str:
    """The text of a good policy."""
    return write_policy(policy_of("desk"))


def test_a_worker_at_work_is_named(house: House) -> None:
    """And jobs that wait for it are not wrong."""
    house.store.runs.wake(house.customer, "r-1", "again")
    with leases.held(house.store, EVERYBODY, WORKER, holder="w1", ttl_s=30):
        found = [one for one in look_over(house.wired) if one.name == "worker"]

    assert [(one.state, one.says) for one in found] == [("ok", "w1 works; 1 jobs are not done yet")]


def findings(house: House, name: str) -> list[tuple[str, str]]:
    """State and sentence of what has this name."""
    return [(one.state, one.says) for one in look_over(house.wired) if one.name == name]


def test_the_chain_is_told_up_to_where_and_when(house: House) -> None:
    """And how much of it nothing outside vouches for."""
    ((state, says),) = findings(house, "audit")

    assert state == "ok"
    assert "of 2026-03-02 09:00 UTC" in says
    assert says.endswith("events")


def test_an_anchor_that_is_late_or_cannot_be_read_is_wrong(house: House, tmp_path: Path) -> None:
    """With the command that writes it."""
    clock, place = stopped(house), tmp_path / "anchors.ndjson"
    told = replace(house.wired.settings, anchors=(f"file:{place}",))
    house.wired = replace(house.wired, settings=told)
    clock.turn(datetime.now(UTC) - NOW + timedelta(hours=49))
    ((late, says),) = findings(house, "anchors")
    anchoring.follow(house.wired)
    ((written, _),) = findings(house, "anchors")
    place.write_text("no anchor")
    (unread, _) = findings(house, "anchors")

    assert (late, written, unread[0]) == ("wrong", "ok", "wrong")
    assert "`pilotage audit anchor`" in says
    assert "line 1" in unread[1]


def test_leases_in_dead_hands_are_named(house: House) -> None:
    """With what takes them up again."""
    leases.take(house.store, house.customer, "run:r-1", holder="dead", ttl_s=0)
    with leases.held(house.store, EVERYBODY, WORKER, holder="w1", ttl_s=30):
        alive = findings(house, "leases")
    gone = findings(house, "leases")

    assert alive[0] == ("ok", "1 held, 1 lapsed")
    assert "run:r-1 ran out while dead held it; the next look" in alive[1][1]
    assert "start `pilotage worker`" in gone[1][1]


def test_refused_tokens_are_counted_and_many_in_an_hour_are_wrong(house: House) -> None:
    """Somebody may be guessing."""
    before = findings(house, "sign-ins")
    for _ in range(people.MOST_REFUSALS):
        with pytest.raises(NotAllowed):
            people.authenticate(house.store, house.tokens["ana"] + "x")
    after = findings(house, "sign-ins")

    assert {state for state, _ in before} == {"ok"}
    assert after[-1][0] == "wrong"
    assert "acme: 20 refused in 24 hours (unknown secret 20), 20 in the last hour" in after[-1][1]
