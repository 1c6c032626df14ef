"""What stops an act, and what a person is told then."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import pytest

from runs import snapshots
from runs.errors import InvalidInput, NotFound, Unavailable
from runs.leases import take
from runs.records.item import Output
from runs.records.version import Effect, Version
from tests.integration.desk import (
    ASSIGNING,
    TAGGING,
    Desk,
    MortalTool,
    answer,
    answering_while,
    ended,
    process,
    version,
)
from tools.files.records import FileRecords
from tools.pace import NotYet
from tools.tool import Reading
from workflow.process.item import give_up


def change_the_tier(desk: Desk) -> None:
    """The customer edits the account."""
    desk.write_account(tier="gold")


def change_the_phone(desk: Desk) -> None:
    """The customer edits a field that is masked."""
    desk.write_account(phone="030 7654321")


def lose_the_account(desk: Desk) -> None:
    """The customer's system is gone."""
    (desk.folder / "crm.json").unlink()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (change_the_tier, "crm changed since it was read: tier"),
        (change_the_phone, "crm changed since it was read: a masked field"),
        (lose_the_account, "could not be read again: crm:"),
    ],
)
def test_a_source_that_changed_stops_the_act(
    tmp_path: Path, change: Callable[[Desk], None], says: str
) -> None:
    """Between decide and act the tier is edited: no act, and the review names the field."""
    desk = Desk(tmp_path)
    desk.admit()
    item = process(desk, answer=answering_while(lambda: change(desk)))

    assert ended(desk) == ("in_review", "threshold", "ben", ["exception"])
    assert says in item.reason
    assert "gold" not in item.reason
    assert desk.queued == []


def test_a_field_the_version_does_not_see_may_change(tmp_path: Path) -> None:
    """Only what it was based on counts."""
    desk = Desk(tmp_path)
    desk.admit()
    said = answering_while(lambda: desk.write_account(last_seen="today"))

    assert process(desk, answer=said).status == "acted"


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(23, ("acted", "threshold", "ben", [])), (25, ("in_review", "context", "ben", ["exception"]))],
)
def test_an_old_record_is_not_acted_on(
    tmp_path: Path, hours: int, expected: tuple[str, str, str, list[str]]
) -> None:
    """A file that nobody wrote for longer than the plan allows says nothing about today."""
    desk = Desk(tmp_path)
    desk.admit()
    desk.clock.turn(timedelta(hours=hours))

    process(desk)

    assert ended(desk) == expected


def test_an_item_is_processed_once(tmp_path: Path) -> None:
    """Sent to the work again, it is as it was, and the desk heard of it once."""
    desk = Desk(tmp_path)
    desk.admit()
    first = process(desk)
    desk.write_account(dispute=True)
    second = process(desk)

    assert first == second
    assert desk.desk_tool.acts == 1
    assert len(desk.queued) == 1


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        ({"risks": ("financial",)}, "nobody may agree to an action of risk financial"),
        ({"level": "trigger"}, "declared as trigger and tool 'desk' can update"),
        ({"tool": "none"}, "there is no tool 'none'"),
        ({"operation": "burn"}, "has no operation 'burn'"),
    ],
)
def test_what_may_not_be_done_goes_to_a_person(
    tmp_path: Path, effect: dict[str, Any], says: str
) -> None:
    """A risky action, a level the plan understates, a tool or operation that is not there."""
    changed = Effect.model_validate(ASSIGNING.as_json() | effect)
    desk = Desk(tmp_path, effects=(changed,))
    desk.admit()

    item = process(desk)

    assert ended(desk) == ("in_review", "threshold", "ben", ["exception"])
    assert says in item.reason
    assert desk.queued == []


def test_two_effects_are_both_done_or_the_first_does_not_begin(tmp_path: Path) -> None:
    """What may not follow is known before anything is done."""
    risky = Effect.model_validate(TAGGING.as_json() | {"risks": ("sensitive",)})
    found = []
    for name, second in (("both", TAGGING), ("one", risky)):
        (tmp_path / name).mkdir()
        desk = Desk(tmp_path / name, effects=(ASSIGNING, second))
        desk.admit()
        process(desk)
        found.append((ended(desk)[0], len(desk.queued)))

    assert found == [("acted", 2), ("in_review", 0)]


def failing_once(desk: Desk) -> MortalTool:
    """The desk's tool, which refuses the first time it is asked."""
    answers = iter([InvalidInput("no such ticket")])

    class Refusing(MortalTool):
        """Says no once, for certain."""

        def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
            """What the inner tool does, from the second time on."""
            for error in answers:
                raise error
            return super().act(operation, content, key)

    return Refusing(desk.sink)


@pytest.mark.parametrize(
    ("amount_limit", "status", "acts"), [("200", "acted", 1), ("100", "in_review", 0)]
)
def test_an_item_worked_on_again_goes_where_its_rules_say_now(
    tmp_path: Path, amount_limit: str, status: str, acts: int
) -> None:
    """What an earlier attempt surely did not do is no act of this one."""
    desk = Desk(tmp_path)
    desk.admit()
    tools = {**desk.deps().tools, "desk": failing_once(desk)}
    failed = process(desk, tools=tools)
    desk.clock.turn(timedelta(minutes=5))
    desk.again()
    values = {**desk.policy.values, "amount_limit": Decimal(amount_limit)}
    desk.lead(desk.policy.model_copy(update={"values": values}))
    item = process(desk, tools=tools)

    assert (failed.status, item.status) == ("in_review", status)
    assert len(desk.queued) == acts


def wrong_label(*_: Any) -> Output:
    """An answer outside the contract."""
    return Output(label="poem", confidence=1.0, scope=1.0, runner_up="", route_used="x", fields={})


def no_model(*_: Any) -> Output:
    """A route that is broken."""
    raise InvalidInput("the fit is not there")


@pytest.mark.parametrize("answer", [wrong_label, no_model])
def test_without_an_answer_a_person_decides(tmp_path: Path, answer: Callable[..., Output]) -> None:
    """A label nobody declared is no answer, nor is a broken route."""
    desk = Desk(tmp_path)
    desk.admit()

    item = process(desk, answer=answer)

    assert ended(desk) == ("in_review", "answer", "ben", ["exception"])
    assert item.output == ""


def test_a_route_that_does_not_answer_now_is_tried_again(tmp_path: Path) -> None:
    """Nothing is decided by an outage; the item stays in the queue."""
    desk = Desk(tmp_path)
    desk.admit()

    def silent(*_: Any) -> Output:
        raise Unavailable("no answer in 10 s")

    with pytest.raises(Unavailable, match="no answer"):
        process(desk, answer=silent)
    assert desk.store.items.get(desk.customer, "i-1").status == "queued"
    assert process(desk).status == "acted"


def test_an_item_nobody_can_work_on_ends_with_a_person(tmp_path: Path) -> None:
    """When trying stops, somebody is told why; an item that ended is left alone."""
    desk = Desk(tmp_path)
    desk.admit()
    give_up(desk.deps(), desk.customer, "i-1", "the desk did not answer 5 times")
    again = give_up(desk.deps(), desk.customer, "i-1", "another reason")

    assert ended(desk) == ("in_review", "", "ben", ["exception"])
    assert again.reason == "the desk did not answer 5 times"


def test_while_another_worker_acts_on_an_item_this_one_waits(tmp_path: Path) -> None:
    """One lease an item; whoever does not hold it tries again later."""
    desk = Desk(tmp_path)
    desk.admit()
    take(desk.store, desk.customer, "item:i-1", holder="worker-2", ttl_s=60)

    with pytest.raises(Unavailable, match="another worker holds item:i-1"):
        process(desk)
    assert desk.queued == []


def test_without_a_person_nothing_ends(tmp_path: Path) -> None:
    """An end without an owner is refused, and says who is missing."""
    desk = Desk(tmp_path)
    desk.admit()

    with pytest.raises(NotFound, match="nobody is 'ops'"):
        process(desk, person=lambda *_: "")
    assert desk.store.items.get(desk.customer, "i-1").status == "queued"


def test_no_masked_text_leaves_with_an_act(tmp_path: Path) -> None:
    """What is masked in the record is masked at the desk and in every snapshot."""
    desk = Desk(tmp_path)
    desk.admit()
    process(desk)
    with desk.store.database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT content FROM snapshots").scalars().all()

    written = (desk.folder / "queues" / desk.queued[0]).read_text(encoding="utf-8")
    for text in [*kept, written]:
        assert "eve@example.com" not in text
        assert "1234567" not in text


def test_an_effect_the_plan_keeps_for_a_person_waits_whatever_its_risk(tmp_path: Path) -> None:
    """Nothing is done before it either: the item waits as a whole, with the reason."""
    desk = Desk(tmp_path, effects=(ASSIGNING, TAGGING), waiting=("tag",))
    desk.admit()

    item = process(desk)

    assert ended(desk) == ("in_review", "threshold", "ben", ["exception"])
    assert "nobody may agree to an action of risk none" in item.reason
    assert (desk.queued, desk.desk_tool.acts) == ([], 0)


@pytest.mark.parametrize(("hours", "status"), [(23, "acted"), (25, "in_review")])
def test_what_was_read_too_long_ago_is_not_acted_on(
    tmp_path: Path, hours: int, status: str
) -> None:
    """A source that is not read again counts for as long as the policy says, plan or not."""
    source = version().sources[0]
    told = {"max_age_hours": None, "reread_before_act": False}
    desk = Desk(tmp_path, sources=(source.model_copy(update=told),))
    desk.admit()
    later = timedelta(hours=hours)
    item = process(desk, answer=answering_while(lambda: desk.clock.turn(later)))

    assert item.status == status
    assert ("what it says is 25 h old, the limit is 24 h" in item.reason) == (hours > 24)


def test_the_route_sees_the_fields_and_the_context_that_were_kept(tmp_path: Path) -> None:
    """Typed and masked, and nothing of the sources but what the version declares."""
    desk = Desk(tmp_path)
    desk.admit()
    seen: list[Any] = []

    def spy(version: Version, *of: Any) -> Output:
        seen.append(of)
        return answer(version, *of)

    item = process(desk, answer=spy)

    kept = snapshots.read(desk.store, desk.customer, item.snapshot)["values"]
    (fields, context) = seen[0]
    assert context == kept
    assert set(context) == {"crm"}
    assert fields["text"]


def test_an_effect_whose_turn_comes_later_has_begun_nothing(tmp_path: Path) -> None:
    """It is done when its turn comes, once; no person is asked meanwhile."""
    desk, waits = Desk(tmp_path), iter([NotYet("its turn", after_s=9.0), None])
    desk.admit()

    class PacedDesk(MortalTool):
        """The desk's own tool, which may be asked only so often."""

        def take_turn(self, operation: str) -> None:
            """Not yet, the first time."""
            if (error := next(waits)) is not None:
                raise error

    tools = {**desk.deps().tools, "desk": PacedDesk(desk.sink, remembers_keys=False)}
    with pytest.raises(NotYet):
        process(desk, tools=tools)
    begun = desk.store.actions.of_item(desk.customer, "i-1")
    process(desk, tools=tools)

    assert begun == []
    assert ended(desk) == ("acted", "threshold", "ben", [])


def test_a_source_whose_turn_comes_later_sends_nobody_an_item(tmp_path: Path) -> None:
    """It waits in the queue: the source has not failed."""
    desk = Desk(tmp_path)
    desk.admit()

    class PacedRecords(FileRecords):
        """A source that may not be asked now."""

        def read(self, key: str) -> NoReturn:
            """Not yet."""
            raise NotYet(f"no turn for {key}", after_s=9.0)

    crm = PacedRecords("crm", tmp_path / "crm.json", "id", clock=desk.clock)
    with pytest.raises(NotYet):
        process(desk, tools={**desk.deps().tools, "crm": crm})

    assert desk.store.items.get(desk.customer, "i-1").status == "queued"


def no_turn_at(desk: Desk, number: int, meanwhile: Callable[[], object]) -> FileRecords:
    """The source, which may not be asked one time, while something happens elsewhere."""
    reads = count(1)

    class PacedRecords(FileRecords):
        """Not yet, at the time that is tried."""

        def read(self, key: str) -> Reading | None:
            """Its record at any other time."""
            if next(reads) == number:
                meanwhile()
                raise NotYet(f"no turn for {key}", after_s=9.0)
            return super().read(key)

    return PacedRecords("crm", desk.folder / "crm.json", "id", clock=desk.clock)


@pytest.mark.parametrize(
    ("number", "release", "begun", "status"),
    [(2, "open", 0, "queued"), (3, "open", 1, "acted"), (3, "rolled_back", 1, "stopped")],
)
def test_who_could_not_be_asked_later_is_looked_at_in_full_before_anything_is_begun(
    tmp_path: Path, number: int, release: str, begun: int, status: str
) -> None:
    """A turn to look that has not come leaves nothing begun; after that all else is asked still."""
    desk = Desk(tmp_path)
    desk.admit()
    crm = no_turn_at(desk, number, lambda: desk.move_release(status=release))
    tools = {"crm": crm, "desk": MortalTool(desk.sink, remembers_keys=False)}
    with pytest.raises(NotYet) if status == "queued" else nullcontext():
        process(desk, tools=tools)

    assert len(desk.store.actions.of_item(desk.customer, "i-1")) == begun
    assert desk.store.items.get(desk.customer, "i-1").status == status
    assert bool(desk.queued) == (status == "acted")
