"""what travels between nodes: ids and small plain values.

Plain JSON values only: a checkpoint outlives the code that wrote it. Read as `State`, written as
`Update`.
"""

from dataclasses import dataclass
from typing import TypedDict


@dataclass(frozen=True)
class State:
    """What a node reads."""

    customer: str
    run: str
    briefing: str = ""
    review: str = ""
    """Id of the ops review; empty but in a scheduled review."""
    choice: str = ""
    plan: str = ""
    """Digest of the plan record; empty while the plan has holes."""
    dataset: str = ""
    version: str = ""
    policy: str = ""
    leading: str = ""
    """Digest of the values in the file that the candidate's rest on; empty without a file."""
    schema: str = ""
    """Digest of the sources' schemas, once they changed under a dry run; empty before."""
    verdict: str = ""
    """Id of the last gate verdict."""
    fix: str = ""
    """Id of the last fix trial; `none` when no change was left to try."""
    approval: str = ""
    release: str = ""
    move: str = ""
    """Digest of the move that the evidence allows."""
    blocker: str = ""
    """Why the run cannot go on, as a kind and an id: `holes:<plan draft>`, `access:<evidence>`,
    `occupied:<release>`, `refusal:<refusal>`, `unwell:<ops review>`, `unreproduced:<evidence>`,
    `cancelled:<act>`, `lost:<pin>`."""
    retry_since: str = ""
    """Since when something has been failing that is tried again; empty while nothing does."""
    retry_at: str = ""
    """When it is tried again."""
    refused: str = ""
    """The node that refused last; empty while none did."""
    report: str = ""
    terminal: str = ""
    begins: str = ""
    """The node to begin with, where a run is taken up in another loop; empty otherwise."""


class Update(TypedDict, total=False):
    """What a node writes: the fields it changes, no others."""

    briefing: str
    review: str
    choice: str
    plan: str
    dataset: str
    version: str
    policy: str
    leading: str
    schema: str
    verdict: str
    fix: str
    approval: str
    release: str
    move: str
    blocker: str
    retry_since: str
    retry_at: str
    refused: str
    report: str
    terminal: str
    begins: str
