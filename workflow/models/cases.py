"""Models asked for labelled cases, and what their answers are worth: calibrated on dev alone.

Each question is paid for once, whatever asks it again. The holdout is never learnt from; a case of
dev is scored by what other families say.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, TypeVar

from runs.records.case import Case
from runs.records.item import Output, Unanswered
from runs.records.model import Calibration, ModelRoute
from runs.records.person import Customer
from runs.records.version import Version
from runs.snapshots import Terms
from runs.store.store import Store
from workflow.grading import wrong_fields
from workflow.models import calibration
from workflow.models.asking import Asks, Door, Heard, Place, ask, ask_in_order, place_of
from workflow.models.calibration import Example
from workflow.models.keeping import Answers
from workflow.models.settled import NOT, Sure, by_record, settle
from workflow.models.words import Ground
from workflow.version import mask_of

T = TypeVar("T")

LOST = ("silent", "refused", "over_budget", "not_there")
"""Ends that say nothing of what the model answers: another day it might be there."""
LOST_MOST = 0.05
"""Share of the cases of dev without an answer above which nothing is calibrated."""


class Shown(NamedTuple):
    """A case as the version sees it, and what its baseline says."""

    case: Case
    ground: Ground
    baseline: Output | Unanswered


class Calibrated(NamedTuple):
    """How far the answers of one route are right."""

    found: Calibration | None
    folded: Mapping[str, float]
    """By case of dev: its confidence, by what other families say."""
    heard: Mapping[str, tuple[Ground, Heard]]
    """By case of dev: what was shown of it, and what came of it."""

    def heard_of(self, one: Shown) -> Heard | None:
        """What came of the same case before, whatever it was: it is not asked about again."""
        ground, heard = self.heard.get(one.case.id, (None, None))
        return heard if ground == one.ground else None


class Asker(Protocol):
    """Asks models about cases."""

    def answers(
        self, version: Version, cases: Sequence[Shown], dev: Sequence[Shown]
    ) -> list[Output | Unanswered]:
        """The version's answer to each case, with the confidence that dev shows."""
        ...


class CaseModels:
    """Models of one customer's versions.

    `doors`: the way to them, for words that may be kept so. `lanes`: so many cases are asked about
    at the same time.
    """

    def __init__(
        self, store: Store, customer: Customer, doors: Callable[[Terms], Door], *, lanes: int = 1
    ) -> None:
        self._store, self._customer, self._doors, self._lanes = store, customer, doors, lanes

    def answers(
        self, version: Version, cases: Sequence[Shown], dev: Sequence[Shown]
    ) -> list[Output | Unanswered]:
        """The version's answer to each case, in order: of the first route that gives one of use.

        Its confidence is learnt from `dev`; a case among them is scored by what the others say.
        """
        asks = self._asks(version)
        is_of_dev = any(one.case.split == "dev" for one in cases)
        known = {
            route.name: (None if is_of_dev else self._known(version, route, asks))
            or self.calibrated(version, route, dev)
            for route in version.models
        }

        def answer(one: Shown) -> Output | Unanswered:
            def hear(route: ModelRoute) -> Heard:
                return known[route.name].heard_of(one) or ask(route, one.ground, asks)

            heard = ask_in_order(version.models, hear)
            # What the baseline does by itself is judged by itself.
            return settle(heard, one.baseline, lambda last: _sure(last, one, known), lambda: False)

        return self._each(answer, cases)

    def calibrated(self, version: Version, route: ModelRoute, dev: Sequence[Shown]) -> Calibrated:
        """What the answers of one route to dev show; kept under its name where nothing is missing.

        Nothing is calibrated from too few families, or where too many cases have no answer.
        """
        asks = self._asks(version)
        heard = self._each(lambda one: ask(route, one.ground, asks), dev)
        said = {shown.case.id: (shown.ground, one) for shown, one in zip(dev, heard, strict=True)}
        lost = sum(one.tried.end in LOST for one in heard)
        place = next((one.place for one in heard if one.place is not None), None)
        if place is None or lost > LOST_MOST * len(heard):
            return Calibrated(None, {}, said)
        usable = [
            (shown, one)
            for shown, one in zip(dev, heard, strict=True)
            if one.read is not None and not one.read.flags
        ]
        examples = [example_of(shown, one) for shown, one in usable]
        chances = calibration.out_of_fold(examples)
        ids = (shown.case.id for shown, _ in usable)
        is_script = any(one.tried.is_script for _, one in usable)
        found = self._kept(version, route, place, examples, is_script=is_script)
        return Calibrated(found, dict(zip(ids, chances, strict=True)), said)

    def _known(self, version: Version, route: ModelRoute, asks: Asks) -> Calibrated | None:
        """What was learnt before of the route as it is reached now: nothing is asked for it."""
        place = place_of(route, asks)
        if place is None:
            return None
        name = calibration.name_of(version, route, place)
        found = self._store.find(self._customer, Calibration, name)
        return found and Calibrated(found, {}, {})

    def _kept(
        self,
        version: Version,
        route: ModelRoute,
        place: Place,
        examples: Sequence[Example],
        *,
        is_script: bool,
    ) -> Calibration | None:
        """The calibration of this name; the first that could be learnt stands."""
        name = calibration.name_of(version, route, place)
        present = self._store.find(self._customer, Calibration, name)
        if present is not None:
            return present
        made = calibration.fit(examples, name, route=route, version=version, is_script=is_script)
        if made is not None:
            self._store.keep(self._customer, "worker", made)
        return made

    def _asks(self, version: Version) -> Asks:
        terms = Terms(mask_of(version), version.retention_days, version.retention)
        shelf = Answers(self._store, self._customer, terms)
        return Asks(self._doors(terms), shelf, terms.mask, version.labels)

    def _each(self, work: Callable[[Shown], T], cases: Iterable[Shown]) -> list[T]:
        """In the order of the cases, whichever is answered first."""
        if self._lanes == 1:
            return list(map(work, cases))
        with ThreadPoolExecutor(self._lanes) as lanes:
            return list(lanes.map(work, cases))


def example_of(shown: Shown, heard: Heard) -> Example:
    """What an answer to a labelled case teaches."""
    assert heard.read is not None
    return Example(
        shown.case.family,
        calibration.features_of(heard, shown.baseline),
        is_right(shown.case, heard.read.label, heard.read.fields),
    )


def is_right(case: Case, label: str, fields: Mapping[str, object]) -> bool:
    """Whether an answer is the expected one, with every field that is expected."""
    return label == case.expected["label"] and not wrong_fields(case, fields)


def _sure(last: Heard, one: Shown, known: Mapping[str, Calibrated]) -> Sure:
    """By other families where the case is one of dev, else by what all of dev shows."""
    calibrated = known[last.route.name]
    found = calibrated.found
    if found is None:
        return NOT
    if one.case.split == "dev":
        return Sure(calibrated.folded.get(one.case.id, 0.0), found.id)
    return by_record(found, last, one.baseline)
