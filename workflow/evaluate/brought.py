"""What a case brought of its sources, as a live item would see it: declared fields, masked."""

from collections.abc import Iterable, Mapping
from typing import Any

from runs.records.case import Case
from runs.records.version import Source
from runs.snapshots import Mask

Values = Mapping[str, Mapping[str, Any]]
"""Fields by source."""


def brought(case: Case, sources: Iterable[Source], mask: Mask) -> dict[str, dict[str, Any]]:
    """The declared fields of every source that the case brought; no others, masked ones masked."""
    there = [source for source in sources if source.name in case.context]
    return mask({one.name: _declared(one, case.context[one.name]) for one in there}).value


def _declared(source: Source, record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in source.fields if name in record}
