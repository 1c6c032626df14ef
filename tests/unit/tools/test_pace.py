"""A rate that a tools file declares: a turn is waited for, or whoever asks comes again."""

from collections.abc import Mapping

import pytest

from pilotage.tool_specs import ToolSpec
from tools.pace import ALL, BEGUN_S, PATIENCE_S, NotYet, Pace, Rate, free, one_go
from workflow.process.patience import within

RATE = Rate(calls=10, seconds=60)


class Taken(list[str]):
    """The names of which a turn was taken, and how long each has to be waited for."""

    wait_s = 0.0
    patience_s = 0.0

    def __call__(self, rates: Mapping[str, Rate], patience_s: float) -> float:
        """Take them."""
        self.extend(rates)
        self.patience_s = patience_s
        return self.wait_s


def test_only_what_has_a_rate_takes_a_turn() -> None:
    """Its own, and one of all together."""
    taken, waits = Taken(), list[float]()
    pace = Pace("desk", {"assign": RATE, ALL: RATE}, taken, waits.append)
    pace("assign")
    pace("read")

    assert (taken, waits) == (["desk.assign", "desk.all", "desk.all"], [])


def test_a_turn_that_comes_soon_is_waited_for() -> None:
    """As long as it is."""
    taken, waits = Taken(), list[float]()
    taken.wait_s = PATIENCE_S
    Pace("desk", {"assign": RATE}, taken, waits.append)("assign")

    assert waits == [PATIENCE_S]


def test_a_turn_that_comes_later_is_no_outage_and_says_how_long_it_is() -> None:
    """Nothing is waited for here."""
    taken, waits = Taken(), list[float]()
    taken.wait_s = 42.0
    with pytest.raises(NotYet, match="assign may be asked 10 times in 60 s") as told:
        Pace("desk", {"assign": RATE}, taken, waits.append)("assign")

    assert (told.value.after_s, told.value.is_outage, waits) == (42.0, False, [])


def test_whoever_took_a_turn_waits_longer_for_the_next_one_of_the_same_go() -> None:
    """Else what needs two of a slow system would come again for ever."""
    taken, waits = Taken(), list[float]()
    pace = Pace("desk", {ALL: RATE}, taken, waits.append)
    with one_go():
        pace("read")
        first = taken.patience_s
        within(600, lambda: pace("look_up"))
        apart = taken.patience_s
        taken.wait_s = BEGUN_S
        pace("assign")
    with pytest.raises(NotYet) as after:
        pace("read")

    assert (first, apart, waits) == (PATIENCE_S, BEGUN_S, [BEGUN_S])
    assert (after.value.after_s, taken.patience_s) == (BEGUN_S, PATIENCE_S)


def test_a_part_with_a_deadline_leaves_time_to_ask() -> None:
    """No turn is waited for longer than half of it; a later one is not there yet."""
    taken, waits = Taken(), list[float]()
    pace = Pace("desk", {ALL: RATE}, taken, waits.append)
    with one_go():
        pace("read")
        taken.wait_s = 6.0
        with pytest.raises(NotYet):
            within(3, lambda: pace("read"))

    assert (taken.patience_s, waits) == (1.5, [])


@pytest.mark.parametrize("told", [{"calls": 1, "seconds": 61}, {"calls": 100, "seconds": 86_400}])
def test_a_rate_of_which_no_second_turn_comes_in_time_is_refused(told: dict[str, int]) -> None:
    """An item that asks twice would take the first turn again and again."""
    with pytest.raises(ValueError, match="less than one in 60 s"):
        Rate.model_validate(told)


def test_without_a_rate_nothing_is_waited_for() -> None:
    """Whatever is asked."""
    assert free("assign") is None


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"rates": {"close": {"calls": 1}}}, "rates name close; name some of assign, read, all"),
        (
            {"kind": "folder", "path": "q", "operations": ("assign",), "http": None},
            "rates belong to kinds http, mcp, mail",
        ),
    ],
)
def test_a_rate_of_what_is_never_asked_is_refused(spec: dict[str, object], says: str) -> None:
    """With what may have one."""
    http = {
        "base_url": "https://desk.example",
        "read": {"path": "/a/{key}"},
        "endpoints": {"assign": {"path": "/b"}},
    }
    told = {"name": "desk", "kind": "http", "http": http, "rates": {"assign": {"calls": 5}}}

    with pytest.raises(ValueError, match=says):
        ToolSpec.model_validate(told | spec)
    assert ToolSpec.model_validate(told).rates["assign"] == Rate(calls=5, seconds=1.0)
