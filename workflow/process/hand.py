"""One item in hand: its version, its tools as its stage allows, and exactly what it would do."""

from collections.abc import Sequence
from typing import Any

from runs.records.item import Item, Output
from runs.records.person import Customer
from runs.records.release import Release, StageKind
from runs.records.version import Effect, PolicyValues, Version
from tools.tool import without_means
from workflow.actions import Request
from workflow.process.parts import ProcessDeps, Work
from workflow.sources import (
    Change,
    Context,
    find_changes,
    keep_context,
    lasting,
    read_context,
)


def take_in_hand(deps: ProcessDeps, customer: Customer, item: Item) -> Work:
    """The item with its version; its tools without means where it only shadows people's work."""
    version = deps.store.get(customer, Version, item.version)
    tools = dict(deps.tools)
    if _stage_at(_release(deps, customer, item), item, item.stage) == "sandbox":
        tools = {name: without_means(tool) for name, tool in tools.items()}
    return Work(deps, customer, item, version, tools)


def find_stage(work: Work) -> StageKind | None:
    """What the item may touch now: never more than when it was admitted; None when rolled back."""
    release = _release(work.deps, work.customer, work.item)
    if release.status == "rolled_back":
        return None
    return _stage_at(release, work.item, min(work.item.stage, release.stage))


def requests(work: Work, item: Item) -> list[Request]:
    """Every effect of the version on this item, in order, as its tool would be asked for it."""
    output = Output.model_validate(work.kept(item.output))
    return [
        Request(effect, content_of(effect, item, output), item=item.id)
        for effect in work.version.effects
        if effect.level != "read"
    ]


def content_of(effect: Effect, item: Item, output: Output) -> dict[str, Any]:
    """What an effect asks of its tool: the sender's key of the item, the label and its fields."""
    return {
        "workflow": item.workflow,
        "effect": effect.name,
        "item": item.key,
        "label": output.label,
        "fields": output.fields,
    }


def changes(work: Work, item: Item) -> Sequence[Change]:
    """Why what the item rests on may no longer be acted on, a source at a time."""
    seen = Context.model_validate(work.kept(item.snapshot))
    policy = work.deps.store.get(work.customer, PolicyValues, item.policy)
    return find_changes(
        seen,
        lasting(work.version.sources, policy.evidence_hours.get("source", 0)),
        tools=work.tools,
        item=work.fields.values,
        now=work.deps.store.clock.now(),
        mask=work.terms.mask,
    )


def keep_found(work: Work) -> str:
    """Keep what the sources say now, masked, beside what was decided on; returns its digest."""
    found = read_context(
        work.version.sources,
        work.tools,
        item=work.fields.values,
        now=work.deps.store.clock.now(),
    )
    found = found.model_copy(update={"item": work.item.input})
    return keep_context(work.deps.store, work.customer, found, work.terms)


def _release(deps: ProcessDeps, customer: Customer, item: Item) -> Release:
    return deps.store.releases.get(customer, item.release)


def _stage_at(release: Release, item: Item, stage: int) -> StageKind:
    """A shadow and whatever stands before the first stage touch nothing outside."""
    is_inside = 0 <= stage < len(release.stages)
    return release.stages[stage].kind if is_inside and item.arm == "canary" else "sandbox"
