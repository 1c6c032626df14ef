"""A reported failure is reproduced, mended from the version in use, and released."""

import pytest

from agent.nodes.dry_run import looks
from agent.state import State
from pilotage.engines import NOBODY
from runs import intake
from runs.intake import Brought
from runs.plan import PlanDraft
from runs.records.case import Case, Dataset
from runs.records.evidence import Evidence, FixTrial, Verdict
from runs.records.intake import Right
from runs.records.item import Item
from runs.records.version import PolicyValues
from tests.harbours import Harbour
from tests.journeys.test_stage_reached import WAY
from tests.tickets import Ticket, tickets
from tests.voyage import Voyage, import_cases

pytestmark = pytest.mark.both_databases

MANY = 400
"""So many cases that a change which touches no held-out one is known to harm none."""


def odd(count: int = 12) -> list[Ticket]:
    """Tickets just below the limit, which a person has to see since last week."""
    return [
        one._replace(key=f"odd-{n}", input=one.input | {"amount": 440 + n}, routes=("review",))
        for n, one in enumerate(tickets("odd", count))
    ]


def report(voyage: Voyage, items: list[Item]) -> Voyage:
    """Somebody reports that these went wrong."""
    voyage.begin("failure", items=[one.id for one in items])
    return voyage


def cases(voyage: Voyage, dataset: str, split: str = "") -> list[Case]:
    """The cases of a dataset, of one split where one is named."""
    found = voyage.store.cases.read(voyage.customer, dataset)
    return [one for one in found if split in ("", one.split)]


@pytest.fixture(scope="module")
def before(harbour: Harbour) -> Voyage:
    """Given a version in use and enough cases."""
    voyage = harbour.at(f"{WAY}/ended")
    import_cases(voyage, "desk", MANY)
    return voyage


@pytest.fixture(scope="module")
def fixed(before: Voyage, tmp_path_factory: pytest.TempPathFactory) -> Voyage:
    """When items went wrong and are reported, and all agree; then the run has ended."""
    voyage = before.copy(tmp_path_factory.mktemp("fixed") / "home")
    return report(voyage, voyage.serve(odd())).until("ended")


def measured(voyage: Voyage) -> list[Evidence]:
    """The dry runs of the run, in order."""
    kept = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)
    return [one for one in kept if one.kind == "dry_run"]


def test_it_ends_as_an_issue_fixed_with_both_dry_runs_as_proof(fixed: Voyage) -> None:
    """One that saw it wrong, one that has it right, and the release at its agreed stage."""
    end, runs_of = fixed.terminal, measured(fixed)
    record = intake.find_of_run(fixed.store, fixed.customer, fixed.run)

    assert (end.kind, end.owner) == ("issue_fixed", "ana")
    assert record
    assert end.proof[1] == fixed.release.id
    assert end.proof[3:] == (record.id, runs_of[0].id, runs_of[-1].id)
    assert fixed.release.status == "complete"
    assert end.next_check
    fixed.verify()


def test_the_incident_was_wrong_before_and_is_right_after(fixed: Voyage) -> None:
    """Case by case, in the results that are kept."""
    first, last = measured(fixed)[0], measured(fixed)[-1]

    def outcomes(evidence: Evidence) -> set[str]:
        results = fixed.store.cases.results(fixed.customer, evidence.id)
        return {one.outcome for one in results if one.case.startswith("incident-")}

    assert outcomes(first) == {"wrong_auto"}
    assert outcomes(last) == {"right_review"}
    assert last.policy == fixed.release.policy


def test_the_fix_starts_from_the_version_in_use(fixed: Voyage) -> None:
    """The smallest change is a value; the version stays, and another limit leads."""
    earlier = fixed.store.releases.list(fixed.customer, "desk")[-1]
    leading = fixed.store.policies.leading(fixed.customer, "desk")
    values = fixed.store.get(fixed.customer, PolicyValues, leading).values
    taken = [
        one for one in fixed.store.of_run(fixed.customer, FixTrial, fixed.run_id) if one.accepted
    ]

    assert measured(fixed)[0].version == earlier.version
    assert fixed.release.incumbent == earlier.version
    assert [one.patch.rank for one in taken] == [1]
    assert values["amount_limit"] < 440


def test_the_incident_joins_dev_and_nothing_else_moves(fixed: Voyage) -> None:
    """What is learnt from and what is held out are the same cases as before."""
    newest, older = fixed.store.cases.datasets(fixed.customer, "desk")[:2]
    added = {one.id for one in cases(fixed, newest.digest)}
    added -= {one.id for one in cases(fixed, older.digest)}
    incidents = [one for one in cases(fixed, newest.digest) if one.id in added]

    assert measured(fixed)[0].subject == newest.digest
    assert {(one.origin, one.split, one.labelled_by) for one in incidents} == {
        ("incident", "dev", "ben")
    }
    for split in ("learn", "holdout"):
        assert cases(fixed, newest.digest, split) == cases(fixed, older.digest, split)


def test_a_failure_that_no_small_change_mends_is_a_blocker(harbour: Harbour) -> None:
    """Given too few held-out cases to know that the changes hold; then nothing is released."""
    voyage = harbour.at(f"{WAY}/ended")
    report(voyage, voyage.serve(odd())).until("ended")

    end = voyage.terminal
    verdict = voyage.store.get(voyage.customer, Verdict, end.proof[0])
    assert (end.kind, end.owner) == ("blocker_escalated", "ana")
    assert (verdict.gate, verdict.outcome) == ("holdout", "inconclusive")
    assert "no small change was left to try" in end.reason
    assert voyage.store.releases.list(voyage.customer, "desk")[0].run != voyage.run_id


def test_a_wider_dataset_gives_no_fresh_looks_at_the_same_holdout(harbour: Harbour) -> None:
    """Looks are counted by the cases that were looked at, not by the dataset's name."""
    voyage = harbour.at(f"{WAY}/ended")
    deps = voyage.engines.deps(voyage.store, NOBODY)
    first = voyage.store.cases.newest(voyage.customer, "desk").digest
    spent = looks(State("acme", voyage.run_id, dataset=first), deps).used
    report(voyage, voyage.serve(odd())).until("plan")
    wider = voyage.store.cases.newest(voyage.customer, "desk")

    assert spent > 0
    assert isinstance(wider, Dataset)
    assert wider.digest != first
    assert looks(State("acme", voyage.run_id, dataset=wider.digest), deps).used == spent


def test_what_cannot_be_reproduced_is_a_blocker_of_who_answers_for_incidents(
    harbour: Harbour,
) -> None:
    """Given items the version in use has right; when they are reported; then nothing is changed."""
    voyage = harbour.at(f"{WAY}/ended")
    report(voyage, voyage.serve(tickets("fine", 6))).until("ended")

    end = voyage.terminal
    assert (end.kind, end.owner) == ("blocker_escalated", "ivo")
    assert "nothing is reproduced" in end.reason
    assert end.proof == (measured(voyage)[0].id,)
    assert not voyage.store.of_run(voyage.customer, FixTrial, voyage.run_id)


def test_an_item_nobody_judged_is_a_question_to_the_expert_whose_word_goes_on(
    harbour: Harbour,
) -> None:
    """Given a report of such an item; when the expert says what is right; then it is reproduced."""
    voyage = harbour.at(f"{WAY}/ended")
    batch = odd(4)
    items = unjudged(voyage, batch)
    report(voyage, items).until("ended")
    blocker = voyage.terminal
    expert_says(voyage, items, batch)
    voyage.carry_on(blocker.owner)
    voyage.until("plan").step()

    draft = voyage.store.get(voyage.customer, PlanDraft, blocker.proof[0])
    assert [hole.field for hole in draft.holes] == [f"incident.{one.id}" for one in items]
    assert {hole.person for hole in draft.holes} == {"ana"}
    assert measured(voyage)
    assert "incident" in {one.gate for one in verdicts(voyage)}


def verdicts(voyage: Voyage) -> list[Verdict]:
    """What the gates of the run said."""
    return voyage.store.of_run(voyage.customer, Verdict, voyage.run_id)


def unjudged(voyage: Voyage, batch: list[Ticket]) -> list[Item]:
    """Items that were worked on and that nobody looked at."""
    voyage.hand_in(batch)
    voyage.work()
    found = [voyage.store.items.find_by_key(voyage.customer, "desk", one.key) for one in batch]
    return [one for one in found if one is not None and one.arm == "canary"]


def expert_says(voyage: Voyage, items: list[Item], batch: list[Ticket]) -> None:
    """A domain expert says what is right for each."""
    labels = {one.key: one.label for one in batch}
    rights = [Right(item=one.id, label=labels[one.key], route="review") for one in items]
    told = Brought("failure", "What is right", "Each of them.", "right", workflow="desk")
    said = told._replace(right=rights)
    intake.bring(voyage.store, voyage.customer, "eva", said, voyage.wired.words())
