"""start, wake and look at a run; the one way in for CLI, console and cron.

Starting writes rows and a job; only the worker advances, and only there langgraph is loaded.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.checkpoints import Checkpoints, count_of, find_place
from agent.shape import shape_of
from agent.state import State
from agent.upgrade import Now, first_input, follow
from policies import rules
from policies.compiled import ladder
from runs import approvals, intake, leases, snapshots, words
from runs.errors import InvalidInput, Unavailable
from runs.intake import Brought
from runs.leases import Lease
from runs.records.intake import Intake, IntakeKind
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.run import Archive, Cancellation, Pin, Run, Trigger, TriggerKind
from runs.snapshots import Masked, Terms
from runs.store.change import Change
from runs.store.filtered import ItemFilter
from runs.store.runs import find_by_key, open_run
from runs.store.store import Store

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph import StateGraph
    from langgraph.graph.state import CompiledStateGraph

    Compiled = CompiledStateGraph[Any, Any, Any, Any]


class Seat(NamedTuple):
    """An uncompiled loop, and what its nodes may touch while it advances one run."""

    graph: "StateGraph[Any, Any, Any, Any]"
    deps: object


Build = Callable[[Store, Lease], Seat]
"""Seats the loop over a store whose every write is fenced by the run's lease."""

ABOUT_ONE: tuple[TriggerKind, ...] = ("feedback", "failure", "scheduled_review")
"""Triggers that say which workflow they are about."""
LEASE_S = 60.0
TITLE_CHARS = 300
RETRY = "retry:"
"""Before the time at which something that failed is tried again, where a run waits for that."""
PAUSED = "__interrupt__"
"""Under which langgraph returns what it paused for."""
STRICT = "__pregel_strict_resume"
"""Private in langgraph, which is pinned for it: a resume that names no pending interrupt raises."""


class TriggerDraft(NamedTuple):
    """Why a run should begin, as it was sent."""

    kind: TriggerKind
    title: str
    text: str
    key: str
    """The same key twice is one run."""
    plan: str = ""
    """YAML of the delivery plan; empty when none is brought."""
    workflow: str = ""
    """The workflow it is about; feedback, a failure and an ops review are about one."""
    items: tuple[str, ...] = ()
    """Live items it names."""
    intake: str = ""
    """Id of the record it begins on; one is made of the draft where none is named."""


def start(
    store: Store, customer: Customer, requester: str, draft: TriggerDraft, terms: Terms
) -> Run:
    """Open a run for a trigger, once a key, with the job that starts it; advances nothing.

    Raises InvalidInput for a plan in which something is wrong; one with holes is taken.
    """
    check_plan(draft.plan, "the plan brought")
    found = intake.get(store, customer, draft.intake).intake if draft.intake else None
    if found is not None:
        draft = _on_record(store, customer, draft, found)
    if not draft.title.strip():
        raise InvalidInput("title is empty; say in one line what the customer wants (--title)")
    id = secrets.token_hex(5)
    with store.change(customer, requester, f"r-{id}") as change:
        return find_by_key(change, draft.key) or _open(change, draft, terms, id=id, found=found)


def _on_record(
    store: Store, customer: Customer, draft: TriggerDraft, found: Intake
) -> TriggerDraft:
    """The draft of a run that begins on a kept record: its words, its workflow, its key."""
    if found.kind not in intake.STARTS:
        raise InvalidInput(
            f"intake {found.id} is an observation ({found.kind}); runs read it, none begins on it: "
            f"begin one on {', '.join(intake.STARTS)}"
        )
    if draft.kind != found.kind:
        raise InvalidInput(
            f"intake {found.id} is of kind {found.kind}, not {draft.kind}; leave --trigger away"
        )
    said = intake.said(store, customer, found)
    return draft._replace(
        title=said["title"],
        text=said["text"],
        workflow=found.workflow,
        key=f"intake:{found.id}",
    )


def _open(
    change: Change, draft: TriggerDraft, terms: Terms, *, id: str, found: Intake | None
) -> Run:
    if found is None and draft.kind != "scheduled_review":
        found = intake.bring_in(change, _brought(draft, draft.kind), _of_words(terms))
    is_about_one = draft.kind in ABOUT_ONE
    title, text = _kept(change, draft, terms)
    requester, now = change.actor, change.clock.now()
    trigger = Trigger(
        id=f"t-{id}",
        kind=draft.kind,
        title=title if found is None else found.title,
        text=text,
        key=draft.key,
        opened_by=requester,
        opened_at=now,
    )
    run = Run(
        id=f"r-{id}",
        trigger=trigger.id,
        workflow=draft.workflow if is_about_one else "",
        status="open",
        waits_for="",
        requester=requester,
        graph=code_digest(),
        opened_at=now,
    )
    if is_about_one and not draft.workflow:
        raise InvalidInput(f"{draft.kind}: it is about no workflow; name it with --workflow")
    opened = open_run(change, trigger, run)
    if found is not None:
        intake.take_up(change, found, run.id)
    return opened


def _brought(draft: TriggerDraft, kind: IntakeKind) -> Brought:
    key, workflow, items = draft.key, draft.workflow, draft.items
    text = draft.text or draft.title
    return Brought(kind, draft.title, text, key, workflow=workflow, items=items)


def _of_words(terms: Terms) -> Terms:
    """What may be kept of words alone, from what may be kept of a trigger."""

    def only_words(text: str) -> Masked:
        masked = terms.mask({"text": text, "plan": ""})
        return Masked(masked.value["text"], masked.count)

    return terms._replace(mask=only_words)


def _kept(change: Change, draft: TriggerDraft, terms: Terms) -> tuple[str, str]:
    """Keep title and text as words of this trigger alone; their digests."""
    value = {"text": draft.text, "plan": draft.plan, "salt": secrets.token_hex(8)}
    text = snapshots.keep_in(change, kind="trigger", value=value, terms=terms)
    if draft.kind != "scheduled_review":
        return "", text
    return words.say(change, draft.title[:TITLE_CHARS], _of_words(terms)), text


def check_plan(text: str, file: str) -> None:
    """Raise InvalidInput for a plan in which something is wrong; holes are no mistake."""
    plan = rules.read_plan(text, file).plan if text else None
    if plan is None:
        return
    try:
        ladder(plan)
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}") from None


@cache
def code_digest() -> str:
    """The digest of the loop's code, which a run is pinned to; read once a process."""
    seen = hashlib.sha256()
    root = files("agent")
    parts = [*root.iterdir(), *(root / "nodes").iterdir()]
    for part in sorted((p for p in parts if p.name.endswith(".py")), key=lambda p: p.name):
        seen.update(part.name.encode() + b"\0" + part.read_bytes() + b"\0")
    return "sha256:" + seen.hexdigest()


class Loop:
    """Advances runs; one worker at a time on one run."""

    def __init__(self, store: Store, build: Build, checkpoints: Checkpoints, *, rules: str) -> None:
        self._store = store
        self._build = build
        self._checkpoints = checkpoints
        self._rules = rules
        """Digest of the installation's rules."""

    def advance(self, customer: Customer, run: str, holder: str) -> Run:
        """Take the run on to its next question, wait or end. Safe to call again at any moment.

        A run that meets another loop than it paused in is asked again or closed where it has to be.
        One that has ended is archived and its checkpoints are deleted. Raises Unavailable while
        another worker holds the run.
        """
        with self._store.database.at_hand():
            if self._store.runs.get(customer, run).status != "ended":
                self._take_on(customer, run, holder)
            found = self._store.runs.get(customer, run)
            if found.status == "ended" and not self._store.runs.is_pruned(customer, run):
                with self._checkpoints() as saver:
                    _archive(self._store, customer, run, saver)
        return found

    def _take_on(self, customer: Customer, run: str, holder: str) -> None:
        with leases.held(
            self._store, customer, f"run:{run}", holder=holder, ttl_s=LEASE_S
        ) as lease:
            if lease is None:
                raise Unavailable(f"run {run} is being advanced by another worker; try again")
            taken = self._store.runs.get(customer, run)
            if taken.status == "ended":
                # Whoever held it before ended it: its pruned thread would begin from the start.
                return
            fenced = self._store.guarded(lambda change: leases.require(change, lease))
            with self._checkpoints() as saver:
                _require_checkpoints(saver)
                _go_on(
                    fenced, self._opened(fenced, saver, lease=lease, run=taken, customer=customer)
                )

    def _opened(
        self,
        store: Store,
        saver: "BaseCheckpointSaver[Any]",
        *,
        lease: Lease,
        run: Run,
        customer: Customer,
    ) -> "_Open":
        """The run in the loop of this program, after whatever becomes of it there was done."""
        seat = self._build(store, lease)
        now = Now(code_digest(), self._rules, shape_of(seat.graph))
        find = partial(find_place, saver)
        pin = follow(store, customer, run, now=now, find_place=find)
        first = first_input(pin, customer, find)
        graph = _compiled(seat.graph).copy({"checkpointer": saver})
        return _Open(graph, seat.deps, customer, pin, first)


@lru_cache(maxsize=8)
def _compiled(graph: "StateGraph[Any, Any, Any, Any]") -> "Compiled":
    """The loop, compiled once a process; what keeps where a run stands is each run's own."""
    return graph.compile()


def _require_checkpoints(saver: object) -> None:
    """A loop that nothing keeps would pause for ever, without a word."""
    if saver is None:
        raise InvalidInput("nothing keeps where a run stands; hand in checkpoints before it starts")


class _Open(NamedTuple):
    """A run that is about to be advanced."""

    graph: "Compiled"
    deps: Any
    customer: Customer
    pin: Pin
    first: dict[str, Any]
    """What its thread begins with."""


def _go_on(store: Store, opened: _Open) -> None:
    graph, run, thread = opened.graph, opened.pin.run, opened.pin.thread
    given = _next_input(store, opened)
    while given is not _NOTHING:
        store.runs.resume(opened.customer, run)
        strictly = _thread(thread, strict=True)
        told = graph.invoke(given, strictly, context=opened.deps, durability="sync")
        paused = told.get(PAUSED, ())
        given = _resumed(store, opened, paused[0]) if paused else _next_input(store, opened)


def _archive(store: Store, customer: Customer, run: str, saver: "BaseCheckpointSaver[Any]") -> None:
    """Keep where an ended run stood, then delete its threads; doing it again changes nothing."""
    pins = store.of_run(customer, Pin, run)
    names = tuple(dict.fromkeys([run, *(pin.thread for pin in pins)]))
    place = find_place(saver, names[-1])
    count = sum(count_of(saver, name) for name in names)
    if place is not None and store.find(customer, Archive, f"{run}.archive") is None:
        known = set(State.__dataclass_fields__)
        state = {name: value for name, value in place.state.items() if name in known and value}
        told = {"id": f"{run}.archive", "run": run, "threads": names, "checkpoints": count}
        store.keep(customer, "worker", Archive.model_validate(told | {"state": state}), run)
    for name in names:
        saver.delete_thread(name)
    store.runs.prune(customer, run, count)


def _next_input(store: Store, opened: _Open) -> object:
    """What wakes the graph: the first state, the id of a closed approval, or `_NOTHING`.

    The id is only a wake-up call: the node reads the decision from the record. A task whose writes
    were kept before a crash, but not the checkpoint after them, is not `next` and still not over.
    """
    seen = opened.graph.get_state(_thread(opened.pin.thread))
    if seen.created_at is None:
        return opened.first
    if not seen.tasks:
        return _NOTHING
    if not seen.interrupts:
        return None
    return _resumed(store, opened, seen.interrupts[0])


def _resumed(store: Store, opened: _Open, pending: Any) -> object:
    """What resumes a pause that is over; `_NOTHING`, and the run says what it waits for, if not."""
    from langgraph.types import Command

    customer, run = opened.customer, opened.pin.run
    waits_for = _named(pending.value)
    if _is_ready(store, customer, run, pending.value):
        return Command(resume={pending.id: waits_for})
    store.runs.wait(customer, run, waits_for)
    return _NOTHING


def _named(asked: dict[str, Any]) -> str:
    """What a pause waits for, as the run names it."""
    if "retry_at" in asked:
        return f"{RETRY}{asked['retry_at']}"
    return asked.get("approval_id") or f"signals:{asked['release_id']}"


def find_cancellation(store: Store, customer: Customer, run: str) -> Cancellation | None:
    """Who called the run off, and why; None while nobody did."""
    return store.find(customer, Cancellation, f"{run}.cancelled")


def _is_answered(store: Store, customer: Customer, run: str, approval: str) -> bool:
    """Whether a question is closed; what a run asks that was called off is withdrawn here.

    Its last update is still asked for. One that nobody answered may have gone on to others: that
    one is withdrawn then.
    """
    asked = approvals.get(store, customer, approval)
    if asked.kind == "update" or find_cancellation(store, customer, run) is None:
        return asked.status != "open"
    asked = approvals.latest(store, customer, approval)
    if asked.status == "open":
        with store.change(customer, f"run:{run}", run) as change:
            approvals.withdraw(change, asked)
    return True


def _is_ready(store: Store, customer: Customer, run: str, asked: dict[str, Any]) -> bool:
    if "approval_id" in asked:
        return _is_answered(store, customer, run, asked["approval_id"])
    if find_cancellation(store, customer, run) is not None:
        return True
    if "retry_at" in asked:
        return store.clock.now() >= datetime.fromisoformat(asked["retry_at"])
    release = store.releases.get(customer, asked["release_id"])
    return measured(store, customer, release) != asked["measured"]


def measured(store: Store, customer: Customer, release: Release) -> str:
    """What a waiting monitor last saw, in short: it looks again when this changes."""
    wanted = ItemFilter(release=release.id, stage=release.stage)
    labelled = store.reviews.count_decided(customer, release.id, release.stage)
    counts = store.items.count(customer, wanted)
    hours = (store.clock.now() - (release.entered_at or release.opened_at)) // timedelta(hours=1)
    return f"{release.digest[7:15]}:{sum(counts.values())}:{labelled}:{hours}"


def _thread(name: str, *, strict: bool = False) -> "RunnableConfig":
    configurable = {"thread_id": name} | ({STRICT: True} if strict else {})
    return {"configurable": configurable, "recursion_limit": 300}


_NOTHING = object()
