"""Whoever builds a version does not say what is right."""

from tests.harbours import Harbour
from tests.tickets import plan_of, written


def test_cases_the_builder_labelled_judge_nothing(harbour: Harbour) -> None:
    """Given a plan whose builder labelled its cases; then the expert is asked, nothing is built."""
    voyage = harbour.at("home")
    voyage.start(written(plan_of(owners={"builder": "eva"})))
    voyage.advance()
    voyage.until("ended")

    assert voyage.terminal.kind == "blocker_escalated"
    assert "eva, who builds the version, labelled 240 cases" in voyage.terminal.reason
    assert voyage.terminal.owner == "ana"
