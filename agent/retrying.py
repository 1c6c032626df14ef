"""when something that failed for a moment is tried again, and when that is given up."""

from datetime import datetime, timedelta

from agent.deps import Deps
from agent.state import State, Update
from runs.records.version import PolicyValues

FIRST, LONGEST = timedelta(minutes=1), timedelta(minutes=15)
"""Between two tries: as long as it has failed so far, within these."""

CLEARED: Update = {"retry_since": "", "retry_at": ""}
"""Nothing is being tried again."""


def find_next(state: State, deps: Deps) -> Update | None:
    """When to try again what failed just now, or None once `retry_minutes` of the policy are over.

    Counted from the first failure in a row. The last try is made at the end of that time.
    """
    now = deps.store.clock.now()
    since = datetime.fromisoformat(state.retry_since) if state.retry_since else now
    policy = deps.get(state, PolicyValues, state.policy)
    until = since + timedelta(minutes=policy.retry_minutes)
    if now >= until:
        return None
    pause = min(max(now - since, FIRST), LONGEST)
    at = min(now + pause, until)
    return {"retry_since": since.isoformat(), "retry_at": at.isoformat()}
