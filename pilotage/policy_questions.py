"""an edit of policy values: who must agree before it leads, and what was asked about it so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from policies import bounds
from policies.approvals import needs_of
from policies.bounds import Changed
from rollout import ladder
from runs import approvals
from runs.errors import NotAllowed
from runs.people import find_people
from runs.records.approval import Approval, Need
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import Release
from runs.records.version import (
    ApproverRule,
    Bound,
    ChangedValue,
    PolicyEdit,
    PolicyValues,
    Risk,
    Version,
)
from runs.store.policies import Led
from runs.store.store import Store

MOST = 200
"""Questions about one edit, told apart by a number."""
LONGEST = 40
"""Characters of a value in a title."""


@dataclass(frozen=True)
class Difference:
    """What the file says where other values lead."""

    customer: Customer
    led: Led
    before: PolicyValues
    after: PolicyValues
    release: Release | None
    """The one that serves, if one does."""
    version_bounds: Mapping[str, Bound]

    @property
    def changes(self) -> tuple[Changed, ...]:
        """Every value that differs, with who must agree to it."""
        return bounds.changes(self.before, self.after, self.version_bounds)

    @property
    def name(self) -> str:
        """What names this edit: the same values in place of the same ones that lead since then."""
        told = digest_of([self.led.since, self.led.digest, self.after.digest])
        return f"policy.{self.after.workflow}.{told[7:23]}"


class Editor(NamedTuple):
    """Who puts other values in the place of those that lead."""

    person: str
    reason: str = ""
    """Snapshot of their words."""


class So(NamedTuple):
    """What was asked about one difference so far."""

    edit: PolicyEdit | None
    """The newest; None while nobody looked at it yet."""
    approval: Approval | None
    """The question asked about that edit."""
    name: str
    """Of the next question about it."""

    @property
    def is_due(self) -> bool:
        """Whether a question may follow by itself: after none, or one that came to no answer."""
        return self.approval is None or self.approval.status == "superseded"


class Questions:
    """Asks the people an edit needs, once for each edit, and knows their answers."""

    def __init__(self, store: Store, *, is_solo: bool) -> None:
        self._store = store
        self._is_solo = is_solo

    def so_far(self, customer: Customer, name: str) -> So:
        """The newest edit of this name with its question."""
        edit, approval, number = None, None, 1
        for number in range(1, MOST):
            asked = _numbered(name, number)
            found = self._store.find(customer, PolicyEdit, asked)
            if found is None:
                break
            edit = found
            there = approvals.find_all(self._store, customer, [asked]).get(asked)
            # What nobody answered went on to others: their answer is the one that counts.
            approval = approvals.latest(self._store, customer, asked) if there else None
        return So(edit, approval, _numbered(name, number))

    def is_decided(self, different: Difference) -> bool:
        """Whether a release that was approved, or a way back, put these values there."""
        name = _decided(different.name)
        return self._store.find(different.customer, PolicyEdit, name) is not None

    def decided(self, different: Difference) -> PolicyEdit:
        """The edit of a release that was approved, or of a way back: nobody is asked again."""
        return self._edit(different, _decided(different.name)).model_copy(
            update={"editors": ("worker",), "is_decided": True}
        )

    def edit(self, different: Difference, editor: Editor | None) -> PolicyEdit:
        """The next edit of this difference; the file's own where no editor is known.

        Whoever edited what is still asked about, or this before, counts among its editors.
        """
        so = self.so_far(different.customer, different.name)
        before = [*self._open(different), *([] if so.edit is None else [so.edit])]
        people = [name for one in before for name in one.editors]
        own = [] if editor is None else [editor.person]
        again = None if editor else so.edit
        return self._edit(different, so.name).model_copy(
            update={
                "editors": tuple(dict.fromkeys([*people, *own])),
                "is_known": bool(own) or (again is not None and again.is_known),
                "reason": editor.reason if editor else again.reason if again else "",
            }
        )

    def leads_at_once(self, customer: Customer, edit: PolicyEdit) -> bool:
        """Whether operations alone may let it lead, and it is they who edited, as far as known."""
        if set(_asked_roles(edit)) - {bounds.OPS}:
            return False
        held = self._roles(customer)
        return all(bounds.OPS in held.get(editor, ()) for editor in edit.editors)

    def needs(self, different: Difference, edit: PolicyEdit) -> tuple[Need, ...]:
        """Who must agree: each role, in a person of its own who did not edit.

        Where every editor is known and nobody else holds their role, their own word stands for it;
        somebody else decides always. Raises NotAllowed naming the role nobody can fill.
        """
        rules = [ApproverRule(role=role) for role in _asked_roles(edit)]
        people = find_people(self._store, different.customer)
        what = f"policy of {edit.workflow}"
        try:
            return needs_of(rules, people, what=what, excluded=edit.editors, is_solo=self._is_solo)
        except NotAllowed:
            held = self._roles(different.customer)
            theirs = {role for editor in edit.editors for role in held.get(editor, ())}
            left = [rule for rule in rules if rule.role not in theirs]
            if not edit.is_known or not left or left == rules:
                raise
        return needs_of(left, people, what=what, excluded=edit.editors)

    def open(self, different: Difference, edit: PolicyEdit, actor: str) -> Approval:
        """Ask; asked twice it is one question. What was asked about other values is superseded."""
        customer, now = different.customer, self._store.clock.now()
        covers = covers_of(edit)
        everybody = [one for one in find_people(self._store, customer) if not one.is_disabled]
        unknown = "" if edit.is_known else "; editor unknown"
        asked = Approval(
            id=edit.id,
            run="",
            kind="policy",
            title=f"{edit.workflow}: {_told(edit.changes)}{unknown}",
            subject=approvals.subject_of(covers),
            covers=covers,
            needs=self.needs(different, edit),
            excluded=edit.editors,
            risks=self._risks(different),
            if_approved="these values lead from then on, what was asked under the old ones is "
            "asked again, and the evidence of the stage begins anew",
            if_rejected="the values that lead now go on; the file differs from them until somebody "
            "edits it",
            status="open",
            due_at=now + timedelta(hours=different.before.approval_due_hours),
            opened_at=now,
            solo=self._is_solo and len(everybody) == 1,
        )
        return approvals.open_approval(self._store, customer, actor, asked)

    def _open(self, different: Difference) -> list[PolicyEdit]:
        """Edits of the same values that lead, about which people are asked still."""
        customer, led = different.customer, different.led
        asked = pending(self._store, customer, different.after.workflow, led.since)
        edits = [self._store.find(customer, PolicyEdit, one.id) for one in asked]
        return [one for one in edits if one is not None and one.since == led.since]

    def _risks(self, different: Difference) -> tuple[Risk, ...]:
        """Of what the version does outside, where it is let out of the sandbox."""
        release = different.release
        stage = None if release is None else ladder.find_stage(release)
        if release is None or stage is None or not ladder.allows(stage).acts:
            return ()
        version = self._store.get(different.customer, Version, release.version)
        return tuple(sorted({risk for effect in version.effects for risk in effect.risks}))

    def _roles(self, customer: Customer) -> Mapping[str, tuple[str, ...]]:
        people = find_people(self._store, customer)
        return {one.id: one.roles for one in people if not one.is_disabled}

    def _edit(self, different: Difference, id: str) -> PolicyEdit:
        return PolicyEdit(
            id=id,
            workflow=different.after.workflow,
            since=different.led.since,
            before=different.led.digest,
            after=different.after.digest,
            changes=tuple(_changed(one) for one in different.changes),
            editors=(),
            is_known=False,
        )


def covers_of(edit: PolicyEdit) -> dict[str, str]:
    """What an approval of an edit covers: before, after, and every change by itself."""
    return {
        "workflow": edit.workflow,
        "since": str(edit.since),
        "before": edit.before,
        "after": edit.after,
        "edit": edit.id,
        "changes": digest_of([one.as_json() for one in edit.changes]),
    }


def pending(store: Store, customer: Customer, workflow: str, since: int) -> list[Approval]:
    """What is asked about the policy of a workflow, or agreed to and does not lead yet."""
    asked = approvals.of_policies(store, customer)
    return [
        one
        for one in asked
        if one.covers.get("workflow") == workflow
        and (one.status == "open" or one.covers.get("since") == str(since))
    ]


def _asked_roles(edit: PolicyEdit) -> Sequence[str]:
    return tuple(dict.fromkeys(role for one in edit.changes for role in one.roles)) or (bounds.OPS,)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}.{number}"


def _decided(name: str) -> str:
    return f"{name}.decided"


def _changed(one: Changed) -> ChangedValue:
    before, after = bounds.shown(one.before), bounds.shown(one.after)
    return ChangedValue(key=one.key, before=before, after=after, roles=one.roles)


def _told(changes: Sequence[ChangedValue]) -> str:
    if not changes:
        return "the same values, written otherwise"
    first, more = changes[0], len(changes) - 1
    also = f" and {more} more" if more else ""
    return f"{first.key} from {first.before[:LONGEST]} to {first.after[:LONGEST]}{also}"
