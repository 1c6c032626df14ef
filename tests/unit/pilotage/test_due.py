"""What falls due is done at the next look, once, however often somebody looks."""

from datetime import timedelta

import pytest

from agent.loop import measured
from pilotage import due
from pilotage.engines import Engines
from policies.approvals import rule_on
from policies.rules import write_policy
from runs import approvals, asking, snapshots, words
from runs.approvals import Answer, Rules
from runs.clock import StoppedClock
from runs.errors import Conflict
from runs.records.approval import Need
from runs.snapshots import Terms
from runs.store import jobs
from tests import acts, builders
from tests.unit.pilotage.homes import House, policy_of


def notices(house: House) -> dict[str, str]:
    """Who was told what, by title."""
    folder = house.folder / "notices" / "acme"
    texts = [file.read_text() for file in sorted(folder.glob("*.txt"))]
    heads = [dict(line.split(": ", 1) for line in text.split("\n")[:3]) for text in texts]
    return {head["Title"]: head["To"] for head in heads}


def made(house: House, kind: str) -> list[str]:
    """Jobs of a kind that wait, by id."""
    return [job.id for job in house.store.jobs.waiting() if job.kind == kind]


def ask(house: House) -> None:
    """Open a question to Ana and Ben that is due in a day."""
    approvals.open_approval(house.store, house.customer, "run:r-1", builders.approval())


def test_whoever_must_agree_is_told_once(house: House, clock: StoppedClock) -> None:
    """However often somebody looks."""
    assert clock
    ask(house)

    for _ in range(3):
        due.remind(house.wired, house.customer)

    assert notices(house) == {"waits for you: Plan of the desk": "ana, ben"}


def test_what_nobody_answered_in_time_expires_and_the_next_are_told(
    house: House, clock: StoppedClock
) -> None:
    """Silence is no consent; the run is woken to find that out."""
    ask(house)
    due.expire(house.wired, house.customer)
    clock.turn(timedelta(hours=24))

    due.expire(house.wired, house.customer)

    assert approvals.get(house.store, house.customer, "a-1").status == "expired"
    assert notices(house) == {"nobody answered: Plan of the desk": "ben, ana"}
    assert "advance_run:r-1:a-1:expired" in made(house, "advance_run")


def test_a_monitor_is_woken_once_for_each_measurement(house: House, clock: StoppedClock) -> None:
    """And not at all for a question."""
    assert clock
    store, customer = house.store, house.customer
    released = store.releases.open(customer, "worker", builders.release())
    store.runs.wait(customer, "r-1", "signals:rel-1")
    before = made(house, "advance_run")

    for _ in range(2):
        due.wake_monitors(house.wired, customer)
    seen = measured(store, customer, released)
    store.items.admit(customer, "dan", builders.item(arm="shadow"))
    due.wake_monitors(house.wired, customer)

    woken = [id for id in made(house, "advance_run") if id not in before]
    assert f"advance_run:r-1:signals:{seen}" in woken
    assert len(woken) == 2


def test_an_edited_policy_leads_and_a_wrong_one_does_no_harm(
    house: House, clock: StoppedClock
) -> None:
    """One bad file does not keep the others from leading."""
    assert clock
    folder = house.wired.home.policies("acme")
    (folder / "a_broken.yaml").write_text("values: [")
    (folder / "desk.yaml").write_text(write_policy(policy_of("desk")))

    due.follow_policies(house.wired, house.customer)

    assert house.store.policies.leading(house.customer, "desk") == policy_of("desk").digest


def test_a_held_policy_tells_whom_it_needs_and_in_the_end_whoever_is_next(
    house: House, clock: StoppedClock
) -> None:
    """Given an edit that lets more pass; when nobody answers; then what led goes on leading."""
    file = house.wired.policy_files.file(house.customer, "desk")
    file.write_text(write_policy(policy_of("desk")))
    due.follow_policies(house.wired, house.customer)
    edited = policy_of("desk").model_copy(update={"audit_share": 0.05})
    file.write_text(write_policy(edited))
    for _ in range(2):
        due.follow_policies(house.wired, house.customer)
        due.remind(house.wired, house.customer)
    told_first = notices(house)
    clock.turn(timedelta(hours=policy_of().approval_due_hours))
    for _ in range(2):
        due.expire(house.wired, house.customer)
        due.follow_policies(house.wired, house.customer)

    title = "desk: audit_share from 0.1 to 0.05; editor unknown"
    assert told_first == {f"waits for you: {title}": "ben, eva"}
    assert notices(house)[f"nobody answered: {title}"] == "ben, ana"
    assert house.store.policies.leading(house.customer, "desk") == policy_of("desk").digest
    assert approvals.list_approvals(house.store, house.customer) == []


def fail(house: House, job: str, error: str) -> None:
    """Let a job give up."""
    house.store.jobs.mark_failed(house.customer, job, error)


def test_a_run_that_met_an_outage_is_taken_up_again(house: House, engines: Engines) -> None:
    """Once for each time it gave up."""
    fail(house, "advance_run:r-1:opened", "Unavailable: the model does not answer")
    for _ in range(2):
        due.try_again(engines, house.customer)
    (again,) = made(house, "advance_run")
    assert again.startswith("advance_run:r-1:again:1:")
    fail(house, again, "Unavailable: the model does not answer")

    due.try_again(engines, house.customer)

    assert made(house, "advance_run") == [again.replace("again:1", "again:2")]


def test_a_run_that_failed_otherwise_waits_for_a_person(house: House, engines: Engines) -> None:
    """Only an outage mends itself."""
    fail(house, "advance_run:r-1:opened", "InvalidInput: the plan says nonsense")

    due.try_again(engines, house.customer)

    assert made(house, "advance_run") == []


def admit(house: House) -> None:
    """Take in an item that names a version and values there are."""
    policy, version = builders.policy(), builders.version()
    for record in (policy, version):
        house.store.keep(house.customer, "worker", record)
    item = builders.item(version=version.digest, policy=policy.digest)
    house.store.items.admit(house.customer, "dan", item)


def test_an_item_that_met_an_outage_is_taken_up_again(house: House, engines: Engines) -> None:
    """It is not given to a person at the first failure."""
    admit(house)
    fail(house, "process_item:i-1:admitted", "Unavailable: no answer")

    due.try_again(engines, house.customer)

    (again,) = made(house, "process_item")
    assert again.startswith("process_item:i-1:again:1:")
    assert house.store.items.get(house.customer, "i-1").status == "queued"


@pytest.mark.parametrize(
    ("cause", "error"),
    [("admitted", "InvalidInput: the version has no route"), ("again:5", "Unavailable: no answer")],
)
def test_an_item_that_cannot_be_worked_on_goes_to_a_person(
    house: House, engines: Engines, cause: str, error: str
) -> None:
    """With the reason; nothing is left in the queue for ever."""
    admit(house)
    with house.store.change(house.customer, "worker") as change:
        id = jobs.add(change, "process_item", "i-1", cause=cause)
    fail(house, id, error)

    for _ in range(2):
        due.try_again(engines, house.customer)

    item = house.store.items.get(house.customer, "i-1")
    assert (item.status, item.owner) == ("in_review", "ben")
    assert error in item.reason
    assert [review.kind for review in house.store.reviews.of_item(house.customer, "i-1")] == [
        "exception"
    ]


def test_everything_due_is_looked_at_in_one_go(house: House, engines: Engines) -> None:
    """A look at a home in which nothing is due changes nothing."""
    before = len(house.store.events(house.customer))

    due.look(house.wired, engines, house.customer)

    assert len(house.store.events(house.customer)) == before


def test_every_outage_is_taken_up_however_many_there_are(house: House, engines: Engines) -> None:
    """And each cause on its own: a second outage of one run is not taken for the first."""
    causes = [(f"r-{n}", "opened") for n in range(60)] + [("r-1", "decision")]
    with house.store.change(house.customer, "worker") as change:
        ids = [jobs.add(change, "advance_run", run, cause=cause) for run, cause in causes]
    for id in ids:
        fail(house, id, "Unavailable: no answer")

    due.try_again(engines, house.customer)

    assert len(made(house, "advance_run")) == len(causes)
    assert house.store.jobs.failed() == []


def test_what_is_past_its_retention_is_erased_at_the_next_look(
    house: House, clock: StoppedClock, engines: Engines
) -> None:
    """Nobody has to ask for it."""
    terms = Terms(builders.unmasked, 30)
    digest = snapshots.keep(
        house.store, house.customer, "api", kind="input", value={"a": 1}, terms=terms
    )
    due.look(house.wired, engines, house.customer)
    assert snapshots.read(house.store, house.customer, digest) == {"a": 1}
    clock.turn(timedelta(days=31))

    due.look(house.wired, engines, house.customer)

    with pytest.raises(Conflict, match="erased"):
        snapshots.read(house.store, house.customer, digest)


def test_a_notice_holds_nobodys_words(house: House, clock: StoppedClock) -> None:
    """It is a file: what stands in it could not be erased."""
    assert clock
    with house.store.change(house.customer, "dan") as change:
        title = words.say(change, "Mr Grün is ill", words.AS_SAID)
    asked = builders.approval(title=f"Update to the customer: {words.quote(title)}")
    approvals.open_approval(house.store, house.customer, "run:r-1", asked)

    due.remind(house.wired, house.customer)

    assert notices(house) == {"waits for you: Update to the customer: …": "ana, ben"}


def test_whoever_answers_for_an_unknown_action_is_told_once(
    house: House, clock: StoppedClock
) -> None:
    """With the key to look for and the command that settles it; nobody is told of the others."""
    assert clock
    for id, status in (("a", "reserved"), ("b", "unknown")):
        reserved = builders.action(id=id, key=f"r-1:send:{id}", item="", run="r-1")
        acts.reserve(house.store, house.customer, reserved, 1)
        if status == "unknown":
            acts.settle(
                house.store,
                house.customer,
                reserved.key,
                status="unknown",
                receipt="",
                reason="nobody can tell",
            )

    for _ in range(2):
        due.tell_unknown(house.wired, house.customer)

    assert notices(house) == {"an action is unknown: assign of r-1": "dan"}


def test_whoever_is_next_is_told_and_so_is_who_was_told_of_the_silence(
    house: House, clock: StoppedClock
) -> None:
    """The notice about the silence names the question that others are asked now."""
    values = builders.policy(escalation=("eva", "gil"))
    house.store.keep(house.customer, "worker", values)
    covers = {"workflow": "desk", "policy": values.digest}
    need = Need(role="product_owner", count=1, people=("ana",))
    asked = builders.approval(covers=covers, needs=(need,))
    approvals.open_approval(house.store, house.customer, "run:r-1", asked)
    due.remind(house.wired, house.customer)
    clock.turn(timedelta(hours=24))

    for _ in range(2):
        due.expire(house.wired, house.customer)
        due.remind(house.wired, house.customer)

    folder = house.folder / "notices" / "acme"
    texts = "\n".join(file.read_text() for file in folder.glob("*.txt"))
    assert [one.id for one in approvals.list_approvals(house.store, house.customer)] == [
        "a-1.next2"
    ]
    assert "To: eva\nTitle: waits for you: Plan of the desk" in texts
    assert "Asked of others now: pilotage approval show a-1.next2" in texts
    assert texts.count("Title: ") == 3


def test_whom_a_question_was_handed_to_is_told_and_nobody_twice(
    house: House, clock: StoppedClock
) -> None:
    """However often somebody looks, and however many are open."""
    assert clock
    ask(house)
    due.remind(house.wired, house.customer)
    with house.store.change(house.customer, "ben") as change:
        asked = asking.in_change(change, "a-1")
        needs = (asked.needs[0], asked.needs[1].model_copy(update={"people": ("gil",)}))
        moved = asked.model_copy(update={"needs": needs})
        asking.pass_on(change, moved, how="hand_over", to=("gil",))
    for _ in range(3):
        due.remind(house.wired, house.customer)

    folder = house.folder / "notices" / "acme"
    heads = sorted(file.read_text().splitlines()[0] for file in folder.glob("*.txt"))
    assert heads == ["To: ana, ben", "To: gil"]


def test_every_one_of_many_open_questions_is_told(house: House, clock: StoppedClock) -> None:
    """Also those that are not the most urgent hundred."""
    assert clock
    with house.store.change(house.customer, "worker") as change:
        for number in range(130):
            covers = {"item": f"i-{number}"}
            asking.put(change, builders.approval(id=f"b-{number}", run="", covers=covers))

    due.remind(house.wired, house.customer)

    assert len(list((house.folder / "notices" / "acme").glob("*.txt"))) == 130
    assert approvals.untold(house.store, house.customer) == {}


def test_what_has_to_be_changed_goes_back_to_who_made_it(house: House, clock: StoppedClock) -> None:
    """They are told once; the reason stands in the record, not in the notice."""
    assert clock
    ask(house)
    known = builders.identity(house.customer, "ana")
    answer = Answer("a-1", "ask_for_changes", "name the owner", builders.approval().subject)
    approvals.decide(house.store, known, answer, Rules(rule_on, lambda asked: asked.subject))

    for _ in range(2):
        due.expire(house.wired, house.customer)

    assert notices(house) == {"changes are asked for: Plan of the desk": "dan"}
