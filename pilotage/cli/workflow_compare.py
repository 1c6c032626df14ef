"""two routes of a workflow over the same cases: what is compared, kept, and told."""

from typing import Any

from pilotage.cli import economics_story
from pilotage.cli.call import Call
from pilotage.cli.output import section, short, table, when
from pilotage.cli.workflow_map import find_version
from runs.errors import InvalidInput, NotFound
from runs.records.evidence import Evidence
from runs.records.model import Comparison
from runs.records.person import Customer
from runs.records.version import PolicyValues, Version
from runs.store.store import Store

SPLIT = "dev"
"""The holdout is never looked at for this."""
MOST = 1_000
SHOWN = 5
LOST = 0.05
"""Share of the cases without an answer of use up to which the rest measures a route."""


def compared(call: Call, name: str, routes: tuple[str, ...], version: str) -> Evidence:
    """Two routes over the cases of dev under the values that lead, kept as evidence.

    InvalidInput unless two different routes are named that there are.
    """
    from workflow.evaluate.routes import compare_routes
    from workflow.models.comparing import version_of

    if len(routes) != 2 or routes[0] == routes[1]:
        raise InvalidInput(
            f"--route {', '.join(routes)}: name two different ones, each with --route"
        )
    person, store, customer = call.somebody.person, call.store, call.customer
    made = find_version(store, customer, workflow=name, version=version)
    if made is None:
        raise NotFound(f"workflow {name!r} has no version; `pilotage run start` brings its plan")
    declared = call.wired.models.routes()
    sides = [version_of(made, route, [one.name for one in declared]) for route in routes]
    unpriced = {one.name for one in declared if one.price is None}
    policy = values_of(store, customer, made)
    bench = call.wired.engines("").measuring(customer, person)
    dataset = made.routes[0].dataset
    cases = store.cases.read(customer, dataset, SPLIT)
    call.say(f"{len(cases)} cases of {SPLIT}, asked of {' and '.join(routes)}")
    for place in {one.endpoint for side in sides for one in side.models} & unpriced:
        call.say(f"{place} has no price in models.yaml: what it takes counts as a cost of 0")
    found = compare_routes(bench, *sides, policy=policy, cases=cases)
    now = store.clock.now()
    evidence = Evidence(
        id=f"comparison.{name}.{routes[0]}.{routes[1]}.{now:%Y%m%dT%H%M%S%f}",
        run="",
        kind="comparison",
        version=made.digest,
        policy=policy.digest,
        subject=dataset,
        split=SPLIT,
        notes={},
        comparison=found,
        measured_at=now,
        expires_at=None,
    )
    store.keep(customer, person, evidence)
    return evidence


def values_of(store: Store, customer: Customer, version: Version) -> PolicyValues:
    """The values that lead for the workflow; before any led, the newest that a run began with."""
    leading = store.policies.find_leading(customer, version.workflow)
    if leading:
        return store.get(customer, PolicyValues, leading)
    every = store.list(customer, PolicyValues, MOST)
    found = next((one for one in every if one.workflow == version.workflow), None)
    if found is None:
        raise NotFound(
            f"no values of {version.workflow!r} were ever kept; start a run of it first "
            "(`pilotage run start`)"
        )
    return found


def comparisons(store: Store, customer: Customer, workflow: str) -> list[Evidence]:
    """The newest comparisons of a workflow's routes; each stays as it was measured."""
    kept = store.list(customer, Evidence, MOST, of=("comparison",))
    mine = [one for one in kept if one.comparison and one.comparison.workflow == workflow]
    return mine[:SHOWN]


def summary(evidence: Evidence) -> str:
    """One comparison in a sentence that names its evidence."""
    found = evidence.comparison
    assert found is not None
    told = found.as_json()
    more = told["more_seconds"]
    took = f", {economics_story.span(more)} s more" if more else ""
    beware = "".join(f"; {one}" for one in _unheard(found))
    if found.is_script:
        beware += "; a script answered, which says nothing of a model"
    return (
        f"{found.b.route} in the place of {found.a.route}: "
        f"{economics_story.percent(told['more_right'])} of {found.families} families more right, "
        f"{economics_story.span(told['more_cost'])} an item more{took}{beware} "
        f"[{evidence.id}, {when(told_at(evidence))} UTC]"
    )


def told_at(evidence: Evidence) -> str:
    """When it was measured, as JSON has it."""
    return str(evidence.as_json()["measured_at"])


def lines(evidence: Evidence) -> list[str]:
    """A comparison for people: both routes, then the second less the first."""
    found = evidence.comparison
    assert found is not None
    told = found.as_json()
    header = ("route", "model", "right", "covered", "wrong alone", "no answer", "cost", "an item")
    rows = [_row(told[side], found) for side in ("a", "b")]
    seconds = [f"{told[side]['route']}: {economics_story.seconds(told[side])}" for side in "ab"]
    script = ["a script answered in a model's place: this says nothing of a model"]
    return [
        f"{found.workflow}: {found.cases} cases in {found.families} families of {SPLIT}, version "
        f"{short(evidence.version)}, evidence {evidence.id}",
        *table(header, rows, none=""),
        *section("seconds of an answer", seconds),
        *section(f"{found.b.route} less {found.a.route}, with 95 %", _differences(told)),
        *section("beware", [*_beware(found), *(script if found.is_script else [])]),
    ]


def _unheard(found: Comparison) -> list[str]:
    """Each route that gave too few answers of use to be measured by the rest."""
    return [
        f"{one.route} gave no answer of use to {one.unanswered} of {found.cases} cases"
        for one in (found.a, found.b)
        if one.unanswered > LOST * found.cases
    ]


def _beware(found: Comparison) -> list[str]:
    remedy = "; see why (`pilotage model check`, `pilotage model calls`) before you go by this"
    return [one + remedy for one in _unheard(found)]


def _row(side: dict[str, Any], found: Comparison) -> tuple[object, ...]:
    share = side["right_share"]
    low, high = (f"{100 * float(share[end]):.1f}" for end in ("low", "high"))
    return (
        side["route"],
        side["model"] or "none",
        f"{side['right']} of {found.families} ({low} to {high} %)",
        side["covered"],
        side["wrong_alone"],
        side["unanswered"],
        economics_story.amount(side["cost"]),
        economics_story.span(side["cost_per_item"]),
    )


def _differences(told: dict[str, Any]) -> list[str]:
    more = told["more_seconds"]
    return [
        f"right: {economics_story.percent(told['more_right'])}; only {told['a']['route']} "
        f"{told['only_a']}, only {told['b']['route']} {told['only_b']}; chance if alike "
        f"{told['chance']}",
        f"covered: {economics_story.percent(told['more_covered'])}",
        f"cost an item: {economics_story.span(told['more_cost'])}",
        f"seconds an answer: {economics_story.span(more) if more else 'not both answered'}",
    ]
