"""What each signal counts of items, and what it counts nothing of."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from rollout import counting
from rollout.counting import Reading, Window, by_item
from rollout.drift import Drift, Moved
from runs.records.item import Action, Item, Review
from runs.records.record import digest_of
from tests import builders
from tests.builders import NOW
from tests.oracles import route

SEEN, SAID, RECEIPT, GONE = (digest_of(name) for name in ("seen", "said", "receipt", "gone"))
SOURCE = {"name": "crm", "tool": "crm", "key_field": "text", "fields": ("tier",)}


def done(**changed: Any) -> Item:
    """An item that was read, answered and acted on."""
    whole = {"snapshot": SEEN, "output": SAID, "status": "acted", "route": "act"}
    whole |= {"rule": "threshold", "finished_at": NOW + timedelta(seconds=1)}
    return builders.item(**whole | changed)


def given(**changed: Any) -> Item:
    """An item that waits for a person."""
    return done(**{"status": "in_review", "route": "review"} | changed)


def window(*items: Item, **changed: Any) -> Window:
    """The items with whatever belongs to each, unless something is taken away."""
    kept = {builders.DIGEST: {}, SEEN: {"problems": []}, SAID: {"route_used": "baseline"}}
    kept |= {RECEIPT: {"answer": {}}, GONE: None}
    reviews = [builders.review(item=one.id) for one in items if one.status == "in_review"]
    actions = [builders.action(item=one.id, status="done", receipt=RECEIPT) for one in items]
    whole: dict[str, Any] = {
        "plan": builders.plan(),
        "version": builders.version(),
        "items": items,
        "reviews": by_item(reviews),
        "actions": by_item(actions),
        "kept": kept,
    }
    return Window(**whole | changed)


def shares(reading: Reading) -> tuple[int, int]:
    """Events and total."""
    return reading.events, reading.total


EVERY: dict[str, Callable[[Window], Reading]] = {
    "trace": counting.trace,
    "context": counting.context,
    "fallback": counting.fallback,
    "escalation": counting.escalation,
    "latency": lambda seen: counting.latency(seen, Decimal("0.95")),
    "review_pass": counting.review_pass,
    "cost": lambda seen: counting.cost(seen, 0),
}


@pytest.mark.parametrize("name", EVERY)
def test_a_window_without_items_counts_nothing(name: str) -> None:
    """Which is unread for whoever judges it, never well."""
    assert shares(EVERY[name](window())) == (0, 0)


@pytest.mark.parametrize("name", [one for one in EVERY if one != "latency"])
def test_what_nobody_worked_on_yet_is_not_counted(name: str) -> None:
    """A queued item says nothing of its version, nor does one whose version was taken away."""
    waiting = builders.item()
    gone = builders.item(id="i-2", status="stopped")

    assert shares(EVERY[name](window(waiting, gone))) == (0, 0)


def test_a_whole_way_is_input_context_output_rule_route_and_receipt() -> None:
    """Of what acted, and of what a person has."""
    assert shares(counting.trace(window(done(), given(id="i-2")))) == (2, 2)


@pytest.mark.parametrize(
    ("changed", "lacks"),
    [
        ({"input": digest_of("never kept")}, "input"),
        ({"snapshot": ""}, "context"),
        ({"output": ""}, "output"),
        ({"rule": "", "route": ""}, "rule"),
    ],
)
def test_an_item_of_which_a_part_is_not_kept_cannot_be_rebuilt(
    changed: dict[str, Any], lacks: str
) -> None:
    """The figures say which part."""
    reading = counting.trace(window(given(**changed)))

    assert shares(reading) == (0, 1)
    assert reading.figures[lacks] == "1"


def test_an_act_without_its_receipt_cannot_be_rebuilt() -> None:
    """A receipt that was never kept is none."""
    lost = builders.action(status="done", receipt=digest_of("never kept"))
    cases: list[dict[str, list[Action]]] = [{}, {"i-1": [lost]}]
    found = [counting.trace(window(done(), actions=actions)) for actions in cases]

    assert [(one.events, dict(one.figures)) for one in found] == [(0, {"receipt": "1"})] * 2


def test_a_closed_item_names_who_answered_it() -> None:
    """An answer without a name is no human act."""
    answered = builders.review(status="decided", answer="edit", decided_by="ben")
    cases: list[list[Review]] = [[answered], [builders.review()], []]
    closed = given(status="closed")
    found = [counting.trace(window(closed, reviews={"i-1": one})) for one in cases]

    assert [one.events for one in found] == [1, 0, 0]


def test_what_breaks_the_contract_has_no_context_and_needs_none() -> None:
    """Nor an answer: its person is enough."""
    bad = given(rule="contract", route="refuse", status="quarantined", snapshot="", output="")
    reviews = {"i-1": [builders.review(kind="quarantine")]}

    assert shares(counting.trace(window(bad, reviews=reviews))) == (1, 1)
    assert shares(counting.trace(window(bad, reviews={}))) == (0, 1)


def test_what_was_erased_counts_neither_way() -> None:
    """It was taken out on purpose, and its event says by whom."""
    assert shares(counting.trace(window(done(output=GONE), done(id="i-2")))) == (1, 1)


def test_context_counts_missing_stale_and_changed_sources() -> None:
    """By their code, and no item twice."""
    problems = [{"source": "crm", "code": "stale"}, {"source": "erp", "code": "no_record"}]
    bad = digest_of("bad")
    seen = window(done(), given(id="i-2", snapshot=bad), version=builders.version(sources=[SOURCE]))
    changed = given(id="i-3", reason="it is not as it was decided on: crm changed since it was")
    seen = seen._replace(
        kept={**seen.kept, bad: {"problems": problems}}, items=(*seen.items, changed)
    )
    reading = counting.context(seen)

    assert shares(reading) == (2, 3)
    assert reading.figures == {"changed": "1", "no_record": "1", "stale": "1"}


def test_a_version_that_reads_nothing_has_no_context_to_count() -> None:
    """Nothing was read, so nothing can be said of it."""
    assert shares(counting.context(window(done()))) == (0, 0)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (given(), "threshold"),
        (given(rule="scope"), "scope"),
        (given(rule="answer"), "answer"),
        (given(rule="contract", route="refuse", status="quarantined"), "contract"),
        (given(rule="", route=""), "gave up"),
        (given(route="act"), "not done"),
    ],
)
def test_a_fallback_is_whatever_the_first_route_did_not_serve(item: Item, why: str) -> None:
    """The figures say why."""
    reading = counting.fallback(window(item))

    assert (shares(reading), reading.figures) == ((1, 1), {why: "1"})


def test_another_route_than_the_first_is_a_fallback() -> None:
    """Though it acted."""
    seen = window(done())
    other = seen._replace(kept={**seen.kept, SAID: {"route_used": "spare"}})

    assert counting.fallback(other).figures == {"route spare": "1"}


@pytest.mark.parametrize(
    ("used", "expected"), [("primary", {}), ("baseline", {"route baseline": "1"})]
)
def test_of_a_version_with_models_the_first_model_is_the_first_route(
    used: str, expected: dict[str, str]
) -> None:
    """Its baseline answers, and that is a fallback."""
    seen = window(done())
    asking = seen.version.model_copy(update={"models": (route(),)})
    told = seen._replace(version=asking, kept={**seen.kept, SAID: {"route_used": used}})

    assert counting.fallback(told).figures == expected


@pytest.mark.parametrize(("asked", "told"), [([{"end": "silent"}], 1), ([], 0)])
def test_an_item_whose_model_did_not_answer_is_a_fallback_whichever_rule_decides(
    asked: list[dict[str, str]], told: int
) -> None:
    """Not so where a rule decided before any model was asked."""
    seen = window(given(rule="large_amount", output=SAID))
    asking = seen.version.model_copy(update={"models": (route(),)})
    said = {"route_used": "baseline", "asked": asked}

    reading = counting.fallback(seen._replace(version=asking, kept={**seen.kept, SAID: said}))

    assert shares(reading) == (told, 1)


def test_an_item_costs_what_models_took_for_it_as_well() -> None:
    """Each that was asked, whether it answered or not."""
    seen = window(done())
    asked = {"route_used": "fallback", "asked": [{"cost": "0.02"}, {"cost": "0.03"}]}

    plain, dear = (
        counting.cost(seen._replace(kept={**seen.kept, SAID: said}), 10).figures["per_item"]
        for said in ({"route_used": "baseline"}, asked)
    )

    assert Decimal(dear) - Decimal(plain) == Decimal("0.05")


def test_a_rule_of_the_business_is_no_fallback() -> None:
    """The route answered; operations want a person to look."""
    large = given(rule="large_amount")

    assert shares(counting.fallback(window(large, done(id="i-2")))) == (0, 2)
    assert shares(counting.escalation(window(large, done(id="i-2")))) == (1, 2)


def test_an_item_costs_its_way_and_each_look_it_needs() -> None:
    """At the plan's prices: 0.01 for the way, 2 for a look; handing it on is another look."""
    handed = {"owner": "ben", "by": "ben", "reason": builders.DIGEST, "at": NOW}
    reviews = {"i-2": [builders.review(item="i-2", escalations=(handed,))]}
    reading = counting.cost(window(done(), given(id="i-2"), reviews=reviews), 10)

    assert shares(reading) == (1, 2)
    assert reading.figures == {
        "per_item": "2.0100",
        "per_week": "20.1000",
        "checks_per_item": "0.0000",
        "currency": "EUR",
        "per_resolved_item": "4.0200",
    }


def test_a_check_is_told_apart_and_not_charged() -> None:
    """How much is checked is the operations' choice, not what the work costs."""
    reviews = {"i-1": [builders.review(kind="audit")]}
    figures = counting.cost(window(done(), reviews=reviews), 1).figures

    assert (figures["per_item"], figures["checks_per_item"]) == ("0.0100", "2.0000")


def test_in_the_shadow_a_look_counts_where_it_would_be_needed() -> None:
    """What people do there they do today; what would be theirs is what it would cost."""
    shadow = {"arm": "shadow", "status": "drafted"}
    reviews = by_item([builders.review(item=id, kind="shadow") for id in ("i-1", "i-2")])
    seen = window(done(**shadow), given(**shadow | {"id": "i-2"}), reviews=reviews)

    assert shares(counting.cost(seen, 1)) == (1, 2)


def ways(*told: dict[str, Any]) -> Any:
    """The desk's plan with these ways."""
    way = {"path": "alone", "cost_per_item": "0.01", "latency_ms": 60_000, "is_heavy": False}
    return builders.plan(economics={"ways": tuple(way | one for one in told)})


def test_an_item_goes_the_way_that_takes_its_route() -> None:
    """The dearest where the plan names none for it: a cost is never understated."""
    plan = ways({"takes": ("act",)}, {"path": "long", "takes": ("refuse",), "cost_per_item": "3"})
    paths = [counting.way_of(plan, done(route=route)).path for route in ("act", "refuse", "review")]

    assert paths == ["alone", "long", "long"]


def test_an_item_is_slow_by_the_stricter_of_plan_and_way() -> None:
    """And told by its way; the value is the time that 95 of 100 stay under."""
    plan = ways({"takes": ("act",), "latency_ms": 500}, {"path": "with a person"})
    seen = window(done(), given(id="i-2"), plan=plan)
    reading = counting.latency(seen, Decimal("0.95"))

    assert (shares(reading), reading.value) == ((1, 2), "1000")
    assert reading.figures == {"alone": "1"}


def test_a_review_passes_what_it_leaves_as_it_is() -> None:
    """Edited and rejected ones do not pass; open ones have not said anything."""
    answers = [("approve", "decided"), ("edit", "decided"), ("reject", "decided"), ("", "open")]
    reviews = [
        builders.review(id=f"v-{at}", status=status, answer=answer)
        for at, (answer, status) in enumerate(answers)
    ]

    assert shares(counting.review_pass(window(given(), reviews={"i-1": reviews}))) == (1, 3)


def test_drift_is_the_share_that_moved_furthest_beyond_chance() -> None:
    """No rate of items that stand for themselves: it has no interval and crosses no bar."""
    over = {"tier": Drift(0.9, 0.1, before=200, now=80, share=0.25)}
    reading = counting.drift(Moved(3, 80, over))

    assert (shares(reading), reading.is_rate) == ((20, 80), False)
    assert reading.figures == {"compared": "3", "tier": "0.900, chance explains 0.100"}


@pytest.mark.parametrize("moved", [None, Moved(0, 0, {})])
def test_where_nothing_could_be_compared_drift_counts_nothing(moved: Moved | None) -> None:
    """No dry run, or too few on a side: that is unread."""
    assert shares(counting.drift(moved)) == (0, 0)
