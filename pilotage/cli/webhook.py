"""which addresses are told what happens: declared, looked at, told again."""

import re
from typing import Any, get_args

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import section, show, table, when
from pilotage.credentials import REFERENCE
from pilotage.wiring import Wired
from runs.errors import InvalidInput, NotAllowed
from runs.people import find_people
from runs.records.person import Customer
from runs.records.webhook import Delivery, Told, Webhook
from tools import webhooks

EVENTS: tuple[str, ...] = get_args(Told)
REFERENCE_FORM = re.compile(REFERENCE)
MOST = 1_000
"""So many deliveries are shown at once."""


@click.group(
    epilog="Examples:\n\n  pilotage webhook add crm https://crm.example/in --secret env:CRM_HOOK "
    "--event item.ended --owner ben\n\n  pilotage webhook list"
)
def webhook() -> None:
    """Which addresses are told what happens: signed, at least once, by id."""


@webhook.command(
    epilog="Examples:\n\n  pilotage webhook add crm https://crm.example/in --secret env:CRM_HOOK "
    "--event item.ended --event review.opened --owner ben\n\n"
    "  pilotage webhook add desk http://10.0.0.7/told --private --secret file:desk --owner ben "
    "--event run.ended"
)
@click.argument("name")
@click.argument("url")
@click.option("--secret", required=True, help="Where the secret stands: env:NAME or file:NAME.")
@click.option(
    "--event", "events", multiple=True, required=True, type=click.Choice(EVENTS), help="Repeat."
)
@click.option("--owner", required=True, help="The person who is told when it does not answer.")
@click.option("--private", is_flag=True, help="It stands on this machine or in your own network.")
@click.option(
    "--hours", type=click.IntRange(1, 168), default=24, show_default=True, help="Tried so long."
)
@json_option
@pass_call
def add(call: Call, *, name: str, url: str, as_json: bool, **told: Any) -> None:
    """Declare an address; it is told of what happens from now on. Only an owner may."""
    who = call.owner
    fields = {
        "id": name,
        "url": url,
        "events": tuple(told["events"]),
        "secret": told["secret"],
        "is_private": told["private"],
        "owner": told["owner"],
        "hours": told["hours"],
        "declared_by": who.person,
        "declared_at": call.store.clock.now(),
    }
    made = _checked(call.wired, who.customer, fields)
    call.store.webhooks.declare(who.customer, who.person, made)
    says = f"webhook {made.id}: {made.url} is told of {', '.join(made.events)}"
    show("webhook", made.as_json(), [says], as_json=as_json)
    call.say("the worker tells it; see with: pilotage webhook show " + made.id)


@webhook.command(
    epilog="Examples:\n\n  pilotage webhook change crm --secret env:CRM_HOOK_2\n\n"
    "  pilotage webhook change crm --retire\n\n  pilotage webhook change crm --stop"
)
@click.argument("name")
@click.option("--url", default="", help="Another address.")
@click.option("--secret", default="", help="Another secret; the one before signs as well.")
@click.option("--retire", is_flag=True, help="The secret before this one signs no more.")
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="In their place.")
@click.option("--owner", default="", help="Another owner.")
@click.option("--stop", is_flag=True, help="Told of nothing that happens from now on.")
@click.option("--go-on", is_flag=True, help="Told again of what happens from now on.")
@json_option
@pass_call
def change(call: Call, *, name: str, as_json: bool, **told: Any) -> None:
    """Tell an address otherwise, or no more; a new secret signs beside the one before."""
    who = call.owner
    before = call.store.webhooks.get(who.customer, name)
    named = {part: told[part] for part in ("url", "owner", "events") if told[part]}
    if told["secret"]:
        named |= {"secret": told["secret"], "secret_before": before.secret}
    if told["retire"]:
        named["secret_before"] = ""
    if told["stop"] or told["go_on"]:
        named["is_stopped"] = told["stop"]
    if not named:
        raise InvalidInput("nothing is said to change; `pilotage webhook change --help` shows what")
    after = _checked(call.wired, who.customer, before.model_dump() | named)
    call.store.webhooks.change(who.customer, who.person, after)
    show("webhook", after.as_json(), [f"webhook {after.id}: changed"], as_json=as_json)


@webhook.command(
    "list", epilog="Examples:\n\n  pilotage webhook list\n\n  pilotage webhook list --json"
)
@json_option
@pass_call
def list_webhooks(call: Call, *, as_json: bool) -> None:
    """Every address, and how its deliveries stand."""
    customer = call.customer
    found = [_standing(call, customer, one) for one in call.store.webhooks.every(customer)]
    rows = [
        (
            one["id"],
            "stopped" if one["is_stopped"] else "told",
            str(one["waiting"]),
            str(one["delivered"]),
            str(one["dead"]),
            one["owner"],
            one["url"],
        )
        for one in found
    ]
    header = ("webhook", "", "waiting", "delivered", "given up", "owner", "address")
    show("webhooks", {"webhooks": found}, table(header, rows, none="none"), as_json=as_json)


@webhook.command(
    "show", epilog="Examples:\n\n  pilotage webhook show crm\n\n  pilotage webhook show crm --dead"
)
@click.argument("name")
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True)
@json_option
@pass_call
def show_one(call: Call, *, name: str, dead: bool, limit: int, as_json: bool) -> None:
    """One address, and what it was told: when, how often, and what it answered."""
    customer = call.customer
    one = call.store.webhooks.get(customer, name)
    status = "dead" if dead else ""
    found = call.store.webhooks.deliveries(customer, one.id, status=status, limit=limit)
    told = _standing(call, customer, one)
    lines = [
        f"webhook {one.id}: {one.url}{', stopped' if one.is_stopped else ''}",
        f"  owner {one.owner}, tried for {one.hours} h, events {', '.join(one.events)}",
        f"  signed with {one.secret}{f' and {one.secret_before}' if one.secret_before else ''}",
        f"  {told['waiting']} wait, {told['delivered']} delivered, {told['dead']} given up",
        *section("deliveries, the newest event first", [_line(each) for each in found]),
    ]
    value = {**told, "deliveries": [each.as_json() for each in found]}
    show("webhook", value, lines, as_json=as_json)


@webhook.command(
    epilog="Examples:\n\n  pilotage webhook resend crm-812\n\n  pilotage webhook resend crm --dead"
)
@click.argument("what")
@click.option("--dead", is_flag=True, help="WHAT is an address: all that was given up.")
@json_option
@pass_call
def resend(call: Call, *, what: str, dead: bool, as_json: bool) -> None:
    """Let a delivery be told again under its id, or all of an address that were given up."""
    who, hooks = call.somebody, call.store.webhooks
    if dead:
        name = hooks.get(who.customer, what).id
        count = hooks.resend_given_up(who.customer, who.person, name)
    else:
        one = hooks.delivery(who.customer, what)
        count = hooks.resend(who.customer, who.person, one.id)
    says = f"{count} told again, under the same ids" if count else "nothing to tell again"
    show("resent", {"resent": count}, [says], as_json=as_json)


def _checked(wired: Wired, customer: Customer, fields: dict[str, Any]) -> Webhook:
    """The address, when it may be told; InvalidInput or NotAllowed with the remedy otherwise."""
    if customer.is_demo:
        raise NotAllowed("a demo tells nobody outside; declare webhooks in a home of your own")
    webhooks.check(fields["url"], is_private=fields["is_private"])
    for reference in filter(None, (fields["secret"], fields.get("secret_before", ""))):
        secret = wired.secrets.find(reference) if REFERENCE_FORM.fullmatch(reference) else None
        if secret is None:
            raise InvalidInput(
                f"--secret {reference[:4]}...: nothing stands there; name env:NAME, or file:NAME "
                f"below {wired.home.secrets}"
            )
        webhooks.key_of(secret)
    people = {one.id for one in find_people(wired.store, customer) if not one.is_disabled}
    if fields["owner"] not in people:
        raise InvalidInput(f"--owner {fields['owner']!r} is nobody here; `pilotage user list`")
    return Webhook.model_validate(fields)


def _standing(call: Call, customer: Customer, one: Webhook) -> dict[str, Any]:
    counted = call.store.webhooks.count(customer, one.id)
    told = {"waiting": counted.waiting, "dead": counted.dead, "delivered": counted.delivered}
    return {**one.as_json(), **told}


def _line(one: Delivery) -> str:
    told = one.as_json()
    then = f"next {when(told['due_at'])}" if one.status == "waiting" else when(told["ended_at"])
    came = f"{one.status}, {one.tries} tries, {one.answer or '-'}, {then}"
    return f"{one.id} {one.type} {one.subject}: {came}"
