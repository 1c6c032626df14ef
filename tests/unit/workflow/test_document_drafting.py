"""The drafting sample: its documents, its truth, and how its first version fails."""

import re
from collections import Counter
from functools import cache
from typing import Any

import pytest

from policies.permissions import permit
from policies.rules import read_plan, read_policy
from runs.errors import InvalidInput
from runs.plan import Plan, PlanRecord
from runs.records.case import Case
from runs.records.version import Version
from tests.builders import dataset
from tests.unit.workflow.test_evaluate import ACME, Shelf
from workflow import failures
from workflow.evaluate.bench import Bench
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.map.text import lines
from workflow.map.way import map_of_plan
from workflow.patches import search
from workflow.patches.patch import Changed, apply
from workflow.samples.document_drafting import generator
from workflow.samples.document_drafting.accounts import accounts
from workflow.samples.document_drafting.world import CURRENCIES, FEES, TIERS
from workflow.samples.known import find_sample
from workflow.version import make

SAMPLE = find_sample("document_drafting")
KEYS = {"accounts": "account_id", "rates": "service", "terms": "region"}


@cache
def plan() -> Plan:
    """The customer's plan, whole."""
    read = read_plan(SAMPLE.documents.text("plan.yaml"), "plan.yaml").plan
    assert read is not None
    return read


@cache
def first() -> Changed:
    """What an engineer ships on day one."""
    written = PlanRecord(run="r", plan=plan(), lessons=(), changes=())
    version = make(written, dataset(list(cases()), workflow="document_drafting"))
    return Changed(version, read_policy(SAMPLE.documents.text("policy.yaml"), "policy.yaml"))


@cache
def cases() -> tuple[Case, ...]:
    """A part of the dataset."""
    found = generator.cases(1, families=300)
    return tuple(
        Case.model_validate(
            {name: value for name, value in one.items() if not name.startswith("second")}
        )
        for one in found
    )


def offered(source: Any, item: Any) -> frozenset[str]:
    """The fields that the customer's systems have."""
    row = generator.rates()[item["service"]] if source.name == "rates" else {}
    return frozenset(accounts()[0].row() if source.name == "accounts" else row)


@cache
def bench() -> Bench:
    """A bench over nothing learnt."""
    return Bench(Shelf([]), ACME, find_fields=offered)


def tried(pair: Changed) -> TrialRun:
    """What a candidate does with the cases."""
    return run_trial(bench(), pair.version, policy=pair.policy, cases=cases(), trial="t")


def test_day_one_fails_for_the_rules_and_the_tier_of_the_note() -> None:
    """Alone it is wrong in far more families than the gate lets pass; no value stands in a key."""
    run = tried(first())
    keys = Counter(one.failure for one in run.results if one.failure)

    assert run.families.wrong_auto / run.families.total > 0.3
    assert set(keys) >= {
        "route/route/should_have_escalated/review/act",
        "decide/tier/wrong_source/context.accounts.tier/note",
        "decide/tier/omission/context.accounts.tier/note",
    }
    assert not [key for key in keys if any(tier in key for tier in TIERS)]


def test_the_fix_of_rank_three_reads_the_tier_from_the_crm() -> None:
    """It mends what was wrong and what was missing, and breaks nothing."""
    pair, before = first(), tried(first())
    groups = failures.group(before.results, before.cases)
    wrong = next(one for one in groups if one.code == "wrong_source")
    told = {"pair": pair, "plan": plan(), "bench": bench()}
    patch, careful, held = search.of_group(wrong, before, **told, ranks={3})
    after, asking = tried(apply(patch, *pair)), tried(apply(careful, *pair))

    assert patch.says == "take tier from context.accounts.tier instead of note"
    assert held.says.startswith(f"{patch.says}, held against note, and ask a person as before")
    assert not [one for one in after.results if "/note" in one.failure]
    was = {one.case for one in before.results if one.outcome == "right_auto"}
    assert was <= {one.case for one in after.results if one.outcome == "right_auto"}
    stopped = {one.case for one in before.results if one.rule == "answer"}
    assert stopped == {one.case for one in asking.results if one.rule == "answer"}
    assert not [one for one in asking.results if "wrong_source" in one.failure]


@pytest.mark.parametrize("word", ["discount_pct", "document", "terms"])
def test_a_rule_on_a_typed_field_is_found(word: str) -> None:
    """Rank 2: what the policy document keeps for people."""
    before = tried(first())
    group = failures.group(before.results, before.cases)[0]
    told = {"pair": first(), "plan": plan(), "bench": bench()}
    says = [one.says for one in search.of_group(group, before, **told, ranks={2})]

    assert group.code == "should_have_escalated"
    assert [one for one in says if word in one]


def test_no_document_is_sent_without_a_yes_to_it() -> None:
    """A draft is left in the folder; what is sent waits, whatever the stage."""
    version: Version = first().version
    draft, send = version.effects
    asked = {"stage": "full", "version": version, "has_approval": False}

    assert (draft.level, draft.risks, send.level) == ("draft", (), "trigger")
    assert set(send.risks) == {"financial", "customer_facing"}
    assert permit(draft, **asked).allowed
    assert not permit(send, **asked).allowed
    assert {(one.tool, one.level, one.risks) for one in SAMPLE.sinks} == {
        (one.tool, one.level, one.risks) for one in version.effects
    }


def test_its_map_shows_what_is_filled_from_where() -> None:
    """No model stands in it; what has no value ends with a named owner."""
    drawn = map_of_plan(plan(), lambda one: one)
    (decides,) = (step for step in drawn.steps if step.name == "decide")
    told = "\n".join(decides.does)

    assert decides.by == "code"
    assert "tier from note" in told
    assert "currency from context.accounts.currency, held against currency" in told
    assert "monthly_fee from one of 9 places by tier, currency" in told
    assert [path.ends for path in decides.paths] == ["in review"]
    assert max(map(len, lines(drawn))) <= 100


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("months.\n", "months, 24 at least.\n", "says '24': business_rule_in_prompt"),
        ("field: note, choices", "field: tier, choices", "fillings.3.field is tier, which is no"),
        ("label: statement_of_work", "label: letter", "drafting.label is letter"),
    ],
)
def test_a_plan_that_drafts_wrongly_is_refused_with_its_line(old: str, new: str, told: str) -> None:
    """A rule in the template too: fees, caps and terms stand where operations own them."""
    text = SAMPLE.documents.text("plan.yaml")
    assert old in text

    with pytest.raises(InvalidInput, match=re.escape(told)):
        read_plan(text.replace(old, new, 1), "plan.yaml")


def test_a_plan_drafts_or_learns() -> None:
    """A text field beside a template would be learnt by nothing."""
    text = SAMPLE.documents.text("plan.yaml").replace("  labels:", "  text_field: note\n  labels:")

    with pytest.raises(InvalidInput, match="draft or learn, not both"):
        read_plan(text, "plan.yaml")


def test_every_piece_that_is_drafted_alone_can_be_filled_from_the_systems() -> None:
    """Currency and fee stand where the policy document says."""
    law = {one.id: one for one in accounts()}
    pieces = [p for p in generator.requests(3, 400, pool="live") if p.truth.routes == ("act",)]
    for piece in pieces:
        account, fields = law[piece.input["account_id"]], piece.truth.fields
        row = piece.context["rates"]
        assert fields["currency"] == account.currency
        assert fields["monthly_fee"] == row[f"{fields['tier']}_{account.currency.lower()}"]


def test_a_few_accounts_were_never_brought_up_to_date() -> None:
    """Most of them among those whose record nobody looked at for a year."""
    late = {is_old: [a for a in accounts() if a.is_old == is_old] for is_old in (True, False)}
    off = {k: sum(a.tier != a.contracted for a in found) / len(found) for k, found in late.items()}

    assert 0.25 < off[True] < 0.45
    assert 0 < off[False] < 0.02


def test_the_rate_card_has_a_fee_for_each_tier_and_currency() -> None:
    """The dearer tier costs more."""
    card = generator.rates()

    assert set(card) == set(FEES)
    for row in card.values():
        for currency in CURRENCIES:
            fees = [float(row[f"{tier}_{currency.lower()}"]) for tier in TIERS]
            assert fees == sorted(fees)
            assert len(set(fees)) == len(fees)


def test_the_document_says_every_field_and_nothing_is_masked_in_it() -> None:
    """Amounts, days and dates are no telephone numbers."""
    drafted = [one.output for one in tried(first()).seen if one.output.template]

    for output in drafted[:60]:
        text = output.fields["document"]
        assert output.fields["monthly_fee"] in text
        assert output.fields["start_on"] in text
        assert "[masked" not in text
        assert "{{" not in text
