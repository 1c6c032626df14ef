"""ask a model for a typed proposal within a budget; check it; fall back.

The one way in which the loop asks a model. Whoever asks goes on without it where it gives None.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps
from typing import Any, NamedTuple, get_args

from agent.deps import Deps
from agent.state import State
from policies.budgets import OverBudget
from policies.privacy import Pattern, compile_mask
from prompts import library
from prompts.library import Prompt
from runs import snapshots
from runs.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from runs.records.proposal import Proposal, ProposalEnd
from runs.records.record import digest_of
from runs.store.store import keep
from tools.model.asked import Answer, Form, Message, Model, Request, ToolCall, ToolForm, Unusable
from tools.model.turns import until_answered

MOST_OUTPUT = 4_096
"""Tokens an answer may have."""
TOLD = 20
"""So many things that are wrong are told to a model, and kept."""
LONGEST = 400
"""Characters of each."""
MASK = compile_mask((), get_args(Pattern))
"""Nothing personal is taken out of an answer, whoever put it there."""


class Offered(NamedTuple):
    """What a model may look at before it answers."""

    forms: tuple[ToolForm, ...]
    use: Callable[[ToolCall], str]
    steps: int
    """Questions it may be asked at most, the last of which it has to answer."""
    tokens: int = 0
    """Read and written over all of them, at most about so many; 0: as the budgets say."""
    seconds: float = 0
    """After so long it is asked nothing more; 0: as the budgets say."""


def _nothing(call: ToolCall) -> str:
    return f"there is no {call.name} here; answer"


NOTHING_OFFERED = Offered((), _nothing, 1)


class _Bounded:
    """A model that is asked nothing more once a proposal has taken what it may."""

    def __init__(self, model: Model, offered: Offered, seconds: Callable[[], float]) -> None:
        self._model, self._offered, self._seconds = model, offered, seconds
        self._began, self._used = seconds(), 0

    def ask(self, request: Request) -> Answer:
        """The model's answer; OverBudget, with nothing asked, after the tokens or the seconds."""
        took = self._seconds() - self._began
        if self._offered.tokens and self._used >= self._offered.tokens:
            raise OverBudget(
                f"{request.purpose}: {self._used} tokens were used, {self._offered.tokens} may be; "
                "ask for less"
            )
        if self._offered.seconds and took >= self._offered.seconds:
            raise OverBudget(
                f"{request.purpose}: it took {took:.0f} s, {self._offered.seconds:.0f} s it may; "
                "ask for less"
            )
        answer = self._model.ask(request)
        self._used += answer.usage.input + answer.usage.output
        return answer


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a step would like to have proposed, and how code checks it."""

    step: str
    """The node that asks."""
    what: str
    """What it asks for, in one word."""
    prompt: str
    """Name of the prompt: tone, format and task."""
    material: Mapping[str, Any]
    """All that the model is told beside it, as JSON; untrusted, whoever wrote it."""
    form: dict[str, Any]
    """JSON Schema of the answer; an object at the top."""
    check: Callable[[dict[str, Any]], Sequence[str]]
    """Everything that is wrong with an answer of this form; empty where it may be taken."""
    instead: str
    """How the step goes on without it, in a few words."""
    offered: Offered = field(default=NOTHING_OFFERED)


class Taken(NamedTuple):
    """A proposal that passed every check; it is a proposal still."""

    id: str
    """Of the record that has it."""
    value: dict[str, Any]


class _Heard(NamedTuple):
    end: ProposalEnd
    value: dict[str, Any] | None
    problems: tuple[str, ...]
    answer: Answer | None = None
    first: dict[str, Any] | None = None
    """What was answered before it was told what was wrong."""


def propose(state: State, deps: Deps, wanted: Wanted) -> Taken | None:
    """What a model proposes and code let pass, or None: then the step goes on without a model.

    Nothing is kept where no model may be asked. Otherwise what was asked, proposed, repaired or
    refused is kept, once: the same question of a run is never asked twice.
    """
    model = _find_model(state, deps)
    if model is None:
        return None
    prompt = library.load(wanted.prompt)
    id = f"{state.run}.{wanted.what}.{digest_of(_asked(wanted, prompt))[7:19]}"
    kept = deps.store.find(deps.customer(state), Proposal, id)
    if kept is None:
        heard = _heard(model, wanted, prompt, deps.seconds)
        kept = _keep(state, deps, wanted, heard, id=id, prompt=prompt)
    if not kept.is_taken:
        return None
    said = snapshots.read_many(deps.store, deps.customer(state), [kept.said])[kept.said]
    return None if said is None else Taken(kept.id, said["proposed"])


def may_ask(state: State, deps: Deps) -> bool:
    """Whether a model is declared, rightly or not; without one nothing has to be made ready."""
    return _find_model(state, deps) is not None


def list_of(items: Mapping[str, Any], *, most: int) -> dict[str, Any]:
    """The schema of a list of such objects, every field of which is due."""
    inner = {"type": "object", "properties": dict(items), "required": list(items)}
    return {"type": "array", "items": inner, "maxItems": most}


def form_of(**fields: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object, every field of which is due."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def text_of(most: int) -> dict[str, Any]:
    """The schema of a text of so many characters."""
    return {"type": "string", "maxLength": most}


def _find_model(state: State, deps: Deps) -> Model | str | None:
    """The model, None where none is declared, or why a declaration cannot be used."""
    try:
        return deps.model(state)
    except (InvalidInput, NotAllowed) as error:
        return str(error)


def _heard(
    model: Model | str, wanted: Wanted, prompt: Prompt, seconds: Callable[[], float]
) -> _Heard:
    if isinstance(model, str):
        return _Heard("unanswered", None, (model,))
    if misfit := _misfit(wanted, prompt):
        return _Heard("unanswered", None, (misfit,))
    return _hear(_Bounded(model, wanted.offered, seconds), wanted, prompt)


def _misfit(wanted: Wanted, prompt: Prompt) -> str:
    """Where the prompt says of what it is given, and of what comes of it, other than is asked."""
    front, has = prompt.front, sorted(wanted.material)
    if front and (front.output, sorted(front.material)) == (wanted.what, has):
        return ""
    return (
        f"prompt {prompt.name!r} does not say what it is asked; write before its text "
        f"`output: {wanted.what}` and `material: [{', '.join(has)}]`"
    )


def _asked(wanted: Wanted, prompt: Prompt) -> list[Any]:
    tools = [one.as_json() for one in wanted.offered.forms]
    return [prompt.digest, dict(wanted.material), wanted.form, tools]


def _hear(model: Model, wanted: Wanted, prompt: Prompt) -> _Heard:
    first = _ask(model, _request(wanted, prompt), wanted.offered)
    if isinstance(first, _Heard):
        return first
    messages, answer = first
    value, problems = _checked(answer, wanted)
    if not problems:
        return _Heard("repaired" if answer.is_repaired else "accepted", value, (), answer)
    if answer.is_repaired:
        return _Heard("refused", value, problems, answer)
    told = Message(role="user", text=_wrong(problems))
    again = _request(wanted, prompt).model_copy(
        update={"messages": (*messages, told), "tools": (), "repairs": 0}
    )
    second = _ask(model, again, NOTHING_OFFERED)
    if isinstance(second, _Heard):
        return second._replace(first=value, problems=(*problems, *second.problems))
    _, answer = second
    after, problems = _checked(answer, wanted)
    return _Heard("refused" if problems else "repaired", after, problems, answer, first=value)


def _request(wanted: Wanted, prompt: Prompt) -> Request:
    """The prompt, and as JSON, which no text in it can leave, all that the model is told."""
    told = dumps({"untrusted": wanted.material}, ensure_ascii=False, sort_keys=True)
    return Request(
        purpose=f"{wanted.step}.{wanted.what}",
        prompt=prompt.digest,
        prompt_name=prompt.name,
        messages=(Message(role="system", text=prompt.text), Message(role="user", text=told)),
        form=Form(name=wanted.what, form=wanted.form),
        tools=wanted.offered.forms,
        most_output=MOST_OUTPUT,
    )


def _ask(
    model: Model, request: Request, offered: Offered
) -> tuple[tuple[Message, ...], Answer] | _Heard:
    """The last answer with everything said before, or why there is none."""
    try:
        talk = until_answered(model, request, offered.use, most_steps=offered.steps)
    except OverBudget as error:
        return _Heard("over_budget", None, (str(error),))
    except Unusable as error:
        return _Heard("refused", None, (str(error),))
    except (InvalidInput, NotAllowed, NotFound, Unavailable) as error:
        return _Heard("unanswered", None, (str(error),))
    return talk.messages, talk.answer


def _checked(answer: Answer, wanted: Wanted) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The answer without anything personal, and what is wrong with it."""
    if answer.value is None:
        return None, ("it is not of the form that was asked for",)
    value = MASK(answer.value).value
    return value, tuple(one[:LONGEST] for one in wanted.check(value)[:TOLD])


def _wrong(problems: Sequence[str]) -> str:
    told = "\n".join(f"- {one}" for one in problems)
    return f"That cannot be used:\n{told}\nGive the whole answer again, without what is wrong."


def _keep(
    state: State, deps: Deps, wanted: Wanted, heard: _Heard, *, id: str, prompt: Prompt
) -> Proposal:
    """Keep what was proposed and what became of it, in one change."""
    customer, answer = deps.customer(state), heard.answer
    value = {"proposed": heard.value, "first": heard.first, "problems": list(heard.problems)}
    text = snapshots.make(kind="proposal", value=value, terms=snapshots.Terms(MASK, None))
    with deps.store.change(customer, f"run:{state.run}", state.run) as change:
        proposal = Proposal(
            id=id,
            run=state.run,
            step=wanted.step,
            what=wanted.what,
            end=heard.end,
            problems=len(heard.problems),
            instead="" if heard.end in ("accepted", "repaired") else wanted.instead,
            said=snapshots.write_in(change, text),
            prompt=prompt.digest,
            route=answer.route if answer else "",
            model=answer.model if answer else "",
            is_script=answer.is_script if answer else False,
            calls=answer.calls_kept if answer else (),
            at=deps.store.clock.now(),
        )
        keep(change, proposal)
    return proposal
