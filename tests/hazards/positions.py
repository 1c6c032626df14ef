"""Hazards of where a run stands: what grows, what is lost, what nobody takes up."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agent import checkpoints
from agent.checkpoints import count_of
from agent.loop import TriggerDraft, start
from pilotage.taking_up import from_the_dead
from runs import approvals, leases
from runs.errors import Unavailable
from runs.records.run import Archive
from tests.harbours import Harbour
from tests.hazards.answers import decided
from tests.hazards.effects import let_lapse, once
from tests.hazards.sight import at_update, compiled, need, refused, thread
from tests.tickets import plan_of, written
from tests.voyage import Voyage

PAYLOAD = 400_000


@contextmanager
def saved(voyage: Voyage) -> Iterator[Any]:
    """The checkpoints of a home."""
    with checkpoints.opened(voyage.wired.checkpoints) as saver:
        yield saver


def size_of(voyage: Voyage) -> int:
    """Characters in every checkpoint and write of the run's thread."""
    with saved(voyage) as saver:
        kept = saver.list(thread(voyage))
        return sum(len(repr((one.checkpoint, one.pending_writes))) for one in kept)


def growing(harbour: Harbour) -> str:
    """Row 30: checkpoints grow."""
    voyage = harbour.at("home")
    text = "a word " * (PAYLOAD // 7)
    draft = TriggerDraft("priority", "Sort it", text, "k-big", written(plan_of()))
    terms = voyage.wired.trigger_terms()
    voyage.run_id = start(voyage.store, voyage.customer, "dan", draft, terms).id
    voyage.advance()
    size = size_of(voyage)
    need(holds=size < PAYLOAD // 10, says=f"{size} characters in the checkpoints")
    at_update(voyage).agree()
    voyage.advance()
    with saved(voyage) as saver:
        left = count_of(saver, voyage.run_id)
    kept = voyage.store.get(voyage.customer, Archive, f"{voyage.run_id}.archive")
    need(holds=left == 0 and kept.checkpoints > 0, says=f"{left} checkpoints are left")
    need(holds="checkpoints_pruned" in voyage.told(), says="no event says so")
    need(holds=kept.state["terminal"] == voyage.run.terminal, says="the archive lost the end")
    return "400,000 characters brought, under 40,000 in the checkpoints; none once it has ended"


def second_pause(harbour: Harbour) -> str:
    """Row 31: the pending list after a second pause."""
    voyage = harbour.at("plan")
    first = voyage.asked
    at_update(voyage)
    with compiled(voyage) as loop:
        pending = [one.value["approval_id"] for one in loop.get_state(thread(voyage)).interrupts]
    listed = [
        one.id
        for one in approvals.list_approvals(voyage.store, voyage.customer)
        if one.run == voyage.run_id
    ]
    need(holds=pending == listed == [voyage.run.waits_for], says=f"{pending} and {listed}")
    need(holds=first.id not in pending, says="the first question is pending still")
    return "our table, the run and the graph name the same one question"


def lose_last(voyage: Voyage, keep: int) -> int:
    """Lose the newest checkpoints of a run, with their writes; how many were lost."""
    mark = "%s" if voyage.wired.is_shared else "?"
    writes = "checkpoint_writes" if voyage.wired.is_shared else "writes"
    with saved(voyage) as saver:
        newest = [one.config["configurable"]["checkpoint_id"] for one in saver.list(thread(voyage))]
        lost = newest[: len(newest) - keep]
        for table in ("checkpoints", writes):
            for one in lost:
                saver.conn.execute(
                    f"DELETE FROM {table} WHERE thread_id = {mark} AND checkpoint_id = {mark}",
                    (voyage.run_id, one),
                )
        if not voyage.wired.is_shared:
            saver.conn.commit()
    return len(lost)


def last_write_lost(harbour: Harbour) -> str:
    """Row 32: the last checkpoint write is lost."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    with saved(voyage) as saver:
        before = count_of(saver, voyage.run_id)
    at_update(voyage)
    update = voyage.asked
    lost = lose_last(voyage, before)
    voyage.advance()
    need(holds=lost > 0, says="nothing was lost", word="error")
    need(holds=voyage.asked == update, says="another question is asked")
    need(holds=voyage.questions("plan") == [asked.model_copy(update={"status": "rejected"})],
         says="it is asked again", word="repeated")  # fmt: skip
    need(holds=len(decided(voyage, asked)) == 1, says="the decision is lost")
    voyage.agree()
    voyage.advance()
    once(voyage)
    return "the recorded decision is read again, and the run is where it was"


def restart(harbour: Harbour) -> str:
    """Row 33: a restart leaves runs pending."""
    voyage = harbour.at("plan")
    voyage.decide("ana", "reject")
    name = f"run:{voyage.run_id}"
    taken = leases.take(voyage.store, voyage.customer, name, holder="w-dead", ttl_s=60)
    refused(lambda: voyage.advance("w2"), Unavailable, "another worker")
    let_lapse(voyage)
    freed = from_the_dead(voyage.wired, voyage.customer, {"w2"})
    again = from_the_dead(voyage.wired, voyage.customer, {"w2"})
    voyage.advance("w2")
    need(holds=freed == [name] and again == [], says=f"freed {freed}, then {again}")
    need(holds=voyage.waits_for == "update", says="it was not taken up", word="ignored")
    folder = voyage.wired.home.folder / "notices"
    told = [file.read_text() for file in folder.rglob("*taken-up*")]
    need(holds=len(told) == 1 and "To: ana" in told[0], says=f"{told} notices")
    need(holds="lease_taken_over" in events(voyage), says="no event says so")
    need(holds=taken is not None, says="the dead one had no lease", word="error")
    return "the lease is freed, another worker takes the run up, and its owner is told once"


def events(voyage: Voyage) -> list[str]:
    """The kinds of every event of the customer's."""
    kept = voyage.store.events(voyage.customer, limit=100_000)
    return [event.kind for event in kept]
