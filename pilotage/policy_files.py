"""the policy files that operations edit: checked at each reading, led by, replaced whole."""

import logging
import re
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from pilotage.home import Home, replace
from policies import bounds, rules
from policies.rules import Installation
from rollout.release.climb import restart_evidence
from runs.errors import Conflict, InvalidInput
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.version import Bound, PolicyValues, Version
from runs.store.store import Store

log = logging.getLogger("pilotage.policy")

NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")
"""What names a workflow; a drill's name does not, and has no file."""
FILE = "file"
"""The actor of a change that came by the file: whoever can write it."""


class Read(NamedTuple):
    """A file as it was read."""

    stamp: tuple[int, int, int]
    """Inode, size and time of writing."""
    policy: PolicyValues


class Files:
    """One file a workflow, in a folder a customer; what stands in it is what leads.

    A change within bounds leads from its first reading on, with its event; one outside them leads
    nothing, and whoever reads it is told.
    """

    def __init__(self, home: Home, store: Store, installation: Callable[[], Installation]) -> None:
        self._home = home
        self._store = store
        self._installation = installation
        self._read: dict[Path, Read] = {}
        self._lock = threading.Lock()

    def file(self, customer: Customer, workflow: str) -> Path:
        """Where the values of a workflow are edited; InvalidInput for what names none."""
        if not NAME.fullmatch(workflow):
            raise InvalidInput(f"{workflow!r} names no workflow; use small letters, digits and _")
        return self._home.policies(customer.id) / f"{workflow}.yaml"

    def workflows(self, customer: Customer) -> list[str]:
        """Every workflow that has a file."""
        return sorted(file.stem for file in self._home.policies(customer.id).glob("*.yaml"))

    def find(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """The values in the file now, which lead from now on; None without a file.

        Raises InvalidInput when it cannot be read or lies out of bounds; then nothing changes.
        """
        if not NAME.fullmatch(workflow):
            return None
        file = self.file(customer, workflow)
        with self._lock:
            policy = self._current(file)
        if policy is None:
            return None
        if policy.workflow != workflow:
            raise InvalidInput(f"{file}: workflow is {policy.workflow!r}; write {workflow!r}")
        if not self._leads(customer, policy):
            self._let_lead(customer, policy, actor=FILE)
        return policy

    def check(self, customer: Customer, workflow: str) -> None:
        """InvalidInput when the file could not lead; changes nothing."""
        file = self.file(customer, workflow)
        policy = rules.read_policy(_text(file), str(file))
        self._check(customer, policy)

    def write(self, customer: Customer, policy: PolicyValues) -> None:
        """Replace the file as a whole, or not at all; its values lead from now on."""
        replace(self.file(customer, policy.workflow), rules.write_policy(policy))
        self._let_lead(customer, policy, actor="worker")

    def last_led(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """The values that lead, whatever the file says now; None before any did."""
        digest = self._store.policies.find_leading(customer, workflow)
        return None if digest is None else self._store.get(customer, PolicyValues, digest)

    def _current(self, file: Path) -> PolicyValues | None:
        try:
            seen = file.stat()
        except FileNotFoundError:
            return None
        stamp = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
        known = self._read.get(file)
        if known is None or known.stamp != stamp:
            known = Read(stamp, rules.read_policy(_text(file), str(file)))
            self._read[file] = known
        return known.policy

    def _leads(self, customer: Customer, policy: PolicyValues) -> bool:
        """Whether the values lead, and the release on its stages is measured under them."""
        if self._store.policies.find_leading(customer, policy.workflow) != policy.digest:
            return False
        release = self._store.releases.find_open(customer, policy.workflow)
        return release is None or release.stage < 0 or release.policy == policy.digest

    def _check(self, customer: Customer, policy: PolicyValues) -> Release | None:
        """The release that serves, if one does; InvalidInput for values out of its bounds."""
        release = self._store.releases.find_open(customer, policy.workflow)
        version = None if release is None else self._store.get(customer, Version, release.version)
        own = _own(policy) if version is None else version.bounds
        bounds.check(policy, own, self._installation().bounds)
        return release

    def _let_lead(self, customer: Customer, policy: PolicyValues, *, actor: str) -> None:
        release = self._check(customer, policy)
        self._store.keep(customer, actor, policy)
        self._store.policies.lead(customer, actor, policy)
        if release is None:
            return
        try:
            restart_evidence(self._store, customer, release=release)
        except Conflict:
            # Another process saw the same file first and restarted it.
            log.info("the release moved meanwhile", extra={"release": release.id})


def _own(policy: PolicyValues) -> Mapping[str, Bound]:
    """Bounds that say nothing: before a version there is only the installation to ask."""
    own = {name: Bound(low=value, high=value) for name, value in policy.values.items()}
    sizes = {name: Bound(high=Decimal(len(entries))) for name, entries in policy.lists.items()}
    return own | sizes


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: cannot be read ({error}); it is UTF-8 text") from None
