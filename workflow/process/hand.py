"""One item in hand: its version, its tools as its stage allows, and exactly what it would do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runs.records.item import Action, Item, Output
from runs.records.person import Customer
from runs.records.release import Release, StageKind
from runs.records.version import Effect, PolicyValues, Version
from tools.tool import without_means
from workflow.actions import NOTHING_DONE
from workflow.process.parts import ProcessDeps, Work
from workflow.requests import Request
from workflow.sources import (
    Change,
    Context,
    find_changes,
    lasting,
    masking_context,
    read_context,
)


def take_in_hand(deps: ProcessDeps, customer: Customer, item: Item) -> Work:
    """The item with its version; its tools without means where it only shadows people's work."""
    version = deps.store.get(customer, Version, item.version)
    ground = deps.store.releases.ground(customer, item.workflow, item.release)
    tools = dict(deps.tools)
    if _stage_at(ground.release, item, item.stage) == "sandbox":
        tools = {name: without_means(tool) for name, tool in tools.items()}
    return Work(deps, customer, item, version, tools, ground)


def find_stage(work: Work) -> StageKind | None:
    """What the item may touch now: never more than when it was admitted; None when rolled back."""
    release = work.deps.store.releases.get(work.customer, work.item.release)
    if release.status == "rolled_back":
        return None
    return _stage_at(release, work.item, min(work.item.stage, release.stage))


def requests(work: Work, item: Item, begun: Sequence[Action] | None = None) -> list[Request]:
    """Every effect of the version on this item, in order, as its tool would be asked for it.

    One that surely was not done, of an item that people had worked on again, has a key of its own;
    whatever was done, or may have been, keeps the key under which it is found. `begun`: what is
    known of the item's actions; read where it is not given.
    """
    output = Output.model_validate(work.kept(item.output))
    wanted = [
        Request(effect, content_of(effect, item, output), item=item.id)
        for effect in work.version.effects
        if effect.level != "read"
    ]
    store, customer = work.deps.store, work.customer
    known = store.actions.of_item(customer, item.id) if begun is None else begun
    if not any(one.status in NOTHING_DONE for one in known):
        return wanted
    attempts = len(store.pauses.reruns(customer, item.id)) + 1
    return [_tried(one, {action.key: action for action in known}, attempts) for one in wanted]


def _tried(request: Request, begun: Mapping[str, Action], attempts: int) -> Request:
    """The attempt of this request that did something or may have; the present one if none did."""
    for number in range(1, attempts):
        earlier = replace(request, attempt=number)
        action = begun.get(earlier.key)
        if action is not None and action.status not in NOTHING_DONE:
            return earlier
    return replace(request, attempt=attempts)


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
    kept = work.keep("context", found.as_json(), masking_context(found, work.terms))
    work.write()
    return kept


def _stage_at(release: Release, item: Item, stage: int) -> StageKind:
    """A shadow and whatever stands before the first stage touch nothing outside."""
    is_inside = 0 <= stage < len(release.stages)
    return release.stages[stage].kind if is_inside and item.arm == "canary" else "sandbox"
