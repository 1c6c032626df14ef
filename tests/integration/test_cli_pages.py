"""Plans, maps and releases on a page, from the command line."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from rollout import watch
from runs import approvals
from runs.records.evidence import OutcomeTable, Verdict
from runs.records.release import Signal
from tests import builders
from tests.builders import NOW
from tests.unit.pilotage.homes import House, make_house
from tests.unit.policies.builders import PLAN

HOSTILE = '</title><script>alert(1)</script> & "more" \x1b[2J\u202e'
RULE = {"id": "large", "when": "item.text == 'x'", "route": "review", "owner": "ops_lead"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home in which a version of the desk acts on a slice, under a plan with a hostile title."""
    house = make_house(tmp_path / "home")
    store, customer = house.store, house.customer
    store.runs.open(customer, "dan", builders.trigger(), builders.run())
    plan = builders.plan_record(plan=builders.plan(title=HOSTILE))
    rule = {**RULE, "why": HOSTILE}
    version = builders.version(plan=plan.digest, rules=(rule,))
    policy = builders.policy()
    for record in (plan, version, policy):
        store.keep(customer, "worker", record, "r-1")
    told = {"version": version.digest, "policy": policy.digest, "plan": plan.digest}
    release = builders.release(stage=1, weight_bp=500, **told)
    store.releases.open(customer, "worker", release)
    return house


def measured(house: House) -> None:
    """The sandbox was measured and judged, quality was read, and Ben was asked for the slice."""
    store, customer = house.store, house.customer
    release = store.releases.get(customer, "rel-1")
    counts = OutcomeTable(right_auto=40, wrong_auto=4, right_review=6)
    told = {"version": release.version, "policy": release.policy, "subject": "release:rel-1:0"}
    evidence = builders.evidence(id="e-1", kind="stage", split="live", items=counts, **told)
    values: dict[str, Any] = {"name": "wrong_auto", "outcome": "pass", "reason": "few are wrong"}
    values |= {"events": 4, "total": 50, "low": 0.03, "high": 0.17, "threshold": 0.2}
    verdict = Verdict.model_validate(
        {"id": "v-1", "run": "r-1", "gate": "sandbox", "evidence": "e-1", "policy": release.policy}
        | {"outcome": "pass", "reason": "passed", "bars": (values,), "judged_at": NOW}
    )
    for record in (evidence, verdict):
        store.keep(customer, "worker", record, "r-1")
    signal = Signal(
        release="rel-1",
        stage=1,
        name="quality",
        value="0.5",
        low=0.3,
        high=0.7,
        events=10,
        total=20,
        owner="ben",
        since=NOW,
        until=store.clock.now(),
    )
    watch.keep(store, customer, "worker", release=release, read=(signal,))
    covers = {"release": "rel-1", "stage": "slice_50"}
    asked = builders.approval(kind="stage", title="desk: enter slice_50", covers=covers)
    approvals.open_approval(store, customer, "run:r-1", asked)


def test_a_release_has_a_page_with_what_decides_its_next_move(house: House, tmp_path: Path) -> None:
    """Stage, evidence, signals, questions and events; nothing in it runs or is fetched."""
    measured(house)
    file = tmp_path / "desk.html"
    result = house.run("release", "show", "desk", "--html", str(file), by="dan")
    html = file.read_text()

    assert result.exit_code == 0, result.output
    assert "the way back was never rehearsed" in html
    assert "sandbox: wrong alone" in html
    assert "3.0% to 17.0%" in html
    assert "breached" in html
    assert "waits for Ana Example (ana), Ana Example (ben)" in html
    assert "release opened" in html
    assert "<script" not in html


def test_looking_at_a_release_keeps_nothing(house: House, tmp_path: Path) -> None:
    """A page is no event, and no evidence."""
    measured(house)
    house.run("run", "list", by="dan")
    before = len(house.store.events(house.customer))
    house.run("release", "show", "desk", by="dan")
    house.run("release", "show", "desk", "--html", str(tmp_path / "desk.html"), by="dan")
    house.run("plan", "show", "r-1", by="dan")

    assert len(house.store.events(house.customer)) == before


def test_programs_get_the_judgement_of_a_release(house: House) -> None:
    """The move, the four words, the questions and the owners."""
    measured(house)
    told = json.loads(house.run("release", "show", "desk", "--json", by="dan").stdout)

    assert told["next"]["kind"] == "hold"
    assert [one["word"] for one in told["decision"]] == ["ship", "hold", "narrow", "expand"]
    assert told["approvals"][0]["status"] == "open"
    assert told["people"]["incidents"] == "Ana Example (ben)"


def test_the_map_of_a_workflow_is_written_as_pictures(house: House, tmp_path: Path) -> None:
    """Two well-formed files, and the same map on the terminal without control characters."""
    file = tmp_path / "desk.svg"
    result = house.run("workflow", "show", "desk", "--map", "--svg", str(file), by="dan")
    roots = [ElementTree.parse(one).getroot().tag for one in tmp_path.glob("*.svg")]

    assert result.exit_code == 0, result.output
    assert roots == ["{http://www.w3.org/2000/svg}svg"] * 2
    assert "3 DECIDE (model)" in result.stdout
    assert "2 large: item.text == 'x'" in result.stdout
    assert "\x1b" not in result.stdout


def test_the_map_of_another_version_is_asked_for_by_its_digest(house: House) -> None:
    """A version there is none of is named."""
    made = builders.version(plan=builders.plan_record(plan=builders.plan(title=HOSTILE)).digest)
    house.store.keep(house.customer, "worker", made, "r-1")
    name = made.digest.removeprefix("sha256:")[:10]
    other = house.run("workflow", "show", "desk", "--map", "--version", name, by="dan")
    none = house.run("workflow", "show", "desk", "--map", "--version", "zzz", by="dan")

    assert f"version {name}" in other.stdout
    assert none.exit_code == 2
    assert "no version begins with 'zzz'" in none.stderr


def test_the_plan_of_a_run_names_its_people_and_its_release(house: House) -> None:
    """What decides each of the four words, as it is now."""
    shown = house.run("plan", "show", "r-1", by="dan")

    assert shown.exit_code == 0, shown.output
    assert "written by run r-1" in shown.stdout
    assert "Incidents: Ana Example (ben)" in shown.stdout
    assert "ship: done: it stands on slice_5" in shown.stdout


def test_a_whole_plan_is_checked_and_shown_without_a_home(house: House, tmp_path: Path) -> None:
    """A file is enough: nobody has to be signed in."""
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN, encoding="utf-8")
    page = tmp_path / "plan.html"
    checked = house.run("plan", "check", str(file), by="nobody")
    shown = house.run("plan", "show", str(file), "--html", str(page), by="nobody")

    assert (checked.exit_code, shown.exit_code) == (0, 0), shown.output
    assert "every part is written; people, labelled cases and systems" in checked.stdout
    assert "Triage of the desk" in page.read_text()


def test_a_hole_is_named_with_who_is_asked(house: House, tmp_path: Path) -> None:
    """And ends with the code of a gate that is not met, for both commands."""
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN.replace("  incidents: ben\n", ""), encoding="utf-8")
    checked = house.run("plan", "check", str(file), "--json", by="nobody")
    shown = house.run("plan", "show", str(file), by="nobody")
    told = json.loads(checked.stdout)

    assert (checked.exit_code, shown.exit_code) == (4, 4)
    assert [hole["field"] for hole in told["holes"]] == ["owners.incidents"]
    assert told["holes"][0]["person"]
    assert "owners.incidents" in shown.stdout


MODELS = """
models:
  - name: primary
    kind: classification
    endpoint: near
    task: Say what the ticket is about.
    reads: [text]
    budget: {calls: 2, tokens: 6000, cost: "0.01"}
  - name: other
    endpoint: far
"""
FAR = "routes:\n  - {name: far, base_url: 'https://models.example/v1', model: m-1}\n"


def test_a_route_that_nobody_declared_is_a_warning_with_its_place(
    house: House, tmp_path: Path
) -> None:
    """Whatever else of the plan is open: file, line, field, name and remedy."""
    file, models = tmp_path / "plan.yaml", house.folder / "models.yaml"
    file.write_text(PLAN + MODELS, encoding="utf-8")
    asked = ("plan", "check", str(file), "--json")
    none = json.loads(house.run(*asked, by="nobody").stdout)["warnings"]
    models.write_text(FAR)
    some = json.loads(house.run(*asked, by="nobody").stdout)
    models.write_text(FAR.replace("far", "near"))
    open_only = json.loads(house.run(*asked, by="nobody").stdout)["warnings"]

    line = PLAN.count("\n") + 5
    assert some["warnings"] == [
        f"{file}, line {line}: models.0.endpoint is near, which is no route of this home; declare "
        f"it in models.yaml, or name one of: far ({models})"
    ]
    assert "models.1.budget" in [hole["field"] for hole in some["holes"]]
    assert [one.partition(" is ")[0].rpartition(" ")[2] for one in none + open_only] == [
        "models.0.endpoint", "models.1.endpoint", "models.1.endpoint",
    ]  # fmt: skip


def test_routes_that_nobody_can_look_for_are_told(house: House, tmp_path: Path) -> None:
    """Without a home, and where its file is wrong; a plan without models is not told of either."""
    file, plain, elsewhere = tmp_path / "plan.yaml", tmp_path / "plain.yaml", tmp_path / "none"
    file.write_text(PLAN + MODELS, encoding="utf-8")
    plain.write_text(PLAN, encoding="utf-8")
    (house.folder / "models.yaml").write_text("routes: []\n")
    wrong = house.run("plan", "check", str(file), by="nobody").stdout
    homeless = house.run("--home", str(elsewhere), "plan", "check", str(file), by="nobody").stdout

    assert "no model can be asked: " in wrong
    assert "routes is empty; name at least one" in wrong
    assert f"{elsewhere} is no home; name yours with --home" in homeless
    assert "model" not in house.run("plan", "check", str(plain), by="nobody").stdout


def test_what_is_wrong_is_told_together_with_what_is_open(house: House, tmp_path: Path) -> None:
    """One look is enough to know all that has to be done."""
    file = tmp_path / "plan.yaml"
    written = (PLAN + MODELS.partition("  - name: other")[0]).replace("  incidents: ben\n", "")
    written = written.replace("reads: [text]", "reads: [iban]")
    file.write_text(written, encoding="utf-8")
    told = house.run("plan", "check", str(file), by="nobody")

    assert told.exit_code == 2
    assert "models.0.reads is iban" in told.stderr
    assert "owners.incidents is open, asked of" in told.stderr
    assert "models.0.endpoint is near, which is no route" in told.stderr


def test_a_wrong_plan_is_refused_by_line(house: House, tmp_path: Path) -> None:
    """What is wrong is no question; neither is a file that is not there."""
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN.replace("risk: medium", "risk: some"), encoding="utf-8")
    wrong = house.run("plan", "check", str(file), by="nobody")
    gone = house.run("plan", "show", str(tmp_path / "other.yaml"), by="nobody")
    nowhere = house.run("plan", "show", "r-1", "--html", str(tmp_path / "no" / "p.html"), by="dan")

    assert (wrong.exit_code, gone.exit_code, nowhere.exit_code) == (2, 2, 2)
    assert "line 4: risk" in wrong.stderr
    assert "other.yaml: cannot be read" in gone.stderr
    assert "cannot be written" in nowhere.stderr


def test_every_release_is_listed_with_where_it_stands(house: House) -> None:
    """Its stage and its share, for people and for programs; of one workflow where it is named."""
    shown = house.run("release", "list", by="dan")
    told = json.loads(house.run("release", "list", "--json", by="dan").stdout)
    others = house.run("release", "list", "--workflow", "elsewhere", by="dan")

    (line,) = [one for one in shown.stdout.splitlines() if one.startswith("rel-1")]
    assert line.split()[1:6] == ["desk", "open", "slice_5", "5", "%"]
    assert [one["id"] for one in told["releases"]] == ["rel-1"]
    assert others.stdout == "no release was opened\n"
