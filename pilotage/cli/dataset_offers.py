"""what people's edits offer to a dataset: seen, taken in, refused; by whom and why."""

from typing import Any, get_args

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, short, show, table
from runs.records.case import Severity
from workflow import offers
from workflow.offers import Offered, Wish

reason_option = click.option("--reason", required=True, help="Kept with your word.")


@click.command(
    epilog="Examples:\n\n  pilotage data offered\n\n  pilotage data offered tickets --json"
)
@click.argument("name", default="")
@json_option
@pass_call
def offered(call: Call, *, name: str, as_json: bool) -> None:
    """Edits of live items that no dataset holds yet, and whose word is asked for."""
    store, customer = call.store, call.customer
    found = list(offers.offered(store, customer, name))
    rows = [
        (
            one.review.id,
            one.dataset,
            one.owner,
            one.review.decided_by,
            one.review.label or "-",
            ", ".join(one.review.wrong) or "-",
        )
        for one in found
    ]
    header = ("edit", "dataset", "asked of", "edited by", "label", "fields")
    value = {"offered": [_told(one) for one in found]}
    show("offered", value, table(header, rows, none="nobody offers a case"), as_json=as_json)
    if found:
        call.say("next: pilotage item show ITEM, then pilotage data accept EDIT --reason TEXT")


@click.command(
    epilog="Examples:\n\n  pilotage data accept item-1a2b.exception --reason 'a new kind'\n\n"
    "  pilotage data accept item-1a2b.exception --family thread-7 --reason 'same thread'"
)
@click.argument("edit")
@reason_option
@click.option("--family", default="", help="Same thread or customer: it stays in one split.")
@click.option(
    "--severity", type=click.Choice(get_args(Severity)), default="major", show_default=True
)
@json_option
@pass_call
def accept(
    call: Call, *, edit: str, reason: str, family: str, severity: Severity, as_json: bool
) -> None:
    """Take an edit into the dataset as a case; what is there stays where it is."""
    wish = Wish(reason, family, severity)
    made = offers.accept(call.store, call.decider, edit, wish, call.wired.words())
    value = {"digest": made.digest, **made.as_json()}
    splits = ", ".join(f"{split} {count}" for split, count in made.counts.items())
    says = f"dataset {made.name}: {short(made.digest)}, {splits}"
    show("dataset", value, [says], as_json=as_json)
    call.say("the next run is measured on it; what was measured stays what it is")


@click.command(
    epilog="Examples:\n\n  pilotage data refuse item-1a2b.exception --reason 'not typical'\n\n"
    "  pilotage data refuse item-1a2b.exception --reason 'holds a name' --json"
)
@click.argument("edit")
@reason_option
@json_option
@pass_call
def refuse(call: Call, *, edit: str, reason: str, as_json: bool) -> None:
    """Say that an edit does not belong into the dataset."""
    judged = offers.refuse(call.store, call.decider, edit, reason, call.wired.words())
    says = f"edit {judged.id}: not taken into {judged.name}, by {judged.by}"
    show("offer", judged.as_json(), [one_line(says, 200)], as_json=as_json)


COMMANDS = (offered, accept, refuse)
"""What `pilotage data` offers to whoever answers for a dataset."""


def _told(one: Offered) -> dict[str, Any]:
    review = one.review
    return {
        "edit": review.id,
        "item": one.item.id,
        "workflow": one.item.workflow,
        "dataset": one.dataset,
        "owner": one.owner,
        "edited_by": review.decided_by,
        "label": review.label,
        "fields": list(review.wrong),
        "routes": list(review.routes),
    }
