"""A yes to exactly one action of an item: asked for, judged again, void when anything changed.

What is covered is made the same way when it is asked, when it is decided and immediately before
acting: the content, what the version saw and said, what the sources say now, the version, the
values that lead and the stage.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from policies.approvals import needs_of, rules_for_action
from policies.permissions import waits
from runs import approvals
from runs.errors import Unavailable
from runs.people import find_people
from runs.plan import PlanRecord
from runs.records.approval import Approval, Need
from runs.records.item import Item
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.snapshots import Masked
from runs.store.store import Store
from workflow.process.ending import Ending
from workflow.process.hand import changes, find_stage, requests, take_in_hand
from workflow.process.parts import ProcessDeps, Work
from workflow.requests import Request

Answers = Mapping[str, Approval]
"""The newest question about each effect that was asked about, by the effect's name."""
REFUSED: Mapping[str, str] = {
    "rejected": "was rejected",
    "changes_asked": "was answered with a wish for changes",
    "expired": "was not answered in time; silence is no consent",
    "withdrawn": "was withdrawn",
}
"""Answers after which nothing is done, as they are told."""
UNREADABLE = ("unavailable", "garbage")
"""Why a source gave nothing that says neither yes nor no of what it holds."""


def waiting(work: Work, wanted: Sequence[Request]) -> list[Request]:
    """Those of the requests that a person must agree to first."""
    return [one for one in wanted if waits(one.effect, work.version.waiting)]


def answers(work: Work, item: Item, wanted: Sequence[Request]) -> Answers:
    """What was asked about these requests so far, and how it stands."""
    found = _newest(work.deps.store, work.customer, item)
    return {one.effect.name: found[one.effect.name] for one in wanted if one.effect.name in found}


def ending(work: Work, wanted: Sequence[Request], found: Answers) -> Ending | None:
    """What the answers make of the item; None once all agreed and nothing changed since.

    An agreement to what is no longer so is superseded: it is asked again. NotAllowed where nobody
    may agree.
    """
    for asked in found.values():
        if asked.status in REFUSED:
            return _refused(work, asked)
    begun = {one.key for one in work.deps.store.actions.of_item(work.customer, work.item.id)}
    open_ones = [one for one in wanted if one.key not in begun]
    remake = current(work.deps, work.customer)
    is_agreed = [_is_agreed(work, found.get(one.effect.name), remake) for one in open_ones]
    if all(is_agreed):
        return None
    needs = [_needs(work, one) for one in open_ones]
    names = ", ".join(one.effect.name for one in open_ones)
    return Ending("asked", f"waits for a yes to exactly: {names}", needs[0][0].people[0])


def ask(deps: ProcessDeps, customer: Customer, item: Item, *, is_anew: bool) -> None:
    """Open what an item that is `asked` waits for; asked twice it is one question.

    `is_anew`: the item was worked on from the beginning, so that what was asked about an earlier
    answer of it is superseded. Otherwise only what was never asked is opened.
    """
    work = take_in_hand(deps, customer, item)
    found = _newest(deps.store, customer, item)
    for request in waiting(work, requests(work, item)):
        before = found.get(request.effect.name)
        if before is None or (is_anew and before.status in ("open", "superseded")):
            _open(work, item, request, before)


def recheck(deps: ProcessDeps, customer: Customer, asked: Approval) -> bool:
    """Supersede an open question when what it is about has changed; whether it had.

    Unavailable while a source does not answer: then it stands as it is.
    """
    if current(deps, customer)(asked) == asked.subject:
        return False
    approvals.supersede(deps.store, customer, "worker", asked.id)
    return True


def is_void(store: Store, customer: Customer, item: Item) -> bool:
    """Whether something changed under a question of the item since it was asked."""
    return any(one.status == "superseded" for one in _newest(store, customer, item).values())


def withdraw_all(store: Store, customer: Customer, item: Item) -> None:
    """Take back what is still asked about an item that has come to another end."""
    for asked in _newest(store, customer, item).values():
        if asked.status == "open":
            with store.change(customer, "worker") as change:
                approvals.withdraw(change, asked)


def current(deps: ProcessDeps, customer: Customer) -> Callable[[Approval], str]:
    """Makes the digest of what would happen again, from record and sources as they are now.

    Unavailable while a source does not answer: then nothing is said either way.
    """

    def remake(asked: Approval) -> str:
        item = deps.store.items.get(customer, asked.covers["item"])
        work = take_in_hand(deps, customer, item)
        wanted = requests(work, item) if item.route == "act" and item.output else []
        for request in wanted:
            if request.effect.name == asked.covers["effect"]:
                return approvals.subject_of(_covers(work, item, request))
        return approvals.subject_of({})

    return remake


def _is_agreed(work: Work, asked: Approval | None, remake: Callable[[Approval], str]) -> bool:
    if asked is None or asked.status != "approved":
        return False
    if remake(asked) == asked.subject:
        return True
    approvals.supersede(work.deps.store, work.customer, "worker", asked.id)
    return False


def _covers(work: Work, item: Item, request: Request) -> dict[str, str]:
    return {
        "workflow": item.workflow,
        "item": item.id,
        "effect": request.effect.name,
        "does": f"{request.effect.tool}.{request.effect.operation}",
        "key": request.key,
        "content": request.digest,
        "input": item.input,
        "snapshot": item.snapshot,
        "output": item.output,
        "sources": _sources(work, item),
        "version": item.version,
        "policy": work.policy().digest,
        "stage": find_stage(work) or "rolled_back",
    }


def _sources(work: Work, item: Item) -> str:
    """The snapshot, as long as the sources say the same; otherwise what became of them."""
    found = changes(work, item)
    for change in found:
        if change.code in UNREADABLE:
            raise Unavailable(f"{change.says}; decide again when it answers")
    return digest_of([change.says for change in found]) if found else item.snapshot


def _open(work: Work, item: Item, request: Request, before: Approval | None) -> None:
    store, customer, effect = work.deps.store, work.customer, request.effect
    # As it is: the content holds only what was masked before, and must be exactly what is done.
    work.keep("action", dict(request.content), work.terms._replace(mask=lambda v: Masked(v, 0)))
    work.write()
    covers = _covers(work, item, request)
    subject = approvals.subject_of(covers)
    if before is not None and before.status == "open" and before.subject == subject:
        return
    now, policy = store.clock.now(), work.policy()
    approvals.open_approval(
        store,
        customer,
        "worker",
        Approval(
            id=_name(store, customer, covers, subject),
            run="",
            kind="action",
            title=f"{item.workflow}: {effect.name} for item {item.id}",
            subject=subject,
            covers=covers,
            needs=_needs(work, request),
            excluded=tuple(sorted(_excluded(work))),
            risks=effect.risks,
            if_approved=f"{effect.tool} does {effect.operation} once, with exactly this content",
            if_rejected="nothing is done, and the item goes to a person",
            status="open",
            due_at=now + timedelta(hours=policy.approval_due_hours),
            opened_at=now,
            solo=work.deps.is_solo and len(find_people(store, customer)) == 1,
            supersedes="" if before is None else before.id,
        ),
    )


def _name(store: Store, customer: Customer, covers: Mapping[str, str], subject: str) -> str:
    """The same for the same question, another once that was closed: a closed one stays so."""
    name = f"{covers['item']}.{covers['effect'][:24]}.{subject[7:15]}"
    closed = [
        one
        for one in approvals.of_item(store, customer, covers["item"])
        if one.status != "open" and one.subject == subject
    ]
    return f"{name}.{len(closed) + 1}" if closed else name


def _needs(work: Work, request: Request) -> tuple[Need, ...]:
    policy, risks = work.policy(), request.effect.risks
    people = find_people(work.deps.store, work.customer)
    rules = rules_for_action(policy, risks)
    what = f"action {request.effect.name} of {policy.workflow}"
    excluded = _excluded(work)
    return needs_of(rules, people, what=what, excluded=excluded, is_solo=work.deps.is_solo)


def _excluded(work: Work) -> Collection[str]:
    """Who built the version, asked for it, sent the item, or wrote its answer otherwise."""
    store, customer = work.deps.store, work.customer
    release = store.releases.get(customer, work.item.release)
    builder = store.get(customer, PlanRecord, release.plan).plan.owners.builder
    requester = store.runs.get(customer, release.run).requester
    asked = approvals.of_item(store, customer, work.item.id)
    editors = approvals.editors_of(store, customer, asked)
    return {builder, requester, store.items.sender(customer, work.item), *editors}


def _refused(work: Work, asked: Approval) -> Ending:
    why = f"{asked.covers['effect']} {REFUSED[asked.status]} (approval {asked.id})"
    owner = _beyond(work, asked) if asked.status == "expired" else ""
    return Ending("in_review", why, owner, "exception")


def _beyond(work: Work, asked: Approval) -> str:
    """The first of the escalation who was not asked already; empty when there is none."""
    named = {person for need in asked.needs for person in need.people}
    for wanted in work.policy().escalation:
        person = work.deps.person(work.customer, wanted)
        if person and person not in named:
            return person
    return ""


def _newest(store: Store, customer: Customer, item: Item) -> dict[str, Approval]:
    """The last question about each effect: the one that no other came after.

    An answer to an earlier attempt says nothing of one that people had begun anew.
    """
    found = approvals.of_item(store, customer, item.id)
    if found and (reruns := store.pauses.reruns(customer, item.id)):
        found = [one for one in found if one.opened_at >= reruns[-1].at]
    gone = {name for one in found for name in (one.supersedes, one.escalates)}
    return {one.covers["effect"]: one for one in found if one.id not in gone}
