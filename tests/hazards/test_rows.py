"""Every hazard of a paused run that acts, by its number, on the real record, graph and loop."""

import pytest

from tests.harbours import Harbour
from tests.hazards import answers, beside, effects, pauses, positions, upgrades
from tests.hazards.rows import ROWS

pytestmark = pytest.mark.both_databases


def test_h01_code_before_the_pause_runs_again_on_resume(harbour: Harbour) -> None:
    """Ask nodes have none: whatever they would write raises."""
    says = pauses.runs_again(harbour)

    assert says.startswith("5 resumes ran the node again")


def test_h02_the_world_changes_between_question_and_answer(harbour: Harbour) -> None:
    """Superseded, and asked again with what differs."""
    says = answers.world_changes(harbour)

    assert says == "superseded; asked again, and what differs is policy"


def test_h03_the_same_answer_sent_twice(harbour: Harbour) -> None:
    """The second is a Conflict, and nothing moves."""
    assert answers.same_answer_twice(harbour).startswith("the second is a Conflict")


def test_h04_an_answer_to_a_finished_run(harbour: Harbour) -> None:
    """Conflict that says why."""
    assert answers.finished_run(harbour) == "Conflict: approval of the update is approved"


def test_h05_an_answer_to_an_unknown_run(harbour: Harbour) -> None:
    """NotFound; nothing begins."""
    assert answers.unknown_run(harbour).startswith("NotFound")


def test_h06_a_stale_or_wrong_interrupt_id(harbour: Harbour) -> None:
    """Conflict, and the question there is stays shown."""
    assert answers.stale_id(harbour).startswith("Conflict")


def test_h07_an_answer_whose_keys_look_like_ids(harbour: Harbour) -> None:
    """Only approvals of ours are answered."""
    assert answers.keys_like_ids(harbour).startswith("NotFound")


def test_h08_an_empty_or_null_answer(harbour: Harbour) -> None:
    """InvalidInput."""
    assert answers.empty_answer(harbour) == "InvalidInput for each of 6, and nothing moved"


def test_h09_new_input_to_a_paused_run(harbour: Harbour) -> None:
    """There is no way to give any."""
    assert pauses.input_to_paused(harbour).startswith("there is no way to give any")


def test_h10_an_except_around_the_pause(harbour: Harbour) -> None:
    """No module of the loop catches it, and the guard finds each form."""
    assert pauses.caught_pause(harbour).startswith("no module of the loop catches it")


def test_h11_a_node_renamed_by_a_deploy_while_paused(harbour: Harbour) -> None:
    """Named, and asked again in the loop there is."""
    says = upgrades.renamed_node(harbour)

    assert "it has ask_for_plan in its place" in says
    assert says.endswith("it begins again with write_plan")


def test_h11_a_node_removed_by_a_deploy_while_paused(harbour: Harbour) -> None:
    """Nothing asks it any more: closed as a blocker with an owner, whatever was answered."""
    assert upgrades.removed_node(harbour).startswith(
        "closed as a blocker of ana: stood at ask_plan"
    )


def test_h12_a_nodes_logic_changed_while_paused(harbour: Harbour) -> None:
    """The yes was to another program's act: asked again."""
    assert upgrades.changed_node(harbour) == "ask_plan: changed since it asked: build"


def test_h13_a_question_inserted_before_an_old_one(harbour: Harbour) -> None:
    """One question a node: the old answer reaches neither."""
    assert "the ways on from ask_plan" in upgrades.inserted_question(harbour)


def test_h14_an_interrupt_inside_a_loop(harbour: Harbour) -> None:
    """Loops are edges: as many bodies as questions."""
    assert "three questions, three bodies, one answer each" in pauses.pause_in_loop(harbour)


def test_h15_two_questions_pending_and_one_bare_answer(harbour: Harbour) -> None:
    """Always by id."""
    assert answers.two_pending(harbour).startswith("a bare or ambiguous answer is refused")


def test_h16_two_processes_answer_approve_and_reject_at_once(harbour: Harbour) -> None:
    """Exactly one decision and one outcome."""
    assert "one is recorded and three are Conflicts" in answers.two_processes(harbour)


def test_h17_a_no_and_then_a_yes_on_one_checkpoint(harbour: Harbour) -> None:
    """Conflict."""
    assert answers.no_then_yes(harbour).startswith("Conflict: the question is rejected")


def test_h18_a_crash_after_approve_and_then_a_reject(harbour: Harbour) -> None:
    """The recorded decision stands."""
    assert answers.crash_then_reject(harbour).startswith("the reject is a Conflict")


def test_h19_an_error_after_the_effect_and_the_run_continued(harbour: Harbour) -> None:
    """One receipt."""
    assert effects.error_after_effect(harbour).endswith("one effect, one receipt")


def test_h20_a_kill_after_the_effect_before_the_checkpoint(harbour: Harbour) -> None:
    """The decision is kept, the effect is once."""
    assert effects.killed_after_effect(harbour).startswith("killed for real")


def test_h21_a_retry_on_a_node_with_an_effect(harbour: Harbour) -> None:
    """One key, one effect."""
    assert effects.retried_effect(harbour).startswith("three tries share one key")


def test_h22_an_update_of_the_state_while_paused(harbour: Harbour) -> None:
    """Never used; forced, the old yes sends nothing it does not cover."""
    assert pauses.state_updated(harbour).endswith("it sends nothing: blocker_escalated")


def test_h23_a_static_breakpoint_used_as_approval(harbour: Harbour) -> None:
    """Never used; forced, nothing passes without a yes."""
    assert pauses.static_breakpoint(harbour).endswith("it sends nothing")


def test_h24_no_checkpointer(harbour: Harbour) -> None:
    """The loop refuses to start."""
    assert pauses.no_checkpointer(harbour).startswith("InvalidInput before the first node")


def test_h25_a_subgraph_in_a_node(harbour: Harbour) -> None:
    """Questions wait in the top graph only."""
    assert pauses.subgraph(harbour).startswith("the loop is one graph")


def test_h26_who_answered(harbour: Harbour) -> None:
    """The authenticated person."""
    assert answers.who_answered(harbour).startswith("the person of the token")


def test_h27_nobody_answers(harbour: Harbour) -> None:
    """Expires to hold, escalates, visible."""
    assert answers.nobody_answers(harbour).startswith("expired: it holds")


def test_h28_the_wrong_type_of_answer(harbour: Harbour) -> None:
    """InvalidInput; nothing is made into a yes."""
    assert answers.wrong_type(harbour) == "InvalidInput for each of 8, and nothing moved"


def test_h29_several_tool_calls_in_one_question(harbour: Harbour) -> None:
    """One action, one approval."""
    assert effects.several_calls(harbour).startswith("one action, one approval")


def test_h30_checkpoints_grow(harbour: Harbour) -> None:
    """The state holds ids, and an ended run leaves an archive and no checkpoint."""
    assert positions.growing(harbour).endswith("none once it has ended")


def test_h31_the_pending_list_after_a_second_pause(harbour: Harbour) -> None:
    """Table, run and graph agree."""
    assert positions.second_pause(harbour).startswith("our table, the run and the graph")


def test_h32_the_last_checkpoint_write_is_lost(harbour: Harbour) -> None:
    """The record is the authority."""
    assert positions.last_write_lost(harbour).startswith("the recorded decision is read again")


def test_h33_a_restart_leaves_runs_pending(harbour: Harbour) -> None:
    """Freed, taken up again, and its owner is told once."""
    assert positions.restart(harbour).endswith("its owner is told once")


def test_an_approvers_deputy_who_is_the_builder_is_not_named(harbour: Harbour) -> None:
    """Nobody approves their own, in anybody's name."""
    assert beside.builder_as_deputy(harbour).startswith("the builder is never named")


def test_a_quorum_of_two_is_not_one_human_with_two_accounts(harbour: Harbour) -> None:
    """Of one address, or declared the same."""
    assert beside.two_accounts(harbour).startswith("one human counts once")


def test_a_quorum_of_two_is_not_one_person_with_two_tokens(harbour: Harbour) -> None:
    """By whatever token."""
    assert beside.two_tokens(harbour).startswith("one person counts once")


def test_a_programs_token_approves_nothing(harbour: Harbour) -> None:
    """Whoever stands behind it."""
    assert beside.program_token(harbour).startswith("NotAllowed")


def test_a_signed_out_session_approves_nothing(harbour: Harbour) -> None:
    """Whatever it proved before."""
    assert beside.signed_out(harbour).startswith("NotAllowed")


def test_a_clock_that_jumps_back_revives_nothing(harbour: Harbour) -> None:
    """What expired stays so, and the chain is whole."""
    assert beside.clock_back(harbour).startswith("what expired stays expired")


def test_ten_thousand_open_approvals_are_each_within_reach(harbour: Harbour) -> None:
    """Listed, answered and expired."""
    assert beside.crowd(harbour).startswith("10,000: all are listed")


def test_every_row_of_the_table_has_its_scene() -> None:
    """33 rows, one of them in two forms, and seven cases beside them."""
    numbers = [int(row.name.rstrip("b")) for row in ROWS if row.name[0].isdigit()]

    assert sorted(set(numbers)) == list(range(1, 34))
    assert len(ROWS) == len({row.scene for row in ROWS}) == 34 + 7
