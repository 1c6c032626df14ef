"""what a building model may look at: cases, sources, lessons, a trial.

Everything here only reads, of cases of dev that its failures are from and as the version sees them:
masked, and never of the holdout. What it gives is told to a model as untrusted, and is bounded.
Every call goes through `workflow.calls`: only what is granted here, so often, each ruling kept.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from agent.deps import Deps
from agent.proposal import MASK, Offered, form_of, text_of
from agent.state import State
from policies.guard.granting import grant_of
from policies.guard.tracing import Sources
from runs.errors import InvalidInput
from runs.records.call import Call, Grant, Step
from runs.records.evidence import CaseResult
from runs.records.version import Effect
from runs.snapshots import Terms
from tools.model.asked import ToolCall, ToolForm
from tools.packing import fitting
from tools.tokens import estimate
from workflow import held
from workflow.calls import CallDeps, Course, Taken, propose, take
from workflow.evaluate.bench import Seen
from workflow.evaluate.trial import route_all
from workflow.patches.conditions import Fact, facts
from workflow.patches.numbers import number_of
from workflow.patches.patch import apply
from workflow.patches.proposed import RANKS, SIGNS, Ground, patch_of

STEPS, TOKENS, SECONDS = 10, 60_000, 120.0
"""What one proposal may take, whatever the budgets have left."""
CALLS = 40
"""All calls of one proposal; several may come in one step."""
MOST_TOKENS = 2_000
"""Of one result: of records as many whole ones as fit, and of anything else all or nothing."""
FRAME_TOKENS = 200
"""What stands around the records."""
MOST_CASES, MOST_VALUES = 5, 12
VALIDATES = "validate_change"
SEEN = ("value", "rule")
"""Changes that can be tried on what was seen: others learn or ask anew, once they are proposed."""

CONDITION = form_of(
    fact=text_of(200), sign={"type": "string", "enum": list(SIGNS)}, value=text_of(200)
)
NAMES = {"type": "array", "items": text_of(200), "maxItems": 40}
CHANGE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": list(RANKS)},
        "name": text_of(100),
        "value": text_of(40),
        "conditions": {"type": "array", "items": CONDITION, "minItems": 1, "maxItems": 2},
        "route": {"type": "string", "enum": ["review", "refuse"]},
        "added": NAMES,
        "removed": NAMES,
        "model": text_of(40),
        "text": text_of(20_000),
        "first": text_of(40),
    },
    "required": ["kind"],
}
"""One change, by its kind: value (name, value), rule (conditions, route), examples (added, removed:
ids of cases), prompt (model: its name, text: its whole task), route (first: a model's name)."""


@dataclass(frozen=True)
class Toolbox:
    """What the tools of one proposal look at, for one group of failures."""

    state: State
    deps: Deps
    ground: Ground


class Guarded:
    """The tools as one talk uses them: each call is ruled on with those before it in mind."""

    def __init__(self, box: Toolbox) -> None:
        state, deps = box.state, box.deps
        self._customer = deps.customer(state)
        inside = {name: partial(_given, do, box) for name, (_, _, do) in _TOOLS.items()}
        grants = tuple(_grant(name, form) for name, (_, form, _) in _TOOLS.items())
        step = Step(name="propose_change", grants=grants, stage="sandbox", most=CALLS)
        # People agreed to the plan: a model may repeat it. A version may hold words of a model.
        agreed = json.dumps(plain(box.ground.plan.as_json()), ensure_ascii=False)
        self._course = Course(step, Sources(agreed), run=state.run)
        rules, terms = deps.installation, Terms(MASK, None)
        self._held = held.HeldDeps(deps.store, rules.policy, is_solo=rules.is_solo)
        has_yes = held.agreed(self._held, self._customer, self._course, terms)
        self._deps = CallDeps(deps.store, terms, inside, agreed=has_yes, actor=f"run:{state.run}")

    def offered(self) -> Offered:
        """The tools, and what all of it may take."""
        forms = tuple(
            ToolForm(name=name, says=says, form=form) for name, (says, form, _) in _TOOLS.items()
        )
        return Offered(forms, self.use, STEPS, TOKENS, SECONDS)

    def use(self, call: ToolCall) -> str:
        """What the tool of a call gives, as JSON; why not, where it cannot or may not."""
        course, result, why = self._take(self._course, call.name, call.arguments)
        # One of so many, whatever came of it.
        made = (*self._course.made, Call(name=call.name, arguments={}))
        self._course = replace(course, made=made)
        return _told({"error": why} if why else result)

    def problem(self, change: Mapping[str, Any]) -> str:
        """Why a change that was answered cannot be taken; empty where it can.

        It is ruled on like a call, after all that was read, however many calls are used up.
        """
        course = replace(self._course, made=())
        return self._take(course, VALIDATES, {"change": change})[2]

    def _take(
        self, course: Course, name: str, arguments: Mapping[str, Any]
    ) -> tuple[Course, Any, str]:
        """The course after a call, what it gave, and why where it gave nothing."""
        try:
            taken = self._try(course, propose(name, arguments))
        except InvalidInput as error:
            return course, None, str(error)
        why = "" if taken.ruling.outcome == "allow" else taken.ruling.reason
        return taken.course, taken.result, why

    def _try(self, course: Course, call: Call) -> Taken:
        """Carry it out, under the approval of exactly it where there is one."""
        terms = self._deps.terms
        approval = held.find(self._held, self._customer, course, call, terms)
        return take(self._deps, self._customer, course, call, approval=approval)


def _grant(name: str, form: Mapping[str, Any]) -> Grant:
    effect = Effect(name=name, tool="toolbox", operation=name, level="read")
    return grant_of(effect, form, most=CALLS)


def _given(do: "Do", box: Toolbox, arguments: Mapping[str, Any]) -> Any:
    return plain(do(box, arguments))


def _told(found: Any) -> str:
    text = json.dumps(found, ensure_ascii=False)
    if estimate(text).tokens <= MOST_TOKENS + FRAME_TOKENS:
        return text
    return json.dumps({"error": f"it takes more than {MOST_TOKENS} tokens; ask for less"})


def _fitting(name: str, records: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """As many whole records as one result holds, the first first, and how many it does not."""
    shown = [plain(one) for one in records]
    kept = fitting(shown, MOST_TOKENS, estimate)
    told = {name: [shown[at] for at in kept], **more}
    return told if len(kept) == len(shown) else told | {"too_large": len(shown) - len(kept)}


def view(seen: Seen, result: CaseResult) -> dict[str, Any]:
    """One case of dev as the version saw it, and what it made of it; nothing that is masked."""
    return plain(
        {
            "id": seen.case.id,
            "item": dict(seen.item),
            "context": {name: dict(values) for name, values in seen.context.items()},
            "expected": seen.case.expected["label"],
            "right_routes": list(seen.case.routes),
            "answered": result.label,
            "answered_by": seen.output.route_used,
            "flags": [one.code for one in seen.output.flags],
            "confidence": round(result.confidence, 3),
            "route": result.route,
            "by_rule": result.rule,
            "outcome": result.outcome,
        }
    )


def plain(value: Any) -> Any:
    """The value as JSON; what JSON has not, such as a date, as text."""
    return json.loads(json.dumps(value, default=str))


def _cases(box: Toolbox, told: Mapping[str, Any]) -> Any:
    """Cases of the group, or right ones beside it."""
    trial, members = box.ground.trial, set(box.ground.group.cases)
    is_wanted: Mapping[str, Callable[[CaseResult], bool]] = {
        "group": lambda one: one.case in members,
        "right": lambda one: not one.failure,
        "other_failures": lambda one: bool(one.failure) and one.case not in members,
    }
    wanted = is_wanted[told["of"]]
    pairs = zip(trial.seen, trial.results, strict=True)
    found = [view(seen, result) for seen, result in pairs if wanted(result)]
    begin = told.get("after", 0)
    return _fitting("cases", found[begin : begin + MOST_CASES], of=len(found))


def _statistics(box: Toolbox, told: Mapping[str, Any]) -> Any:
    """How one fact is spread over the cases that are right and over those of the group."""
    standing = box.ground.standing
    known = {one.name: one for one in facts(standing, *box.ground.pair)}
    fact = known.get(told["fact"])
    if fact is None:
        raise InvalidInput(f"there is no such fact; name one of {', '.join(sorted(known))}")
    return {
        "group": _spread(fact, [bool(one) for one in standing.group]),
        "others": _spread(fact, [not one for one in standing.group]),
    }


def _spread(fact: Fact, wanted: list[bool]) -> dict[str, Any]:
    values = [one for one, is_in in zip(fact.values, wanted, strict=True) if is_in]
    there = [one for one in values if one is not None]
    numbers = sorted(one for one in map(number_of, there) if one is not None)
    told: dict[str, Any] = {"cases": len(values), "absent": len(values) - len(there)}
    if numbers:
        at = {name: numbers[int(share * (len(numbers) - 1))] for name, share in _QUANTILES.items()}
        return told | at
    counts = Counter(map(str, there)).most_common(MOST_VALUES)
    return told | {"values": dict(counts)}


_QUANTILES = {"least": 0.0, "quarter": 0.25, "middle": 0.5, "three_quarters": 0.75, "most": 1.0}


def _sample(box: Toolbox, told: Mapping[str, Any]) -> Any:
    """What a source said for some cases."""
    names = [one.name for one in box.ground.pair.version.sources]
    if told["source"] not in names:
        raise InvalidInput(f"there is no such source; name one of {', '.join(names) or 'none'}")
    read = [one.context.get(told["source"]) for one in box.ground.trial.seen]
    return _fitting("records", [dict(one) for one in read if one][:MOST_CASES])


def _lessons(box: Toolbox, told: Mapping[str, Any]) -> Any:
    """What was learnt before and fits a question."""
    customer = box.deps.customer(box.state)
    return {"lessons": box.deps.recall(customer, told["about"], box.ground.plan.workflow).text}


def _validate(box: Toolbox, told: Mapping[str, Any]) -> Any:
    """Whether a change can be made, and how small it is."""
    patch = patch_of(told["change"], box.ground)
    return {"rank": patch.rank, "says": patch.says, "size": list(patch.size)}


def _try(box: Toolbox, told: Mapping[str, Any]) -> Any:
    """What a change makes of the first cases of dev; nothing is learnt and nothing kept."""
    patch = patch_of(told["change"], box.ground)
    if told["change"]["kind"] not in SEEN:
        raise InvalidInput("only values and rules are tried here; propose it, and it is measured")
    changed, trial = apply(patch, *box.ground.pair), box.ground.trial
    seen = trial.seen[: told["cases"]]
    after = route_all(seen, changed.version, policy=changed.policy, trial=trial.trial)
    before = trial.results[: told["cases"]]
    return {
        "before": dict(Counter(one.outcome for one in before)),
        "after": dict(Counter(one.outcome for one in after.results)),
    }


_OF = {"type": "string", "enum": ["group", "right", "other_failures"]}
_AFTER = {"type": "integer", "minimum": 0, "maximum": 100_000}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 200}
_CASES = form_of(of=_OF)
_CASES["properties"] = {**_CASES["properties"], "after": _AFTER}
Do = Callable[[Toolbox, Mapping[str, Any]], Any]
_TOOLS: Mapping[str, tuple[str, dict[str, Any], Do]] = {
    "look_at_cases": ("Five labelled cases and what became of them.", _CASES, _cases),
    "statistics": (
        "How a fact is spread in the group and elsewhere.",
        form_of(fact=text_of(200)),
        _statistics,
    ),
    "sample_source": ("Some records of a source.", form_of(source=text_of(100)), _sample),
    "lessons": ("What was learnt before.", form_of(about=text_of(300)), _lessons),
    VALIDATES: ("Whether a change can be made.", form_of(change=CHANGE), _validate),
    "try_change": (
        "What a value or rule makes of the first cases.",
        form_of(change=CHANGE, cases=_COUNT),
        _try,
    ),
}
"""By name: what it is for, its form, and what it does."""
