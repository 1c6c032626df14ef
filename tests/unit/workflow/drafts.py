"""A desk that drafts offers: its route, a version, cases; right by default."""

from collections.abc import Sequence
from typing import Any

from runs.records.case import Case
from runs.records.version import TemplateRoute, Version
from tests import builders
from tests.unit.workflow.builders import case, version

TIERS = ("silver", "gold")
TEXT = "# Offer\n\nFor {{company}}: tier {{tier}} at {{fee}} {{currency}}.\n{{extras}}\n"
FILLINGS: tuple[dict[str, Any], ...] = (
    {"name": "company", "kind": "text", "field": "context.crm.company"},
    {"name": "tier", "kind": "choice", "field": "note", "choices": TIERS},
    {
        "name": "fee",
        "kind": "number",
        "by": ["tier"],
        "ways": {tier: f"context.rates.{tier}" for tier in TIERS},
    },
    {
        "name": "currency",
        "kind": "text",
        "field": "context.crm.currency",
        "against": ["currency"],
    },
    {"name": "extras", "kind": "list", "field": "extras", "required": False},
)
CONTRACT = (
    {"name": "account", "type": "text", "required": True},
    {"name": "service", "type": "text", "required": True},
    {"name": "note", "type": "text"},
    {"name": "currency", "type": "text"},
    {"name": "extras", "type": "text"},
)
CRM = {"name": "crm", "tool": "crm", "key_field": "account", "fields": ["company", "currency"]}
RATES = {"name": "rates", "tool": "rates", "key_field": "service", "fields": [*TIERS]}
ITEM = {"account": "A-1", "service": "care", "note": "gold please", "currency": "EUR"}
CONTEXT = {
    "crm": {"company": "Aurelia", "currency": "EUR", "tier": "gold"},
    "rates": {"silver": "100.00", "gold": "250.00"},
}
FIELDS = {"tier": "gold", "fee": "250", "currency": "EUR"}


def route(**changed: Any) -> TemplateRoute:
    """The route of the desk."""
    values = {"label": "offer", "text": TEXT, "fillings": FILLINGS, "dataset": builders.DIGEST}
    return TemplateRoute.model_validate(values | changed)


def drafting_version(*, crm: Sequence[str] = (), **changed: Any) -> Version:
    """A version of the desk; `crm` are fields it reads of the CRM besides."""
    sources = ({**CRM, "fields": [*CRM["fields"], *crm]}, RATES)
    parts = {"contract": CONTRACT, "sources": sources, "routes": (route(),), **changed}
    return Version.model_validate(version().as_json() | {"labels": ("offer", "no_offer")} | parts)


def request(id: str, *, fields: dict[str, Any] | None = None, **item: Any) -> Case:
    """A request with what the systems said of it; `fields` are expected otherwise."""
    expected = {"label": "offer", "fields": FIELDS | (fields or {})}
    return case(id, input=ITEM | item, context=CONTEXT, expected=expected)
