"""A model with the face of LangChain, so that its tools and tracing fit."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ValidationError

from runs.errors import InvalidInput
from tools.model.asked import Answer, Form, Message, Model, RefusedCall, Request, ToolCall, ToolForm

ROLES = {"system": "system", "human": "user", "ai": "assistant", "tool": "tool"}
"""What a turn is called there, and here."""
Offered = Mapping[str, Any] | type | Callable[..., Any] | BaseTool


class Chat(BaseChatModel):
    """Asks a model of ours: within its budgets, by its routes, kept as every other question."""

    asked: Any
    """The model; a `Model`."""
    purpose: str
    """What every question of it is for."""
    most_output: int = 1_024

    @property
    def _llm_type(self) -> str:
        return "pilotage"

    def bind_tools(
        self, tools: Sequence[Offered], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same, offering these tools; a choice other than the model's own makes one of one."""
        told = [convert_to_openai_tool(one) for one in tools]
        return self.bind(tools=told, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if stop:
            raise InvalidInput("stop words are not sent; leave them out, and limit most_output")
        model: Model = self.asked
        request = self._request(messages, kwargs.get("tools") or (), kwargs.get("tool_choice"))
        answer = model.ask(request)
        return ChatResult(generations=[ChatGeneration(message=_as_message(answer, request.form))])

    def _request(
        self, messages: Sequence[BaseMessage], tools: Sequence[Any], choice: str | None
    ) -> Request:
        offered = tuple(one["function"] for one in tools if choice != "none")
        is_forced = choice not in (None, "", "auto", "none")
        if is_forced and len(offered) != 1:
            raise InvalidInput("one of several tools cannot be forced; name that one alone")
        told: dict[str, Any] = {
            "purpose": self.purpose,
            "messages": tuple(map(_as_turn, messages)),
            "most_output": self.most_output,
        }
        try:
            if is_forced:
                return Request(**told, form=Form(name=offered[0]["name"], form=_form(offered[0])))
            forms = [
                ToolForm(name=one["name"], says=one.get("description", ""), form=_form(one))
                for one in offered
            ]
            return Request(**told, tools=tuple(forms))
        except ValidationError as error:
            wrong = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
            raise InvalidInput(f"{self.purpose}: {wrong}; change what is asked") from None


def _form(function: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a tool without what changes nothing of what is allowed."""
    return _plain(function.get("parameters") or {"type": "object", "properties": {}})


def _plain(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    told = {key: value for key, value in schema.items() if key != "default"}
    if "properties" in told:
        told["properties"] = {name: _plain(one) for name, one in told["properties"].items()}
    return told | ({"items": _plain(told["items"])} if "items" in told else {})


def _as_turn(message: BaseMessage) -> Message:
    role = ROLES.get(message.type)
    if role is None:
        raise InvalidInput(
            f"a turn of {message.type} cannot be told; use system, human, ai or tool"
        )
    text = str(message.text)
    if isinstance(message, ToolMessage):
        # Quoted as JSON, so that no text in it can leave its place.
        text = json.dumps({"tool": message.name or "", "untrusted": text}, ensure_ascii=False)
        return Message(role="tool", text=text, answers=message.tool_call_id)
    calls = _calls(message) if isinstance(message, AIMessage) else ()
    return Message.model_validate({"role": role, "text": text, "calls": calls})


def _calls(message: AIMessage) -> tuple[ToolCall | RefusedCall, ...]:
    good = [
        ToolCall(id=one["id"] or one["name"], name=one["name"], arguments=one["args"])
        for one in message.tool_calls
    ]
    bad = [
        RefusedCall(id=one["id"] or "", name=one["name"] or "", why=one["error"] or "")
        for one in message.invalid_tool_calls
    ]
    return (*good, *bad)


def _as_message(answer: Answer, form: Form | None) -> AIMessage:
    calls = [
        {"name": one.name, "args": one.arguments, "id": one.id, "type": "tool_call"}
        for one in answer.calls
    ]
    if form is not None and answer.value is not None:
        calls = [{"name": form.name, "args": answer.value, "id": form.name, "type": "tool_call"}]
    return AIMessage(
        content="" if form else answer.text,
        tool_calls=calls,
        invalid_tool_calls=[
            {"name": r.name, "args": "", "id": r.id, "error": r.why, "type": "invalid_tool_call"}
            for r in answer.refused
        ],
        usage_metadata={
            "input_tokens": answer.usage.input,
            "output_tokens": answer.usage.output,
            "total_tokens": answer.usage.input + answer.usage.output,
        },
        response_metadata={
            "model_name": answer.model,
            "route": answer.route,
            "cost": str(answer.cost),
            "is_script": answer.is_script,
        },
    )
