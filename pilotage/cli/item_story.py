"""one item from its input to its end, read from the record alone."""

from typing import Any

from pilotage.cli import action_story, review_story
from pilotage.cli.output import one_line, section, short, when
from pilotage.cli.run_explained import kept_text
from policies.drafting import DOCUMENT
from runs.records.item import Item
from runs.records.person import Customer
from runs.records.version import Version
from runs.store.items import UNFINISHED
from runs.store.store import Store


def story(store: Store, customer: Customer, item: Item) -> dict[str, Any]:
    """Everything an item left behind, as JSON values."""
    return {
        "item": item.as_json(),
        "later": _later(store, customer, item),
        "decided_by": decided_by(store, customer, item),
        "input": kept_text(store, customer, item.input),
        "seen": kept_text(store, customer, item.snapshot),
        "changed": changed(
            kept_text(store, customer, item.snapshot), kept_text(store, customer, item.found)
        ),
        "output": kept_text(store, customer, item.output),
        "actions": [
            {
                **action.as_json(),
                "asked": kept_text(store, customer, action.content),
                "answered": kept_text(store, customer, action.receipt),
            }
            for action in store.actions.of_item(customer, item.id)
        ],
        "asked": action_story.questions(store, customer, item.id),
        "reviews": [
            review_story.told(store, customer, review)
            for review in store.reviews.of_item(customer, item.id)
        ],
    }


def _later(store: Store, customer: Customer, item: Item) -> dict[str, str] | None:
    """When the work on it is tried again, and why it waits; None where it does not."""
    found = store.jobs.later(customer, item.id) if item.status in UNFINISHED else None
    return None if found is None else {"at": found.at.isoformat(), "why": found.why}


def decided_by(store: Store, customer: Customer, item: Item) -> dict[str, Any]:
    """What decided about an item: version, values, the rule that fired, route, prompts, models.

    No version asks a model yet, so that no prompt and no model are named; a route that does will
    name them here.
    """
    version = store.find(customer, Version, item.version)
    rules = () if version is None else version.rules
    fired = next((rule for rule in rules if rule.id == item.rule), None)
    output = kept_text(store, customer, item.output)
    answered = output if isinstance(output, dict) else {}
    return {
        "version": item.version,
        "policy": item.policy,
        "rule": item.rule,
        "rule_fired": None if fired is None else fired.as_json(),
        "rules_asked": [rule.id for rule in rules],
        "route_used": answered.get("route_used", ""),
        "template": answered.get("template", ""),
        "prompts": [],
        "models": [],
    }


def lines(told: dict[str, Any]) -> list[str]:
    """The item for people."""
    item = told["item"]
    return [
        f"item {item['id']}: {item['status']}, owner {item['owner'] or 'nobody yet'}",
        f"  {item['workflow']}, key {item['key']}, {item['arm']} of {item['release']}, "
        f"received {when(item['received_at'])} UTC",
        *_later_lines(told.get("later")),
        *section("input", [f"snapshot {short(item['input'])}", *_fields(told["input"])]),
        *section("what the version saw", _seen_lines(item, told["seen"])),
        *section("changed since then", [_changed_line(one) for one in told["changed"]]),
        *section("decided by", _by_lines(told["decided_by"])),
        *section("output", _output_lines(item, told["output"])),
        *section("taken from", _reference_lines(told["output"], told["seen"])),
        *section("draft", _draft_lines(told["output"])),
        *section("route", _route_lines(item)),
        *section("asked", [action_story.question_line(one) for one in told["asked"]]),
        *section("people", [line for one in told["reviews"] for line in _review_lines(one)]),
        *section("receipts", [_action_line(one) for one in told["actions"]]),
    ]


def _later_lines(later: dict[str, str] | None) -> list[str]:
    return [f"  tried again at {when(later['at'])} UTC: {later['why']}"] if later else []


def changed(seen: Any, found: Any) -> list[dict[str, Any]]:
    """Each field of a source that was another when it was to be acted on: before, and after.

    A field whose values are masked is not among them; a source that gave nothing has no `after`.
    """
    if not (isinstance(seen, dict) and isinstance(found, dict)):
        return []
    return [
        {"source": source, "field": name, "before": before.get(name), "after": after.get(name)}
        for source, before in seen.get("values", {}).items()
        for after in [found.get("values", {}).get(source, {})]
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _changed_line(one: dict[str, Any]) -> str:
    before, after = (one_line(_said(one[name]), 60) for name in ("before", "after"))
    return f"{one['source']}.{one['field']}: it was decided on {before}, and is now {after}"


def _seen_lines(item: dict[str, Any], seen: Any) -> list[str]:
    if not isinstance(seen, dict):
        return [str(seen)] if seen else []
    problems = [problem["says"] for problem in seen.get("problems", ())]
    read = [
        f"{source}: {_said(values)} (version {short(seen['versions'][source])}, "
        f"read {when(seen['read_at'][source])})"
        for source, values in seen.get("values", {}).items()
    ]
    return [f"snapshot {short(item['snapshot'])}", *read, *(f"problem: {one}" for one in problems)]


def _by_lines(by: dict[str, Any]) -> list[str]:
    fired = by["rule_fired"]
    why = f": {fired['when']} ({fired['why']})" if fired else ""
    asked = ", ".join(by["rules_asked"]) or "the version has none"
    return [
        f"version {short(by['version'])}",
        f"policy {short(by['policy'])}, whose values the rules were asked with",
        one_line(f"rule {by['rule'] or 'none'}{why}", 160),
        one_line(f"rules in order: {asked}", 160),
        f"route {by['route_used'] or 'none'}; no prompt and no model was asked",
    ]


def _output_lines(item: dict[str, Any], output: Any) -> list[str]:
    if not item["output"]:
        return []
    if isinstance(output, dict) and output.get("template"):
        fields = {n: v for n, v in output["fields"].items() if n != DOCUMENT}
        output = {**output, "fields": fields, "references": None, "template": None}
    return [f"snapshot {short(item['output'])}", *_fields(output)]


def _reference_lines(output: Any, seen: Any) -> list[str]:
    """Each field of a draft with the record, its version and when it was read."""
    found = output.get("references", ()) if isinstance(output, dict) else ()
    return [_reference_line(one, output["fields"], seen) for one in found]


def _reference_line(one: dict[str, Any], fields: Any, seen: Any) -> str:
    value = fields.get(one["name"]) if isinstance(fields, dict) else "erased"
    place = f"{one['field']} of the item"
    if one["source"]:
        place = f"{one['field']} of {one['source']} {one['record']}"
        if isinstance(seen, dict):
            version = short(seen["versions"][one["source"]])
            place += f" (version {version}, read {when(seen['read_at'][one['source']])})"
    doubt = f"; {', '.join(one['conflicts'])} says otherwise" if one["conflicts"] else ""
    return f"{one['name']}: {one_line(_said(value), 80)} <- {place}{doubt}"


def _draft_lines(output: Any) -> list[str]:
    fields = output.get("fields") if isinstance(output, dict) else None
    text = fields.get(DOCUMENT, "") if isinstance(fields, dict) else ""
    if not text:
        return []
    return [f"template {short(output['template'])}", *str(text).splitlines()]


def _route_lines(item: dict[str, Any]) -> list[str]:
    audited = ["chosen beforehand to be looked at by a person"] if item["audited"] else []
    return [f"{item['route'] or 'none'}: {item['reason'] or 'no reason yet'}", *audited]


def _review_lines(review: dict[str, Any]) -> list[str]:
    steps = [review_story.escalation_line(step) for step in review["escalations"]]
    return [*steps, _answer_line(review)]


def _answer_line(review: dict[str, Any]) -> str:
    if review["status"] != "decided":
        until = when(review["due_at"])
        return f"{review['kind']}: {review['status']}, {review['owner']} until {until}"
    marks = "".join(f", {mark}" for mark in ("simulated", "solo") if review[mark])
    reason = f": {one_line(review['said_text'], 120)}" if review["said_text"] else ""
    return (
        f"{review['kind']}: {review['decided_by']}{marks} said {review['answer']} "
        f"{when(review['decided_at'])}: {review['label'] or 'no label'} "
        f"({', '.join(review['routes'])}){_corrected(review)}{reason}"
    )


def _corrected(review: dict[str, Any]) -> str:
    fields = review.get("corrected_fields") or {}
    return f", {_said(fields)}" if fields else ""


def _action_line(action: dict[str, Any]) -> str:
    receipt = short(action["receipt"]) or "none"
    return one_line(
        f"{action['operation']} by {action['tool']}: {action['status']} {action['reason']} "
        f"key {action['key']} receipt {receipt} {_said(action['answered'])}",
        200,
    )


def _fields(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [one_line(str(value), 120)] if value else []
    told = {name: _said(inner) for name, inner in value.items() if inner is not None}
    return [f"{name}: {one_line(text, 120)}" for name, text in told.items() if text]


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(inner)}" for name, inner in value.items())
    return str(value)
