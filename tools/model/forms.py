"""The form of an answer: how a model is held to it, how it is read, and what it is told if not."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tools.model.asked import Form, Message, RefusedCall, Request, ToolCall, ToolForm, Unusable
from tools.model.completion import Called, Said, offered, read_json
from tools.model.route import Way
from tools.tool import check_content

ANSWER = "answer"
"""The tool whose arguments are the answer."""
TOLD = 8
"""So many breaches are told to a model."""
LENGTHS = ("minLength", "maxLength")
"""What no endpoint holds a model to: it is checked here."""
FENCE, FENCED = "```", ("```", "```json")
"""What stands around JSON that is fenced, and its first line."""
MOST_CALLS = 64
"""Tools that one answer may ask for: each is ruled on, kept and told."""


class Read(NamedTuple):
    """What an answer comes to."""

    value: dict[str, Any] | None
    calls: tuple[ToolCall, ...]
    refused: tuple[RefusedCall, ...]


def asked_for(body: dict[str, Any], request: Request, way: Way) -> dict[str, Any]:
    """What is sent, with the form of the answer in it."""
    form = request.form
    if form is None:
        return body
    if way == "strict":
        schema = {"name": form.name, "schema": strictly(form.form), "strict": True}
        return {**body, "response_format": {"type": "json_schema", "json_schema": schema}}
    if way == "tools":
        answer = ToolForm(name=ANSWER, says=f"Give the answer: {form.name}.", form=form.form)
        forced = {"type": "function", "function": {"name": ANSWER}}
        choice = "required" if request.tools else forced
        return {**body, "tools": [*body.get("tools", ()), offered(answer)], "tool_choice": choice}
    told = {"role": "system", "content": _in_words(form)}
    return {**body, "messages": [*body["messages"], told]}


def read(said: Said, request: Request, way: Way) -> Read:
    """What was said, in the form asked for; Unusable, with what is wrong, where it has not it."""
    if said.refusal:
        raise Unusable(
            "the model refused to answer; let a person look at what it is asked", flaw="refused"
        )
    if said.is_cut:
        raise Unusable(
            "the answer was cut off at its limit; allow more output, or ask for less",
            flaw="truncated",
        )
    if len(said.calls) > MOST_CALLS:
        raise Unusable(
            f"the answer asks for {len(said.calls)} tools at once; ask for at most {MOST_CALLS}",
            flaw="schema",
        )
    answers = [one for one in said.calls if one.name == ANSWER and way == "tools" and request.form]
    calls, refused = _sorted_out([one for one in said.calls if one not in answers], request)
    if request.form is None or (not answers and (calls or refused)):
        if not (said.text.strip() or calls or refused):
            raise Unusable("the answer is empty; ask for less, or elsewhere", flaw="empty")
        return Read(None, calls, refused)
    # Whoever answers is done: what it would still like to call is no part of the answer.
    written = answers[0].arguments if answers else said.text
    return Read(_value(written, request.form), (), ())


def again(body: dict[str, Any], said: Said, problem: str, form: Form | None) -> dict[str, Any]:
    """The same question with what was answered and what is wrong with it: the one repair.

    The schema is told in words as well: an endpoint that took it may have let it fall.
    """
    wanted = f" {_in_words(form)}" if form else ""
    written = said.text or (said.calls[0].arguments if said.calls else "")
    turns = [
        {"role": "assistant", "content": written or "(nothing)"},
        {
            "role": "user",
            "content": f"That answer cannot be used: {problem}. Give the whole answer again, "
            f"in the form that was asked for, and nothing else.{wanted}",
        },
    ]
    return {**body, "messages": [*body["messages"], *turns]}


def strictly(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as a strict endpoint wants it.

    Every field is due, and may be null where it was not; nothing else is allowed.
    """
    told = {key: value for key, value in schema.items() if key not in LENGTHS}
    if "items" in told:
        told["items"] = strictly(told["items"])
    if "properties" in told:
        due = set(told.get("required", ()))
        told["properties"] = {
            name: strictly(inner) if name in due else _or_null(strictly(inner))
            for name, inner in told["properties"].items()
        }
        told |= {"required": list(told["properties"]), "additionalProperties": False}
    return told


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with no field allowed but those that it names."""
    told = dict(schema)
    if "items" in told:
        told["items"] = closed(told["items"])
    if "properties" in told:
        told["properties"] = {name: closed(one) for name, one in told["properties"].items()}
        told["additionalProperties"] = False
    return told


def _in_words(form: Form) -> str:
    return (
        f"Answer with one JSON object named {form.name}, and nothing before or after it. It has "
        f"this JSON schema: {json.dumps(strictly(form.form), sort_keys=True)}"
    )


def _sorted_out(
    calls: list[Called], request: Request
) -> tuple[tuple[ToolCall, ...], tuple[RefusedCall, ...]]:
    """The calls that may be looked at, and those that are refused, with why."""
    forms = {one.name: one.form for one in request.tools}
    good, bad = [], []
    for one in calls:
        arguments, why = _arguments(one, forms)
        if arguments is None:
            bad.append(RefusedCall(id=one.id, name=one.name[:64], why=why))
        else:
            good.append(ToolCall(id=one.id, name=one.name, arguments=arguments))
    return tuple(good), tuple(bad)


def _arguments(
    called: Called, forms: Mapping[str, dict[str, Any]]
) -> tuple[dict[str, Any] | None, str]:
    """What a tool is called with, or why it is not called."""
    if called.name not in forms:
        known = ", ".join(sorted(forms)) or "none"
        return None, f"no tool of this name was offered; offered are: {known}"
    try:
        value = read_json(called.arguments or "{}")
    except ValueError:
        return None, "its arguments are not JSON; call it again with one JSON object"
    wrong = check_content(value, closed({"type": "object", **forms[called.name]}), called.name)
    return (None, _told(wrong)) if wrong else (value, "")


def _value(written: str, form: Form) -> dict[str, Any]:
    """The JSON object of an answer; Unusable where it is none or has not the form."""
    if not written.strip():
        raise Unusable("the answer is empty; ask for less, or elsewhere", flaw="empty")
    try:
        value = _without_nulls(_object_in(written), form.form)
    except ValueError:
        raise Unusable("the answer is not one JSON object; ask elsewhere", flaw="schema") from None
    if wrong := check_content(value, closed(form.form), form.name):
        raise Unusable(f"{_told(wrong)}; ask elsewhere", flaw="schema")
    return value


def _object_in(written: str) -> Any:
    """The JSON of a text that is nothing else, fences it, or has one object in other words."""
    try:
        return read_json(_unfenced(written))
    except ValueError:
        begin, end = written.find("{"), written.rfind("}")
        return read_json(written[begin : end + 1])


def _unfenced(written: str) -> str:
    """What stands between fences, where they are around all of it."""
    text = written.strip()
    first, _, rest = text.partition("\n")
    is_fenced = first.rstrip() in FENCED and rest.endswith(FENCE)
    return rest.removesuffix(FENCE) if is_fenced else written


def _without_nulls(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value without the nulls that stand for fields that were left out."""
    if isinstance(value, list) and "items" in schema:
        return [_without_nulls(one, schema["items"]) for one in value]
    properties = schema.get("properties")
    if not isinstance(value, dict) or properties is None:
        return value
    due = set(schema.get("required", ()))
    return {
        name: _without_nulls(inner, properties.get(name, {}))
        for name, inner in value.items()
        if inner is not None or name in due or _takes_null(properties.get(name))
    }


def _takes_null(schema: Mapping[str, Any] | None) -> bool:
    """Whether null is a value of its own there; a field that is not known stays to be refused."""
    if schema is None:
        return True
    named = schema.get("type")
    return named is None or "null" in ([named] if isinstance(named, str) else named)


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    named = schema.get("type", [])
    kinds = [named] if isinstance(named, str) else list(named)
    told = {**schema, "type": [*kinds, *(["null"] if "null" not in kinds else [])]}
    if "enum" in told:
        told["enum"] = [*told["enum"], *([None] if None not in told["enum"] else [])]
    return told if kinds else schema


def _told(wrong: list[str]) -> str:
    """What does not fit, the first of it; never a value."""
    more = len(wrong) - TOLD
    return "; ".join([*wrong[:TOLD], *([f"and {more} more"] if more > 0 else [])])


def as_turn(call: ToolCall | RefusedCall, result: str) -> Message:
    """What a tool gave, as a turn; quoted as JSON, so that no text in it can leave its place."""
    told = {"tool": call.name, "untrusted": result}
    if isinstance(call, RefusedCall):
        told = {"tool": call.name, "refused": call.why}
    return Message(role="tool", text=json.dumps(told, ensure_ascii=False), answers=call.id)
