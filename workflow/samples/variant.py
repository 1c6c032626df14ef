"""A sample played otherwise than it is: on fewer labelled cases, done earlier, or asking models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from policies import texts
from runs.errors import InvalidInput, NotFound
from workflow.samples.documents import Documents
from workflow.samples.sample import Sample

MODELS = "plan_models.yaml"
"""The customer's file of what is otherwise in the plan where models are asked."""
NAMES = ("primary", "fallback", "third", "fourth", "fifth")
"""How the models of a version are called, in order; a plan has no more."""
SANDBOX = "sandbox"
LIVE_FAMILIES = 400
"""So many families of live pieces are enough where the sandbox is the agreed stage."""


@dataclass(frozen=True)
class Varied(Documents):
    """The customer's files; parts of their plans are others."""

    parts: Mapping[str, Mapping[str, Any]]
    """By the file of a plan."""

    def text(self, name: str) -> str:
        """As of `Documents`; a plan that is otherwise has lost its comments."""
        said = super().text(name)
        if name not in self.parts:
            return said
        return texts.write(_merged(texts.read(said, name).value, self.parts[name]))


def fewer(sample: Sample, families: int) -> Sample:
    """The same customer with the first so many families of its labelled cases."""

    def cases(seed: int, workflow: str) -> list[dict[str, Any]]:
        drawn = sample.cases(seed, workflow)
        kept = set(list(dict.fromkeys(one["family"] for one in drawn))[:families])
        return [one for one in drawn if one["family"] in kept]

    return replace(sample, cases=cases)


def until_sandbox(sample: Sample) -> Sample:
    """The same customer, whose plans are done at the sandbox."""
    short = tuple(
        one._replace(live_families=min(one.live_families, LIVE_FAMILIES))
        for one in sample.priorities
    )
    parts = {one.plan: {"rollout": {"agreed_stage": SANDBOX}} for one in short}
    return _varied(replace(sample, priorities=short), parts)


def asking(sample: Sample, endpoints: Sequence[str]) -> Sample:
    """The first priority alone, whose version asks the models of these routes in order.

    InvalidInput where nobody wrote what the sample asks models.
    """
    first = sample.priorities[0]
    told = _asked(sample)
    (one,) = told["models"]
    named = zip(NAMES, endpoints, strict=False)
    models = [{"name": name, "endpoint": at} | one for name, at in named]
    return _varied(replace(sample, priorities=(first,)), {first.plan: told | {"models": models}})


def currency(sample: Sample) -> str:
    """That of the first priority's plan."""
    return sample.documents.parsed(sample.priorities[0].plan)["economics"]["currency"]


def _asked(sample: Sample) -> dict[str, Any]:
    try:
        return sample.documents.parsed(MODELS)
    except NotFound:
        raise InvalidInput(
            f"sample {sample.name!r} asks no model: it has no {MODELS}; name another sample"
        ) from None


def _varied(sample: Sample, parts: Mapping[str, Mapping[str, Any]]) -> Sample:
    """The sample whose plans have these parts beside those that were varied before."""
    told = sample.documents
    before = told.parts if isinstance(told, Varied) else {}
    merged = {name: _merged(before.get(name, {}), one) for name, one in parts.items()}
    return replace(sample, documents=Varied(told.package, {**before, **merged}))


def _merged(value: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The value with whatever the other names in its place, however deep."""
    found = dict(value)
    for name, one in other.items():
        is_deeper = isinstance(one, Mapping) and isinstance(found.get(name), Mapping)
        found[name] = _merged(found[name], one) if is_deeper else one
    return found
