"""what a version is made of, and its digest."""

from collections.abc import Mapping
from decimal import Decimal

from policies import asking, compiled, drafting
from policies.compiled import FIELD, PATTERN
from policies.features import declared, find_wrong
from policies.privacy import compile_mask
from policies.routing import check, names_of
from runs.errors import InvalidInput, NotAllowed
from runs.plan import Plan, PlanRecord
from runs.plan_parts import Drafting
from runs.records.case import Dataset
from runs.records.version import (
    Answering,
    Bound,
    FieldSpec,
    Filling,
    LearntRoute,
    TemplateRoute,
    Version,
)
from runs.snapshots import Mask
from workflow.models.words import route_of

OUT_OF_SCOPE = ("out_of_scope", "oos")
"""By this name a label of the plan stands for everything that belongs to no other label."""
ALWAYS = ("act_threshold", "scope_floor")


def make(plan: PlanRecord, dataset: Dataset) -> Version:
    """The version this plan describes, learnt from this dataset; the same parts, the same digest.

    InvalidInput names the part of the plan that does not fit the others; NotAllowed when what the
    dataset lacks was not accepted.
    """
    parts = plan.plan
    check_dataset(parts, dataset)
    _check_parts(parts)
    routing = parts.routing
    return Version(
        workflow=parts.workflow,
        plan=plan.digest,
        contract=parts.contract.fields,
        sources=tuple(source.as_read() for source in parts.context.sources),
        rules=routing.rules,
        bounds=routing.bounds,
        routes=(_route(parts, dataset),),
        effects=parts.actions.allowed,
        waiting=parts.actions.needing_approval,
        labels=parts.contract.labels,
        mask=compiled.mask(parts),
        retention_days=parts.privacy.retention_days,
        retention=compiled.retention(parts),
        models=tuple(route_of(one, parts.contract.labels) for one in parts.models),
    )


def check_dataset(plan: Plan, dataset: Dataset) -> None:
    """Raise InvalidInput for cases a version of this plan cannot be made of.

    NotAllowed when what they lack was not accepted.
    """
    if dataset.workflow != plan.workflow:
        raise InvalidInput(
            f"dataset {dataset.name!r} is for workflow {dataset.workflow!r}, the plan for "
            f"{plan.workflow!r}; import the cases for this workflow"
        )
    if dataset.gaps and not dataset.accepted_by:
        raise NotAllowed(
            f"dataset {dataset.name!r} lacks {', '.join(dataset.gaps)}; ask the domain expert "
            "to accept that in writing, or to bring it"
        )
    if plan.drafting is None and not dataset.counts.get("learn"):
        raise InvalidInput(f"dataset {dataset.name!r} has no case to learn from; split it")


def mask_of(version: Version) -> Mask:
    """What of an item, a context or an output of this version may be kept and answered."""
    fields = [one.removeprefix(FIELD) for one in version.mask if one.startswith(FIELD)]
    patterns = [one.removeprefix(PATTERN) for one in version.mask if one.startswith(PATTERN)]
    return compile_mask(fields, patterns)


def out_of_scope(version: Version) -> str:
    """The label of what belongs to no other label; empty where the version has none."""
    return next((label for label in version.labels if label in OUT_OF_SCOPE), "")


def fillings_of(version: Version) -> tuple[Filling, ...]:
    """How the fields of its drafts are filled; none where it drafts nothing."""
    drafts = (route for route in version.routes if isinstance(route, TemplateRoute))
    return next((route.fillings for route in drafts), ())


def within(bound: Bound | None, value: Decimal) -> bool:
    """True when operations may set this number; without a bound they may set none."""
    if bound is None:
        return False
    is_high_enough = bound.low is None or bound.low <= value
    return is_high_enough and (bound.high is None or value <= bound.high)


def _route(plan: Plan, dataset: Dataset) -> Answering:
    made = plan.drafting
    if made is None:
        return _learnt(plan, dataset)
    return TemplateRoute(
        label=made.label, text=made.template, fillings=made.fillings, dataset=dataset.digest
    )


def _learnt(plan: Plan, dataset: Dataset) -> LearntRoute:
    label = next((one for one in plan.contract.labels if one in OUT_OF_SCOPE), "")
    return LearntRoute(
        text_field=plan.contract.text_field,
        dataset=dataset.digest,
        settings={"out_of_scope": label} if label else {},
        features=plan.learning.features,
    )


def _check_parts(plan: Plan) -> None:
    routing, fields = plan.routing, {field.name: field for field in plan.contract.fields}
    if plan.drafting is None:
        _check_looks(plan, fields)
    else:
        _check_drafting(plan, plan.drafting)
    _check_models(plan)
    for source in plan.context.sources:
        if source.key_field not in fields:
            raise InvalidInput(
                f"context.sources: {source.name!r} is keyed by {source.key_field!r}, which is no "
                f"field of the contract; name one of {sorted(fields)}"
            )
    _check_values(routing.values, routing.bounds)
    names = names_of(
        plan.contract.fields, plan.context.sources, values=routing.values, lists=routing.lists
    )
    check(routing.rules, names)


def _check_looks(plan: Plan, fields: Mapping[str, FieldSpec]) -> None:
    """Refuse a route that would look at nothing, or at what is undeclared, masked or misread."""
    name, chosen = plan.contract.text_field, plan.learning.features
    text = fields.get(name)
    is_text = text is not None and text.type == "text" and not text.masked
    if not is_text and (name or not chosen):
        raise InvalidInput(
            f"contract.text_field: {name!r} is no unmasked field of type text; name one of "
            f"{sorted(fields)}"
        )
    known = declared(plan.contract.fields, plan.context.sources, plan.privacy.mask_fields)
    for wrong in find_wrong(chosen, known):
        raise InvalidInput(f"learning.features.{wrong.number}.{wrong.part} {wrong.says}")


def _check_drafting(plan: Plan, made: Drafting) -> None:
    """Refuse a template that holds a rule, and a field that is taken from what is not declared."""
    known = declared(plan.contract.fields, plan.context.sources, plan.privacy.mask_fields)
    drafted = drafting.Drafted(made.label, made.template, made.fillings)
    owned = [entry for entries in plan.routing.lists.values() for entry in entries]
    for wrong in drafting.find_wrong(drafted, known, labels=plan.contract.labels, owned=owned):
        raise InvalidInput(f"drafting.{'.'.join(map(str, wrong.path))} {wrong.says}")


def _check_models(plan: Plan) -> None:
    """Refuse a model that would be told what is undeclared or masked, or whose task says a rule."""
    known = declared(plan.contract.fields, plan.context.sources, plan.privacy.mask_fields)
    owned = [entry for entries in plan.routing.lists.values() for entry in entries]
    for wrong in asking.find_wrong(plan.models, known, labels=plan.contract.labels, owned=owned):
        raise InvalidInput(f"models.{'.'.join(map(str, wrong.path))} {wrong.says}")


def _check_values(values: Mapping[str, Decimal], bounds: Mapping[str, Bound]) -> None:
    """Refuse a plan without its two limits, and a value outside its bound or without one."""
    for name in ALWAYS:
        if name not in values:
            raise InvalidInput(f"routing.values: {name!r} is missing; give its first value")
    for name, value in values.items():
        if not within(bounds.get(name), value):
            raise InvalidInput(
                f"routing.values.{name}: {value} lies outside routing.bounds.{name}; change the "
                "value, or give it a bound"
            )
