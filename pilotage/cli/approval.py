"""see what waits for you, and decide it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pilotage.cli import approval_story
from pilotage.cli.call import Call, pass_call
from pilotage.cli.key import find_private, signs_with
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, print_lines, short, show, table, when
from runs import approvals, keys, words
from runs.approvals import Answer
from runs.errors import Conflict, InvalidInput
from runs.keys import Said
from runs.records.approval import Approval, DecisionKind, Signature

LEAST_DIGEST = 8
"""Characters of the digest that say what was looked at."""
Command = Callable[..., None]
STATUSES = ("open", "approved", "changes_asked", "rejected", "expired", "superseded", "withdrawn")


@click.group(
    epilog="Examples:\n\n  pilotage approval list --mine\n\n"
    "  pilotage approval approve r-1a2b.plan.3c4d --digest 3c4d5e6f"
)
def approval() -> None:
    """See what waits for you, and decide it."""


def _deciding(reason: str, **told: Any) -> Callable[[Command], Command]:
    """What every decision takes: the question, the digest that was seen, and the reason."""

    def dressed(command: Command) -> Command:
        command = click.option("--reason", help=reason, **told)(pass_call(command))
        digest = click.option(
            "--digest", default="", help="The short digest that `approval show` gave."
        )
        return click.argument("id")(digest(signs_with(command)))

    return dressed


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
        found = _mine(call, found)
    told = words.told(store, customer, [asked.as_json() for asked in found])
    rows = [
        (
            asked["id"],
            asked["kind"].replace("_", " "),
            asked["status"],
            when(asked["due_at"]),
            ", ".join(need["role"] for need in asked["needs"]),
            asked["title"],
        )
        for asked in told
    ]
    header = ("approval", "kind", "status", "due", "needs", "title")
    lines = table(header, rows, none="nothing waits")
    show("approvals", {"approvals": told}, lines, as_json=as_json)


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
@_deciding("Kept with the decision.", default="")
def approve(call: Call, **given: Any) -> None:
    """Agree to exactly what is asked; a digest says that you saw it."""
    _decide(call, "approve", **given)


@approval.command(
    epilog="Examples:\n\n  pilotage approval reject r-1a2b.stage.3c4d --reason 'no capacity'\n\n"
    "  pilotage approval reject r-1a2b.stage.3c4d --digest 3c4d5e6f --reason 'no capacity'"
)
@_deciding("Kept with the decision, and told.", required=True)
def reject(call: Call, **given: Any) -> None:
    """Say no, with the reason."""
    _decide(call, "reject", **given)


@approval.command(
    epilog="Examples:\n\n  pilotage approval changes r-1a2b.plan.3c4d --reason 'name the owner'\n\n"
    "  pilotage approval changes r-1a2b.plan --digest 3c4d5e6f --reason 'name the owner'"
)
@_deciding("What has to change.", required=True)
def changes(call: Call, **given: Any) -> None:
    """Ask for changes, and say which."""
    _decide(call, "ask_for_changes", **given)


def _decide(
    call: Call, kind: DecisionKind, *, id: str, digest: str, reason: str, file: Path | None
) -> None:
    identity = call.decider
    asked = approvals.get(call.store, call.customer, id)
    seen = _seen(call, asked, kind, digest)
    signature = _sign(call, Said(asked.id, seen, kind, None), file)
    answer = Answer(asked.id, kind, reason, seen, signature)
    rules = call.wired.decision_rules(identity.customer)
    try:
        decided = approvals.decide(call.store, identity, answer, rules)
    finally:
        _follow(call, asked)
    print_lines([f"{decided.id}: {decided.status}"])
    if decided.status == "open":
        call.say("recorded; others must decide as well: pilotage approval show " + decided.id)
    elif decided.kind == "policy":
        call.say(f"next: pilotage policy show {decided.covers['workflow']}")
    else:
        call.say(f"next: pilotage run watch {decided.run} --work")


def _sign(call: Call, said: Said, file: Path | None) -> Signature | None:
    """The person's signature, where they have a key and name it; without one nothing is signed."""
    private = find_private(call, file)
    is_asked = file is not None or keys.active(call.store, call.customer, call.decider.person)
    if private is None or not is_asked:
        return None
    return keys.sign(private, call.decider, said, call.store.clock.now())


def _follow(call: Call, asked: Approval) -> None:
    """Let policy values lead that people agreed to, or ask about what the file says by now."""
    if asked.kind != "policy":
        return
    try:
        call.wired.policy_files.find(call.customer, asked.covers["workflow"])
    except InvalidInput as error:
        call.say(f"the file may not lead: {error}")


def _seen(call: Call, asked: Approval, kind: str, digest: str) -> str:
    """The digest the person saw: the one they gave, or typed after reading what follows."""
    name = asked.subject.removeprefix("sha256:")
    if not digest:
        call.say(_consequence(call, asked, kind))
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


def _consequence(call: Call, asked: Approval, kind: str) -> str:
    follows = asked.if_approved if kind == "approve" else asked.if_rejected
    title = words.told(call.store, call.customer, asked.title)
    return f"{one_line(title, 120)}\nIf you {kind.replace('_', ' ')}: {follows}."


def _mine(call: Call, found: list[Approval]) -> list[Approval]:
    """Those the asking person may still decide."""
    person = call.identity.person
    named = [one for one in found if any(person in need.people for need in one.needs)]
    made = approvals.decisions_on(call.store, call.customer, [one.id for one in named])
    decided = {one.approval for one in made if one.person == person}
    return [one for one in named if one.id not in decided]
