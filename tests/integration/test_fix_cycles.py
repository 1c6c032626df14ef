"""Four cycles on one kind of failure: example, example, example, then a person or structure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.deps import Deps
from agent.nodes.fix_smallest_issue import fix_smallest_issue
from agent.state import State
from pilotage.engines import NOBODY
from policies.compiled import compile_plan
from runs.plan import PlanRecord
from runs.records.case import Case, Dataset
from runs.records.evidence import FixTrial
from tests import builders
from tests.tickets import plan_of
from tests.voyage import Voyage, set_out
from workflow import churn
from workflow.version import make

KEY = "decide/label/misclassified/refund"
KNOWN = {"refund": "please give the money back", "delivery": "where is the parcel checkout code"}
WAYS = ("voucher", "coupon", "giftcard", "ticket")
"""In each cycle refunds are asked for in another way that nobody learnt."""
BARS = {"wrong_auto_max": 0.05, "coverage_min": 0.8, "confidence": 0.9, "min_cases": 40}
FIXED: Any = {"low": "0.1", "high": "0.1"}


@pytest.fixture(scope="module")
def voyage(tmp_path_factory: pytest.TempPathFactory, database: str) -> Voyage:
    """A home in which one run after the other meets the same kind of failure."""
    voyage = set_out(tmp_path_factory.mktemp("cycles") / "home")
    for cycle in range(3):
        fixed(voyage, cycle)
    return voyage


def drawn(cycle: int) -> list[Case]:
    """Known words in all splits, and one new way of asking for a refund in dev alone."""
    new = f"{WAYS[cycle]} parcel checkout code"
    texts = [("learn", label, text, 30) for label, text in KNOWN.items()]
    texts += [("dev", label, text, 40) for label, text in KNOWN.items()]
    texts += [("holdout", label, text, 60) for label, text in KNOWN.items()]
    texts += [("dev", "refund", new, 12)]
    return [
        builders.case(
            id=f"{cycle}-{place}-{n}",
            family=f"{cycle}-{place}-{n}",
            input={"text": f"{text} {n}", "amount": 1},
            expected={"label": label},
            routes=("act",),
            split=split,
        )
        for place, (split, label, text, count) in enumerate(texts)
        for n in range(count)
    ]


def made(
    voyage: Voyage, cycle: int, *, brought: Sequence[Case] = (), **more: Any
) -> tuple[State, Deps]:
    """A run whose candidate errs on the new way; no value may be moved. `more` is of its plan."""
    store, customer = voyage.store, voyage.customer
    cases = list(brought) or drawn(cycle)
    dataset: Dataset = builders.dataset(cases, name=f"desk-{cycle}", counts={"learn": 60})
    store.cases.keep(customer, "eva", dataset, cases)
    run, trigger = f"r-{cycle}", builders.trigger(id=f"t-{cycle}", key=f"cycle-{cycle}")
    told = {"id": run, "trigger": trigger.id, "workflow": "desk"}
    store.runs.open(customer, "dan", trigger, builders.run(**told))
    deps = voyage.engines.deps(store, NOBODY)
    routing: Any = {"bounds": {"act_threshold": FIXED, "scope_floor": {"low": "0", "high": "0"}}}
    routing["values"] = {"act_threshold": "0.1", "scope_floor": "0"}
    acceptance = plan_of().as_json()["acceptance"] | {"gates": {"dry_run": BARS}}
    economics = plan_of().as_json()["economics"] | {"cost_of_review": "9.9"}
    parts: Any = {"routing": routing, "acceptance": acceptance, "economics": economics} | more
    record = PlanRecord(run=run, plan=plan_of(**parts), lessons=(), changes=())
    version = make(record, dataset)
    policy = compile_plan(record.plan, deps.installation.policy).policy
    for one in (record, version, policy):
        store.keep(customer, "worker", one, run)
    state = State("acme", run, plan=record.digest, dataset=dataset.digest)
    return State(**{**vars(state), "version": version.digest, "policy": policy.digest}), deps


def fixed(voyage: Voyage, cycle: int) -> list[FixTrial]:
    """What the search tried in one cycle, the last of it in the end."""
    state, deps = made(voyage, cycle)
    fix_smallest_issue(state, deps)
    return voyage.store.of_run(voyage.customer, FixTrial, state.run)


def test_the_fourth_cycle_has_no_example_left(voyage: Voyage, tmp_path: Path) -> None:
    """Three runs were mended by examples; the fourth may not be, and names the three."""
    before = [voyage.store.of_run(voyage.customer, FixTrial, f"r-{n}")[-1] for n in range(3)]
    fourth = fixed(voyage.copy(tmp_path / "fourth"), 3)

    assert [(one.accepted, one.patch.rank) for one in before] == [(True, 4)] * 3
    assert {churn.key_of(one.group) for one in before} == {KEY}
    assert not [one for one in fourth if one.patch.rank in (4, 5)]
    escalated = [one.reason for one in fourth if one.patch.rank == 8 and not one.accepted]
    assert any(all(one.id in reason for one in before) for reason in escalated)


def test_a_reopened_kind_has_examples_again(voyage: Voyage, tmp_path: Path) -> None:
    """Its owner said in writing why; the search goes on as in the first cycle."""
    voyage = voyage.copy(tmp_path / "reopened")
    asked = churn.Asked(voyage.identity("ana"), "vouchers are new", builders.TERMS)
    churn.reopen(voyage.store, voyage.customer, workflow="desk", key=KEY, asked=asked)
    last = fixed(voyage, 3)[-1]

    assert (last.accepted, last.patch.rank) == (True, 4)


def test_a_step_that_died_after_it_accepted_finds_the_same_again(
    voyage: Voyage, tmp_path: Path
) -> None:
    """The third change does not close the way to itself when the step is taken again."""
    voyage = voyage.copy(tmp_path / "died")
    state, deps = State("acme", "r-2"), voyage.engines.deps(voyage.store, NOBODY)
    kept = voyage.store.of_run(voyage.customer, FixTrial, "r-2")
    candidate = next(iter(_candidates(voyage)))
    again = fix_smallest_issue(State(**{**vars(state), **candidate}), deps)

    assert again.get("fix") == kept[-1].id
    assert voyage.store.of_run(voyage.customer, FixTrial, "r-2") == kept


def _candidates(voyage: Voyage) -> list[dict[str, str]]:
    """The ids with which the third cycle began."""
    store, customer = voyage.store, voyage.customer
    (record,) = store.of_run(customer, PlanRecord, "r-2")
    dataset = store.cases.newest(customer, "desk-2")
    deps = voyage.engines.deps(store, NOBODY)
    policy = compile_plan(record.plan, deps.installation.policy).policy
    version = make(record, dataset)
    told = {"plan": record.digest, "dataset": dataset.digest}
    return [told | {"version": version.digest, "policy": policy.digest}]
