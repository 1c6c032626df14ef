"""Every sample: seeded, disjoint, complete, and true to its own policy document."""

import json
import re
from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pytest

from pilotage.cli.demo import SAMPLES
from policies import compiled
from policies.rules import read_plan, read_policy
from runs.clock import TurnedClock
from runs.errors import NotFound
from runs.plan import Plan
from runs.records.record import digest_of
from tools.files.records import FileRecords
from workflow.dataset.cases import read
from workflow.process.contract import read_fields
from workflow.samples.deal_risk import generator as deals
from workflow.samples.document_drafting import generator as requests
from workflow.samples.known import ALL, find_sample
from workflow.samples.pieces import Piece
from workflow.samples.record_reconciliation import generator as invoices
from workflow.samples.reviewer import Reviewer
from workflow.samples.sample import Sample

NAMES = ["record_reconciliation", "deal_risk", "document_drafting"]
MALFORMED = {"record_reconciliation": 0.012, "deal_risk": 0.01, "document_drafting": 0.015}
"""Least share of malformed pieces."""
BYTES = {
    "support_triage": "33357e435ee146f7500f9b8a56644ce189ccbc91a36310b66a5e776176723b06",
    "record_reconciliation": "d8b0fa7ed7ab566adffb30d2e94a02d90dd6c0d86e9b5a5be2298797b03f2c6a",
    "deal_risk": "7ba3c633dbb719d18c400e37e0531191bf1c184c235936ef6d3ed4770fe09c96",
    "document_drafting": "cfa28071c98038cebfcf3402adb5a9307b11552d6112fa9dd3e58168354ed6ca",
}
"""What seed 1 gives: whoever changes it changes what every figure on a sample was measured on."""


def drawn(name: str, seed: int, families: int, pool: str = "dataset") -> list[Piece]:
    """The pieces of one pool of one sample."""
    if name == "document_drafting":
        return requests.requests(seed, families, pool="live" if pool == "live" else "dataset")
    if name == "deal_risk":
        return deals.reviews(seed, families, pool="live" if pool == "live" else "dataset")
    return invoices.invoices(seed, families, pool="live" if pool == "live" else "dataset")


@cache
def dataset(name: str) -> list[Piece]:
    """The labelled pieces of one seed."""
    return drawn(name, 1, len({row["family"] for row in rows(name)}))


@cache
def rows(name: str) -> list[dict[str, object]]:
    """The labelled cases of one seed as they are imported."""
    return find_sample(name).cases(1, name)


@cache
def live(name: str) -> Reviewer:
    """Live pieces of another seed, and who knows what is right for them."""
    return find_sample(name).reviewer(9, name, 400)


def plan_of(sample: Sample, file: str) -> Plan:
    """A plan of the sample's customer, whole."""
    reading = read_plan(sample.documents.text(file), file)
    assert reading.missing == ()
    assert reading.plan is not None
    return reading.plan


def test_the_command_offers_every_sample() -> None:
    """And another name tells them."""
    assert tuple(one.name for one in ALL) == SAMPLES
    with pytest.raises(NotFound, match="name one of"):
        find_sample("loans")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_cases_and_another_gives_others(name: str) -> None:
    """To the last byte."""
    sample = find_sample(name)

    assert sample.cases(1, name) == rows(name)
    assert sample.cases(2, name) != rows(name)
    assert sample.records(3, 4) == sample.records(3, 4)


@pytest.mark.parametrize("name", BYTES)
def test_every_machine_and_every_version_draws_the_same_bytes(name: str) -> None:
    """Cases, systems, live pieces and what is right for them."""
    sample = find_sample(name)
    pieces = [[one.key, one.input, asdict(one.truth)] for one in live(name).pieces]
    systems = [list(one) for one in sample.records(1, 9)]

    assert digest_of([rows(name), systems, pieces]) == f"sha256:{BYTES[name]}"


@pytest.mark.parametrize("name", NAMES)
def test_the_dataset_is_large_enough(name: str) -> None:
    """At least 1,200 cases in 800 families, labels with severities and second labels."""
    found = rows(name)

    assert len(found) >= 1_200
    assert len({row["family"] for row in found}) >= 800
    assert {row["severity"] for row in found} == {"critical", "major", "minor"}
    assert 0.2 < sum(row["second_label"] is not None for row in found) / len(found) < 0.28
    assert len({row["id"] for row in found}) == len(found)


@pytest.mark.parametrize("name", NAMES)
def test_dataset_and_live_share_no_family_whatever_the_seeds(name: str) -> None:
    """Nor the key of a piece."""
    seen = [{(one.truth.family, one.key) for one in drawn(name, seed, 200)} for seed in (1, 2)]
    alive = [{(one.truth.family, one.key) for one in drawn(name, n, 200, "live")} for n in (1, 2)]

    for part in (0, 1):
        cases = {pair[part] for found in seen for pair in found}
        assert cases.isdisjoint(pair[part] for found in alive for pair in found)


@pytest.mark.parametrize("name", NAMES)
def test_more_families_only_add_pieces(name: str) -> None:
    """What was drawn before stays as it was."""
    few, many = (
        {one.key: one.input for one in drawn(name, 5, families, "live")} for families in (60, 90)
    )

    assert few.items() <= many.items()


@pytest.mark.parametrize("name", NAMES)
def test_the_cases_are_read_as_any_file_is_with_what_the_sources_said(
    name: str, tmp_path: Path
) -> None:
    """Nothing of the truth stands in an input."""
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, rows(name))), encoding="utf-8")
    sample = find_sample(name)
    plan = plan_of(sample, sample.priorities[0].plan)
    cases = read(file, labels=plan.contract.labels)

    assert {one.labelled_by for one in cases} == {plan.owners.domain_expert}
    assert {len(one.context) for one in cases} >= {len(plan.context.sources)}
    fields = {field.name for field in plan.contract.fields}
    assert {name for one in cases for name in one.input} == fields


@pytest.mark.parametrize("name", NAMES)
def test_every_clause_and_label_of_the_policy_document_comes_in(name: str) -> None:
    """Each clause decides some cases, and most are a machine's."""
    text = find_sample(name).documents.text("policy.md")
    written = {f"clause {number}" for number in re.findall(r"^(\d)\. \*\*", text, re.MULTILINE)}
    why = Counter(one.truth.why.partition(":")[0] for one in dataset(name))
    labels = Counter(one.truth.label for one in dataset(name))

    assert set(why) == written
    assert min(why.values()) / why.total() >= MALFORMED[name]
    assert 0.5 < why["clause 8"] / why.total() < 0.75
    assert all(f"| `{label}` |" in text for label in labels)
    assert min(labels.values()) / labels.total() > 0.05


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_refuses_exactly_the_malformed(name: str) -> None:
    """Clause 6 is what the data contract of the plan says, no more and no less."""
    sample = find_sample(name)
    contract = plan_of(sample, sample.priorities[0].plan).contract.fields

    for one in [*dataset(name), *drawn(name, 8, 400, "live")]:
        is_refused = bool(read_fields(contract, one.input).breaches)

        assert is_refused == (one.truth.kind == "malformed")


@pytest.mark.parametrize("name", NAMES)
def test_the_systems_know_what_a_live_piece_names(name: str, tmp_path: Path) -> None:
    """A source without a record is one the piece names wrongly, and then only a person decides."""
    sample = find_sample(name)
    sources = plan_of(sample, sample.priorities[0].plan).context.sources
    pieces = [one for one in sample.reviewer(9, name, 200).pieces if isinstance(one, Piece)]
    tools = {}
    for one in sample.records(1, 9):
        (tmp_path / one.file).write_text(one.text, encoding="utf-8")
        tools[one.tool] = FileRecords(
            one.tool, tmp_path / one.file, one.key_field, clock=TurnedClock()
        )

    for piece in pieces:
        for source in sources:
            key = piece.input[source.key_field]
            reading = tools[source.tool].read(str(key)) if key else None
            told = piece.context.get(source.name)
            assert (reading is None) == (told is None)
            if reading is None or told is None:
                assert "act" not in piece.truth.routes
            else:
                assert {field: reading.value[field] for field in source.fields} == {
                    field: told[field] for field in source.fields
                }


@pytest.mark.parametrize("name", NAMES)
def test_the_reviewer_is_right_but_for_one_in_a_hundred(name: str) -> None:
    """And marks what they say as simulated; an unknown piece has no reviewer."""
    reviewer = live(name)
    judged = [reviewer.judge(key, one.label, one.fields) for key, one in reviewer.truths.items()]

    assert 0 < sum(one.is_mistaken for one in judged) / len(judged) < 0.03
    assert all(one.agrees != one.is_mistaken and one.simulated for one in judged)
    with pytest.raises(NotFound, match="not among the live"):
        reviewer.judge("x", "match")


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_has_no_hole_and_begins_without_a_rule(name: str) -> None:
    """What an engineer ships on day one: the learnt route, the default threshold, no rule."""
    sample = find_sample(name)
    first = sample.priority(name)
    plan = plan_of(sample, first.plan)
    policy = read_policy(sample.documents.text(first.policy), first.policy)

    assert (plan.workflow, plan.dataset, plan.routing.rules) == (name, name, ())
    assert (policy.workflow, policy.values) == (name, plan.routing.values)
    assert policy.gates == plan.acceptance.gates
    assert compiled.compile_plan(plan, policy).policy == policy
    assert compiled.ladder(plan)[-1].name == plan.rollout.agreed_stage


@pytest.mark.parametrize("name", NAMES[:2])
def test_the_plan_acts_without_risk_and_reaches_only_its_own_systems(name: str) -> None:
    """What it may do needs nobody's word; what would stays excluded; every tool is there."""
    sample = find_sample(name)
    plan = plan_of(sample, sample.priority(name).plan)
    (effect,) = plan.actions.allowed

    assert (effect.level, effect.risks) == ("update", ())
    assert (effect.tool, (effect.operation,)) == sample.sinks[0][:2]
    assert {source.tool for source in plan.context.sources} == {
        one.tool for one in sample.records(1, 2)
    }


@pytest.mark.parametrize("name", NAMES)
def test_everybody_the_plan_names_exists_and_no_builder_decides(name: str) -> None:
    """Owners are people of the customer, deciding roles are held, everybody is invented."""
    sample = find_sample(name)
    plan = plan_of(sample, sample.priority(name).plan)
    policy = read_policy(sample.documents.text("policy.yaml"), "policy.yaml")
    everyone = {one.id: one for one in sample.documents.people()}
    deciding = {rule.role for rules in policy.approvers.values() for rule in rules}
    named = {*plan.owners.as_json().values(), *(one.owner for one in plan.signals)}
    named |= {one.answering for one in plan.systems}

    held = {role for one in everyone.values() for role in one.roles}
    assert named <= set(everyone)
    assert deciding | {policy.review_owner, *policy.escalation} <= held
    assert all(one.email.endswith("@example.com") for one in everyone.values())
    for one in everyone.values():
        roles = set(one.roles) | set(everyone[one.deputy].roles)
        assert not ("delivery_engineer" in roles and roles & deciding)


@pytest.mark.parametrize("name", NAMES)
def test_the_customer_says_that_it_is_synthetic(name: str) -> None:
    """Whoever opens one of its documents reads it in the first lines."""
    documents = find_sample(name).documents

    for file in ("README.md", "policy.md", "plan.yaml", "policy.yaml", "people.yaml"):
        assert "SYNTHETIC" in documents.text(file)[:300]
    assert "fictional" in documents.customer()
    with pytest.raises(NotFound, match="no such file"):
        documents.text("../generator.py")
