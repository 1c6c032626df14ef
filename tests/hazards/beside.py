"""Hazards beside the table: who stands in for whom, what proves a person, clocks and crowds."""

from datetime import timedelta

from runs import approvals, audit, people, standins, tables
from runs.clock import StoppedClock
from runs.errors import Conflict, NotAllowed
from runs.records.approval import Need
from runs.store.change import text_of
from tests import builders
from tests.harbours import Harbour
from tests.hazards.answers import answer, decided
from tests.hazards.sight import need, refused
from tests.voyage import Voyage

CROWD = 10_000


def builder_as_deputy(harbour: Harbour) -> str:
    """An approver's deputy who is the builder."""
    voyage = harbour.at("home")
    with voyage.store.change(voyage.customer, "olga") as change:
        change.update(tables.people, {"id": "gil"}, {"deputy": "bob"}, "person_changed")
    people.disable_person(voyage.store, voyage.customer, "olga", "gil")
    voyage.start()
    voyage.advance()
    named = {one for asked in voyage.questions() for need in asked.needs for one in need.people}
    need(holds="bob" not in named, says="the builder stands in for an approver of their own work")
    need(holds=not voyage.questions("plan"), says="the plan is asked of whoever is left")
    return "the builder is never named, and a role that nobody else fills is a hole with an owner"


def two_accounts(harbour: Harbour) -> str:
    """A quorum of two reached by one human with two accounts: of one address, or declared so."""
    voyage = harbour.at("home")
    _join(voyage, "ana-b", email=" ANA@example.com")
    _join(voyage, "ana-c", email="ana.c@example.org")
    voyage.start()
    voyage.until("plan")
    named = {
        one for asked in voyage.questions("plan") for each in asked.needs for one in each.people
    }
    need(holds={"ana-b", "ana-c"} <= named, says=f"only {sorted(named)} are asked", word="error")
    voyage.decide("ana")
    refused(lambda: voyage.decide("ana-b"), NotAllowed, "ana-b has already decided")
    standins.declare_same(voyage.store, voyage.identity("olga"), "ana", "ana-c")
    refused(lambda: voyage.decide("ana-c"), NotAllowed, "ana-c has already decided")
    need(holds=voyage.told().count("decision_refused") == 2, says="the attempts left no event")
    need(holds=decided(voyage, voyage.asked) == ["ana approve"], says="another account counts")
    need(holds=voyage.asked.status == "open", says="one human is a quorum of two")
    need(
        holds=voyage.decide("ben").status == "approved", says="two humans are none", word="ignored"
    )
    return "one human counts once, by whatever account: of the same address, or declared the same"


def _join(voyage: Voyage, name: str, *, email: str) -> None:
    """One more account, which may answer for operations."""
    account = builders.person(id=name, roles=("ops_lead",), email=email)
    people.add_person(voyage.store, voyage.customer, "olga", account)
    token = people.create_token(voyage.store, voyage.customer, "olga", person=name)
    voyage.tokens = {**voyage.tokens, name: token}


def two_tokens(harbour: Harbour) -> str:
    """A quorum of two reached by one person with two tokens."""
    voyage = harbour.at("plan")
    answer(voyage, "ana")
    token = people.create_token(voyage.store, voyage.customer, "olga", person="ana")
    voyage.tokens = {**voyage.tokens, "ana on another device": token}
    refused(lambda: answer(voyage, "ana on another device"), Conflict, "already decided")
    need(holds=voyage.asked.status == "open", says="one person is a quorum of two")
    return "one person counts once, by whatever token"


def program_token(harbour: Harbour) -> str:
    """An approval given by a service token."""
    voyage = harbour.at("plan")
    told = {"person": "ana", "scopes": ("submit",)}
    token = people.create_program_token(voyage.store, voyage.customer, "olga", **told)
    voyage.tokens = {**voyage.tokens, "program": token}
    refused(lambda: answer(voyage, "program"), NotAllowed, "a machine never approves")
    need(holds=decided(voyage, voyage.asked) == [], says="it counts")
    need(holds="decision_refused" in voyage.told(), says="the attempt left no event")
    return "NotAllowed, with its event, though the person behind it may approve"


def signed_out(harbour: Harbour) -> str:
    """An approval from a signed-out session."""
    voyage = harbour.at("plan")
    voyage.identity("ana")
    token = voyage.tokens["ana"].split("_")[1]
    with voyage.store.change(voyage.customer, "olga") as change:
        gone = {"revoked_at": change.now()}
        change.update(tables.tokens, {"id": token}, gone, "token_revoked")
    refused(lambda: answer(voyage, "ana"), NotAllowed, "revoked")
    need(holds=decided(voyage, voyage.asked) == [], says="it counts")
    return "NotAllowed: a revoked token proves nobody, whatever it proved before"


def clock_back(harbour: Harbour) -> str:
    """A clock that jumps back."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.decide("ana", asked=asked)
    voyage.sleep(asked.due_at - voyage.clock.now() + timedelta(minutes=1))
    voyage.expire()
    back = StoppedClock(asked.opened_at - timedelta(days=2))
    voyage.store.clock = back
    voyage.store.ledger.clock = back
    refused(lambda: voyage.decide("ben", asked=asked), Conflict, "is expired")
    voyage.advance()
    need(holds=voyage.waits_for == "update", says=f"the run waits for {voyage.waits_for}")
    found = voyage.store.events(voyage.customer, limit=100_000)
    need(holds=[one.seq for one in found] == sorted(one.seq for one in found), says="reordered")
    report = audit.verify(voyage.store.database)
    need(holds=report.ok, says=f"{report.problems}")
    return "what expired stays expired, and the events keep their order and their chain"


def crowd(harbour: Harbour) -> str:
    """Ten thousand open approvals."""
    voyage = harbour.at("plan")
    first = voyage.asked
    need_of_ana = Need(role="product_owner", count=1, people=("ana",))
    late = first.model_copy(update={"needs": (need_of_ana,), "run": "", "kind": "lesson"})
    bodies = []
    for number in range(CROWD):
        told = {"id": f"a-{number:05}", "due_at": first.due_at + timedelta(minutes=number)}
        one = late.model_copy(update=told)
        row = {name: getattr(one, name) for name in ("id", "run", "kind", "subject", "status")}
        body = one.as_json()
        bodies.append(row | {"customer": "acme", "due_at": text_of(one.due_at), "body": body})
    with voyage.store.database.writing() as connection:
        connection.execute(tables.approvals.insert(), bodies)
    listed = approvals.list_approvals(voyage.store, voyage.customer, limit=CROWD + 10)
    need(holds=len(listed) == CROWD + 1, says=f"{len(listed)} are listed", word="ignored")
    last = voyage.decide("ana", asked=listed[-1])
    need(holds=last.status == "approved", says=f"the last one is {last.status}", word="ignored")
    voyage.refuse()
    need(holds=voyage.waits_for == "update", says="the run does not go on", word="ignored")
    voyage.sleep(listed[100].due_at - voyage.clock.now())
    expired = approvals.expire_due(voyage.store, voyage.customer)
    crowded = [one for one in expired if one.id != voyage.run.waits_for]
    need(holds=len(crowded) == 100, says=f"{len(crowded)} expired", word="ignored")
    return f"{CROWD:,}: all are listed, the last is answered, those past their time expire"
