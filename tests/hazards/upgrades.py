"""Hazards of an upgrade: the node a run waits in is renamed, gone or changed, or asks later."""

from agent import graph
from agent.deps import Deps
from agent.nodes.ask import ask, outcome
from agent.question import Question, open_question
from agent.refusal import on
from agent.state import State, Update
from agent.upgrade import find_pin
from runs.records.run import Pin
from tests.harbours import Harbour
from tests.hazards.answers import decided
from tests.hazards.loops import WAYS, changed, loop_of, renamed, without_question
from tests.hazards.sight import need, state_of
from tests.voyage import Voyage

NO = dict.fromkeys(("changes_asked", "rejected", "expired", "withdrawn"), "report")


def pinned(voyage: Voyage) -> Pin:
    """What the run is pinned to now."""
    pin = find_pin(voyage.store, voyage.customer, voyage.run_id)
    assert pin is not None
    return pin


def asked_anew(voyage: Voyage) -> str:
    """The question was open or answered: it is asked again, and the old answer counts no more."""
    old = voyage.asked
    voyage.agree()
    voyage.advance()
    first = voyage.questions(old.kind)[0]
    need(holds=first.status == "superseded", says=f"the old question is {first.status}")
    need(holds=voyage.waits_for == old.kind, says=f"the old yes led to {voyage.waits_for}")
    need(holds=decided(voyage, voyage.asked) == [], says="the old yes counts for the new question")
    need(holds=not voyage.messages and not voyage.acted, says="something acted")
    return pinned(voyage).why


def renamed_node(harbour: Harbour) -> str:
    """Row 11: a node is renamed by a deploy while a run waits in it."""
    voyage = harbour.at("plan")
    voyage.build_graph = renamed("ask_plan", "ask_for_plan")
    why = asked_anew(voyage)
    need(holds="ask_for_plan in its place" in why, says=f"it is not named: {why}")
    voyage.refuse()
    need(holds=voyage.waits_for == "update", says="the run does not go on in the new loop")
    return why


def removed_node(harbour: Harbour) -> str:
    """Row 11: a node is removed by a deploy while a run waits in it."""
    voyage = harbour.at("plan")
    voyage.agree()
    voyage.build_graph = without_question("ask_plan")
    voyage.advance()
    need(holds=voyage.waits_for == "update", says=f"it went on to {voyage.waits_for}")
    need(holds=not voyage.store.releases.of_run(voyage.customer, voyage.run_id), says="it acted")
    voyage.agree()
    voyage.advance()
    end = voyage.terminal
    need(holds=end.kind == "blocker_escalated" and bool(end.owner), says=f"{end.kind}")
    need(holds=end.proof == (pinned(voyage).id,), says="the pin does not prove it")
    return f"closed as a blocker of {end.owner}: {end.reason}"


def pays_more(state: State, deps: Deps) -> Update:
    """What the node of another version does on a yes to what this one asked."""
    return {"version": "sha256:" + "9" * 64}


def changed_node(harbour: Harbour) -> str:
    """Row 12: a node's logic changed while a run waits for the yes it acts on."""
    voyage = harbour.at("plan")
    voyage.build_graph = changed("build", pays_more)
    why = asked_anew(voyage)
    need(holds=not state_of(voyage).version, says="the changed node acted on the old yes")
    return why


def ask_deletion(state: State, deps: Deps) -> Update:
    """Opens another question, in the place where the old one's answer was to be read."""
    asked = Question("test_exit", "Delete all?", {"deletes": "all"}, "all is deleted", "nothing is")
    return {"approval": open_question(state, deps, asked)}


def inserted_question(harbour: Harbour) -> str:
    """Row 13: a question is inserted before an old one."""
    voyage = harbour.at("plan")
    nodes = {**graph.NODES, "open_deletion": ask_deletion, "ask_deletion": ask}
    ask_plan = (outcome, {**graph.ROUTES["ask_plan"][1], "approved": "open_deletion"})
    leads = {"open": "ask_deletion", "superseded": "write_plan", "approved": "build"}
    ways = {**WAYS, "ask_plan": ask_plan, "open_deletion": (on, {"on": "ask_deletion"})}
    voyage.build_graph = loop_of(nodes, {**ways, "ask_deletion": (outcome, NO | leads)})
    why = asked_anew(voyage)
    voyage.agree()
    voyage.advance()
    title = voyage.asked.title
    need(holds=title == "Delete all?", says=f"the plan's yes led to {title}")
    need(holds=decided(voyage, voyage.asked) == [], says="an old yes answers the inserted question")
    return why
