"""The file of a workflow's values leads, within bounds, with its event, or leads nothing."""

from decimal import Decimal
from pathlib import Path

import pytest

from pilotage.policy_files import Files
from policies.rules import read_policy, write_policy
from runs.errors import InvalidInput
from runs.records.version import PolicyValues
from tests import builders
from tests.unit.pilotage.homes import House, make_house, policy_of


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with nothing released."""
    return make_house(tmp_path / "home")


def files(house: House) -> Files:
    """The files of the home as another process would see them."""
    return Files(house.wired.home, house.store, lambda: house.wired.installation)


def lay(house: House, policy: PolicyValues) -> Path:
    """Write a file as an operations lead does."""
    file = files(house).file(house.customer, policy.workflow)
    file.write_text(write_policy(policy), encoding="utf-8")
    return file


def changes(house: House) -> list[tuple[str, object]]:
    """Who let which values lead, in order."""
    events = house.store.events(house.customer)
    return [(e.actor, e.body["policy"]) for e in events if e.kind == "policy_changed"]


def release(house: House, policy: PolicyValues) -> None:
    """Let a version serve the desk under these values."""
    bounds = {name: {"low": "0.1", "high": "0.95"} for name in policy.values}
    version = builders.version(bounds=bounds)
    for record in (version, policy):
        house.store.keep(house.customer, "worker", record)
    opened = builders.release(version=version.digest, policy=policy.digest)
    house.store.releases.open(house.customer, "worker", opened)


def test_without_a_file_nothing_leads(house: House) -> None:
    """No values, no event."""
    assert files(house).find(house.customer, "desk") is None
    assert files(house).last_led(house.customer, "desk") is None
    assert changes(house) == []


def test_what_stands_in_the_file_leads_from_its_first_reading_on(house: House) -> None:
    """Once, as a change by the file."""
    policy = policy_of(act_threshold="0.8")
    lay(house, policy)

    found = [files(house).find(house.customer, "desk") for _ in range(2)]

    assert found == [policy, policy]
    assert changes(house) == [("file", policy.digest)]
    assert files(house).last_led(house.customer, "desk") == policy


def test_an_edit_leads_without_a_restart(house: House) -> None:
    """The same reader sees it."""
    reader = files(house)
    file = lay(house, policy_of(act_threshold="0.8"))
    reader.find(house.customer, "desk")
    edited = policy_of(act_threshold="0.75")
    file.write_text(write_policy(edited) + "# edited\n", encoding="utf-8")

    found = reader.find(house.customer, "desk")

    assert found == edited
    assert house.store.policies.leading(house.customer, "desk") == edited.digest


def test_an_edit_restarts_the_evidence_of_the_stage(house: House) -> None:
    """The stage is kept; what was measured under other values counts no more."""
    before = policy_of(act_threshold="0.8", scope_floor="0.1")
    release(house, before)
    lay(house, before)
    reader = files(house)
    reader.find(house.customer, "desk")
    edited = policy_of(act_threshold="0.75", scope_floor="0.1")
    reader.write(house.customer, edited)

    after = house.store.releases.get(house.customer, "rel-1")

    assert after.policy == edited.digest
    assert after.stage == 0
    assert after.entered_at is not None
    assert after.entered_at > builders.NOW


@pytest.mark.parametrize("value", ["0.05", "0.99"])
def test_a_value_out_of_the_versions_bounds_leads_nothing(house: House, value: str) -> None:
    """The last good values go on, and the message says who may widen the bound."""
    good = policy_of(act_threshold="0.8", scope_floor="0.1")
    release(house, good)
    reader = files(house)
    reader.write(house.customer, good)
    lay(house, policy_of(act_threshold=value, scope_floor="0.1"))

    with pytest.raises(InvalidInput, match="act_threshold"):
        reader.find(house.customer, "desk")

    assert reader.last_led(house.customer, "desk") == good


def test_before_a_version_the_installation_alone_bounds(house: House) -> None:
    """A threshold below what the installation allows is refused."""
    lay(house, policy_of(act_threshold="0.2"))

    with pytest.raises(InvalidInput, match=r"values\.act_threshold"):
        files(house).find(house.customer, "desk")

    assert changes(house) == []


@pytest.mark.parametrize("text", ["", "values: [", "workflow: desk\n", "a: b\n"])
def test_a_file_that_cannot_be_read_leads_nothing(house: House, text: str) -> None:
    """Whatever stands in it."""
    files(house).file(house.customer, "desk").write_text(text)

    with pytest.raises(InvalidInput, match=r"desk\.yaml"):
        files(house).find(house.customer, "desk")

    assert changes(house) == []


def test_a_file_that_is_not_text_leads_nothing(house: House) -> None:
    """Bytes that are no UTF-8 are refused with the file's name."""
    files(house).file(house.customer, "desk").write_bytes(b"\xff\xfe\x00w")

    with pytest.raises(InvalidInput, match=r"desk\.yaml"):
        files(house).find(house.customer, "desk")


def test_a_file_under_another_workflows_name_is_refused(house: House) -> None:
    """Values cannot lead where they were not meant."""
    text = write_policy(policy_of("desk"))
    files(house).file(house.customer, "mail").write_text(text)

    with pytest.raises(InvalidInput, match="'desk'; write 'mail'"):
        files(house).find(house.customer, "mail")


@pytest.mark.parametrize("name", ["../other", "desk.drill", "", "Desk", "a/b", "x" * 60])
def test_what_names_no_workflow_has_no_file(house: House, name: str) -> None:
    """No name leads out of the folder."""
    assert files(house).find(house.customer, name) is None
    with pytest.raises(InvalidInput):
        files(house).file(house.customer, name)


def test_what_is_written_is_what_is_read(house: House) -> None:
    """Whole, with the same digest, and it leads at once."""
    policy = policy_of(act_threshold="0.812345")
    writer = files(house)

    writer.write(house.customer, policy)

    text = writer.file(house.customer, "desk").read_text(encoding="utf-8")
    assert read_policy(text, "desk.yaml").digest == policy.digest
    assert policy.values["act_threshold"] == Decimal("0.812345")
    assert changes(house) == [("worker", policy.digest)]
    assert writer.workflows(house.customer) == ["desk"]


def test_checking_changes_nothing(house: House) -> None:
    """The doctor may look at any time."""
    lay(house, policy_of(act_threshold="0.8"))

    files(house).check(house.customer, "desk")

    assert changes(house) == []
