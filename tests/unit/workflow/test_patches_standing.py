"""What is counted over arrays is what one would count by hand."""

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.workflow.builders import many, policy, seen, trial, version
from tests.unit.workflow.worlds import worlds
from workflow.evaluate.bench import Seen
from workflow.evaluate.trial import TrialRun
from workflow.failures import group
from workflow.grading import worst
from workflow.patches.patch import Changed
from workflow.patches.standing import ROWS, Tally, best, stand

RIGHT = ("right_auto", "right_review")
ACTED = ("right_auto", "wrong_auto")


def by_hand(before: TrialRun, after: TrialRun, members: set[str]) -> dict[str, int]:
    """The parts of a tally, case by case and family by family."""
    counted: dict[str, int] = defaultdict(int)
    families: dict[str, list[tuple[str, str]]] = defaultdict(list)
    asked: set[str] = set()
    for was, now in zip(before.results, after.results, strict=True):
        families[was.family].append((was.outcome, now.outcome))
        kept_from_harm = was.outcome == "wrong_auto" and now.outcome == "needless_review"
        is_fixed = now.outcome in RIGHT or kept_from_harm
        if was.outcome in ACTED and now.outcome not in ACTED:
            asked.add(was.family)
        counted["repaired"] += was.case in members and was.outcome not in RIGHT and is_fixed
        counted["broken"] += was.outcome in RIGHT and now.outcome == "wrong_auto"
        counted["harm_avoided"] += was.outcome == "wrong_auto"
        counted["harm_avoided"] -= now.outcome == "wrong_auto"
        counted["needless_added"] += now.outcome == "needless_review"
        counted["needless_added"] -= was.outcome == "needless_review"
        counted["spoilt"] += was.outcome in RIGHT and now.outcome == "needless_review"
        counted["spoilt"] -= was.outcome == "needless_review" and now.outcome in RIGHT
    for held in families.values():
        was, now = (worst(side) for side in zip(*held, strict=True))  # pyright: ignore[reportArgumentType] - outcomes as they stand in the results
        counted["harm_gain"] += was == "wrong_auto" != now
        counted["harm_loss"] += now == "wrong_auto" != was
        counted["covered"] += now in RIGHT
    counted["asked"] = len(asked)
    return dict(counted)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from(["0.3", "0.6", "0.9"]))
def test_a_tally_is_what_is_counted_by_hand(
    world: tuple[list[Seen], Changed], threshold: str
) -> None:
    """Cases by their outcome, families by their worst, whatever the order of the cases."""
    found, (made, values) = world
    other = policy(**{**{n: str(v) for n, v in values.values.items()}, "act_threshold": threshold})
    before, after = trial(found, made, values), trial(found, made, other)
    for failed in group(before.results, before.cases):
        (tally,) = stand(before, failed).tallies(stand(after, failed).now[None, :])
        expected = by_hand(before, after, set(failed.cases))
        told = tally._asdict() | {"covered": tally.covered[1]}
        assert {name: told[name] for name in expected} == expected


def test_for_a_group_of_harm_families_are_gained_by_what_no_longer_harms() -> None:
    """For one of needless reviews, by what is right."""
    harm = [*many(3, "w", label="delivery", confidence=0.6), *many(9)]
    needless = [*many(3, "n", confidence=0.6), *many(9)]
    for found, low, high in ((harm, "0.5", "0.7"), (needless, "0.7", "0.5")):
        before = trial(found, version(), policy(act_threshold=low))
        after = trial(found, version(), policy(act_threshold=high))
        (failed,) = group(before.results, before.cases)
        (tally,) = stand(before, failed).tallies(stand(after, failed).now[None, :])
        assert (tally.repaired, tally.gain, tally.loss) == (3, 3, 0)


def test_many_candidates_are_counted_in_parts_as_they_would_be_at_once() -> None:
    """The number of rows that are held together changes nothing."""
    found = [seen(str(i), label="delivery" if i % 3 else "refund") for i in range(30)]
    tried = trial(found, version(), policy())
    standing = stand(tried, group(tried.results, tried.cases)[0])
    rows = np.random.default_rng(0).integers(0, 5, (ROWS + 3, 30)).astype(np.int8)

    assert standing.tallies(rows) == [standing.tallies(row[None, :])[0] for row in rows]


def test_the_first_of_equals_is_the_best_and_nothing_worth_anything_is_none() -> None:
    """So that the same trial always proposes the same patch."""
    tallies = [Tally(**dict.fromkeys(Tally._fields, 0))] * 3  # pyright: ignore[reportArgumentType] - none of its fields is read

    assert best(tallies, lambda tally: (1.0,)) == 0
    assert best(tallies, lambda tally: None) is None
