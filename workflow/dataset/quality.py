"""what a set of cases lacks, and how far its labels can be believed."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from runs.records.case import Case
from runs.records.record import canonical
from workflow.dataset.cases import BY_TEXT
from workflow.drafting import alike

DEV_FAMILIES = 60
"""Fewer cannot carry a dry run."""
DOUBLE_LABELLED = 0.2
"""Share of the cases that a second person labels."""
KAPPA = 0.6
"""Below it, the labels and not the version are in doubt."""

FindingKind = Literal["too_small", "labels", "contradiction", "holdout"]


class Finding(NamedTuple):
    """One reason not to believe a measurement on these cases."""

    kind: FindingKind
    says: str


class Findings(NamedTuple):
    """What a person reads before a dataset is used."""

    gaps: tuple[str, ...]
    """What the domain expert must accept in writing: severity, families, routes, second labels."""
    findings: tuple[Finding, ...]
    agreement: str
    """Cohen's kappa of the double-labelled cases, decimal text; empty without one."""


def check(cases: Sequence[Case]) -> Findings:
    """Everything missing or doubtful in the cases alone."""
    kappa = agreement(cases)
    found = [*_sizes(cases), *_labels(cases, kappa)]
    return Findings(gaps(cases), tuple(found), "" if kappa is None else f"{kappa:.4f}")


def find_own_labels(own: int, builder: str) -> str:
    """Why a version of this builder may not be judged by cases of which so many are their own.

    Empty when it may.
    """
    if not own:
        return ""
    return f"{builder}, who builds the version, labelled {own} cases; let another person label them"


def gaps(cases: Sequence[Case]) -> tuple[str, ...]:
    """What the cases do not say, one name each; told from the cases alone.

    Severity and routes are a gap when no case says anything but the default.
    """
    told = {
        "labelled_by": all(case.labelled_by for case in cases),
        "severity": any(case.severity != "major" for case in cases),
        "families": not any(case.family.startswith(BY_TEXT) for case in cases),
        "routes": any(case.routes != ("act",) for case in cases),
        "second_labels": sum(c.second is not None for c in cases) >= DOUBLE_LABELLED * len(cases),
    }
    return tuple(name for name, is_told in told.items() if not is_told)


def agreement(cases: Sequence[Case]) -> float | None:
    """Cohen's kappa of the cases with a second label; None without any.

    (p_o - p_e) / (1 - p_e), Cohen 1960; 1 where both always give the one same label.
    """
    pairs = [(_says(c, c.expected), _says(c, c.second)) for c in cases if c.second is not None]
    if not pairs:
        return None
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    by_chance = sum(first[label] * second[label] for label in first) / n**2
    return 1.0 if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def _says(case: Case, label: Mapping[str, Any]) -> str:
    """What one person said of a case, fields and all; who says the same gets the same text."""
    if not case.expected.get("fields"):
        return str(label["label"])
    fields = label.get("fields", {})
    expected: Mapping[str, Any] = case.expected["fields"]
    told = {
        name: right if alike(fields.get(name), right) else fields.get(name)
        for name, right in expected.items()
    }
    return canonical([label["label"], told]).decode()


def _sizes(cases: Sequence[Case]) -> list[Finding]:
    families: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        families[case.split].add(case.family)
    found = []
    if len(families["dev"]) < DEV_FAMILIES:
        says = f"dev has {len(families['dev'])} families and needs {DEV_FAMILIES}; bring more cases"
        found.append(Finding("too_small", says))
    if not families["holdout"]:
        found.append(Finding("holdout", "no case is held out; split the dataset"))
    return found


def _labels(cases: Sequence[Case], kappa: float | None) -> list[Finding]:
    found = []
    if kappa is not None and kappa < KAPPA:
        says = f"kappa {kappa:.2f} of the double-labelled cases is below {KAPPA}; settle the labels"
        found.append(Finding("labels", says))
    by_family: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        if case.family.startswith(BY_TEXT):
            by_family[case.family].add(case.expected["label"])
    torn = sum(len(labels) > 1 for labels in by_family.values())
    if torn:
        says = f"{torn} texts carry two labels; the domain expert settles which holds"
        found.append(Finding("contradiction", says))
    return found
