"""What a dataset lacks is named, and accepted in writing or not at all."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from runs.errors import InvalidInput
from runs.records.case import Case
from tests.unit.workflow.builders import case
from workflow.dataset.cases import family_of
from workflow.dataset.description import Import, describe
from workflow.dataset.quality import agreement, check, find_own_labels, gaps

BROUGHT = Import("tickets", "triage", "salt", datetime(2030, 1, 1, tzinfo=UTC), "eva")


def labelled_twice(table: list[list[int]]) -> list[Case]:
    """Cases whose first and second labels make this table."""
    labels = "abcdefgh"
    return [
        case(f"{i}{j}{n}", labels[i], second={"label": labels[j]})
        for i, row in enumerate(table)
        for j, count in enumerate(row)
        for n in range(count)
    ]


def whole() -> list[Case]:
    """Cases without a gap."""
    return [
        case("a", severity="critical", routes=("review",), second={"label": "refund"}),
        *[case(str(i)) for i in range(4)],
    ]


def test_the_worked_example_of_kappa() -> None:
    """[[30, 6], [4, 20]] is .6575."""
    assert agreement(labelled_twice([[30, 6], [4, 20]])) == pytest.approx(0.6575, abs=5e-5)


@given(st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=3, max_size=3))
def test_kappa_is_that_of_scikit_learn(table: list[list[int]]) -> None:
    """Where that is a number."""
    cases = labelled_twice(table)
    pairs = [(c.expected["label"], c.second["label"]) for c in cases if c.second]
    if len({label for pair in pairs for label in pair}) > 1:
        oracle = cohen_kappa_score(*zip(*pairs, strict=True))

        assert agreement(cases) == pytest.approx(oracle)


def test_one_label_given_by_both_everywhere_agrees_and_nothing_doubled_says_nothing() -> None:
    """The two ends of kappa."""
    assert agreement(labelled_twice([[5]])) == 1.0
    assert agreement([case("a")]) is None


def test_labels_two_people_disagree_on_are_a_finding() -> None:
    """Below .6 it is the labels that are in doubt."""
    findings = check(labelled_twice([[20, 10], [10, 20]]))

    assert findings.agreement == "0.3333"
    assert "labels" in [finding.kind for finding in findings.findings]


def test_a_dataset_that_says_everything_has_no_gap() -> None:
    """Severity, routes, families, second labels and who labelled."""
    assert gaps(whole()) == ()


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ({"severity": "major"}, "severity"),
        ({"routes": ("act",)}, "routes"),
        ({"family": family_of("hello")}, "families"),
        ({"second": None}, "second_labels"),
        ({"labelled_by": ""}, "labelled_by"),
    ],
)
def test_each_gap_has_a_name(change: dict[str, object], gap: str) -> None:
    """Told from the cases alone."""
    first, *others = whole()

    assert gaps([first.model_copy(update=change), *others]) == (gap,)


def test_too_few_families_to_judge_on_are_a_finding() -> None:
    """Below 60 dev families, however many cases."""
    few = [case(str(i), family=f"f{i % 59}") for i in range(200)]
    enough = [case(str(i), family=f"f{i % 60}") for i in range(200)]

    assert [f.kind for f in check(few).findings] == ["too_small", "holdout"]
    assert [f.kind for f in check(enough).findings] == ["holdout"]


def test_the_builder_s_own_labels_judge_nothing_they_built() -> None:
    """Who builds does not say what is right: the person and the count are named."""
    own = find_own_labels(2, "eva")

    assert "eva, who builds the version, labelled" in own
    assert find_own_labels(0, "dan") == ""


def test_one_text_with_two_labels_is_a_finding() -> None:
    """The expert settles which holds."""
    twice = [case("a", "x", family=family_of("hi")), case("b", "y", family=family_of("HI"))]

    assert "contradiction" in [f.kind for f in check(twice).findings]


def test_a_dataset_is_named_by_its_cases_in_order_of_id() -> None:
    """Their order in the file does not matter, one changed label does."""
    digest = describe(whole(), BROUGHT).cases

    assert describe(whole()[::-1], BROUGHT).cases == digest
    assert describe([*whole()[:-1], case("3", "other")], BROUGHT).cases != digest


def test_a_dataset_counts_cases_and_families_by_split() -> None:
    """As they stand in its cases."""
    cases = [case("a", split="learn"), case("b", family="f"), case("c", family="f")]
    dataset = describe(cases, BROUGHT)

    assert dataset.counts == {"dev": 2, "learn": 1}
    assert dataset.families == {"dev": 1, "learn": 1}


def test_gaps_are_accepted_in_writing_or_not_at_all() -> None:
    """A name without a reason is no acceptance; without gaps there is nothing to accept."""
    with pytest.raises(InvalidInput, match=r"accepts the gaps .* without a word"):
        describe([case("a")], BROUGHT._replace(accepted_by="eva"))

    accepted = BROUGHT._replace(accepted_by="eva", acceptance="one label per text is enough here")
    assert describe([case("a")], accepted).accepted_by == "eva"
    assert describe(whole(), accepted).accepted_by == ""
