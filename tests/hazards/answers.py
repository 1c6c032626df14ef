"""Hazards of an answer: which question it is for, who gave it, when, and in which form."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

from langgraph.errors import UnknownInterruptError
from langgraph.types import Command

from agent.loop import STRICT
from pilotage import due
from runs import approvals
from runs.approvals import Answer
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from runs.records.approval import Approval
from tests.harbours import Harbour
from tests.hazards.loops import Crash, dying
from tests.hazards.sight import at_update, compiled, need, refused, steady, thread
from tests.voyage import Voyage


def answer(voyage: Voyage, by: str = "ana", **changed: Any) -> Approval:
    """One person's answer, as whatever was sent."""
    asked = voyage.asked
    said = Answer(asked.id, "approve", "it is right", asked.subject)._replace(**changed)
    rules = voyage.engines.decision_rules(voyage.customer)
    return approvals.decide(voyage.store, voyage.identity(by), said, rules)


def decided(voyage: Voyage, asked: Approval) -> list[str]:
    """Who decided what on a question."""
    found = approvals.decisions_of(voyage.store, voyage.customer, asked.id)
    return [f"{one.person} {one.kind}" for one in found]


def world_changes(harbour: Harbour) -> str:
    """Row 2: the world changes between question and answer."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.decide("ana", asked=asked)
    voyage.edit(values={"act_threshold": "0.6", "scope_floor": "0"})
    refused(lambda: voyage.decide("ben", asked=asked), Conflict, "has changed")
    voyage.advance()
    again = voyage.asked
    differ = sorted(n for n in again.covers if again.covers[n] != asked.covers[n])
    need(holds=again.supersedes in ("", asked.id) and again.id != asked.id, says="not asked again")
    need(holds=decided(voyage, again) == [], says="an old yes counts for the new question")
    return f"superseded; asked again, and what differs is {', '.join(differ)}"


def same_answer_twice(harbour: Harbour) -> str:
    """Row 3: the same answer sent twice."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.decide("ana", asked=asked)
    refused(lambda: voyage.decide("ana", asked=asked), Conflict, "already decided")
    voyage.decide("ben", "reject", asked=asked)
    voyage.advance()
    before = steady(voyage)
    refused(lambda: voyage.decide("ana", asked=asked), Conflict, "nothing is left")
    need(holds=decided(voyage, voyage.asked) == [], says="it answered the next question")
    kept = [row for row in steady(voyage) if row not in before and "decision_refused" not in row]
    need(holds=all("chain_head" in row for row in kept), says=f"it moved {kept}")
    return "the second is a Conflict, before and after the run went on; nothing moved"


def finished_run(harbour: Harbour) -> str:
    """Row 4: an answer to a finished run."""
    voyage = at_update(harbour.at("plan"))
    asked = voyage.asked
    voyage.agree()
    voyage.advance()
    need(holds=voyage.run.status == "ended", says=f"the run is {voyage.run.status}", word="error")
    says = refused(lambda: voyage.decide("ben", "reject", asked=asked), Conflict)
    voyage.advance()
    need(holds=len(voyage.messages) == 1, says=f"{len(voyage.messages)} updates went out")
    return f"Conflict: {says.partition(';')[0].replace(asked.id, 'the approval')}"


def unknown_run(harbour: Harbour) -> str:
    """Row 5: an answer to an unknown run."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    unknown = asked.model_copy(update={"id": "r-unknown.plan.1"})
    refused(lambda: voyage.decide("ana", asked=unknown), NotFound)
    refused(lambda: voyage.loop().advance(voyage.customer, "r-unknown", "w1"), NotFound)
    with compiled(voyage) as loop:
        begun = loop.get_state({"configurable": {"thread_id": "r-unknown"}}).created_at
    need(holds=begun is None, says="a thread began")
    need(holds=len(voyage.store.runs.list(voyage.customer)) == 1, says="a run began")
    return "NotFound, and no run and no thread began"


def stale_id(harbour: Harbour) -> str:
    """Row 6: a stale or wrong interrupt id."""
    voyage = harbour.at("plan")
    asked, before = voyage.asked, steady(voyage)
    wrong = asked.model_copy(update={"subject": "sha256:" + "0" * 64})
    refused(lambda: voyage.decide("ana", asked=wrong), Conflict, "look again")
    walled = resumed_strictly(voyage, {"0" * 32: asked.id})
    need(holds=walled, says="langgraph took a resume that names no pending interrupt")
    need(holds=voyage.asked == asked, says="another question is shown")
    moved = [row for row in steady(voyage) if row not in before]
    need(holds=not [row for row in moved if row.startswith(("runs", "approvals"))], says=f"{moved}")
    return "Conflict that shows the question there is; the strict graph refuses the id as well"


def resumed_strictly(voyage: Voyage, value: object) -> bool:
    """Whether the paused graph, as the worker runs it, refuses a resume."""
    place = thread(voyage)
    place["configurable"][STRICT] = True
    with compiled(voyage) as loop:
        try:
            loop.invoke(Command(resume=value), place)
        except UnknownInterruptError:
            return True
    return False


def keys_like_ids(harbour: Harbour) -> str:
    """Row 7: an answer whose keys look like ids."""
    voyage = harbour.at("plan")
    asked, before = voyage.asked, steady(voyage)
    with compiled(voyage) as loop:
        pending = loop.get_state(thread(voyage)).interrupts[0].id
    need(holds=resumed_strictly(voyage, {"a" * 32: {"yes": True}}), says="it was taken")
    refused(lambda: answer(voyage, approval="a" * 32), NotFound)
    refused(lambda: answer(voyage, approval=pending), NotFound)
    refused(lambda: answer(voyage, approval={pending: "approve"}), InvalidInput)
    need(holds=steady(voyage) == before and voyage.asked == asked, says="something moved")
    return "NotFound: only the id of an approval of ours is answered"


def empty_answer(harbour: Harbour) -> str:
    """Row 8: an empty or null answer."""
    voyage = harbour.at("plan")
    before = steady(voyage)
    for empty in ("", None):
        refused(lambda e=empty: answer(voyage, kind=e), InvalidInput)
        refused(lambda e=empty: answer(voyage, approval=e), InvalidInput)
        refused(lambda e=empty: answer(voyage, kind="reject", reason=e), InvalidInput)
    need(holds=steady(voyage) == before, says="something moved")
    return "InvalidInput for each of 6, and nothing moved"


def two_pending(harbour: Harbour) -> str:
    """Row 15: two questions pending, one bare answer."""
    voyage = harbour.at("plan")
    first = voyage.run_id
    voyage.start(key="k-2")
    voyage.advance()
    second = voyage.asked
    refused(lambda: answer(voyage, approval="r-"), NotFound, "several approvals begin")
    refused(lambda: answer(voyage, approval=""), InvalidInput)
    voyage.decide("ana", "reject")
    voyage.advance()
    need(holds=voyage.waits_for == "update", says="the answered run did not go on")
    voyage.run_id = first
    voyage.advance()
    need(holds=decided(voyage, voyage.asked) == [], says="both questions were answered")
    need(holds=voyage.waits_for == "plan" and second.run != first, says="the other run went on")
    return "a bare or ambiguous answer is refused; by id one run went on and the other waits"


def at_once(acts: list[Callable[[], object]]) -> list[str]:
    """What became of acts that began together: the name of the error, or `done`."""
    ready, ends = Barrier(len(acts)), [""] * len(acts)

    def run(number: int) -> None:
        ready.wait()
        try:
            acts[number]()
        except (Conflict, Unavailable) as error:
            ends[number] = type(error).__name__
        else:
            ends[number] = "done"

    threads = [Thread(target=run, args=(number,)) for number in range(len(acts))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sorted(ends)


def twin(voyage: Voyage) -> Voyage:
    """The same home as another process would open it."""
    return Voyage(voyage.folder, voyage.tokens, voyage.clock, run_id=voyage.run_id)


def two_processes(harbour: Harbour) -> str:
    """Row 16: two processes answer approve and reject at once."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.decide("ben", asked=asked)
    twins = [twin(voyage) for _ in range(4)]
    kinds: list[Any] = ["approve", "reject"] * 2
    pairs = zip(twins, kinds, strict=True)
    ends = at_once([lambda v=v, k=k: v.decide("ana", k, asked=asked) for v, k in pairs])
    need(holds=ends == ["Conflict"] * 3 + ["done"], says=f"{ends}")
    said = decided(voyage, asked)
    need(holds=len(said) == 2 and len(voyage.questions("plan")) == 1, says=f"{said}")
    both = at_once([lambda v=v, n=n: v.advance(f"w{n}") for n, v in enumerate(twins[:2])])
    need(holds="done" in both and "Conflict" not in both, says=f"{both}")
    onward = "test_exit" if "ana approve" in said else "update"
    need(holds=voyage.waits_for == onward, says=f"{said} led to {voyage.waits_for}")
    return "of four answers at once one is recorded and three are Conflicts; the run follows it"


def no_then_yes(harbour: Harbour) -> str:
    """Row 17: a no, then a yes, on one checkpoint."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.decide("ana", "reject", asked=asked)
    refused(lambda: voyage.decide("ben", asked=asked), Conflict, "is rejected")
    voyage.advance()
    refused(lambda: voyage.decide("ben", asked=asked), Conflict, "is rejected")
    need(holds=voyage.waits_for == "update", says=f"the run waits for {voyage.waits_for}")
    return "Conflict: the question is rejected, and the run went to its end as a blocker"


def crash_then_reject(harbour: Harbour) -> str:
    """Row 18: a crash after approve, then reject is sent."""
    voyage = at_update(harbour.at("plan"))
    asked, deaths = voyage.asked, list[str]()
    voyage.agree()
    voyage.build_graph = dying({"send_update"}, deaths)
    with suppress(Crash):
        voyage.advance("w1")
    refused(lambda: voyage.decide("ana", "reject", asked=asked), Conflict, "is approved")
    voyage.advance("w1")
    need(holds=deaths == ["send_update"], says="nothing died", word="error")
    need(holds=voyage.run.status == "ended", says="the decision was lost")
    need(holds=len(voyage.messages) == 1, says=f"{len(voyage.messages)} updates", word="repeated")
    return "the reject is a Conflict; what was approved was done once"


def who_answered(harbour: Harbour) -> str:
    """Row 26: who answered."""
    voyage = harbour.at("plan")
    claimed = {"approval_id": voyage.asked.id, "person": "ana", "decision": "approve"}
    with compiled(voyage) as loop:
        loop.invoke(Command(resume=claimed), thread(voyage))
    answer(voyage, "ben", reason="ana: I agree")
    [said] = approvals.decisions_of(voyage.store, voyage.customer, voyage.asked.id)
    need(holds=(said.person, said.proved_by) == ("ben", "token"), says=f"{said.person}")
    need(holds=voyage.tokens["ben"].split("_")[1] == said.token, says="another token is named")
    refused(lambda: answer(voyage, "dan"), NotAllowed)
    return "the person of the token, with the token's id; what the resume claims counts nothing"


def nobody_answers(harbour: Harbour) -> str:
    """Row 27: nobody answers."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.sleep(asked.due_at - voyage.clock.now() + timedelta(minutes=1))
    due.expire(voyage.wired, voyage.customer)
    now = approvals.get(voyage.store, voyage.customer, asked.id)
    need(holds=now.status == "expired", says=f"it is {now.status}", word="ignored")
    refused(lambda: voyage.decide("ana", asked=asked), Conflict, "expired")
    notices = voyage.wired.home.folder / "notices"
    told = [file.read_text() for file in notices.rglob("*") if file.is_file()]
    need(holds=any("nobody answered" in text for text in told), says="nobody was told")
    voyage.advance()
    need(holds=voyage.waits_for == "update", says=f"the run waits for {voyage.waits_for}")
    need(holds=not voyage.questions("test_exit"), says="silence was taken for a yes")
    return "expired: it holds, the next people in line are told, and the run has an owner"


def wrong_type(harbour: Harbour) -> str:
    """Row 28: the wrong type of answer."""
    voyage = harbour.at("plan")
    before = steady(voyage)
    wrong: tuple[Any, ...] = (True, 1, "yes", "true", ["approve"], {"approve": True}, "Approve")
    for kind in wrong:
        refused(lambda k=kind: answer(voyage, kind=k), InvalidInput)
    refused(lambda: answer(voyage, seen=True), InvalidInput)
    need(holds=steady(voyage) == before, says="something moved")
    return f"InvalidInput for each of {len(wrong) + 1}, and nothing moved"
