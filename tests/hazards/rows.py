"""The hazard table of docs: each row with the scene that shows how Pilotage meets it."""

from collections.abc import Callable
from typing import NamedTuple

from tests.hazards import answers, beside, effects, pauses, positions, upgrades
from tests.voyage import Harbour

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


ROWS: tuple[Row, ...] = (
    Row("1", "code before interrupt() runs again on resume", pauses.runs_again, is_severe=True),
    Row(
        "2", "the world changes between question and answer", answers.world_changes, is_severe=True
    ),
    Row("3", "the same answer sent twice", answers.same_answer_twice, is_severe=True),
    Row("4", "answer to a finished run", answers.finished_run),
    Row("5", "answer to an unknown run", answers.unknown_run),
    Row("6", "stale or wrong interrupt id", answers.stale_id),
    Row("7", "answer whose keys look like ids", answers.keys_like_ids),
    Row("8", "empty or null answer", answers.empty_answer),
    Row("9", "new input to a paused run", pauses.input_to_paused, is_severe=True),
    Row("10", "except Exception around the pause", pauses.caught_pause, is_severe=True),
    Row("11", "node renamed by a deploy while paused", upgrades.renamed_node, is_severe=True),
    Row("11b", "node removed by a deploy while paused", upgrades.removed_node, is_severe=True),
    Row("12", "node's logic changed while paused", upgrades.changed_node, is_severe=True),
    Row("13", "a question inserted before an old one", upgrades.inserted_question, is_severe=True),
    Row("14", "interrupt inside a loop", pauses.pause_in_loop),
    Row("15", "two questions pending, one bare answer", answers.two_pending),
    Row("16", "approve and reject at once", answers.two_processes, is_severe=True),
    Row("17", "no, then yes, on one checkpoint", answers.no_then_yes),
    Row("18", "crash after approve, then reject", answers.crash_then_reject, is_severe=True),
    Row("19", "error after the effect, run continued", effects.error_after_effect, is_severe=True),
    Row("20", "kill -9 between effect and checkpoint", effects.killed_after_effect, is_severe=True),
    Row("21", "retry policy on a node with an effect", effects.retried_effect, is_severe=True),
    Row("22", "update_state while paused", pauses.state_updated, is_severe=True),
    Row("23", "static breakpoint used as approval", pauses.static_breakpoint, is_severe=True),
    Row("24", "no checkpointer", pauses.no_checkpointer),
    Row("25", "subgraph in a node", pauses.subgraph),
    Row("26", "who answered?", answers.who_answered, is_severe=True),
    Row("27", "nobody answers", answers.nobody_answers),
    Row("28", "wrong type of answer", answers.wrong_type, is_severe=True),
    Row("29", "several tool calls in one question", effects.several_calls, is_severe=True),
    Row("30", "checkpoints grow", positions.growing),
    Row("31", "pending list after a second pause", positions.second_pause),
    Row("32", "last checkpoint write lost", positions.last_write_lost, is_severe=True),
    Row("33", "server restart leaves runs pending", positions.restart),
    Row("deputy", "an approver's deputy who is the builder", beside.builder_as_deputy),
    Row("accounts", "a quorum of two by one person twice", beside.two_accounts),
    Row("service", "an approval given by a service token", beside.program_token),
    Row("signed out", "an approval from a signed-out session", beside.signed_out),
    Row("clock", "a clock that jumps back", beside.clock_back),
    Row("crowd", "ten thousand open approvals", beside.crowd),
)
