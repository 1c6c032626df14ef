"""What is proposed, and the form in which it may be kept."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import Field

from memory_store.lessons.terms import is_person
from runs.errors import InvalidInput
from runs.records.lesson import LessonKind, Trust
from runs.records.record import Record
from runs.snapshots import Mask

Origin = Literal["person", "trial", "model", "customer_text", "tool_output", "import"]
"""Where something in a draft came from; a draft that mixes several has several."""

TRUST: Mapping[Origin, Trust] = {
    "person": "human",
    "trial": "evaluated",
    "model": "model",
    "customer_text": "external",
    "tool_output": "external",
    "import": "external",
}
LEAST_FIRST: tuple[Trust, ...] = ("external", "model", "evaluated", "human")
PAYLOAD: Mapping[LessonKind, tuple[frozenset[str], ...]] = {
    "rule": (frozenset({"condition", "route", "owner"}), frozenset({"name", "value"})),
    "roi": (frozenset({"metric", "value", "unit", "n", "period"}),),
}
"""Keys that must be there: of one of the sets."""

WHEN_CHARS, TEXT_CHARS, PAYLOAD_CHARS = 200, 600, 200
SENTENCES = 3

SUBJECT = re.compile(r"[a-z0-9][a-z0-9_.:-]{2,199}")
WORKFLOW = re.compile(r"([a-z][a-z0-9_]{1,40})?")
REFERENCE = re.compile(r"[\w.:/#|-]{1,120}")
FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ITEMS = re.compile(r"^\s*([-*•·]|\d+[.)])\s", re.MULTILINE)
SENTENCE = re.compile(r"[.!?]+(?=\s|$)")
CONTROL = re.compile(
    r"<\|[^<>|]{0,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(start|end)_of_turn>", re.IGNORECASE
)
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bplt_\w+_\w{8,}|\bsk-[\w-]{16,}|\bgh[pousr]_\w{20,}"
    r"|\bAKIA[0-9A-Z]{12,}|\bxox[abprs]-[\w-]{10,}|\beyJ[\w-]{10,}\.[\w-]{10,}\.|\bbearer\s+[\w.~+/-]{12,}"
    r"|\b(api[ _-]?key|secret|token|passwor[dt]|passwd|contraseña|mot de passe)\s*[:=]\s*\S{6,}",
    re.IGNORECASE,
)


class Draft(Record):
    """What somebody proposes to keep."""

    kind: LessonKind
    subject: str
    """A key such as `support_triage.rule.amount`."""
    when: str
    text: str
    workflow: str
    """Empty when it holds for every workflow of the customer."""
    payload: dict[str, str] = Field(default_factory=dict)
    run: str
    evidence: tuple[str, ...]
    author: str
    """Person id, or `run:<id>`."""
    origins: tuple[Origin, ...]
    supersedes: str = ""
    """Id of the active lesson of the same subject that this one replaces."""
    valid_until: datetime | None = None


class Screened(NamedTuple):
    """A draft that passed the gate, cleaned and masked, and how much was masked."""

    draft: Draft
    masked: int


def screen(draft: Draft, mask: Mask) -> Screened:
    """The draft as it may be kept; InvalidInput names the field and what to change."""
    _check_form(draft)
    when = _one_idea(draft, "when", draft.when, limit=WHEN_CHARS)
    text = _one_idea(draft, "text", draft.text, limit=TEXT_CHARS)
    payload = {key: _payload_value(draft, key, mask) for key in sorted(draft.payload)}
    hidden = [mask(when), mask(text)]
    changes = {"when": hidden[0].value, "text": hidden[1].value, "payload": payload}
    for field in ("when", "text"):
        limit = WHEN_CHARS if field == "when" else TEXT_CHARS
        _refuse_if(
            draft,
            field,
            len(changes[field]) > limit,
            f"over {limit} characters once masked; shorten it",
        )
    return Screened(draft.model_copy(update=changes), sum(one.count for one in hidden))


def trust_of(origins: Sequence[Origin]) -> Trust:
    """The least trusted of where a draft came from."""
    found = {TRUST[origin] for origin in origins}
    return next(trust for trust in LEAST_FIRST if trust in found)


def plain(text: str) -> str:
    """One line in NFKC without anything invisible: zero-width, direction, control, private."""
    folded = unicodedata.normalize("NFKC", text)
    # What stood between a letter and its accent is gone: compose them again.
    shown = unicodedata.normalize("NFKC", "".join(map(_visible, folded)))
    return " ".join(shown.split())


def _check_form(draft: Draft) -> None:
    _refuse_if(draft, "subject", not SUBJECT.fullmatch(draft.subject), "write a key like a.b_c.d")
    _refuse_if(draft, "workflow", not WORKFLOW.fullmatch(draft.workflow), "write a workflow's name")
    has_evidence = draft.evidence and all(map(REFERENCE.fullmatch, draft.evidence))
    _refuse_if(draft, "evidence", not has_evidence, "name the ids or digests it rests on")
    _refuse_if(draft, "origins", not draft.origins, "empty; say where it came from")
    _refuse_if(draft, "author", not draft.author, "empty; name who wrote it")
    claims_person = draft.origins == ("person",) and not is_person(draft.author)
    _refuse_if(draft, "origins", claims_person, f"{draft.author} is no person; say what wrote it")
    choices = PAYLOAD.get(draft.kind, (frozenset(),))
    is_complete = any(keys <= draft.payload.keys() for keys in choices)
    wanted = " or ".join(", ".join(sorted(keys)) for keys in choices)
    _refuse_if(draft, "payload", not is_complete, f"give a {draft.kind} its {wanted}")


def _one_idea(draft: Draft, field: str, value: str, *, limit: int) -> str:
    text = plain(value)
    _refuse_if(draft, field, not text, "empty; say what was learnt")
    _refuse_if(draft, field, len(text) > limit, f"{len(text)} characters; shorten it to {limit}")
    _refuse_if(draft, field, bool(ITEMS.search(value)), "a list; write one idea")
    count = len(SENTENCE.findall(text))
    _refuse_if(draft, field, count > SENTENCES, f"{count} sentences; write one idea")
    return _safe(draft, field, text)


def _payload_value(draft: Draft, key: str, mask: Mask) -> str:
    _refuse_if(draft, f"payload.{key}", not FIELD.fullmatch(key), "write a field name")
    text = plain(draft.payload[key])
    over = len(text) > PAYLOAD_CHARS
    _refuse_if(
        draft, f"payload.{key}", over, f"{len(text)} characters; shorten it to {PAYLOAD_CHARS}"
    )
    is_personal = not DIGEST.fullmatch(text) and mask(text).count > 0
    # A condition or a figure with a hole in it would still be used, and be wrong.
    _refuse_if(
        draft,
        f"payload.{key}",
        is_personal,
        "personal; leave it out, a typed value cannot be masked",
    )
    return _safe(draft, f"payload.{key}", text)


def _safe(draft: Draft, field: str, text: str) -> str:
    _refuse_if(draft, field, bool(CONTROL.search(text)), "a control token of a model; leave it out")
    _refuse_if(draft, field, bool(SECRET.search(text)), "a secret; revoke it and leave it out")
    return text


def _refuse_if(draft: Draft, field: str, is_wrong: bool, why: str) -> None:
    if is_wrong:
        raise InvalidInput(f"lesson {draft.subject[:80]!r}: {field}: {why}")


def _visible(letter: str) -> str:
    """The letter; a space for a control character, nothing for what is never drawn."""
    kind = unicodedata.category(letter)
    is_selector = "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
    if kind in ("Cf", "Co", "Cs", "Cn") or is_selector:
        return ""
    return " " if kind in ("Cc", "Zl", "Zp") else letter
