"""the text of a rule file: numbers as they are written, errors with their line and remedy.

YAML without its surprises: plain numbers stay the digits that stand there, `true` and `false` are
the only flags, `yes`, `on` and dates are text; tags, anchors and keys given twice are refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, cast, get_args

import yaml
from pydantic import ValidationError, create_model
from pydantic_core import ErrorDetails
from yaml.representer import BaseRepresenter

from runs.errors import InvalidInput
from runs.records.record import Record

R = TypeVar("R", bound=Record)
T = TypeVar("T")
Path = tuple[str | int, ...]

LONGEST = 1_000_000
"""Characters of a rule file."""
DEEPEST = 50
"""So many levels are read the quick way."""
_UNSURE = re.compile(r"[\t\ufeff\ud800-\udfff]|[|>][-+0-9]*#|!(?:\s|$)")
"""What the quick way reads otherwise."""
TOLD = 10
"""So many problems of a file are told at once."""
_NUMBER, _FLAG, _NULL, _TEXT = (
    f"tag:yaml.org,2002:{name}" for name in ("float", "bool", "null", "str")
)
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (_NULL, re.compile(r"(?:~|null|)\Z")),
    (_FLAG, re.compile(r"(?:true|false)\Z")),
    (_NUMBER, re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")),
)
"""What a plain scalar is, for reading and for writing; everything else is text."""


@dataclass(frozen=True)
class Document:
    """A rule file as it was written."""

    file: str
    value: dict[str, Any]
    """Text, Decimal, bool, None, lists and mappings of them."""
    lines: Mapping[Path, int]
    """Line of each key and entry, from 1."""

    def line(self, path: Path) -> int:
        """The line of the path, or of the nearest above it that was written."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class Problem(NamedTuple):
    """One thing that is wrong with a document."""

    path: Path
    kind: str
    """`missing`, `blank` (an empty list where one is due) or `wrong`."""
    says: str

    @property
    def key(self) -> str:
        """The path as it is written in messages: `gates.slice.min_cases`."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True)
class Built(Generic[R]):
    """A record, or what keeps it from being one."""

    record: R | None
    problems: tuple[Problem, ...]


def read(text: str, file: str) -> Document:
    """The document in a YAML text; InvalidInput, with file and line, for anything else."""
    if len(text) > LONGEST:
        raise InvalidInput(f"{file}: {len(text)} characters; shorten it to at most {LONGEST}")
    try:
        root = _root(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refused(file, line, f"not YAML: {error.problem}; check the indentation") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refused(
            file, line, f"a character that YAML forbids ({error.reason}); take it out"
        ) from None
    except RecursionError:
        raise _refused(file, 1, "nested too deeply; write it in a few levels") from None
    if not isinstance(root, yaml.MappingNode):
        raise _refused(file, 1, "no keys; write `key: value` lines")
    lines: dict[Path, int] = {}
    value = _Reading(file, lines, set()).value(root, ())
    return Document(file, value, lines)


def build(kind: type[R], document: Document) -> Built[R]:
    """The record a document says, or every problem with it."""
    try:
        return Built(kind.model_validate(document.value), ())
    except ValidationError as error:
        told = error.errors()
        return Built(None, tuple(_problem(kind, e) for e in told if not _is_echo(e, told)))


class Unwritten(AttributeError):
    """A part that is not there, or not right, was asked for."""


class Partly(Record):
    """A record of which some parts are not there yet."""

    def __getattr__(self, name: str) -> Any:
        """Unwritten: whatever is there is found before this is asked."""
        raise Unwritten(name)


def partly(kind: type[R], document: Document, problems: Sequence[Problem]) -> R:
    """Those parts of a record that have no problem; Unwritten where another one is asked for."""
    troubled = {str(problem.path[0]) for problem in problems if problem.path}
    names = tuple(name for name in kind.model_fields if name not in troubled)
    said = {name: document.value[name] for name in names if name in document.value}
    return cast("R", _some_of(kind, names).model_validate(said))


@cache
def _some_of(kind: type[Record], names: tuple[str, ...]) -> type[Partly]:
    fields: dict[str, Any] = {}
    for name in names:
        fields[name] = (kind.model_fields[name].annotation, kind.model_fields[name])
    return create_model(kind.__name__, __base__=Partly, **fields)


def as_far(found: Iterator[T]) -> Iterator[T]:
    """What is found up to where a part is not there yet."""
    try:
        yield from found
    except Unwritten:
        return


def refuse(document: Document, problems: Sequence[Problem]) -> InvalidInput:
    """The error that tells the first problems, each with file, line, key and remedy."""
    told = [
        f"{document.file}, line {document.line(one.path)}: {one.key or 'the file'} {one.says}"
        for one in problems[:TOLD]
    ]
    more = len(problems) - TOLD
    return InvalidInput(
        "\n".join([*told, *([f"and {more} more; mend these first"] if more > 0 else [])])
    )


def write(value: Mapping[str, Any]) -> str:
    """A YAML text that `read` reads as the same value, digit by digit."""
    return yaml.dump(
        dict(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False
    )


class _Loader(yaml.SafeLoader):
    """Resolves plain scalars by `_FORMS`."""

    yaml_implicit_resolvers: ClassVar = {None: list(_FORMS)}


class _QuickLoader(yaml.CSafeLoader):
    """The same, twenty times as fast."""

    yaml_implicit_resolvers: ClassVar = {None: list(_FORMS)}


def _root(text: str) -> yaml.Node | None:
    """What a YAML text says; a text that says nothing is left to the loader that tells where."""
    try:
        # The quick one has no end of its own to how deep it goes, and allows a little more.
        if not _UNSURE.search(text) and not _is_deep(text):
            return yaml.compose(text, Loader=_QuickLoader)
    except yaml.YAMLError:
        pass
    return yaml.compose(text, Loader=_Loader)


def _is_deep(text: str) -> bool:
    depth = 0
    for event in yaml.parse(text, Loader=_QuickLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return True
    return False


def _as_number(dumper: BaseRepresenter, value: Decimal | float) -> yaml.ScalarNode:
    return dumper.represent_scalar(_NUMBER, str(value))


def _as_text(dumper: BaseRepresenter, value: str) -> yaml.ScalarNode:
    """Quoted where it holds a line break that only Unicode knows: PyYAML would fold it."""
    has_break = any(sign in value for sign in "\x85\u2028\u2029\ufeff")
    return dumper.represent_scalar(_TEXT, value, style='"' if has_break else None)


class _Dumper(yaml.SafeDumper):
    """Writes numbers as they are, and quotes every text that would be read as something else."""

    yaml_implicit_resolvers: ClassVar = {None: list(_FORMS)}
    yaml_representers: ClassVar = {
        **yaml.SafeDumper.yaml_representers,
        Decimal: _as_number,
        float: _as_number,
        int: _as_number,
        str: _as_text,
    }

    def ignore_aliases(self, data: Any) -> bool:
        """Nothing is written as a reference to something else."""
        return True


class _Reading(NamedTuple):
    """Makes values of nodes and remembers their lines."""

    file: str
    lines: dict[Path, int]
    seen: set[int]

    def value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if id(node) in self.seen:
            raise _refused(self.file, line, "anchors are not used here; write the value again")
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, line)
        return [self.value(one, (*path, at)) for at, one in enumerate(node.value)]

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, inner in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _refused(self.file, line, "a key is a word; write `key: value`")
            if key.value in found:
                here = ".".join(map(str, (*path, key.value)))
                raise _refused(self.file, line, f"{here} is given twice; keep one")
            self.lines[(*path, key.value)] = line
            found[key.value] = self.value(inner, (*path, key.value))
        return found

    def scalar(self, node: yaml.ScalarNode, line: int) -> Any:
        forms = () if node.style else _FORMS
        form = next((form for form, wanted in forms if wanted.match(node.value)), _TEXT)
        if form != node.tag:
            raise _refused(self.file, line, f"the tag {node.tag} is not used here; remove it")
        if form == _NUMBER:
            return Decimal(node.value)
        if form == _FLAG:
            return node.value == "true"
        return node.value if form == _TEXT else None


def _refused(file: str, line: int, says: str) -> InvalidInput:
    return InvalidInput(f"{file}, line {line}: {says}")


def _is_echo(error: ErrorDetails, told: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only too short because an entry of it is told already."""
    at = error["loc"]
    inside = (one for one in told if one["loc"][: len(at)] == at and one["loc"] != at)
    return error["type"] == "too_short" and any(inside)


def _problem(kind: type[Record], error: ErrorDetails) -> Problem:
    path = tuple(part for part in error["loc"] if part != "[key]")
    if error["type"] == "missing":
        return Problem(path, "missing", "is missing; add it")
    if error["type"] == "too_short" and not error["input"]:
        return Problem(path, "blank", "is empty; name at least one")
    if error["type"] == "extra_forbidden":
        return Problem(path, "wrong", f"is not a key here; {_remedy(kind, path)}")
    return Problem(path, "wrong", _says(error))


def _says(error: ErrorDetails) -> str:
    if error["type"] == "unsaid":
        return error["msg"]
    shown = str(error["input"])
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    if error["type"] == "string_type" and isinstance(error["input"], Decimal | bool):
        return f"is {shown}, which is no text; put it in quotes"
    return f"is {shown}; {remedy_of(error)}"


def remedy_of(error: ErrorDetails) -> str:
    """What to write instead of a value that a record refuses."""
    says = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return says
    _, sign, wanted = says.partition(" should ")
    if wanted.startswith("be "):
        return f"write {wanted.removeprefix('be ')}"
    wanted = re.sub("^match", "matches", re.sub("^have", "has", wanted))
    return f"write one that {wanted}" if sign else f"correct it ({says})"


def _remedy(kind: type[Record], path: Path) -> str:
    """The nearest known key, or all of them."""
    known = sorted(_model_at(kind, path[:-1]).model_fields)
    close = get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"write one of {', '.join(known)}"


def _model_at(kind: type[Record], path: Path) -> type[Record]:
    """The record that stands at a path within `kind`; the last one on the way where none does."""
    at: type[Record] = kind
    annotation: Any = kind
    for part in path:
        is_record = isinstance(annotation, type) and issubclass(annotation, Record)
        field = annotation.model_fields.get(str(part)) if is_record else None
        annotation = (field.annotation if field else None) if is_record else _inner(annotation)
        if isinstance(annotation, type) and issubclass(annotation, Record):
            at = annotation
    return at


def _inner(annotation: Any) -> Any:
    """What a dict or a tuple holds."""
    inside = [one for one in get_args(annotation) if one is not Ellipsis]
    return inside[-1] if inside else None
