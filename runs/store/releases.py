"""Releases: opened once for a run, moved by one conditional statement."""

from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, NotFound
from runs.events import BodyValue, EventKind
from runs.moves import origins
from runs.records.person import Customer
from runs.records.release import Release
from runs.store.change import Guard, Ledger, about, unguarded

SERVING = ("open", "held", "complete")
"""Statuses of a release that serves items."""
_R, _P = tables.releases, tables.policies
_LED = sa.and_(_P.c.customer == _R.c.customer, _P.c.workflow == sa.bindparam("at_workflow"))
_MINE = _R.c.id == sa.bindparam("at_id")
_SERVES = sa.and_(_R.c.workflow == sa.bindparam("at_workflow"), _R.c.status.in_(SERVING))
_GROUND = (
    sa.select(_R.c.id, _R.c.status, _R.c.body, _P.c.digest.label("leading"))
    .select_from(_R.outerjoin(_P, _LED))
    .where(_R.c.customer == sa.bindparam("at_customer"), sa.or_(_MINE, _SERVES))
)


class Progress(NamedTuple):
    """How far the live items of a release's present stage are."""

    release: Release
    came: int
    """Items taken in."""
    answered: int
    """Reviews of them that a person decided."""


class Ground(NamedTuple):
    """What an item stands on, read in one look."""

    release: Release
    newest: str
    """Id of the newest release of the workflow that serves items; empty without one."""
    leading: str
    """Digest of the values that lead for the workflow; empty before the first."""


class Releases:
    """A version's climb, as rows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open(self, customer: Customer, actor: str, release: Release) -> Release:
        """Open a release; the same id again is the one there is."""
        with self._ledger.change(customer, actor, release.run) as change:
            change.insert(tables.releases, _row(release), "release_opened", version=release.version)
        return self.get(customer, release.id)

    def get(self, customer: Customer, id: str) -> Release:
        """The release of this id; NotFound when there is none."""
        row = self._ledger.row(tables.releases, customer, id=id)
        if row is None:
            raise NotFound(f"there is no release {id!r}; `pilotage workflow list` shows them")
        return Release.model_validate(row["body"])

    def ground(self, customer: Customer, workflow: str, id: str) -> Ground:
        """The release of this id with what leads its workflow now; NotFound when there is none."""
        told = {"at_customer": customer.id, "at_workflow": workflow, "at_id": id}
        rows = self._ledger.rows(_GROUND, told)
        mine = [row for row in rows if row["id"] == id]
        if not mine:
            return Ground(self.get(customer, id), "", "")
        serving = [row for row in rows if row["status"] in SERVING]
        newest = max(serving, key=lambda row: row["body"]["opened_at"], default={"id": ""})
        leading = mine[0]["leading"] or ""
        return Ground(Release.model_validate(mine[0]["body"]), newest["id"], leading)

    def of_run(self, customer: Customer, run: str) -> list[Release]:
        """The releases one run opened."""
        return self._list(customer, run=run)

    def progress(self, customer: Customer, ids: Collection[str]) -> dict[str, Progress]:
        """How far each of these releases is at its present stage, by id, read together."""
        at, item, review = tables.releases, tables.items, tables.reviews
        here = sa.and_(
            item.c.customer == at.c.customer, item.c.release == at.c.id, item.c.stage == at.c.stage
        )
        of_item = sa.and_(review.c.customer == item.c.customer, review.c.item == item.c.id)
        decided = sa.and_(of_item, review.c.status == "decided")
        mine = sa.and_(at.c.customer == customer.id, at.c.id.in_(sorted(ids)))
        count = sa.select(at.c.id, sa.func.count().label("n")).where(mine).group_by(at.c.id)
        came = self._ledger.rows(count.select_from(at.join(item, here)))
        answered = self._ledger.rows(count.select_from(at.join(item, here).join(review, decided)))
        counts = [{row["id"]: row["n"] for row in rows} for rows in (came, answered)]
        return {
            release.id: Progress(release, *(one.get(release.id, 0) for one in counts))
            for release in self._list(customer, id=sorted(ids))
        }

    def find_open(self, customer: Customer, workflow: str) -> Release | None:
        """The newest release of the workflow that serves items: open or complete."""
        found = self._list(customer, workflow=workflow, status=list(SERVING))
        return found[0] if found else None

    def change(
        self,
        customer: Customer,
        actor: str,
        *,
        before: Release,
        after: Release,
        event: tuple[EventKind, dict[str, BodyValue]],
        check: Guard = unguarded,
    ) -> Release:
        """Replace `before` by `after` in one statement.

        Raises Conflict when the release is no longer as `before` was, or the move is not legal.
        `check` raises inside the same change where what the move rests on stands no more.
        """
        table = tables.releases
        legal = origins("release", after.status) | {after.status}
        if before.status not in legal:
            raise Conflict(
                f"release {after.id} is {before.status}; it cannot become {after.status}: "
                "read it again"
            )
        kind, body = event
        with self._ledger.change(customer, actor, after.run) as change:
            present = change.find(table, id=after.id)
            if present is None or Release.model_validate(present["body"]) != before:
                raise Conflict(f"release {after.id} moved on since it was read; read it again")
            check(change)
            row = {"customer": customer.id, **_row(after)}
            change.connection.execute(
                table.update()
                .where(table.c.customer == customer.id, table.c.id == after.id)
                .where(table.c.status == before.status, table.c.stage == before.stage)
                .values(**row)
            )
            change.append(kind, about(table, row), **body)
        return after

    def _list(self, customer: Customer, **key: Any) -> list[Release]:
        rows = self._ledger.at(tables.releases, customer, **key)
        releases = [Release.model_validate(row["body"]) for row in rows]
        return sorted(releases, key=lambda release: release.opened_at, reverse=True)

    def list(self, customer: Customer, workflow: str = "") -> list[Release]:
        """Every release, newest first; of one workflow where one is named."""
        return self._list(customer, workflow=workflow) if workflow else self._list(customer)


def _row(release: Release) -> dict[str, Any]:
    body = release.as_json()
    names = ("id", "run", "workflow", "status", "stage")
    return {**{name: body[name] for name in names}, "body": body}
