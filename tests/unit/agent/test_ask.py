"""What a waiting run shows of its question."""

import json
from typing import get_args

from agent.nodes.ask import payload
from runs.records.approval import DecisionKind
from runs.records.record import digest_of
from tests import builders


def test_a_question_is_shown_small_with_the_record_that_is_answered() -> None:
    """Its id, its title and the decisions it takes, as plain JSON."""
    told = payload(builders.approval())

    assert told == {
        "approval_id": "a-1",
        "title": "Plan of the desk",
        "decisions": [*get_args(DecisionKind)],
    }
    assert json.loads(json.dumps(told)) == told


def test_nobodys_words_are_in_it() -> None:
    """A checkpoint stays when words are erased."""
    quoted = f"Update to the customer: «{digest_of('said')}»"

    assert payload(builders.approval(title=quoted))["title"] == "Update to the customer: …"
