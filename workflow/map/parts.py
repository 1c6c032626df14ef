"""What a map is drawn from: the parts a version has, or the ones its plan promises."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from runs.plan import Plan
from runs.records.model import Asking
from runs.records.record import digest_of
from runs.records.version import (
    Bound,
    Effect,
    Feature,
    FieldSpec,
    Filling,
    LearntRoute,
    PolicyValues,
    Rule,
    Source,
    TemplateRoute,
    Version,
)
from workflow.version import FIELD, PATTERN


class Parts(NamedTuple):
    """The parts of a version that a reader sees on its map."""

    contract: tuple[FieldSpec, ...]
    sources: tuple[Source, ...]
    masked: tuple[str, ...]
    """Fields and patterns that are replaced before anything is kept."""
    texts: tuple[str, ...]
    """Fields whose words are learnt."""
    features: tuple[Feature, ...]
    learnt_from: str
    """The dataset, by digest or name."""
    template: str
    """Digest of the text that is filled; empty where nothing is drafted."""
    fillings: tuple[Filling, ...]
    labels: tuple[str, ...]
    rules: tuple[Rule, ...]
    bounds: Mapping[str, Bound]
    effects: tuple[Effect, ...]
    waiting: tuple[str, ...]
    models: tuple[Asking, ...] = ()
    """Models that are asked before the baseline, in order."""


class Values(NamedTuple):
    """What operations set now, as far as the map shows it."""

    numbers: Mapping[str, Decimal]
    lists: Mapping[str, tuple[str, ...]]
    review_owner: str
    """Role or person who gets what no rule gives to somebody else."""
    review_due_hours: int | None
    """None where no policy stands yet, as the next two."""
    audit_share: float | None
    escalation: tuple[str, ...] = ()


def of_version(version: Version) -> Parts:
    """The parts of a version as it was built."""
    learnt = [route for route in version.routes if isinstance(route, LearntRoute)]
    drafts = [route for route in version.routes if isinstance(route, TemplateRoute)]
    return Parts(
        contract=version.contract,
        sources=version.sources,
        masked=tuple(one.removeprefix(FIELD).removeprefix(PATTERN) for one in version.mask),
        texts=tuple(route.text_field for route in learnt if route.text_field),
        features=tuple(feature for route in learnt for feature in route.features),
        learnt_from=", ".join(route.dataset for route in version.routes),
        template=drafts[0].template if drafts else "",
        fillings=drafts[0].fillings if drafts else (),
        labels=version.labels,
        rules=version.rules,
        bounds=version.bounds,
        effects=version.effects,
        waiting=version.waiting,
        models=version.models,
    )


def of_plan(plan: Plan) -> Parts:
    """The parts the first version of a plan will have."""
    masked = [*plan.privacy.mask_fields, *(f.name for f in plan.contract.fields if f.masked)]
    return Parts(
        contract=plan.contract.fields,
        sources=plan.context.sources,
        masked=tuple(dict.fromkeys([*masked, *plan.privacy.mask_patterns])),
        texts=(plan.contract.text_field,) if plan.contract.text_field else (),
        features=plan.learning.features,
        learnt_from=plan.dataset,
        template=digest_of(plan.drafting.template) if plan.drafting else "",
        fillings=plan.drafting.fillings if plan.drafting else (),
        labels=plan.contract.labels,
        rules=plan.routing.rules,
        bounds=plan.routing.bounds,
        effects=plan.actions.allowed,
        waiting=plan.actions.needing_approval,
        models=plan.models,
    )


def of_policy(policy: PolicyValues) -> Values:
    """The values as operations set them."""
    return Values(
        policy.values,
        policy.lists,
        policy.review_owner,
        policy.review_due_hours,
        policy.audit_share,
        policy.escalation,
    )


def first_of(plan: Plan, review_owner: str = "reviewers") -> Values:
    """The values a plan begins with, before a policy says who reviews."""
    return Values(plan.routing.values, plan.routing.lists, review_owner, None, None)
