"""A change between two pairs of version and policy: made, measured, applied."""

from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from runs.errors import InvalidInput
from runs.records.evidence import Patch
from runs.records.version import PolicyValues, Version
from workflow.patches.documents import diff, patched, tokens


class Changed(NamedTuple):
    """A candidate: a version and the policy it is tried under."""

    version: Version
    policy: PolicyValues


def between(before: Changed, after: Changed, *, rank: int, says: str) -> Patch:
    """The smallest patch we know that makes `after` of `before`."""
    old, new = _document(before), _document(after)
    operations = tuple(diff(old, new))
    return Patch(
        rank=rank,
        document=_changes({operation.path.split("/")[1] for operation in operations}),
        operations=operations,
        tokens=tokens(old, operations),
        says=says,
    )


def apply(patch: Patch, version: Version, policy: PolicyValues) -> Changed:
    """The candidate with the patch; InvalidInput when it has no place or breaks a record."""
    document = patched(_document(Changed(version, policy)), patch.operations)
    try:
        return Changed(
            Version.model_validate(document["version"]),
            PolicyValues.model_validate(document["policy"]),
        )
    except (KeyError, TypeError, ValidationError) as error:
        raise InvalidInput(
            f"patch {patch.says!r} makes no valid version and policy of this one; make it again"
        ) from error


def _document(pair: Changed) -> dict[str, Any]:
    return {"version": pair.version.as_json(), "policy": pair.policy.as_json()}


def _changes(parts: set[str]) -> Literal["version", "policy", "both"]:
    if parts == {"version"}:
        return "version"
    return "policy" if parts == {"policy"} else "both"
