"""how the cases of a dry run and live items are spread: their fields, and what was answered."""

from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

from rollout.drift import Spread
from runs.records.evidence import CaseResult, Evidence
from runs.records.item import Output
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.version import FieldSpec, Version
from runs.store.database import Database
from runs.store.store import Store
from workflow.process.contract import read_fields
from workflow.version import mask_of

EMPTY, THERE = "(empty)", "(there)"
MOST_KNOWN = 64
"""Dry runs of one database whose spreads are remembered."""
_KNOWN: MutableMapping[Database, dict[tuple[str, str, str], Mapping[str, Spread]]] = (
    WeakKeyDictionary()
)
"""Spreads of dry runs by customer, version and evidence; gone with the database's last user."""


def find_screened(store: Store, customer: Customer, release: Release) -> Evidence | None:
    """The newest dry run of the pair that serves, or of its version under other values."""
    kept = store.of_run(customer, Evidence, release.run)
    mine = [one for one in kept if one.kind == "dry_run" and one.version == release.version]
    exact = [one for one in mine if one.policy == release.policy]
    return (exact or mine or [None])[-1]


def of_dry_run(
    store: Store, customer: Customer, version: Version, measured: Evidence
) -> Mapping[str, Spread]:
    """The cases that the dry run was about, and its answers to them.

    Evidence, cases and results never change: they are read once a dry run, not at every reading.
    """
    known = _KNOWN.setdefault(store.database, {})
    name = (customer.id, version.digest, measured.id)
    found = known.get(name)
    if found is None:
        if len(known) >= MOST_KNOWN:
            known.clear()
        found = known[name] = _read(store, customer, version, measured)
    return found


def _read(
    store: Store, customer: Customer, version: Version, measured: Evidence
) -> dict[str, Spread]:
    results = store.cases.results(customer, measured.id)
    answered = {one.case for one in results}
    cases, mask = store.cases.read(customer, measured.subject, "dev"), mask_of(version)
    # Live items were masked before they were kept: cases are seen the same way.
    inputs = [mask(case.input).value for case in cases if case.id in answered]
    return _fields(version, inputs) | _answers(results)


def of_live(
    version: Version, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Output]
) -> dict[str, Spread]:
    """Live items as they were kept, and the answers to them."""
    return _fields(version, inputs) | _answers(outputs)


def _fields(version: Version, inputs: Sequence[Mapping[str, Any]]) -> dict[str, Spread]:
    """Every field whose values may be told apart: none that is masked, and no date."""
    # A day lies where it lies: live items are always later than the cases.
    specs = [spec for spec in version.contract if _is_told(spec, version)]
    read = [read_fields(specs, item).values for item in inputs]
    return {spec.name: _spread(spec, [values.get(spec.name) for values in read]) for spec in specs}


def _is_told(spec: FieldSpec, version: Version) -> bool:
    is_masked = spec.masked or f"field:{spec.name}" in version.mask
    return not is_masked and spec.type != "date"


def _spread(spec: FieldSpec, values: Sequence[Any]) -> Spread:
    """Kinds by value where there are choices; else whether it is there, and its size."""
    is_open = spec.type == "number" or (spec.type == "text" and not spec.choices)
    if not is_open:
        return Spread(Counter(EMPTY if value is None else str(value) for value in values))
    kinds = Counter(EMPTY if value is None else THERE for value in values)
    return Spread(kinds, [_size(value) for value in values if value is not None])


def _size(value: Decimal | str) -> float:
    """A number as it is; a text by its length."""
    return float(value) if isinstance(value, Decimal) else float(len(value))


def _answers(given: Iterable[CaseResult | Output]) -> dict[str, Spread]:
    told = [one for one in given if one.label]
    labels = Counter(one.label for one in told)
    # No field of a contract has a blank in its name.
    return {
        "the answer": Spread(labels),
        "the confidence": Spread({}, [one.confidence for one in told]),
    }
