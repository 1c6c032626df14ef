"""The sample fails on day one, and small changes found by search mend it.

Nothing here asks for a particular figure of the classifier: the sample was written before any
classifier saw it.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from policies.compiled import compile_plan
from policies.rules import read_plan, read_policy
from runs.plan import Plan, PlanRecord
from runs.records.case import Case, Split
from runs.records.evidence import Patch
from runs.records.person import Customer
from runs.records.version import Source
from tests.builders import NOW
from workflow.dataset.cases import read
from workflow.dataset.description import Import, describe
from workflow.dataset.splits import split
from workflow.evaluate.bench import Bench
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.failures import break_even, group
from workflow.patches.acceptance import accept, compare, terms_of
from workflow.patches.candidates import candidates
from workflow.patches.patch import Changed, apply
from workflow.samples.support_triage.accounts import crm
from workflow.samples.support_triage.customer import document
from workflow.samples.support_triage.generator import cases as sample_cases
from workflow.sources import Context
from workflow.version import make

SEED = 11
"""Chosen once, not for its result."""


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
    """The sample, ready to be tried."""

    bench: Bench
    plan: Plan
    first: Changed
    cases: Sequence[Case]

    def trial(self, pair: Changed, split: Split) -> TrialRun:
        """One candidate on one split."""
        cases = [case for case in self.cases if case.split == split]
        return run_trial(
            self.bench,
            pair.version,
            policy=pair.policy,
            cases=cases,
            trial=split,
            unsure=break_even(self.plan),
        )


@cache
def world() -> World:
    """The sample's dataset, plan and policy, and the version of day one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cases.jsonl"
        rows = sample_cases(SEED)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        cases = split(read(path), "salt")
    reading = read_plan(document("plan.yaml"), "plan.yaml")
    assert reading.plan is not None
    plan = reading.plan
    brought = Import(plan.dataset, plan.workflow, "salt", NOW, plan.owners.domain_expert)
    record = PlanRecord(run="r-1", plan=plan, lessons=(), changes=())
    version = make(record, describe(cases, brought))
    policy = compile_plan(plan, read_policy(document("policy.yaml"), "policy.yaml")).policy
    customer = Customer(id="sample", name="Sample", is_demo=True)
    bench = Bench(Shelf(cases), customer, read_context=_accounts(crm(SEED)))
    return World(bench, plan, Changed(version, policy), cases)


def _accounts(rows: Mapping[str, Mapping[str, Any]]) -> Any:
    def now(sources: Sequence[Source], item: Mapping[str, Any]) -> Context:
        row = rows[item["account_id"]]
        values = {source.name: {n: row[n] for n in source.fields} for source in sources}
        return Context(values=values, versions={}, seen={}, read_at={})

    return now


@cache
def mended() -> tuple[tuple[Patch, ...], Changed]:
    """The patches accepted one after the other, smallest first, and where they lead."""
    pair, accepted = world().first, []
    while (patch := _find_accepted(pair)) is not None and len(accepted) < 10:
        accepted.append(patch)
        pair = apply(patch, *pair)
    return tuple(accepted), pair


def _find_accepted(pair: Changed) -> Patch | None:
    own, terms = world(), terms_of(world().plan, pair.policy)
    tried, there = own.trial(pair, "dev"), own.trial(pair, "holdout")
    for failed in group(tried.results, tried.cases):
        at = {"version": pair.version, "policy": pair.policy, "plan": own.plan}
        for patch in candidates(failed, tried, **at):
            after = apply(patch, *pair)
            dev = compare(tried, own.trial(after, "dev"), group=failed, terms=terms)
            held = compare(there, own.trial(after, "holdout"), group=failed, terms=terms)
            if accept(dev, terms, learnt=None, holdout=held, looks_left=5).accepted:
                return patch
    return None


def share(tried: TrialRun) -> tuple[float, float]:
    """Families wrong alone and families covered, as shares."""
    table = tried.families
    return table.wrong_auto / table.total, table.covered / table.total


def test_day_one_acts_alone_where_the_policy_document_forbids_it() -> None:
    """And the worst group of failures says so."""
    tried = world().trial(world().first, "dev")
    worst = group(tried.results, tried.cases)[0]

    assert share(tried)[0] > world().first.policy.gates["dry_run"].wrong_auto_max
    assert (worst.code, worst.severity) == ("should_have_escalated", "critical")


def test_the_rules_of_the_policy_document_are_found() -> None:
    """Disputes, enterprise accounts, and the limit that stands there in words."""
    patches, (version, policy) = mended()
    rules = {rule.id: rule.when for rule in version.rules}

    assert rules["dispute"] == "context.crm.dispute"
    assert rules["tier_enterprise"] == 'context.crm.tier == "enterprise"'
    assert "item.amount_eur > values.amount_eur_limit" in rules["amount_eur_limit"]
    assert 150 <= policy.values["amount_eur_limit"] <= 250
    assert len(patches) <= 10


def test_the_changes_hold_on_cases_no_search_ever_saw() -> None:
    """On the holdout harm falls below the bar and coverage rises."""
    first, last = (world().trial(pair, "holdout") for pair in (world().first, mended()[1]))
    gate = world().first.policy.gates["dry_run"]

    assert share(last)[0] < gate.wrong_auto_max < share(first)[0]
    assert share(last)[1] > share(first)[1]


def test_a_rule_that_reviews_everything_is_refused() -> None:
    """It would mend every group of harm."""
    own, terms = world(), terms_of(world().plan, world().first.policy)
    before = own.trial(own.first, "dev")
    values = {**own.first.policy.values, "act_threshold": 1}
    closed = own.first.policy.model_copy(update={"values": values})
    after = own.trial(Changed(own.first.version, closed), "dev")
    worst = group(before.results, before.cases)[0]
    ruled = accept(
        compare(before, after, group=worst, terms=terms),
        terms,
        learnt=None,
        holdout=None,
        looks_left=1,
    )

    assert not ruled.accepted
    assert "refused on dev" in ruled.reason
