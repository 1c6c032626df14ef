"""The one improvement a run advances: by what was measured, and by how small a fix is plausible."""

from decimal import Decimal
from pathlib import Path

import pytest

from runs.records.evidence import Evidence
from runs.records.run import Choice, Contender
from tests.harbours import Harbour, harbour_in
from tests.tickets import plan_of, written
from tests.voyage import Voyage


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points."""
    return harbour_in(tmp_path_factory.getbasetemp(), database)


def measured_as_at_first(voyage: Voyage) -> None:
    """The desk's newest dry run shows once more what the first one did, before any fix."""
    store, customer = voyage.store, voyage.customer
    kept = store.of_run(customer, Evidence, voyage.run_id)
    first = next(one for one in kept if one.kind == "dry_run")
    results = store.cases.results(customer, first.id)
    store.cases.keep_results(customer, [one.model_copy(update={"trial": "e"}) for one in results])
    again = first.model_copy(update={"id": "e", "measured_at": store.clock.now()})
    store.keep(customer, "worker", again, voyage.run_id)


def chosen(voyage: Voyage, folder: Path) -> tuple[Choice, dict[str, Contender]]:
    """What another run chooses between the workflow there is and one that nobody built yet."""
    voyage = voyage.copy(folder)
    voyage.start(written(plan_of("mail")), key="k-2")
    voyage.advance()
    (choice,) = voyage.store.of_run(voyage.customer, Choice, voyage.run_id)
    return choice, {one.name: one for one in choice.contenders}


def test_each_score_is_divided_by_the_rank_of_the_smallest_plausible_fix(
    harbour: Harbour, tmp_path: Path
) -> None:
    """The rank stands with its reason, for the chosen one and for the losers."""
    voyage = harbour.at("plan/test_exit")
    measured_as_at_first(voyage)
    choice, found = chosen(voyage, tmp_path / "second")

    assert {name: one.fix_rank for name, one in found.items()} == {"desk": 2, "mail": 8}
    assert "a rule on item.amount tells them apart" in found["desk"].why
    assert "rank 8 (no dry run is kept, so no fix is known)" in found["mail"].why
    for one in choice.contenders:
        whole = one.volume_per_week * one.cost_of_error * Decimal(one.failing_share)
        assert one.score == (whole / one.fix_rank).quantize(Decimal("0.01"))
        assert f"smallest plausible fix of rank {one.fix_rank} (" in choice.why
