"""decide what waits for you: approve, reject, edit, ask for changes, hand over, escalate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click

from pilotage.cli import approval_story, exits, texts
from pilotage.cli.call import Call, pass_call
from pilotage.cli.key import FILE, find_private
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import one_line, print_json, print_lines, short
from pilotage.emergencies import announce
from pilotage.policy_questions import Editor
from policies import rules as rule_files
from runs import approvals, keys, words
from runs.approvals import Answer
from runs.errors import Conflict, InvalidInput, PilotageError
from runs.keys import Said
from runs.records.approval import Approval, Decision, DecisionKind, Signature
from runs.records.version import PolicyValues

LEAST_DIGEST = 8
"""Characters of the digest that say what was looked at."""
Command = Callable[..., None]


class Given(NamedTuple):
    """A decision as it was typed."""

    id: str
    digest: str
    reason: str
    as_json: bool
    key: Path | None = None
    to: str = ""
    file: Path | None = None


def _deciding(reason: str, **told: Any) -> Callable[[Command], Command]:
    """What every decision takes: the question, the digest that was seen, and the reason."""

    def dressed(command: Command) -> Command:
        command = json_option(pass_call(command))
        command = click.option("--reason", help=reason, **told)(command)
        command = click.option(
            "--key",
            type=FILE,
            help="Your private key, to sign this; PILOTAGE_KEY unless given.",
        )(command)
        digest = click.option(
            "--digest", default="", help="The short digest that `approval show` gave."
        )
        return click.argument("id")(digest(command))

    return dressed


@click.command(
    epilog="Examples:\n\n  pilotage approval approve r-1a2b.plan.3c4d\n\n"
    "  pilotage approval approve r-1a2b.plan.3c4d --digest 3c4d5e6f --reason 'as discussed'"
)
@_deciding("Kept with the decision.", default="")
def approve(call: Call, **given: Any) -> None:
    """Agree to exactly what is asked; a digest says that you saw it."""
    _decide(call, "approve", Given(**given))


@click.command(
    epilog="Examples:\n\n  pilotage approval reject r-1a2b.stage.3c4d --reason 'no capacity'\n\n"
    "  pilotage approval reject r-1a2b.stage.3c4d --digest 3c4d5e6f --reason 'no capacity'"
)
@_deciding("Kept with the decision, and told.", required=True)
def reject(call: Call, **given: Any) -> None:
    """Say no, with the reason."""
    _decide(call, "reject", Given(**given))


@click.command(
    epilog="Examples:\n\n  pilotage approval changes r-1a2b.plan.3c4d --reason 'name the owner'\n\n"
    "  pilotage approval changes r-1a2b.plan --digest 3c4d5e6f --reason 'name the owner'"
)
@_deciding("What has to change.", required=True)
def changes(call: Call, **given: Any) -> None:
    """Ask for changes, and say which: it goes back to the one who made it."""
    _decide(call, "ask_for_changes", Given(**given))


@click.command(
    epilog="Examples:\n\n"
    "  pilotage approval edit r-1a2b.plan.3c4d --file plan.yaml --reason 'the owner is eva'\n\n"
    "  pilotage approval edit r-1a2b.update.3c4d --file update.txt --reason 'plainer words'"
)
@click.option(
    "--file",
    "file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What stands in its place: a plan, an update's text, policy values, fields of an action.",
)
@_deciding("Why it is edited.", required=True)
def edit(call: Call, **given: Any) -> None:
    """Agree to it written otherwise: it is asked anew, of somebody else than you."""
    _decide(call, "approve_with_edit", Given(**given))


@click.command(
    epilog="Examples:\n\n"
    "  pilotage approval handover r-1a2b.plan.3c4d --to eva --reason 'I am away'\n\n"
    "  pilotage approval handover r-1a2b.plan --to eva --digest 3c4d5e6f --reason 'her field'"
)
@click.option("--to", required=True, help="Who decides in your place; it must be their role.")
@_deciding("Kept with the question.", required=True)
def handover(call: Call, **given: Any) -> None:
    """Give your place to a person who may decide it; the question stays open."""
    _decide(call, "hand_over", Given(**given))


@click.command(
    epilog="Examples:\n\n  pilotage approval escalate r-1a2b.plan.3c4d --reason 'beyond me'\n\n"
    "  pilotage approval escalate r-1a2b.plan --digest 3c4d5e6f --reason 'beyond me'"
)
@_deciding("Kept, and told to whoever is next.", required=True)
def escalate(call: Call, **given: Any) -> None:
    """Give your place to the next of the policy's escalation, with a due time of its own."""
    _decide(call, "escalate", Given(**given))


@click.command(
    epilog="Examples:\n\n"
    "  pilotage approval emergency r-1a2b.stage.3c4d --reason 'refunds pile up, nobody answers'\n\n"
    "  pilotage approval emergency r-1a2b.stage --digest 3c4d5e6f --reason 'outage of the desk'"
)
@_deciding("What could not wait; everybody is told.", required=True)
def emergency(call: Call, **given: Any) -> None:
    """Approve alone what the policy lets you; the others confirm it in time, or it is withdrawn."""
    _decide(call, "approve_in_emergency", Given(**given))


COMMANDS = (approve, reject, edit, changes, handover, escalate, emergency)
"""What `pilotage approval` offers to whoever is asked."""


def _decide(call: Call, kind: DecisionKind, given: Given) -> None:
    """Carry it out; after --json a refusal is an object with the very words of the sentence."""
    if not given.as_json:
        _told(call, kind, given)
        return
    try:
        _told(call, kind, given)
    except PilotageError as error:
        refused = {"refused": type(error).__name__, "says": str(error)}
        print_json("refusal", refused)
        click.get_current_context().exit(exits.of_error(error))


def _told(call: Call, kind: DecisionKind, given: Given) -> None:
    # A program is refused by the rules, so that its attempt is on record.
    identity, store = call.identity, call.wired.store
    customer = identity.customer
    asked = approvals.get(store, customer, given.id)
    edited = "" if given.file is None else texts.read(given.file)
    values = _values(call, asked, edited)
    seen = _seen(call, asked, kind, given.digest)
    signature = _sign(call, Said(asked.id, seen, kind, None), given.key)
    answer = Answer(asked.id, kind, given.reason, seen, given.to, edited, signature)
    try:
        decided = approvals.decide(store, identity, answer, call.wired.decision_rules(customer))
    finally:
        # Edited values are put in the place of the file first: it is they that are asked about.
        if values is None:
            _follow(call, asked)
    if values is not None:
        _propose(call, asked, values, edited)
    if decided.emergency:
        asked = approvals.get(store, customer, f"{decided.id}.confirm")
        announce(call.wired, customer, asked)
    if given.as_json:
        print_json("decision", approval_story.story(store, customer, decided))
        return
    print_lines([f"{decided.id}: {approval_story.stamped(decided.as_json())}"])
    call.say(_next(call, kind, decided))


def _sign(call: Call, said: Said, file: Path | None) -> Signature | None:
    """The person's signature, where they have a key and name it; without one nothing is signed."""
    who = call.identity
    private = None if who.is_machine else find_private(call, file)
    if private is None:
        return None
    is_asked = file is not None or keys.active(call.wired.store, who.customer, who.person)
    return keys.sign(private, who, said, call.wired.clock.now()) if is_asked else None


def _values(call: Call, asked: Approval, text: str) -> PolicyValues | None:
    """The edited policy values, looked over before anybody decides; None where none are."""
    if asked.kind != "policy" or not text:
        return None
    values = rule_files.read_policy(text, "the edited policy")
    if values.workflow != asked.covers["workflow"]:
        raise InvalidInput(
            f"the edited policy is of {values.workflow!r}; write {asked.covers['workflow']!r}"
        )
    call.wired.policy_files.preview(call.identity.customer, values, Editor(call.identity.person))
    return values


def _propose(call: Call, asked: Approval, values: PolicyValues, text: str) -> None:
    """Put the edited values in the place of the file, under the editor's name."""
    made = _own(call, asked)
    editor = Editor(call.identity.person, made.reason)
    call.wired.policy_files.propose(call.identity.customer, values, text, editor)


def _own(call: Call, asked: Approval) -> Decision:
    made = approvals.decisions_of(call.wired.store, call.identity.customer, asked.id)
    return next(one for one in made if one.person == call.identity.person)


def _next(call: Call, kind: DecisionKind, decided: Approval) -> str:
    """What follows, and how to see it."""
    if kind in ("hand_over", "escalate"):
        to = ", ".join(_own(call, decided).to)
        return f"asked of {to} now: pilotage approval show {decided.id}"
    if decided.emergency:
        return (
            f"EMERGENCY: everybody is told; others confirm {decided.id}.confirm, or it is withdrawn"
        )
    if decided.status == "open":
        return f"recorded; others must decide as well: pilotage approval show {decided.id}"
    if decided.kind == "action":
        return f"a worker goes on with it: pilotage item show {decided.covers['item']}"
    if decided.kind == "call":
        return f"it counts when exactly this is called again: pilotage approval show {decided.id}"
    if decided.kind == "policy":
        return f"next: pilotage policy show {decided.covers['workflow']}"
    if kind == "approve_with_edit":
        return f"it is asked anew, of somebody else: pilotage run watch {decided.run} --work"
    return f"next: pilotage run watch {decided.run} --work"


def _follow(call: Call, asked: Approval) -> None:
    """Let policy values lead that people agreed to, or ask about what the file says by now."""
    if asked.kind != "policy":
        return
    try:
        call.wired.policy_files.find(call.identity.customer, asked.covers["workflow"])
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
    follows = asked.if_approved if kind.startswith("approve") else asked.if_rejected
    if kind in ("hand_over", "escalate"):
        follows = "the question stays open and others are asked in your place"
    elif kind == "approve_with_edit":
        follows = "it is asked anew about what you wrote, of somebody else"
    title = words.told(call.wired.store, call.identity.customer, asked.title)
    return f"{one_line(title, 120)}\nIf you {kind.replace('_', ' ')}: {follows}."
