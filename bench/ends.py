"""The ends of a sample under other generator seeds: what fails first, passes later, ends how.

    python -m bench.ends [--sample NAME] [--seeds FIRST-LAST] [--until STAGE] [--jobs N]
                         [--keep FILE] [--json]

Every seed is another customer: other work, other records, other families. Each is taken through
the loop by the demo's own people and systems, in a home of its own. `--until sandbox` makes the
sandbox the agreed stage and changes nothing else of the plan. Generator, truth and bars are what
they are in the repository; nothing here chooses a seed. `--keep` keeps a line a seed, so that an
interrupted measurement goes on where it ended; without a seed left it prints what is kept.
"""

import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import yaml

from agent.loop import TriggerDraft, start
from pilotage import settings
from pilotage.cli.turn import failed_job, has_work
from pilotage.demo.cast import Cast
from pilotage.demo.play import REQUESTER, cast_of
from pilotage.demo.stage import Stage, build, import_cases, lay_policy
from pilotage.worker import working
from policies.intervals import wilson
from runs.errors import PilotageError
from runs.records.evidence import Evidence, FixTrial, Verdict
from runs.records.release import Release, Signal
from runs.records.run import Run, Terminal
from workflow.samples.known import ALL, find_sample
from workflow.samples.sample import Sample

LONGEST_S = 3_600.0
"""A seed that takes longer is told as open, not waited for, and begun again the next time."""
ENDS = ("stage_reached", "blocker_escalated", "open")


@dataclass(frozen=True)
class Told:
    """What became of one seed."""

    seed: int
    until: str
    sample: str
    first: str
    """Verdict of the first dry run, on dev."""
    first_wrong: float
    """Share of the dev families that were wrong alone in it."""
    trials: int
    """Fixes tried."""
    fixes: int
    """Fixes accepted."""
    last: str
    """Verdict of the last dry run; of the holdout where it was looked at."""
    last_gate: str
    last_wrong: float
    last_covered: float
    """Share of the families right alone or rightly reviewed in it."""
    stage: str
    """The stage it stands on; empty when it entered none."""
    terminal: str
    why: str
    """What stopped it, as a class: the gate and its answer, or the signals; empty if nothing."""
    reason: str
    seconds: float


def measure(sample: Sample, seed: int, until: str) -> Told:
    """Take the first priority of one seed to its end, in a home that is thrown away."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        told = {"PILOTAGE_HOME": str(Path(folder) / "home"), "PILOTAGE_TICK_S": "1"}
        stage = build(settings.read(told | {"PILOTAGE_POLL_S": "0.1"}), sample, seed=seed)
        run = _play(stage, seed, until)
        return _told(stage, run, seed=seed, until=until, seconds=time.monotonic() - began)


def plan(sample: Sample, until: str) -> str:
    """The plan of the first priority, done at another stage where one is named."""
    document = yaml.safe_load(sample.documents.text(sample.priorities[0].plan))
    document["rollout"]["agreed_stage"] = until
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _play(stage: Stage, seed: int, until: str) -> Run:
    store, customer = stage.wired.store, stage.customer
    priority = stage.sample.priorities[0]
    import_cases(stage, priority.workflow, seed=seed)
    lay_policy(stage, priority)
    draft = TriggerDraft(
        kind="priority",
        title=priority.title,
        text=priority.text,
        key=f"seed-{seed}",
        plan=plan(stage.sample, until),
    )
    person = stage.holder_of(REQUESTER).person
    with working(stage.wired) as worker:
        run = start(store, customer, person, draft, stage.wired.trigger_terms())
        cast = cast_of(stage, priority, seed=seed)
        worker.run_until(lambda: _is_over(stage, cast, run.id), timeout_s=LONGEST_S)
    run = store.runs.get(customer, run.id)
    if run.status == "open" and not has_work(store, run):
        raise RuntimeError(f"seed {seed}: the worker gave up: {failed_job(store, run)}")
    return run


def _is_over(stage: Stage, cast: Cast, id: str) -> bool:
    """Ended, or given up by the worker; else what the run waits for is done meanwhile."""
    store = stage.wired.store
    run = store.runs.get(stage.customer, id)
    _do(stage, cast, run)
    is_at_work = has_work(store, run) or failed_job(store, run) is None
    return run.status == "ended" or (run.status == "open" and not is_at_work)


def _do(stage: Stage, cast: Cast, run: Run) -> None:
    """What the run waits for, as people and systems would do it."""
    what, _, about = run.waits_for.partition(":")
    if what == "signals":
        release = stage.wired.store.releases.get(stage.customer, about)
        is_idle = not cast.has_queued(release)
        if is_idle and not cast.look_at(release) and not cast.bring(release):
            cast.pass_time(release)
    elif what:
        cast.decide(run)


def _told(stage: Stage, run: Run, *, seed: int, until: str, seconds: float) -> Told:
    store, customer = stage.wired.store, stage.customer
    verdicts = [v for v in store.of_run(customer, Verdict, run.id) if v.gate in TRIALS]
    fixes = store.of_run(customer, FixTrial, run.id)
    if not verdicts:
        raise RuntimeError(f"seed {seed}: no dry run was made; the run waits for {run.waits_for!r}")
    shown = [store.get(customer, Evidence, one.evidence).families for one in verdicts]
    end = store.get(customer, Terminal, run.terminal) if run.terminal else None
    releases = store.releases.of_run(customer, run.id)
    stood = [one for one in releases if one.stage >= 0]
    is_reached = end is not None and end.kind == "stage_reached"
    return Told(
        seed=seed,
        until=until,
        sample=stage.sample.name,
        first=verdicts[0].outcome,
        first_wrong=_share_of(shown[0].wrong_auto, shown[0].total),
        trials=len(fixes),
        fixes=sum(one.accepted for one in fixes),
        last=verdicts[-1].outcome,
        last_gate=verdicts[-1].gate,
        last_wrong=_share_of(shown[-1].wrong_auto, shown[-1].total),
        last_covered=_share_of(shown[-1].covered, shown[-1].total),
        stage=stood[-1].stages[stood[-1].stage].name if stood else "",
        terminal=end.kind if end else "open",
        why="" if is_reached else _why(stage, run, stood, verdicts[-1]),
        reason=end.reason if end else f"waits for {run.waits_for or 'the worker'}",
        seconds=round(seconds, 1),
    )


def _why(stage: Stage, run: Run, stood: Sequence[Release], last: Verdict) -> str:
    """What stopped it, told from the record: the first of gate and signals that did not hold."""
    store, customer = stage.wired.store, stage.customer
    if not stood:
        return f"{WORDS[last.gate]} {last.outcome}"
    gates = [v for v in store.of_run(customer, Verdict, run.id) if v.gate.startswith("stage ")]
    if gates and gates[-1].outcome != "pass":
        return f"{gates[-1].gate} {gates[-1].outcome}"
    read = [one for one in store.of_run(customer, Signal, run.id) if one.release == stood[-1].id]
    newest = {one.name: one for one in sorted(read, key=lambda one: one.until)}
    weak = sorted(name for name, one in newest.items() if one.breached_since)
    return f"signal {' and '.join(weak)}" if weak else "held or waiting"


TRIALS = ("dry_run", "holdout")


WORDS = {"dry_run": "dev", "holdout": "holdout"}


def _share_of(events: int, total: int) -> float:
    return events / max(total, 1)


def table(measured: Sequence[Told]) -> str:
    """A line a seed, and how many fail first, pass later, end as blocker."""
    lines = [
        f"{'seed':>4}  {'first':12}{'wrong':>6}  {'tried':>5}{'taken':>6}  {'last':12}{'wrong':>6}"
        f"{'right':>7}  {'stands on':10}  {'end':18}{'seconds':>8}  why"
    ]
    lines += [
        f"{one.seed:>4}  {one.first:12}{one.first_wrong:>6.1%}  {one.trials:>5}{one.fixes:>6}  "
        f"{one.last:12}{one.last_wrong:>6.1%}{one.last_covered:>7.1%}  {one.stage or '-':10}  "
        f"{one.terminal:18}{one.seconds:>8.1f}  {one.why or '-'}"
        for one in measured
    ]
    return "\n".join([*lines, *summary(measured)]) + "\n"


def summary(measured: Sequence[Told]) -> list[str]:
    """The counts with their 95 % intervals, and how often each class of reason stopped one."""
    failed = [one for one in measured if one.first != "pass"]
    later = [one for one in failed if one.last == "pass"]
    lines = [
        _share("the first dry run does not pass", len(failed), len(measured)),
        _share("of these, a later one passes on the holdout", len(later), len(failed)),
        *(
            _share(f"end: {end.replace('_', ' ')}", _count(measured, end), len(measured))
            for end in ENDS
        ),
    ]
    stopped = Counter(one.why for one in measured if one.why)
    return lines + [f"  stopped by {why}: {times}" for why, times in stopped.most_common()]


def _count(measured: Sequence[Told], end: str) -> int:
    return sum(one.terminal == end for one in measured)


def _share(says: str, k: int, n: int) -> str:
    if not n:
        return f"{says}: none to count"
    low, high = wilson(k, n)
    return f"{says}: {k} of {n} ({low:.0%} to {high:.0%})"


class Span(click.ParamType):
    """Seeds from the first to the last, such as 1-20, or one."""

    name = "first-last"

    def convert(self, value: object, param: object, ctx: object) -> range:
        """The seeds; what is no span is said to be none."""
        del param, ctx
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", str(value))
        if found is None:
            raise click.BadParameter(f"{value!r}: name seeds as 1-20, or one as 3")
        return range(int(found[1]), int(found[2] or found[1]) + 1)


@click.command(help="Take a sample's first priority to its end under many generator seeds.")
@click.option(
    "--sample",
    type=click.Choice([one.name for one in ALL]),
    default=ALL[0].name,
    show_default=True,
)
@click.option("--seeds", type=Span(), default="1-20", show_default=True)
@click.option("--until", type=click.Choice(["sandbox", "full"]), default="sandbox")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="At a time.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep a line a seed; go on there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def main(
    *, sample: str, seeds: range, until: str, jobs: int, keep: Path | None, as_json: bool
) -> None:
    """Print what became of every seed."""
    known = _known(keep, sample, until)
    left = [seed for seed in seeds if seed not in known]
    for done, one in enumerate(_measured(sample, left, until=until, jobs=jobs), start=1):
        known[one.seed] = one
        _say(f"{sample}, {done} of {len(left)}: seed {one.seed}, {one.terminal} {one.why}")
        if keep is not None and one.terminal != "open":
            with keep.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(one)) + "\n")
    measured = [one for _, one in sorted(known.items())]
    if as_json:
        told = {"seeds": [asdict(one) for one in measured], "summary": summary(measured)}
        sys.stdout.write(json.dumps({"schema": "bench_ends"} | told) + "\n")
    else:
        sys.stdout.write(table(measured))


def _measured(name: str, seeds: Sequence[int], *, until: str, jobs: int) -> Iterator[Told]:
    """Each as soon as it has ended; one that breaks is told and left out, the others go on."""
    if jobs == 1:
        yield from (one for seed in seeds if (one := _tried(name, seed, until)))
        return
    with ProcessPoolExecutor(jobs, max_tasks_per_child=1) as pool:
        asked = [pool.submit(_tried, name, seed, until) for seed in seeds]
        yield from (one for future in as_completed(asked) if (one := future.result()))


def _tried(name: str, seed: int, until: str) -> Told | None:
    _say(f"{name}, seed {seed} ...")
    try:
        return measure(find_sample(name), seed, until)
    except (PilotageError, RuntimeError) as error:
        _say(f"{name}, seed {seed}: not measured: {error}")
        return None


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _known(keep: Path | None, sample: str, until: str) -> dict[int, Told]:
    if keep is None or not keep.exists():
        return {}
    rows = [Told(**json.loads(line)) for line in keep.read_text(encoding="utf-8").splitlines()]
    return {one.seed: one for one in rows if (one.sample, one.until) == (sample, until)}


if __name__ == "__main__":
    main()
