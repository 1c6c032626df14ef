"""the models that may be asked: declared, tried with one question, and what was asked of them."""

import json
from collections.abc import Mapping
from typing import Any

import click

from pilotage.cli import exits
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import section, short, show, table, when
from runs import snapshots, words
from runs.errors import NotFound, PilotageError
from runs.records.model_call import ModelCall
from tools.model.account import Payer
from tools.model.asked import Answer, Form, Message, Model, Request
from tools.model.route import Route

NONE = (
    "no model is declared; the work goes its deterministic way (write models.yaml in the home, or "
    "set OPENAI_BASE_URL)"
)
TRIED = Request(
    purpose="check",
    messages=(
        Message(role="system", text="Answer in the form that is asked for."),
        Message(role="user", text="Which word has three letters: house, sea, or window?"),
    ),
    form=Form(
        name="chosen_word",
        form={
            "type": "object",
            "properties": {"word": {"type": "string", "maxLength": 40}},
            "required": ["word"],
            "additionalProperties": False,
        },
    ),
    most_output=200,
)
"""A question that every model can answer, in a form that shows in which way it is held to it."""


@click.group(epilog="Examples:\n\n  pilotage model list\n\n  pilotage model check")
def model() -> None:
    """The models that may be asked, and what was asked of them."""


@model.command("list", epilog="Examples:\n\n  pilotage model list\n\n  pilotage model list --json")
@json_option
@pass_call
def list_routes(call: Call, *, as_json: bool) -> None:
    """The routes to models in the order in which they are asked, and what is used of the budgets.

    Nothing is sent.
    """
    call.may("read")
    told = [_told(one, call) for one in call.wired.models.routes()]
    budgets = _budgets(call)
    heads = ("route", "model", "at", "form", "price in/out", "context", "")
    rows = [
        (
            one["name"],
            one["model"] or "the only one",
            one["host"],
            one["structured"],
            "/".join(filter(None, one["price"].values())) if one["price"] else "none",
            one["limits"]["context"],
            f"{one['credential_missing']} leads to nothing" if one["credential_missing"] else "",
        )
        for one in told
    ]
    lines = table(heads, rows, none=NONE) + section(
        "budgets", list(map(_used, budgets if told else []))
    )
    show("models", {"routes": told, "budgets": budgets}, lines, as_json=as_json)


@model.command("check", epilog="Examples:\n\n  pilotage model check\n\n  pilotage model check own")
@click.argument("name", default="")
@json_option
@click.pass_context
def check_routes(ctx: click.Context, *, name: str, as_json: bool) -> None:
    """Ask each route, or one, a small question, and say how it went.

    It is a real question: reserved from the budgets of the day and the customer, and kept. Ends
    with the code of the first route that does not answer. Run it where the worker runs.
    """
    call = ctx.ensure_object(Call)
    payer = Payer(call.somebody.customer, call.actor)
    asked = call.wired.asks_each(payer, call.wired.words())
    chosen = {one: found for one, found in asked.items() if name in ("", one)}
    if name and not chosen:
        raise NotFound(f"there is no model route {name!r}; `pilotage model list` shows them")
    told, code = [], exits.DONE
    for one, found in chosen.items():
        call.say(f"asking {one} ...")
        went, ended = try_route(one, found)
        told.append(went)
        code = code or ended
    show("model_check", {"routes": told}, _lines(told), as_json=as_json)
    ctx.exit(code)


@model.command(
    "calls", epilog="Examples:\n\n  pilotage model calls\n\n  pilotage model calls --run RUN --json"
)
@click.option("--run", default="", help="Only those that this run paid for.")
@click.option("--item", default="", help="Only those that this item paid for.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@pass_call
def list_calls(call: Call, *, run: str, item: str, limit: int, as_json: bool) -> None:
    """Requests to models, newest first: for what, what became of them, and what they took."""
    run = run and call.store.runs.get(call.customer, run).id
    item = item and call.store.items.get(call.customer, item).id
    found = call.store.calls.every(call.customer, run=run, item=item, limit=limit)
    heads = ("request", "at", "for", "model", "ended", "tokens", "cost", "seconds", "words")
    rows = [_row(one) for one in found]
    of = "".join(f" of {kind} {id}" for kind, id in (("run", run), ("item", item)) if id)
    none = f"no request{of} is kept" if of else "no request to a model is kept"
    lines = table(heads, rows, none=none)
    show("model_calls", {"calls": [one.as_json() for one in found]}, lines, as_json=as_json)


@model.command(
    "call",
    epilog="Examples:\n\n  pilotage model call RUN.call.3\n\n"
    "  pilotage model call RUN.call.3 --json",
)
@click.argument("id")
@json_option
@pass_call
def show_call(call: Call, *, id: str, as_json: bool) -> None:
    """One request with its words, masked as they are kept; what was erased is told as erased."""
    store, customer = call.store, call.customer
    found = store.calls.get(customer, id)
    names = [found.request, *([found.settled.response] if found.settled else [])]
    kept = snapshots.read_many(store, customer, names)
    gone = words.erased(store, customer, names)
    said = {name: gone.get(name) or kept.get(name) for name in names}
    told = found.as_json() | {"words": {"request": said[found.request]}}
    if found.settled:
        told["words"]["response"] = said[found.settled.response]
    lines = [f"{found.id}: {found.purpose}, {found.route}/{found.model}"]
    lines += [f"  {name}: {value}" for name, value in sorted(found.parameters.items())]
    for name, value in told["words"].items():
        lines += section(name, json.dumps(value, ensure_ascii=False, indent=2).splitlines())
    show("model_call", {"call": told}, lines, as_json=as_json)


def _told(route: Route, call: Call) -> dict[str, Any]:
    told = route.model_dump(mode="json")
    is_missing = bool(route.credential) and call.wired.secrets.find(route.credential) is None
    return {
        **told,
        "host": route.host,
        "credential_missing": route.credential if is_missing else "",
    }


def _budgets(call: Call) -> list[dict[str, Any]]:
    """What is left to every run and item: the customer's month, and the installation's day."""
    limits = call.wired.limits().of(run="", item="", at=call.wired.clock.now())
    used = {name: call.store.calls.used(call.customer, name) for name, _ in limits}
    amounts = {"calls", "tokens", "cost"}
    return [
        {
            "name": name,
            "used": used[name].model_dump(mode="json", include=amounts),
            "limit": limit.model_dump(mode="json", include=amounts),
        }
        for name, limit in limits
    ]


def _used(budget: Mapping[str, Any]) -> str:
    told = (f"{used} of {budget['limit'][of]} {of}" for of, used in budget["used"].items())
    return f"{budget['name']}: {', '.join(told)}"


def try_route(name: str, asked: Model) -> tuple[dict[str, Any], int]:
    """How a question at one route went, and the exit code that says it."""
    try:
        answer = asked.ask(TRIED)
    except PilotageError as error:
        wrong = {"kind": type(error).__name__, "message": str(error)}
        return {"name": name, "answers": False, "error": wrong}, exits.of_error(error)
    return {"name": name, "answers": True, **_went(answer)}, exits.DONE


def _went(answer: Answer) -> dict[str, Any]:
    told = answer.as_json()
    wanted = ("model", "way", "tries", "is_repaired", "usage", "cost", "seconds", "value")
    return {name: told[name] for name in wanted}


def _lines(told: list[dict[str, Any]]) -> list[str]:
    return [line for one in told for line in tried_lines(one)] or [NONE]


def tried_lines(one: Mapping[str, Any]) -> list[str]:
    """How a question at one route went, for people."""
    if not one["answers"]:
        return [f"{one['name']}: {one['error']['message']}"]
    usage = one["usage"]
    counted = "" if usage["kind"] == "reported" else ", estimated: it does not count"
    return [
        f"{one['name']}: {one['model']} answers in {one['seconds']} s, held to the form by "
        f"{one['way']}{', after it was told what was wrong' if one['is_repaired'] else ''}",
        f"  {usage['input']} tokens read, {usage['output']} written{counted}; cost {one['cost']}",
    ]


def _row(one: ModelCall) -> tuple[object, ...]:
    ended = one.settled
    spent = ended.spent if ended else one.reserved
    return (
        one.id,
        when(one.as_json()["asked_at"]),
        one.purpose,
        f"{one.route}/{one.model}" + (" (script)" if one.is_script else ""),
        ended.end if ended else "open: spent as reserved",
        spent.tokens,
        spent.cost,
        ended.seconds if ended else "",
        f"{short(one.request)} → {short(ended.response) if ended else ''}",
    )
