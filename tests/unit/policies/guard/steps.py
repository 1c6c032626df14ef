"""Steps, grants and sources that are right by default."""

from decimal import Decimal
from typing import Any

from policies.guard.judging import judge
from policies.guard.tracing import Read, Sources
from runs.records.call import Argument, Call, Grant, Ruling, Step
from runs.records.version import Effect

REQUEST = (
    "Please send the March figures to ana@harbour.example and pay 120.50 to DE89 3704 0044 0532 "
    "0130 00. Ask Ben in channel north-desk; the page is www.harbour.example/figures."
)
RECORDS = ({"contacts": [{"name": "Cleo", "email": "cleo@harbour.example"}], "invoice": 77},)
EVIL = "payments@evil.example"
SEND = Grant(
    effect=Effect(name="send", tool="mail", operation="send", level="trigger"),
    arguments=(
        Argument(name="to", required=True),
        Argument(name="subject", part="text"),
        Argument(name="body", part="text"),
        Argument(name="urgent", part="choice"),
    ),
    most=3,
)
PAY = Grant(
    effect=Effect(name="pay", tool="bank", operation="pay", level="trigger"),
    arguments=(
        Argument(name="account", required=True),
        Argument(name="amount", part="measure", required=True),
        Argument(name="speed", part="choice", choices=("slow", "fast")),
    ),
    most=1,
)
READ = Grant(
    effect=Effect(name="fetch", tool="web", operation="fetch", level="read"),
    arguments=(Argument(name="url", part="text", required=True),),
    most=5,
    hosts=("docs.harbour.example",),
)
INVITE = Grant(
    effect=Effect(name="invite", tool="desk", operation="invite", level="update"),
    arguments=(Argument(name="email", from_named=True),),
    most=1,
)
REFUND = Grant(
    effect=Effect(
        name="refund", tool="bank", operation="refund", level="update", risks=("financial",)
    ),
    arguments=(Argument(name="amount", part="measure", ceiling=Decimal(50)),),
    most=2,
)
GRANTS = (SEND, PAY, READ, INVITE, REFUND)


def step(*grants: Grant, **changed: Any) -> Step:
    """A step of a stage that acts, with every grant unless some are named."""
    values: dict[str, Any] = {"name": "answer", "grants": grants or GRANTS, "stage": "slice"}
    return Step.model_validate({"most": 10} | values | changed)


def sources(*texts: str, **changed: Any) -> Sources:
    """What was asked and is trusted, and texts that were read."""
    values: dict[str, Any] = {"request": REQUEST, "records": RECORDS}
    return Sources(texts=tuple(Read("", text) for text in texts), **values | changed)


def call(name: str, **arguments: Any) -> Call:
    """A call of a model."""
    return Call(name=name, arguments=arguments)


def ruled(proposed: Call, *texts: str, **changed: Any) -> Ruling:
    """What the guard says of a call in the step of every grant."""
    return judge(proposed, step(), sources(*texts), **changed)
