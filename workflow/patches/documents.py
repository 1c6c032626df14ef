"""the difference of two documents as RFC 6902 operations, applied, and its size in tokens.

Arrays are compared by the id or name of their elements, so that an insertion at the front of a
list of rules is one operation; the paths are plain RFC 6901 pointers all the same.
"""

import copy
import difflib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from runs.errors import InvalidInput
from runs.records.evidence import Operation
from runs.records.record import canonical

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]+|[^\w\s]")


def diff(old: Any, new: Any, path: str = "") -> Iterator[Operation]:
    """Operations that make `new` of `old`, in the order in which they are to be applied."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _diff_object(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _diff_array(old, new, path)
    elif canonical(old) != canonical(new):
        yield Operation(op="replace", path=path, value=new)


def _diff_object(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[Operation]:
    for name in sorted(old.keys() | new.keys()):
        place = f"{path}/{_escape(name)}"
        if name not in new:
            yield Operation(op="remove", path=place)
        elif name not in old:
            yield Operation(op="add", path=place, value=new[name])
        else:
            yield from diff(old[name], new[name], place)


def _diff_array(old: list[Any], new: list[Any], path: str) -> Iterator[Operation]:
    if len(old) == len(new) == 1 and _is_nameless(old[0]) and _is_nameless(new[0]):
        yield from diff(old[0], new[0], f"{path}/0")
        return
    names = [[_name(one) for one in side] for side in (old, new)]
    matcher = difflib.SequenceMatcher(None, *names, autojunk=False)
    same = [(block, i) for block in matcher.get_matching_blocks() for i in range(block.size)]
    pairs = {block.b + i: block.a + i for block, i in same}
    kept = set(pairs.values())
    for i in reversed(range(len(old))):
        if i not in kept:
            yield Operation(op="remove", path=f"{path}/{i}")
    for j, one in enumerate(new):
        if j in pairs:
            yield from diff(old[pairs[j]], one, f"{path}/{j}")
        else:
            yield Operation(op="add", path=f"{path}/{j}", value=one)


def _is_nameless(one: Any) -> bool:
    return isinstance(one, dict) and not {"id", "name"} & one.keys()


def _name(one: Any) -> str:
    """What an element of an array is known by: its id, its name, or all of it."""
    if isinstance(one, dict):
        one = one.get("id", one.get("name", one))
    return canonical(one).decode()


def patched(document: Any, operations: Sequence[Operation]) -> Any:
    """A copy with the operations done in order; InvalidInput where one has no place."""
    whole = {"": copy.deepcopy(document)}
    for operation in operations:
        *above, last = operation.path.split("/")
        try:
            _do(_walk(whole, above), _unescape(last), operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise InvalidInput(
                f"operation {operation.op} {operation.path!r} has no place in the document; "
                "make the patch again for this version"
            ) from error
    return whole[""]


def _walk(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        value = value[_index(name)] if isinstance(value, list) else value[_unescape(name)]
    return value


def _index(name: str) -> int:
    if not name.isdecimal():
        raise ValueError(name)
    return int(name)


def _do(parent: Any, name: str, operation: Operation) -> None:
    key: Any = _index(name) if isinstance(parent, list) else name
    value = copy.deepcopy(operation.value)
    if operation.op != "add":
        parent.pop(key)
    if operation.op != "remove":
        _put(parent, key, value)


def _put(parent: Any, key: Any, value: Any) -> None:
    if not isinstance(parent, list):
        parent[key] = value
    elif 0 <= key <= len(parent):
        parent.insert(key, value)
    else:
        raise IndexError(key)


def tokens(document: Any, operations: Sequence[Operation]) -> int:
    """Tokens inserted plus deleted by operations that fit the document, each counted by itself."""
    total = 0
    for operation in operations:
        before = None if operation.op == "add" else _walk({"": document}, operation.path.split("/"))
        after = None if operation.op == "remove" else operation.value
        total += _edits(_words(before), _words(after))
        document = patched(document, [operation])
    return total


def _words(value: Any) -> list[str]:
    if value is None:
        return []
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return TOKEN.findall(text)


def _edits(before: list[str], after: list[str]) -> int:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    same = sum(block.size for block in matcher.get_matching_blocks())
    return len(before) + len(after) - 2 * same


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _unescape(name: str) -> str:
    return name.replace("~1", "/").replace("~0", "~")
