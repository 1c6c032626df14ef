"""The labelled packs beside the project: their rows, some of their labels, and plans for them."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

PROJECT = Path(__file__).parents[2]
DATA = PROJECT.parent / "shared" / "data"
DOCUMENTS = PROJECT / "docs" / "walkthrough"
OUT = "oos"
"""The label of what belongs to no other label, in the pack that has one."""

Pack = Literal["banking77", "clinc150"]
Split = Literal["train", "valid"]


class Row(NamedTuple):
    """One labelled case of a pack."""

    id: str
    text: str
    label: str


def file(pack: Pack, split: Split) -> Path:
    """Where the cases lie; the folder may be missing."""
    return DATA / f"triage_{pack}.{split}.jsonl"


def read(pack: Pack, split: Split) -> list[Row]:
    """Every case, in an order that depends on nothing but its id."""
    with file(pack, split).open(encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    rows = [Row(one["id"], one["input"]["text"], one["expected"]["label"]) for one in found]
    return sorted(rows, key=lambda row: place(row.id))


def labels(rows: Iterable[Row]) -> list[str]:
    """The labels the cases carry, by name."""
    return sorted({row.label for row in rows})


def some(every: Sequence[str], count: int) -> frozenset[str]:
    """So many of the labels, always the same ones; chosen by hash, not by how easy they are."""
    return frozenset(sorted(every, key=place)[:count])


def place(name: str) -> str:
    """Where a name stands in an order that has nothing to do with what it means."""
    return hashlib.sha256(name.encode()).hexdigest()


def labelled(rows: Iterable[Row]) -> str:
    """The cases as JSON lines, as `data import` reads them."""
    return _lines(
        {"id": r.id, "input": {"text": r.text}, "expected": {"label": r.label}} for r in rows
    )


def unlabelled(rows: Iterable[Row]) -> str:
    """The cases as JSON lines, as `item submit` sends them: without their labels."""
    return _lines({"id": row.id, "input": {"text": row.text}} for row in rows)


def plan(names: Sequence[str], changes: Mapping[str, Any] | None = None) -> str:
    """The plan of the walkthrough for these labels; `changes` go into its parts, by path."""
    text = (DOCUMENTS / "plan.yaml").read_text(encoding="utf-8")
    return _changed(text.replace("LABELS", json.dumps(list(names))), changes or {})


def policy(changes: Mapping[str, Any] | None = None) -> str:
    """The values operations start from; `changes` go into them by path."""
    return _changed((DOCUMENTS / "policy.yaml").read_text(encoding="utf-8"), changes or {})


def _changed(text: str, changes: Mapping[str, Any]) -> str:
    document = yaml.safe_load(text)
    for path, value in changes.items():
        *above, name = path.split(".")
        part = document
        for step in above:
            part = part[step]
        if name not in part:
            raise KeyError(f"{path} is no part of the document")
        part[name] = value
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
