"""What a model is told: the version's own words, and the item as material between two marks.

What leaves is what the route reads of the item and its sources, masked; nothing of it stands in
the words, and no text in it can leave its place: it is JSON, and the marks are made of its content.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from policies.features import place_of
from prompts.library import load
from runs.plan_parts import PlannedRoute
from runs.records.model import ModelRoute, Wanted
from runs.records.record import digest_of
from runs.records.version import Source
from runs.snapshots import Mask
from tools.model.asked import Message

FRAME = "route"
MARK = "====="
HOLE = "[the task]"
"""In the place of a task, to see what stands around it."""


class Ground(NamedTuple):
    """What a version sees of an item."""

    item: Mapping[str, Any]
    """Contract fields, typed."""
    context: Mapping[str, Mapping[str, Any]]
    """What was read, by source and field."""
    sources: Sequence[Source]


def route_of(planned: PlannedRoute, labels: Sequence[str]) -> ModelRoute:
    """The route as a version holds it, with every word that is told."""
    prompt = load(f"{FRAME}_{planned.kind}")
    told = {
        "labels": ", ".join(labels),
        "fields": _fields(planned),
        "place": planned.reads[0],
    }
    answer = prompt.render({name: told[name] for name in prompt.variables})
    text = load(FRAME).render({"task": planned.task.strip(), "answer": answer.strip()})
    parts = {name: getattr(planned, name) for name in ModelRoute.model_fields if name != "text"}
    return ModelRoute(**parts, text=text)


def task_of(route: ModelRoute, planned: PlannedRoute, labels: Sequence[str]) -> str | None:
    """The words of the route's task; None where those around it are not the ones of now."""
    told = route_of(planned.model_copy(update={"task": HOLE}), labels).text
    before, _, after = told.partition(HOLE)
    is_framed = route.text.startswith(before) and route.text.endswith(after)
    return route.text[len(before) : len(route.text) - len(after)] if is_framed else None


def messages(route: ModelRoute, ground: Ground, mask: Mask) -> tuple[Message, ...]:
    """The two turns of a question: the version's words, and what it is about."""
    told = json.dumps(material(route, ground, mask), ensure_ascii=False, sort_keys=True)
    mark = digest_of([route.prompt, told]).removeprefix("sha256:")[:16]
    shown = f"{MARK} material {mark}\n{told}\n{MARK} end {mark}"
    return Message(role="system", text=route.text), Message(role="user", text=shown)


def material(route: ModelRoute, ground: Ground, mask: Mask) -> dict[str, Any]:
    """What the route reads, by path; what is not there is left out, what is masked stays masked."""
    found: dict[str, Any] = {"item": {}, "context": {}}
    for place in route.reads:
        at, value = place_of(place), find(place, ground)
        if at is None or value is None:
            continue
        part = found["context"].setdefault(at.source, {}) if at.source else found["item"]
        part[at.field] = value
    told: dict[str, Any] = {**mask(found["item"]).value, **_flat(mask(found["context"]).value)}
    return told


def find(place: str, ground: Ground) -> Any:
    """What stands at a place, as JSON; None where there is nothing."""
    at = place_of(place)
    if at is None:
        return None
    value = (ground.context.get(at.source, {}) if at.source else ground.item).get(at.field)
    return f"{value:f}" if isinstance(value, Decimal) else value


def _flat(context: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of sources by the path at which a plan and an answer name them."""
    return {
        f"context.{source}.{name}": value
        for source, fields in context.items()
        if isinstance(fields, Mapping)
        for name, value in fields.items()
    }


def _fields(planned: PlannedRoute) -> str:
    """The fields that are asked for; of a draft in a sentence of its own."""
    listed = "; ".join(map(_field, planned.fields))
    if planned.kind != "drafting" or not listed:
        return listed
    return (
        "Give `fields` as well, one entry for each of these that the material holds, with `value`, "
        f"`place` and `quote` as in a claim: {listed}."
    )


def _field(wanted: Wanted) -> str:
    choices = f", one of {', '.join(wanted.choices)}" if wanted.choices else ""
    return f"`{wanted.name}` ({wanted.kind}{choices})"
