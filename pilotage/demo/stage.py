"""A home marked as demo: the sample's customer, people, systems and labelled cases."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pilotage import founding
from pilotage.home import Home, Mark, SharedClock
from pilotage.labelled import Brought, Source, bring, read_cases
from pilotage.settings import Settings
from pilotage.systems import ToolsFile, ToolSpec, write_specs
from pilotage.wiring import Wired, wire
from runs import people
from runs.errors import InvalidInput
from runs.records.case import Dataset
from runs.records.person import Customer, Identity, Person
from workflow.samples.support_triage import customer as sample
from workflow.samples.support_triage.generator import cases, crm
from workflow.samples.support_triage.world import Desk

CUSTOMER = "demo"
SHARES: Mapping[Any, float] = {"learn": 0.40, "dev": 0.30, "holdout": 0.30}
EXPERT = "domain_expert"


@dataclass(frozen=True)
class Stage:
    """A demo home and everybody's way in."""

    wired: Wired
    customer: Customer
    tokens: Mapping[str, str]
    """By person id; each person of the demo proves themselves with their own."""

    def identity(self, person: str) -> Identity:
        """The person, by their own token; the proof says `demo`."""
        return self.wired.identify(self.tokens[person])

    def turn(self, by: timedelta) -> None:
        """Let time pass for every process of the home; each event made since says `turned`."""
        SharedClock(self.wired.home.clock_file).turn(by)

    def export_crm(self) -> None:
        """The customer's systems write their nightly export again: same records, today's date."""
        now = self.wired.clock.now().timestamp()
        os.utime(self.wired.home.folder / "customer" / "crm.json", (now, now))

    def holder_of(self, role: str) -> Identity:
        """The first person who holds the role."""
        named = next(one for one in sample.people() if role in one.roles)
        return self.identity(named.id)


def empty(folder: Path) -> None:
    """Remove what an earlier demo left; InvalidInput for a folder that is anything else."""
    home = Home(folder)
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not home.exists() or not home.mark().is_demo:
        raise InvalidInput(
            f"{folder} is not a demo's home and is not touched; name another with --home"
        )
    shutil.rmtree(folder)


def build(settings: Settings, seed: int) -> Stage:
    """Make the home of the sample's customer; everything in it says that it is made up."""
    home = Home(settings.home)
    home.make(Mark(is_demo=True, seed=f"demo-{seed}"))
    founding.prepare(settings)
    wired = wire(settings)
    customer = people.add_customer(wired.store, CUSTOMER, sample.name(), is_demo=True)
    home.policies(customer.id).mkdir(parents=True, exist_ok=True)
    for named in sample.people():
        person = Person(**named._asdict(), is_disabled=False, created_at=wired.clock.now())
        people.add_person(wired.store, customer, "cli", person)
    tokens = {
        named.id: people.create_token(wired.store, customer, "cli", person=named.id)
        for named in sample.people()
    }
    _lay_systems(home, customer, seed)
    return Stage(wired, customer, tokens)


def import_cases(stage: Stage, desk: Desk, *, seed: int, name: str) -> Dataset:
    """The desk's labelled cases, through the same reading as any file, by its domain expert."""
    file = stage.wired.home.folder / "customer" / f"{name}.jsonl"
    _write_lines(file, cases(seed, desk=desk))
    expert = stage.holder_of(EXPERT)
    read = read_cases(Source(file, {}, labelled_by=expert.person))
    brought = Brought(
        name,
        name,
        f"{name}-{seed}",
        SHARES,
        acceptance="The cases are synthetic; what they lack is known and accepted for a demo.",
    )
    return bring(stage.wired.store, expert, read, brought)


def lay_policy(stage: Stage, document: str, workflow: str) -> None:
    """The values that operations start from, where they edit them."""
    file = stage.wired.policy_files.file(stage.customer, workflow)
    file.write_text(sample.document(document), encoding="utf-8")


def _lay_systems(home: Home, customer: Customer, seed: int) -> None:
    folder = home.folder / "customer"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "crm.json").write_text(json.dumps(crm(seed), ensure_ascii=False), encoding="utf-8")
    for name in ("policy.md", "README.md"):
        (folder / name).write_text(sample.document(name), encoding="utf-8")
    specs = ToolsFile(
        tools=(
            ToolSpec(
                name="crm",
                kind="records",
                path="customer/crm.json",
                key_field="account_id",
                is_made_up=True,
            ),
            ToolSpec(
                name="queues",
                kind="folder",
                path="customer/queues",
                operations=("assign",),
                is_made_up=True,
            ),
        )
    )
    write_specs(home, customer, specs)


def _write_lines(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
