"""One Chroma collection that is only ever given vectors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BATCH = 500
SEARCHED = 200
"""Neighbours the index looks at a query; at our sizes it then finds what exact search finds."""


class Entry(NamedTuple):
    """A vector under its key; of the lesson itself only names stand here, never a text."""

    key: str
    vector: NDArray[np.float32]
    customer: str
    kind: str
    workflow: str


class Near(NamedTuple):
    """A key found, and its cosine."""

    key: str
    score: float


class Collection:
    """Vectors by key in Chroma; only upserts, for deleting and adding again wears its graph out."""

    def __init__(self, client: Any, collection: Any) -> None:
        self._client = client
        self._collection = collection

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Write the entries over whatever stood under their keys."""
        for start in range(0, len(entries), BATCH):
            batch = entries[start : start + BATCH]
            self._collection.upsert(
                ids=[entry.key for entry in batch],
                embeddings=np.stack([entry.vector for entry in batch]),
                metadatas=[
                    {"customer": e.customer, "kind": e.kind, "workflow": e.workflow} for e in batch
                ],
            )

    def nearest(self, customer: str, vector: NDArray[np.float32], most: int) -> list[Near]:
        """The nearest keys that Chroma says are this customer's; whoever asks checks that."""
        found = self._collection.query(
            query_embeddings=vector[np.newaxis, :],
            n_results=most,
            where={"customer": customer},
            include=["distances"],
        )
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [Near(key, 1.0 - distance) for key, distance in pairs]

    def keys(self) -> dict[str, str]:
        """Every key there is, with the customer it is labelled with."""
        found = self._collection.get(include=["metadatas"])
        labels = (str((label or {}).get("customer", "")) for label in found["metadatas"])
        return dict(zip(found["ids"], labels, strict=True))

    def finds_itself(self, key: str) -> bool:
        """Whether nothing is nearer to the vector of this key than itself."""
        vector = self._collection.get(ids=[key], include=["embeddings"])["embeddings"]
        found = self._collection.query(query_embeddings=vector, n_results=1, include=["distances"])
        return found["ids"][0] == [key] or bool(abs(found["distances"][0][0]) < 1e-4)

    def close(self) -> None:
        """Let go of every file."""
        self._client.close()


def connect(path: Path, name: str) -> Collection:
    """Open, or make, the collection of this name; raises whatever Chroma raises."""
    import chromadb  # a second, and 90 MB, that only the worker pays
    from chromadb.config import Settings

    class Refusal(chromadb.EmbeddingFunction[Any]):
        """Chroma would fetch a model to embed a text it is given; it is never given one."""

        def __init__(self) -> None:
            pass

        def __call__(self, input: Any) -> Any:
            raise TypeError("the index takes vectors, never texts")

        @staticmethod
        def name() -> str:
            return "pilotage-refusal"

        def get_config(self) -> dict[str, Any]:
            return {}

        @staticmethod
        def build_from_config(config: dict[str, Any]) -> "Refusal":
            return Refusal()

    client = chromadb.PersistentClient(str(path), Settings(anonymized_telemetry=False))
    collection = client.get_or_create_collection(
        name,
        embedding_function=Refusal(),
        configuration={"hnsw": {"space": "cosine", "ef_search": SEARCHED}},
    )
    return Collection(client, collection)
