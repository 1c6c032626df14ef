"""the policy files that operations edit: checked at each reading, led by, replaced whole."""

import logging
import re
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pilotage.home import Home, replace
from pilotage.policy_leading import Leading, Standing
from pilotage.policy_questions import Editor
from policies import rules
from policies.rules import Installation
from runs.errors import Conflict, InvalidInput
from runs.records.approval import Approval
from runs.records.person import Customer
from runs.records.version import PolicyValues
from runs.store.store import Store

log = logging.getLogger("pilotage.policy")

NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")
"""What names a workflow; a drill's name does not, and has no file."""
LOOKS = 3
"""So often a file is looked at again because other values began to lead meanwhile."""


Stamp = tuple[int, int, int]
"""Inode, size and time of writing."""


class Read(NamedTuple):
    """A file as it was read."""

    stamp: Stamp
    policy: PolicyValues


class Files:
    """One file a workflow, in a folder a customer; what operations may change alone leads at once.

    What lets more pass is held: the values that led go on to until the people it needs agreed to
    exactly this edit. One that is wrong or out of bounds leads nothing, and its reader is told.
    """

    def __init__(self, home: Home, store: Store, installation: Callable[[], Installation]) -> None:
        self._home = home
        self._store = store
        self._leading = Leading(store, installation)
        self._read: dict[Path, Read] = {}
        self._followed: dict[Path, Stamp | None] = {}
        self._lock = threading.Lock()

    def file(self, customer: Customer, workflow: str) -> Path:
        """Where the values of a workflow are edited; InvalidInput for what names none."""
        if not NAME.fullmatch(workflow):
            raise InvalidInput(f"{workflow!r} names no workflow; use small letters, digits and _")
        return self._home.policies(customer.id) / f"{workflow}.yaml"

    def workflows(self, customer: Customer) -> list[str]:
        """Every workflow that has a file."""
        return sorted(file.stem for file in self._home.policies(customer.id).glob("*.yaml"))

    def known(self, customer: Customer) -> list[str]:
        """Every workflow that has a file, or values that lead."""
        led = filter(NAME.fullmatch, self._store.policies.workflows(customer))
        return sorted({*self.workflows(customer), *led})

    def find(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """The values that lead from now on: the file's, or the last that led where it is held.

        A file that is gone takes nothing with it; None before any led. Raises InvalidInput when it
        cannot be read or lies out of bounds; then nothing changes.
        """
        if not NAME.fullmatch(workflow):
            return None
        file = self.file(customer, workflow)
        seen = _stamp(file)
        policy = self._find(customer, workflow)
        self._followed[file] = seen
        return policy

    def is_edited(self, customer: Customer, workflow: str) -> bool:
        """Whether somebody wrote the file since `find` last came to its end here; reads nothing."""
        if not NAME.fullmatch(workflow):
            return False
        file = self.file(customer, workflow)
        return file not in self._followed or self._followed[file] != _stamp(file)

    def _find(self, customer: Customer, workflow: str) -> PolicyValues | None:
        for _ in range(LOOKS):
            policy = self._says(customer, workflow)
            if policy is None:
                break
            try:
                return self._leading.follow(customer, policy)
            except Conflict as error:
                log.info("other values began to lead meanwhile: %s", error)
        return self.last_led(customer, workflow)

    def check(self, customer: Customer, workflow: str) -> None:
        """InvalidInput when the file could not lead; changes nothing."""
        file = self.file(customer, workflow)
        self._leading.check(customer, rules.read_policy(_text(file), str(file)))

    def standing(self, customer: Customer, workflow: str) -> Standing:
        """How the file stands to what leads, and why it does not lead; changes nothing."""
        try:
            says = self._says(customer, workflow)
            if says is not None:
                return self._leading.standing(customer, says)
        except InvalidInput as error:
            return Standing(self.last_led(customer, workflow), None, str(error))
        return Standing(self.last_led(customer, workflow), None)

    def preview(
        self, customer: Customer, policy: PolicyValues, editor: Editor | None = None
    ) -> Standing:
        """What would follow if the file said this; InvalidInput out of bounds; changes nothing."""
        return self._leading.standing(customer, policy, editor)

    def propose(self, customer: Customer, policy: PolicyValues, text: str, editor: Editor) -> None:
        """Put a person's text in the place of the file; it leads, or waits for whom it needs.

        The person is kept with the edit, and not asked. With nothing written: NotAllowed where
        nobody can be asked, Conflict where people are asked about exactly these values already.
        """
        different = self._leading.find_difference(customer, policy)
        if different is not None:
            self._leading.keep_edit(different, editor)
        replace(self.file(customer, policy.workflow), text)
        self.find(customer, policy.workflow)

    def write(self, customer: Customer, policy: PolicyValues) -> None:
        """Replace the file as a whole, or not at all; its values lead from now on.

        For values that were agreed to with a release, or lead again because one is taken back. An
        edit that was held is kept beside the file.
        """
        different = self._leading.find_difference(customer, policy)
        if different is not None:
            self._leading.keep_decided(different)
            self._set_aside(customer, policy.workflow, {different.led.digest, policy.digest})
        replace(self.file(customer, policy.workflow), rules.write_policy(policy))
        self._leading.let_decided(customer, policy)

    def restore(self, customer: Customer, workflow: str) -> Path | None:
        """Let the file say again what leads; where the edit is kept that it replaced, if any."""
        leads = self.last_led(customer, workflow)
        if leads is None:
            raise InvalidInput(f"no values led for workflow {workflow!r} yet; nothing to restore")
        aside = self._set_aside(customer, workflow, {leads.digest})
        replace(self.file(customer, workflow), rules.write_policy(leads))
        self.find(customer, workflow)
        return aside

    def last_led(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """The values that lead, whatever the file says now; None before any did."""
        return self._leading.last(customer, workflow)

    def subject_now(self, customer: Customer, asked: Approval) -> str:
        """The digest of what an approval of an edit would do now; changes nothing."""
        try:
            says = self._says(customer, asked.covers["workflow"])
        except InvalidInput:
            says = None
        return self._leading.subject_now(customer, asked, says)

    def _says(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """The values in the file; None without one, InvalidInput where it cannot be read."""
        file = self.file(customer, workflow)
        with self._lock:
            policy = self._current(file)
        if policy is not None and policy.workflow != workflow:
            raise InvalidInput(f"{file}: workflow is {policy.workflow!r}; write {workflow!r}")
        return policy

    def _current(self, file: Path) -> PolicyValues | None:
        stamp = _stamp(file)
        if stamp is None:
            return None
        known = self._read.get(file)
        if known is None or known.stamp != stamp:
            known = Read(stamp, rules.read_policy(_text(file), str(file)))
            self._read[file] = known
        return known.policy

    def _set_aside(self, customer: Customer, workflow: str, known: set[str]) -> Path | None:
        """Keep a copy of what people wrote where nothing else holds it; None where that is so."""
        file = self.file(customer, workflow)
        try:
            text = _text(file)
        except InvalidInput:
            return None
        try:
            is_known = rules.read_policy(text, str(file)).digest in known
        except InvalidInput:
            is_known = False
        if is_known:
            return None
        aside = file.with_name(f"{file.name}.aside-{sha256(text.encode()).hexdigest()[:8]}")
        replace(aside, text)
        return aside


def _stamp(file: Path) -> Stamp | None:
    """How a file is told from what it was before; None where there is none."""
    try:
        seen = file.stat()
    except FileNotFoundError:
        return None
    return (seen.st_ino, seen.st_size, seen.st_mtime_ns)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: cannot be read ({error}); it is UTF-8 text") from None
