"""What the next change of an item writes first: so that none is made for it alone."""

from collections.abc import Callable
from typing import NamedTuple

from runs.snapshots import Text, write_all_in
from runs.store.change import Change

Write = Callable[[Change], object]
"""Writes something inside a change."""


class _Texts(NamedTuple):
    """Texts that are written together."""

    texts: list[Text]

    def __call__(self, change: Change) -> None:
        """Write them inside a change."""
        write_all_in(change, self.texts)


class Pending:
    """Writes in their order, each of which is kept once, however many changes were not."""

    def __init__(self) -> None:
        self._writes: list[Write] = []
        self._last: tuple[Change, int] | None = None
        """The change that wrote them last, and how many it wrote."""
        self._is_owed = False

    def add(self, write: Write) -> None:
        """Write this with the next change; never, where none comes."""
        self._drop_kept()
        self._writes.append(write)

    def keep(self, text: Text) -> None:
        """Keep this text with the next change, together with those that come one after another."""
        self._drop_kept()
        last = self._writes[-1] if self._writes else None
        if not isinstance(last, _Texts):
            last = _Texts([])
            self._writes.append(last)
        last.texts.append(text)

    def owe(self, write: Write) -> None:
        """Write this with the next change, and in one of its own where none comes."""
        self.add(write)
        self._is_owed = True

    @property
    def is_owed(self) -> bool:
        """Whether something is left that has to be written even where nothing else is."""
        self._drop_kept()
        return self._is_owed

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to write."""
        self._drop_kept()
        return not self._writes

    def write_in(self, change: Change) -> None:
        """Write all of them inside a change; where it is not kept they are still to be written."""
        self._drop_kept()
        for write in self._writes:
            write(change)
        self._last = (change, len(self._writes))

    def _drop_kept(self) -> None:
        if self._last is not None and self._last[0].is_kept:
            del self._writes[: self._last[1]]
            self._last = None
            self._is_owed = self._is_owed and bool(self._writes)
