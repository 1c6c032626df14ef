"""Examples mend what no value and no rule can: from dev, and never scored again."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from runs.errors import InvalidInput
from runs.plan import Plan
from runs.records.case import Case, Split
from runs.records.evidence import FailureGroup, Patch
from runs.records.person import Customer
from tests.builders import dataset
from tests.unit.workflow import builders
from tests.unit.workflow.builders import CONTRACT, case, learnt
from workflow.evaluate.bench import Bench
from workflow.evaluate.learning import to_score
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.failures import group
from workflow.patches.acceptance import Accepted, accept, compare, terms_of
from workflow.patches.examples import examples, noisy
from workflow.patches.patch import Changed, apply

NEW = "voucher code does not work at checkout number"
"""A way of asking for a refund that nobody learnt."""


class Shelf(NamedTuple):
    """Cases in memory."""

    held: Sequence[Case]

    @property
    def cases(self) -> "Shelf":
        """It is its own shelf."""
        return self

    def read(self, customer: Customer, dataset: str, split: Split | None = None, /) -> list[Case]:
        """The cases of a split, by id."""
        return sorted((c for c in self.held if c.split == split), key=lambda one: one.id)


class World(NamedTuple):
    """A desk whose route was never shown how vouchers are written about."""

    bench: Bench
    pair: Changed
    cases: Sequence[Case]
    plan: Plan

    def trial(self, pair: Changed) -> TrialRun:
        """One candidate on dev."""
        cases = to_score(pair.version, [one for one in self.cases if one.split == "dev"])
        return run_trial(self.bench, pair.version, policy=pair.policy, cases=cases, trial="dev")

    def judge(self, pair: Changed, patch: Patch, failed: FailureGroup) -> Accepted:
        """Whether a patch is kept."""
        terms, after = terms_of(self.plan, pair.policy), self.trial(apply(patch, *pair))
        dev = compare(self.trial(pair).only(after.cases), after, group=failed, terms=terms)
        return accept(dev, terms, learnt=None, holdout=None, looks_left=1)


def drawn(prefix: str, label: str, text: str, split: Split, count: int) -> list[Case]:
    """So many cases alike, each of its own family."""
    return [
        case(
            f"{prefix}-{n}",
            label,
            split=split,
            input={"text": f"{text} {n}", "account": "a"},
        )
        for n in range(count)
    ]


def make_world(*more: Case) -> World:
    """The desk, with these cases as well."""
    cases = [
        *drawn("learn-r", "refund", "please give the money back order", "learn", 30),
        *drawn("learn-d", "delivery", "where is the parcel checkout number code", "learn", 30),
        *drawn("dev-r", "refund", "please give the money back order", "dev", 40),
        *drawn("dev-d", "delivery", "where is the parcel checkout number code", "dev", 40),
        *drawn("dev-v", "refund", NEW, "dev", 12),
        *more,
    ]
    routes = ({"text_field": "text", "dataset": dataset(cases).digest},)
    labels = ("refund", "delivery")
    version = builders.version(contract=CONTRACT, sources=(), routes=routes, labels=labels)
    bench = Bench(Shelf(cases), Customer(id="acme", name="Acme", is_demo=False))
    return World(bench, Changed(version, builders.policy()), cases, builders.plan())


def worst(world: World, pair: Changed) -> FailureGroup:
    """The group that is mended first."""
    tried = world.trial(pair)
    return group(tried.results, tried.cases)[0]


def found(world: World, **changed: Any) -> list[Patch]:
    """The patches for the worst group."""
    failed = worst(world, world.pair).model_copy(update=changed)
    taught = world.bench.taught(world.pair.version)
    return examples(failed, world.trial(world.pair), pair=world.pair, taught=taught)


def test_a_few_examples_of_the_group_mend_it_and_their_families_leave_dev() -> None:
    """Smallest first; the version that learnt them is another, and is scored without them."""
    world = make_world()
    failed = worst(world, world.pair)
    kept = next(p for p in found(world) if world.judge(world.pair, p, failed).accepted)
    after = apply(kept, *world.pair)
    added = learnt(after.version).added
    families = {one.family for one in world.cases if one.digest in added}

    assert (failed.code, failed.expected, kept.rank) == ("misclassified", "refund", 4)
    assert after.version.digest != world.pair.version.digest
    assert 1 <= len(added) <= 8
    assert families
    assert not families & {one.family for one in world.trial(after).cases}


def test_patches_are_sized_by_what_they_change() -> None:
    """One example is smaller than two; at most half leaves enough to prove it by."""
    sizes = [one.size for one in found(make_world())]

    assert sizes == sorted(sizes)
    assert all(size[:2] == (4, 1) for size in sizes)
    assert len(set(sizes)) == len(sizes) <= 6


def test_no_example_is_taken_from_the_holdout() -> None:
    """Only what the trial on dev scored can be moved."""
    held = drawn("held-v", "refund", NEW, "holdout", 12)
    world = make_world(*held)
    digests = {one.digest for one in held}

    assert not any(digests & set(learnt(apply(p, *world.pair).version).added) for p in found(world))
    route = world.pair.version.routes[0].model_copy(update={"added": tuple(digests)})
    version = world.pair.version.model_copy(update={"routes": (route,)})
    with pytest.raises(InvalidInput, match="no cases of the splits dev and learn"):
        world.bench.taught(version)


@pytest.mark.parametrize("changed", [{"explained": False}, {"code": "should_have_escalated"}])
def test_what_is_unexplained_or_no_wrong_answer_gets_no_example(changed: dict[str, Any]) -> None:
    """Words mend answers, not routes; and nothing that nobody understands."""
    assert found(make_world(), **changed) == []


def test_an_example_that_a_second_person_doubts_is_taken_away_first() -> None:
    """What teaches the wrong label goes: doubted by a person, or by the others out of fold."""
    wrong = drawn("noise", "delivery", "please give the money back order", "learn", 3)
    doubted = wrong[2].model_copy(update={"second": {"label": "refund"}})
    world = make_world(*wrong[:2], doubted)
    taught = world.bench.taught(world.pair.version)
    named = noisy(taught, taken_for="delivery", is_really="refund")
    patches = [learnt(apply(one, *world.pair).version).removed for one in found(world)]

    assert named[0] == doubted
    assert {one.id for one in named} <= {"noise-0", "noise-1", "noise-2"}
    assert (doubted.digest,) in patches
