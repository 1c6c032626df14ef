"""Where a run stands is kept in langgraph's own tables, on either database."""

from pathlib import Path
from typing import Any, TypedDict

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from agent import checkpoints
from runs.errors import Unavailable
from tests import databases

RESUME: Command[Any] = Command(resume="yes")


class Said(TypedDict, total=False):
    """What the graph below carries."""

    answer: str


def ask(state: Said) -> Said:
    """Wait for an answer, once."""
    assert "answer" not in state
    return {"answer": interrupt("well?")}


def graph() -> StateGraph[Said]:
    """One question."""
    built = StateGraph(Said)
    built.add_node("ask", ask)
    built.add_edge(START, "ask")
    built.add_edge("ask", END)
    return built


def url_of(folder: Path) -> str:
    """Where the checkpoints of a folder stand."""
    url = databases.url_of(folder)
    return url if url.startswith("postgresql") else f"sqlite:///{folder}/checkpoints.db"


@pytest.mark.both_databases
def test_a_run_goes_on_from_where_another_process_left_it(tmp_path: Path) -> None:
    """Nothing is remembered that is not in the database."""
    thread = RunnableConfig(configurable={"thread_id": "r-1"})
    for given in (Said(), RESUME):
        with checkpoints.opened(url_of(tmp_path)) as saver:
            graph().compile(checkpointer=saver).invoke(given, thread, durability="sync")

    with checkpoints.opened(url_of(tmp_path)) as saver:
        seen = graph().compile(checkpointer=saver).get_state(thread)
    assert seen.values == {"answer": "yes"}
    assert seen.next == ()


@pytest.mark.on_a_server
def test_the_tables_are_made_once_and_stand_apart(tmp_path: Path) -> None:
    """In a schema of their own; again changes nothing."""
    url = databases.empty_url_of(tmp_path)
    before = checkpoints.tables(url)
    checkpoints.migrate(url)
    checkpoints.migrate(url)
    after = checkpoints.tables(url)

    assert before.found == -1
    assert after.found == after.expected == before.expected


@pytest.mark.on_a_server
def test_a_server_that_does_not_answer_is_tried_again() -> None:
    """Its name is told, and no password."""
    gone = "postgresql://ana:hunter2@localhost:1/none"
    with (
        pytest.raises(Unavailable, match=r"ana:\*\*\*@localhost:1/none does not answer") as told,
        checkpoints.opened(gone),
    ):
        pass

    assert "hunter2" not in str(told.value)
