"""a call that a model chose: ruled on, written down, then read or done; the one way there is.

Whoever lets a model choose begins a `Course` for the step and hands each call to `take`. What it
reads comes back into the course, as a trusted record or as a text nobody vouches for; what acts
goes through `workflow.actions`, under the same ruling made again immediately before.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pydantic import ValidationError

from policies.guard.judging import judge
from policies.guard.tracing import Read, Sources
from policies.speaking import lint
from runs.errors import InvalidInput
from runs.records.call import Call, Grant, Ruled, Ruling, Step
from runs.records.person import Customer
from runs.snapshots import Terms, make, write_in
from runs.store.store import Store, keep
from workflow.actions import ActionDeps, perform
from workflow.requests import Check, Request

INSIDE = ("read", "suggest")
"""Levels that change nothing outside."""


@dataclass(frozen=True)
class CallDeps:
    """What carrying out a call needs."""

    store: Store
    terms: Terms
    """What of a call may be kept, and how long."""
    inside: Mapping[str, Callable[[Mapping[str, Any]], Any]]
    """Carries out what reads or suggests, by name; returns JSON."""
    actions: ActionDeps | None = None
    """What acts; without it nothing does."""
    agreed: Check | None = None
    """Judges the approval that a request names; without it none counts."""
    actor: str = "worker"
    """Who keeps the rulings."""


@dataclass(frozen=True)
class Course:
    """One step of a model's work, as far as it has come."""

    step: Step
    sources: Sources
    run: str = ""
    item: str = ""
    made: tuple[Call, ...] = ()
    """The calls that were carried out."""


class Taken(NamedTuple):
    """What became of one call."""

    course: Course
    """The step after it."""
    ruling: Ruling
    result: Any = None
    """What was read, or how the action stands; None of what was not carried out."""


def propose(name: str, arguments: str | Mapping[str, Any]) -> Call:
    """The call of a model's answer; InvalidInput when its arguments are no small JSON object.

    Nothing else of an answer counts: what a model says of approvals, gates or policies is no field
    of a call.
    """
    try:
        given = json.loads(arguments) if isinstance(arguments, str) else dict(arguments)
        return Call(name=name, arguments=given)
    except (ValidationError, ValueError, RecursionError) as error:
        why = type(error).__name__
        raise InvalidInput(
            f"the arguments of a call are no small JSON object ({why}); send one object"
        ) from None


def take(
    deps: CallDeps, customer: Customer, course: Course, call: Call, *, approval: str = ""
) -> Taken:
    """Carry out the call where it is allowed; the ruling is kept before anything is done.

    `approval`: id of one that covers exactly this call. Raises what the tool does: then nothing is
    counted. NotAllowed where a check of the action says no after all.
    """
    grant = _find_grant(course, call)
    request = grant and _request(course, grant, call, approval)
    agreed = bool(request and request.approval and deps.agreed and not deps.agreed(request))
    known = replace(course, made=(*course.made, *_begun(deps, customer, course, request)))
    ruling = judge(call, course.step, course.sources, made=known.made, agreed=agreed)
    _keep(deps, customer, course, call, ruling)
    if grant is None or request is None or ruling.outcome != "allow":
        return Taken(course, ruling)
    if grant.effect.level in INSIDE:
        result = deps.inside[call.name](call.arguments)
    else:
        result = _act(deps, customer, known, request)
    return Taken(_after(course, grant, call, result), ruling, result)


def guarded(course: Course, agreed: Check) -> Check:
    """Let an effect pass only as the call of this course that the guard allows, judged anew.

    `agreed` judges the approval a request names; one that it says no to does not count.
    """

    def check(request: Request) -> str:
        call = Call(name=request.effect.name, arguments=dict(request.content))
        grant = _find_grant(course, call)
        if grant is None or grant.effect != request.effect:
            return f"step {course.step.name} does not grant that effect; ask for one it grants"
        has = bool(request.approval) and not agreed(request)
        ruling = judge(call, course.step, course.sources, made=course.made, agreed=has)
        return "" if ruling.outcome == "allow" else ruling.reason

    return check


def _find_grant(course: Course, call: Call) -> Grant | None:
    return next((one for one in course.step.grants if one.effect.name == call.name), None)


def _request(course: Course, grant: Grant, call: Call, approval: str) -> Request:
    return Request(
        grant.effect, call.arguments, item=course.item, run=course.run, approval=approval
    )


def _begun(
    deps: CallDeps, customer: Customer, course: Course, request: Request | None
) -> tuple[Call, ...]:
    """Calls of the same effect that the record has and the course does not: they count as well.

    A worker that died forgot its course, and one that failed may have been done all the same.
    """
    if request is None or request.effect.level in INSIDE:
        return ()
    effect, of = request.effect, deps.store.actions
    made = (replace(request, content=one.arguments) for one in course.made)
    known = {request.key, *(one.key for one in made)}
    found = of.of_item(customer, course.item) if course.item else of.of_run(customer, course.run)
    mine = (one for one in found if (one.tool, one.operation) == (effect.tool, effect.operation))
    return tuple(
        Call(name=effect.name, arguments={"key": one.key}) for one in mine if one.key not in known
    )


def _keep(deps: CallDeps, customer: Customer, course: Course, call: Call, ruling: Ruling) -> None:
    """The ruling with the call, masked, in one change; the same twice is once."""
    grant = _find_grant(course, call)
    text = make(kind="call", value=call.as_json(), terms=deps.terms)
    read = () if ruling.outcome == "allow" else course.sources.texts
    spoken = tuple(sorted({finding for one in read for finding in lint(one.text)}))
    with deps.store.change(customer, deps.actor, course.run) as change:
        ruled = Ruled(
            run=course.run,
            item=course.item,
            arguments=write_in(change, text),
            ruling=ruling,
            effect=grant.effect if grant else None,
            spoken=spoken,
        )
        keep(change, ruled)


def _act(deps: CallDeps, customer: Customer, course: Course, request: Request) -> dict[str, Any]:
    if deps.actions is None:
        raise InvalidInput(
            f"{request.effect.name} acts and nothing was handed in that acts; hand in actions"
        )
    check = guarded(course, deps.agreed or _never)
    actions = replace(deps.actions, checks=(*deps.actions.checks, check))
    action = perform(actions, customer, request)
    return {"key": action.key, "status": action.status}


def _never(request: Request) -> str:
    return f"no approval of {request.effect.name} counts here; ask for one where it does"


def _after(course: Course, grant: Grant, call: Call, result: Any) -> Course:
    """The course with the call made and, of what reads, with what it gave."""
    made = (*course.made, call)
    if grant.effect.level != "read":
        return replace(course, made=made)
    known = course.sources
    if grant.is_record:
        sources = Sources(known.request, (*known.records, result), known.texts)
    else:
        text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
        read = Read(_origin(call), text)
        sources = Sources(known.request, known.records, (*known.texts, read))
    return replace(course, made=made, sources=sources)


def _origin(call: Call) -> str:
    """What a text was asked for by; empty where that is not one word of text."""
    words = [one for one in call.arguments.values() if isinstance(one, str)]
    return words[0] if len(words) == 1 else ""
