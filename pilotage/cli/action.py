"""what was done outside: see it, settle what nobody can tell of, ask again, take it back."""

import os
import secrets
from typing import Any

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, section, short, show, table, when
from pilotage.cli.run_explained import kept_text
from runs import approvals, words
from runs.records.item import Action
from workflow import settling
from workflow.requests import Check
from workflow.requests import approved as approved_check

reason_option = click.option("--reason", required=True, help="Kept with the act.")


@click.group(
    epilog="Examples:\n\n  pilotage action list --unknown\n\n"
    "  pilotage action settle item-1a2b:assign:3c4d --done --reason 'seen in the desk'"
)
def action() -> None:
    """What was done outside, once a key: see it, settle it, ask again, take it back."""


@action.command(
    "list",
    epilog="Examples:\n\n  pilotage action list --unknown\n\n"
    "  pilotage action list --item item-1a2b",
)
@click.option("--unknown", is_flag=True, help="Only what nobody can tell of.")
@click.option("--item", default="", help="Only of this item.")
@click.option("--run", default="", help="Only of this run.")
@click.option("--limit", default=50, show_default=True, help="The newest so many.")
@json_option
@pass_call
def list_actions(
    call: Call, *, unknown: bool, item: str, run: str, limit: int, as_json: bool
) -> None:
    """Actions, the newest first."""
    status = "unknown" if unknown else ""
    found = call.store.actions.every(call.customer, status=status, item=item, run=run)
    shown = found[::-1][:limit]
    rows = [
        (one.key, one.operation, one.tool, one.status, when(one.as_json()["reserved_at"]))
        for one in shown
    ]
    header = ("key", "operation", "tool", "status", "begun")
    value = {"actions": [one.as_json() for one in shown]}
    show(
        "actions",
        value,
        table(header, rows, none="no action is unknown" if unknown else "nothing was done"),
        as_json=as_json,
    )
    if len(found) > limit:
        call.say(f"{len(found) - limit} older ones; --limit shows them")


@action.command(
    "show",
    epilog="Examples:\n\n  pilotage action show item-1a2b:assign:3c4d\n\n"
    "  pilotage action show item-1a2b --json",
)
@click.argument("key")
@json_option
@pass_call
def show_action(call: Call, *, key: str, as_json: bool) -> None:
    """One action: what was asked, what came of it, and who settled it."""
    found = call.store.actions.get(call.customer, key)
    told = _told(call, found)
    show("action", told, _lines(told, found), as_json=as_json)


@action.command(
    epilog="Examples:\n\n  pilotage action settle KEY --done --reason 'seen in the desk'\n\n"
    "  pilotage action settle KEY --not-done --reason 'the desk has no such entry'"
)
@click.argument("key")
@click.option("--done/--not-done", "is_done", default=None, help="What you found there.")
@reason_option
@json_option
@pass_call
def settle(call: Call, *, key: str, is_done: bool | None, reason: str, as_json: bool) -> None:
    """Say what became of an unknown action: your word stands in the place of a receipt.

    For an owner, ops manager or ops lead. Nothing is done by it: one that was not done is over.
    """
    if is_done is None:
        raise click.UsageError("say --done or --not-done: look on the other side for the key first")
    settled = settling.settle(_deps(call), call.somebody, key, is_done=is_done, reason=reason)
    says = f"{settled.key}: {settled.status}, by the word of {settled.settled_by}"
    show("action", settled.as_json(), [says], as_json=as_json)


@action.command(
    epilog="Examples:\n\n  pilotage action reconcile KEY\n\n  pilotage action reconcile KEY --json"
)
@click.argument("key")
@json_option
@pass_call
def reconcile(call: Call, *, key: str, as_json: bool) -> None:
    """Ask the other side now what it did under the key; nothing is ever done by it."""
    asked = settling.ask_again(_deps(call), call.somebody, key)
    show("action", asked.as_json(), [_stands(asked)], as_json=as_json)
    if asked.status == "unknown":
        call.say(f"next: look there yourself, then pilotage action settle {asked.key} --done ...")


@action.command(
    epilog="Examples:\n\n  pilotage action compensate KEY --reason 'wrong queue since noon'\n\n"
    "  pilotage action compensate KEY --reason 'wrong amount' --approval a-1a2b"
)
@click.argument("key")
@reason_option
@click.option("--approval", default="", help="That covers exactly this, where it needs one.")
@json_option
@pass_call
def compensate(call: Call, *, key: str, reason: str, approval: str, as_json: bool) -> None:
    """Take back what was done, as an action of its own; run it where the worker runs.

    What may be taken back says `undo` in the tools file. What is sensitive, irreversible, financial
    or customer-facing needs an approval of exactly that action.
    """
    why = settling.Why(reason, approval, _approved(call, approval))
    done = settling.compensate(_deps(call), call.somebody, key, why)
    show("action", done.as_json(), [_stands(done)], as_json=as_json)


def _deps(call: Call) -> settling.Deps:
    holder = f"command:{os.getpid()}:{secrets.token_hex(3)}"
    tools = call.wired.tools(call.customer)
    return settling.Deps(call.store, tools, call.wired.words(), holder)


def _approved(call: Call, approval: str) -> Check | None:
    """What judges the approval that was named; None where none was."""
    if not approval:
        return None
    rules = call.wired.decision_rules(call.customer)
    return approved_check(lambda id: approvals.get(call.store, call.customer, id), rules.current)


def _told(call: Call, found: Action) -> dict[str, Any]:
    """The action, its texts, and how it could be taken back."""
    store, customer = call.store, call.customer
    undo = settling.find_undo(call.wired.tools(customer), found)
    return {
        "action": found.as_json(),
        "asked": kept_text(store, customer, found.content),
        "answered": kept_text(store, customer, found.receipt),
        "said": words.words(store, customer, found.said) if found.said else "",
        "undo": undo._asdict(),
    }


def _lines(told: dict[str, Any], found: Action) -> list[str]:
    stands = told["action"]
    by = f", by the word of {found.settled_by}: {told['said']}" if found.settled_by else ""
    undo = told["undo"]
    back = f"by {undo['operation']}" if not undo["why_not"] else f"no: {undo['why_not']}"
    return [
        _stands(found) + by,
        f"  {found.level} {found.operation} by {found.tool} {', '.join(found.risks)}".rstrip(),
        f"  of {found.item or found.run}, begun {when(stands['reserved_at'])},"
        f" settled {when(stands['settled_at']) or 'never'}",
        f"  approval {found.approval or 'none'}, content {short(found.content)}",
        f"  takes back {found.undoes}" if found.undoes else f"  can be taken back: {back}",
        *section("asked", [one_line(str(told["asked"]), 300)]),
        *section("answered", [one_line(str(told["answered"]), 300)] if found.receipt else []),
    ]


def _stands(found: Action) -> str:
    why = f": {found.reason}" if found.reason else ""
    return f"{found.key}: {found.status}{why}"
