"""What models took in a demo, how often others answered in their place, and what they brought."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pilotage.cli import economics_story
from pilotage.cli.output import one_line
from pilotage.demo.asking import Asking
from pilotage.demo.stage import Stage
from policies.asking import BASELINES
from runs import snapshots
from runs.records.evidence import Evidence
from runs.records.item import Output
from runs.records.model_call import ModelCall
from runs.records.proposal import Proposal
from runs.records.run import Spend
from runs.records.version import Version
from runs.store.items import ItemFilter
from workflow.models.cases import LOST_MOST

MOST = 10_000
TRIALS = ("dry_run", "holdout")
CHECK = "check"
"""What the first question was asked for."""


def told(stage: Stage, asking: Asking, run: str) -> dict[str, Any]:
    """What the record holds of it, as JSON values."""
    store, customer = stage.wired.store, stage.customer
    kept = store.calls.every(customer, limit=MOST)
    # What never left is kept as well; of what nobody settled, nobody can tell.
    calls = [one for one in kept if one.settled is None or one.settled.spent.calls]
    return {
        "routes": [
            {"name": one.name, "at": one.host, "model": name or one.model}
            for one, name in zip(asking.routes, asking.names, strict=True)
        ],
        "took": _took(calls),
        "currency": asking.currency,
        "has_price": any(one.price for one in asking.routes),
        "requests": _requests(calls, run),
        "fell_back": {
            "cases": _cases(stage, run),
            "items": _items(stage),
            "loop": _loop(stage, run),
        },
        "worth": _worth(stage, run),
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The same for people."""
    took = found["took"]
    at = ", then ".join(f"{one['model'] or one['name']} at {one['at']}" for one in found["routes"])
    price = f"{found['currency']}" if found["has_price"] else "(no price is declared)"
    yield (
        f"asked {at}: {took['calls']:,} requests, {took['tokens']:,} tokens, "
        f"cost {economics_story.amount(took['cost'])} {price}"
    )
    yield "  " + "; ".join(f"{count:,} {of}" for of, count in found["requests"].items())
    told_of = {
        "cases": "labelled cases of the last trial",
        "items": "live items",
        "loop": "questions of the loop",
    }
    for name, says in told_of.items():
        one = found["fell_back"][name]
        why = "".join(f"; {times} {how}" for how, times in one["why"].items())
        yield one_line(f"fell back: {one['fell_back']} of {one['asked']} {says}{why}", 160)
    worth, cases = found["worth"], found["fell_back"]["cases"]
    if worth is None:
        return
    if cases["fell_back"] > LOST_MOST * cases["asked"]:
        yield f"{worth['of']}: too few cases have a model's answer to say whether it is worth it"
    else:
        yield economics_story.worth_line(worth, worth["of"])


def _took(calls: Sequence[ModelCall]) -> dict[str, Any]:
    """All that was spent; what nobody settled as it was reserved."""
    spent = Spend()
    for one in calls:
        spent = spent.plus(one.settled.spent if one.settled else one.reserved)
    return spent.model_dump(mode="json", include={"calls", "tokens", "cost"})


def _requests(calls: Sequence[ModelCall], run: str) -> dict[str, int]:
    """How many there were, by what they were for; retries and repairs each count."""
    of_run = [one for one in calls if one.run == run]
    by_loop = sum("." in one.purpose for one in of_run)
    return {
        "about labelled cases": len(of_run) - by_loop,
        "about live items": sum(bool(one.item) for one in calls),
        "of the loop itself": by_loop,
        "to try it first": sum(one.purpose == CHECK for one in calls),
    }


def _cases(stage: Stage, run: str) -> dict[str, Any]:
    """Cases of the last trial that a model was asked about, and those of no route's answer."""
    found = _last(stage, run)
    if found is None or found.models is None:
        return {"asked": 0, "fell_back": 0, "why": {}}
    version = stage.wired.store.get(stage.customer, Version, found.version)
    # The next is asked where one gives nothing of use: what the last does not give, none did.
    last, failed = version.models[-1].name, found.models.failed
    others = sum(times for how, times in failed.items() if how.startswith(f"{last} "))
    return {"asked": found.models.asked, "fell_back": others, "why": dict(failed)}


def _items(stage: Stage) -> dict[str, Any]:
    """Live items of which a model was asked, and those that something else answered."""
    store, customer = stage.wired.store, stage.customer
    items = store.items.list(customer, ItemFilter(), limit=MOST)
    kept = snapshots.read_many(store, customer, [one.output for one in items if one.output])
    said = [kept[one.output] for one in items if kept.get(one.output)]
    asked = [one for one in map(Output.model_validate, said) if one.asked]
    tried = [one for output in asked for one in output.asked if one.end != "answered"]
    why = Counter(f"{one.route} {one.end.replace('_', ' ')}" for one in tried)
    fell = sum(one.route_used in BASELINES for one in asked)
    return {"asked": len(asked), "fell_back": fell, "why": dict(why)}


def _loop(stage: Stage, run: str) -> dict[str, Any]:
    """What the loop wanted proposed, and where it went on without."""
    kept = stage.wired.store.of_run(stage.customer, Proposal, run)
    fell = [one for one in kept if one.instead]
    why = Counter(f"{one.what} {one.end.replace('_', ' ')}" for one in fell)
    return {"asked": len(kept), "fell_back": len(fell), "why": dict(why)}


def _worth(stage: Stage, run: str) -> dict[str, Any] | None:
    """What the last trial says of them beside the baseline."""
    found = _last(stage, run)
    if found is None or found.models is None:
        return None
    return {"of": found.kind.replace("_", " "), "evidence": found.id} | found.models.as_json()


def _last(stage: Stage, run: str) -> Evidence | None:
    kept = stage.wired.store.of_run(stage.customer, Evidence, run)
    return next((one for one in reversed(kept) if one.kind in TRIALS), None)
