"""Sources read for an item, and read again before it acts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.privacy import compile_mask
from runs.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from runs.records.version import Level, Risk, Source
from tools.tool import Reading, Schema
from workflow.sources import Context, find_changes, masked_fields, read_context

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ITEM = {"account": "A-1"}
MASK = compile_mask(("phone",), ())


@dataclass
class System:
    """A customer's system from a script: what it says of A-1, or what it raises."""

    says: Any
    level: Level = "read"
    as_of: datetime | None = None
    name: str = "crm"
    risks: tuple[Risk, ...] = ()
    reversible: bool = True
    is_real: bool = False
    remembers_keys: bool = True
    schema: Mapping[str, Schema] = field(default_factory=dict)

    def read(self, key: str) -> Reading | None:
        """The record of A-1."""
        if isinstance(self.says, Exception):
            raise self.says
        if key != "A-1" or self.says is None:
            return None
        return Reading(self.says, f"v{len(self.says)}", NOW, self.as_of)

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> NoReturn:
        """It only reads."""
        raise NotAllowed(f"{operation} {content} {key}")

    def find_receipt(self, key: str) -> None:
        """Nothing is ever done."""


def source(**changed: Any) -> Source:
    """The account's record, of which the version sees two fields."""
    values: dict[str, Any] = {
        "name": "crm",
        "tool": "crm",
        "key_field": "account",
        "fields": ("tier", "phone"),
        "reread_before_act": True,
    }
    return Source.model_validate(values | changed)


def read(says: Any, item: Mapping[str, Any] = ITEM, **changed: Any) -> Context:
    """What is seen of one source."""
    as_of = changed.pop("as_of", None)
    level = changed.pop("level", "read")
    tools = {"crm": System(says, level=level, as_of=as_of)}
    return read_context([source(**changed)], tools, item=item, now=NOW)


def kept(context: Context) -> Context:
    """The context as it is kept: masked."""
    values = {name: masked_fields(MASK, name, v).value for name, v in context.values.items()}
    return context.model_copy(update={"values": values})


def changes(before: Any, after: Any, **changed: Any) -> list[str]:
    """What is told of a source between decide and act, a day later."""
    found = find_changes(
        kept(read(before, **changed)),
        [source(**changed)],
        tools={"crm": System(after)},
        item=ITEM,
        now=NOW + timedelta(hours=24),
        mask=MASK,
    )
    return [one.says for one in found]


def test_only_the_declared_fields_are_seen() -> None:
    """The rest of the record stays where it is; version and time are kept."""
    found = read({"tier": "plus", "salary": 7})

    assert found.values == {"crm": {"tier": "plus"}}
    assert (found.versions, found.read_at) == ({"crm": "v2"}, {"crm": NOW})
    assert found.problems == ()


@pytest.mark.parametrize(
    ("says", "changed", "code"),
    [
        ({"tier": "plus"}, {"item": {}}, "no_key"),
        ({"tier": "plus"}, {"item": {"account": None}}, "no_key"),
        ({"tier": "plus"}, {"item": {"account": ""}}, "no_key"),
        ({"tier": "plus"}, {"item": {"account": True}}, "no_key"),
        ({"tier": "plus"}, {"tool": "other"}, "no_tool"),
        ({"tier": "plus"}, {"level": "update"}, "no_tool"),
        ({"tier": "plus"}, {"item": {"account": "A-2"}}, "no_record"),
        (None, {}, "no_record"),
        (NotFound("gone"), {}, "no_record"),
        (Unavailable("down"), {}, "unavailable"),
        (InvalidInput("crm.json, line 3: garbage"), {}, "garbage"),
        (NotAllowed("no"), {}, "refused"),
        ({"tier": "plus"}, {"max_age_hours": 24, "as_of": NOW - timedelta(hours=25)}, "stale"),
    ],
)
def test_a_source_that_cannot_be_used_is_a_problem(
    says: Any, changed: dict[str, Any], code: str
) -> None:
    """Nothing is guessed: no value, and the reason by source and code."""
    found = read(says, **changed)

    assert [(problem.source, problem.code) for problem in found.problems] == [("crm", code)]
    assert found.problems[0].says.startswith("crm: ")
    assert (found.values, found.versions, found.seen, found.read_at) == ({}, {}, {}, {})


@pytest.mark.parametrize(("limit", "hours"), [(24, 24), (None, 9999), (0, 0), (24, -5)])
def test_a_record_within_its_limit_is_fresh(limit: int | None, hours: int) -> None:
    """Up to the limit, without one, and where the other side's clock is ahead."""
    found = read({"tier": "plus"}, max_age_hours=limit, as_of=NOW - timedelta(hours=hours))

    assert found.problems == ()


def test_a_number_may_be_a_key() -> None:
    """It is asked for as text; each source is read for itself."""
    tools = {"crm": System({"tier": "plus"}), "erp": System(Unavailable("down"))}
    sources = [source(), source(name="erp", tool="erp")]

    found = read_context(sources, tools, item=ITEM, now=NOW)

    assert list(found.values) == ["crm"]
    assert [problem.says for problem in found.problems] == ["erp: down"]
    numbered = read_context(sources[:1], tools, item={"account": 1}, now=NOW)
    assert numbered.problems[0].code == "no_record"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"tier": "plus"}, {"tier": "plus"}, []),
        ({"tier": "plus"}, {"tier": "plus", "seen": "today"}, []),
        ({"tier": "plus"}, {"tier": "gold"}, ["crm changed since it was read: tier"]),
        ({"tier": "plus"}, {}, ["crm changed since it was read: tier"]),
        ({}, {"tier": None}, ["crm changed since it was read: a masked field"]),
        ({"phone": "1"}, {"phone": "2"}, ["crm changed since it was read: a masked field"]),
        (
            {"tier": "plus", "phone": "1"},
            {"tier": "gold"},
            ["crm changed since it was read: tier, phone"],
        ),
        (
            {"tier": "plus"},
            None,
            ["it could not be read again: crm: it has no record of this account"],
        ),
        ({"tier": "plus"}, Unavailable("down"), ["it could not be read again: crm: down"]),
    ],
)
def test_a_change_is_told_by_field_and_without_values(
    before: dict[str, Any], after: Any, told: list[str]
) -> None:
    """Declared fields count, masked ones too; what cannot be read again has changed."""
    assert changes(before, after) == told


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        (None, []),
        (24, []),
        (23, ["crm: what it says is 24 h old, the limit is 23 h"]),
    ],
)
def test_a_source_that_is_not_read_again_must_still_be_fresh(
    limit: int | None, told: list[str]
) -> None:
    """A day later the old reading is good only where the plan allows it."""
    changed = {"reread_before_act": False, "max_age_hours": limit}

    assert changes({"tier": "plus"}, {"tier": "gold"}, **changed) == told


def test_a_source_that_was_never_read_is_not_acted_on() -> None:
    """A context without it is no context for it."""
    nothing = Context(values={}, versions={}, seen={}, read_at={})
    sources = [source(), source(name="erp", reread_before_act=False)]
    tools = {"crm": System({"tier": "plus"})}

    told = find_changes(nothing, sources, tools=tools, item=ITEM, now=NOW, mask=MASK)

    assert [(one.source, one.code) for one in told] == [("crm", "changed"), ("erp", "no_record")]
    assert [one.says for one in told] == ["crm changed since it was read: tier", "erp was not read"]


VALUE = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "plus", "gold"])
RECORD = st.dictionaries(st.sampled_from(["tier", "phone", "other"]), VALUE)


@given(RECORD, RECORD)
def test_a_change_is_told_exactly_when_a_seen_field_changed(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """No change of a declared field is missed, masked or not, and no other is told."""

    def seen(record: dict[str, Any]) -> str:
        return repr([(name, record.get(name, "-")) for name in ("tier", "phone")])

    assert bool(changes(before, after)) == (seen(before) != seen(after))
