"""A document is drafted from declared places alone, and its template holds no rule."""

from typing import Any

import pytest

from policies.drafting import Drafted, find_wrong
from policies.features import declared
from runs.records.version import FieldSpec, Filling, Source
from tests.unit.workflow.drafts import CONTRACT, CRM, FILLINGS, RATES, TEXT


def told(text: str = TEXT, label: str = "offer", **changed: Any) -> list[tuple[Any, ...]]:
    """Where something is wrong; `changed` are fields of the desk's fillings, by name."""
    fillings = [Filling.model_validate(one | changed.get(one["name"], {})) for one in FILLINGS]
    known = declared(
        [FieldSpec.model_validate(one) for one in CONTRACT],
        [Source.model_validate(one) for one in (CRM, RATES)],
        ["crm.secret", "extras"] if changed.pop("masked", False) else [],
    )
    drafted = Drafted(label, text, fillings)
    wrong = find_wrong(drafted, known, labels=("offer", "none"), owned=("unlimited liability",))
    return [one.path for one in wrong]


def test_the_desk_is_right() -> None:
    """Nothing to say."""
    assert told() == []


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"label": "letter"}, ("label",)),
        ({"text": "Dear {{company}}, {{discount}}"}, ("template",)),
        ({"text": "Dear {{company}}, {{Fee}}"}, ("template",)),
        ({"text": "Dear customer"}, ("template",)),
        ({"text": "{{company}}: payment within 30 days"}, ("template",)),
        ({"text": "{{company}}: no unlimited liability"}, ("template",)),
        ({"text": "{{company}} as a gold customer"}, ("template",)),
        ({"company": {"field": "context.crm.street"}}, ("fillings", 0, "field")),
        ({"company": {"field": "context.erp.company"}}, ("fillings", 0, "field")),
        ({"company": {"field": ""}}, ("fillings", 0, "field")),
        ({"company": {"name": "document"}}, ("template",)),
        ({"tier": {"choices": ()}}, ("fillings", 1, "choices")),
        ({"fee": {"field": "note"}}, ("fillings", 2, "field")),
        ({"fee": {"by": ["currency"]}}, ("fillings", 2, "by")),
        ({"fee": {"ways": {"gold": "context.rates.gold"}}}, ("fillings", 2, "ways")),
        ({"currency": {"against": ["money"]}}, ("fillings", 3, "against")),
        ({"extras": {"name": "fee"}}, ("template",)),
        ({"masked": True}, ("fillings", 4, "field")),
    ],
)
def test_what_cannot_be_used_is_named(changed: dict[str, Any], path: tuple[Any, ...]) -> None:
    """With its path in the plan."""
    assert path in told(**changed)
