"""where files of token ranks stand: named, in the cache of tiktoken, or in what is installed."""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from pilotage.settings import Settings
from tools import tokens
from tools.tokens import CL100K, O200K, Counter, Encoding

ENCODINGS = {one.name: one for one in (CL100K, O200K)}
CARRIED = {
    "litellm": "litellm/litellm_core_utils/tokenizers",
    "llama-index-core": "llama_index/core/_static/tiktoken_cache",
}
"""Distributions that carry the files along as their own, and where."""


def counter_of(settings: Settings, name: str) -> Counter:
    """Counts tokens of an encoding: exact where its file is at hand, otherwise an estimate.

    Nothing is fetched. InvalidInput where a file is named that is no known encoding's.
    """
    encoding = ENCODINGS.get(name)
    if encoding is None:
        return tokens.estimate
    named = Path(settings.ranks).expanduser() if settings.ranks else None
    if named is not None and not named.is_dir():
        others = [one for one in ENCODINGS.values() if one is not encoding]
        if not any(tokens.is_of(named, one) for one in others):
            return tokens.exact(named, encoding)
        named = None
    return tokens.counter(encoding, _files(settings, encoding, named))


def _files(settings: Settings, encoding: Encoding, folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder / f"{encoding.name}.tiktoken"
        yield folder / encoding.cached_as
    cache = settings.environment.get("TIKTOKEN_CACHE_DIR", "")
    if cache:
        yield Path(cache) / encoding.cached_as
    for package, place in CARRIED.items():
        try:
            found = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            continue
        yield Path(str(found.locate_file(place))) / encoding.cached_as
