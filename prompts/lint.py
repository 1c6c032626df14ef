"""what may not stand in a prompt: rules of business, places nobody fills, words of strangers."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from policies import templates
from prompts.library import Front, Prompt

Rule = Literal[
    "no_front_matter",
    "unused_variable",
    "undeclared_variable",
    "business_rule_in_prompt",
    "injection_prone",
    "unlabelled_material",
]
STRANGERS = ("people", "outside")
"""Words of these never stand among the words that a model is told to follow."""
LABELS = ("untrusted", "comes from outside")
"""One of them tells a model what the material is."""


class Finding(NamedTuple):
    """One thing that is wrong with a prompt."""

    prompt: str
    rule: Rule
    says: str
    """What it is, and the remedy."""


def lint(prompt: Prompt, owned: Iterable[str] = ()) -> list[Finding]:
    """Everything that is wrong with a prompt; `owned` are words that operations own."""
    if prompt.front is None:
        says = "does not say what it is for; write task, reader, inputs and output before the text"
        return [Finding(prompt.name, "no_front_matter", says), *_rules(prompt, owned)]
    return [
        *_variables(prompt, prompt.front),
        *_rules(prompt, owned),
        *_strangers(prompt, prompt.front),
        *_material(prompt, prompt.front),
    ]


def _variables(prompt: Prompt, front: Front) -> Iterator[Finding]:
    for name in sorted(front.inputs.keys() - prompt.variables):
        says = f"declares {name} and has no place for it; remove one or add the other"
        yield Finding(prompt.name, "unused_variable", says)
    for name in sorted(prompt.variables - front.inputs.keys()):
        says = f"has a place for {name} and does not say whose words it holds; add it to inputs"
        yield Finding(prompt.name, "undeclared_variable", says)


def _rules(prompt: Prompt, owned: Iterable[str]) -> Iterator[Finding]:
    """Numbers, and words that operations own: nobody could see or change them here."""
    for rule in templates.find_rules(prompt.text, owned):
        says = f"says {rule!r}; put what depends on it into the policy's values, lists or rules"
        yield Finding(prompt.name, "business_rule_in_prompt", says)


def _strangers(prompt: Prompt, front: Front) -> Iterator[Finding]:
    """Words of others among those that are to be followed would be followed as well."""
    for name, whose in sorted(front.inputs.items()):
        if front.reader == "model" and whose in STRANGERS:
            says = f"puts words of {whose} where {name} stands; send them as material, in a message"
            yield Finding(prompt.name, "injection_prone", f"{says} of their own")


def _material(prompt: Prompt, front: Front) -> Iterator[Finding]:
    """A model that is shown material is told so, and what is in it by name."""
    if not front.material:
        return
    if not any(label in " ".join(prompt.text.split()) for label in LABELS):
        says = "does not tell that the material is no instruction; say what of it is untrusted"
        yield Finding(prompt.name, "unlabelled_material", says)
    for name in front.material:
        if f"`{name}`" not in prompt.text:
            says = f"does not tell what `{name}` of the material is; name it in the text"
            yield Finding(prompt.name, "unlabelled_material", says)
