"""Every model of a version dead: nothing acts that was not proven, and each item has its end."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runs.records.evidence import Evidence, Fault
from runs.records.item import Output, Unanswered
from runs.records.person import Customer
from runs.records.version import Rule, Version
from runs.store.store import Store
from tests import builders
from tests.integration.desk import NOW, TICKET, Desk, answer, policy, release, version
from tests.oracles import route
from tests.unit.workflow.test_models_economics import PRICES, WORSE
from workflow.evaluate.bench import Seen
from workflow.faults import models, ways
from workflow.faults.models import DEATHS, Dead
from workflow.faults.played import Drilled
from workflow.models.economics import economics
from workflow.process.contract import read_fields

ROUTES = (route(), route(name="fallback", endpoint="small", text="What is it about?"))
CRM = {"crm": {"tier": "plus", "dispute": False}}
ACTS = {"route": "act", "owner": "ops", "why": "somebody thought so"}


def drilled(desk: Desk, asked: Version) -> Drilled:
    """What is tried of this version, with what the desk has."""
    deps = desk.deps()
    return Drilled(
        version=asked,
        policy=policy(),
        release=release(asked, policy()),
        router=deps.router,
        terms=deps.terms,
        person=deps.person,
        budget=deps.budget,
    )


def scratch(desk: Desk) -> tuple[Store, Customer]:
    """A record that holds nothing else."""
    folder = desk.folder / "scratch"
    folder.mkdir()
    store = builders.make_store(folder, desk.clock)
    return store, builders.make_customer(store)


def seen(asked: Version, number: int, **item: Any) -> Seen:
    """A labelled case as the baseline sees it."""
    told = TICKET | {"ticket": f"T-{number}"} | item
    case = builders.case(id=f"case-{number}", input=told)
    fields = read_fields(asked.contract, told).values
    return Seen(case, item=fields, context=CRM, output=answer(asked, fields, {}))


def proof(asked: Version, **changed: Any) -> Evidence:
    """What the holdout showed of the baseline by itself."""
    line = economics(WORSE, WORSE, PRICES).model_copy(update={"baseline_alone": "pass"})
    told = {"version": asked.digest, "policy": policy().digest, "split": "holdout"}
    told |= {"kind": "holdout", "models": line, "expires_at": NOW + timedelta(days=1)}
    return builders.evidence(**told | changed)


def practise(
    folder: Path,
    *rules: Rule,
    cases: Sequence[Mapping[str, Any]] = ({}, {}, {}, {}),
    proven: Mapping[str, Any] | None = None,
    said: Any = answer,
) -> tuple[Fault, ...]:
    """The drill of a version with these rules before its own, in a record of its own."""
    desk, asked = Desk(folder), version(models=ROUTES, rules=(*rules, *version().rules))
    shown = [seen(asked, number, **item) for number, item in enumerate(cases)]
    found = None if proven is None else proof(asked, **proven)
    return models.practise(*scratch(desk), Dead(drilled(desk, asked), said, shown, found))


def test_without_a_proof_every_item_goes_to_a_person_who_is_told(tmp_path: Path) -> None:
    """However its models die; three cases each way."""
    found = practise(tmp_path)

    assert models.find_wrong(found) == ()
    assert [one.name for one in found] == [one.name for one in DEATHS for _ in range(3)]
    assert {(one.status, one.owner, one.actions, one.reviews) for one in found} == {
        ("in_review", "ben", (), 1)
    }
    assert {one.case for one in found} == {"case-0", "case-1", "case-2"}


def test_a_proven_baseline_goes_where_the_policy_sends_what_it_says(tmp_path: Path) -> None:
    """It acts where it may by itself, and not where a rule says otherwise."""
    cases = ({}, {"text": "unsure: refund?"})
    found = practise(tmp_path, cases=cases, proven={})
    proven = [one for one in found if one.name == "models_silent_proven"]

    assert models.find_wrong(found) == ()
    assert [(one.case, one.status) for one in proven] == [
        ("case-0", "acted"),
        ("case-1", "in_review"),
    ]
    assert len(found) == 2 * 2 * len(DEATHS)


@pytest.mark.parametrize(
    "when", ["answer.confidence < 0.01", "item.amount < 50", "answer.label == 'refund'"]
)
def test_a_way_that_would_act_on_an_unproven_baseline_does_not_pass(
    tmp_path: Path, when: str
) -> None:
    """Whether its rule looks at the answer or not; it is named, with what to do."""
    rule = Rule.model_validate({"id": "always", "when": when, **ACTS})
    found = practise(tmp_path, rule, cases=({}, {}, {}, {"amount": "12"}))
    wrong = models.find_wrong(found)

    assert len(wrong) == len(DEATHS)
    assert all("acted by rule 'always' on a baseline" in one for one in wrong)
    assert all("bring a plan whose rule sends to a person" in one for one in wrong)


def test_a_proof_of_other_values_lets_nothing_act(tmp_path: Path) -> None:
    """The drill says that the item did not go where it was to go."""
    found = practise(tmp_path, proven={"policy": builders.DIGEST})
    [first, *_] = models.find_wrong(found)

    assert {one.status for one in found} == {"in_review"}
    assert first.startswith("models_silent_proven: an item ended as in_review by rule 'threshold'")


def test_a_drill_in_which_no_model_was_asked_shows_nothing(tmp_path: Path) -> None:
    """A rule decides before, a source gave nothing, or there is no case at all."""
    there = [tmp_path / "a", tmp_path / "b"]
    for folder in there:
        folder.mkdir()
    first = practise(there[0], cases=({"amount": "900"}, {"account": ""}))
    none = practise(there[1], cases=())

    assert first == none == ()
    assert "no labelled case comes so far" in models.find_wrong(first)[0]


def test_an_item_that_the_baseline_cannot_answer_either_waits_for_a_person(tmp_path: Path) -> None:
    """Whatever was proven."""
    found = practise(tmp_path, proven={}, said=lambda *_: Unanswered(says="the date is missing"))

    assert models.find_wrong(found) == ()
    assert {(one.status, one.rule) for one in found} == {("in_review", "answer")}


def test_an_answer_that_is_another_than_the_baselines_is_seen(tmp_path: Path) -> None:
    """What the policy says is worked out from the baseline, and not from what the item became."""
    told = iter([0.95, 0.1] * 100)

    def changing(*asked: Any) -> Output:
        return answer(*asked).model_copy(update={"confidence": next(told)})

    found = practise(tmp_path, proven={}, said=changing)

    assert any(one.startswith("models_silent_proven") for one in models.find_wrong(found))


def test_faults_of_a_tool_are_tried_of_a_version_that_asks_models_too(tmp_path: Path) -> None:
    """Its dead models do not keep the item from the tool that fails."""
    desk, asked = Desk(tmp_path), version(models=ROUTES)

    found = ways.practise(*scratch(desk), drilled(desk, asked))

    by_name = {one.name: one.actions for one in found}
    assert not [one for one in found if "case" in one.as_json()]
    assert (by_name["tool_unknown"], by_name["tool_refuses"]) == (("unknown",), ("failed",))
