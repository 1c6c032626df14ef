"""cases into learn, dev and holdout: by family, by hash, the same for ever under one salt."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import get_args

from runs.errors import InvalidInput
from runs.records.case import Case, Severity, Split

SHARES: Mapping[Split, float] = MappingProxyType({"learn": 0.5, "dev": 0.25, "holdout": 0.25})
SMALLEST_STRATUM = 20
"""Families; a smaller stratum is split together with the others that are too small."""
SEVERITIES = get_args(Severity)


def split(
    cases: Sequence[Case], salt: str, *, shares: Mapping[Split, float] = SHARES
) -> list[Case]:
    """The cases in their order, each with its split; a family is never in two.

    Families of one segment and severity are ordered by blake2b(salt || family) and cut at the
    shares, so the shares hold in every stratum that is large enough, and a family keeps its split
    when others are added, but for the few next to a cut. Retired cases stay retired.
    """
    _check(salt, shares)
    strata: dict[tuple[str, str], list[str]] = defaultdict(list)
    for stratum, family in _strata(cases):
        strata[stratum].append(family)
    small = [s for s, families in strata.items() if len(families) < SMALLEST_STRATUM]
    pooled = [family for s in small for family in strata.pop(s)]
    chosen: dict[str, Split] = {}
    for families in [*strata.values(), pooled]:
        chosen |= _cut(sorted(families, key=lambda f: (_place(salt, f), f)), shares)
    return [
        case if case.split == "retired" else case.model_copy(update={"split": chosen[case.family]})
        for case in cases
    ]


def _check(salt: str, shares: Mapping[Split, float]) -> None:
    if not salt:
        raise InvalidInput("salt is empty; name one, and keep it with the dataset")
    wrong = {name: share for name, share in shares.items() if not 0 < share < 1}
    if set(shares) != {"learn", "dev", "holdout"} or wrong or abs(sum(shares.values()) - 1) > 1e-9:
        raise InvalidInput(
            f"shares {dict(shares)}: give learn, dev and holdout a share above 0 each, together 1"
        )


def _strata(cases: Sequence[Case]) -> list[tuple[tuple[str, str], str]]:
    """Each family once, with the first of its segments and the worst of its severities."""
    members: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        members[case.family].append(case)
    return [
        ((min(c.segment for c in held), min((c.severity for c in held), key=SEVERITIES.index)), f)
        for f, held in sorted(members.items())
    ]


def _place(salt: str, family: str) -> bytes:
    return hashlib.blake2b(salt.encode() + b"\x00" + family.encode()).digest()


def _cut(families: Sequence[str], shares: Mapping[Split, float]) -> dict[str, Split]:
    """Families in their order, cut where the shares end; a half rounds to the even side."""
    chosen: dict[str, Split] = {}
    end, reached = 0, Fraction(0)
    for name in ("learn", "dev", "holdout"):
        start, reached = end, reached + Fraction(str(shares[name]))
        end = len(families) if name == "holdout" else round(reached * len(families))
        chosen |= dict.fromkeys(families[start:end], name)
    return chosen
