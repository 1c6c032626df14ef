"""What the loop costs beside bare LangGraph: one run of either, with the same supersteps.

    python -m bench.loop [--rounds N] [--json]

Ours is the whole loop to a run's agreed stage: record, events, approvals by digest, leases, pins
and a model that answers at once. Its domain work is next to nothing, or timed apart by name: what
versions answer was found before, the candidate passes its first dry run; scoring cases, measuring
items, reaching systems and every drill stop the watch. The other side is a graph that does nothing:
as many nodes in a row, the same state of ids, as many pauses, the same checkpointer, `durability`
sync on both. Only advancing is timed; people and items are not. Both wait for their disk as they
ship: where `TMPDIR` is in memory only the processor is compared. One more round of ours is profiled
for where its time goes. Ends with 1 while the ratio is above its goal.
"""

import cProfile
import gc
import json
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple

import click
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from agent import checkpoints, milestones, reach, standing
from agent.deps import Deps
from agent.loop import Loop
from agent.nodes import dry_run, monitor
from agent.seat import seat
from agent.state import State, Update
from pilotage.cli.main import SELDOM
from runs.leases import Lease
from runs.records.person import Customer
from runs.store.store import Store
from tests.proposing import by_purpose
from tests.tickets import plan_of, written
from tests.voyage import Voyage, set_out
from workflow.evaluate.bench import Bench

GOAL = 4.0
ROUNDS = 3
RULE = {
    "id": "amount_limit",
    "when": "item.amount > 500",
    "route": "review",
    "owner": "ops_lead",
    "why": "above it a person decides",
}
PLACES = (
    ("sqlite3", "databases: statements and commits"),
    ("sqlalchemy", "SQLAlchemy"),
    ("pydantic", "records: read and checked"),
    ("rfc8785", "digests"),
    ("hashlib", "digests"),
    ("/json/", "JSON"),
    ("langgraph", "LangGraph"),
    ("langchain", "LangGraph"),
    ("/runs/", "runs: the record"),
    ("/agent/", "agent: the loop"),
    ("/workflow/", "workflow: what is left of domain work"),
    ("/rollout/", "rollout: releases and signals"),
    ("/policies/", "policies: rules"),
)
"""Where a function stands, and what its own time is told as; the first that fits."""
REST = "Python and the rest"
DOMAIN: tuple[tuple[str, Any, str], ...] = (
    ("a dry run's cases, scored", dry_run, "_measure"),
    ("a stage's items, measured", monitor, "measure"),
    ("a stage's items, counted", standing, "count"),
    ("systems reached", reach, "look"),
    ("the way back rehearsed", milestones, "rehearse"),
    ("the data contract", milestones.MADE, "contract"),
    ("faults practised", milestones.MADE, "faults"),
    ("alerts practised", milestones.MADE, "alert_drill"),
)
"""Work of the domain, and where the loop calls it."""


class Took(NamedTuple):
    """What one side took for one run."""

    seconds: float
    cpu_s: float
    """Of a processor: a machine with other work to do makes the seconds many."""
    supersteps: int
    pauses: int
    checkpoint_bytes: int
    domain_s: Mapping[str, float] = MappingProxyType({})
    """Besides: its domain work, by name."""


class Timed(Voyage):
    """A run whose advancing is timed, and its checkpoints counted before they are deleted."""

    seconds = 0.0
    cpu_s = 0.0
    domain_s: Mapping[str, float] = MappingProxyType({})
    pauses = -1
    """One less than it was advanced: the last time it ends."""
    kept = (0, 0)
    """Supersteps and bytes."""
    profile: cProfile.Profile | None = None

    def loop(self) -> Loop:
        """As it ships, on files that wait for their disk."""

        def made(store: Store, lease: Lease) -> Any:
            deps = replace(self.engines.deps(store, lease), salt=lambda: "salt")
            return seat(self.change_deps(deps))

        return Loop(self.store, made, self._opened, rules=self.wired.installation.digest)

    def advance(self, holder: str = "w1") -> Any:
        """To its next question, wait or end, on the stopwatch."""
        self._watch(1)
        run = super().advance(holder)
        self._watch(-1)
        self.pauses += 1
        return run

    def _watch(self, way: int) -> None:
        """Start the stopwatch (1), or stop it (-1)."""
        self.seconds -= way * time.perf_counter()
        self.cpu_s -= way * time.process_time()
        if self.profile is not None:
            (self.profile.enable if way > 0 else self.profile.disable)()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """The stopwatch stands while domain work is done, and that has one of its own."""
        spent = dict.fromkeys((name for name, _, _ in DOMAIN), 0.0)
        self.domain_s = spent
        with ExitStack() as stack:
            for name, place, called in DOMAIN:
                stack.enter_context(replaced(place, called, partial(self._timed, spent, name)))
            yield

    def _timed(self, spent: dict[str, float], name: str, work: Callable[..., Any]) -> Any:
        def timed(*given: Any, **told: Any) -> Any:
            self._watch(-1)
            began = time.perf_counter()
            try:
                return work(*given, **told)
            finally:
                spent[name] += time.perf_counter() - began
                self._watch(1)

        return timed

    @contextmanager
    def _opened(self) -> Iterator[BaseCheckpointSaver[Any]]:
        with checkpoints.opened(self.wired.checkpoints) as saver:
            delete = saver.delete_thread

            def counted(thread: str) -> None:
                self.kept = (checkpoints.count_of(saver, thread), size_of(saver))
                delete(thread)

            saver.delete_thread = counted  # pyright: ignore[reportAttributeAccessIssue] -- counted first
            yield saver


@contextmanager
def replaced(place: Any, name: str, around: Callable[[Any], Any]) -> Iterator[None]:
    """Have something stand around a function, where it is called, until the block ends."""
    if isinstance(place, dict):
        before, put = place[name], partial(place.__setitem__, name)
    else:
        before, put = getattr(place, name), partial(setattr, place, name)
    put(around(before))
    try:
        yield
    finally:
        put(before)


def size_of(saver: Any) -> int:
    """Bytes of every checkpoint and of every write beside them."""
    queries = (
        "SELECT coalesce(sum(length(checkpoint) + length(metadata)), 0) FROM checkpoints",
        "SELECT coalesce(sum(length(value)), 0) FROM writes",
    )
    return sum(saver.conn.execute(query).fetchone()[0] for query in queries)


def plan() -> str:
    """One that its first candidate fulfils, to the sandbox and one stage that acts."""
    routing = plan_of().as_json()["routing"] | {"rules": [RULE]}
    return written(plan_of(routing=routing))


def ours(
    home: Voyage, folder: Path, bench: Bench | None, profile: cProfile.Profile | None = None
) -> tuple[Took, Bench]:
    """The whole loop, once; with what versions answer where it was found before."""
    copied = home.copy(folder)
    voyage = Timed(copied.folder, copied.tokens, copied.clock)
    model = by_purpose(ranking={"notes": [], "others": []}, update=first_sentence)

    def changed(deps: Deps) -> Deps:
        return replace(deps, models=lambda customer, run: model, bench=bench_of(bench, deps.bench))

    voyage.change_deps = changed
    voyage.profile = profile
    voyage.start(plan())
    with voyage.apart():
        voyage.until("ended")
    if voyage.terminal.kind != "stage_reached":
        raise RuntimeError(f"the run did not reach its stage: {voyage.terminal.reason}")
    steps, size = voyage.kept
    found = bench or voyage.engines.bench(voyage.customer)
    took = Took(voyage.seconds, voyage.cpu_s, steps, voyage.pauses, size, voyage.domain_s)
    return took, found


def bench_of(found: Bench | None, own: Callable[[Customer], Bench]) -> Callable[[Customer], Bench]:
    """What answers cases: as it was found before, or the run's own."""
    return own if found is None else lambda customer: found


def first_sentence(request: Any) -> dict[str, Any]:
    """An update of one sentence that states next to nothing."""
    return {"sentences": [{"text": "This is how it ended.", "evidence": ["E1"]}]}


def bare(folder: Path, *, steps: int, pauses: int) -> Took:
    """A graph that does nothing, with as many checkpoints and pauses."""
    url = f"sqlite:///{folder / 'bare.db'}"
    thread: RunnableConfig = {"configurable": {"thread_id": "r"}, "recursion_limit": 1_000}
    graph = _row(steps - 2, pauses)
    given: Any = {"customer": "acme", "run": "r-0123456789"}
    kept, size, seconds, cpu_s = 0, 0, 0.0, 0.0
    for number in range(pauses + 1):
        began, used = time.perf_counter(), time.process_time()
        with checkpoints.opened(url) as saver:
            compiled = graph.compile(checkpointer=saver)
            compiled.invoke(given, thread, durability="sync")
            seen = compiled.get_state(thread)
            seconds += time.perf_counter() - began
            cpu_s += time.process_time() - used
            if number == pauses:
                kept, size = checkpoints.count_of(saver, "r"), size_of(saver)
            else:
                given = Command(resume={seen.interrupts[0].id: "a-1"})
    return Took(seconds, cpu_s, kept, pauses, size)


def _row(nodes: int, pauses: int) -> "StateGraph[Any, Any, Any, Any]":
    """So many nodes in a row, of which some wait."""
    graph = StateGraph(State)
    waits = {(number + 1) * nodes // (pauses + 1) for number in range(pauses)}
    names = [f"n{number}" for number in range(nodes)]
    for number, name in enumerate(names):
        graph.add_node(name, _wait if number in waits else _nothing)
    for before, after in pairwise([START, *names, END]):
        graph.add_edge(before, after)
    return graph


def _nothing(state: State) -> Update:
    return {"verdict": "r-0123456789.dev.0123abcd.0123abcd.0123abcd.verdict"}


def _wait(state: State) -> Update:
    interrupt({"approval_id": "r-0123456789.plan.0123abcd", "title": "", "decisions": []})
    return {}


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """Shares of the time, by where each function stands; they are 1 together."""
    spent: dict[str, float] = {}
    for (file, _, name), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # pyright: ignore[reportAttributeAccessIssue] -- not typed
        at = f"{file}:{name}"
        place = next((says for part, says in PLACES if part in at), REST)
        spent[place] = spent.get(place, 0.0) + own
    total = sum(spent.values())
    return {name: took / total for name, took in sorted(spent.items(), key=lambda one: -one[1])}


def measure(rounds: int, folder: Path) -> dict[str, Any]:
    """Both sides, turn about, after a round that finds what versions answer."""
    home = set_out(folder / "home")
    first, found = ours(home, folder / "first", None)
    pairs = []
    for number in range(rounds):
        own, _ = ours(home, folder / f"ours-{number}", found)
        at = folder / f"bare-{number}"
        at.mkdir()
        pairs.append((own, bare(at, steps=own.supersteps, pauses=own.pauses)))
    profile = cProfile.Profile()
    ours(home, folder / "profiled", found, profile)
    ratios = [own.seconds / other.seconds for own, other in pairs]
    return {
        "ratio": median(ratios),
        "ratios": ratios,
        "ratio_with_domain": median(
            (own.seconds + sum(own.domain_s.values())) / other.seconds for own, other in pairs
        ),
        "cpu_ratio": median(own.cpu_s / other.cpu_s for own, other in pairs),
        "goal": GOAL,
        "first_s": first.seconds,
        "ours": [own._asdict() for own, _ in pairs],
        "bare": [other._asdict() for _, other in pairs],
        "parts": shares(profile),
    }


def lines(told: dict[str, Any]) -> list[str]:
    """The measurement for people."""
    own, other = told["ours"][-1], told["bare"][-1]
    return [
        f"ratio {told['ratio']:.1f} (each round: "
        f"{', '.join(f'{one:.1f}' for one in told['ratios'])}), of processor time "
        f"{told['cpu_ratio']:.1f}; the goal is at most {GOAL:.0f}",
        f"with its domain work, {sum(own['domain_s'].values()):.2f} s: "
        f"{told['ratio_with_domain']:.1f}",
        *(f"  {spent * 1e3:5.0f} ms  {name}" for name, spent in own["domain_s"].items()),
        *(
            f"{name}: {one['seconds']:.2f} s ({one['cpu_s']:.2f} s of a processor), "
            f"{one['supersteps']} supersteps, {one['pauses']} pauses, "
            f"{one['checkpoint_bytes']} bytes of checkpoints"
            for name, one in (("the loop", own), ("bare LangGraph", other))
        ),
        f"the first time, with its domain work: {told['first_s']:.2f} s",
        "where the time of the loop goes, under a profiler:",
        *(f"  {share:5.1%}  {name}" for name, share in told["parts"].items()),
    ]


@click.command()
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(rounds: int, as_json: bool) -> None:
    """Time the loop beside bare LangGraph."""
    # On both sides, as our commands have it.
    gc.set_threshold(*SELDOM)
    with tempfile.TemporaryDirectory(prefix="loop-") as made:
        told = measure(rounds, Path(made))
    text = json.dumps(told) if as_json else "\n".join(lines(told))
    sys.stdout.write(f"{text}\n")
    sys.exit(int(told["ratio"] > GOAL))


if __name__ == "__main__":
    main()
