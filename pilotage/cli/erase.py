"""take out of the record for good what somebody wrote or a version saw."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import short, show
from runs import erasure
from runs.erasure import Text

reason_option = click.option("--reason", required=True, help="Kept with the act.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask; it cannot be undone.")


@click.group(
    epilog="Examples:\n\n  pilotage erase run r-1a2b --reason 'asked for by the customer'\n\n"
    "  pilotage erase item item-1a2b --reason 'a name in the text' --yes"
)
def erase() -> None:
    """Take out of the record for good what somebody wrote or a version saw.

    For an owner or compliance. Ids, digests, decisions and the audit stay, and say who erased what,
    when and why; what was sent outside, plans and labelled cases are not touched.
    """


@erase.command(
    epilog="Examples:\n\n  pilotage erase run r-1a2b --reason 'asked for by the customer'\n\n"
    "  pilotage erase run r-1a2b --reason 'asked for by the customer' --yes --json"
)
@click.argument("id")
@reason_option
@yes_option
@json_option
@pass_call
def run(call: Call, *, id: str, reason: str, yes: bool, as_json: bool) -> None:
    """Why an ended run began, what people said in it, and the update it wrote."""
    store, customer = call.store, call.customer
    found = store.runs.get(customer, id)
    erasure.require_ended(found)
    texts = erasure.of_run(store, customer, found)
    _erase(call, f"run {found.id}", texts, reason=reason, yes=yes, as_json=as_json)


@erase.command(
    epilog="Examples:\n\n  pilotage erase item item-1a2b --reason 'a name in the text'\n\n"
    "  pilotage erase item item-1a2b --reason 'a name in the text' --yes --json"
)
@click.argument("id")
@reason_option
@yes_option
@json_option
@pass_call
def item(call: Call, *, id: str, reason: str, yes: bool, as_json: bool) -> None:
    """What came in with an item, what was seen, answered, done and said about it.

    Another item that holds exactly the same text loses it too.
    """
    store, customer = call.store, call.customer
    erasure.require_worked_on(store, customer, id)
    texts = erasure.of_item(store, customer, id)
    _erase(call, f"item {id}", texts, reason=reason, yes=yes, as_json=as_json)


@erase.command(
    epilog="Examples:\n\n  pilotage erase text 3c4d5e6f7a8b --reason 'a name in the reason'\n\n"
    "  pilotage erase text 3c4d5e6f7a8b --reason 'a name in the reason' --yes --json"
)
@click.argument("digest")
@reason_option
@yes_option
@json_option
@pass_call
def text(call: Call, *, digest: str, reason: str, yes: bool, as_json: bool) -> None:
    """One text, by its digest or the beginning of it, wherever it is named."""
    found = erasure.of_digest(call.store, call.customer, digest)
    what = f"text {short(found.digest)}"
    _erase(call, what, [found], reason=reason, yes=yes, as_json=as_json)


@erase.command(
    epilog="Examples:\n\n  pilotage erase lesson lesson-1a2b3c --reason 'it names a person'\n\n"
    "  pilotage erase lesson lesson-1a2b3c --reason 'it names a person' --yes --json"
)
@click.argument("id")
@reason_option
@yes_option
@json_option
@pass_call
def lesson(call: Call, *, id: str, reason: str, yes: bool, as_json: bool) -> None:
    """What a lesson says, with its vectors; the worker takes it out of the search index."""
    found = call.store.lessons.get(call.customer, id)
    call.may("administer")
    erasure.admit(call.store, call.identity, reason)
    _confirm(call, f"lesson {found.id}", "its words and vectors", yes=yes)
    why = erasure.keep_reason(call.store, call.identity, reason, call.wired.words())
    memory = call.wired.engines("").memory(call.store)
    erased = memory.erase(call.customer, call.identity.person, found.id, reason=why)
    call.store.database.scrub()
    value = {"lesson": erased.as_json()}
    show("erased", value, [f"lesson {erased.id}: erased"], as_json=as_json)


def _erase(
    call: Call, what: str, texts: Sequence[Text], *, reason: str, yes: bool, as_json: bool
) -> None:
    call.may("administer")
    erasure.admit(call.store, call.identity, reason)
    there = [one for one in texts if not one.is_erased]
    if there:
        _confirm(call, what, _counted(there), yes=yes)
        there = erasure.erase(
            call.store, call.identity, there, reason=reason, terms=call.wired.words()
        )
    value: dict[str, Any] = {
        "of": what,
        "erased": [one.digest for one in there],
        "erased_before": [one.digest for one in texts if one.is_erased],
    }
    says = f"erased {_counted(there)}" if there else "nothing is left to erase"
    show("erased", value, [f"{what}: {says}"], as_json=as_json)


def _counted(texts: Sequence[Text]) -> str:
    kinds = Counter(one.kind.replace("_", " ") for one in texts)
    told = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    return f"{len(texts)} texts ({told})"


def _confirm(call: Call, what: str, counted: str, *, yes: bool) -> None:
    """Go on only with the word of whoever asks; it cannot be undone."""
    if yes:
        return
    name = what.rpartition(" ")[2]
    call.say(f"{what}: {counted} will be gone for good")
    if call.ask(f"Type {name} to erase", flag="--yes") != name:
        raise click.Abort
