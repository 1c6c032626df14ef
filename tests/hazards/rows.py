"""The hazard table of docs: each row with the scene that shows how Pilotage meets it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.harbours import Harbour
from tests.hazards import answers, beside, effects, pauses, positions, upgrades

Scene = Callable[[Harbour], str]
"""Plays a hazard against the real record, graph and loop; what happened, or NotHeld."""


class Row(NamedTuple):
    """One hazard."""

    name: str
    """Its number in the table, or a word for one beside it."""
    hazard: str
    scene: Scene
    is_severe: bool = False
    """Unmet, an action runs without a valid approval, or twice, or a decision is lost."""


SCENES: Mapping[tuple[str, str], Scene] = {
    ("1", "code before interrupt() runs again on resume"): pauses.runs_again,
    ("2", "the world changes between question and answer"): answers.world_changes,
    ("3", "the same answer sent twice"): answers.same_answer_twice,
    ("4", "answer to a finished run"): answers.finished_run,
    ("5", "answer to an unknown run"): answers.unknown_run,
    ("6", "stale or wrong interrupt id"): answers.stale_id,
    ("7", "answer whose keys look like ids"): answers.keys_like_ids,
    ("8", "empty or null answer"): answers.empty_answer,
    ("9", "new input to a paused run"): pauses.input_to_paused,
    ("10", "except Exception around the pause"): pauses.caught_pause,
    ("11", "node renamed by a deploy while paused"): upgrades.renamed_node,
    ("11b", "node removed by a deploy while paused"): upgrades.removed_node,
    ("12", "node's logic changed while paused"): upgrades.changed_node,
    ("13", "a question inserted before an old one"): upgrades.inserted_question,
    ("14", "interrupt inside a loop"): pauses.pause_in_loop,
    ("15", "two questions pending, one bare answer"): answers.two_pending,
    ("16", "approve and reject at once"): answers.two_processes,
    ("17", "no, then yes, on one checkpoint"): answers.no_then_yes,
    ("18", "crash after approve, then reject"): answers.crash_then_reject,
    ("19", "error after the effect, run continued"): effects.error_after_effect,
    ("20", "kill -9 between effect and checkpoint"): effects.killed_after_effect,
    ("21", "retry policy on a node with an effect"): effects.retried_effect,
    ("22", "update_state while paused"): pauses.state_updated,
    ("23", "static breakpoint used as approval"): pauses.static_breakpoint,
    ("24", "no checkpointer"): pauses.no_checkpointer,
    ("25", "subgraph in a node"): pauses.subgraph,
    ("26", "who answered?"): answers.who_answered,
    ("27", "nobody answers"): answers.nobody_answers,
    ("28", "wrong type of answer"): answers.wrong_type,
    ("29", "several tool calls in one question"): effects.several_calls,
    ("30", "checkpoints grow"): positions.growing,
    ("31", "pending list after a second pause"): positions.second_pause,
    ("32", "last checkpoint write lost"): positions.last_write_lost,
    ("33", "server restart leaves runs pending"): positions.restart,
    ("deputy", "an approver's deputy who is the builder"): beside.builder_as_deputy,
    ("accounts", "a quorum of two by one human twice"): beside.two_accounts,
    ("tokens", "a quorum of two by one token more"): beside.two_tokens,
    ("service", "an approval given by a service token"): beside.program_token,
    ("signed out", "an approval from a signed-out session"): beside.signed_out,
    ("clock", "a clock that jumps back"): beside.clock_back,
    ("crowd", "ten thousand open approvals"): beside.crowd,
}
"""By the number in the table, or a word for what is beside it, and what is hazardous."""
SEVERE = {
    *("1", "2", "3", "9", "10", "11", "11b", "12", "13", "16"),
    *("18", "19", "20", "21", "22", "23", "26", "28", "29", "32"),
}
"""Unmet, an action runs without a valid approval, or twice, or a decision is lost."""
ROWS = tuple(Row(*named, scene, named[0] in SEVERE) for named, scene in SCENES.items())
