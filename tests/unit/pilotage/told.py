"""A record with one run in it, for what is told of runs, items and questions."""

from pathlib import Path
from typing import Any

from policies.approvals import rule_on
from runs import approvals, snapshots, words
from runs.approvals import Answer, Rules
from runs.records.approval import Approval, DecisionKind
from runs.records.evidence import Bar, FixTrial, OutcomeTable, Verdict
from runs.records.person import Customer
from runs.records.run import Run, Terminal
from runs.store.store import Store
from tests import builders
from tests.builders import DIGEST, NOW, TERMS

WRONG = OutcomeTable(right_auto=120, right_review=40, wrong_auto=30, needless_review=10)
PATCH = {
    "rank": 2,
    "document": "both",
    "operations": (),
    "tokens": 9,
    "says": "to review when item.amount_eur is above 199",
}


class Told:
    """One customer's record, and what a test adds to it."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = builders.make_store(folder)
        self.customer: Customer = builders.make_customer(self.store)
        text = {"text": "Tickets wait a day \x1b[2J", "plan": ""}
        kept = self.snapshot("trigger", text)
        title = self.say("Answer the desk's tickets sooner")
        opened = builders.trigger(title=title, text=kept)
        self.store.runs.open(self.customer, "dan", opened, builders.run(graph=DIGEST))

    @property
    def run(self) -> Run:
        """The run as it is now."""
        return self.store.runs.get(self.customer, "r-1")

    def keep(self, record: Any) -> Any:
        """Keep a record of the run."""
        self.store.keep(self.customer, "run:r-1", record, "r-1")
        return record

    def snapshot(self, kind: str, value: Any) -> str:
        """Keep a text; its digest."""
        return snapshots.keep(self.store, self.customer, "dan", kind=kind, value=value, terms=TERMS)

    def say(self, text: str) -> str:
        """Keep what somebody wrote; its digest."""
        with self.store.change(self.customer, "dan", "r-1") as change:
            return words.say(change, text, TERMS)

    def ask(self, **changed: Any) -> Approval:
        """Open a question of the run, which waits for it."""
        asked = approvals.open_approval(
            self.store, self.customer, "run:r-1", builders.approval(**changed)
        )
        self.store.runs.wait(self.customer, "r-1", asked.id)
        return asked

    def answer(
        self, asked: Approval, person: str, role: str, kind: DecisionKind = "approve"
    ) -> None:
        """Let somebody decide."""
        identity = builders.identity(self.customer, person, roles=(role,))
        reason = "" if kind == "approve" else "not yet"
        answer = Answer(asked.id, kind, reason, asked.subject)
        approvals.decide(self.store, identity, answer, Rules(rule_on, lambda one: one.subject))

    def end(self, kind: str = "blocker_escalated", *proof: str) -> Run:
        """Close the run with its terminal record."""
        terminal = builders.terminal(kind=kind, proof=proof or ("r-1",))
        self.keep(Terminal.model_validate(terminal))
        return self.store.runs.close(self.customer, "run:r-1", terminal)


def verdict(outcome: str = "fail", **changed: Any) -> Verdict:
    """The dry run's gate over a measurement with thirty wrong."""
    bar = {
        "name": "wrong_auto",
        "outcome": outcome,
        "reason": "at least 11 % are wrong alone",
        "events": 30,
        "total": 200,
        "low": 0.1,
        "high": 0.2,
        "threshold": 0.05,
    }
    values = {
        "id": "r-1.dry.1.verdict",
        "run": "r-1",
        "gate": "dry_run",
        "evidence": "r-1.dry.1",
        "policy": DIGEST,
        "outcome": outcome,
        "reason": "wrong alone too often",
        "bars": (Bar.model_validate(bar),),
        "judged_at": NOW,
    }
    return Verdict.model_validate(values | changed)


def fix(**changed: Any) -> FixTrial:
    """A rule that was tried and taken."""
    values = {
        "id": "r-1.fix.1",
        "run": "r-1",
        "group": "g",
        "patch": PATCH,
        "version": DIGEST,
        "policy": DIGEST,
        "repaired": 20,
        "broken": 0,
        "critical_broken": 0,
        "gain": 20,
        "loss": 0,
        "p_improve": "0.0001",
        "holdout_low": "",
        "look": 0,
        "accepted": True,
        "reason": "accepted: 20 cases of the group repaired",
        "tried_at": NOW,
    }
    return FixTrial.model_validate(values | changed)
