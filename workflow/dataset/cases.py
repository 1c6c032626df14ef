"""read labelled cases from a file, all of them or none.

A mapping says which column, or which path into the JSON object, holds each of our fields. Our
fields are `input` (the whole object) or `input.<name>`, `label`, and, where the file has them,
`id`, `family`, `segment`, `severity`, `routes`, `second_label`, `origin`, `labelled_by`,
`context`, and of a draft `fields` and `second_fields`: what its fields should be.
"""

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, get_args

from runs.errors import InvalidInput
from runs.records.case import Case, Severity
from runs.records.record import canonical
from runs.records.version import Route
from workflow.dataset.rows import Row, Text, is_csv, rows

ERRORS_SHOWN = 20
"""After so many errors the reading ends."""
OWN = (
    "id",
    "family",
    "segment",
    "severity",
    "routes",
    "second_label",
    "origin",
    "labelled_by",
    "context",
    "fields",
    "second_fields",
)
ORIGINS = ("real", "synthetic", "incident", "shadow", "edited")
BY_TEXT = "text:"
"""Begins the family of a case that came without one."""


def read(
    path: Path,
    mapping: Mapping[str, str] | None = None,
    *,
    encoding: str = "utf-8-sig",
    delimiter: str = "",
    labels: Sequence[str] = (),
    labelled_by: str = "",
) -> list[Case]:
    """Every case of the file in its order, or InvalidInput naming file, lines, fields and remedies.

    Without a mapping the first row shows the form. `labels` are the labels allowed, all if empty;
    `labelled_by` is the person who answers for labels whose rows name nobody.
    """
    found = rows(path, Text(encoding, delimiter))
    head = _head(found)
    if not head:
        raise InvalidInput(f"{path}: holds no cases; bring a file with at least one row")
    first = head[-1].value
    chosen = dict(mapping) if mapping else automatic(first, is_table=is_csv(path))
    _check_mapping(path, chosen, first, is_table=is_csv(path))
    reader = _Reader(chosen, frozenset(labels), labelled_by)
    cases = list(reader.cases(chain(head, found)))
    if reader.problems:
        raise InvalidInput("\n".join(f"{path}: {problem}" for problem in reader.problems))
    if mapping and reader.unseen and not is_csv(path):
        paths = sorted(chosen[field] for field in reader.unseen)
        raise InvalidInput(f"{path}: no row has {paths}; mend the mapping, or leave them out of it")
    return cases


def _head(found: Iterator[Row]) -> list[Row]:
    """The rows up to and with the first that could be read."""
    head: list[Row] = []
    for row in found:
        head.append(row)
        if not row.problem or len(head) > ERRORS_SHOWN:
            break
    return head


def automatic(first: Mapping[str, Any], *, is_table: bool) -> dict[str, str]:
    """The mapping a file's first row suggests.

    An object: `input`, and the label in `expected.label` or `label`. A table: `label`, our own
    names, and every other column a field of the input (`input.` before it or not).
    """
    own = {name: name for name in OWN if name in first}
    if is_table:
        others = [name for name in first if name not in own and name != "label" and name]
        return {f"input.{n.removeprefix('input.')}": n for n in others} | {"label": "label"} | own
    label = "label" if "label" in first and "expected" not in first else "expected.label"
    if "input" in first:
        fields = {"fields": "expected.fields"} if label == "expected.label" else {}
        return {"input": "input", "label": label} | fields | own
    return {"input.text": "text", "label": label} | own


def family_of(text: str) -> str:
    """The family of a text without one: the same when case, spaces and digits are made equal."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    masked = re.sub(r"\d", "0", " ".join(plain.split()))
    return BY_TEXT + hashlib.blake2b(masked.encode(), digest_size=12).hexdigest()


def _check_mapping(
    path: Path, mapping: Mapping[str, str], first: Mapping[str, Any], *, is_table: bool
) -> None:
    """Refuse a mapping to unknown fields, without input or label, or to columns not there.

    Without a first row that can be read there is nothing to check: the rows' own errors are told.
    """
    if not first:
        return
    known = {"input", "label", *OWN}
    for field in mapping:
        if field not in known and not field.startswith("input."):
            near = difflib.get_close_matches(field, known, n=1)
            raise InvalidInput(
                f"mapping: {field!r} is not a field of a case"
                + (f"; did you mean {near[0]!r}?" if near else f"; name one of {sorted(known)}")
            )
    missing = [] if any(f.partition(".")[0] == "input" for f in mapping) else ["input.text"]
    missing += [] if "label" in mapping else ["label"]
    if missing:
        raise InvalidInput(f"{path}: no column is mapped to {missing}; name it in the mapping")
    absent = [column for column in mapping.values() if column not in first]
    if is_table and absent:
        raise InvalidInput(
            f"{path}: line 1: the columns {absent} are missing; the file has "
            f"{list(first)}: name the columns in the mapping, or the --delimiter"
        )


class _Reader:
    """Turns rows into cases and remembers what is wrong with those that cannot be."""

    def __init__(
        self, mapping: Mapping[str, str], labels: frozenset[str], labelled_by: str
    ) -> None:
        self.problems: list[str] = []
        self.unseen = set(mapping)
        self._mapping = mapping
        self._labels = labels
        self._labelled_by = labelled_by
        self._lines: dict[str, int] = {}

    def cases(self, found: Iterator[Row]) -> Iterator[Case]:
        """Cases as long as there are few problems; what came before a problem is not to be used."""
        for row in found:
            if len(self.problems) >= ERRORS_SHOWN:
                self.problems.append(f"from line {row.line}: not read, {ERRORS_SHOWN} errors first")
                return
            try:
                yield self._case(row)
            except _Wrong as wrong:
                self.problems.append(f"line {row.line}: {wrong}")

    def _case(self, row: Row) -> Case:
        if row.problem:
            raise _Wrong(row.problem)
        values = self._values(row)
        item = _input(values, self._mapping)
        id = self._id(values.get("id"), row.line)
        expected = self._label(values["label"], self._mapping["label"])
        second = values.get("second_label")
        if second is not None:
            second = {"label": self._label(second, self._mapping["second_label"])}
            second |= _fields(values, "second_fields")
        return Case(
            id=id,
            family=_text(values, "family") or _family(item, id),
            input=item,
            expected={"label": expected} | _fields(values, "fields"),
            routes=_routes(values.get("routes")),
            segment=_text(values, "segment"),
            severity=_one_of(values, "severity", get_args(Severity), otherwise="major"),
            origin=_one_of(values, "origin", ORIGINS, otherwise="real"),
            labelled_by=_text(values, "labelled_by") or self._labelled_by,
            second=second,
            context=_context(values.get("context")),
        )

    def _values(self, row: Row) -> dict[str, Any]:
        """What the row has for each mapped field; refuses what canonical JSON cannot hold."""
        values = {field: _at(row.value, path) for field, path in self._mapping.items()}
        for field, value in values.items():
            try:
                canonical(value)
            except ValueError as error:
                path = self._mapping[field]
                raise _Wrong(f"field {path!r} cannot be kept ({error}); mend its value") from error
        self.unseen -= {field for field, value in values.items() if value is not None}
        return values

    def _id(self, value: Any, line: int) -> str:
        id = f"line-{line}" if value is None else str(value).strip()
        if not id or isinstance(value, bool | float | list | dict):
            raise _Wrong(f"field 'id' is {_show(value)}; give each case a text that names it")
        if id in self._lines:
            raise _Wrong(f"field 'id': {id!r} stands in line {self._lines[id]} too; name it once")
        self._lines[id] = line
        return id

    def _label(self, value: Any, path: str) -> str:
        if value is None:
            raise _Wrong(f"field {path!r} is missing or null; give the label, or map another field")
        if not isinstance(value, str) or not value.strip():
            raise _Wrong(f"field {path!r} is {_show(value)}; write a label as text")
        label = value.strip()
        if self._labels and label not in self._labels:
            near = difflib.get_close_matches(label, self._labels, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"write one of {sorted(self._labels)}"
            raise _Wrong(f"field {path!r}: {label!r} is not a label of the plan; {hint}")
        return label


class _Wrong(Exception):
    """What is wrong with one row, in one sentence with its remedy."""


def _at(value: Any, path: str) -> Any:
    """What stands at a path such as `expected.label`, or None; a column may hold dots itself."""
    if isinstance(value, dict) and path in value:
        return value[path]
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _input(values: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    """The input as the version will see it; its values may be null, its bytes must be canonical."""
    item = values.get("input", {})
    if not isinstance(item, dict):
        found = "missing" if item is None else _show(item)
        raise _Wrong(f"field {mapping['input']!r} is {found}; write an object of fields")
    single = {f.partition(".")[2]: v for f, v in values.items() if f.startswith("input.")}
    item = {**item, **single}
    if not any(value is not None for value in item.values()) and len(item) <= 1:
        paths = [path for field, path in mapping.items() if field.partition(".")[0] == "input"]
        raise _Wrong(f"field {paths[0]!r} is missing or null; give the input, or map another field")
    return item


def _family(item: Mapping[str, Any], id: str) -> str:
    """By the field `text`, else by the longest text; an item without any is a family of its own."""
    texts = [value for value in item.values() if isinstance(value, str)]
    text = item["text"] if "text" in item else max(texts, key=len, default="")
    if isinstance(text, str) and text.strip():
        return family_of(text)
    return BY_TEXT + hashlib.blake2b(id.encode(), digest_size=12, person=b"id").hexdigest()


def _text(values: Mapping[str, Any], field: str) -> str:
    value = values.get(field)
    if value is None:
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise _Wrong(f"field {field!r} is {_show(value)}; write text")
    return str(value).strip()


def _one_of(
    values: Mapping[str, Any], field: str, allowed: Sequence[str], *, otherwise: str
) -> Any:
    value = _text(values, field) or otherwise
    if value not in allowed:
        raise _Wrong(f"field {field!r} is {value!r}; write one of {list(allowed)}")
    return value


def _routes(value: Any) -> tuple[Any, ...]:
    """Routes from a list, or from a cell such as `act|review`; `act` where none are given."""
    if value is None:
        return ("act",)
    found = re.split(r"[|,;\s]+", value.strip()) if isinstance(value, str) else value
    allowed = get_args(Route)
    if not isinstance(found, list) or not found or any(one not in allowed for one in found):
        raise _Wrong(f"field 'routes' is {_show(value)}; name one or more of {list(allowed)}")
    return tuple(dict.fromkeys(found))


def _context(value: Any) -> dict[str, dict[str, Any]]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise _Wrong(f"field 'context' is {_show(value)}; write an object of objects")
    return value


def _fields(values: Mapping[str, Any], field: str) -> dict[str, Any]:
    """What a person says of the fields of a draft; nothing where the file says nothing."""
    value = values.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Wrong(f"field {field!r} is {_show(value)}; write an object of fields")
    return {"fields": value}


def _show(value: Any) -> str:
    """A value for an error, short, with its type."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
