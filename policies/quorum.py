"""who counts, and for what: each human once, as many needs filled as these people can fill."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from runs.errors import NotAllowed
from runs.records.approval import Approval, Decision, DecisionKind, Need
from runs.records.person import Person

AGREES: frozenset[DecisionKind] = frozenset({"approve"})

Who = Callable[[str], str]
"""The human behind an account: one name for all accounts that are known to be theirs."""


class Vote(NamedTuple):
    """One person's agreement, in their own place or in another's."""

    person: str
    place: str
    """Whose place it is; their own, but for a delegate."""


def humans(people: Sequence[Person]) -> Who:
    """Who is who: accounts that an owner declared the same, and those that share an e-mail address.

    Two accounts with two addresses that nobody declared are two people: nothing else is known.
    """
    parent: dict[str, str] = {}

    def find(one: str) -> str:
        while parent.get(one, one) != one:
            one = parent[one]
        return one

    for one, other in _pairs(people):
        low, high = sorted((find(one), find(other)))
        if low != high:
            parent[high] = low
    return find


def _pairs(people: Sequence[Person]) -> Iterable[tuple[str, str]]:
    yield from ((person.id, other) for person in people for other in person.same_as)
    by_address: dict[str, str] = {}
    for person in people:
        address = person.email.strip().casefold()
        if address:
            yield by_address.setdefault(address, person.id), person.id


def fill(needs: Sequence[Need], votes: Iterable[Vote], who: Who) -> dict[str, str]:
    """Role by person: as many needs filled as these votes can fill, each human filling one.

    A maximum matching by augmenting paths: whoever came first stays counted, in this or another
    role. A second vote of a human, or for a place that is taken, is none.
    """
    places = [(need.role, need.people) for need in needs for _ in range(need.count)]
    held: dict[int, Vote] = {}

    def place(vote: Vote, tried: set[int]) -> bool:
        for number, (_, named) in enumerate(places):
            if vote.place not in named or number in tried:
                continue
            tried.add(number)
            if number not in held or place(held[number], tried):
                held[number] = vote
                return True
        return False

    used: set[str] = set()
    for vote in votes:
        mine = {who(vote.person), who(vote.place)}
        if not used & mine and place(vote, set()):
            used |= mine
    return {vote.person: places[number][0] for number, vote in held.items()}


def count(needs: Sequence[Need]) -> int:
    """How many people must agree."""
    return sum(need.count for need in needs)


def named(approval: Approval) -> frozenset[str]:
    """Everybody who was asked."""
    return frozenset(person for need in approval.needs for person in need.people)


def votes(approval: Approval, decisions: Iterable[Decision], own: Iterable[str]) -> list[Vote]:
    """Who has agreed to exactly this digest and may count, in order; nobody of `own`."""
    never = frozenset(own)
    return [
        Vote(one.person, one.behalf or one.person)
        for one in decisions
        if one.kind in AGREES
        and one.seen == approval.subject
        and not {one.person, one.behalf} & never
    ]


def check_fillable(what: str, needs: Sequence[Need], who: Who) -> None:
    """NotAllowed, naming `what` and the role, where these needs cannot all be filled at once."""
    everybody = sorted({one for need in needs for one in need.people})
    filled = list(fill(needs, [Vote(one, one) for one in everybody], who).values())
    for need in needs:
        wanted = sum(other.count for other in needs if other.role == need.role)
        if filled.count(need.role) < wanted:
            raise NotAllowed(
                f"{what}: {wanted} x {need.role} must agree and {len(need.people)} may "
                f"({', '.join(need.people) or 'nobody'}), each in one role; give the role "
                f"{need.role} to another person who neither asked for nor built it"
            )
