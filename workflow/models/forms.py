"""The form of an answer, by kind of route: what a model can say at all."""

from collections.abc import Sequence
from typing import Any

from runs.records.model import ModelRoute, RouteKind
from tools.model.asked import Form

MOST_CLAIMS, MOST_CHARS = 60, 2_000
NAMES: dict[RouteKind, str] = {
    "classification": "classification",
    "extraction": "extraction",
    "matching": "matching",
    "risk_flag": "risk_flag",
    "drafting": "draft",
}


def form_of(route: ModelRoute, labels: Sequence[str]) -> Form:
    """The answer as one JSON object, closed: labels, fields and places are those of the version."""
    properties: dict[str, Any] = {"confidence": {"type": "number", "minimum": 0, "maximum": 1}}
    if not route.label:
        properties["label"] = {"type": "string", "enum": list(labels)}
    if route.fields:
        names = [one.name for one in route.fields]
        entry = {"name": {"type": "string", "enum": names}, "value": _text(), **_cited(route)}
        properties["fields"] = _list(entry)
    if route.kind == "matching":
        at = {"type": "string", "enum": list(route.reads)}
        properties["pairs"] = _list({"one": at, "other": at, "same": {"type": "boolean"}})
    if route.kind in ("risk_flag", "drafting"):
        part = "risks" if route.kind == "risk_flag" else "claims"
        properties[part] = _list({"says": _text(), **_cited(route)})
    form = {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
    return Form(name=NAMES[route.kind], form=form)


def _cited(route: ModelRoute) -> dict[str, Any]:
    """Where it stands; the empty place is one that nothing is cited with."""
    return {"place": {"type": "string", "enum": ["", *route.reads]}, "quote": _text()}


def _text() -> dict[str, Any]:
    return {"type": "string", "maxLength": MOST_CHARS}


def _list(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "array",
        "maxItems": MOST_CLAIMS,
        "items": {
            "type": "object",
            "properties": entry,
            "required": sorted(entry),
            "additionalProperties": False,
        },
    }
