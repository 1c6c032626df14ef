"""What a person wrote in the place of an answer before agreeing: checked, and asked about anew."""

from typing import Any

from policies import texts
from runs import approvals, snapshots, words
from runs.errors import Conflict, InvalidInput
from runs.records.approval import Approval, Decision
from runs.records.item import Item, Output
from runs.records.person import Customer
from runs.records.version import Version
from runs.store.store import Store
from workflow.process.hand import changes, take_in_hand
from workflow.process.parts import ProcessDeps
from workflow.sources import masking

LABEL = "label"


def check(store: Store, customer: Customer, asked: Approval, text: str) -> None:
    """InvalidInput, with the remedy, unless the text sets fields that the answer has, otherwise.

    YAML or JSON: a mapping of fields, or `label`, to what is done instead, word for word.
    """
    item = store.items.get(customer, asked.covers["item"])
    output = Output.model_validate(snapshots.read(store, customer, item.output))
    given = _read(text)
    labels = store.get(customer, Version, item.version).labels
    known = {LABEL: output.label, **output.fields}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidInput(f"the edit sets {', '.join(unknown)}; set some of {', '.join(known)}")
    if given.get(LABEL, output.label) not in labels:
        raise InvalidInput(f"the edit sets label {given[LABEL]!r}; take one of {', '.join(labels)}")
    if all(known[name] == value for name, value in given.items()):
        raise InvalidInput(
            "the edit changes nothing; approve it as it is, or set a field otherwise"
        )


def find_edited(deps: ProcessDeps, customer: Customer, item: Item) -> Item | None:
    """The item with the answer as a person put it, if the newest question was closed by an edit.

    None where there is none, or where a source changed meanwhile: then the edit was about something
    else, and the item is worked on from the beginning.
    """
    edit = _newest_edit(deps.store, customer, item)
    if edit is None:
        return None
    work = take_in_hand(deps, customer, item)
    try:
        given = _read(words.words(deps.store, customer, edit.edit))
        output = Output.model_validate(work.kept(item.output))
    except (Conflict, InvalidInput):
        # Erased meanwhile: nobody can say any more what was wanted.
        return None
    if changes(work, item):
        return None
    told = {
        "label": given.pop(LABEL, output.label),
        "fields": {**output.fields, **given},
        "route_used": f"{output.route_used}, edited by {edit.person}"[:200],
    }
    edited = output.model_copy(update=told)
    kept = work.keep("output", edited.as_json(), masking(work.terms, "fields"))
    work.write()
    return item.model_copy(update={"output": kept})


def _newest_edit(store: Store, customer: Customer, item: Item) -> Decision | None:
    """The edit that closed the last question of the item; None where something else did."""
    asked = approvals.of_item(store, customer, item.id)
    replaced = {one.supersedes for one in asked}
    last = [one.id for one in asked if one.status == "superseded" and one.id not in replaced]
    made = approvals.decisions_on(store, customer, last)
    return next((one for one in reversed(made) if one.edit), None)


def _read(text: str) -> dict[str, Any]:
    return {str(name): value for name, value in texts.read(text, "the edit").value.items()}
