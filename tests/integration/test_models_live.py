"""Live items of a version that asks models: in order, once, and back to the baseline."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from policies.budgets import Limits
from policies.privacy import compile_mask
from runs.erasure import of_item
from runs.records.item import Item, Output
from runs.records.model import Calibration, ModelAnswer
from runs.records.version import Rule
from runs.snapshots import Terms, read
from tests import builders
from tests.integration.desk import NOW, TICKET, Desk, Killed, ended, process
from tests.oracles import PLENTY, SILENT, Oracles, Say, route
from tests.unit.workflow.test_models_economics import PRICES, WORSE
from tools.model.account import Account, Payer
from workflow.models.calibration import name_of
from workflow.models.economics import economics
from workflow.process.item import process_item

REFUND = {"label": "refund", "confidence": 0.9}
TERMS = Terms(compile_mask((), ()), None)
BROKEN = "I would rather not answer in JSON."
ROUTES = (route(), route(name="fallback", endpoint="small", text="What is it about?"))


def says(value: Any) -> Say:
    """Says the same to everything."""
    return lambda _: value


def desk(folder: Path, **changed: Any) -> Desk:
    """A desk whose version asks two models."""
    return Desk(folder, models=ROUTES, **changed)


def calibrate(desk: Desk, models: Oracles, *, name: str = "primary", **changed: Any) -> str:
    """Keep that this route is right nine times of ten."""
    asked = next(one for one in desk.version.models if one.name == name)
    place = models(asked.endpoint, lambda purse: purse)
    assert place is not None
    told: dict[str, Any] = {
        "id": name_of(desk.version, asked, place),
        "workflow": "desk",
        "route": name,
        "dataset": desk.version.routes[0].dataset,
        "cases": 100,
        "families": 100,
        "right": 90,
        "features": (),
        "middles": (),
        "spreads": (),
        "weights": (),
        "intercept": 2.2,
        "lowest": 0.01,
        "highest": 0.99,
        "is_script": True,
    }
    kept = Calibration.model_validate(told | changed)
    return desk.store.keep(desk.customer, "worker", kept)


def output(desk: Desk, item: Item) -> Output:
    """What the record has as the item's answer."""
    return Output.model_validate(read(desk.store, desk.customer, item.output))


def work(desk: Desk, models: Oracles) -> Item:
    """The item, worked on once."""
    return process(desk, desk.admit().id, models=lambda *_: models)


def test_the_first_route_answers_with_its_calibrated_confidence(tmp_path: Path) -> None:
    """The record names prompt, model, tokens and cost; the next route and its price are spared."""
    home, models = desk(tmp_path), Oracles(big=says(REFUND), small=says(REFUND))
    source = calibrate(home, models)

    item = work(home, models)

    said = output(home, item)
    [tried] = said.asked
    assert ended(home)[:2] == ("acted", "threshold")
    assert (said.route_used, said.label, f"{said.confidence:.2f}") == ("primary", "refund", "0.90")
    assert (tried.end, tried.model, tried.prompt) == ("answered", "m-1-2026", ROUTES[0].prompt)
    assert (tried.calls, tried.tokens, str(tried.cost)) == (1, 120, "0.002000000")
    assert (tried.calibration, tried.self_report, tried.is_script) == (source, 0.9, True)
    assert models.calls("small") == 0


@pytest.mark.parametrize(
    ("first", "end"), [(SILENT, "silent"), (BROKEN, "unusable"), ({"label": "x"}, "unusable")]
)
def test_the_fallback_answers_where_the_first_route_does_not(
    tmp_path: Path, first: Any, end: str
) -> None:
    """The record says which route answered, and why the one before it did not."""
    home, models = desk(tmp_path), Oracles(big=says(first), small=says(REFUND))
    calibrate(home, models, name="fallback")

    said = output(home, work(home, models))

    assert [(one.route, one.end) for one in said.asked] == [
        ("primary", end),
        ("fallback", "answered"),
    ]
    assert said.asked[0].says
    assert (said.route_used, said.label) == ("fallback", "refund")


def prove(home: Desk, **changed: Any) -> None:
    """Keep what the holdout showed of the baseline by itself."""
    shown = economics(WORSE, WORSE, PRICES)
    line = shown.model_copy(update={"baseline_alone": changed.pop("alone", "pass")})
    told = {"version": home.version.digest, "policy": home.policy.digest, "split": "holdout"}
    told |= {"kind": "holdout", "models": line, "expires_at": NOW + timedelta(days=1)}
    home.store.keep(home.customer, "cli", builders.evidence(**told | changed))


@pytest.mark.parametrize("models", [Oracles(), Oracles(big=says(SILENT), small=says(BROKEN))])
def test_the_baseline_answers_where_no_model_does(tmp_path: Path, models: Oracles) -> None:
    """As it would without any model, and the record says what every route came to."""
    home = desk(tmp_path)
    prove(home)

    said = output(home, work(home, models))

    ends = ["silent", "unusable"] if models.wires else ["not_there", "not_there"]
    assert (said.route_used, said.confidence) == ("baseline", 0.95)
    assert [one.end for one in said.asked] == ends
    assert ended(home)[0] == "acted"


@pytest.mark.parametrize(
    "shown",
    [
        None,
        {"alone": "fail"},
        {"alone": "inconclusive"},
        {"models": None},
        {"kind": "dry_run", "split": "dev"},
        {"version": builders.DIGEST},
        {"policy": builders.DIGEST},
        {"expires_at": NOW},
    ],
)
def test_a_baseline_that_was_not_proven_by_itself_does_not_act_in_an_outage(
    tmp_path: Path, shown: dict[str, Any] | None
) -> None:
    """What was judged is what models and baseline do together; alone it waits for a person."""
    home = desk(tmp_path)
    if shown is not None:
        prove(home, **shown)

    said = output(home, work(home, Oracles(big=says(SILENT), small=says(SILENT))))

    assert (said.route_used, said.label, said.confidence) == ("baseline", "refund", 0.0)
    assert [(one.code, one.name) for one in said.flags] == [("unproven", "baseline")]
    assert ended(home)[:2] == ("in_review", "threshold")


def test_without_models_wired_a_version_with_models_is_served_by_its_baseline(
    tmp_path: Path,
) -> None:
    """No key, no endpoint: everything is done that can be, and nothing fails."""
    home = desk(tmp_path)

    said = output(home, process(home, home.admit().id))

    assert (said.route_used, {one.end for one in said.asked}) == ("baseline", {"not_there"})


def test_an_answer_that_nothing_was_calibrated_for_goes_to_a_person(tmp_path: Path) -> None:
    """However sure the model says it is."""
    home = desk(tmp_path)
    models = Oracles(big=says({"label": "refund", "confidence": 1.0}))

    said = output(home, work(home, models))

    assert (said.route_used, said.confidence, said.asked[0].calibration) == ("primary", 0.0, "")
    assert ended(home)[:2] == ("in_review", "threshold")


@pytest.mark.parametrize("changed", ["model", "script"])
def test_a_calibration_counts_for_the_model_it_was_learnt_from(
    tmp_path: Path, changed: str
) -> None:
    """Another model under the same name, or a script's answers, prove nothing."""
    home, models = desk(tmp_path), Oracles(big=says(REFUND))
    calibrate(home, models, is_script=changed != "script")
    models.models["big"] = "m-2" if changed == "model" else "m-1"

    assert output(home, work(home, models)).confidence == 0.0


def test_a_route_beyond_its_budget_is_not_asked(tmp_path: Path) -> None:
    """Nothing leaves, and the next route answers."""
    poor = route(budget={"calls": 1, "tokens": 50, "cost": "1"})
    home = Desk(tmp_path, models=(poor, ROUTES[1]))
    models = Oracles(big=says(REFUND), small=says(REFUND))

    said = output(home, work(home, models))

    assert [one.end for one in said.asked] == ["over_budget", "answered"]
    assert "budget" in said.asked[0].says
    assert (models.calls("big"), models.calls("small")) == (0, 1)


@pytest.mark.parametrize("is_paid", [True, False])
def test_an_answer_that_was_paid_for_is_not_paid_for_again(tmp_path: Path, is_paid: bool) -> None:
    """A worker that dies right after an answer was kept asks nothing the second time."""
    home, models = desk(tmp_path), Oracles(big=says(REFUND))
    item = home.admit()
    deps = home.deps(home.mortal_store(1, is_before=not is_paid), models=lambda *_: models)
    with pytest.raises(Killed):
        process_item(deps, home.customer, item.id)

    process(home, item.id, models=lambda *_: models)

    [tried] = output(home, home.store.items.get(home.customer, item.id)).asked
    assert models.calls("big") == (1 if is_paid else 2)
    assert (tried.is_kept, tried.calls, str(tried.cost)) == (is_paid, 1, "0.002000000")


def test_an_item_that_is_worked_on_again_takes_no_more_of_a_route(tmp_path: Path) -> None:
    """What a worker that died paid for counts, whatever came of it; a person begins anew."""
    home, models = desk(tmp_path), Oracles(big=says(BROKEN))
    item = home.admit()
    payer = Payer(home.customer, "worker", item=item.id)
    models.till = Account(home.store, payer, lambda: Limits(*[PLENTY] * 4), TERMS)
    deps = home.deps(home.mortal_store(1, is_before=True), models=lambda *_: models)
    with pytest.raises(Killed):
        process_item(deps, home.customer, item.id)
    before = models.calls("big")

    process(home, item.id, models=lambda *_: models)

    [tried] = output(home, home.store.items.get(home.customer, item.id)).asked[:1]
    assert (before, models.calls("big")) == (2, 3)
    assert (tried.calls, tried.end) == (1, "over_budget")
    home.clock.turn(timedelta(hours=1))
    process(home, home.again(item.id).id, models=lambda *_: models)
    assert models.calls("big") == 5


@pytest.mark.parametrize(
    ("ticket", "asked"), [({}, 1), ({"amount": 201}, 0), ({"account": "A-9"}, 0)]
)
def test_no_model_is_asked_about_what_goes_to_a_person_whatever_it_says(
    tmp_path: Path, ticket: dict[str, Any], asked: int
) -> None:
    """A rule that does not look at the answer, or a source with a problem, decides first."""
    home, models = desk(tmp_path), Oracles(big=says(REFUND))

    process(home, home.admit(TICKET | ticket).id, models=lambda *_: models)

    assert models.calls("big") == asked


def test_a_rule_about_the_answer_waits_for_it(tmp_path: Path) -> None:
    """And so does every rule after it, whose turn has not come."""
    about = {"route": "review", "owner": "ops", "why": "so it is"}
    rules = tuple(
        Rule.model_validate({"id": id, "when": when, **about})
        for id, when in (("label", 'answer.label == "parcel"'), ("all", "has(item.text)"))
    )
    home, models = desk(tmp_path, rules=rules), Oracles(big=says(REFUND))

    work(home, models)

    assert models.calls("big") == 1
    assert ended(home)[1] == "all"


def test_what_leaves_is_what_the_route_reads_and_is_masked(tmp_path: Path) -> None:
    """No field beside those that are named, and no address."""
    asked = route(reads=["text", "context.crm.tier"])
    home, models = Desk(tmp_path, models=(asked,)), Oracles(big=says(REFUND))

    work(home, models)

    [body] = models.wires["big"].asked
    words = str(body)
    assert "[masked:email]" in words
    assert "where is my refund?" in words
    assert "plus" in words
    assert not any(hidden in words for hidden in ("eve@example.com", "A-1", "120.5", "1234567"))


def test_what_a_model_said_is_kept_under_its_item_and_erased_with_it(tmp_path: Path) -> None:
    """By the id of the question; a copy of it is not left behind."""
    home, models = desk(tmp_path), Oracles(big=says(REFUND))
    item = work(home, models)
    [tried] = output(home, item).asked

    [kept] = home.store.list(home.customer, ModelAnswer, 10)

    assert tried.answers == (kept.id,)
    assert kept.id.startswith(f"{item.id}.")
    assert read(home.store, home.customer, kept.answer) == {"said": REFUND}
    assert kept.answer in {one.digest for one in of_item(home.store, home.customer, item.id)}


def test_of_several_samples_the_answer_counts_that_most_give(tmp_path: Path) -> None:
    """How many agree is kept as a feature."""
    turns = iter([REFUND, {"label": "parcel", "confidence": 1.0}, REFUND])
    asked = route(samples=3, temperature="0.7")
    home, models = Desk(tmp_path, models=(asked,)), Oracles(big=lambda _: next(turns))

    said = output(home, work(home, models))

    assert said.label == "refund"
    assert (f"{said.asked[0].agreement:.2f}", said.asked[0].calls) == ("0.67", 3)
    assert [body["seed"] for body in models.wires["big"].asked] == [1, 2, 3]
