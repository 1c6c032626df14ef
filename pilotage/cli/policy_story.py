"""the values that lead and an edit of them, as people and programs read it."""

from typing import Any

from pilotage.cli.output import section, short, table
from pilotage.policy_leading import Standing
from policies import bounds

Told = dict[str, Any]


def edit(standing: Standing) -> Told:
    """What the values say otherwise than those that lead, and what has to happen first."""
    asked = standing.approval
    return {
        "says": standing.says.digest if standing.says else "",
        "changes": [
            {
                "key": one.key,
                "before": bounds.shown(one.before),
                "after": bounds.shown(one.after),
                "roles": list(one.roles),
            }
            for one in standing.changes
        ],
        "needs": [need.as_json() for need in standing.needs],
        "approval": {"id": asked.id, "status": asked.status} if asked else None,
        "nobody_can_be_asked": standing.problem,
        "asked_again": [one.id for one in standing.voids],
        "evidence_restarts": standing.restarts,
    }


def preview(told: Told) -> list[str]:
    """What would follow, for people."""
    if not told["changes"]:
        return [f"{told['workflow']}: every value as it leads now, or the first to lead"]
    agree = [f"{need['role']}: {', '.join(need['people'])}" for need in told["needs"]]
    restarts = [told["evidence_restarts"]] if told["evidence_restarts"] else []
    if told["nobody_can_be_asked"]:
        outcome = f"would not be taken: {told['nobody_can_be_asked']}"
    else:
        outcome = "would wait for people" if agree else "would lead at once"
    return [
        f"{told['workflow']}: {outcome}",
        *section("differences", _changes(told)),
        *section("who would be asked", agree),
        *section("asked again when they lead", told["asked_again"]),
        *section("evidence of the stage that begins anew when they lead", restarts),
    ]


def lines(told: Told) -> list[str]:
    """What leads, how far each value may move, and what the file says otherwise."""
    body = told["policy"]
    rows = [
        (name, value, _bound(told["bounds"].get(name)))
        for name, value in [*body["values"].items(), *body["lists"].items()]
    ]
    gates = [
        (
            name.replace("_", " "),
            f"{gate['wrong_auto_max']:g}",
            f"{gate['coverage_min']:g}",
            f"{gate['confidence']:g}",
            gate["min_cases"],
        )
        for name, gate in body["gates"].items()
    ]
    approvers = [
        f"{kind.replace('_', ' ')}: " + ", ".join(f"{one['count']} {one['role']}" for one in wanted)
        for kind, wanted in body["approvers"].items()
    ]
    header = ("gate", "wrong alone at most", "covered at least", "confidence", "cases at least")
    says = f"; the file says {short(told['says'])}" if told["changes"] else ""
    return [
        f"policy of {body['workflow']}: {short(told['digest'])} leads{says}",
        f"  file {told['file']}",
        *section("the file does not lead", told["problem"].splitlines()),
        *section("what it says otherwise", _changes(told)),
        *section("values", table(("name", "value", "bound"), rows, none="none")),
        *section("gates", table(header, gates, none="none")),
        *section("who must agree", approvers),
        f"  reviews go to {body['review_owner']} within {body['review_due_hours']} h; "
        f"{body['audit_share']:.0%} of what acts alone is looked at",
    ]


def _changes(told: Told) -> list[str]:
    rows = [
        (one["key"], one["before"], one["after"], ", ".join(one["roles"]))
        for one in told["changes"]
    ]
    return table(("value", "leads", "says", "who must agree"), rows, none="") if rows else []


def _bound(bound: Told | None) -> str:
    if bound is None:
        return "-"
    if bound["choices"]:
        return ", ".join(bound["choices"])
    return f"{bound['low'] or ''} to {bound['high'] or ''}"
