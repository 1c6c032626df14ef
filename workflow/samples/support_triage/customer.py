"""The fictional customer's own files: people, queues, rules, plans and values."""

from typing import NamedTuple

from workflow.samples.documents import Documents, Named
from workflow.samples.support_triage.world import Desk

DOCUMENTS = Documents("workflow.samples.support_triage")


class Queue(NamedTuple):
    """Where the tickets of a label go."""

    queue: str
    owner: str
    """Person id."""


def document(name: str) -> str:
    """The text of one file of the customer, such as `policy.md`; NotFound for any other name."""
    return DOCUMENTS.text(name)


def people() -> tuple[Named, ...]:
    """Everybody the customer names, with a deputy each."""
    return DOCUMENTS.people()


def name() -> str:
    """The customer's name; it says that it is fictional."""
    return DOCUMENTS.customer()


def queues(desk: Desk) -> dict[str, Queue]:
    """The queue and its owner for every label of a desk."""
    found = DOCUMENTS.parsed("queues.yaml")[desk]
    return {label: Queue(**queue) for label, queue in found.items()}
