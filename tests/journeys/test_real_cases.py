"""Real cases, through the command line, to the proven end of a run: must-hold 3."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from bench.real import bank, packs
from bench.real.bank import Bank
from pilotage.wiring import Wired
from pilotage.worker import working
from runs import approvals
from runs.records.evidence import Evidence
from runs.records.item import Item
from runs.records.run import Run
from runs.store.filtered import ItemFilter

WORKFLOW = "bank_triage"
GATES = ("dry_run", "sandbox", "slice", "full")


class Size(NamedTuple):
    """How much of the pack a journey takes, and what is otherwise in its plan for that."""

    labels: int
    stages: tuple[dict[str, Any], ...]
    min_cases: int


class Journey(NamedTuple):
    """A run that has ended, and where it ran."""

    desk: Bank
    wired: Wired
    run: Run
    labelled: frozenset[str]
    """Ids of the cases the dataset holds."""

    def evidence(self, kind: str) -> list[Evidence]:
        """What was measured, oldest first."""
        customer = self.wired.store.customer(bank.CUSTOMER)
        kept = self.wired.store.of_run(customer, Evidence, self.run.id)
        return [one for one in kept if one.kind == kind]

    def items(self) -> list[Item]:
        """Every live item."""
        customer = self.wired.store.customer(bank.CUSTOMER)
        return self.wired.store.items.list(customer, ItemFilter(workflow=WORKFLOW), limit=5_000)


# 24 of the 77 labels, chosen by hash, so that it ends within a minute; stages and least numbers
# of cases shrink with them, the bars do not.
SOME = Size(
    24,
    (
        {"name": "sandbox", "kind": "sandbox", "weight_bp": 0, "sample": 120, "min_hours": 0},
        {"name": "slice_50", "kind": "slice", "weight_bp": 5000, "sample": 80, "min_hours": 0},
    ),
    60,
)
WHOLE = Size(77, (), 0)


def require(pack: packs.Pack) -> None:
    """Skip, saying so, where the pack is missing."""
    if not packs.file(pack, "train").exists():
        pytest.skip("the labelled packs are not beside the project: ../shared/data is missing")


def changes(size: Size) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the size changes in the plan and in the policy of the walkthrough."""
    if not size.stages:
        return {}, {}
    least = {f"gates.{gate}.min_cases": size.min_cases for gate in GATES}
    plan = {f"acceptance.{path}": value for path, value in least.items()}
    agreed = size.stages[-1]["name"]
    return plan | {"rollout.stages": list(size.stages), "rollout.agreed_stage": agreed}, least


@pytest.fixture(
    scope="module",
    params=[SOME, pytest.param(WHOLE, marks=pytest.mark.journey)],
    ids=["24 labels", "77 labels"],
)
def journey(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """Given the pack and seven people, when everybody does what the run asks of them."""
    require("banking77")
    size: Size = request.param
    train, valid = packs.read("banking77", "train"), packs.read("banking77", "valid")
    chosen = packs.some(packs.labels(train), size.labels)
    learnt = [row for row in train if row.label in chosen]
    live = [row for row in valid if row.label in chosen]
    plan, policy = changes(size)
    desk = Bank(tmp_path_factory.mktemp("bank"), WORKFLOW, live)
    bank.found(desk, packs.policy(policy))
    bank.bring_cases(desk, learnt)
    run = bank.begin(desk, packs.plan(sorted(chosen), plan))
    wired = desk.wired()
    with working(wired) as worker:
        ended = bank.take_to_its_end(desk, wired, worker, run)
    return Journey(desk, wired, ended, frozenset(row.id for row in learnt))


@pytest.mark.timeout(900)
def test_real_cases_come_to_the_agreed_stage(journey: Journey) -> None:
    """Then the run stands at the stage the plan agreed on, with proof."""
    end = bank.end_of(journey.wired, journey.run)

    assert (end.kind, end.owner) == ("stage_reached", "paula"), end.reason
    assert end.proof


@pytest.mark.timeout(900)
def test_every_live_item_is_a_case_the_version_never_saw(journey: Journey) -> None:
    """Nothing that was labelled for learning or proving came in, and no item carries its label."""
    items = journey.items()

    assert len(items) == journey.desk.sent
    assert not {item.key for item in items} & journey.labelled
    assert {item.key for item in items} <= {row.id for row in journey.desk.live}


@pytest.mark.timeout(900)
def test_every_stage_was_left_on_its_whole_sample(journey: Journey) -> None:
    """Live evidence is a person's answer to each sampled item, for each stage of the plan."""
    customer = journey.wired.store.customer(bank.CUSTOMER)
    (release,) = journey.wired.store.releases.of_run(customer, journey.run.id)
    seen = {one.subject: (one.items.total, one.unlabelled) for one in journey.evidence("stage")}

    assert seen == {
        f"release:{release.id}:{index}": (stage.sample, 0)
        for index, stage in enumerate(release.stages)
    }


@pytest.mark.timeout(900)
def test_people_decided_each_with_their_own_token(journey: Journey) -> None:
    """No approval was closed by the requester, by one person alone or by a demo's proof."""
    store, customer = journey.wired.store, journey.wired.store.customer(bank.CUSTOMER)
    asked = approvals.list_approvals(store, customer, status="approved", run=journey.run.id)
    said = {one.kind: approvals.decisions_of(store, customer, one.id) for one in asked}

    assert set(said) == {"plan", "test_exit", "stage", "update"}
    assert {d.proved_by for answers in said.values() for d in answers} == {"token"}
    assert {len({d.token for d in answers}) for answers in said.values()} == {1, 2, 3}
    assert not any(d.person == "dan" or d.solo for answers in said.values() for d in answers)


@pytest.mark.timeout(900)
def test_the_record_of_the_journey_is_whole(journey: Journey) -> None:
    """`audit verify` finds every row and every event as it was written."""
    assert journey.desk.read("audit", "verify")["ok"]


def test_the_documents_of_the_walkthrough_hold_no_case() -> None:
    """The plan names no label and no text of the pack; both come from the file at run time."""
    require("banking77")
    rows = packs.read("banking77", "valid")
    words = {row.label for row in rows} | {row.text for row in rows}
    told = "".join(file.read_text(encoding="utf-8") for file in packs.DOCUMENTS.glob("*.yaml"))

    assert [word for word in words if re.search(rf"\b{re.escape(word)}\b", told)] == []
