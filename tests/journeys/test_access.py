"""Nothing is built for systems that cannot be reached; a source that changes is measured anew."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.reach import newest_access
from pilotage.due import wake_monitors
from pilotage.systems import ToolsFile, ToolSpec, read_specs, write_specs
from rollout import advance
from runs.records.evidence import Evidence
from runs.records.version import Version
from tests import builders
from tests.harbours import Harbour
from tests.journeys.ends import blocked
from tests.tickets import plan_of, tickets, written
from tests.unit.pilotage.homes import House
from tests.voyage import Voyage

SOURCE = builders.source(name="orders", tool="orders", key_field="text", fields=("state",))


def lay_orders(voyage: Voyage, state: object = "paid") -> Path:
    """The customer's orders, one for each case and ticket there will be; returns the file."""
    file = voyage.folder / "customer" / "orders.json"
    file.parent.mkdir(exist_ok=True)
    texts = {one.input["text"] for one in tickets("case-desk", 240)}
    texts |= {one.input["text"] for n in range(160) for one in tickets(f"live{n}", 40)}
    file.write_text(json.dumps([{"id": text, "state": state} for text in sorted(texts)]))
    specs = read_specs(voyage.wired.home, voyage.customer)
    if all(one.name != "orders" for one in specs.tools):
        orders = ToolSpec(
            name="orders",
            kind="records",
            path="customer/orders.json",
            key_field="id",
            is_made_up=True,
        )
        write_specs(voyage.wired.home, voyage.customer, ToolsFile(tools=(*specs.tools, orders)))
    return file


def house(voyage: Voyage) -> House:
    """The same home, for commands."""
    return House(voyage.folder, dict(voyage.tokens), voyage.wired)


@pytest.fixture
def agreed(harbour: Harbour) -> Voyage:
    """A plan with a source that everybody agreed to, before anything is built."""
    voyage = harbour.at("home")
    lay_orders(voyage)
    voyage.start(written(plan_of(context={"sources": (SOURCE,)})))
    voyage.advance()
    voyage.agree()
    return voyage


def test_a_source_that_went_away_stops_the_run_before_anything_is_built(agreed: Voyage) -> None:
    """Given an agreed plan; when its source is gone for an hour; then a blocker names its owner."""
    (agreed.folder / "customer" / "orders.json").unlink()
    began = agreed.store.clock.now()
    agreed.advance()
    waited = agreed.waits_for
    agreed.until("ended")

    end = blocked(agreed)
    seen = newest_access(agreed.store, agreed.customer, agreed.run_id)
    assert seen is not None
    assert end.proof == (seen.id,)
    assert "source orders (tool orders): it does not answer" in end.reason
    assert (waited, end.owner) == ("retry", "ben")
    assert agreed.store.clock.now() - began >= timedelta(hours=1)
    assert agreed.store.of_run(agreed.customer, Version, agreed.run_id) == []


def test_a_source_that_is_away_for_a_moment_only_delays_the_run(agreed: Voyage) -> None:
    """Given an agreed plan; when its source is back a minute later; then it is built."""
    file = agreed.folder / "customer" / "orders.json"
    text = file.read_text()
    file.unlink()
    before = agreed.store.clock.now()
    agreed.advance()
    at = datetime.fromisoformat(agreed.run.waits_for.removeprefix("retry:"))
    jobs = [len(agreed.store.jobs.waiting())]
    wake_monitors(agreed.wired, agreed.customer)
    jobs.append(len(agreed.store.jobs.waiting()))
    agreed.advance()
    still = agreed.waits_for
    file.write_text(text)
    agreed.sleep(timedelta(minutes=1))
    for _ in range(2):
        wake_monitors(agreed.wired, agreed.customer)
    jobs.append(len(agreed.store.jobs.waiting()))
    agreed.advance()

    assert timedelta(0) <= at - before <= timedelta(minutes=2)
    assert (still, [count - jobs[0] for count in jobs]) == ("retry", [0, 0, 1])
    assert agreed.waits_for == "test_exit"


def test_a_run_that_waits_to_try_again_can_be_called_off(agreed: Voyage) -> None:
    """It goes to its end at once."""
    (agreed.folder / "customer" / "orders.json").unlink()
    agreed.advance()
    agreed.cancel()
    agreed.advance()

    assert agreed.waits_for == "update"


def test_a_tool_that_is_not_declared_is_not_waited_for(agreed: Voyage) -> None:
    """Nobody brings it back but a person."""
    write_specs(agreed.wired.home, agreed.customer, ToolsFile())
    agreed.advance()

    assert agreed.waits_for == "update"


def test_what_was_reached_is_kept_as_evidence_that_runs_out(agreed: Voyage) -> None:
    """By name, with level, fields and time, for as long as the policy says of a source."""
    agreed.advance()

    kept = agreed.store.of_run(agreed.customer, Evidence, agreed.run_id)
    [seen] = [one for one in kept if one.kind == "access"]
    assert [(one.part, one.name, one.reached) for one in seen.access] == [
        ("source", "orders", True),
        ("tool", "assign", True),
    ]
    assert seen.access[0].types == {"state": "text"}
    assert seen.expires_at is not None
    assert (seen.expires_at - seen.measured_at).total_seconds() == 24 * 3600


def test_probing_by_hand_says_the_same_and_keeps_nothing(agreed: Voyage) -> None:
    """`workflow probe`: lines and JSON, and 4 once something is not reached."""
    before = agreed.told()
    told = house(agreed).run("workflow", "probe", "desk", "--json")
    (agreed.folder / "customer" / "orders.json").unlink()
    lost = house(agreed).run("workflow", "probe", "desk")

    assert told.exit_code == 0, told.output
    assert [one["reached"] for one in json.loads(told.output)["access"]] == [True, True]
    assert lost.exit_code == 4
    assert re.search(r"orders: it does not answer; bring it back", lost.output)
    assert agreed.told() == before


def notices(voyage: Voyage) -> list[str]:
    """What people were told of sources."""
    folder = voyage.folder / "notices" / "acme"
    told = [file.read_text() for file in sorted(folder.rglob("*.txt"))]
    return [text for text in told if "a source" in text]


def dry_runs(voyage: Voyage) -> list[Evidence]:
    """What the candidate proved on the holdout, oldest first."""
    kept = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)
    return [one for one in kept if one.kind == "holdout"]


@pytest.fixture(scope="module")
def sailing(harbour: Harbour, tmp_path_factory: pytest.TempPathFactory) -> Voyage:
    """A run that reads a source, in the sandbox."""
    voyage = harbour.at("home")
    lay_orders(voyage)
    voyage.start(written(plan_of(context={"sources": (SOURCE,)})))
    return voyage.until("signals")


def test_a_schema_that_changes_in_the_sandbox_is_measured_before_anything_upwards(
    sailing: Voyage, tmp_path: Path
) -> None:
    """Given a sandbox; when a field becomes a number; then the dry run is made anew, and asked."""
    voyage = sailing.copy(tmp_path / "home")
    [before] = dry_runs(voyage)
    lay_orders(voyage, 7)
    voyage.step()

    again = dry_runs(voyage)[-1]
    assert voyage.waits_for == "test_exit"
    assert before.access[0].types == {"state": "text"}
    assert again.access[0].types == {"state": "number"}
    assert again.id != before.id
    assert again.access[0].fingerprint != before.access[0].fingerprint
    assert voyage.until("stage").release.stage == 0


def test_a_schema_that_changes_under_a_question_is_not_gone_by(
    sailing: Voyage, tmp_path: Path
) -> None:
    """Given the slice's question; when the source changes before the yes; then it stays."""
    voyage = sailing.copy(tmp_path / "home")
    voyage.until("stage")
    lay_orders(voyage, 7)
    voyage.step()

    assert (voyage.release.stage, voyage.waits_for) == (0, "test_exit")


def test_what_acts_on_a_changed_source_is_held_and_its_owner_told_once(
    sailing: Voyage, tmp_path: Path
) -> None:
    """Source, field and owner are named; nobody resumes it until the source is as it was."""
    voyage = sailing.copy(tmp_path / "home")
    voyage.until("stage").until("signals")
    lay_orders(voyage, 7)
    voyage.turn(hours=40)
    facts = voyage.engines.look(voyage.customer, voyage.release)
    held, says = voyage.release.status, advance.find_hold(facts)
    lay_orders(voyage)
    voyage.turn(hours=20)
    mended = voyage.engines.look(voyage.customer, voyage.release)

    [note] = notices(voyage)
    assert held == "held"
    assert "source orders, field state: text, now number" in note
    assert "Owner bob" in note
    assert "source orders, field state" in says
    assert "source" not in advance.find_hold(mended)
