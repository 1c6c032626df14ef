"""changes that a model proposes for one group of failures: each a patch like any other, or refused.

They come after everything that code found for the group, and the rule of acceptance, the counter of
rewrites and the looks at the holdout hold for them as for every patch.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from agent.deps import Deps
from agent.explaining import Explained, shown_of, told_of
from agent.proposal import Wanted, form_of, propose
from agent.state import State
from agent.toolbox import CHANGE, Guarded, Toolbox, plain
from runs.records.evidence import FailureGroup, FixTrial, Patch
from workflow.patches import routes
from workflow.patches.conditions import facts
from workflow.patches.proposed import RANKS, Ground, patch_of

MOST = 3
"""Changes for one group."""
MOST_TRIED = 30
ON_DEV = "refused on dev"
FORM = form_of(changes={"type": "array", "items": CHANGE, "minItems": 1, "maxItems": MOST})


class Remedy(NamedTuple):
    """A patch that was proposed."""

    patch: Patch
    proposal: str
    """Id of the record of it."""


class Sought(NamedTuple):
    """What is asked about one group."""

    ground: Ground
    ranks: Collection[int]
    """Those that are open for this kind of failure."""
    explained: Explained | None = None


def find(state: State, deps: Deps, sought: Sought) -> list[Remedy]:
    """Patches that a model proposes for the group, in the order of their size.

    None without a model, for a kind of failure that nothing is open for, or where one change of the
    answer cannot be made: then the search goes on with what code found.
    """
    ground, group = sought.ground, sought.ground.group
    kinds = [kind for kind, rank in RANKS.items() if rank in sought.ranks]
    if not kinds or not group.explained:
        return []
    guarded = Guarded(Toolbox(state, deps, ground))
    wanted = Wanted(
        step="fix_smallest_issue",
        what="change",
        prompt="propose_change",
        material=_material(state, deps, sought, kinds),
        form=FORM,
        check=lambda value: _problems(value["changes"], sought, guarded),
        instead="the search goes on with the changes that code found",
        offered=guarded.offered(),
    )
    taken = propose(state, deps, wanted)
    if taken is None:
        return []
    patches = [patch_of(one, ground) for one in taken.value["changes"]]
    return [Remedy(one, taken.id) for one in sorted(patches, key=lambda one: one.size)]


def _problems(changes: Sequence[Mapping[str, Any]], sought: Sought, guarded: Guarded) -> list[str]:
    return [
        f"change {number}: {says}"
        for number, one in enumerate(changes, 1)
        if (says := _problem(one, sought, guarded))
    ]


def _problem(change: Mapping[str, Any], sought: Sought, guarded: Guarded) -> str:
    """What is wrong with a change as it would be made; no address of a model's own gets so far."""
    if RANKS[change["kind"]] not in sought.ranks:
        return f"{change['kind']} is closed for this kind of failure; propose another kind"
    return guarded.problem(change)


def _material(state: State, deps: Deps, sought: Sought, kinds: Sequence[str]) -> dict[str, Any]:
    """What of dev and of the version the model is told; nothing of learn or the holdout."""
    ground, explained = sought.ground, sought.explained
    version, policy = ground.pair
    standing = ground.standing
    return plain(
        {
            "group": told_of(ground.group) | {"cases": shown_of(ground.group, ground.trial)},
            "explained": explained._asdict() if explained else None,
            "values": {
                name: {"now": value, "bound": version.bounds[name].as_json()}
                for name, value in policy.values.items()
                if name in version.bounds
            },
            "rules": [one.as_json() for one in version.rules],
            "facts": [one.name for one in facts(standing, version, policy)],
            "labels": list(version.labels),
            "models": _models(ground),
            "kinds": list(kinds),
            "tried": _tried(state, deps, ground.group),
        }
    )


def _models(ground: Ground) -> list[dict[str, Any]]:
    """The models of the version in their order, and what each is told to do."""
    version = ground.pair.version
    tasks = routes.tasks(version, ground.plan)
    return [
        {"name": one.name, "kind": one.kind, "reads": one.reads, "task": tasks.get(one.name, "")}
        for one in version.models
    ]


def _tried(state: State, deps: Deps, group: FailureGroup) -> list[dict[str, str]]:
    """What code found and was refused; why only where dev said so, never what the holdout did."""
    kept = deps.store.of_run(deps.customer(state), FixTrial, state.run)
    mine = [one for one in kept if one.group == group.key and not one.proposed]
    return [
        {
            "says": one.patch.says,
            "why": one.reason if one.reason.startswith(ON_DEV) else "refused",
        }
        for one in mine[-MOST_TRIED:]
    ]
