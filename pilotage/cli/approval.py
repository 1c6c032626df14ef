"""see what waits for you, and decide it."""

from typing import Any

import click

from pilotage.cli import approval_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, print_lines, short, show, table, when
from runs import approvals
from runs.approvals import Answer
from runs.errors import Conflict, InvalidInput
from runs.records.approval import Approval, DecisionKind

LEAST_DIGEST = 8
"""Characters of the digest that say what was looked at."""
STATUSES = ("open", "approved", "changes_asked", "rejected", "expired", "superseded", "withdrawn")


@click.group(
    epilog="Examples:\n\n  pilotage approval list --mine\n\n"
    "  pilotage approval approve r-1a2b.plan.3c4d --digest 3c4d5e6f"
)
def approval() -> None:
    """See what waits for you, and decide it."""


@approval.command(
    "list",
    epilog="Examples:\n\n  pilotage approval list --mine\n\n"
    "  pilotage approval list --status approved --json",
)
@click.option("--mine", is_flag=True, help="Only what you may still decide.")
@click.option("--status", type=click.Choice([*STATUSES, "any"]), default="open", show_default=True)
@json_option
@pass_call
def list_approvals(call: Call, *, mine: bool, status: str, as_json: bool) -> None:
    """What waits for a decision, the most urgent first."""
    store, customer = call.store, call.customer
    wanted = "" if status == "any" else status
    found = approvals.list_approvals(store, customer, status=wanted)
    if mine:
        found = [asked for asked in found if _is_for(call, asked)]
    rows = [
        (
            asked.id,
            asked.kind.replace("_", " "),
            asked.status,
            when(asked.as_json()["due_at"]),
            ", ".join(need.role for need in asked.needs),
            asked.title,
        )
        for asked in found
    ]
    header = ("approval", "kind", "status", "due", "needs", "title")
    value = {"approvals": [asked.as_json() for asked in found]}
    show("approvals", value, table(header, rows, none="nothing waits"), as_json=as_json)


@approval.command(
    "show",
    epilog="Examples:\n\n  pilotage approval show r-1a2b.plan.3c4d\n\n"
    "  pilotage approval show r-1a2b.plan --json",
)
@click.argument("id")
@json_option
@pass_call
def show_approval(call: Call, *, id: str, as_json: bool) -> None:
    """Exactly what is asked, what it covers, and what follows from each answer."""
    asked = approvals.get(call.store, call.customer, id)
    told = approval_story.story(call.store, call.customer, asked)
    show("approval", told, approval_story.lines(told), as_json=as_json)


@approval.command(
    epilog="Examples:\n\n  pilotage approval approve r-1a2b.plan.3c4d\n\n"
    "  pilotage approval approve r-1a2b.plan.3c4d --digest 3c4d5e6f --reason 'as discussed'"
)
@click.argument("id")
@click.option("--digest", default="", help="The short digest that `approval show` gave.")
@click.option("--reason", default="", help="Kept with the decision.")
@pass_call
def approve(call: Call, *, id: str, digest: str, reason: str) -> None:
    """Agree to exactly what is asked; a digest says that you saw it."""
    _decide(call, id, "approve", {"digest": digest, "reason": reason})


@approval.command(
    epilog="Examples:\n\n  pilotage approval reject r-1a2b.stage.3c4d --reason 'no capacity'\n\n"
    "  pilotage approval reject r-1a2b.stage.3c4d --digest 3c4d5e6f --reason 'no capacity'"
)
@click.argument("id")
@click.option("--digest", default="", help="The short digest that `approval show` gave.")
@click.option("--reason", required=True, help="Kept with the decision, and told.")
@pass_call
def reject(call: Call, *, id: str, digest: str, reason: str) -> None:
    """Say no, with the reason."""
    _decide(call, id, "reject", {"digest": digest, "reason": reason})


@approval.command(
    epilog="Examples:\n\n  pilotage approval changes r-1a2b.plan.3c4d --reason 'name the owner'\n\n"
    "  pilotage approval changes r-1a2b.plan --digest 3c4d5e6f --reason 'name the owner'"
)
@click.argument("id")
@click.option("--digest", default="", help="The short digest that `approval show` gave.")
@click.option("--reason", required=True, help="What has to change.")
@pass_call
def changes(call: Call, *, id: str, digest: str, reason: str) -> None:
    """Ask for changes, and say which."""
    _decide(call, id, "ask_for_changes", {"digest": digest, "reason": reason})


def _decide(call: Call, id: str, kind: DecisionKind, given: dict[str, Any]) -> None:
    identity = call.somebody
    asked = approvals.get(call.store, call.customer, id)
    seen = _seen(call, asked, kind, given["digest"])
    answer = Answer(asked.id, kind, given["reason"], seen)
    rules = call.wired.decision_rules(identity.customer)
    decided = approvals.decide(call.store, identity, answer, rules)
    print_lines([f"{decided.id}: {decided.status}"])
    if decided.status == "open":
        call.say("recorded; others must decide as well: pilotage approval show " + decided.id)
    else:
        call.say(f"next: pilotage run watch {decided.run} --work")


def _seen(call: Call, asked: Approval, kind: str, digest: str) -> str:
    """The digest the person saw: the one they gave, or typed after reading what follows."""
    name = asked.subject.removeprefix("sha256:")
    if not digest:
        call.say(_consequence(asked, kind))
        question = f"Type {name[:LEAST_DIGEST]} to {kind.replace('_', ' ')}"
        digest = call.ask(question, flag=f"--digest {short(asked.subject)}")
    given = digest.strip().lower().removeprefix("sha256:")
    if len(given) < LEAST_DIGEST:
        raise InvalidInput(f"--digest {digest!r}: give at least {LEAST_DIGEST} characters of it")
    if not name.startswith(given):
        raise Conflict(
            f"approval {asked.id} asks about {short(asked.subject)}, not about {digest!r}; "
            f"look again with `pilotage approval show {asked.id}`"
        )
    return asked.subject


def _consequence(asked: Approval, kind: str) -> str:
    follows = asked.if_approved if kind == "approve" else asked.if_rejected
    return f"{one_line(asked.title, 120)}\nIf you {kind.replace('_', ' ')}: {follows}."


def _is_for(call: Call, asked: Approval) -> bool:
    person = call.identity.person
    decided = approvals.decisions_of(call.store, call.customer, asked.id)
    is_named = any(person in need.people for need in asked.needs)
    return is_named and person not in {one.person for one in decided}
