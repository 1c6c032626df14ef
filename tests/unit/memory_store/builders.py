"""Drafts, lessons and a memory over a real record."""

from datetime import datetime
from pathlib import Path
from typing import Any

from memory_store.embedding import hash_ngram
from memory_store.lessons.draft import Draft
from memory_store.memory.index import Index
from memory_store.memory.memory import Memory
from memory_store.memory.vectors import Vectors
from policies.privacy import compile_mask
from runs.records.lesson import Lesson
from runs.records.person import Customer
from runs.store.store import Store
from tests.builders import NOW
from tools.tokens import count_tokens

MASK = compile_mask((), ("email", "phone", "iban", "card"))


def draft(**changed: Any) -> Draft:
    """What a run learnt from a trial."""
    values: dict[str, Any] = {
        "kind": "lesson",
        "subject": "desk.lesson.refunds",
        "when": "a ticket asks for money back",
        "text": "Refund tickets that name two invoices are mostly duplicates of one charge.",
        "workflow": "desk",
        "run": "r-1",
        "evidence": ("r-1.fix.1",),
        "author": "run:r-1",
        "origins": ("trial",),
    }
    return Draft.model_validate(values | changed)


def lesson(**changed: Any) -> Lesson:
    """An active lesson that Ana accepted."""
    values: dict[str, Any] = {
        "id": "lesson-1",
        "status": "active",
        "trust": "evaluated",
        "payload": {},
        "accepted_by": "ana",
        "supersedes": "",
        "valid_until": None,
        "tokens": 20,
        "written_at": NOW,
    }
    said = draft().model_dump(exclude={"origins", "payload", "supersedes", "valid_until"})
    return Lesson.model_validate(values | said | changed)


def make_memory(store: Store, root: Path | None = None) -> Memory:
    """Memory over a real record; with a folder, over a real index as well."""
    embedder = hash_ngram()
    index = None if root is None else Index(root, embedder, has_lease=lambda: True)
    vectors = Vectors(
        store=store.lessons, embedder=embedder, customers=store.customers, index=index
    )
    return Memory(store=store.lessons, vectors=vectors, mask=MASK, count_tokens=count_tokens)


def keep(
    memory: Memory, customer: Customer, texts: dict[str, str], now: datetime = NOW, **changed: Any
) -> list[Lesson]:
    """Active lessons, one a subject and text, written and accepted by people."""
    kept = []
    for subject, text in texts.items():
        said = draft(subject=subject, text=text, author="dan", origins=("person",), **changed)
        proposed = memory.propose(customer, said, now=now).lesson
        kept.append(memory.accept(customer, "ana", proposed.id))
    return kept
