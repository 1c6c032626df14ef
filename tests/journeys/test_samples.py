"""The samples that look at more than a text: played as the demo plays them, to a proven end."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotage import settings
from pilotage.demo.play import play
from pilotage.demo.stage import Stage, build
from runs import audit, snapshots
from runs.records.evidence import Evidence, Verdict
from runs.records.run import Run, Terminal
from runs.records.version import Version
from runs.store.filtered import ItemFilter
from workflow.samples.documents import Documents
from workflow.samples.known import find_sample
from workflow.samples.sample import Sample

pytestmark = pytest.mark.timeout(400)
NAMES = (
    pytest.param("record_reconciliation", marks=pytest.mark.journey),
    "deal_risk",
    pytest.param("document_drafting", marks=pytest.mark.journey),
)
LIVE, ITEMS = 400, 100


@dataclass(frozen=True)
class Short(Documents):
    """The customer's files; its plan is done at the sandbox, on fewer items."""

    coverage: float = 0.3
    """The least that keeps the signal of that name."""

    def text(self, name: str) -> str:
        """One file; of the plan only the agreed stage, its sample and one limit are others."""
        said = super().text(name)
        if name != "plan.yaml":
            return said
        plan = yaml.safe_load(said)
        plan["rollout"]["agreed_stage"] = "sandbox"
        plan["rollout"]["stages"][0]["sample"] = ITEMS
        (signal,) = (one for one in plan["signals"] if one["name"] == "coverage")
        signal["limit"]["value"] = self.coverage
        plan["acceptance"]["gates"]["sandbox"]["min_cases"] = ITEMS // 2
        return yaml.safe_dump(plan, sort_keys=False, allow_unicode=True)


def small(name: str, **changed: float) -> Sample:
    """The sample with less live work."""
    sample = find_sample(name)
    priorities = tuple(one._replace(live_families=LIVE) for one in sample.priorities)
    documents = Short(sample.documents.package, **changed)
    return replace(sample, priorities=priorities, documents=documents)


@dataclass(frozen=True)
class Ended:
    """A sample that was played to its end."""

    stage: Stage
    run: Run

    @property
    def terminal(self) -> Terminal:
        """The proven end."""
        return self.stage.wired.store.get(self.stage.customer, Terminal, self.run.terminal)

    def kept(self, kind: Any) -> list[Any]:
        """Every record of a kind that the run left."""
        return self.stage.wired.store.of_run(self.stage.customer, kind, self.run.id)


@pytest.fixture(scope="module", params=NAMES)
def ended(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Given the sample; when its people decide and its work comes in; then it has ended."""
    return played(small(request.param), tmp_path_factory.mktemp(request.param))


def played(sample: Sample, folder: Path) -> Ended:
    """The sample's priority, taken to its end."""
    told = {"PILOTAGE_HOME": str(folder / "home"), "PILOTAGE_TICK_S": "0.2"}
    read = settings.read(told | {"PILOTAGE_POLL_S": "0.02"})
    stage = build(read, sample, seed=1)
    (one,) = play(stage, seed=1, tell=lambda _: None)
    return Ended(stage, one.run)


def test_day_one_fails_for_the_clauses_no_route_can_know(ended: Ended) -> None:
    """The first dry run does not pass: the rules of the policy document are not in it yet."""
    first = ended.kept(Verdict)[0]
    evidence = ended.stage.wired.store.get(ended.stage.customer, Evidence, first.evidence)

    assert (first.gate, first.outcome) == ("dry_run", "fail")
    assert evidence.families.wrong_auto / evidence.families.total > 0.1


def test_it_comes_to_the_end_its_cases_justify(ended: Ended) -> None:
    """The agreed stage with a verdict that passed, or a blocker with its owner and reason."""
    end, last = ended.terminal, ended.kept(Verdict)[-1]

    assert end.kind in ("stage_reached", "blocker_escalated")
    assert end.kind == "blocker_escalated" or last.outcome == "pass"
    assert end.reason
    assert end.owner in {one.id for one in ended.stage.sample.documents.people()}


def test_every_rule_that_was_found_stands_in_a_version_of_its_own(ended: Ended) -> None:
    """The versions look at the features of the plan, and learnt the same; or fill one template."""
    versions = ended.kept(Version)
    routes = [one.routes[0] for one in versions]
    is_drafted = ended.stage.sample.name == "document_drafting"
    looks_at = routes[0].fillings if is_drafted else routes[0].features

    assert len({one.digest for one in versions}) == len(versions) > 1
    assert len({one.template if is_drafted else one.digest for one in routes}) == 1
    assert len(looks_at) > 10
    assert versions[0].rules == ()


def test_live_items_saw_the_sources_and_nothing_was_acted_on(ended: Ended) -> None:
    """The sandbox shadows the work of people."""
    store, customer = ended.stage.wired.store, ended.stage.customer
    seen = [
        set(snapshots.read(store, customer, item.snapshot)["values"])
        for item in store.items.list(customer, ItemFilter(), limit=2_000)
        if item.snapshot and item.output
    ]
    sources = {source.name for source in ended.kept(Version)[0].sources}
    sinks = [ended.stage.wired.home.folder / "customer" / s.tool for s in ended.stage.sample.sinks]

    assert not seen or sources in seen
    assert not [file for sink in sinks for file in sink.rglob("*") if file.is_file()]


def test_its_record_can_be_checked(ended: Ended) -> None:
    """Every change has its event, and no byte was altered."""
    report = audit.verify(ended.stage.wired.store.database)

    assert report.ok, report.problems


@pytest.mark.journey
def test_a_signal_that_stays_weak_is_ended_by_the_incident_owner(tmp_path: Path) -> None:
    """Given a limit that nobody keeps; when more work does not mend it; then it is taken back."""
    ended = played(small("record_reconciliation", coverage=1.0), tmp_path)
    (release,) = ended.stage.wired.store.releases.of_run(ended.stage.customer, ended.run.id)

    assert ended.terminal.kind == "blocker_escalated"
    assert "coverage" in ended.terminal.reason
    assert release.status == "rolled_back"
