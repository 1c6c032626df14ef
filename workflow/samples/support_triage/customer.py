"""The fictional customer's own files: people, queues, rules, plans and values."""

from importlib import resources
from typing import Any, NamedTuple

import yaml

from runs.errors import NotFound
from workflow.samples.support_triage.world import Desk


class Named(NamedTuple):
    """One person as the customer's file has them."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]
    deputy: str


class Queue(NamedTuple):
    """Where the tickets of a label go."""

    queue: str
    owner: str
    """Person id."""


def document(name: str) -> str:
    """The text of one file of the customer, such as `policy.md`; NotFound for any other name."""
    folder = resources.files("workflow.samples.support_triage") / "customer"
    known = {file.name: file for file in folder.iterdir() if file.is_file()}
    if name not in known:
        raise NotFound(f"{name}: the customer has no such file; there are {sorted(known)}")
    return known[name].read_text(encoding="utf-8")


def people() -> tuple[Named, ...]:
    """Everybody the customer names, with a deputy each."""
    return tuple(
        Named(**(person | {"roles": tuple(person["roles"])}))
        for person in _parsed("people.yaml")["people"]
    )


def name() -> str:
    """The customer's name; it says that it is fictional."""
    return _parsed("people.yaml")["customer"]["name"]


def queues(desk: Desk) -> dict[str, Queue]:
    """The queue and its owner for every label of a desk."""
    return {label: Queue(**queue) for label, queue in _parsed("queues.yaml")[desk].items()}


def _parsed(file: str) -> dict[str, Any]:
    return yaml.safe_load(document(file))
