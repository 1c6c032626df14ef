"""Files of token ranks are found where they are named, cached or carried; none is fetched."""

import base64
import hashlib
from pathlib import Path

import pytest

from pilotage import ranks, settings
from runs.errors import InvalidInput
from tools.tokens import Encoding, TokenCount


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> tuple[Encoding, bytes]:
    """A small real encoding under the name of a known one: the 256 bytes and two merges."""
    tokens = [bytes([byte]) for byte in range(256)] + [b"th", b"the"]
    content = b"\n".join(base64.b64encode(t) + b" %d" % rank for rank, t in enumerate(tokens))
    digest = hashlib.sha256(content).hexdigest()
    encoding = Encoding("o200k_base", digest, r"\p{L}+|[^\p{L}]+", "cached-name")
    monkeypatch.setitem(ranks.ENCODINGS, "o200k_base", encoding)
    return encoding, content


def kind(folder: Path, **environment: str) -> TokenCount:
    """How `the` is counted."""
    told = {"PILOTAGE_HOME": str(folder)} | environment
    return ranks.counter_of(settings.read(told), "o200k_base")("the")


@pytest.mark.parametrize("name", ["o200k_base.tiktoken", "cached-name"])
def test_a_named_folder_is_looked_into(
    tmp_path: Path, small: tuple[Encoding, bytes], name: str
) -> None:
    """By the name of the encoding, or as the cache calls it."""
    (tmp_path / name).write_bytes(small[1])

    assert kind(tmp_path, PILOTAGE_RANKS=str(tmp_path)) == (1, "exact")


def test_a_named_file_that_is_another_is_refused(
    tmp_path: Path, small: tuple[Encoding, bytes]
) -> None:
    """Whoever names a file means it."""
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_bytes(small[1])
    wrong.write_bytes(b"IQ== 0")

    assert kind(tmp_path, PILOTAGE_RANKS=str(right)) == (1, "exact")
    with pytest.raises(InvalidInput, match="is not o200k_base's"):
        kind(tmp_path, PILOTAGE_RANKS=str(wrong))


def test_a_named_file_of_one_encoding_leaves_the_others_as_they_are(
    tmp_path: Path, small: tuple[Encoding, bytes]
) -> None:
    """A home may ask models of two; which of them a file is of, its hash says."""
    named = tmp_path / "right"
    named.write_bytes(small[1])
    told = settings.read({"PILOTAGE_HOME": str(tmp_path), "PILOTAGE_RANKS": str(named)})

    assert ranks.counter_of(told, "o200k_base")("the").kind == "exact"
    assert ranks.counter_of(told, "cl100k_base")("the").kind == "estimate"


def test_the_cache_counts_and_without_a_file_it_is_an_estimate(
    tmp_path: Path, small: tuple[Encoding, bytes]
) -> None:
    """An encoding that nobody names is estimated as well."""
    (tmp_path / "cached-name").write_bytes(small[1])

    assert kind(tmp_path, TIKTOKEN_CACHE_DIR=str(tmp_path)) == (1, "exact")
    assert kind(tmp_path).kind == "estimate"
    assert ranks.counter_of(settings.read({}), "")("the").kind == "estimate"


def test_a_file_that_an_installed_package_carries_along_is_used(
    tmp_path: Path, small: tuple[Encoding, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without importing it."""
    made = tmp_path / "litellm-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: litellm\nVersion: 1.0\n")
    folder = tmp_path / ranks.CARRIED["litellm"]
    folder.mkdir(parents=True)
    (folder / "cached-name").write_bytes(small[1])
    monkeypatch.syspath_prepend(str(tmp_path))

    assert kind(tmp_path) == (1, "exact")
