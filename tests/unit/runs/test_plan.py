"""A kept plan is whole, or it is said that it is not."""

from pathlib import Path

import pytest

from runs.errors import InvalidInput
from runs.plan import PlanRecord
from tests import builders


def test_a_kept_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    """By its digest, part by part."""
    store = builders.make_store(tmp_path)
    customer = builders.make_customer(store)
    written = builders.plan_record()
    store.keep(customer, "worker", written)

    assert store.get(customer, PlanRecord, written.digest) == written


def test_a_plan_of_a_former_form_is_refused_with_its_remedy() -> None:
    """What only people can add is never made up."""
    former = builders.plan_record().as_json()
    del former["plan"]["phases"]

    with pytest.raises(InvalidInput, match=r"plan of 'desk' .* run start --plan"):
        PlanRecord.model_validate(former)
