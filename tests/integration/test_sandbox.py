"""In the sandbox nothing acts: no tool, by no way of calling it, and no item, whoever agreed."""

import inspect
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from pilotage.tool_specs import ToolSpec
from policies.approvals import rule_on
from runs import approvals, snapshots
from runs.approvals import Answer, Rules
from runs.clock import StoppedClock
from runs.errors import NotAllowed
from runs.records.approval import Approval
from runs.records.item import Item, Output
from runs.records.person import Customer
from runs.records.version import Effect, Source
from runs.store.store import Store
from tests import builders
from tests.integration.desk import NOW, answer
from tests.integration.signing import Signing
from tests.outsides import FIELDS, Outside, kinds_of_tool, outside, reachable
from tools.notify import Outbox
from tools.tool import Sandboxed, Tool, without_means
from workflow.process import asking
from workflow.process.parts import ProcessDeps

ACME = Customer(id="acme", name="Acme", is_demo=False)
KEY = "i-1:assign:abc"
ASK: dict[str, Any] = {
    "workflow": "desk",
    "effect": "assign",
    "item": "t-1",
    "label": "refund",
    "fields": FIELDS,
}
MESSAGE = {"to": ["Eva"], "title": "an update", "text": "all is well"}
HELD = ("str", "int", "float", "bool", "tuple", "list", "dict", "mappingproxy", "NoneType")
"""What a tool without means may show beside what can be called: plain values."""
MEANS = ("tools.", "pathlib", "httpx", "sqlalchemy", "pydantic.types")
"""Where whatever acts, leads there or is secret is made."""
NOT_MADE = {"Tool", "Sandboxed", "Closed"}
"""The promise, the tool without means and the one without a credential."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """Every system outside."""
    with outside(tmp_path_factory.mktemp("outside")) as found:
        yield found


@pytest.fixture(scope="module")
def tools(world: Outside) -> dict[str, Tool]:
    """One tool of every kind, the outbox and the notices to people."""
    clock = StoppedClock(NOW)
    notices = Outbox(world.home.folder / "notices", clock=clock, name="notices", risks=())
    return world.tools(ACME, clock) | {"notices": notices}


def content_of(tool: Tool) -> dict[str, Any]:
    """What its operations are asked for."""
    return MESSAGE if "send" in tool.schema else ASK


def ways(bare: Sandboxed, tool: Tool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every way of calling a tool, read off the object: each method with each argument it takes."""
    known: Mapping[str, tuple[Any, ...]] = {
        "key": (KEY, "A-1"),
        "operation": (*tool.schema, "other"),
        "content": (content_of(tool), {}),
    }
    for name in (one for one in dir(bare) if not one.startswith("_")):
        held = getattr(bare, name)
        if not callable(held):
            assert type(held).__name__ in HELD, f"{name} shows more than a plain value"
            continue
        asked = list(inspect.signature(held).parameters)
        for chosen in product(*(known[one] for one in asked)):
            yield name, dict(zip(asked, chosen, strict=True))


def test_every_kind_of_tool_there_is_is_tried(world: Outside, tools: dict[str, Tool]) -> None:
    """A tool that is added later, in code or in the tools file, has to be added here."""
    kinds = {one["kind"] for one in world.specs()}

    assert {type(one).__name__ for one in tools.values()} == kinds_of_tool() - NOT_MADE
    assert kinds == set(get_args(ToolSpec.model_fields["kind"].annotation))


def test_no_way_of_calling_a_tool_without_means_acts(
    world: Outside, tools: dict[str, Tool]
) -> None:
    """Nothing outside is another than before: no file, row, request, letter or call."""
    before, tried = world.state(), 0
    for tool in tools.values():
        bare = without_means(tool)
        for name, told in ways(bare, tool):
            tried += 1
            try:
                getattr(bare, name)(**told)
            except NotAllowed:
                continue

    assert tried > 100
    assert world.state() == before


def test_each_tool_with_means_does_act(world: Outside, tools: dict[str, Tool]) -> None:
    """So the look above sees it: what is tried there without means has an effect with them."""
    acted = []
    for name, tool in tools.items():
        for operation in tool.schema:
            before = world.state()
            tool.act(operation, content_of(tool), f"i-1:{name}.{operation}:abc")
            acted += [name] if world.state() != before else []

    assert set(acted) == {name for name, tool in tools.items() if tool.schema}


def test_nothing_to_act_with_is_held_by_a_tool_without_means(tools: dict[str, Tool]) -> None:
    """Neither the tool, its way there, its folder nor its secret can be reached from it."""
    for tool in tools.values():
        if tool.level == "read":
            continue
        held = {type(one).__module__ for one in reachable(without_means(tool))}

        assert any(type(one).__module__.startswith("tools.") for one in reachable(tool))
        assert not [one for one in held - {"tools.tool"} if one.startswith(MEANS)]


class Everything(Signing):
    """An item in the sandbox, of a version that would do everything there is to do."""

    def __init__(self, folder: Path, tools: Mapping[str, Tool], *reads: str) -> None:
        self.tools = tools
        effects = tuple(
            Effect(
                name=f"{name}_{operation}",
                tool=name,
                operation=operation,
                level=tool.level,
                risks=("customer_facing",),
            )
            for name, tool in tools.items()
            for operation in tool.schema
            if "send" not in tool.schema
        )
        sources = tuple(
            Source(name=name, tool=name, key_field="account", fields=("tier",)) for name in reads
        )
        super().__init__(folder, effects=effects, sources=sources, rules=())
        self.admit(stage=0)

    def deps(self, store: Store | None = None, **changed: Any) -> ProcessDeps:
        """With every tool there is, whole."""

        def drafts(*asked: Any) -> Output:
            return answer(*asked).model_copy(update={"fields": FIELDS})

        return super().deps(store, **{"tools": self.tools, "answer": drafts} | changed)

    def waiting(self) -> Item:
        """Another item of the sandbox that waits for a yes, as none ever should."""
        told = {"id": "i-2", "key": "T-2", "status": "asked", "finished_at": None}
        waits = self.item.model_copy(update=told)
        self.store.items.admit(self.customer, "cli", waits)
        asking.ask(self.deps(), self.customer, waits, is_anew=False)
        return waits

    def agree(self) -> list[Approval]:
        """Everybody agrees to everything that is asked about it."""
        for asked in approvals.of_item(self.store, self.customer, "i-2"):
            current = asking.current(self.deps(), self.customer)
            said = Answer(asked.id, "approve", "because", asked.subject)
            who = builders.identity(self.customer, "ana")
            approvals.decide(self.store, who, said, Rules(rule_on, current))
        return approvals.of_item(self.store, self.customer, "i-2")


def test_an_item_of_the_sandbox_reads_everything_and_does_nothing(
    tmp_path: Path, world: Outside, tools: dict[str, Tool]
) -> None:
    """It is drafted, with what its sources said; nobody is asked, and nothing is reserved."""
    readers = [name for name, tool in tools.items() if tool.level == "read"]
    desk, before = Everything(tmp_path, tools, *readers), world.state()
    item = desk.work()

    [review] = desk.store.reviews.of_item(desk.customer, "i-1")
    seen = snapshots.read(desk.store, desk.customer, item.snapshot)
    assert (item.status, review.kind, seen["problems"]) == ("drafted", "shadow", [])
    assert seen["values"] == {one.name: {"tier": "plus"} for one in desk.version.sources}
    assert (desk.asked, desk.store.actions.of_item(desk.customer, "i-1")) == ([], [])
    assert world.state() == before


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_an_item_of_the_sandbox_acts_under_no_approval(
    tmp_path: Path, world: Outside, tools: dict[str, Tool], stage: int
) -> None:
    """Though it was asked about, everybody agreed, and its release went on meanwhile."""
    desk, before = Everything(tmp_path, tools, "files"), world.state()
    desk.work()
    desk.waiting()
    agreed = desk.agree()
    desk.move_release(stage=stage, weight_bp=500)
    ended = desk.work("i-2")

    assert [one.status for one in agreed] == ["approved"] * len(desk.version.effects)
    assert (ended.status, ended.owner) == ("in_review", "ben")
    assert "sandbox" in ended.reason
    assert [one.status for one in desk.store.actions.of_item(desk.customer, "i-2")] == []
    assert world.state() == before
