"""what groups of failures come from, as a model sees it: codes of the taxonomy, shown by cases."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from agent.deps import Deps
from agent.proposal import Wanted, form_of, list_of, propose, text_of
from agent.state import State
from agent.toolbox import view
from policies import grounds
from runs.records.evidence import FailureGroup
from tools.packing import fitting
from tools.tokens import estimate
from workflow.evaluate.trial import TrialRun
from workflow.failures import Code

MOST_GROUPS, MOST_CASES = 6, 4
MOST_TOKENS = 8_000
"""Of all cases that are shown: of every group the first before of any the second."""
HELD = ("figure", "amount", "link", "language", "hidden", "script")
"""What of a sentence has to stand in its cases; which words explain them is the model's."""
FORM = form_of(
    explanations=list_of(
        {
            "group": text_of(600),
            "code": {"type": "string", "enum": list(get_args(Code))},
            "cases": {"type": "array", "items": text_of(200), "minItems": 1, "maxItems": 20},
            "says": text_of(300),
        },
        most=MOST_GROUPS,
    )
)


class Explained(NamedTuple):
    """What one group comes from, as a model said and code let pass."""

    code: str
    says: str
    cases: tuple[str, ...]


def explain(
    state: State, deps: Deps, groups: Sequence[FailureGroup], trial: TrialRun
) -> dict[str, Explained]:
    """By key, what the worst groups come from; empty without a model, or where it has no ground.

    It changes no group, code or order: it is told beside what was measured.
    """
    worst = groups[:MOST_GROUPS]
    if not worst:
        return {}
    shown = fit({one.key: shown_of(one, trial) for one in worst})
    cases = {key: found["cases"] for key, found in shown.items()}
    wanted = Wanted(
        step="fix_smallest_issue",
        what="explanation",
        prompt="explain_failures",
        material={
            "groups": [told_of(one) | shown[one.key] for one in worst],
            "codes": list(get_args(Code)),
        },
        form=FORM,
        check=lambda value: list(_problems(value, cases)),
        instead="the groups are told as they were measured",
    )
    taken = propose(state, deps, wanted)
    found = [] if taken is None else taken.value["explanations"]
    return {one["group"]: Explained(one["code"], one["says"], tuple(one["cases"])) for one in found}


def told_of(group: FailureGroup) -> dict[str, Any]:
    """A group by what it was grouped by, and how many it holds."""
    told = group.as_json()
    return {name: told[name] for name in ("key", "step", "field", "code", "severity")} | {
        "expected": group.expected,
        "actual": group.actual,
        "count": len(group.cases),
    }


def shown_of(group: FailureGroup, trial: TrialRun, most: int = MOST_CASES) -> list[dict[str, Any]]:
    """The first cases of a group as the version saw them."""
    members = set(group.cases)
    pairs = zip(trial.seen, trial.results, strict=True)
    return [view(seen, result) for seen, result in pairs if seen.case.id in members][:most]


def fit(shown: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """By group the whole cases that fit, of each the first first, and how many were too large."""
    flat = [(key, rank, case) for key, cases in shown.items() for rank, case in enumerate(cases)]
    cases, ranks = [case for _, _, case in flat], [rank for _, rank, _ in flat]
    kept = [flat[at] for at in fitting(cases, MOST_TOKENS, estimate, ranks=ranks)]
    told: dict[str, dict[str, Any]] = {}
    for key, every in shown.items():
        found = [case for own, _, case in kept if own == key]
        left_out = len(every) - len(found)
        told[key] = {"cases": found} | ({"too_large": left_out} if left_out else {})
    return told


def _problems(
    value: Mapping[str, Any], shown: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[str]:
    """Everything in it that no case shows."""
    named = [one["group"] for one in value["explanations"]]
    yield from (f"group {key!r} is explained twice" for key in set(named) if named.count(key) > 1)
    for one in value["explanations"]:
        cases = {case["id"]: case for case in shown.get(one["group"], ())}
        if not cases:
            yield f"there is no group {one['group']!r}"
            continue
        yield from (f"{id!r} is no case shown of it" for id in one["cases"] if id not in cases)
        evidence = [str(cases[id]) for id in one["cases"] if id in cases]
        for found in grounds.find(one["says"], evidence):
            if found.kind in HELD:
                yield f"{one['group']}: {found.kind} {found.says!r} stands in no case it names"
