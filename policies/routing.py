"""act, review or refuse; to which named owner.

Rules are CEL over typed facts, in order, and the first that holds decides. After them the scope and
the confidence of the answer must reach the policy's `scope_floor` and `act_threshold`, or a person
looks. Numbers are CEL doubles: a decimal of up to 15 digits compares as it is written, whole
numbers in a condition (`> 200`) included.

A null field is an absent field. A condition that meets an absent field, or types that cannot be
compared, is not false: the item goes to review, to the rule's owner, who is told why. `has(item.x)`
asks for a field without that. What CEL can say without the field (`true || ...`) still counts.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from policies.conditions.condition import Condition, NotEvaluated
from policies.conditions.facts import Facts
from runs.errors import InvalidInput
from runs.records.version import FieldSpec, Route, Rule, Source

ANSWER = ("label", "confidence", "scope", "runner_up")
"""Fields of `answer`."""
RESERVED = ("threshold", "scope", "contract", "context", "answer", "budget")
"""Stand in place of a rule's id where no rule decided."""


class Routing(NamedTuple):
    """Where an item goes."""

    route: Route
    rule: str
    """Id of the rule that decided; `scope` or `threshold` where none did."""
    owner: str
    """Role or person id."""
    why: str


class Router:
    """Routes items by one list of rules; conditions are compiled once, here.

    InvalidInput, naming rule and column, for a condition that is not CEL.
    """

    def __init__(self, rules: Sequence[Rule], *, review_owner: str) -> None:
        self._rules = [(rule, Condition(rule.when, f"rule {rule.id!r}")) for rule in rules]
        self._review_owner = review_owner

    def route(self, facts: Facts) -> Routing:
        """Act only where no rule says otherwise and the answer reaches both of its limits."""
        return self.by_rules(facts) or self.by_limits(facts)

    def by_rules(self, facts: Facts) -> Routing | None:
        """What the first rule says that holds or cannot be evaluated; None when none does."""
        found = (self._ask(rule, condition, facts) for rule, condition in self._rules)
        return next((routing for routing in found if routing is not None), None)

    def _ask(self, rule: Rule, condition: Condition, facts: Facts) -> Routing | None:
        try:
            holds = condition.holds(facts)
        except NotEvaluated as error:
            why = f"rule {rule.id!r} could not be evaluated: {error}"
            return Routing("review", rule.id, rule.owner, why)
        return Routing(rule.route, rule.id, rule.owner, rule.why) if holds else None

    def before_answer(self, facts: Facts) -> Routing | None:
        """What the rules say whatever the answer is; None where they let it act, or need it.

        Rules are asked in order up to the first that looks at the answer.
        """
        for rule, condition in self._rules:
            if "answer" in condition.roots:
                return None
            found = self._ask(rule, condition, facts)
            if found is not None:
                return found if found.route != "act" else None
        return None

    def by_limits(self, facts: Facts) -> Routing:
        """Review unless scope and confidence are there and reach their limits."""
        for rule, fact, limit in (
            ("scope", "scope", "scope_floor"),
            ("threshold", "confidence", "act_threshold"),
        ):
            value, least = facts.answer.get(fact), facts.values.get(limit)
            if value is None or least is None:
                missing = f"answer.{fact}" if value is None else f"values.{limit}"
                return Routing("review", rule, self._review_owner, f"{missing} is missing")
            if not float(value) >= float(least):
                why = f"{fact} {float(value):.3f} is below {limit} {least}"
                return Routing("review", rule, self._review_owner, why)
        return Routing("act", "threshold", self._review_owner, "confident enough and in scope")


def names_of(
    fields: Iterable[FieldSpec],
    sources: Iterable[Source],
    *,
    values: Iterable[str],
    lists: Iterable[str],
) -> frozenset[str]:
    """Every name a condition may use."""
    return frozenset(
        [
            *(f"item.{field.name}" for field in fields),
            *(f"context.{source.name}.{field}" for source in sources for field in source.fields),
            *(f"answer.{field}" for field in ANSWER),
            *(f"values.{name}" for name in values),
            *(f"lists.{name}" for name in lists),
        ]
    )


def check(rules: Sequence[Rule], names: Collection[str]) -> None:
    """Raise InvalidInput, naming rule and column, unless every condition can be asked.

    Ids must differ, owners must be named, and each condition must be CEL over `names` only.
    """
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen or rule.id in RESERVED or not rule.id:
            taken = "is taken" if rule.id in seen else "cannot be the id of a rule"
            raise InvalidInput(f"rule {rule.id!r}: the id {taken}; give the rule another id")
        if not rule.owner:
            raise InvalidInput(f"rule {rule.id!r}: `owner` is empty; name a role or a person")
        Condition(rule.when, f"rule {rule.id!r}").check(names)
        seen.add(rule.id)
