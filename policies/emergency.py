"""what one person may approve alone when there is no time: what the policy says, never more."""

from collections import Counter
from collections.abc import Sequence

from policies.quorum import Vote, Who, fill, votes
from runs.records.approval import Approval, Decision, Need
from runs.records.delegation import Around
from runs.records.person import Identity


def why_not(approval: Approval, identity: Identity, around: Around, who: Who) -> str:
    """Why this person may not approve it alone, in one sentence; empty when they may.

    The policy names who, for which kinds and up to which risk classes. Nobody approves their own,
    in an emergency as little as otherwise, and nobody confirms an emergency by another.
    """
    rule, person = around.emergency, identity.person
    if approval.kind == "confirmation":
        return "nobody confirms an emergency by another; leave it to those who are named"
    if rule is None:
        return "the policy lets nobody approve in an emergency; ask those who are named"
    if approval.kind not in rule.kinds:
        kinds = ", ".join(rule.kinds)
        return (
            f"the policy has emergencies for {kinds}, not for {approval.kind}; ask those who are "
            "named"
        )
    beyond = sorted(set(approval.risks) - set(rule.risks))
    if beyond:
        return (
            f"the policy forbids an emergency approval of {', '.join(beyond)} actions; ask those "
            "who are named"
        )
    if who(person) in {who(one) for one in approval.excluded}:
        return (
            f"{person} asked for, built or edited it: nobody approves their own; leave it to "
            "somebody else"
        )
    roles = next((one.roles for one in around.people if one.id == person), identity.roles)
    if person not in rule.people and not set(roles) & set(rule.people):
        return (
            f"{person} is not one of those the policy names: {', '.join(rule.people)}; "
            "ask one of them"
        )
    return ""


def confirmers(
    approval: Approval, decisions: Sequence[Decision], person: str, who: Who
) -> tuple[Need, ...]:
    """The ordinary approvers who have to confirm what this person approved alone.

    Everybody who is missing still; the person's own word stands in one role of theirs. Nobody where
    nobody is missing, or where too few are left to confirm it.
    """
    made = [*votes(approval, decisions, approval.excluded), Vote(person, person)]
    filled = Counter(fill(approval.needs, made, who).values())
    spent = {who(one) for vote in made for one in vote}
    needs: list[Need] = []
    for need in approval.needs:
        taken = min(need.count, filled[need.role])
        filled[need.role] -= taken
        left = tuple(one for one in need.people if who(one) not in spent)
        if need.count > taken:
            needs.append(Need(role=need.role, count=need.count - taken, people=left))
    able = [Vote(one, one) for need in needs for one in need.people]
    is_whole = len(fill(needs, able, who)) == sum(need.count for need in needs)
    return tuple(needs) if is_whole else ()
