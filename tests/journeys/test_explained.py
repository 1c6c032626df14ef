"""Any past run answers six questions from the record alone, whatever its end."""

from collections.abc import Callable

import pytest

from tests.harbours import Harbour
from tests.journeys.explained import check_explained
from tests.tickets import contrary, plan_of, written
from tests.voyage import Voyage

SLICE = "plan/test_exit/stage/signals/stage/signals"


def reached(harbour: Harbour) -> Voyage:
    """The agreed stage."""
    return harbour.at(f"{SLICE}/stage/update").until("ended")


def in_the_sandbox(harbour: Harbour) -> Voyage:
    """An agreed stage that acts on nothing."""
    voyage = harbour.at("home")
    voyage.start(written(plan_of(rollout={"agreed_stage": "sandbox"})))
    return voyage.until("ended")


def rejected(harbour: Harbour) -> Voyage:
    """A person said no to the plan."""
    voyage = harbour.at("plan")
    voyage.refuse()
    return voyage.until("ended")


def unanswered(harbour: Harbour) -> Voyage:
    """Nobody said anything to the plan."""
    voyage = harbour.at("plan")
    voyage.sleep(voyage.asked.due_at - voyage.store.clock.now())
    voyage.expire()
    voyage.advance()
    return voyage.until("ended")


def with_holes(harbour: Harbour) -> Voyage:
    """The plan brought leaves most open."""
    voyage = harbour.at("home")
    voyage.start("workflow: desk\ntitle: Sort\nowners: {incidents: ben}\n")
    return voyage.until("ended")


def taken_back(harbour: Harbour) -> Voyage:
    """A person rolled the release back while it served."""
    voyage = harbour.at(SLICE)
    voyage.withdraw()
    return voyage.until("ended")


def failed(harbour: Harbour) -> Voyage:
    """The live items failed the gate of the stage."""
    voyage = harbour.at(SLICE)
    voyage.bring(contrary)
    return voyage.until("ended")


ENDS = (reached, in_the_sandbox, rejected, unanswered, with_holes, taken_back, failed)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_past_run_is_explained_as_it_happened(
    harbour: Harbour, end: Callable[[Harbour], Voyage]
) -> None:
    """What went in, which versions, what came out, who decided, what was done, why this end."""
    check_explained(end(harbour))
