"""what is asked of people about an item that waits: of whom, why, until when, and what follows."""

from typing import Any

from pilotage.cli.output import one_line, section, when
from pilotage.cli.run_explained import kept_text
from runs import words
from runs.records.item import Item, Review
from runs.records.person import Customer
from runs.store.items import WAITING
from runs.store.store import Store
from workflow.review import Deps, Outlook, find_outlook


def find_story(deps: Deps, customer: Customer, item: Item) -> dict[str, Any] | None:
    """Everything a reviewer has to know, as JSON values; None when nobody is asked."""
    outlook = find_outlook(deps, customer, item)
    if outlook is None:
        return None
    now = deps.store.clock.now()
    return {
        "review": told(deps.store, customer, outlook.review),
        "is_overdue": outlook.review.due_at <= now,
        "held_by": outlook.review.holder(now),
        "may_answer": list(outlook.may_answer),
        "rule": None if outlook.rule is None else outlook.rule.as_json(),
        "labels": list(outlook.labels),
        "fields": list(outlook.fields),
        "follows": _follows(item, outlook),
    }


def told(store: Store, customer: Customer, review: Review) -> dict[str, Any]:
    """A review as JSON values, with what people wrote."""
    value = review.as_json()
    value["said_text"] = words.words(store, customer, review.said)
    if review.corrected:
        kept = kept_text(store, customer, review.corrected)
        value["corrected_fields"] = kept["fields"] if isinstance(kept, dict) else {"all": kept}
    for step in value["escalations"]:
        step["reason_text"] = words.words(store, customer, step["reason"])
    return value


def lines(waits: dict[str, Any] | None) -> list[str]:
    """The question for people; nothing when nobody is asked."""
    if waits is None:
        return []
    review = waits["review"]
    late = ", which is past" if waits["is_overdue"] else ""
    return [
        *section(
            f"waits for a person ({review['kind']})",
            [
                f"{review['owner']} answers for it until {when(review['due_at'])} UTC{late}",
                *_holding(waits),
                f"may answer: {', '.join(waits['may_answer']) or 'nobody; escalate it'}",
                f"why: {one_line(review['reason'], 160)}",
                *_rule(waits["rule"]),
                f"labels: {', '.join(waits['labels'])}",
                *([f"fields: {', '.join(waits['fields'])}"] if waits["fields"] else []),
            ],
        ),
        *section("what follows", [f"{verb}: {says}" for verb, says in waits["follows"].items()]),
    ]


def escalation_line(step: dict[str, Any]) -> str:
    """Who handed it on, and why."""
    reason = one_line(step["reason_text"], 120)
    return f"{when(step['at'])} {step['by']} handed it on from {step['owner']}: {reason}"


def _holding(waits: dict[str, Any]) -> list[str]:
    if not waits["held_by"]:
        return []
    return [f"{waits['held_by']} looks at it until {when(waits['review']['held_until'])} UTC"]


def _rule(rule: dict[str, Any] | None) -> list[str]:
    return [] if rule is None else [f"rule {rule['id']}: {rule['when']} ({rule['why']})"]


def _follows(item: Item, outlook: Outlook) -> dict[str, str]:
    """What each act makes of the item; nothing outside follows from any of them."""
    rest = f"the item stays {item.status}; nothing is done outside by the answer"
    if item.status in WAITING:
        rest = "the item is closed; nothing is done outside by the answer: people do what is left"
    on = f"{outlook.next_owner} answers for it, for {outlook.due_hours} hours"
    return {
        "approve": f"what was produced counts as right; {rest}",
        "edit --label": f"your label counts as right; {rest}",
        **(
            {"edit --field": f"the draft with your field counts as right; {rest}"}
            if outlook.fields
            else {}
        ),
        "reject": f"no label counts as right; {rest}",
        "escalate": on if outlook.next_owner else "not possible: nobody is left to hand it to",
    }
