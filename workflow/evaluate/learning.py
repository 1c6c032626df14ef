"""What versions learnt: each set of examples once, kept by the digest of its content."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from runs.errors import InvalidInput
from runs.records.case import Case, Split
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.version import LearntRoute, TemplateRoute, Version
from runs.snapshots import Mask
from workflow.baseline.looking import Gaze, Look
from workflow.baseline.route import Answer, Example, Fitted, Settings, digest, fit
from workflow.baseline.saving import load, save
from workflow.evaluate.brought import brought
from workflow.process.contract import read_fields
from workflow.version import mask_of


class Shelf(Protocol):
    """Where cases are kept."""

    def read(self, customer: Customer, dataset: str, split: Split | None = None, /) -> list[Case]:
        """The cases of a dataset, by id; of one split where one is named."""
        ...


class Keeper(Protocol):
    """The part of the store that is needed here."""

    @property
    def cases(self) -> Shelf:
        """Where cases are kept."""
        ...


class Learnt(NamedTuple):
    """A fit, and which case was learnt as which example."""

    fitted: Fitted
    places: dict[str, int]
    """Place of a case among the examples, by case id."""
    families: frozenset[str]
    cases: tuple[Case, ...]
    """What was learnt from, in the order of the examples."""

    def answer(self, looks: Sequence[Look]) -> list[Answer]:
        """One answer an item that was never learnt from."""
        has_facts = bool(self.fitted.model.facts.columns)
        facts = [look.facts for look in looks] if has_facts else ()
        return self.fitted.answer([look.text for look in looks], facts)

    def answers(self, cases: Sequence[Case], looks: Sequence[Look]) -> list[Answer]:
        """One answer a case: out of fold where it was learnt from.

        InvalidInput for another case of a family that was learnt from.
        """
        unknown = [i for i, case in enumerate(cases) if case.id not in self.places]
        for i in unknown:
            if cases[i].family in self.families:
                raise InvalidInput(
                    f"case {cases[i].id!r}: its family was learnt from, so the route may not be "
                    "scored on it; split the dataset by family"
                )
        fresh = self.answer([looks[i] for i in unknown]) if unknown else []
        answered = dict(zip(unknown, fresh, strict=True))
        folded = self.fitted.out_of_fold
        return [
            answered[i] if i in answered else folded[self.places[case.id]]
            for i, case in enumerate(cases)
        ]


class Learning:
    """Learns for one customer; without a folder what was learnt is kept in memory only."""

    def __init__(self, store: Keeper, customer: Customer, cache: Path | None) -> None:
        self._store = store
        self._customer = customer
        self._cache = cache
        self._learnt: dict[str, Learnt] = {}
        self._fits: dict[str, Fitted] = {}

    def of(self, version: Version) -> Learnt:
        """What this version learnt; the same fit for every version that learnt the same.

        InvalidInput when the split `learn` holds nothing to learn from.
        """
        parts = version.as_json()
        decisive = ("routes", "contract", "sources", "labels", "mask")
        name = digest_of([parts[part] for part in decisive])
        if name not in self._learnt:
            self._learnt[name] = self._learn(version)
        return self._learnt[name]

    def _learn(self, version: Version) -> Learnt:
        route = version.routes[0]
        if isinstance(route, TemplateRoute):
            raise InvalidInput(
                f"{version.workflow}: a route that fills a template learns nothing; leave "
                "learning to another route"
            )
        gaze, mask = Gaze(route, version.contract), mask_of(version)
        examples: dict[str, Example] = {}
        taught: list[Case] = []
        for case in self._cases(route):
            example = _find_example(case, version, gaze=gaze, mask=mask)
            if example is not None:
                examples[case.id] = example
                taught.append(case)
        if not examples:
            raise InvalidInput(_nothing(route, gaze))
        fitted = self._fit(list(examples.values()), settings_of(route))
        places = {id: place for place, id in enumerate(examples)}
        families = frozenset(example.family for example in examples.values())
        return Learnt(fitted, places, families, tuple(taught))

    def _cases(self, route: LearntRoute) -> list[Case]:
        """What the route names to learn from; InvalidInput for a case that is not where it says."""
        shelf = self._store.cases
        learn = shelf.read(self._customer, route.dataset, "learn")
        if not route.added and not route.removed:
            return learn
        dev = shelf.read(self._customer, route.dataset, "dev") if route.added else []
        known = {case.digest: case for case in learn}
        known |= {one.digest: one for one in dev if one.digest in route.added}
        missed = {*route.added, *route.removed} - known.keys()
        if missed:
            raise InvalidInput(
                f"routes.0.added, removed: {', '.join(sorted(missed))} are no cases of the splits "
                f"dev and learn of dataset {route.dataset}; build the version again from it"
            )
        return [case for name, case in known.items() if name not in route.removed]

    def _fit(self, examples: Sequence[Example], settings: Settings) -> Fitted:
        name = digest(examples, settings)
        if name not in self._fits:
            self._fits[name] = self._find_saved(name) or self._fit_and_save(examples, settings)
        return self._fits[name]

    def _find_saved(self, name: str) -> Fitted | None:
        """What the folder holds by this name; None where it is missing, broken or another's."""
        file = self._file(name)
        if file is None or not file.is_file():
            return None
        try:
            fitted = load(file.read_bytes())
        except InvalidInput:
            return None
        return fitted if fitted.digest == name else None

    def _fit_and_save(self, examples: Sequence[Example], settings: Settings) -> Fitted:
        """Learn, and put the file in its place as a whole: a reader never meets half of one."""
        fitted = fit(examples, settings)
        file = self._file(fitted.digest)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=file.parent)
            with os.fdopen(handle, "wb") as half:
                half.write(save(fitted))
            Path(name).replace(file)
        return fitted

    def _file(self, name: str) -> Path | None:
        """Named by customer as well: what one customer's cases taught serves no other."""
        if self._cache is None:
            return None
        return self._cache / f"{digest_of([self._customer.id, name]).removeprefix('sha256:')}.fit"


def to_score(version: Version, cases: Sequence[Case]) -> list[Case]:
    """The cases whose family the version was not given to learn from."""
    route = version.routes[0]
    added = route.added if isinstance(route, LearntRoute) else ()
    if not added:
        return list(cases)
    families = {case.family for case in cases if case.digest in added}
    return [case for case in cases if case.family not in families]


def _find_example(case: Case, version: Version, *, gaze: Gaze, mask: Mask) -> Example | None:
    """What the case teaches; None where it breaks the contract or says too little.

    What a source said stands in the case: read now, another day would teach another route under
    the same name. A live item without one of these sources goes to a person, so it teaches nothing.
    """
    label = case.expected["label"]
    fields = read_fields(version.contract, mask(case.input).value)
    context = brought(case, version.sources, mask)
    if fields.breaches or label not in version.labels or gaze.sources - set(context):
        return None
    look = gaze.look(fields.values, context)
    is_there = look.text or any(fact is not None for fact in look.facts)
    return Example(look.text, label, case.family, look.facts) if is_there else None


def _nothing(route: LearntRoute, gaze: Gaze) -> str:
    wanted = f"a text in {route.text_field!r}" if route.text_field else "a value in its features"
    if gaze.sources:
        wanted += f", what {', '.join(sorted(gaze.sources))} said in its `context`"
    return (
        f"dataset {route.dataset}: no case of the split learn has {wanted} and a label of the "
        "plan; import labelled cases"
    )


def settings_of(route: LearntRoute) -> Settings:
    """The settings a version learns with; InvalidInput for one nobody knows."""
    known = asdict(Settings())
    unknown = sorted(set(route.settings) - set(known))
    if unknown:
        raise InvalidInput(
            f"routes.settings: {unknown} are not known; name some of {sorted(known)}"
        )
    given: dict[str, Any] = {
        n: tuple(v) if isinstance(v, list) else v for n, v in route.settings.items()
    }
    return Settings(**given)
