"""Dry runs of a version that asks models: paid once, calibrated on dev, never on the holdout."""

from pathlib import Path
from typing import Any

import pytest

from policies import gates
from policies.conditions.facts import Facts
from policies.routing import Router
from runs.errors import InvalidInput, NotAllowed
from runs.records.case import Case
from runs.records.evidence import Evidence
from runs.records.model import Calibration, Economics, ModelAnswer
from runs.records.person import Customer
from runs.records.version import LearntRoute, Version
from runs.store.store import Store
from tests import builders
from tests.oracles import SILENT, Oracles, route
from tests.unit.workflow.builders import plan
from workflow.evaluate.bench import Bench, Seen
from workflow.evaluate.beside import beside
from workflow.evaluate.routes import compare_routes
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.models.cases import CaseModels
from workflow.models.comparing import version_of

WORDS = {"refund": "money back now", "delivery": "where is my parcel"}
LABELS = tuple(WORDS)
FACTS = Facts({"text": "hello"}, {}, {}, {}, {})
HARD = "hard one"
"""What stands in every fourth case of dev and holdout, and teaches the baseline nothing."""


def case(split: str, number: int) -> Case:
    """A ticket; the hard ones say nothing that was learnt."""
    label = LABELS[number % 2]
    is_hard = split != "learn" and number % 4 == 0
    words = f"{HARD if is_hard else WORDS[label]} {split} {label if is_hard else ''} {number}"
    told = {"input": {"text": words}, "expected": {"label": label}, "split": split}
    return builders.case(id=f"{split}-{number}", family=f"{split}-f{number}", **told)


CASES = [
    *(case("learn", i) for i in range(60)),
    *(case("dev", i) for i in range(80)),
    *(case("holdout", i) for i in range(40)),
]


def knowing(material: dict[str, Any]) -> dict[str, Any]:
    """A model that knows every label, and is a little wrong about the number 3."""
    text = material["text"]
    known = next(one for one in LABELS if one in text or WORDS[one] in text)
    other = LABELS[known == LABELS[0]]
    return {"label": other if text.endswith(" 3") else known, "confidence": 0.97}


class Home:
    """A record with cases, a version that asks one model, and the model."""

    def __init__(self, folder: Path, models: Oracles, **changed: Any) -> None:
        self.store: Store = builders.make_store(folder)
        self.customer: Customer = builders.make_customer(self.store)
        dataset = builders.dataset(CASES, counts={"learn": 60, "dev": 80, "holdout": 40})
        self.store.cases.keep(self.customer, "eva", dataset, CASES)
        learnt = LearntRoute(text_field="text", dataset=dataset.digest)
        asked = changed.pop("routes", (route(),))
        self.version: Version = builders.version(routes=(learnt,), models=asked, **changed)
        self.models = models
        self.bench = self.fresh()
        self.policy = builders.policy(values={"act_threshold": "0.7", "scope_floor": "0"})

    def fresh(self) -> Bench:
        """A bench that remembers nothing, as after a crash."""
        return Bench(self.store, self.customer).asking(
            CaseModels(self.store, self.customer, lambda _: self.models)
        )

    def cases(self, split: str) -> list[Case]:
        """The cases of a split."""
        return [one for one in CASES if one.split == split]

    def seen(self, split: str) -> tuple[Seen, ...]:
        """What the version sees of a split."""
        return self.bench.seen(self.version, self.cases(split))

    def trial(self, split: str) -> TrialRun:
        """A trial of a split."""
        cases = self.cases(split)
        return run_trial(
            self.bench, self.version, policy=self.policy, cases=cases, trial=f"t-{split}"
        )

    def economics(self, split: str) -> Economics:
        """The trial beside the baseline's."""
        told = {"policy": self.policy, "plan": plan(error="10", review="4")}
        found = beside(self.bench, self.version, self.trial(split), **told)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A model that knows more than the baseline."""
    return Home(tmp_path_factory.mktemp("home"), Oracles(big=knowing))


def test_a_model_is_asked_about_each_case_once(home: Home) -> None:
    """Whatever measures it again, and in another process."""
    first = home.seen("dev")
    asked = home.models.calls("big")

    again = home.fresh().seen(home.version, home.cases("dev"))

    assert asked == home.models.calls("big") == 80
    assert [one.output.label for one in again] == [one.output.label for one in first]
    assert all(one.output.asked[0].is_kept for one in again)
    assert [one.output.asked[0].cost for one in again] == [
        one.output.asked[0].cost for one in first
    ]


def test_what_gave_no_answer_of_use_is_not_asked_again_for_the_same_trial(tmp_path: Path) -> None:
    """Nor for the holdout, whose confidence was learnt before."""
    broken = "no JSON of any kind"
    models = Oracles(big=lambda told: broken if told["text"].endswith("7") else knowing(told))
    home = Home(tmp_path, models)

    home.seen("dev")
    asked = models.calls("big")
    home.seen("holdout")

    # Each is told once what is wrong with it: 8 of 80 and 4 of 40.
    assert (asked, models.calls("big") - asked) == (80 + 8, 40 + 4)
    assert len(home.store.list(home.customer, Calibration, 10)) == 1


def test_the_baseline_is_judged_by_itself_and_stands_in_for_no_model_in_a_trial(
    tmp_path: Path,
) -> None:
    """What no model answers goes to a person there, however sure the baseline is."""
    models = Oracles(big=lambda told: SILENT if told["text"].endswith("7") else knowing(told))
    home = Home(tmp_path, models)
    lost = [one for one in home.seen("dev") if one.is_lost]

    assert {one.output.route_used for one in lost} == {"baseline"}
    assert {(one.output.confidence, one.output.flags[0].code) for one in lost} == {
        (0.0, "unproven")
    }
    assert home.economics("dev").baseline_alone == "pass"
    thin = {"dry_run": home.policy.gates["dry_run"].model_copy(update={"min_cases": 81})}
    home.policy = home.policy.model_copy(update={"gates": thin})
    assert home.economics("dev").baseline_alone == "inconclusive"


def test_confidence_is_learnt_on_dev_and_used_on_the_holdout(home: Home) -> None:
    """The labels of the holdout change nothing of it."""
    found = home.seen("holdout")

    [kept] = home.store.list(home.customer, Calibration, 10)
    assert (kept.families, kept.right) == (80, 79)
    assert kept.highest == pytest.approx(81 / 82)
    assert all(0.5 < one.output.confidence <= kept.highest for one in found)
    assert {one.output.asked[0].calibration for one in found} == {kept.id}


def test_a_case_of_dev_has_the_confidence_that_other_families_show(home: Home) -> None:
    """Not the one of the calibration that saw its label."""
    [kept] = home.store.list(home.customer, Calibration, 10)
    confidences = {round(one.output.confidence, 6) for one in home.seen("dev")}

    assert len(confidences) > 1
    assert all(0 < one < kept.highest for one in confidences)


def test_the_economics_line_tells_what_the_baseline_does_at_no_cost(home: Home) -> None:
    """Beside the model's result, on the same cases."""
    found = home.economics("holdout")

    assert (found.families, found.right) == (40, 39)
    assert found.baseline_right < found.right
    assert found.gained - found.spoiled == found.right - found.baseline_right
    assert str(found.cost) == "0.080000000"
    assert (found.served, found.failed, found.lost) == ({"primary": 40}, {}, 0)
    assert (found.worth, home.economics("dev").worth) == ("unknown", "yes")
    assert found.is_script


def test_a_rule_that_decides_first_spares_the_model_live_and_in_the_figures(
    tmp_path: Path,
) -> None:
    """What would not be asked live is not paid live."""
    rule = {"id": "hard", "when": f'item.text.startsWith("{HARD}")', "route": "review"}
    home = Home(
        tmp_path, Oracles(big=knowing), rules=(rule | {"owner": "ben", "why": "by a person"},)
    )

    found = home.economics("holdout")

    assert found.asked == 30
    assert str(found.cost) == "0.060000000"


def test_two_routes_are_compared_by_what_live_items_would_be_asked(tmp_path: Path) -> None:
    """As the line of each dry run counts it: what a rule spares is not paid live."""
    rule = {"id": "hard", "when": f'item.text.startsWith("{HARD}")', "route": "review"}
    home = Home(
        tmp_path, Oracles(big=knowing), rules=(rule | {"owner": "ben", "why": "by a person"},)
    )
    sides = home.version, version_of(home.version, "baseline", ())

    found = compare_routes(home.bench, *sides, policy=home.policy, cases=home.cases("holdout"))

    assert str(found.a.cost) == str(home.economics("holdout").cost) == "0.060000000"


def test_an_endpoint_with_the_name_of_a_baseline_is_no_route_to_compare(home: Home) -> None:
    """Where it is silent the baseline's answer would be counted as its own."""
    with pytest.raises(InvalidInput, match="no route 'template' to compare"):
        version_of(home.version, "template", ("template", "big"))


def test_what_was_paid_is_kept_in_its_currency(tmp_path: Path) -> None:
    """An answer that was paid for before is counted in the one it was paid in."""
    models = Oracles(big=knowing)
    models.prices["currency"] = "USD"
    home = Home(tmp_path, models)
    home.seen("holdout")
    models.prices["currency"] = "EUR"

    again = home.fresh().seen(home.version, home.cases("holdout"))

    assert {one.currency for one in home.store.list(home.customer, ModelAnswer, None)} == {"USD"}
    assert {one.output.asked[0].currencies for one in again} == {("USD",)}
    with pytest.raises(InvalidInput, match="EUR and USD"):
        home.economics("holdout")


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_model_that_refuses_us_or_is_not_declared_proves_nothing(
    tmp_path: Path, is_declared: bool
) -> None:
    """What its baseline did in its place is no evidence of it."""
    models = Oracles(big=lambda _: NotAllowed("no such key")) if is_declared else Oracles()
    found = Home(tmp_path, models).economics("dev")

    ends = "refused" if is_declared else "not there"
    assert (found.failed, found.lost) == ({f"primary {ends}": 80}, 80)
    assert found.lost_share == 1.0


def test_evidence_of_a_script_passes_no_gate(home: Home) -> None:
    """It says nothing of a model, however right it was."""
    judged = judge(home, home.economics("dev"))

    assert judged.outcome == "inconclusive"
    assert "a script answered in a model's place" in judged.reason
    real = home.economics("dev").model_copy(update={"is_script": False})
    assert judge(home, real).outcome == "pass"


def test_a_model_that_was_silent_too_often_proves_nothing(tmp_path: Path) -> None:
    """It is the infrastructure that was measured; asked again, only what is missing is asked."""
    models = Oracles(big=lambda told: SILENT if told["text"].endswith("7") else knowing(told))
    home = Home(tmp_path, models)
    found = home.economics("dev").model_copy(update={"is_script": False})
    asked = models.calls("big")
    kept = home.store.list(home.customer, Calibration, 10)
    models.wires["big"].say = knowing

    assert kept == []
    assert (found.lost, judge(home, found).outcome) == (8, "inconclusive")
    assert "infrastructure" in judge(home, found).reason
    assert home.economics("dev").lost == 0
    assert models.calls("big") - asked == 8


def test_too_few_cases_calibrate_nothing_and_everything_goes_to_a_person(tmp_path: Path) -> None:
    """However right it is."""
    home = Home(tmp_path, Oracles(big=knowing))
    few = [one for one in CASES if one.split != "dev" or int(one.id.partition("-")[2]) < 20]
    dataset = builders.dataset(few, name="few", counts={"learn": 60, "dev": 20, "holdout": 40})
    home.store.cases.keep(home.customer, "eva", dataset, few)
    learnt = LearntRoute(text_field="text", dataset=dataset.digest)
    home.version = home.version.model_copy(update={"routes": (learnt,)})

    found = home.trial("holdout")

    assert {one.output.confidence for one in found.seen} == {0.0}
    assert {one.route for one in found.results} == {"review"}


def test_every_route_is_calibrated_before_it_is_needed(tmp_path: Path) -> None:
    """The fallback as well, so that its answers count on the day the first is silent."""
    routes = (route(), route(name="fallback", endpoint="small"))
    home = Home(tmp_path, Oracles(big=knowing, small=knowing), routes=routes)
    home.seen("dev")

    home.models.wires["big"].say = lambda _: SILENT

    found = home.seen("holdout")
    assert {one.output.route_used for one in found} == {"fallback"}
    assert min(one.output.confidence for one in found) > 0.5


def test_a_bench_without_models_answers_by_the_baseline(home: Home) -> None:
    """As everything was before there were any."""
    plain = Bench(home.store, home.customer)

    found = plain.seen(home.version, home.cases("dev"))

    assert {one.output.route_used for one in found} == {"baseline"}


def test_what_was_said_of_cases_is_kept_by_its_question(home: Home) -> None:
    """Under no item, with prompt, model and price."""
    kept = home.store.list(home.customer, ModelAnswer, None)

    assert {one.id.partition(".")[0] for one in kept} == {"case"}
    assert {one.prompt for one in kept} == {route().prompt}


def judge(home: Home, models: Economics) -> gates.Judgement:
    """The dry run's gate about the evidence of dev."""
    trial = home.trial("dev")
    now = home.store.clock.now()
    evidence = Evidence(
        id="e-1",
        run="r-1",
        kind="dry_run",
        version=home.version.digest,
        policy=home.policy.digest,
        subject=home.version.routes[0].dataset,
        split="dev",
        families=trial.families,
        notes={},
        models=models,
        measured_at=now,
        expires_at=now.replace(year=now.year + 1),
    )
    told = {"version": home.version.digest, "policy": home.policy.digest, "now": now}
    return gates.judge(evidence, home.policy.gates["dry_run"], **told)


def test_rules_that_look_at_the_answer_spare_nothing() -> None:
    """Nor do those behind them."""
    about = {"route": "review", "owner": "ben", "why": "so it is"}
    rules = builders.version(
        rules=(
            {"id": "one", "when": 'answer.label == "refund"', **about},
            {"id": "two", "when": "has(item.text)", **about},
        )
    ).rules

    assert Router(rules, review_owner="ben").before_answer(FACTS) is None
    assert Router(rules[1:], review_owner="ben").before_answer(FACTS) is not None
