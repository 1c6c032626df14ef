"""what people wrote: kept masked under a name of its own, quoted by that name, told in one place.

A row or record that has to say what somebody wrote holds a quote, «name», of the snapshot or the
lesson the words stand in. So they stand once, and are gone everywhere when they are erased there.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from runs import snapshots, tables
from runs.records.person import Customer
from runs.snapshots import Masked, Terms
from runs.store.change import Change
from runs.store.store import Store

V = TypeVar("V")

AS_SAID = Terms(lambda value: Masked(value, 0), None)
"""Nothing is masked; kept as long as what names it."""
QUOTE = re.compile(r"«(sha256:[0-9a-f]{64}|lesson-[\w-]{1,70})»")
UNTOLD = "…"
AT_ONCE = 500


def say(change: Change, text: str, terms: Terms, *, kind: str = "words") -> str:
    """Keep what a person wrote, masked; the digest that names it, empty for an empty text.

    A random part makes every name its own: one erasure never takes another person's words along,
    and nobody finds an erased text again by guessing.
    """
    said = text.strip()
    if not said:
        return ""
    masked = terms.mask(said)
    value = {"salt": secrets.token_hex(8), "text": masked.value}
    as_is = terms._replace(mask=lambda value: Masked(value, masked.count))
    return snapshots.keep_in(change, kind=kind, value=value, terms=as_is)


def quote(name: str) -> str:
    """How a text says what stands under a digest, or in a lesson; empty for an empty name."""
    return f"«{name}»" if name else ""


def quoted(text: str) -> list[str]:
    """Every name a text quotes, in order."""
    return QUOTE.findall(text)


def untold(text: str) -> str:
    """The text without anybody's words, for places from which they could not be erased."""
    return QUOTE.sub(UNTOLD, text)


def told(store: Store, customer: Customer, value: V) -> V:
    """A JSON value in which every quote is what was said, or says when and by whom it was erased.

    However many quotes there are, they are read together.
    """
    names = sorted({name for text in _texts(value) for name in quoted(text)})
    if not names:
        return value
    return _replaced(value, said(store, customer, names))


def words(store: Store, customer: Customer, name: str) -> str:
    """What was said under one name, or that it was erased; empty for an empty name."""
    return told(store, customer, quote(name))


def said(store: Store, customer: Customer, names: Sequence[str]) -> dict[str, str]:
    """What stands under each name; a name under which nothing stands is left out."""
    digests = [name for name in names if name.startswith("sha256:")]
    rest = [name for name in names if not name.startswith("sha256:")]
    found = {
        **dict(_of_snapshots(store, customer, digests)),
        **dict(_of_lessons(store, customer, rest)),
    }
    gone = [name for name, text in found.items() if text is None]
    when = erased(store, customer, gone) if gone else {}
    return {
        name: when.get(name, "[erased]") if text is None else text for name, text in found.items()
    }


def erased(store: Store, customer: Customer, names: Iterable[str]) -> dict[str, str]:
    """For each of these snapshots and lessons that was erased, when and by whom."""
    table, found = tables.events, {}
    for part in parts(sorted(names)):
        query = (
            sa.select(table.c.subject, table.c.at, table.c.actor, table.c.body)
            .where(table.c.customer == customer.id, table.c.subject.in_(part))
            .where(table.c.table.in_(["snapshots", "lessons"]))
            .where(table.c.kind.in_(["snapshot_erased", "lesson_erased"]))
        )
        for row in store.ledger.rows(query.order_by(table.c.seq)):
            is_over = json.loads(row["body"]).get("why") == "retention"
            when = row["at"][:16].replace("T", " ")
            who = f"{row['actor']}, its time was over" if is_over else row["actor"]
            found[row["subject"]] = f"[erased {when} UTC by {who}]"
    return found


def parts(names: list[str]) -> Iterator[list[str]]:
    """The names in as many lists as one statement each can ask for."""
    return (names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE))


def _of_snapshots(
    store: Store, customer: Customer, digests: list[str]
) -> Iterator[tuple[str, str | None]]:
    for part in parts(digests):
        for row in store.ledger.at(tables.snapshots, customer, digest=part):
            value = None if row["content"] is None else json.loads(row["content"])
            if value is None:
                yield row["digest"], None
            elif isinstance(value, dict):
                yield row["digest"], str(value.get("text", value.get("says", "")))


def _of_lessons(
    store: Store, customer: Customer, ids: list[str]
) -> Iterator[tuple[str, str | None]]:
    table = tables.lessons
    for part in parts(ids):
        query = sa.select(table.c.id, table.c.status, table.c.body).where(
            table.c.customer == customer.id, table.c.id.in_(part)
        )
        for row in store.ledger.rows(query):
            yield row["id"], None if row["status"] == "erased" else row["body"]["text"]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _replaced(value: Any, said: dict[str, str]) -> Any:
    if isinstance(value, str):
        return QUOTE.sub(lambda match: said.get(match[1], match[0]), value)
    if isinstance(value, dict):
        return {key: _replaced(inner, said) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        inner = [_replaced(one, said) for one in value]
        return inner if isinstance(value, list) else tuple(inner)
    return value
