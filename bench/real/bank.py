"""A real customer's home: made, staffed and used through the command line, on the real clock."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from bench.real import packs, reviewer
from bench.real.packs import Row
from pilotage import settings
from pilotage.cli.main import pilotage
from pilotage.cli.turn import failed_job, has_work
from pilotage.wiring import Wired, wire
from pilotage.worker import Worker
from runs.records.run import Run, Terminal
from runs.store.filtered import ItemFilter

CUSTOMER, OWNER = "bank", "olga"
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "dan": ("delivery_engineer",),
    "paula": ("product_owner", "business_owner"),
    "oskar": ("ops_lead", "ops_manager"),
    "greta": ("engineering_lead",),
    "edith": ("domain_expert",),
    "rosa": ("reviewer",),
}
SPARE = 1.05
"""So many times the items a stage needs on average come in together."""
PATIENCE_S = 240.0


@dataclass
class Bank:
    """A home, everybody's token, and the truth of the live items, which no item carries."""

    folder: Path
    workflow: str
    live: Sequence[Row]
    """Cases the version never saw, in the order they come in."""
    tokens: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    @property
    def home(self) -> Path:
        """What the commands are told is the home."""
        return self.folder / "home"

    def run(self, by: str, *arguments: str) -> Result:
        """Carry out a command as somebody, in this process."""
        told = {
            "PILOTAGE_HOME": str(self.home),
            "PILOTAGE_TOKEN": self.tokens.get(by, ""),
            "PILOTAGE_TICK_S": "0.2",
            "PILOTAGE_POLL_S": "0.02",
        }
        return CliRunner(env=told).invoke(pilotage, list(arguments))

    def ask(self, by: str, *arguments: str) -> str:
        """What a command printed; it must have ended well."""
        result = self.run(by, *arguments)
        if result.exit_code:
            raise RuntimeError(f"pilotage {' '.join(arguments)}: {result.output}")
        return result.stdout.strip()

    def read(self, *arguments: str) -> dict[str, Any]:
        """The object a reading command printed."""
        return json.loads(self.ask("dan", *arguments, "--json"))

    def wired(self) -> Wired:
        """The same home as the commands see it, for the worker and for what has no command."""
        told = {"PILOTAGE_HOME": str(self.home), "PILOTAGE_TICK_S": "0.2"}
        return wire(settings.read(told | {"PILOTAGE_POLL_S": "0.02"}))

    def put(self, name: str, text: str) -> str:
        """Lay a file down in the home or beside it; its path."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return str(file)


def found(bank: Bank, policy: str) -> None:
    """Make the home, its people and their tokens, and the files that operations edit."""
    bank.tokens[OWNER] = bank.ask("", "init", "--customer", CUSTOMER, "--owner", OWNER)
    for person, roles in PEOPLE.items():
        held = [word for role in roles for word in ("--role", role)]
        bank.ask(OWNER, "user", "add", person, *held)
        bank.tokens[person] = bank.ask(OWNER, "token", "create", person)
    bank.put(f"home/policies/{CUSTOMER}/{bank.workflow}.yaml", policy)
    tools = (packs.DOCUMENTS / "tools.yaml").read_text(encoding="utf-8")
    bank.put(f"home/tools/{CUSTOMER}.yaml", tools)


def bring_cases(bank: Bank, rows: Sequence[Row]) -> dict[str, Any]:
    """Import the labelled cases as the domain expert, who accepts in writing what they lack."""
    file = bank.put("cases.jsonl", packs.labelled(rows))
    named = ("--name", bank.workflow, "--workflow", bank.workflow, "--labelled-by", "edith")
    gaps = ("--accept-gaps", "Public cases: one label each, any of them may be acted on alone.")
    shares = ("--shares", "learn=.6,dev=.2,holdout=.2")
    return json.loads(bank.ask("edith", "data", "import", file, *named, *shares, *gaps, "--json"))


def begin(bank: Bank, plan: str) -> str:
    """Start the run as the delivery engineer; its id."""
    told = ("--title", "Bring every question to its team", "--text", "They wait half a day.")
    file = bank.put("plan.yaml", plan)
    return bank.ask("dan", "run", "start", *told, "--plan", file, "--detach")


def take_to_its_end(bank: Bank, wired: Wired, worker: Worker, id: str) -> Run:
    """Do whatever the run waits for, each as the person it waits for, until it has ended."""
    customer = wired.store.customer(CUSTOMER)

    def now() -> Run:
        return wired.store.runs.get(customer, id)

    while True:
        _wait(worker, lambda: not _is_at_work(wired, now()), f"run {id} is at work for too long")
        run = now()
        if run.status == "open":
            raise RuntimeError(f"the worker gave up: {failed_job(wired.store, run)}")
        if run.status == "ended":
            return run
        if run.waits_for.startswith("signals:"):
            _bring_items(bank, wired, worker, release=run.waits_for.partition(":")[2])
        else:
            _approve(bank, run.waits_for)
        was = run.waits_for
        _wait(worker, lambda was=was: now().waits_for != was, f"run {id} still waits for {was}")


def end_of(wired: Wired, run: Run) -> Terminal:
    """How it ended, and the proof."""
    return wired.store.get(wired.store.customer(CUSTOMER), Terminal, run.terminal)


def _is_at_work(wired: Wired, run: Run) -> bool:
    if run.status != "open":
        return False
    return has_work(wired.store, run) or failed_job(wired.store, run) is None


def _approve(bank: Bank, id: str) -> None:
    asked = next(
        a for a in bank.read("approval", "list", "--status", "any")["approvals"] if a["id"] == id
    )
    digest = asked["subject"].removeprefix("sha256:")[:12]
    for need in asked["needs"]:
        bank.ask(need["people"][0], "approval", "approve", id, "--digest", digest)


def _bring_items(bank: Bank, wired: Wired, worker: Worker, *, release: str) -> None:
    """Send cases and answer their reviews until the stage's sample is whole."""
    customer = wired.store.customer(CUSTOMER)
    waiting = ItemFilter(release=release, status="queued")
    truths = {row.id: row.label for row in bank.live}
    for rows in _batches(bank, release):
        file = bank.put(f"live-{bank.sent}.jsonl", packs.unlabelled(rows))
        bank.ask("dan", "item", "submit", bank.workflow, file, "--input-field", "input")
        _wait(
            worker,
            lambda: not wired.store.items.list(customer, waiting, limit=1),
            "the worker left items queued",
        )
        reviewer.answer(wired, wired.identify(bank.tokens["rosa"]), truths)


def _batches(bank: Bank, release: str) -> Iterator[Sequence[Row]]:
    while True:
        told = bank.read("release", "show", release)
        missing = told["sample"]["of"] - told["sample"]["settled"]
        if missing <= 0:
            return
        share = told["release"]["weight_bp"] / 10_000
        count = ceil(missing / share * SPARE) if share else missing
        rows = bank.live[bank.sent : bank.sent + count]
        if not rows:
            raise RuntimeError(f"no live case is left and {missing} are missing")
        bank.sent += len(rows)
        yield rows


def _wait(worker: Worker, is_done: Callable[[], bool], says: str) -> None:
    if not worker.run_until(is_done, timeout_s=PATIENCE_S):
        raise RuntimeError(f"{says}; {PATIENCE_S:g} s were waited for")
