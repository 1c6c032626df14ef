"""A field that a connected system has mends what no known field tells; nothing is made up."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from runs.errors import Unavailable
from runs.plan import Plan
from runs.records.case import Case, Split
from runs.records.evidence import FailureGroup, Patch
from runs.records.person import Customer
from runs.records.version import Source
from tests import builders as records
from tests.integration.test_fix_examples import Shelf
from tests.unit.workflow import builders
from tests.unit.workflow.builders import CONTRACT, CRM, case
from workflow.evaluate.bench import Bench
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.failures import group
from workflow.patches.acceptance import Accepted, accept, compare, terms_of
from workflow.patches.fields import allowed, fields, widened
from workflow.patches.patch import Changed, apply
from workflow.sources import Context

SAYS = {"refund": "please give the money back", "delivery": "where is the parcel"}
CRM_NOW: Mapping[str, Any] = {"tier": "standard", "hold": False, "email": "eve@example.com"}
MASK = ("field:email",)
ONLY_TIER: Mapping[str, Any] = CRM | {"fields": ("tier",)}


class World(NamedTuple):
    """A desk that reads the tier of an account, and not whether it is on hold."""

    bench: Bench
    pair: Changed
    cases: Sequence[Case]
    plan: Plan

    def dev(self) -> list[Case]:
        """What is scored."""
        return [one for one in self.cases if one.split == "dev"]

    def trial(self, pair: Changed) -> TrialRun:
        """One candidate on dev."""
        told = {"policy": pair.policy, "cases": self.dev(), "trial": "dev"}
        return run_trial(self.bench, pair.version, **told)

    def worst(self) -> FailureGroup:
        """The group that is mended first."""
        tried = self.trial(self.pair)
        return group(tried.results, tried.cases)[0]

    def offered(self) -> dict[str, frozenset[str]]:
        """What the systems have and the plan allows."""
        found = self.bench.offered(self.pair.version, self.dev())
        return allowed(found, self.pair, self.plan)

    def found(self) -> list[Patch]:
        """The patches for the worst group."""
        more = self.offered()
        tried = self.trial(widened(self.pair, more))
        taught = self.bench.taught(self.pair.version)
        told: Any = {"pair": self.pair, "more": more, "plan": self.plan, "taught": taught}
        return fields(self.worst(), tried, **told)

    def judge(self, patch: Patch) -> Accepted:
        """Whether a patch is kept."""
        terms, after = terms_of(self.plan, self.pair.policy), self.trial(apply(patch, *self.pair))
        dev = compare(self.trial(self.pair), after, group=self.worst(), terms=terms)
        return accept(dev, terms, learnt=None, holdout=None, looks_left=1)


def drawn(split: Split, prefix: str, count: int, **changed: Any) -> list[Case]:
    """Cases of both labels, each of its own account and with what was said of it then."""
    return [
        case(
            f"{prefix}-{n}-{label}",
            changed.get("expected", label),
            split=split,
            input={"text": f"{changed.get('text', text)} {n}", "account": f"{prefix}-{n}"},
            routes=changed.get("routes", ("act",)),
            context=changed.get("context", {"crm": {"tier": "standard"}}),
        )
        for n in range(count)
        for label, text in SAYS.items()
    ]


def make_world(
    cases: Sequence[Case], *, sources: tuple[str, ...] = ("crm",), is_up: bool = True
) -> World:
    """The desk with these cases; accounts that begin with `held` are on hold now."""

    def now(item: Mapping[str, Any]) -> dict[str, Any]:
        return {**CRM_NOW, "hold": str(item["account"]).startswith("held")}

    def read(asked: Sequence[Source], item: Mapping[str, Any]) -> Context:
        if not is_up:
            raise Unavailable("the crm does not answer")
        values = {
            one.name: {n: now(item)[n] for n in one.fields if n in now(item)} for one in asked
        }
        return Context(values=values, versions={}, seen={}, read_at={})

    route = {"text_field": "text", "dataset": records.dataset(list(cases)).digest}
    told: Any = {"contract": CONTRACT, "sources": (ONLY_TIER,), "routes": (route,), "mask": MASK}
    version = builders.version(**told, labels=("refund", "delivery"))
    customer = Customer(id="acme", name="Acme", is_demo=False)
    bench = Bench(
        Shelf(cases),
        customer,
        read_context=read,
        find_fields=lambda source, item: frozenset([*now(item), "account", "queue"]),
    )
    plan = builders.plan().as_json()
    plan["privacy"]["allowed_sources"] = sources
    return World(bench, Changed(version, builders.policy()), cases, Plan.model_validate(plan))


def held_world(**changed: Any) -> World:
    """Accounts on hold are a person's, which nothing the desk reads can tell."""
    cases = [
        *drawn("learn", "learn", 30),
        *drawn("dev", "free", 40),
        *drawn("dev", "held", 6, routes=("review",)),
    ]
    return make_world(cases, **changed)


def test_a_field_the_system_has_becomes_a_rule_and_is_read_now() -> None:
    """Only this field is read more, and what the case brought stands as it was."""
    world = held_world()
    patch = world.found()[0]
    after = apply(patch, *world.pair)
    (rule,) = after.version.rules

    assert (patch.rank, rule.when) == (3, "context.crm.hold")
    assert after.version.sources[0].fields == ("tier", "hold")
    assert world.judge(patch).accepted
    assert world.trial(after).seen[-1].context["crm"] == {"tier": "standard", "hold": True}


def test_where_the_source_does_not_answer_the_patch_is_refused_and_nothing_is_made_up() -> None:
    """A case that did not bring the field errs, so the change is worth nothing."""
    patch, down = held_world().found()[0], held_world(is_up=False)
    tried = down.trial(apply(patch, *down.pair))

    assert not down.judge(patch).accepted
    assert {one.outcome for one in tried.results} == {"error"}
    assert "the crm does not answer" in tried.results[0].error


@pytest.mark.parametrize(
    ("sources", "expected"), [(("crm",), {"crm": {"hold", "queue"}}), ((), {}), (("erp",), {})]
)
def test_only_what_privacy_allows_is_offered(sources: tuple[str, ...], expected: Any) -> None:
    """No source that is not allowed, no masked field, no key, nothing that is read already."""
    assert held_world(sources=sources).offered() == expected


def queue_world(*, is_taught: bool) -> World:
    """Texts that say nothing; the queue of the system is the right label."""

    def said(split: Split, prefix: str, count: int, *, has_queue: bool) -> list[Case]:
        cases = drawn(split, prefix, count, text="see the attachment")
        more = {"crm": {"tier": "standard"}}
        return [
            one.model_copy(
                update={"context": {"crm": more["crm"] | {"queue": one.expected["label"]}}}
            )
            if has_queue
            else one
            for one in cases
        ]

    learn = said("learn", "learn", 30, has_queue=is_taught)
    return make_world([*learn, *said("dev", "free", 40, has_queue=True)])


def test_a_field_that_is_the_class_itself_is_learnt_from() -> None:
    """The cases brought it, so the route learns it as it was said then."""
    world = queue_world(is_taught=True)
    patch = world.found()[0]
    (feature,) = builders.learnt(apply(patch, *world.pair).version).features

    assert (patch.rank, feature.kind, feature.field) == (3, "choice", "context.crm.queue")
    assert world.judge(patch).accepted


def test_a_field_that_the_examples_did_not_bring_is_no_feature() -> None:
    """What a source says today would teach another route than the day of the label."""
    assert queue_world(is_taught=False).found() == []
