"""The ladder: what a plan may ask for, and where each rung leads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import compiled
from rollout import ladder
from rollout.ladder import Rung
from runs.errors import Conflict, InvalidInput
from runs.records.release import Segment, StageSpec
from tests import builders


def specs(*weights: int, full: bool = False) -> list[dict[str, object]]:
    """A sandbox, a slice for each weight, and `full` where it is asked for."""
    told = [("sandbox", "sandbox", 0)]
    told += [(f"s{weight}-{n}", "slice", weight) for n, weight in enumerate(weights)]
    told += [("full", "full", 10_000)] if full else []
    return [{"name": n, "kind": k, "weight_bp": weight, "sample": 5} for n, k, weight in told]


def stages_of(stages: list[dict[str, object]], agreed: str | None = None) -> tuple[StageSpec, ...]:
    """The stages a plan with these allows to climb."""
    agreed = agreed or str(stages[-1]["name"])
    return compiled.ladder(builders.plan(rollout={"stages": stages, "agreed_stage": agreed}))


def test_the_climb_ends_at_the_agreed_stage() -> None:
    """What lies above it is another priority's."""
    names = [stage.name for stage in stages_of(specs(500, 2_500, full=True), "s2500-1")]

    assert names == ["sandbox", "s500-0", "s2500-1"]


@pytest.mark.parametrize(
    ("stages", "says"),
    [
        (specs(2_500, 500), "less than the stage before"),
        (specs(9_600), "9600; give a stage of kind slice 1 to 9500"),
        (specs(0), "give a stage of kind slice 1"),
        (specs(500)[1:], "the sandbox is the first stage"),
        ([*specs(500), specs(1)[0] | {"name": "again"}], "the sandbox is the first stage"),
        ([specs()[0] | {"weight_bp": 5}], "weight_bp is 5"),
        ([*specs(full=True), specs(9_500)[1]], "nothing comes after `full`"),
        ([specs()[0], specs(full=True)[1] | {"weight_bp": 5_000}], "full 9500 to 10000"),
        ([*specs(500), specs(500)[1]], "share a name"),
    ],
)
def test_a_ladder_that_cannot_be_climbed_is_refused(
    stages: list[dict[str, object]], says: str
) -> None:
    """The message names the stage, the value and what to write."""
    with pytest.raises(InvalidInput, match=says):
        stages_of(stages)


def test_an_agreed_stage_that_is_none_is_refused() -> None:
    """A priority without an end has no terminal state."""
    with pytest.raises(InvalidInput, match="'nowhere' is not one of"):
        stages_of(specs(500), "nowhere")


def test_full_holds_five_percent_back_until_it_is_complete() -> None:
    """The rest stays on the incumbent through the bake window."""
    release = builders.release(stage=2, weight_bp=5_000)

    assert ladder.find_next(release) == Rung(3, 9_500)
    assert ladder.top(release) == Rung(3, 10_000)


def test_nothing_is_served_and_nothing_done_in_the_sandbox() -> None:
    """It allows no weight and no act, and its own gate leads out of it."""
    sandbox, slice_5 = builders.release().stages[:2]

    assert ladder.allows(sandbox) == (False, 0, "sandbox")
    assert ladder.allows(slice_5) == (True, 500, "slice")


def test_the_rungs_follow_one_another_to_the_top() -> None:
    """From before the first stage to where only completion is left."""
    release, seen = builders.release(stage=-1), []
    while (rung := ladder.find_next(release)) is not None:
        seen.append(rung)
        release = release.model_copy(update=rung._asdict())

    assert seen == [Rung(0, 0), Rung(1, 500), Rung(2, 5_000), Rung(3, 9_500)]


def test_a_narrowed_release_first_returns_to_what_its_stage_allows() -> None:
    """No rung is skipped on the way up again."""
    assert ladder.find_next(builders.release(stage=2, weight_bp=600)) == Rung(2, 5_000)


@pytest.mark.parametrize(
    ("weight", "rung"),
    [(0, Rung(0, 0)), (100, Rung(1, 100)), (500, Rung(1, 500)), (501, Rung(2, 501))],
)
def test_narrowing_leads_to_the_lowest_stage_with_room(weight: int, rung: Rung) -> None:
    """The share asked for, under that stage's gate."""
    assert ladder.way_back(builders.release(stage=3, weight_bp=9_500), weight) == rung


@pytest.mark.parametrize("weight", [-1, 500, 501, 10_000])
def test_narrowing_never_widens(weight: int) -> None:
    """The same share or a larger one is no narrowing."""
    with pytest.raises(InvalidInput, match="narrowing never widens"):
        ladder.way_back(builders.release(stage=1, weight_bp=500), weight)


def test_before_the_first_stage_there_is_nothing_to_narrow() -> None:
    """Nothing is served yet."""
    with pytest.raises(Conflict, match="nothing to narrow"):
        ladder.way_back(builders.release(stage=-1), 0)


@settings(deadline=None)
@given(stage=st.integers(1, 3), weight=st.integers(0, 10_000), present=st.integers(1, 10_000))
def test_a_way_back_is_never_higher_and_always_has_room(
    stage: int, weight: int, present: int
) -> None:
    """Whatever is asked for below the present share."""
    stages = builders.release().stages
    present = min(present, ladder.allows(stages[stage]).weight_bp)
    release = builders.release(stage=stage, weight_bp=present)
    rung = ladder.way_back(release, weight % present)

    assert rung.stage <= stage
    assert rung.weight_bp <= ladder.allows(stages[rung.stage]).weight_bp


GOLD = Segment(field="tier", value="gold")


@pytest.mark.parametrize("stage", [0, 1, 3])
def test_a_release_narrowed_by_a_segment_first_serves_it_again(stage: int) -> None:
    """At the very stage it stands on, with all that the stage allows."""
    weight = ladder.allows(builders.release().stages[stage]).weight_bp
    narrowed = builders.release(stage=stage, weight_bp=weight, without=(GOLD,))

    assert ladder.find_next(narrowed) == Rung(stage, weight)
    assert ladder.place(narrowed) == f"{stage}:{weight} -tier=gold"
    assert ladder.told(narrowed) == f"{weight / 100:g} % without tier=gold"


def test_a_masked_field_makes_no_segment() -> None:
    """Its values are not told wherever a release is."""
    fields = (
        {"name": "text", "type": "text"},
        {"name": "region", "type": "text", "choices": ("north", "south")},
        {"name": "tier", "type": "choice", "choices": ("gold",)},
        {"name": "urgent", "type": "flag"},
        {"name": "amount", "type": "number"},
    )
    version = builders.version(contract=fields, mask=("field:tier",))

    assert ladder.read_segment("urgent=true", version) == Segment(field="urgent", value="true")
    assert ladder.read_segment("region=south", version).field == "region"
    for text in ("tier=gold", "amount=5", "text=x"):
        with pytest.raises(InvalidInput, match="it has region, urgent"):
            ladder.read_segment(text, version)
