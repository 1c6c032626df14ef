"""what customers bring between runs: kept once a key, and taken up by one run."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, get_args

import sqlalchemy as sa

from runs import snapshots, tables, words
from runs.errors import Conflict, InvalidInput, NotFound
from runs.records.intake import Intake, IntakeKind, Observed, Right, Uptake
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.run import Run
from runs.snapshots import Masked, Terms
from runs.store.change import Change
from runs.store.store import Store, keep, record_key

ABOUT_ONE = ("feedback", "failure")
"""Kinds that name the workflow they are about."""
STARTS: tuple[IntakeKind, ...] = ("priority", "request", "feedback", "failure")
"""Kinds a run begins on; the others are observations that runs read."""
TITLE_CHARS = 300


class Brought(NamedTuple):
    """Something a customer brings, as it was sent."""

    kind: IntakeKind
    title: str
    text: str
    key: str
    workflow: str = ""
    items: Sequence[str] = ()
    figures: Sequence[Observed] = ()
    right: Sequence[Right] = ()
    """What a domain expert says is right for items; whoever calls has asked for the role."""


class Reported(NamedTuple):
    """An intake record, and the run that took it up."""

    intake: Intake
    run: str
    """Empty while it is open."""


def bring(store: Store, customer: Customer, by: str, brought: Brought, terms: Terms) -> Intake:
    """Keep what was brought; the same key and body again is the record there is.

    Raises Conflict for the same key with another body; InvalidInput for what is missing;
    NotFound for an item that is not there.
    """
    with store.change(customer, by) as change:
        return bring_in(change, brought, terms)


def bring_in(change: Change, brought: Brought, terms: Terms) -> Intake:
    """Keep what was brought inside a change."""
    id = f"in-{digest_of(brought.key)[7:19]}"
    row = change.find(tables.records, id=f"intake:{id}")
    if row is not None:
        present = Intake.model_validate(row["body"])
        _require_same(change, present, brought, terms)
        return present
    _check(change, brought)
    record = Intake(
        id=id,
        kind=brought.kind,
        title=_say(change, brought.title.strip(), terms, most=TITLE_CHARS),
        text=_say(change, brought.text, terms),
        workflow=brought.workflow,
        items=tuple(brought.items),
        figures=tuple(brought.figures),
        right=tuple(brought.right),
        key=brought.key,
        by=change.actor,
        at=change.clock.now(),
    )
    keep(change, record)
    return record


def take_up(change: Change, intake: Intake, run: str) -> None:
    """Let a run take a record up; Conflict when another run did."""
    row = change.find(tables.records, id=f"uptake:{intake.id}")
    if row is not None and row["body"]["run"] != run:
        raise Conflict(
            f"intake {intake.id} was taken up by run {row['body']['run']}; "
            f"`pilotage run show {row['body']['run']}` says how it stands"
        )
    keep(change, Uptake(id=intake.id, run=run, title=intake.title, text=intake.text))


def get(store: Store, customer: Customer, id: str) -> Reported:
    """The record of this id, or of a prefix that is unique; NotFound otherwise."""
    table, begins = tables.records, record_key(Intake, id)
    # A range and no LIKE: only a range is looked up in the key on both databases.
    query = sa.select(table.c.body).where(
        table.c.customer == customer.id, table.c.id >= begins, table.c.id < f"{begins}\uffff"
    )
    rows = store.ledger.rows(query.order_by(table.c.id).limit(2))
    found = [Intake.model_validate(row["body"]) for row in rows]
    if len(found) != 1 and not (found and found[0].id == id):
        what = "several intake records begin" if found else "no intake record begins"
        raise NotFound(f"{what} with {id!r}; `pilotage intake list` shows them")
    taken = store.find(customer, Uptake, found[0].id)
    return Reported(found[0], "" if taken is None else taken.run)


def everything(
    store: Store, customer: Customer, *, kinds: Collection[IntakeKind] = ()
) -> list[Reported]:
    """The newest records first, each with the run that took it up; of some kinds where named."""
    taken = {one.id: one.run for one in store.list(customer, Uptake, None)}
    kept = store.list(customer, Intake, None, of=kinds)
    return [Reported(one, taken.get(one.id, "")) for one in kept]


def open_ones(store: Store, customer: Customer) -> list[Intake]:
    """What a run may begin on and none took up yet, newest first."""
    return [one.intake for one in everything(store, customer, kinds=STARTS) if not one.run]


def observations(store: Store, customer: Customer, limit: int) -> list[Intake]:
    """The newest of what was only observed: runs read it, and none takes it up."""
    kinds = set(get_args(IntakeKind)) - set(STARTS)
    return store.list(customer, Intake, limit, of=kinds)


def find_of_run(store: Store, customer: Customer, run: Run) -> Intake | None:
    """What the run began on, or the run whose blocker it continues; None for an ops review."""
    seen: set[str] = set()
    while run.id not in seen:
        seen.add(run.id)
        taken = store.of_run(customer, Uptake, run.id)
        if taken:
            return store.get(customer, Intake, taken[0].id)
        if run.continues:
            run = store.runs.get(customer, run.continues)
    return None


def said(store: Store, customer: Customer, intake: Intake) -> dict[str, Any]:
    """Title and text as they were said, or when and by whom they were erased."""
    parts = {"title": words.quote(intake.title), "text": words.quote(intake.text)}
    return words.told(store, customer, parts)


def _check(change: Change, brought: Brought) -> None:
    if not brought.title.strip():
        raise InvalidInput("title is empty; say in one line what it is about (--title or --text)")
    if not brought.text.strip():
        raise InvalidInput("text is empty; say what happened or what is wanted (--text)")
    if brought.kind in ABOUT_ONE and not brought.workflow:
        raise InvalidInput(f"{brought.kind}: it is about no workflow; name it with --workflow")
    known = [*brought.items, *(one.item for one in brought.right)]
    for name in known:
        row = change.find(tables.items, id=name)
        if row is None:
            raise NotFound(f"there is no item {name!r}; `pilotage item list` shows them")
        if brought.workflow and row["workflow"] != brought.workflow:
            raise InvalidInput(
                f"item {name} is of workflow {row['workflow']}, not of {brought.workflow}; "
                "name items of one workflow"
            )


def _require_same(change: Change, present: Intake, brought: Brought, terms: Terms) -> None:
    kept = (present.kind, present.workflow, present.items, present.figures, present.right)
    sent = (
        brought.kind,
        brought.workflow,
        tuple(brought.items),
        tuple(brought.figures),
        tuple(brought.right),
    )
    texts = (_masked(brought.title.strip(), terms)[:TITLE_CHARS], _masked(brought.text, terms))
    if (kept, (_read(change, present.title), _read(change, present.text))) != (sent, texts):
        raise Conflict(
            f"key {brought.key!r} stands for intake {present.id} with another content; "
            "send it under another --key"
        )


def _say(change: Change, text: str, terms: Terms, *, most: int | None = None) -> str:
    masked = terms.mask(text.strip())
    as_is = terms._replace(mask=lambda value: Masked(value, masked.count))
    return words.say(change, masked.value[:most], as_is, kind="intake")


def _masked(text: str, terms: Terms) -> str:
    return terms.mask(text.strip()).value


def _read(change: Change, digest: str) -> str:
    """What was said; Conflict when it was erased, for nobody can compare it any more."""
    return snapshots.read_in(change, digest)["text"]
