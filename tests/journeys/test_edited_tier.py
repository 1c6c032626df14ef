"""A representative edits the client's tier after the draft and before legal counsel agrees."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pilotage.cli.main import pilotage
from runs import approvals, audit
from runs.records.approval import Approval
from runs.records.item import Item
from tests.office import Office, opened, request

LEGAL = "helena_brook"
NEXT = {"essential": "growth", "growth": "strategic", "strategic": "growth"}


def from_the_crm(plan: str) -> str:
    """The plan once the tier is taken from the account, as the policy document has it."""
    read = plan.replace(
        "fields: [company, contact, currency]", "fields: [company, contact, currency, tier]"
    )
    return read.replace(
        "{name: tier, kind: choice, field: note,",
        "{name: tier, kind: choice, field: context.accounts.tier,",
    )


class Friday:
    """A statement of work is drafted, and waits for legal counsel."""

    def __init__(self, folder: Path) -> None:
        self.office: Office = opened(folder, at=2, plan_says=from_the_crm)
        self.item: Item = self.office.work_on("q-1")
        self.account: str = request()["account_id"]

    @property
    def asked(self) -> list[Approval]:
        """Every question about sending it."""
        return approvals.of_item(self.office.store, self.office.stage.customer, self.item.id)

    @property
    def tier(self) -> str:
        """As the draft has it."""
        return self.office.kept(self.item.output)["fields"]["tier"]

    def edit(self) -> str:
        """The representative sets another tier in the CRM; returns it."""
        tier = NEXT[self.tier]
        self.office.stage.edit_record("accounts", self.account, tier=tier)
        return tier

    def work(self) -> Item:
        """The worker comes to the item again."""
        self.item = self.office.go_on(self.item.id)
        return self.item

    def call(self, *words: str) -> Result:
        """A command of legal counsel."""
        home, token = self.office.stage.wired.home.folder, self.office.stage.tokens[LEGAL]
        told = {"PILOTAGE_HOME": str(home), "PILOTAGE_TOKEN": token}
        return CliRunner(env=told).invoke(pilotage, list(words))

    def agree(self) -> Result:
        """Legal counsel says yes to the newest question, by the digest they saw."""
        newest = self.asked[-1]
        digest = newest.subject.removeprefix("sha256:")[:12]
        return self.call("approval", "approve", newest.id, "--digest", digest)

    def sent(self) -> list[Any]:
        """What went out."""
        return [file.read_text(encoding="utf-8") for file in self.office.files("dispatch")]


@pytest.fixture
def friday(tmp_path: Path) -> Friday:
    """Given a draft that waits."""
    return Friday(tmp_path)


def test_an_edited_tier_supersedes_the_question_and_nothing_is_sent(friday: Friday) -> None:
    """When the tier is edited and counsel agrees; then the yes is refused and nothing goes out."""
    before = friday.tier
    after = friday.edit()
    refused = friday.agree()
    item = friday.work()
    old, new = friday.asked
    told = friday.call("approval", "show", new.id).stdout

    assert refused.exit_code == 7
    assert "it is superseded and will be asked again" in refused.stderr
    assert (item.status, old.status, new.status) == ("asked", "superseded", "open")
    assert (new.supersedes, friday.tier, friday.sent()) == (old.id, after, [])
    assert f"accounts.tier: {before} -> {after}" in told
    assert f"at the tier {after}" in told
    assert len(friday.office.files("contracts")) == 2


def test_the_new_draft_is_sent_once_counsel_agrees_to_exactly_it(friday: Friday) -> None:
    """The old text never goes out; the receipt names the second question."""
    before, after = friday.tier, friday.edit()
    friday.agree()
    friday.work()
    agreed = friday.agree()
    item = friday.work()
    [sent] = friday.sent()
    done = friday.office.store.actions.of_item(friday.office.stage.customer, item.id)

    assert (agreed.exit_code, item.status) == (0, "acted")
    assert f"at the tier {after}" in sent
    assert f"at the tier {before}" not in sent
    assert [one.approval for one in done if one.operation == "send"] == [friday.asked[-1].id]
    assert friday.work() == item
    assert len(friday.sent()) == 1
    assert audit.verify(friday.office.store.database).ok


def test_edited_after_the_yes_it_is_not_sent_either(friday: Friday) -> None:
    """The sources are read again immediately before acting."""
    friday.agree()
    friday.edit()
    stopped = friday.work()

    assert (stopped.status, friday.asked[-1].status) == ("asked", "superseded")
    assert friday.sent() == []
    assert friday.work().status == "asked"
    assert friday.asked[-1].status == "open"


def test_the_item_tells_on_one_page_what_happened_on_friday(friday: Friday) -> None:
    """Draft, snapshot, each question with what changed, who said what: from the record alone."""
    friday.edit()
    friday.agree()
    friday.work()
    friday.agree()
    friday.work()
    told = friday.call("item", "show", friday.item.id).stdout

    assert "send superseded: asked of helena_brook" in told
    assert "send approved: helena_brook (legal_counsel) said approve" in told
    assert "asked again because of" in told
    assert "snapshot.accounts.tier" in told


def test_counsel_who_rewrites_a_clause_does_not_agree_to_it_alone(
    friday: Friday, tmp_path: Path
) -> None:
    """Approved with an edit it is asked anew, as it was put, of her deputy."""
    file = tmp_path / "edit.yaml"
    file.write_text("notice_days: '60'\n", encoding="utf-8")
    digest = friday.asked[0].subject.removeprefix("sha256:")[:12]
    words = ("--digest", digest, "--file", str(file), "--reason", "sixty were agreed")
    edited = friday.call("approval", "edit", friday.asked[0].id, *words)
    item = friday.work()

    assert edited.exit_code == 0
    assert (item.status, friday.sent()) == ("asked", [])
    assert friday.asked[-1].needs[0].people == ("lucia_ferro",)
    assert friday.office.kept(item.output)["fields"]["notice_days"] == "60"
