"""let another decide in your place for a time, within limits; take it back; see who may."""

from typing import Any, get_args

import click

from pilotage.cli import days
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import print_json, print_lines, show, table, when
from runs import standins, words
from runs.errors import InvalidInput
from runs.records.approval import ApprovalKind
from runs.records.delegation import Delegation, DelegationEnd
from runs.records.version import Risk


@click.group(
    epilog="Examples:\n\n  pilotage delegation list\n\n"
    "  pilotage delegation give eva --kind plan --until 2026-03-14 --reason 'I am away'"
)
def delegation() -> None:
    """Let another decide in your place, within limits."""


@delegation.command(
    epilog="Examples:\n\n"
    "  pilotage delegation give eva --kind plan --until 2026-03-14 --reason 'I am away'\n\n"
    "  pilotage delegation give eva --kind stage --risk financial --until friday"
)
@click.argument("to")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    required=True,
    type=click.Choice(get_args(ApprovalKind)),
    help="A kind of question they may decide; repeat for more.",
)
@click.option(
    "--risk",
    "risks",
    multiple=True,
    type=click.Choice(get_args(Risk)),
    help="A risk class it reaches up to; without any, only what has no risk.",
)
@click.option("--until", required=True, help="A date or a time in UTC; at most 92 days from now.")
@click.option("--reason", default="", help="Kept with it.")
@json_option
@pass_call
def give(call: Call, *, to: str, until: str, reason: str, as_json: bool, **limits: Any) -> None:
    """Let TO decide in your place until then; they never count twice, nor for their own work."""
    now = call.wired.store.clock.now()
    ends = days.end(until, now)
    if ends is None:
        raise InvalidInput("--until is empty; say a date (2026-03-02) or a time in UTC")
    wanted = Delegation(
        id="-",
        giver=call.somebody.person,
        to=to,
        kinds=tuple(dict.fromkeys(limits["kinds"])),
        risks=tuple(sorted(set(limits["risks"]))),
        until=ends,
        given_at=now,
    )
    given = standins.give(
        call.wired.store, call.somebody, wanted, reason=reason, terms=call.wired.words()
    )
    if as_json:
        print_json("delegation", _told(call, given, None))
        return
    print_lines([f"{given.id}: {given.to} decides in the place of {given.giver}, {_limits(given)}"])
    call.say(f"take it back: pilotage delegation end {given.id}")


@delegation.command(
    epilog="Examples:\n\n  pilotage delegation end delegation-1a2b3c4d5e\n\n"
    "  pilotage -q delegation end delegation-1a2b3c4d5e"
)
@click.argument("id")
@pass_call
def end(call: Call, *, id: str) -> None:
    """Take it back: its giver, whom it was given to, or an owner; what was decided stands."""
    ended = standins.end(call.wired.store, call.somebody, id)
    print_lines([f"{ended.id}: ended; {ended.giver} decides alone"])


@delegation.command(
    "list", epilog="Examples:\n\n  pilotage delegation list\n\n  pilotage delegation list --json"
)
@json_option
@pass_call
def list_delegations(call: Call, *, as_json: bool) -> None:
    """Who may decide in whose place, and who might once, the newest first."""
    found = standins.delegations(call.store, call.customer)
    told = [_told(call, one, ended) for one, ended in found]
    rows = [
        (one["id"], one["giver"], one["to"], _limits(given), one["state"])
        for one, (given, _) in zip(told, found, strict=True)
    ]
    lines = table(("delegation", "of", "to", "limits", ""), rows, none="nobody delegated anything")
    show("delegations", {"delegations": told}, lines, as_json=as_json)


def _told(call: Call, given: Delegation, ended: DelegationEnd | None) -> dict[str, Any]:
    """A delegation as JSON, with how it stands now and its giver's words."""
    is_over = given.until <= call.wired.store.clock.now()
    state = f"ended by {ended.by}" if ended else "over" if is_over else "holds"
    told = {**given.as_json(), "reason": words.quote(given.reason), "state": state}
    return words.told(call.wired.store, call.identity.customer, told)


def _limits(given: Delegation) -> str:
    risks = f"up to {', '.join(given.risks)}" if given.risks else "nothing risky"
    until = when(given.as_json()["until"])
    return f"{', '.join(given.kinds)}, {risks}, until {until} UTC"
