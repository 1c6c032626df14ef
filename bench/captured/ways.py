"""The ways of guarding that are compared, the least first."""

from collections.abc import Sequence

from bench.captured import declared
from bench.captured.packs import leaves
from bench.captured.replay import Setting, Way
from policies.guard.judging import judge
from policies.guard.tracing import find
from runs.records.call import Call


def everything(setting: Setting, call: Call, made: Sequence[Call]) -> bool:
    """No guard."""
    return True


def workflow_list(setting: Setting, call: Call, made: Sequence[Call]) -> bool:
    """Any tool that any task of the workflow uses."""
    return call.name in setting.suite.tools


def plan_list(setting: Setting, call: Call, made: Sequence[Call]) -> bool:
    """Any tool that the plan of this task names."""
    return call.name in setting.task.tools


def provenance(setting: Setting, call: Call, made: Sequence[Call]) -> bool:
    """The plan's tools, with every target of what acts from the request or a trusted record."""
    acts = declared.ACTS.get(call.name)
    if not plan_list(setting, call, made) or acts is None:
        return declared.reads(call.name) and plan_list(setting, call, made)
    unsourced = (*acts.free, *acts.measures)
    return all(
        find(leaf, setting.sources) in ("request", "record")
        for name, value in call.arguments.items()
        if name not in unsourced
        for leaf in leaves(value)
    )


def asking(setting: Setting, call: Call, made: Sequence[Call]) -> bool:
    """Nothing but what reads: a person approves everything else."""
    return declared.reads(call.name)


def ours(setting: Setting, call: Call, made: Sequence[Call]) -> bool:
    """The guard, with a policy that keeps no class of effects for people."""
    return judge(call, setting.step, setting.sources, made=made).outcome == "allow"


def closed(setting: Setting, call: Call, made: Sequence[Call]) -> bool:
    """The guard without any of the openings that a plan may declare."""
    return judge(call, setting.closed, setting.sources, made=made).outcome == "allow"


def worst(setting: Setting, call: Call, made: Sequence[Call]) -> bool:
    """The same, where whatever the attacks name of users, channels and records is trusted."""
    return judge(call, setting.step, setting.worst, made=made).outcome == "allow"


def kept(setting: Setting, call: Call, made: Sequence[Call]) -> bool:
    """The guard, with the product's rule: every class of risk waits for a person."""
    return judge(call, setting.kept, setting.sources, made=made).outcome == "allow"


WAYS: tuple[Way, ...] = (
    Way("no guard", everything),
    Way("workflow list", workflow_list),
    Way("plan list", plan_list),
    Way("plan + provenance", provenance),
    Way("approve everything", asking),
    Way("ours, nothing opened", closed),
    Way("ours", ours),
    Way("ours, worst lists", worst),
    Way("ours + risk classes", kept),
)
"""`ours` has to hold by itself; the last is what an installation runs, as rule 2 of the product."""
