"""an action that waits for a yes: exactly what is done, why, and what differs from before."""

from collections.abc import Iterator
from typing import Any

from pilotage.cli import approval_changes
from pilotage.cli.output import one_line, section, short, when
from pilotage.cli.run_explained import kept_text
from runs import approvals
from runs.records.approval import Approval
from runs.records.person import Customer
from runs.store.store import Store

Told = dict[str, Any]
LEFT_OUT = ("key", "content", "input", "output", "snapshot", "sources", "item", "workflow")
"""What a question covers by digest; what these stand for is shown instead."""


def find_story(store: Store, customer: Customer, asked: Approval) -> Told:
    """What would be done and what it rests on, as JSON values; empty for another question."""
    if asked.kind == "call":
        return _called(store, customer, asked)
    return _covered(store, customer, asked) if asked.kind == "action" else {}


def lines(told: Told) -> list[str]:
    """The action for people."""
    if not told:
        return []
    return [
        *section(f"exactly this is done ({told['does']})", list(_content_lines(told["content"]))),
        *section("because the version saw", _seen_lines(told["seen"])),
    ]


def questions(store: Store, customer: Customer, item: str) -> list[Told]:
    """Every question about the actions of an item, with who answered what."""
    asked = approvals.of_item(store, customer, item)
    decided = approvals.decisions_on(store, customer, [one.id for one in asked])
    return [
        {
            **one.as_json(),
            "decisions": [made.as_json() for made in decided if made.approval == one.id],
            "different": approval_changes.story(store, customer, one),
        }
        for one in asked
    ]


def question_line(asked: Told) -> str:
    """One question and what became of it."""
    said = ", ".join(
        f"{one['person']} ({one['role']}) said {one['kind'].replace('_', ' ')} "
        f"{when(one['decided_at'])}"
        for one in asked["decisions"]
    )
    named = ", ".join(person for need in asked["needs"] for person in need["people"])
    until = f"asked of {named} until {when(asked['due_at'])} UTC"
    again = f"; asked again because of {', '.join(_changed(asked))}" if asked["different"] else ""
    return f"{asked['covers']['effect']} {asked['status']}: {said or until}{again} ({asked['id']})"


def _changed(asked: Told) -> list[str]:
    """What differs from the question before, by its own name where it has parts."""
    changed = asked["different"]["changed"]
    parts = [f"{one['name']}.{part['key']}" for one in changed for part in one["parts"]]
    return parts or [one["name"] for one in changed]


def _covered(store: Store, customer: Customer, asked: Approval) -> Told:
    seen = kept_text(store, customer, asked.covers["snapshot"])
    return {
        "does": asked.covers["does"],
        "content": kept_text(store, customer, asked.covers["content"]),
        "seen": seen["values"] if isinstance(seen, dict) else seen,
        "rests_on": {k: v for k, v in asked.covers.items() if k not in LEFT_OUT},
    }


def _called(store: Store, customer: Customer, asked: Approval) -> Told:
    """A call that the guard holds, with every argument."""
    call = kept_text(store, customer, asked.covers["content"])
    return {
        "does": asked.covers["does"],
        "content": call["arguments"] if isinstance(call, dict) else call,
        "seen": "",
        "rests_on": {name: asked.covers[name] for name in ("step", "rules", "policy")},
    }


def _content_lines(content: Any) -> Iterator[str]:
    if not isinstance(content, dict):
        yield str(content)
        return
    for name, value in content.items():
        if isinstance(value, str) and "\n" in value:
            yield f"{name}:"
            yield from (f"  {line}" for line in value.splitlines())
        elif isinstance(value, dict):
            yield f"{name}:"
            yield from (f"  {line}" for line in _content_lines(value))
        else:
            yield f"{name}: {_said(value)}"


def _seen_lines(seen: Any) -> list[str]:
    if not isinstance(seen, dict):
        return [str(seen)] if seen else []
    return [
        f"{source}: " + one_line(", ".join(f"{n} {_said(v)}" for n, v in values.items()), 140)
        for source, values in seen.items()
    ]


def _said(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return short(text) if text.startswith("sha256:") else text
