"""Who pays for a question: budgets of the installation, with every request in the record."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from policies import budgets
from policies.budgets import Limits
from runs import snapshots
from runs.records.model_call import ModelCall, Settled
from runs.records.person import Customer
from runs.records.record import canonical
from runs.records.run import Spend
from runs.snapshots import Terms, Text
from runs.store.calls import Bound, Drafted
from runs.store.store import Store
from tools.model.asked import Attempt, Outcome
from tools.model.inside import opened

WORDS = ("messages", "tools", "response_format", "model")
"""What is kept as a text, or by a name of its own; the rest of what is sent is a parameter."""
REQUEST, RESPONSE = "model_request", "model_response"
"""Kinds of texts: kept as long as what a route was given, and what it answered."""
GIVEN, ANSWERED = "context", "output"
NONE = "none"


class Payer(NamedTuple):
    """Whose work a question belongs to."""

    customer: Customer
    actor: str
    run: str = ""
    item: str = ""


@dataclass(frozen=True)
class Account:
    """A purse: reserves from every budget at once, and keeps what was asked and answered."""

    store: Store
    payer: Payer
    limits: Callable[[], Limits]
    """The budgets as they are now; InvalidInput while nobody can tell them."""
    terms: Terms
    """What may be kept of the words, and how long."""

    def reserve(self, attempt: Attempt) -> str:
        """Set aside what the request takes at most, and keep it; OverBudget and nothing kept.

        Raises what the limits raise: what nobody can tell allows nothing.
        """
        payer, now = self.payer, self.store.clock.now()
        sent = {name: attempt.body[name] for name in WORDS if name in attempt.body}
        text = self._text(REQUEST, GIVEN, opened(sent))
        asked = attempt.request
        call = ModelCall(
            id="",
            run=payer.run,
            item=payer.item,
            purpose=asked.purpose,
            prompt=asked.prompt,
            prompt_name=asked.prompt_name,
            route=attempt.route,
            model=attempt.model,
            parameters=_parameters(attempt.body),
            request=text.digest,
            number=attempt.number,
            reserved=attempt.most,
            budgets=(),
            is_script=attempt.is_script,
            asked_at=now,
        )
        of = self.limits().of(run=payer.run, item=payer.item, at=now)
        keep = partial(snapshots.write_in, text=text)
        drafted = Drafted(call, keep, [Bound(name, limit) for name, limit in of])
        return self.store.calls.reserve(payer.customer, payer.actor, drafted, _judge).id

    def settle(self, id: str, outcome: Outcome) -> None:
        """Count what it took in the place of what was set aside, and keep what was said."""
        payer, usage = self.payer, outcome.usage
        text = self._text(RESPONSE, ANSWERED, opened({"said": outcome.said}))
        settled = Settled(
            end=outcome.end,
            response=text.digest,
            spent=outcome.spent,
            input_tokens=usage.input if usage else 0,
            output_tokens=usage.output if usage else 0,
            usage=usage.kind if usage else NONE,
            model=outcome.model,
            cached_tokens=outcome.is_cached,
            seconds=outcome.seconds,
            at=self.store.clock.now(),
        )
        keep = partial(snapshots.write_in, text=text)
        self.store.calls.settle(payer.customer, payer.actor, id, settled=settled, keep=keep)

    def _text(self, kind: str, kept_as: str, value: Any) -> Text:
        """A text as it is kept: masked, for as long as the plan keeps its like."""
        days = (self.terms.retention or {}).get(kept_as, self.terms.retention_days)
        return snapshots.make(kind=kind, value=value, terms=Terms(self.terms.mask, days))


def _judge(bound: Bound, used: Spend, amount: Spend) -> None:
    budgets.check(bound.name, bound.limit, used=used, amount=amount)


def _parameters(body: Any) -> dict[str, str]:
    """What is sent beside the words, as JSON text; the name of the form as well."""
    told = {name: canonical(value).decode() for name, value in body.items() if name not in WORDS}
    form = body.get("response_format", {}).get("json_schema", {}).get("name")
    return told | ({"form": form} if form else {})
