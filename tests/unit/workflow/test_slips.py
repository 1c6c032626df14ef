"""A draft is graded field by field; a failure names the field, its place and the right one."""

from typing import Any

import pytest

from runs.records.case import Case
from runs.records.version import Version
from tests.unit.workflow.builders import plan, policy
from tests.unit.workflow.drafts import CONTEXT, drafting_version, request
from tests.unit.workflow.test_evaluate import ACME, Shelf
from workflow.evaluate.bench import Bench
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.failures import group
from workflow.patches import search
from workflow.patches.acceptance import Accepted, accept, compare, terms_of
from workflow.patches.patch import Changed, apply


def bench(offered: frozenset[str] = frozenset()) -> Bench:
    """A bench whose CRM has these fields."""
    return Bench(
        Shelf([]),
        ACME,
        find_fields=lambda source, _: offered if source.name == "crm" else frozenset(),
    )


def tried(*cases: Case, version: Version | None = None) -> TrialRun:
    """What the version does with the cases."""
    made = version or drafting_version()
    return run_trial(bench(), made, policy=policy(), cases=cases, trial="t")


def failure(case: Case, **changed: Any) -> str:
    """The key of its failure group."""
    return tried(case, **changed).results[0].failure


def test_a_draft_is_right_when_every_expected_field_is() -> None:
    """Amounts by size; what the label says nothing of is not judged."""
    (result,) = tried(request("a")).results

    assert (result.outcome, result.wrong, result.failure) == ("right_auto", (), "")


@pytest.mark.parametrize(
    ("case", "key"),
    [
        (
            request("a", note="silver please", fields={"tier": "gold"}),
            "decide/tier/wrong_source/context.crm.tier/note",
        ),
        (request("a", fields={"fee": "240"}), "decide/fee/stale_context//context.rates.gold"),
        (request("a", fields={"tier": "silver"}), "decide/tier/extraction_error//note"),
        (request("a", fields={"extras": ["audit"]}), "decide/extras/omission//extras"),
        (
            request("a", extras="audit", fields={"extras": None}),
            "decide/extras/fabrication//extras",
        ),
        (
            request("a", fields={"currency": "EUR", "notice": "30"}),
            "decide/notice/omission//",
        ),
    ],
)
def test_a_failure_names_the_field_and_both_places(case: Case, key: str) -> None:
    """And no value: a key stands in records that cannot be erased."""
    assert failure(case) == key


def test_the_first_wrong_field_is_told_when_others_follow_from_it() -> None:
    """A wrong tier makes a wrong fee."""
    (result,) = tried(request("a", note="silver")).results

    assert result.wrong == ("tier", "fee")
    assert result.outcome == "wrong_auto"
    assert result.failure.startswith("decide/tier/")


def test_nothing_drafted_goes_to_a_person_before_any_rule() -> None:
    """A person who was not needed is the omission's failure."""
    (result,) = tried(request("a", note="as always")).results

    assert (result.route, result.rule, result.outcome) == ("review", "answer", "needless_review")
    assert result.failure == "decide/tier/omission/context.crm.tier/note"


def failing() -> list[Case]:
    """Requests whose note names another tier than the CRM, and others that are right."""
    wrong = [request(f"wrong-{i}", note="silver please") for i in range(8)]
    return [*wrong, *(request(f"right-{i}") for i in range(20))]


@pytest.mark.parametrize(
    ("crm", "offered"), [(("tier",), frozenset()), ((), frozenset({"tier", "secret"}))]
)
def test_the_fix_of_rank_three_takes_the_field_from_the_system(
    crm: tuple[str, ...], offered: frozenset[str]
) -> None:
    """Whether the version reads it already, or the system merely has it."""
    pair = Changed(drafting_version(crm=crm), policy())
    cases, own = failing(), bench(offered)
    told = {"policy": pair.policy, "cases": cases, "trial": "t"}
    before = run_trial(own, pair.version, **told)
    (failed,) = group(before.results, before.cases)
    parts = plan().as_json()
    parts["privacy"]["allowed_sources"] = ["crm", "rates"]
    plan_of = type(plan()).model_validate(parts)
    (patch,) = search.of_group(failed, before, pair=pair, plan=plan_of, bench=own, ranks={3})
    after = apply(patch, *pair)

    assert patch.says == "take tier from context.crm.tier instead of note"
    assert run_trial(own, after.version, **told).families.right_auto == len(cases)
    assert "tier" in next(s.fields for s in after.version.sources if s.name == "crm")


def silent_too() -> list[Case]:
    """The same, and critical requests that only the silence of their note kept from being sent."""
    told = {"routes": ("review",), "severity": "critical"}
    return [
        *failing(),
        *(request(f"kept-{i}", note="as always").model_copy(update=told) for i in range(3)),
        *(request(f"silent-{i}", note="as always") for i in range(3)),
    ]


def mended(cases: list[Case], pair: Changed, code: str) -> list[tuple[str, Changed, Accepted]]:
    """What each change of rank 3 for a failure of the tier says, makes, and whether it is kept."""
    own, terms = bench(), terms_of(plan(), pair.policy)
    told = {"policy": pair.policy, "cases": cases, "trial": "t"}
    before = run_trial(own, pair.version, **told)
    failed = next(g for g in group(before.results, before.cases) if g.code == code)
    found: list[tuple[str, Changed, Accepted]] = []
    for patch in search.of_group(failed, before, pair=pair, plan=plan(), bench=own, ranks={3}):
        after = apply(patch, *pair)
        then = run_trial(own, after.version, **told)
        dev = compare(before, then, group=failed, terms=terms)
        ruled = accept(dev, terms, learnt=None, holdout=None, looks_left=1)
        found.append((patch.says, after, ruled))
    return found


def test_what_only_silence_kept_from_being_sent_is_still_asked_about() -> None:
    """The move alone is refused for it; the move that asks as before mends what was wrong."""
    (alone, _, refused), (asks, after, kept) = mended(
        silent_too(), Changed(drafting_version(crm=("tier",)), policy()), "wrong_source"
    )
    then = tried(*silent_too(), version=after.version)

    assert (refused.accepted, kept.accepted) == (False, True)
    assert "3 critical cases become wrong alone" in refused.reason
    assert asks == f"{alone}, and ask a person as before where note says none"
    assert then.families.wrong_auto == 0
    assert then.families.right_review == 3


def test_what_is_only_asked_for_is_left_out_once_nothing_critical_hangs_on_it() -> None:
    """The reviews that nobody needed go, the tier stays where it is taken from."""
    pair = Changed(drafting_version(crm=("tier",)), policy())
    _, (_, asking, _) = mended(silent_too(), pair, "wrong_source")
    harmless = [one for one in silent_too() if not one.id.startswith("kept")]
    ((says, after, kept),) = mended(harmless, asking, "omission")

    assert (says, kept.accepted) == ("draft without asking for tier_by_note", True)
    assert tried(*harmless, version=after.version).families.right_auto == len(harmless)


def test_a_field_that_is_masked_or_may_not_be_read_is_never_taken() -> None:
    """The right value stands there, and stays there."""
    pair = Changed(drafting_version(crm=("tier",), mask=("field:crm.tier",)), policy())
    cases = failing()
    own = bench()
    before = run_trial(own, pair.version, policy=pair.policy, cases=cases, trial="t")
    failed = group(before.results, before.cases)[0]

    assert list(search.of_group(failed, before, pair=pair, plan=plan(), bench=own, ranks={3})) == []


def test_a_limit_on_confidence_sends_what_is_contradicted_to_a_person() -> None:
    """Rank 1: where request and CRM disagree a person decides."""
    pair = Changed(drafting_version(), policy())
    told = {"routes": ("review",)}
    disputed = [request(f"d-{i}", currency="USD").model_copy(update=told) for i in range(9)]
    cases = [*disputed, *(request(f"right-{i}") for i in range(20))]
    own = bench()
    before = run_trial(own, pair.version, policy=pair.policy, cases=cases, trial="t")
    (failed,) = group(before.results, before.cases)
    patches = search.of_group(failed, before, pair=pair, plan=plan(), bench=own, ranks={1})
    after = apply(list(patches)[-1], *pair)
    then = run_trial(own, after.version, policy=after.policy, cases=cases, trial="t")

    assert after.version == pair.version
    assert then.families.wrong_auto == 0
    assert then.families.right_review == len(disputed)


def test_the_same_case_with_another_label_is_graded_anew() -> None:
    """What was seen is kept; what was expected of it is the dataset's."""
    own, version = bench(), drafting_version()
    own.seen(version, [request("a")])
    (again,) = own.seen(version, [request("a", fields={"tier": "silver"})])

    assert again.wrong == ("tier",)
    assert again.context["crm"] == {name: CONTEXT["crm"][name] for name in ("company", "currency")}
