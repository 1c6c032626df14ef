"""which version serves an item: a stable hash, never a dice throw.

The unit is the sender's key of the item: retries and follow-ups under the key keep their arm. A
unit that a release does not serve, and one of a segment it was narrowed by, goes to that release's
incumbent, and on from there until somebody serves it; at the end of the chain stand people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from runs.records.item import Arm
from runs.records.release import Release, Segment

BUCKETS = 10_000
HUMAN = "human"
"""The human process, where it is the incumbent."""
SERVING = ("open", "held", "complete")


def bucket(salt: str, unit: str) -> int:
    """A number from 0 to 9999, the same for ever for one salt and unit."""
    return int.from_bytes(sha256(f"{salt}\x1f{unit}".encode()).digest()[:8], "big") * BUCKETS >> 64


def arm(salt: str, unit: str, weight_bp: int) -> Literal["canary", "incumbent"]:
    """Who serves the unit at this weight; a higher weight only adds units to the canary."""
    return "canary" if bucket(salt, unit) < weight_bp else "incumbent"


def is_audited(salt: str, unit: str, share: float) -> bool:
    """Whether a person looks at the unit whatever comes out; known before any output exists.

    Salted apart from `arm`: the choice says nothing about who serves the unit. `share` is 0 to 1.
    """
    drawn = int.from_bytes(sha256(f"audit\x1f{salt}\x1f{unit}".encode()).digest()[:8], "big")
    return drawn < share * 2**64


def find_segment(release: Release, fields: Mapping[str, Any]) -> Segment | None:
    """The segment the release was narrowed by and the item is of, or None.

    `fields` as they were sent. A value the contract refuses is of no segment: no version acts on
    it, intake gives it to a person.
    """
    held = {name: _told(value) for name, value in fields.items()}
    return next((one for one in release.without if held.get(one.field) == one.value), None)


def lineage(salt: str) -> str:
    """The name of a release lineage, which does not tell its salt."""
    return "lineage:" + sha256(f"lineage\x1f{salt}".encode()).hexdigest()[:16]


class Placement(NamedTuple):
    """Who serves one unit, and why."""

    release: Release
    """The release that decided it."""
    arm: Arm
    version: str
    """Digest, or `human`."""
    why: str


@dataclass(frozen=True)
class Standing:
    """The releases of one workflow as they stood when they were read, newest first."""

    releases: tuple[Release, ...]
    """Never empty."""
    elsewhere: tuple[Release, ...] = ()
    """Releases that may hold the incumbent of one of these, but are not asked first."""

    @property
    def leading(self) -> Release:
        """The newest release that serves; where none does, the newest that was rolled back."""
        serving = (release for release in self.releases if release.status in SERVING)
        return next(serving, self.releases[0])

    @property
    def relevant(self) -> tuple[Release, ...]:
        """Every release a placement can rest on."""
        known = (*self.releases, *self.elsewhere)
        complete = (release for release in known if release.status == "complete")
        return (self.leading, *(release for release in complete if release != self.leading))

    def place(self, unit: str, fields: Mapping[str, Any] | None = None) -> Placement:
        """Who serves this unit, an item of these fields."""
        return self.place_by(self.leading, unit, fields)

    def find_shadow(self, fields: Mapping[str, Any] | None = None) -> Placement | None:
        """Who works beside an incumbent *version* in its shadow while the sandbox lasts.

        Beside people nobody does: there the item itself is the shadow.
        """
        release = self.leading
        if release.incumbent == HUMAN or not _is_shadowing(release):
            return None
        if find_segment(release, fields or {}):
            return None
        return Placement(release, "shadow", release.version, "beside the incumbent version")

    def is_served_by(self, release: Release, unit: str) -> bool:
        """Whether what it released would serve this unit, from wherever.

        Where only the values differ from its incumbent's, it is the release that tells them apart.
        """
        placed, before = self.place(unit), self._find_complete(release)
        is_told_apart = before is not None and before.policy != release.policy
        if release.version != release.incumbent or not is_told_apart:
            return placed.version == release.version
        return placed.release.id == release.id and placed.arm != "incumbent"

    def reaches_incumbent(self, release: Release, unit: str) -> bool:
        """Whether a unit the release gives on comes where its incumbent has it.

        An incumbent version that serves a share has the rest of the units where it gives them on.
        """
        placed = self.place_by(release, unit)
        if placed.version == release.incumbent:
            return True
        before = self._find_complete(release)
        if before is None or arm(before.salt, unit, before.weight_bp) == "canary":
            return False
        return placed.version == self.place_by(before, unit).version

    def place_by(
        self, release: Release, unit: str, fields: Mapping[str, Any] | None = None
    ) -> Placement:
        """Who serves this unit where the decision begins at one of the releases."""
        says = _why_not(release, fields or {})
        if not says and _is_shadowing(release):
            if release.incumbent == HUMAN:
                return Placement(release, "shadow", release.version, "nothing is acted on")
            says = "the sandbox serves nothing"
        if not says:
            share = f"the {release.weight_bp / 100:g} % it serves"
            if arm(release.salt, unit, release.weight_bp) == "canary":
                return Placement(release, "canary", release.version, f"among {share}")
            says = f"not among {share}"
        placed = self._incumbent(release, unit, fields)
        why = "; ".join(part for part in (f"release {release.id}: {says}", placed.why) if part)
        return placed._replace(why=why)

    def _incumbent(
        self, release: Release, unit: str, fields: Mapping[str, Any] | None
    ) -> Placement:
        if release.incumbent == HUMAN:
            return Placement(release, "incumbent", HUMAN, "")
        before = self._find_incumbent(release)
        if before is None:
            return Placement(release, "incumbent", HUMAN, "its incumbent is not here")
        return self.place_by(before, unit, fields)

    def _find_complete(self, release: Release) -> Release | None:
        """The release by which the incumbent version is in use."""
        known = (r for r in self.relevant if r.version == release.incumbent and r.id != release.id)
        return next((r for r in known if r.status == "complete"), None)

    def _find_incumbent(self, release: Release) -> Release | None:
        # Only an older one, so the chain ends; one that was rolled back gives the unit on. Drills,
        # which have no run, are nobody's incumbent.
        known = (*self.releases, *self.elsewhere)
        older = (r for r in known if r.opened_at < release.opened_at and r.run)
        return next((r for r in older if r.version == release.incumbent), None)


def _is_shadowing(release: Release) -> bool:
    """In the sandbox nothing is served; a drill's sandbox has a weight, and serves its own rows."""
    if release.stage < 0 or release.status not in SERVING:
        return False
    return release.stages[release.stage].kind == "sandbox" and release.weight_bp == 0


def _told(value: Any) -> str | None:
    """A field as a segment names it; None where it can be of none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _why_not(release: Release, fields: Mapping[str, Any]) -> str:
    """Why the release serves no new unit at all; empty when it may."""
    if release.status == "rolled_back":
        return "was rolled back"
    if release.stage < 0:
        return "has not entered a stage"
    if release.status == "held" and not _is_shadowing(release):
        return f"is held at {release.stages[release.stage].name}"
    segment = find_segment(release, fields)
    return f"was narrowed: {segment} goes to its incumbent" if segment else ""
