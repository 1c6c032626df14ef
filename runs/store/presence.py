"""Whether something is on record under an id or digest."""

import sqlalchemy as sa

from runs import tables
from runs.store.change import Change


def is_kept(change: Change, name: str) -> bool:
    """True when `name` is the id, key or digest of anything this customer has on record."""
    customer = change.customer.id
    places = [
        (tables.records, tables.records.c.digest == name),
        (tables.records, tables.records.c.id.endswith(f":{name}", autoescape=True)),
        (tables.snapshots, tables.snapshots.c.digest == name),
        (tables.approvals, tables.approvals.c.id == name),
        (tables.releases, tables.releases.c.id == name),
        (tables.items, tables.items.c.id == name),
        (tables.actions, tables.actions.c.key == name),
        (tables.reviews, tables.reviews.c.id == name),
        (tables.lessons, tables.lessons.c.id == name),
        (tables.runs, tables.runs.c.id == name),
    ]
    for table, is_it in places:
        query = sa.select(sa.literal(1)).select_from(table).where(table.c.customer == customer)
        if change.connection.execute(query.where(is_it).limit(1)).first():
            return True
    return False
