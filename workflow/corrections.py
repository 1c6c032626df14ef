"""what a person sets otherwise in a draft: checked against it, kept, and read again.

The row of a review holds names and a digest; the values stand in a snapshot, where they can be
erased.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from policies.drafting import DOCUMENT
from runs import snapshots
from runs.errors import InvalidInput
from runs.records.item import Output, Review
from runs.records.person import Customer
from runs.snapshots import Terms
from runs.store.change import Change
from runs.store.store import Store
from workflow.drafting import alike
from workflow.sources import masking


class Drafted(NamedTuple):
    """The draft of one item."""

    item: str
    names: Sequence[str]
    """Fields that its version fills; none where it drafts nothing."""
    output: Output | None
    """None where nothing was drafted."""


def check(fields: Mapping[str, Any], drafted: Drafted) -> None:
    """Raise InvalidInput for a field the version does not fill, or one that is drafted so."""
    unknown = sorted(set(fields) - set(drafted.names))
    if unknown:
        known = ", ".join(drafted.names)
        way = f"name one of: {known}" if known else "this workflow drafts nothing: leave it out"
        raise InvalidInput(
            f"item {drafted.item}: {', '.join(unknown)} is no field of its draft; {way}"
        )
    produced = {} if drafted.output is None else drafted.output.fields
    same = [name for name, value in fields.items() if alike(produced.get(name), value)]
    if same:
        raise InvalidInput(
            f"item {drafted.item}: {', '.join(same)} was drafted like that; leave it out"
        )


def keep(change: Change, item: str, fields: Mapping[str, Any], terms: Terms) -> str:
    """Keep the fields as the person has them, masked; their digest, empty without any."""
    if not fields:
        return ""
    value = {"item": item, "fields": dict(fields)}
    terms = masking(terms, "fields")
    return snapshots.keep_in(change, kind="output", value=value, terms=terms)


def find_right(
    store: Store, customer: Customer, output: Output | None, review: Review
) -> dict[str, Any]:
    """What a decided review says was right, as a case expects it: label, and fields of a draft.

    Fields that the person left as they were stand; Conflict when they were erased.
    """
    drafted = {} if output is None or not output.template else dict(output.fields)
    drafted.pop(DOCUMENT, None)
    drafted |= corrected(store, customer, review)
    return {"label": review.label} | ({"fields": drafted} if drafted else {})


def corrected(store: Store, customer: Customer, review: Review) -> dict[str, Any]:
    """The fields that a review set otherwise; Conflict when they were erased."""
    return snapshots.read(store, customer, review.corrected)["fields"] if review.corrected else {}
