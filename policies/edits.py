"""a few keys of a policy set to other values: the values, and their text with its comments."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from policies import bounds, rules, texts
from policies.bounds import Value
from runs.errors import InvalidInput
from runs.records.version import PolicyValues

SHORT = ("values", "lists")
"""Parts whose keys may be named without the part."""


def pairs(given: Iterable[str]) -> dict[str, str]:
    """Keys and texts of `KEY=VALUE`s, each key once; InvalidInput for anything else."""
    read: dict[str, str] = {}
    for one in given:
        key, sign, value = one.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise InvalidInput(f"{one!r}: write KEY=VALUE, such as act_threshold=0.85")
        if key.strip() in read:
            raise InvalidInput(f"{key.strip()} is set twice; set it once")
        read[key.strip()] = value.strip()
    return read


def with_keys(policy: PolicyValues, given: Mapping[str, str]) -> PolicyValues:
    """The same values but for these, by path or by the bare name of a value or list.

    A list is written `gold,plus`. InvalidInput naming key, value and remedy.
    """
    body, there = policy.as_json(), dict(bounds.flat(policy))
    for key, text in given.items():
        _put(body, _path(key, there), text)
    try:
        return PolicyValues.model_validate(body)
    except ValidationError as error:
        wrong = error.errors()[0]
        key = ".".join(map(str, wrong["loc"]))
        raise InvalidInput(f"{key} is {wrong['input']!r}: {texts.remedy_of(wrong)}") from None


def with_text(text: str, file: str, after: PolicyValues) -> str:
    """A text that says `after`: this one with its comments where its lines allow, else another."""
    document = texts.read(text, file)
    before = dict(bounds.flat(rules.read_policy(text, file)))
    lines = text.splitlines()
    for key, value in bounds.flat(after):
        if before.get(key) != value and not isinstance(value, tuple):
            at = document.line(tuple(key.split("."))) - 1
            name = re.escape(key.rpartition(".")[2])
            lines[at] = re.sub(rf"(\b{name}: *)[^\s,}}#]+", rf"\g<1>{value:f}", lines[at], count=1)
    changed = "\n".join(lines) + "\n"
    try:
        is_same = rules.read_policy(changed, file).digest == after.digest
    except InvalidInput:
        is_same = False
    return changed if is_same else rules.write_policy(after)


def _path(key: str, there: Mapping[str, Value]) -> str:
    names = [key, *(f"{part}.{key}" for part in SHORT)]
    found = next((name for name in names if name in there), None)
    if found is None:
        near = get_close_matches(key, [*there, *(name.rpartition(".")[2] for name in there)], 1)
        hint = f"did you mean {near[0]}?" if near else "`pilotage policy show WORKFLOW` lists them"
        raise InvalidInput(f"{key} is no key of the policy; {hint}")
    if found.startswith("approvers."):
        raise InvalidInput(f"{found} is a list of roles; write it in a file and use --file FILE")
    return found


def _put(body: dict[str, Any], path: str, text: str) -> None:
    *above, name = path.split(".")
    for part in above:
        body = body[part]
    # What is as it is everywhere is not in the body.
    is_list = isinstance(body.get(name), list)
    body[name] = [one.strip() for one in text.split(",") if one.strip()] if is_list else text
