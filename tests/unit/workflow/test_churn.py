"""Rewrites for one kind of failure are counted over every run, and reopened by one person."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runs import audit, words
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.records.evidence import FixTrial, Patch
from runs.records.person import Customer
from runs.store.store import Store
from tests import builders
from tests.builders import NOW, TERMS
from workflow import churn
from workflow.churn import Asked, Churn

GROUP = "decide/label/misclassified/refund/delivery"
KEY = "decide/label/misclassified/refund"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A record with a plan of the desk, and three runs of it."""
    store = builders.make_store(tmp_path)
    customer = builders.make_customer(store)
    store.keep(customer, "worker", builders.plan_record(), "r-1")
    for number in (1, 2, 3):
        told = {"id": f"r-{number}", "trigger": f"t-{number}", "workflow": "desk"}
        trigger = builders.trigger(id=f"t-{number}", key=f"k-{number}")
        store.runs.open(customer, "dan", trigger, builders.run(**told))
    return store


def customer(store: Store) -> Customer:
    """The only one."""
    return store.customer("acme")


def rewrite(store: Store, number: int, **changed: Any) -> FixTrial:
    """The n-th accepted fix of rank 4, in one of the runs."""
    run = f"r-{number % 3 + 1}"
    patch = Patch(rank=4, document="version", operations=(), tokens=1, says=f"example {number}")
    told = {"id": f"{run}.fix.{number}", "run": run, "group": GROUP, "patch": patch}
    told |= {"version": builders.version().digest, "policy": builders.policy().digest}
    counts = dict.fromkeys(("repaired", "broken", "critical_broken", "gain", "loss", "look"), 0)
    said = {"p_improve": "0.1", "holdout_low": "", "accepted": True, "reason": "it mends"}
    at = {"tried_at": NOW + timedelta(minutes=number)}
    trial = FixTrial.model_validate(told | counts | said | at | changed)
    store.keep(customer(store), "worker", trial, trial.run)
    return trial


def found(store: Store) -> dict[str, Churn]:
    """What is counted of the desk."""
    return churn.find(store, customer(store), "desk")


def asked(store: Store, name: str = "ana", reason: str = "more examples came") -> Asked:
    """Somebody asks; Ana answers for the desk's behaviour."""
    return Asked(builders.identity(customer(store), name), reason, TERMS)


def reopen(store: Store, by: str = "ana", reason: str = "more examples came") -> Any:
    """The kind of failure is reopened."""
    told = {"workflow": "desk", "key": KEY, "asked": asked(store, by, reason)}
    return churn.reopen(store, customer(store), **told)


def test_accepted_rewrites_of_every_run_are_counted_oldest_first(store: Store) -> None:
    """Three in three runs are three; whatever was answered instead is the same kind."""
    third, first, second = (rewrite(store, n) for n in (3, 1, 2))

    assert found(store)[KEY].rewrites == (first, second, third)
    assert found(store)[KEY].is_closed


@pytest.mark.parametrize("changed", [{"accepted": False}, {"group": "decide/label/x/y/z"}])
def test_what_was_refused_or_is_of_another_kind_does_not_count(
    store: Store, changed: dict[str, Any]
) -> None:
    """Only what was kept for this kind of failure."""
    rewrite(store, 1)
    rewrite(store, 2, **changed)

    assert len(found(store)[KEY].rewrites) == 1


def test_a_structural_fix_and_another_workflow_do_not_count(store: Store) -> None:
    """A rule is no rewrite, and each workflow has its own count."""
    rule = Patch(rank=2, document="version", operations=(), tokens=1, says="a rule")
    rewrite(store, 1, patch=rule)
    rewrite(store, 2)

    assert len(found(store)[KEY].rewrites) == 1
    assert churn.find(store, customer(store), "other") == {}


def test_a_reopening_starts_the_count_anew_and_keeps_the_words(store: Store) -> None:
    """Three more may be tried; who, why and over which three is in the record."""
    three = [rewrite(store, n) for n in (1, 2, 3)]
    opened = reopen(store)
    fourth = rewrite(store, 4)

    assert found(store)[KEY] == Churn(KEY, (fourth,), opened)
    assert opened.rewrites == tuple(one.id for one in three)
    assert words.words(store, customer(store), opened.reason) == "more examples came"
    assert audit.verify(store.database).ok


def test_only_who_answers_for_the_behaviour_reopens(store: Store) -> None:
    """Anybody else is refused, and the attempt is in the audit."""
    for number in (1, 2, 3):
        rewrite(store, number)
    with pytest.raises(NotAllowed, match="ben is not ana"):
        reopen(store, by="ben")

    assert store.events(customer(store))[-1].kind == "access_refused"
    assert found(store)[KEY].is_closed


def test_nothing_is_reopened_without_a_reason_or_before_it_is_closed(store: Store) -> None:
    """An empty reason, an open kind and an unknown one are refused."""
    with pytest.raises(NotFound, match="no words of desk were rewritten"):
        reopen(store)
    rewrite(store, 1)
    with pytest.raises(Conflict, match="1 of 3 rewrites"):
        reopen(store)
    with pytest.raises(InvalidInput, match="add --reason"):
        reopen(store, reason="  ")

    assert found(store)[KEY].reopened is None


def test_what_is_closed_names_every_change_and_the_way_on(store: Store) -> None:
    """The three changes by name, the owner, and the command."""
    three = [rewrite(store, n) for n in (1, 2, 3)]
    says = churn.told(found(store)[KEY], "desk", "ana")

    assert all(one.patch.says in says and one.id in says for one in three)
    assert f"ana reopens it: pilotage workflow reopen desk {KEY} --reason TEXT" in says
