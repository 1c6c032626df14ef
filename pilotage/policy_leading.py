"""which policy values may lead: at once, once the people they need agreed, or not at all."""

import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from pilotage.policy_questions import Difference, Editor, Questions, So, pending
from policies import bounds
from policies.bounds import Changed
from policies.rules import Installation
from rollout.release.climb import restart_evidence
from runs import approvals
from runs.errors import Conflict, NotAllowed
from runs.moves import ApprovalStatus
from runs.records.approval import Approval, Need
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.version import Bound, PolicyEdit, PolicyValues, Version
from runs.store.policies import Led, lead_in, led_in
from runs.store.store import Store

log = logging.getLogger("pilotage.policy")

GOES_ON: tuple[ApprovalStatus, ...] = ("open", "approved", "superseded")
"""A question that somebody answers, or that is asked again by itself."""
FILE = "file"
"""The actor of a change that came by the file: whoever can write it."""
WORKER = "worker"


class Standing(NamedTuple):
    """What leads, what the file says, and what stands between them."""

    leads: PolicyValues | None
    says: PolicyValues | None
    """None without a file, or while it may not lead."""
    problem: str = ""
    """Why the file may not lead, or why nobody can be asked; empty when neither is so."""
    changes: tuple[Changed, ...] = ()
    """Every value the file says otherwise, with who must agree."""
    needs: tuple[Need, ...] = ()
    """Who is asked, or would be; nobody where operations may let it lead alone."""
    approval: Approval | None = None
    """The newest question about exactly this edit."""
    voids: tuple[Approval, ...] = ()
    """Open questions that rest on what leads now."""
    restarts: str = ""
    """The release whose stage would be measured anew; empty without one."""

    @property
    def differs(self) -> bool:
        """Whether the file says other values than those that lead."""
        if self.says is None or self.leads is None:
            return False
        return self.says.digest != self.leads.digest

    @property
    def is_gone(self) -> bool:
        """Whether values lead and there is no file that says so."""
        return self.leads is not None and self.says is None and not self.problem

    @property
    def waits(self) -> bool:
        """Whether it goes on by itself, at the next look or with the answers of the people."""
        is_asked = self.approval is None or self.approval.status in GOES_ON
        return self.differs and not self.problem and is_asked

    @property
    def why(self) -> str:
        """Why what the file says does not lead, and how to go on; empty where it does."""
        if self.leads is None or self.says is None:
            return self.problem or ("" if self.leads is None else _gone(self.leads.workflow))
        if not self.differs:
            return ""
        if self.approval is None or self.approval.status == "superseded":
            return _unasked(self)
        if self.approval.status == "approved":
            return "the people it needs agreed; it leads from the next look of the worker on"
        return _asked(self.approval, self.says.workflow)


class Leading:
    """Lets values lead in the record, each in the place of exactly those it was compared with."""

    def __init__(self, store: Store, installation: Callable[[], Installation]) -> None:
        self._store = store
        self._installation = installation

    def last(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """The values that lead; None before any did."""
        digest = self._store.policies.find_leading(customer, workflow)
        return None if digest is None else self._store.get(customer, PolicyValues, digest)

    def check(self, customer: Customer, policy: PolicyValues) -> None:
        """InvalidInput for values out of bounds."""
        self._within(customer, policy)

    def find_difference(self, customer: Customer, policy: PolicyValues) -> Difference | None:
        """How it differs from what leads; None where it does not, or nothing led yet.

        InvalidInput for values out of bounds.
        """
        led = self._store.policies.find_led(customer, policy.workflow)
        release, own = self._within(customer, policy)
        if led is None or led.digest == policy.digest:
            return None
        before = self._store.get(customer, PolicyValues, led.digest)
        return Difference(customer, led, before, policy, release, own)

    def follow(self, customer: Customer, policy: PolicyValues) -> PolicyValues:
        """Let what a file says lead if it may, else ask whom it needs, once; what leads now.

        Raises Conflict where other values began to lead meanwhile: read again.
        """
        if self._store.policies.is_settled(customer, policy.workflow, policy.digest):
            return policy
        led = self._store.policies.find_led(customer, policy.workflow)
        self._void_others(customer, policy, led)
        if led is not None and led.digest == policy.digest:
            if not self._is_measured(customer, policy):
                self._let(customer, policy, led, actor=FILE)
            return policy
        different = self.find_difference(customer, policy)
        if different is None:
            return self._let(customer, policy, led, actor=FILE)
        return self._settle(different)

    def keep_edit(self, different: Difference, editor: Editor) -> None:
        """Put on record who edits, before the file says it: whoever reads the file then knows.

        NotAllowed where nobody can be asked; Conflict where people are asked about it already.
        """
        questions, customer = self._questions, different.customer
        so = questions.so_far(customer, different.name)
        if so.approval is not None and so.approval.status in ("open", "approved"):
            raise Conflict(
                f"approval {so.approval.id} is about exactly these values and is "
                f"{so.approval.status}; look with `pilotage approval show {so.approval.id}`"
            )
        edit = questions.edit(different, editor)
        if not questions.leads_at_once(customer, edit):
            questions.needs(different, edit)
        self._store.keep(customer, editor.person, edit)

    def keep_decided(self, different: Difference) -> None:
        """Put on record that these values were agreed to with a release, or are taken back to."""
        self._store.keep(different.customer, WORKER, self._questions.decided(different))

    def standing(
        self, customer: Customer, policy: PolicyValues, editor: Editor | None = None
    ) -> Standing:
        """What stands between these values and leading; InvalidInput out of bounds; only reads."""
        leads = self.last(customer, policy.workflow)
        different = self.find_difference(customer, policy)
        if leads is None or different is None:
            return Standing(leads, policy)
        so, (needs, problem) = self._asks(different, editor)
        asked = approvals.list_approvals(self._store, customer, limit=10_000)
        release = different.release
        return Standing(
            leads,
            policy,
            "" if so.approval else problem,
            changes=different.changes,
            needs=so.approval.needs if so.approval else needs,
            approval=so.approval,
            voids=tuple(approvals.resting_on(asked, leads.digest, now=policy.digest)),
            restarts=release.id if release and release.stage >= 0 else "",
        )

    def subject_now(self, customer: Customer, asked: Approval, says: PolicyValues | None) -> str:
        """The digest of what an approval of an edit would do, as the record and the file are."""
        covers = dict(asked.covers)
        led = self._store.policies.find_led(customer, covers["workflow"])
        covers["before"], covers["since"] = (led.digest, str(led.since)) if led else ("none", "0")
        covers["after"] = says.digest if says else "none"
        return approvals.subject_of(covers)

    @property
    def _questions(self) -> Questions:
        return Questions(self._store, is_solo=self._installation().is_solo)

    def _settle(self, different: Difference) -> PolicyValues:
        questions, customer = self._questions, different.customer
        so = questions.so_far(customer, different.name)
        if questions.is_decided(different):
            return self._let(customer, different.after, different.led, actor=WORKER)
        if so.approval is not None and so.approval.status == "approved":
            agreed = so.approval.id
            return self._let(
                customer, different.after, different.led, actor=WORKER, approval=agreed
            )
        edit = self._newest(different, so)
        if edit is None:
            return different.before
        actor = edit.editors[-1] if edit.is_known else FILE
        if questions.leads_at_once(customer, edit):
            return self._let(customer, different.after, different.led, actor=actor)
        self._ask(different, edit, actor)
        return different.before

    def _newest(self, different: Difference, so: So) -> PolicyEdit | None:
        """The edit to be led by or asked about; None where people are asked, or said no."""
        if so.approval is None and so.edit is not None:
            return so.edit
        if not so.is_due:
            return None
        edit = self._questions.edit(different, None)
        self._store.keep(different.customer, FILE, edit)
        return edit

    def _ask(self, different: Difference, edit: PolicyEdit, actor: str) -> None:
        self._store.keep(different.customer, actor, different.after)
        try:
            asked = self._questions.open(different, edit, actor)
        except NotAllowed as error:
            log.warning("an edit is held, and nobody can be asked: %s", error)
            return
        log.info("an edit waits for the people it needs", extra={"approval": asked.id})

    def _asks(
        self, different: Difference, editor: Editor | None
    ) -> tuple[So, tuple[tuple[Need, ...], str]]:
        """What was asked so far; who would be, or why nobody can."""
        questions, customer = self._questions, different.customer
        so = questions.so_far(customer, different.name)
        edit = questions.edit(different, editor)
        if questions.is_decided(different) or questions.leads_at_once(customer, edit):
            return so, ((), "")
        try:
            return so, (questions.needs(different, edit), "")
        except NotAllowed as error:
            return so, ((), str(error))

    def _void_others(self, customer: Customer, policy: PolicyValues, led: Led | None) -> None:
        """Supersede what is asked about other values than the file says now."""
        for asked in pending(self._store, customer, policy.workflow, led.since if led else 0):
            is_now = led is not None and asked.covers["since"] == str(led.since)
            if not is_now or asked.covers["after"] != policy.digest:
                approvals.supersede(self._store, customer, FILE, asked.id)

    def _is_measured(self, customer: Customer, policy: PolicyValues) -> bool:
        """Whether the release on its stages is measured under these values."""
        release = self._store.releases.find_open(customer, policy.workflow)
        return release is None or release.stage < 0 or release.policy == policy.digest

    def _within(
        self, customer: Customer, policy: PolicyValues
    ) -> tuple[Release | None, Mapping[str, Bound]]:
        """The release that serves, if one does, with its bounds; InvalidInput out of them."""
        release = self._store.releases.find_open(customer, policy.workflow)
        version = None if release is None else self._store.get(customer, Version, release.version)
        own = _own(policy) if version is None else version.bounds
        bounds.check(policy, own, self._installation().bounds)
        return release, own

    def let_decided(self, customer: Customer, policy: PolicyValues) -> None:
        """Let values lead that were agreed to with a release, or are taken back to."""
        led = self._store.policies.find_led(customer, policy.workflow)
        self._let(customer, policy, led, actor=WORKER)

    def _let(
        self,
        customer: Customer,
        policy: PolicyValues,
        before: Led | None,
        *,
        actor: str,
        approval: str = "",
    ) -> PolicyValues:
        """Let values lead from now on; what is asked under those before is superseded with it."""
        release, _ = self._within(customer, policy)
        workflow = policy.workflow
        self._store.keep(customer, actor, policy)
        with self._store.change(customer, actor) as change:
            if led_in(change, workflow) != before:
                raise Conflict(f"other values lead for {workflow} by now; read the file again")
            if approval and not approvals.is_approved_in(change, approval):
                raise Conflict(f"approval {approval} does not stand any more; read it again")
            if lead_in(change, workflow, policy.digest, approval=approval) and before is not None:
                asked = approvals.open_in(change)
                for one in approvals.resting_on(asked, before.digest, now=policy.digest):
                    approvals.supersede_in(change, one)
        if release is not None:
            self._restart(customer, release)
        return policy

    def _restart(self, customer: Customer, release: Release) -> None:
        try:
            restart_evidence(self._store, customer, release=release)
        except Conflict:
            # Another process saw the same file first and restarted it.
            log.info("the release moved meanwhile", extra={"release": release.id})


def _gone(workflow: str) -> str:
    return (
        "the file is gone; the values that led go on; "
        f"`pilotage policy restore {workflow}` writes them again"
    )


def _unasked(standing: Standing) -> str:
    if standing.problem:
        return f"held, and nobody can be asked: {standing.problem}"
    then = "people are asked" if standing.needs else "it leads"
    return f"not looked at yet; {then} from the next look of the worker on"


def _asked(approval: Approval, workflow: str) -> str:
    if approval.status == "open":
        people = " and ".join(f"{one.role} ({', '.join(one.people)})" for one in approval.needs)
        return (
            f"held for {people} to agree until {approval.due_at:%Y-%m-%d %H:%M} UTC: "
            f"pilotage approval show {approval.id}"
        )
    return (
        f"held: approval {approval.id} is {approval.status.replace('_', ' ')}, so the values that "
        f"led go on; edit the file again, ask again with `pilotage policy set {workflow} "
        f"--file FILE`, or take the edit back with `pilotage policy restore {workflow}`"
    )


def _own(policy: PolicyValues) -> Mapping[str, Bound]:
    """Bounds that say nothing: before a version there is only the installation to ask."""
    own = {name: Bound(low=value, high=value) for name, value in policy.values.items()}
    sizes = {name: Bound(high=Decimal(len(entries))) for name, entries in policy.lists.items()}
    return own | sizes
