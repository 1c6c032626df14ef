"""A version is shown cases as it is shown live items, and learns each set of examples once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from runs.errors import InvalidInput, Unavailable
from runs.records.case import Case, Split
from runs.records.person import Customer
from runs.records.version import Feature, LearntRoute, Source, Version
from tests import builders
from tests.unit.workflow.builders import CRM, case, policy, rule, version
from workflow.evaluate.bench import Bench
from workflow.evaluate.learning import settings_of
from workflow.evaluate.trial import run_trial
from workflow.sources import Context, Problem

ACME = Customer(id="acme", name="Acme", is_demo=False)
OTHER = Customer(id="other", name="Other", is_demo=False)
TEXTS = {
    "refund": ["give me my money back", "refund the money please", "i want my money returned"],
    "delivery": ["where is the parcel", "the parcel is late", "when does the parcel come"],
}


class Shelf:
    """Cases in memory; counts how often it is read."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.held = cases
        self.read_times = 0

    @property
    def cases(self) -> "Shelf":
        """It is its own shelf."""
        return self

    def read(self, customer: Customer, dataset: str, split: Split | None = None, /) -> list[Case]:
        """The cases of a split, by id."""
        self.read_times += 1
        return sorted((c for c in self.held if c.split == split), key=lambda one: one.id)


def learn() -> list[Case]:
    """Cases to learn from."""
    return [
        ticket(f"learn-{label}-{i}", f"{text} {i}", label, split="learn")
        for label, texts in TEXTS.items()
        for i, text in enumerate(texts * 4)
    ]


def ticket(id: str, text: Any, label: str = "refund", **changes: Any) -> Case:
    """A case with its context."""
    item = {"text": text, "account": "a-1", "amount": "12.50"}
    context = {"crm": {"tier": "gold", "dispute": False, "secret": 1}}
    return case(id, label, **({"input": item, "context": context} | changes))


def bench(cases: Sequence[Case] = (), customer: Customer = ACME, **changes: Any) -> Bench:
    """A bench over these cases."""
    return Bench(Shelf([*learn(), *cases]), customer, **changes)


def test_a_case_is_seen_typed_and_with_the_declared_fields_of_its_context() -> None:
    """As a live item would be."""
    (one,) = bench().seen(version(), [ticket("a", "money back please")])

    assert (one.output.label, one.stop, one.error) == ("refund", None, "")
    assert str(one.item["amount"]) == "12.50"
    assert one.context == {"crm": {"tier": "gold", "dispute": False}}


def test_a_case_that_was_learnt_from_is_answered_out_of_fold() -> None:
    """A route is never scored on what it learnt."""
    own = bench()
    cases = learn()
    answers = own.answers(version(), cases)
    folded = own.fitted(version()).out_of_fold

    order = sorted(one.id for one in cases)
    assert [answers[id].confidence for id in order] == [one.confidence for one in folded]


def test_a_case_of_a_family_that_was_learnt_from_is_refused() -> None:
    """Its twin was in the examples."""
    twin = ticket("twin", "money", family=learn()[0].family)

    with pytest.raises(InvalidInput, match="case 'twin': its family was learnt from"):
        bench().seen(version(), [twin])


@pytest.mark.parametrize("text", [None, "", "   ", 7])
def test_an_item_that_breaks_the_contract_is_refused_before_any_rule(text: Any) -> None:
    """Quarantined; the rule that would let it act is not asked."""
    always = version(rules=[rule("all", "true", route="act")])
    broken = ticket("broken", text, routes=("refuse",))
    tried = run_trial(bench(), always, policy=policy(), cases=[broken], trial="t")

    (result,) = tried.results
    assert (result.route, result.rule, result.outcome) == ("refuse", "contract", "right_review")


def read(values: dict[str, dict[str, Any]], *problems: str) -> Any:
    """Reads these values, with these problems."""

    def now(sources: Sequence[Source], item: Mapping[str, Any]) -> Context:
        found = tuple(Problem(source="crm", code="no_record", says=says) for says in problems)
        return Context(values=values, versions={}, seen={}, read_at={}, problems=found)

    return now


def test_a_case_without_context_is_read_one_now() -> None:
    """A source with a problem sends it to review, before any rule."""
    bare = ticket("a", "money back", context={})
    good = bench(read_context=read({"crm": {"tier": "plus"}})).seen(version(), [bare])
    bad = bench(read_context=read({}, "crm: it has no record"))
    (result,) = run_trial(bad, version(), policy=policy(), cases=[bare], trial="t").results

    assert good[0].context == {"crm": {"tier": "plus"}}
    assert (result.route, result.rule, result.outcome) == ("review", "context", "needless_review")


def test_a_source_that_does_not_answer_is_an_error_not_a_failure_of_the_version() -> None:
    """Neither right nor wrong was measured."""

    def down(sources: Sequence[Source], item: Mapping[str, Any]) -> Context:
        raise Unavailable("the folder is gone")

    bare = ticket("a", "money back", context={})
    for reads in (down, None):
        tried = run_trial(
            bench(read_context=reads), version(), policy=policy(), cases=[bare], trial="t"
        )
        assert tried.families.error == 1
        assert tried.results[0].error.startswith("context: ")


def test_masked_texts_are_learnt_and_answered_masked() -> None:
    """What a live item's text would be after it was kept."""
    masked = version(mask=("pattern:email", "field:amount"))
    (one,) = bench().seen(masked, [ticket("a", "money to a@example.com")])

    assert one.item["text"] == "money to [masked:email]"
    assert "amount" not in one.item


def test_versions_that_differ_in_rules_share_what_was_learnt_and_seen() -> None:
    """A fix trial never refits, rereads or answers again what it did not change."""
    shelf = Shelf(learn())
    own = Bench(shelf, ACME)
    cases = [ticket("a", "money back")]
    first = own.seen(version(), cases)
    ruled = version(rules=[rule("gold", "context.crm.tier == 'gold'")])

    assert own.seen(ruled, cases)[0] is first[0]
    assert own.fitted(ruled) is own.fitted(version())
    assert shelf.read_times == 1


def test_what_was_learnt_is_found_again_by_another_process(tmp_path: Path) -> None:
    """By its content; a broken file is learnt again; another customer finds nothing."""
    first = bench(cache=tmp_path).fitted(version())
    (file,) = tmp_path.iterdir()
    stamp = file.stat().st_mtime_ns
    again = bench(cache=tmp_path).fitted(version())
    unbroken = file.stat().st_mtime_ns
    file.write_bytes(b"half")
    mended = bench(cache=tmp_path).fitted(version())
    bench(cache=tmp_path, customer=OTHER).fitted(version())

    assert stamp == unbroken
    assert first.digest == again.digest == mended.digest
    assert first.answer(["money"]) == again.answer(["money"]) == mended.answer(["money"])
    assert len(list(tmp_path.iterdir())) == 2


def test_one_text_is_answered_as_it_is_among_others() -> None:
    """Live items and cases get the same answer."""
    own = bench()
    (one,) = own.seen(version(), [ticket("a", "where is my parcel")])

    assert own.answer(version(), one.item, one.context) == one.output


def ledger(**changes: Any) -> Version:
    """A version that holds the amount against what the CRM has open, and looks at no text."""
    features = (Feature(kind="compare", field="amount", against="context.crm.open"),)
    route = LearntRoute(text_field="", dataset=builders.DIGEST, features=features)
    source = CRM | {"fields": ("open", "tier")}
    return version(**{"routes": (route,), "sources": (source,)} | changes)


def invoice(id: str, amount: str, due: str, **changes: Any) -> Case:
    """A case whose label follows from amount and what is open."""
    label = "refund" if amount == due else "delivery"
    context = {"crm": {"open": due, "tier": "gold"}}
    return ticket(id, id, label, **{"context": context} | changes).model_copy(
        update={"input": {"text": id, "account": "a-1", "amount": amount}}
    )


def invoices() -> list[Case]:
    """Invoices to learn from; every third asks for more than is open."""
    amounts = [(f"{10 + n}.00", f"{10 + n - 3 * (n % 3 == 0)}.00") for n in range(30)]
    return [invoice(f"i-{n}", *pair, split="learn") for n, pair in enumerate(amounts)]


def test_a_route_sees_the_fields_and_the_context_of_an_item() -> None:
    """Cases and live items alike; what is open decides, not the text."""
    own = Bench(Shelf(invoices()), ACME)
    same, more = own.seen(ledger(), [invoice("a", "25.00", "25.00"), invoice("b", "25.00", "9.00")])

    assert (same.output.label, more.output.label) == ("refund", "delivery")
    assert own.answer(ledger(), more.item, more.context) == more.output
    assert own.answer(ledger(), more.item, {"crm": {"open": "25.00"}}) == same.output


def test_a_case_that_brought_no_context_teaches_no_route_that_looks_at_it() -> None:
    """What a source says today is not what it said when the label was given."""
    bare = [one.model_copy(update={"context": {}}) for one in invoices()]
    own = Bench(Shelf(bare), ACME, read_context=read({"crm": {"open": "1.00"}}))

    with pytest.raises(InvalidInput, match="what crm said in its `context`"):
        own.fitted(ledger())


def test_a_rule_more_refits_nothing_and_another_source_field_neither() -> None:
    """The fit is named by what was learnt."""
    own = Bench(Shelf(invoices()), ACME)
    ruled = ledger(rules=[rule("gold", "context.crm.tier == 'gold'")])
    wider = ledger(sources=(CRM | {"fields": ("open", "tier", "dispute")},))

    assert own.fitted(ruled) is own.fitted(ledger()) is own.fitted(wider)


def test_nothing_to_learn_from_is_said_with_what_is_missing() -> None:
    """No text of that name, or no label of the plan."""
    with pytest.raises(InvalidInput, match="no case of the split learn has a text in 'text'"):
        bench().fitted(version(labels=("other", "labels")))


def test_settings_nobody_knows_are_refused() -> None:
    """A misspelt setting would silently learn otherwise."""
    route = LearntRoute(text_field="text", dataset=builders.DIGEST, settings={"cc": 1})

    with pytest.raises(InvalidInput, match=r"routes.settings: \['cc'\] are not known"):
        settings_of(route)
    route = route.model_copy(update={"settings": {"char_ngrams": [2, 3]}})
    assert settings_of(route).char_ngrams == (2, 3)


def test_a_trial_counts_families_items_and_segments() -> None:
    """The same every time, and no text in its results."""
    cases = [
        ticket("a", "money back", family="f", segment="x"),
        ticket("b", "where is the parcel", family="f", segment="x"),
        ticket("c", "the parcel is late", "delivery", segment="y"),
    ]
    own, at = bench(), {"policy": policy(act_threshold="0.1"), "cases": cases, "trial": "t"}
    tried = run_trial(own, version(sources=(CRM,)), **at)

    assert tried.families.model_dump(exclude_defaults=True) == {"right_auto": 1, "wrong_auto": 1}
    assert tried.items.model_dump(exclude_defaults=True) == {"right_auto": 2, "wrong_auto": 1}
    assert tried.segments["x"].wrong_auto == tried.segments["y"].right_auto == 1
    assert run_trial(own, version(), **at).results == tried.results


def test_a_policy_that_reviews_everything_is_never_wrong_alone_and_covers_nothing() -> None:
    """What the second bar of the gate is for."""
    cases = [ticket(f"c{i}", text) for i, text in enumerate(TEXTS["refund"])]
    tried = run_trial(bench(), version(), policy=policy(act_threshold="1"), cases=cases, trial="t")

    assert (tried.families.wrong_auto, tried.families.covered) == (0, 0)
    assert tried.families.needless_review == 3
