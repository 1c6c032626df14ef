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
from pilotage.demo.asking import Asking, lay
from pilotage.home import Home, Mark, SharedClock, replace
from pilotage.labelled import Brought, Source, bring, read_cases
from pilotage.settings import Settings
from pilotage.systems import ToolsFile, ToolSpec, read_specs, write_specs
from pilotage.wiring import Wired, wire
from runs import people
from runs.errors import InvalidInput, NotFound
from runs.records.case import Dataset
from runs.records.person import Customer, Identity, Person
from workflow.samples.sample import Priority, Records, Sample, Sink, as_lines

CUSTOMER = "demo"
EXPERT = "domain_expert"
EXPORTS = "exports"
"""Folder of the files that the customer's systems write every night."""
LIVE_SEED = 1_000_003
"""Added to the seed of the cases: live work is other work, of other families."""


@dataclass(frozen=True)
class Stage:
    """A demo home and everybody's way in."""

    wired: Wired
    sample: Sample
    customer: Customer
    tokens: Mapping[str, str]
    """By person id; each person of the demo proves themselves with their own."""
    asking: Asking | None = None
    """The models that it asks; None where it asks none, whatever is declared."""

    def identity(self, person: str) -> Identity:
        """The person, by their own token; the proof says `demo`."""
        return self.wired.identify(self.tokens[person])

    def turn(self, by: timedelta) -> None:
        """Let time pass for every process of the home; each event made since says `turned`."""
        SharedClock(self.wired.home.clock_file).turn(by)

    def export_again(self) -> None:
        """The customer's systems write their nightly exports again: same records, today's date."""
        now = self.wired.clock.now().timestamp()
        for file in (self.wired.home.folder / "customer" / EXPORTS).iterdir():
            os.utime(file, (now, now))

    def edit_record(self, tool: str, key: str, **changed: Any) -> dict[str, Any]:
        """One record of a system of the customer, with these fields set otherwise; the whole of it.

        As a person would in the file: what was read of it before is another version from now on.
        NotFound for a system or a record that is not there.
        """
        specs = read_specs(self.wired.home, self.customer).tools
        file = next((spec.path for spec in specs if spec.name == tool and spec.key_field), "")
        if not file.endswith(".json"):
            raise NotFound(
                f"tool {tool!r}: the sample has no such system of records by key; name one of "
                "its tools file"
            )
        path = self.wired.home.folder / file
        records = json.loads(path.read_text(encoding="utf-8"))
        if key not in records:
            raise NotFound(f"{path}: no record {key!r}; name one that stands there")
        records[key] |= changed
        replace(path, as_lines(records))
        now = self.wired.clock.now().timestamp()
        os.utime(path, (now, now))
        return records[key]

    def holder_of(self, role: str) -> Identity:
        """The first person who holds the role."""
        named = next(one for one in self.sample.documents.people() if role in one.roles)
        return self.identity(named.id)


def empty(folder: Path) -> None:
    """Remove what an earlier demo left; InvalidInput for a folder that is anything else."""
    home = Home(folder)
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not home.exists() or not home.mark().is_demo:
        raise InvalidInput(
            f"{folder} is not a demo's home and is not touched; name another with --into"
        )
    shutil.rmtree(folder)


def build(settings: Settings, sample: Sample, *, seed: int, asking: Asking | None = None) -> Stage:
    """Make the home of the sample's customer; everything in it says that it is made up."""
    documents = sample.documents
    home = Home(settings.home)
    home.make(Mark(is_demo=True, seed=f"demo-{seed}", asks_models=asking is not None))
    founding.prepare(settings)
    if asking is not None:
        lay(home, asking)
    wired = wire(settings)
    customer = people.add_customer(wired.store, CUSTOMER, documents.customer(), is_demo=True)
    home.policies(customer.id).mkdir(parents=True, exist_ok=True)
    for named in documents.people():
        person = Person(**named._asdict(), is_disabled=False, created_at=wired.clock.now())
        people.add_person(wired.store, customer, "cli", person)
    tokens = {
        named.id: people.create_token(wired.store, customer, "cli", person=named.id)
        for named in documents.people()
    }
    _lay_systems(home, customer, sample, seed=seed)
    return Stage(wired, sample, customer, tokens, asking)


def import_cases(stage: Stage, name: str, *, seed: int) -> Dataset:
    """A workflow's labelled cases, read as any file is, by its domain expert."""
    file = stage.wired.home.folder / "customer" / f"{name}.jsonl"
    _write_lines(file, stage.sample.cases(seed, name))
    expert = stage.holder_of(EXPERT)
    read = read_cases(Source(file, {}, labelled_by=expert.person))
    brought = Brought(
        name,
        name,
        f"{name}-{seed}",
        stage.sample.shares.by_split(),
        acceptance="The cases are synthetic; what they lack is known and accepted for a demo.",
    )
    return bring(stage.wired.store, expert, read, brought)


def lay_policy(stage: Stage, priority: Priority) -> None:
    """The values that operations start from, where they edit them."""
    file = stage.wired.policy_files.file(stage.customer, priority.workflow)
    file.write_text(stage.sample.documents.text(priority.policy), encoding="utf-8")


def _lay_systems(home: Home, customer: Customer, sample: Sample, *, seed: int) -> None:
    folder = home.folder / "customer"
    (folder / EXPORTS).mkdir(parents=True, exist_ok=True)
    for name in ("policy.md", "README.md"):
        (folder / name).write_text(sample.documents.text(name), encoding="utf-8")
    read = sample.records(seed, seed + LIVE_SEED)
    for one in read:
        (folder / EXPORTS / one.file).write_text(one.text, encoding="utf-8")
    specs = [_read_from(one) for one in read] + [_acted_on(one) for one in sample.sinks]
    write_specs(home, customer, ToolsFile(tools=tuple(specs)))


def _read_from(records: Records) -> ToolSpec:
    return ToolSpec(
        name=records.tool,
        kind="records",
        path=f"customer/{EXPORTS}/{records.file}",
        key_field=records.key_field,
        is_made_up=True,
    )


def _acted_on(sink: Sink) -> ToolSpec:
    return ToolSpec(
        name=sink.tool,
        kind="folder",
        path=f"customer/{sink.tool}",
        operations=sink.operations,
        level=sink.level,
        risks=sink.risks,
        is_made_up=True,
    )


def _write_lines(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
