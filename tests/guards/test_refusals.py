"""Every refusal tells what to do next, in the sentence that the command line and JSON both tell.

A next step is a clause that begins with what to do, or that names a command; a clause begins the
sentence or stands after `; `, `: `, `, or ` or a bracket. Where nothing can be done, it says that.
"""

import ast
import re
from functools import cache

import pytest

from tests.guards.refusals import (
    OURS,
    Code,
    Refusal,
    call_name,
    carried,
    checks,
    handed,
    refusals,
)
from tests.guards.tree import Module, modules

CLAUSE = re.compile(r"^|; |: | \(|, or |\n")
FIRST = re.compile(
    r"(?:or |then )?([a-z]+)\b(?! (?:is|are|was|were|has|had|holds|cannot|does|may)\b)"
)
TO_DO = frozenset(
    """
    accept add anchor answer approve ask begin bind bound bring build call change check choose
    close compare complete correct count create cut decide declare delete disable do draft
    drop edit end enter erase escalate fill finish flatten give hand have import install judge
    keep leave let look make map mend name narrow order pass propose put quote raise read
    rehearse reject remove rename reorder repeat replace reserve restore revoke roll run save
    say see send set settle shorten sign split start stop take tell try turn undo unset use
    wait write
    """.split()  # noqa: SIM905 - as words they can be read
)
"""What somebody is told to do."""
COMMAND = re.compile(r"\bpilotage [a-z]+")
SAID = ("did you mean ", "it is tried again", "nothing is left to ")
"""Said in these words alone: what was meant, that the worker goes on, that there is nothing."""
CARRIERS = {
    "policies.approvals.Ruling": "reason",
    "policies.approvals._No": "says",
    "policies.asking.Wrong": "says",
    "policies.drafting.Wrong": "says",
    "policies.features.Wrong": "says",
    "policies.permissions.Permission": "reason",
    "policies.standins.Handed": "refused",
    "policies.texts.Problem": "says",
    "workflow.dataset.cases._Wrong": "args",
    "workflow.dataset.rows.Row": "problem",
    "workflow.dataset.rows._Unreadable": "problem",
    "workflow.settling.Undo": "why_not",
}
"""Records that carry a sentence to the refusal it becomes, and the field; each is read itself."""
HANDED = (
    "policies.guard.judging._holds",
    "policies.guard.judging._refusals",
    "policies.guard.judging._wrong_form",
    "policies.reviews.why_not_asked",
    "policies.reviews.why_not_judge",
    "runs.keys.why_unsigned",
    "workflow.requests.check",
    "workflow.calls.check",
)
"""Functions that are handed in to whoever refuses; what they say is read itself."""
CARRIED_ON = "the sentence of a record of CARRIERS, read where the record is made"
HANDED_ON = "the sentence of a function of HANDED, read where it is said"
PLAYED = "a fault that is played in a drill: nobody is refused anything, and it is told as played"
EXCEPT = {
    "policies/approvals.py:_passed_on": CARRIED_ON,
    "policies/approvals.py:rule_on": CARRIED_ON,
    "policies/plans.py:_drafting_problems": CARRIED_ON,
    "policies/plans.py:_feature_problems": CARRIED_ON,
    "policies/plans.py:_model_problems": CARRIED_ON,
    "policies/texts.py:refuse": CARRIED_ON,
    "runs/approvals.py:_decided_in": CARRIED_ON,
    "rollout/admission.py:sort_out": "what the checks it calls refused, as they said it",
    "workflow/dataset/cases.py:_case": CARRIED_ON,
    "workflow/dataset/cases.py:read": "what _Wrong says, read where it is made",
    "workflow/dataset/rows.py:rows": CARRIED_ON,
    "workflow/settling.py:compensate": CARRIED_ON,
    "workflow/patches/routes.py:reworded": CARRIED_ON,
    "workflow/version.py:_check_drafting": CARRIED_ON,
    "workflow/version.py:_check_looks": CARRIED_ON,
    "workflow/version.py:_check_models": CARRIED_ON,
    "tools/model/endpoint.py:_at": "what forms and answers refused, as they said it",
    "tools/model/routed.py:_all": "what the routes refused, as they said it",
    "workflow/actions.py:perform": HANDED_ON,
    "workflow/calls.py:check": "the reason of a ruling, read where judging.py says it",
    "workflow/process/acting.py:_require_all": HANDED_ON,
    "workflow/requests.py:check": CARRIED_ON,
    "workflow/review.py:_admit": HANDED_ON,
    "policies/edits.py:with_keys": "texts.remedy_of: what checks of our records say, or `write …`",
    "policies/texts.py:_problem": "texts.remedy_of: what checks of our records say, or `write …`",
    "workflow/faults/models.py:reserve": PLAYED,
    "workflow/faults/played.py:find_receipt": PLAYED,
    "workflow/faults/ways.py:_answers": PLAYED,
    "workflow/faults/ways.py:_sources": PLAYED,
    "workflow/faults/ways.py:_tries": PLAYED,
}
"""Where no sentence can be read off the code, and why it has its next step all the same."""


@cache
def told() -> tuple[Refusal, ...]:
    """Every sentence of the shipped code that refuses."""
    code = Code(modules())
    made = (refusals(code), carried(code, CARRIERS), handed(code, HANDED), checks(code))
    return tuple(one for source in made for one in source)


def has_next_step(sentence: str) -> bool:
    """Whether one clause says what to do, or that nothing is to be done."""
    if OURS in sentence:
        return True
    for begin in CLAUSE.finditer(sentence):
        clause = sentence[begin.end() :]
        first = FIRST.match(clause)
        if (first and first[1] in TO_DO) or clause.startswith(SAID):
            return True
    return COMMAND.search(sentence) is not None


def test_every_refusal_says_what_to_do_next() -> None:
    """Whoever is refused reads, in the same sentence, how to go on."""
    silent = {
        f"{one.place}: {sentence}"
        for one in told()
        if one.within not in EXCEPT
        for sentence in one.sentences
        if not has_next_step(sentence)
    }

    assert sorted(silent) == []


def test_every_exception_is_still_needed() -> None:
    """A list of exceptions that outlives its reasons hides the next one."""
    silent = {one.within for one in told() if not all(map(has_next_step, one.sentences))}

    assert sorted(set(EXCEPT) - silent) == []


def test_the_look_finds_every_error_that_is_made() -> None:
    """As many places are read as a search of the text finds; none is passed over."""
    word = re.compile(r"(?<![\w.])(?:InvalidInput|NotFound|Conflict|NotAllowed|Unavailable)\(\S*")
    made = {
        f"{module.path}:{number}"
        for module in modules()
        for number, line in enumerate(module.text.split("\n"), 1)
        if word.search(line) and not line.lstrip().startswith(("class ", "#", '"""'))
    }
    code = Code(modules())
    read = {f"{s[0].path}:{c.lineno}" for c, s in code.calls if call_name(c) in code.errors}

    assert len(made) > 300
    assert sorted(made - read) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "values.x is missing; add it",
        "run r-1 is ended: `pilotage run show r-1` says how",
        "key k was revoked already; nothing is left to do",
        "give either KEY=VALUE pairs or --file FILE",
    ],
)
def test_a_next_step_is_seen(sentence: str) -> None:
    """What to do, a command to run, or that nothing is to be done."""
    assert has_next_step(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "values.x is missing",
        "x: name is empty",
        "there is no prompt 'x'; there are a, b",
        "the row is wrong; nothing was taken in",
        "the order is not known; a policy has one",
        "it should be used with care",
    ],
)
def test_a_statement_is_no_next_step(sentence: str) -> None:
    """A word that could be an order is none where it only says how things are."""
    assert not has_next_step(sentence)


@pytest.mark.parametrize(
    "body",
    [
        "raise InvalidInput('it is wrong')",
        "says = 'it is wrong'\n    raise InvalidInput(says)",
        "raise InvalidInput(SAID)",
        "raise InvalidInput(f'{why()}')",
        "_refuse('it is wrong')",
        "raise Mine('it is wrong')",
        "try:\n        x()\n    except OSError as it:\n        raise InvalidInput(f'x: {it}')",
    ],
)
def test_a_sentence_is_read_wherever_it_is_made(body: str) -> None:
    """In the raise, a name, a constant, a function or its caller: without a step it is found."""
    text = (
        "SAID = 'it is wrong'\nclass PilotageError(Exception): ...\n"
        "class InvalidInput(PilotageError): ...\nclass Mine(InvalidInput): ...\n"
        "def why():\n    return 'it is wrong'\n"
        "def _refuse(says):\n    raise InvalidInput(f'x: {says}')\n"
        f"def act():\n    {body}\n"
    )
    code = Code((Module("a.py", text, ast.parse(text)),))
    found = [sentence for one in refusals(code) for sentence in one.sentences]

    assert any(not has_next_step(sentence) for sentence in found)
