"""how far something has come: a bar on a terminal, one line a step elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from pilotage.cli.call import Call


class Steps(Protocol):
    """Told of each step as it begins."""

    def __call__(self, says: str) -> None:
        """Say which step begins now."""
        ...


@contextmanager
def steps(call: Call, title: str, total: int | None = None) -> Iterator[Steps]:
    """Show steps on stderr; `total` of them, or nobody knows how many."""
    if call.is_quiet:
        yield lambda says: None
    elif call.draws:
        with _bar(call, title, total) as step:
            yield step
    else:
        yield _lines(call, title)


def _lines(call: Call, title: str) -> Steps:
    """One line a step, where nothing can be drawn."""
    return lambda says: call.say(f"{title}: {says}")


@contextmanager
def _bar(call: Call, title: str, total: int | None) -> Iterator[Steps]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    console = Console(stderr=True, no_color=call.settings.no_color, markup=False)
    if console.is_dumb_terminal:
        yield _lines(call, title)
        return
    counted = [MofNCompleteColumn()] if total else []
    columns = [TextColumn("{task.description}", markup=False), BarColumn(), *counted]
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task(title, total=total)
        begun = False

        def step(says: str) -> None:
            nonlocal begun
            if not total:
                progress.console.print(Text(f"{title}: {says}"))
            progress.update(task, description=f"{title}: {says}", advance=int(begun))
            begun = True

        yield step
        if total:
            progress.update(task, completed=total)
            progress.refresh()
