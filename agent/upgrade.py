"""a run that meets another loop than it paused in: it continues, is asked again, or is closed.

Deciding is pure (`meet`). What was decided is kept as a pin in one change with what it voids, under
the run's lease; a run without its place goes on in another thread, never by a change of the paused.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from agent.checkpoints import Place
from agent.shape import Shape, before, leads
from agent.state import State
from runs import approvals
from runs.plan import PlanRecord
from runs.records.person import Customer
from runs.records.run import Pin, Run
from runs.store.store import Store, keep

BEGINS = ("review_context", "write_plan", "dry_run", "propose_stage", "report")
"""The nodes a thread may begin with: the loop's first, and those that ask."""
ASKS = "ask_"
"""What the names of nodes begin with that wait for a decision."""

Outcome = Literal["begins", "continues", "asked_again", "closed"]


class Now(NamedTuple):
    """The program that a run meets."""

    source: str
    """Digest of the loop's whole code."""
    rules: str
    """Digest of the installation's rules."""
    shape: Shape


class Meeting(NamedTuple):
    """What becomes of a run in the loop that it meets."""

    outcome: Outcome
    why: str
    begins: str = ""
    """The node to begin with, where the run has lost its place."""


FindPlace = Callable[[str], Place | None]
"""Reads where a thread stands; None where it has not begun."""


def meet(pin: Pin | None, now: Now, node: str) -> Meeting:
    """What becomes of a run that stands at `node`, pinned to another loop or to other rules."""
    if node not in now.shape.nodes:
        return _displaced(pin, now, node)
    if not node.startswith(ASKS):
        return Meeting("continues", f"goes on at {node}, which reads the record again")
    if pin is None:
        return Meeting("asked_again", f"nothing says in which loop {node} asked")
    changed = _changed(pin, now.shape, node)
    if changed:
        return Meeting("asked_again", f"{node}: changed since it asked: {', '.join(changed)}")
    if pin.rules != now.rules:
        return Meeting("asked_again", f"{node}: the installation's rules changed since it asked")
    return Meeting("continues", f"{node} and what asks and acts for it are as they were")


def find_pin(store: Store, customer: Customer, run: str) -> Pin | None:
    """The loop and the rules that the run goes on with; None before its first advance."""
    pins = store.of_run(customer, Pin, run)
    return max(pins, key=lambda pin: pin.number, default=None)


def is_pinned(pin: Pin | None, run: Run, *, source: str, rules: str) -> bool:
    """Whether a run meets what it is pinned to; one without a pin is pinned to what opened it."""
    return run.graph == source if pin is None else (pin.source, pin.rules) == (source, rules)


def owner_of(store: Store, customer: Customer, run: Run) -> str:
    """Who answers for the run: the owner of changes in its newest plan, else who asked for it."""
    written = store.of_run(customer, PlanRecord, run.id)
    return written[-1].plan.owners.changes if written else run.requester


def follow(store: Store, customer: Customer, run: Run, *, now: Now, find_place: FindPlace) -> Pin:
    """The pin that the run goes on with; another one is kept where it meets another loop.

    What it voids is voided in the same change, and nobody is woken: whoever follows advances.
    """
    pin = find_pin(store, customer, run.id)
    thread = pin.thread if pin else run.id
    place = find_place(thread)
    meeting = _meeting(pin, run, now, place)
    if pin is not None and meeting is None:
        return pin
    meeting = meeting or Meeting("begins", "began in this loop")
    kept = _pin(pin, run.id, now, meeting)
    asked = str(place.state.get("approval", "")) if place else ""
    with store.change(customer, f"run:{run.id}", run.id) as change:
        if asked and meeting.outcome in ("asked_again", "closed"):
            approvals.void_in(change, asked)
        keep(change, kept)
    return kept


def first_input(pin: Pin, customer: Customer, find_place: FindPlace) -> dict[str, Any]:
    """What a thread begins with: nothing but whose it is, or where the one before it stood."""
    first = {"customer": customer.id, "run": pin.run}
    place = find_place(pin.after) if pin.after else None
    if place is None:
        return first
    known = set(State.__dataclass_fields__)
    carried = {name: value for name, value in place.state.items() if name in known}
    lost = {"blocker": f"lost:{pin.id}"} if pin.meets == "closed" else {}
    return carried | first | {"begins": pin.begins, "refused": ""} | lost


def _meeting(pin: Pin | None, run: Run, now: Now, place: Place | None) -> Meeting | None:
    """None where nothing is met: the run has not begun, or stands in the loop it knows."""
    if place is None:
        return None
    if not place.node:
        return Meeting("closed", "its place in the loop is lost", "report")
    is_same = pin is not None and (pin.nodes, pin.ways) == (now.shape.nodes, now.shape.ways)
    if is_pinned(pin, run, source=now.source, rules=now.rules) and (is_same or pin is None):
        return None
    return meet(pin, now, place.node)


def _displaced(pin: Pin | None, now: Now, node: str) -> Meeting:
    """The loop does not have the node: back to what led to it, if that still asks."""
    says = f"stood at {node or 'no node'}, which this loop does not have"
    renamed = _renamed(pin, now.shape, node)
    says += f" (it has {renamed} in its place)" if renamed else ""
    is_question = node.startswith(ASKS)
    begins = _way_back(pin, now.shape, node)
    if begins and not (is_question and not _asks(now.shape, begins)):
        outcome: Outcome = "asked_again" if is_question else "continues"
        return Meeting(outcome, f"{says}; it begins again with {begins}", begins)
    return Meeting("closed", f"{says}, and nothing in it does that", "report")


def _way_back(pin: Pin | None, shape: Shape, node: str) -> str:
    """The nearest node on the way to a node with which a thread may begin; empty without one."""
    seen, waiting = {node}, [node]
    while pin is not None and waiting:
        for one in before(pin.ways, waiting.pop(0)):
            if one in BEGINS and one in shape.nodes:
                return one
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return ""


def _asks(shape: Shape, node: str) -> bool:
    """Whether a node leads to a question."""
    return any(end.startswith(ASKS) for end in leads(shape.ways, node).values())


def _renamed(pin: Pin | None, shape: Shape, node: str) -> str:
    """A node that was not there before, of the same source, after the same node."""
    if pin is None or node not in pin.nodes:
        return ""
    same = (
        name
        for name, source in shape.nodes.items()
        if name not in pin.nodes
        and source == pin.nodes[node]
        and set(before(shape.ways, name)) & set(before(pin.ways, node))
    )
    return next(same, "")


def _changed(pin: Pin, shape: Shape, node: str) -> list[str]:
    """What a question rests on that is not as it was: who asks, where it leads, who acts."""
    was, goes = leads(pin.ways, node), leads(shape.ways, node)
    rests_on = {
        node,
        *(ways.get(on, "") for ways in (was, goes) for on in ("superseded", "approved")),
    }
    changed = {one for one in rests_on if one and pin.nodes.get(one) != shape.nodes.get(one)}
    return sorted(changed | ({f"the ways on from {node}"} if was != goes else set()))


def _pin(pin: Pin | None, run: str, now: Now, meeting: Meeting) -> Pin:
    number = pin.number + 1 if pin else 1
    thread = pin.thread if pin else run
    return Pin(
        id=f"{run}.pin.{number}",
        run=run,
        number=number,
        source=now.source,
        rules=now.rules,
        nodes=now.shape.nodes,
        ways=now.shape.ways,
        thread=f"{run}.{number}" if meeting.begins else thread,
        after=thread if meeting.begins else (pin.after if pin else ""),
        begins=meeting.begins or (pin.begins if pin else ""),
        meets=meeting.outcome,
        why=meeting.why,
    )
