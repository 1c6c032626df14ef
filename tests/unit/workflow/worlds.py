"""Small worlds drawn by chance: what was seen, the rules, the values."""

from hypothesis import strategies as st

from runs.records.version import Rule
from tests.unit.workflow.builders import policy, rule, seen, version
from workflow.evaluate.bench import Seen
from workflow.patches.patch import Changed

ROUTES = st.sampled_from([("act",), ("review",), ("refuse",), ("act", "review")])
RATES = st.sampled_from([0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.99])
AMOUNTS = st.none() | st.sampled_from(["0.5", "20", "99.99", "100", "250", "999"])
RULES: list[Rule] = [
    rule("large", "has(item.amount) && item.amount > values.amount_limit"),
    rule("small", "values.amount_limit >= item.amount", route="act"),
    rule("torn", "answer.confidence < values.torn_limit && context.crm.tier == 'gold'"),
    rule("disputed", "context.crm.dispute", route="refuse"),
    rule("twice", "item.amount > values.amount_limit || answer.scope < values.amount_limit"),
]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Seen], Changed]:
    """Up to forty cases in up to fifteen families, some rules, some values."""
    found = [
        seen(
            str(number),
            label=draw(st.sampled_from(["refund", "delivery"])),
            confidence=draw(RATES),
            scope=draw(RATES),
            routes=draw(ROUTES),
            severity=draw(st.sampled_from(["critical", "major", "major", "minor"])),
            family=f"f{draw(st.integers(0, 14))}",
            amount=draw(AMOUNTS),
            channel=draw(st.sampled_from([None, "mail", "chat"])),
            tier=draw(st.sampled_from(["gold", "plus"])),
            dispute=draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, 40)))
    ]
    rules = draw(st.lists(st.sampled_from(RULES), unique_by=lambda one: one.id, max_size=3))
    values = {"act_threshold": str(draw(RATES)), "scope_floor": "0.2"}
    values |= {"amount_limit": draw(st.sampled_from(["50", "150"])), "torn_limit": "0.6"}
    bounds = {name: {"low": "0", "high": "1"} for name in values}
    bounds["amount_limit"] = {"low": "0", "high": "1000"}
    return found, Changed(version(rules=rules, bounds=bounds), policy(**values))
