"""the loop on one page: nodes, edges, routes.

review_context → choose_improvement → write_plan → ask_plan → build → dry_run ⇄ fix_smallest_issue →
ask_test_exit → propose_stage → ask_stage → stage_release → monitor ⇄ propose_stage → report →
ask_update → send_update → store_lessons → end. Every end passes report and store_lessons; what a
node refuses is such an end, and so is an ops review that needs nothing built. A run whose question
this loop does not have begins again with the node that asks (`agent/upgrade.py`).
"""

from functools import partial

from langgraph.graph import END, START, StateGraph

from agent.deps import Deps, handing
from agent.nodes.ask import ask, outcome
from agent.nodes.build import after_build, build_version
from agent.nodes.choose_improvement import after_choice, choose_improvement
from agent.nodes.dry_run import after_dry_run, dry_run
from agent.nodes.fix_smallest_issue import fix_smallest_issue
from agent.nodes.monitor import after_monitor, monitor
from agent.nodes.propose_stage import after_proposal, propose_stage
from agent.nodes.report import report
from agent.nodes.review_context import review_context
from agent.nodes.send_update import send_update
from agent.nodes.stage_release import after_stage, stage_release
from agent.nodes.store_lessons import after_lessons, store_lessons
from agent.nodes.wait_again import after_wait, wait_again
from agent.nodes.write_plan import after_plan, write_plan
from agent.refusal import Node, Route, attempt, begin, on, onward
from agent.state import State
from agent.upgrade import BEGINS

NODES: dict[str, Node] = {
    "review_context": review_context,
    "choose_improvement": choose_improvement,
    "write_plan": write_plan,
    "ask_plan": ask,
    "build": build_version,
    "wait_again": wait_again,
    "dry_run": dry_run,
    "fix_smallest_issue": fix_smallest_issue,
    "ask_test_exit": ask,
    "propose_stage": propose_stage,
    "ask_stage": ask,
    "stage_release": stage_release,
    "monitor": monitor,
    "report": report,
    "ask_update": ask,
    "send_update": send_update,
    "store_lessons": store_lessons,
}

EDGES: list[tuple[str, str]] = [
    ("review_context", "choose_improvement"),
    ("fix_smallest_issue", "dry_run"),
    ("report", "ask_update"),
    ("send_update", "store_lessons"),
]


def _asked(
    asked: str, *, approved: str, again: str, refused: str = "report"
) -> tuple[Route, dict[str, str]]:
    """Where each outcome of a question leads."""
    no = dict.fromkeys(("changes_asked", "rejected", "expired", "withdrawn"), refused)
    return outcome, no | {"open": asked, "superseded": again, "approved": approved}


ROUTES: dict[str, tuple[Route, dict[str, str]]] = {
    START: (begin, {name: name for name in BEGINS}),
    "choose_improvement": (after_choice, {"plan": "write_plan", "ended": "report"}),
    "write_plan": (after_plan, {"ask": "ask_plan", "blocked": "report"}),
    "ask_plan": _asked("ask_plan", approved="build", again="write_plan"),
    "build": (after_build, {"built": "dry_run", "wait": "wait_again", "blocked": "report"}),
    "wait_again": (after_wait, {n: n for n in ("wait_again", "build", "propose_stage", "report")}),
    "dry_run": (
        after_dry_run,
        {"passed": "ask_test_exit", "fix": "fix_smallest_issue", "blocked": "report"},
    ),
    "ask_test_exit": _asked("ask_test_exit", approved="propose_stage", again="dry_run"),
    "propose_stage": (
        after_proposal,
        {
            "ask": "ask_stage",
            "contract": "stage_release",
            "wait": "monitor",
            "again": "wait_again",
            "measure": "dry_run",
            "done": "report",
        },
    ),
    "ask_stage": _asked("ask_stage", approved="stage_release", again="propose_stage"),
    "stage_release": (after_stage, {"watch": "monitor", "again": "propose_stage", "end": "report"}),
    "monitor": (after_monitor, {"wait": "monitor", "judge": "propose_stage"}),
    "ask_update": _asked(
        "ask_update", approved="send_update", again="report", refused="store_lessons"
    ),
    "store_lessons": (after_lessons, {"closed": END, "open": "report"}),
}

REFUSED: dict[str, str] = {
    **{name: "report" for name, node in NODES.items() if node not in (ask, wait_again)},
    **dict.fromkeys(("report", "send_update", "store_lessons"), "store_lessons"),
}
"""Where a refusal of each node that writes leads."""


def build(deps: Deps | None) -> StateGraph:
    """The uncompiled graph; whoever hosts it brings the checkpointer. `None`: deps come by call."""
    given, graph = handing(deps), StateGraph(State)
    for name, node in NODES.items():
        made = partial(attempt, name=name, node=node) if name in REFUSED else node
        graph.add_node(name, given(made))
    ways = {start: (on, {"on": end}) for start, end in EDGES} | ROUTES
    for name, (route, targets) in ways.items():
        refused = {"refused": REFUSED[name]} if name in REFUSED else {}
        step = given(partial(onward, name=name, route=route))
        graph.add_conditional_edges(name, step, {**targets, **refused})
    return graph
