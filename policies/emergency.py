"""what one person may approve alone when there is no time: what the policy says, never more."""

from policies.quorum import Who
from runs.records.approval import Approval
from runs.records.delegation import Around
from runs.records.person import Identity


def why_not(approval: Approval, identity: Identity, around: Around, who: Who) -> str:
    """Why this person may not approve it alone, in one sentence; empty when they may.

    The policy names who, for which kinds and up to which risk classes. Nobody approves their own,
    in an emergency as little as otherwise, and nobody confirms an emergency by another.
    """
    rule, person = around.emergency, identity.person
    if rule is None:
        return "the policy lets nobody approve in an emergency; ask those who are named"
    if approval.kind not in rule.kinds:
        kinds = ", ".join(rule.kinds)
        return f"the policy has emergencies for {kinds}, not for {approval.kind}"
    beyond = sorted(set(approval.risks) - set(rule.risks))
    if beyond:
        return f"the policy forbids an emergency approval of {', '.join(beyond)} actions"
    if who(person) in {who(one) for one in approval.excluded}:
        return f"{person} asked for, built or edited it: nobody approves their own"
    roles = next((one.roles for one in around.people if one.id == person), identity.roles)
    if person not in rule.people and not set(roles) & set(rule.people):
        return f"{person} is not one of those the policy names: {', '.join(rule.people)}"
    return ""
