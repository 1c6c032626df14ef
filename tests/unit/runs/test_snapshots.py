"""Snapshots: masked before they are kept, named by content, erasable."""

from pathlib import Path

import pytest

from runs import audit, snapshots
from runs.errors import Conflict, InvalidInput, NotFound
from runs.snapshots import Masked, Terms
from tests.builders import TERMS, make_customer, make_store


def test_what_is_masked_is_nowhere_in_the_database(tmp_path: Path) -> None:
    """The secret never reaches the file."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    terms = Terms(lambda _: Masked({"text": "[masked]"}, 1), 30)
    value = {"text": "canary-4711"}
    digest = snapshots.keep(store, customer, "api", kind="input", value=value, terms=terms)

    assert snapshots.read(store, customer, digest) == {"text": "[masked]"}
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"canary-4711" not in kept


def test_an_erased_text_is_gone_and_the_chain_still_verifies(tmp_path: Path) -> None:
    """Its name stays, its content does not."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    digest = snapshots.keep(store, customer, "api", kind="x", value={"a": 1}, terms=TERMS)
    snapshots.erase(store, customer, "ana", digest)

    with pytest.raises(Conflict, match="erased"):
        snapshots.read(store, customer, digest)
    assert audit.verify(store.database).ok


def test_what_is_not_json_is_refused(tmp_path: Path) -> None:
    """With the kind that was wrong."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    with pytest.raises(InvalidInput, match="input: the value is not JSON"):
        snapshots.keep(store, customer, "x", kind="input", value={1, 2}, terms=TERMS)
    with pytest.raises(NotFound):
        snapshots.read(store, customer, "sha256:0")
