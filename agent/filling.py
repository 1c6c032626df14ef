"""holes of a plan that the customer's own words fill, as a model finds them there.

Only what describes: never an owner, a number, a limit, an approval, an action or a right. Whatever
is filled is marked in the plan, and the people who approve the plan approve it.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from agent.deps import Deps
from agent.proposal import Wanted, form_of, list_of, may_ask, propose, text_of
from agent.state import State
from policies import grounds, texts
from runs.plan import Filled

TEXTS = (
    "title",
    "goal.business_goal",
    "goal.why_now",
    "goal.metric",
    "acceptance.business_effect",
    "economics.roi_hypothesis",
    "economics.token_risk",
    "switching.model_dependency",
    "switching.portability",
    "switching.fallback_options",
)
"""Parts of a plan that are one text, and describe."""
LISTS = (
    "goal.success_criteria",
    "goal.affected_users",
    "contract.known_gaps",
    "context.known_gaps",
    "switching.evaluation_assets",
    "switching.integration_points",
    "switching.stable_parts",
)
"""Parts that are a list of such texts."""
LEAST_QUOTED = 12
"""Characters of a quote; a word alone says nothing."""
SENTENCE_ENDS = ".!?"
FORM = form_of(
    parts=list_of(
        {
            "path": {"type": "string", "enum": [*TEXTS, *LISTS]},
            "says": {"type": "array", "items": text_of(600), "minItems": 1, "maxItems": 8},
            "quotes": {"type": "array", "items": text_of(400), "minItems": 1, "maxItems": 8},
        },
        most=len(TEXTS) + len(LISTS),
    )
)


class Filling(NamedTuple):
    """A plan with fewer holes."""

    text: str
    """YAML."""
    filled: tuple[Filled, ...]


def fill(state: State, deps: Deps, text: str, missing: Sequence[str], said: str) -> Filling | None:
    """The plan with the holes that the customer's words fill; None where they fill none.

    `said` is what came with the trigger. A hole that no quote of it fills stays a hole.
    """
    open_ones = [path for path in missing if path in (*TEXTS, *LISTS)]
    if not open_ones or not said.strip() or not may_ask(state, deps):
        return None
    wanted = Wanted(
        step="write_plan",
        what="holes",
        prompt="fill_holes",
        material={"holes": open_ones, "said": said},
        form=FORM,
        check=lambda value: list(problems(value, open_ones, said)),
        instead="each hole stays a question to a person",
    )
    taken = propose(state, deps, wanted)
    if taken is None or not taken.value["parts"]:
        return None
    written = copy.deepcopy(texts.read(text, "the plan").value)
    for one in taken.value["parts"]:
        _set(written, one["path"].split("."), _value(one))
    filled = tuple(Filled(path=one["path"], proposal=taken.id) for one in taken.value["parts"])
    return Filling(texts.write(written), filled)


def _value(part: Mapping[str, Any]) -> str | list[str]:
    return list(part["says"]) if part["path"] in LISTS else part["says"][0]


def _set(written: dict[str, Any], path: Sequence[str], value: str | list[str]) -> None:
    *above, last = path
    for name in above:
        inner = written.get(name)
        written[name] = inner if isinstance(inner, dict) else {}
        written = written[name]
    written[last] = value


def problems(value: Mapping[str, Any], holes: Sequence[str], said: str) -> Iterator[str]:
    """Everything in an answer that is no hole, or that nobody said."""
    named, plain = [one["path"] for one in value["parts"]], _plain(said)
    yield from (f"{path} is filled twice" for path in set(named) if named.count(path) > 1)
    for one in value["parts"]:
        path = one["path"]
        if path not in holes:
            yield f"{path} is no hole of this plan"
        if path in TEXTS and len(one["says"]) > 1:
            yield f"{path} is one text"
        for quote in one["quotes"]:
            if len(_plain(quote)) < LEAST_QUOTED or _plain(quote) not in plain:
                yield f"{path}: nobody said {quote!r}"
        yield from _groundless(one, plain)


def _groundless(part: Mapping[str, Any], said: str) -> Iterator[str]:
    """What fills a hole and stands in no quote, or is denied by the sentence that a quote is of."""
    path, text = part["path"], " \n ".join(part["says"])
    around = [_around(_plain(quote), said) for quote in part["quotes"]]
    turned = [one for one in grounds.find(text, around) if one.kind == "denial"]
    for found in dict.fromkeys([*grounds.find(text, part["quotes"]), *turned]):
        yield f"{path}: {found.kind} {found.says!r} stands in no quote"


def _around(quote: str, said: str) -> str:
    """The whole sentences in which a quote stands: what it leaves out may deny it."""
    at = max(said.find(quote), 0)
    ends = (said.find(sign, at + len(quote) - 1) for sign in SENTENCE_ENDS)
    end = min((one for one in ends if one >= 0), default=len(said))
    return said[max(said.rfind(sign, 0, at) for sign in SENTENCE_ENDS) + 1 : end]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
