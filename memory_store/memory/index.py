"""The index in Chroma: used while it is sound, made again from SQL when it is not."""

import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory_store.embedding import Embedder
from memory_store.memory.collection import Collection, Entry, connect
from memory_store.memory.folder import Folder
from memory_store.memory.probe import look

log = logging.getLogger("pilotage.memory")

WORN = 1.0
"""Vectors that are no longer wanted, for each that is, at which the index is made again."""


class Hit(NamedTuple):
    """A lesson found in the index, its customer as its key says, and its cosine."""

    customer: str
    lesson: str
    score: float


class Opened(NamedTuple):
    """What came of opening the index."""

    state: Literal["ready", "rebuilt", "not_ours", "broken"]
    reason: str


NOT_OURS = Opened("not_ours", "another worker has it")


class Index:
    """Vectors of active lessons, of every customer, in a folder that one process owns.

    Nothing here raises: an index that cannot be used says so, and whoever asks searches SQL.
    """

    def __init__(self, root: Path, embedder: Embedder, *, has_lease: Callable[[], bool]) -> None:
        self._name = f"pilotage-{embedder.name}-{embedder.dimension}"
        self._folder = Folder(root / self._name)
        self._has_lease = has_lease
        self._collection: Collection | None = None
        self._held: dict[str, frozenset[str]] = {}
        self._guard = threading.RLock()

    @property
    def is_ready(self) -> bool:
        """Whether it can be searched."""
        return self._collection is not None

    def held(self, customer: str) -> frozenset[str]:
        """Ids of this customer's lessons that are in it."""
        return self._held.get(customer, frozenset())

    def open(self, wanted: Sequence[Entry]) -> Opened:
        """Open the index and bring it up to `wanted`, every vector there is in SQL."""
        with self._guard:
            try:
                return self._open(wanted) if self._owns() else NOT_OURS
            except OSError as error:
                return self._broken("open", error)

    def rebuild(self, wanted: Sequence[Entry], reason: str) -> Opened:
        """Make the index again from `wanted` beside the old one, then put it in its place."""
        with self._guard:
            try:
                return self._rebuild(wanted, reason) if self._owns() else NOT_OURS
            except OSError as error:
                return self._broken("rebuild", error)

    def upsert(self, entries: Sequence[Entry]) -> bool:
        """Put the entries in; False when the index cannot take them now."""
        with self._guard:
            if self._collection is None or not self._has_lease():
                return False
            try:
                self._put(self._collection, entries)
                self._folder.blank()
            except Exception as error:  # Chroma names no class for what it may raise
                self._broken("upsert", error)
            return self.is_ready

    def search(self, customer: str, vector: NDArray[np.float32], most: int) -> list[Hit] | None:
        """The nearest that the index says are this customer's; None when it cannot be used.

        Nobody waits for it: while it is written or made again, it cannot be used.
        """
        if not self._guard.acquire(blocking=False):
            return None
        try:
            if self._collection is None:
                return None
            near = self._collection.nearest(customer, vector, most)
        except Exception as error:  # Chroma names no class for what it may raise
            self._broken("search", error)
            return None
        finally:
            self._guard.release()
        return [Hit(*_owner(key), score) for key, score in near]

    def distrust(self, reason: str) -> None:
        """Use the index no more until it has been looked at again."""
        with self._guard:
            log.warning("the index is no longer trusted: %s", reason)
            self._let_go()

    def close(self) -> None:
        """Leave the folder as sound as it is, for the next process."""
        with self._guard:
            was_ready = self.is_ready
            self._let_go()
            try:
                if was_ready:
                    self._folder.seal()
            except OSError as error:
                log.warning("the index was left unsealed", exc_info=error)
            self._folder.unlock()

    def _owns(self) -> bool:
        """Whether this process may write; without the lease it leaves the folder to another."""
        if not self._has_lease():
            self.close()
            return False
        self._let_go()
        return self._folder.lock()

    def _open(self, wanted: Sequence[Entry]) -> Opened:
        current, reason = self._folder.current(), self._unsound()
        if current is None or reason:
            return self._rebuild(wanted, reason)
        self._folder.open()
        try:
            collection = connect(current, self._name)
            labels = collection.keys()
            self._hold(collection, labels)
            self._put(collection, [entry for entry in wanted if entry.key not in labels])
            self._folder.blank()
        except Exception as error:  # Chroma names no class for what it may raise
            return self._rebuild(wanted, f"it does not open ({error})")
        reason = _misfit(labels, wanted)
        return self._rebuild(wanted, reason) if reason else Opened("ready", "")

    def _unsound(self) -> str:
        """Why the generation in use must be made again; empty when it need not."""
        state, current = self._folder.state(), self._folder.current()
        if current is None or state == "empty":
            return "there was none"
        if state == "changed":
            return "its files changed while nobody had it open"
        return look(current, self._name).reason if state == "left_open" else ""

    def _rebuild(self, wanted: Sequence[Entry], reason: str) -> Opened:
        self._let_go()
        generation = self._folder.begin()
        try:
            collection = connect(generation, self._name)
            self._hold(collection, ())
            self._put(collection, wanted)
        except Exception as error:  # Chroma names no class for what it may raise
            return self._broken("rebuild", error)
        self._folder.use(generation)
        log.info("the index was made again: %s", reason, extra={"vectors": len(wanted)})
        return Opened("rebuilt", reason)

    def _put(self, collection: Collection, entries: Sequence[Entry]) -> None:
        # A text of no telling word has no direction, and a cosine with it is no number.
        real = [entry for entry in entries if entry.vector.any()]
        collection.upsert(real)
        self._note(entry.key for entry in real)

    def _hold(self, collection: Collection, keys: Iterable[str]) -> None:
        self._collection, self._held = collection, {}
        self._note(keys)

    def _note(self, keys: Iterable[str]) -> None:
        added: dict[str, set[str]] = defaultdict(set)
        for customer, lesson in map(_owner, keys):
            added[customer].add(lesson)
        # Replaced whole: other threads read it without waiting.
        grown = {customer: self.held(customer) | more for customer, more in added.items()}
        self._held = {**self._held, **grown}

    def _broken(self, act: str, error: Exception) -> Opened:
        log.warning("the index could not %s; SQL is searched instead", act, exc_info=error)
        self._let_go()
        return Opened("broken", f"{act}: {error}")

    def _let_go(self) -> None:
        collection, self._collection, self._held = self._collection, None, {}
        if collection is not None:
            try:
                collection.close()
            except Exception as error:  # Chroma names no class for what it may raise
                log.warning("the index did not close", exc_info=error)


def key_of(customer: str, lesson: str) -> str:
    """The key of a lesson's vector: no two customers share one, whatever their ids are."""
    return json.dumps([customer, lesson])


def _misfit(labels: Mapping[str, str], wanted: Sequence[Entry]) -> str:
    """Why an index that opens does not fit SQL; empty when it does."""
    if any(_owner(key)[0] != customer for key, customer in labels.items()):
        return "a vector is labelled as another customer's"
    unwanted = labels.keys() - {entry.key for entry in wanted}
    return "most of it is no longer wanted" if len(unwanted) > WORN * max(1, len(wanted)) else ""


def _owner(key: str) -> tuple[str, str]:
    """Customer and lesson of a key; of nobody when it is none of ours."""
    try:
        customer, lesson = json.loads(key)
    except (ValueError, TypeError):
        return "", key
    return str(customer), str(lesson)
