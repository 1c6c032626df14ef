"""Rule on one call of a model: refuse what no step lets it do, hold what a person must see."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from policies.guard import tracing, values
from policies.guard.tracing import Sources, trace
from policies.permissions import ALLOWED, WAITING, waits
from policies.privacy import IBAN
from runs.records.call import Argument, Call, Grant, Outcome, Ruling, Step, Traced
from runs.records.record import Digest, digest_of

EDITION = 4
"""Another number with every change of how something is read, compared or ruled."""
SOURCED = frozenset({"request", "record", "named", "host", "ceiling"})
"""Where a value may have been found that passes."""


def name_rules() -> Digest:
    """The name of the rules as they are: of the edition, and of every constant they read by."""
    return digest_of(
        {
            "edition": EDITION,
            "read": {
                f"{module.__name__}.{name}": _written(one)
                for module in (values, tracing)
                for name, one in vars(module).items()
                if name.isupper()
            },
            "iban": _written(IBAN),
            "allowed": _written(ALLOWED),
            "waiting": _written(WAITING),
            "sourced": _written(SOURCED),
        }
    )


def _written(one: object) -> Any:
    """A constant as JSON has it."""
    if isinstance(one, re.Pattern):
        return [one.pattern, one.flags]
    if isinstance(one, Mapping):
        return {str(name): _written(inner) for name, inner in one.items()}
    if isinstance(one, frozenset):
        return sorted(one)
    return [_written(inner) for inner in one] if isinstance(one, tuple) else one


RULES = name_rules()
"""Every ruling carries it."""
TOLD = 5
"""A reason names so many arguments."""


def judge(
    call: Call, step: Step, sources: Sources, *, made: Collection[Call] = (), agreed: bool = False
) -> Ruling:
    """Allow only what the step grants, in a form and number it grants, with values of a source.

    `made`: the calls that were carried out before it. `agreed`: a valid approval covers exactly
    this call; it lets pass what is held and nothing that is refused. What texts say never lets
    anything pass, but for the one address of a text the request names, where the grant says so.
    """
    grant = next((one for one in step.grants if one.effect.name == call.name), None)
    if grant is None:
        says = f"step {step.name} does not grant that tool; call one of: {_granted(step)}"
        return _ruling(call, step, made, "refuse", says)
    if says := next(_refusals(call, step, grant, made), ""):
        return _ruling(call, step, made, "refuse", says)
    traced = trace(grant, call.arguments, sources)
    says = next(_holds(grant, step, traced), "")
    if says and not agreed:
        return _ruling(call, step, made, "hold", says, traced)
    why = "a person agreed to exactly this call" if says else "all it reaches has a source"
    return _ruling(call, step, made, "allow", f"{call.name} is granted, and {why}", traced)


def _ruling(
    call: Call,
    step: Step,
    made: Collection[Call],
    outcome: Outcome,
    reason: str,
    traced: tuple[Traced, ...] = (),
) -> Ruling:
    return Ruling(
        rules=RULES,
        step=step.digest,
        call=call.digest,
        number=len(made),
        outcome=outcome,
        reason=reason,
        traced=traced,
    )


def _refusals(call: Call, step: Step, grant: Grant, made: Collection[Call]) -> Iterator[str]:
    """Why a call can never be, whoever agrees; in the order in which they are told."""
    effect = grant.effect
    if effect.level not in ALLOWED.get(step.stage, ()):
        yield f"{effect.level} is not allowed in the {step.stage} stage; wait for one that acts"
    yield from _wrong_form(grant, call.arguments)
    if sum(one.name == call.name for one in made) >= grant.most:
        yield f"{call.name} was called {grant.most} times, which is all; finish without it"
    if len(made) >= step.most:
        yield f"step {step.name} had its {step.most} calls; finish with what is there"


def _wrong_form(grant: Grant, arguments: Mapping[str, Any]) -> Iterator[str]:
    declared = {one.name: one for one in grant.arguments}
    unknown = sum(name not in declared for name in arguments)
    if unknown:
        told = ", ".join(declared) or "none"
        yield f"{unknown} arguments are not declared; send only these: {told}"
    missing = [one.name for one in grant.arguments if one.required and one.name not in arguments]
    if missing:
        yield f"{', '.join(missing)} is missing; send it"
    for name, argument in declared.items():
        if argument.part == "choice" and not _is_choice(arguments.get(name), argument):
            yield f"{name} is none of its choices; send one of: {', '.join(argument.choices)}"


def _is_choice(value: object, argument: Argument) -> bool:
    if value is None:
        return not argument.required
    return value in argument.choices if argument.choices else isinstance(value, bool)


def _holds(grant: Grant, step: Step, traced: tuple[Traced, ...]) -> Iterator[str]:
    """Why a person must see a call first: the classes of the policy, then where values are from."""
    effect = grant.effect
    if waits(effect, step.waiting):
        why = ", ".join(effect.risks) or "kept for a person by the policy"
        yield f"{effect.name} is {why}, so a person must agree to exactly this call; ask for that"
    loose = list(dict.fromkeys(one.path for one in traced if one.where not in SOURCED))
    if loose:
        is_read = any(one.where == "text" for one in traced)
        found = "only in a text that was read" if is_read else "in none of them"
        told = ", ".join(loose[:TOLD])
        yield (
            f"{told} must come from the request or a trusted record and stands {found}; ask a "
            "person to agree to exactly this call"
        )


def _granted(step: Step) -> str:
    return ", ".join(one.effect.name for one in step.grants) or "none"
