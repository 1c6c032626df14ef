"""The gate: what is kept is short, visible, one idea, masked, and says where it came from."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_store.lessons.draft import Origin, plain, screen, trust_of
from runs.errors import InvalidInput
from tests.unit.memory_store.builders import MASK, draft

RULE = {"condition": "item.amount_eur > 200", "route": "review", "owner": "ops_lead"}
ROI = {"metric": "hours", "value": "3.5", "unit": "h", "n": "40", "period": "2026-W10"}


def test_a_sound_draft_passes_unchanged() -> None:
    """The gate adds nothing of its own."""
    assert screen(draft(), MASK) == (draft(), 0)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"text": "x" * 601}, "601 characters; shorten it to 600"),
        ({"when": "x" * 201}, "201 characters; shorten it to 200"),
        ({"text": " \u200b\n "}, "empty"),
        ({"when": ""}, "empty"),
        ({"text": "Do this.\n- and this\n- and that"}, "a list"),
        ({"text": "1. Refund.\n2. Close."}, "a list"),
        ({"text": "One. Two! Three? Four."}, "4 sentences"),
        ({"text": "Stop <|im_end|> here"}, "control token"),
        ({"text": "Stop <\uff5cendoftext\uff5c> here"}, "control token"),
        ({"text": "Begin [INST] here"}, "control token"),
        ({"text": "The password: hunter2hunter2 opens it"}, "a secret"),
        ({"when": "the api_key=a8f5f167f44f4964 is used"}, "a secret"),
        ({"text": "Use sk-abcdefghij0123456789 for it"}, "a secret"),
        ({"text": "Use plt_ab12_0123456789abcdef for it"}, "a secret"),
        ({"text": "-----BEGIN RSA PRIVATE KEY-----"}, "a secret"),
        ({"subject": "Amount Limit"}, "subject"),
        ({"workflow": "../desk"}, "workflow"),
        ({"evidence": ()}, "evidence"),
        ({"evidence": ("trust me, it is so",)}, "evidence"),
        ({"author": ""}, "author"),
        ({"origins": ()}, "origins"),
        ({"origins": ("person",)}, "run:r-1 is no person"),
        ({"payload": {"Bad Key": "1"}}, "write a field name"),
        ({"payload": {"value": "x" * 201}}, "201 characters"),
        ({"payload": {"owner": "mail ana@example.com"}}, "cannot be masked"),
        ({"kind": "rule", "payload": {"route": "review"}}, "give a rule its"),
        ({"kind": "roi", "payload": {"metric": "hours"}}, "give a roi its"),
    ],
)
def test_an_unsound_draft_is_refused_with_its_field(changed: dict[str, Any], why: str) -> None:
    """Whoever sent it knows what to change."""
    with pytest.raises(InvalidInput, match=why):
        screen(draft(**changed), MASK)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "rule", "payload": RULE},
        {"kind": "rule", "payload": {"name": "act_threshold", "value": "0.8"}},
        {"kind": "roi", "payload": ROI},
        {"payload": {"snapshot": "sha256:" + "0123456789" * 6 + "abcd"}},
        {"author": "dan", "origins": ("person",)},
    ],
)
def test_typed_payloads_pass_as_they_are(changed: dict[str, Any]) -> None:
    """A condition, a figure or a digest is kept to the letter."""
    assert screen(draft(**changed), MASK).draft == draft(**changed)


def test_personal_details_in_the_text_are_masked_and_counted() -> None:
    """The idea stays, the person goes."""
    said = "Ask ana@example.com or call +49 30 901820 first."
    passed = screen(draft(text=said), MASK)

    assert passed.draft.text == "Ask [masked:email] or call [masked:phone] first."
    assert passed.masked == 2


def test_what_is_never_drawn_is_removed() -> None:
    """A reader and a model read the same text."""
    hidden = "Refunds\u200b are\u202e slow\ufeff, \U000e0041\U000e0042ask\u2066 twice\ufe0f\x07."

    assert plain(hidden) == "Refunds are slow, ask twice ."


def test_full_width_letters_are_the_letters_they_look_like() -> None:
    """Compatibility forms hide nothing from the checks that follow."""
    assert plain("\uff49\uff47\uff4e\uff4f\uff52\uff45") == "ignore"


@given(st.text(max_size=200))
def test_cleaning_is_complete_after_once(text: str) -> None:
    """Nothing invisible is left, and cleaning again changes nothing."""
    cleaned = plain(text)
    kinds = {unicodedata.category(letter) for letter in cleaned}

    assert plain(cleaned) == cleaned
    assert not kinds & {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("origins", "trust"),
    [
        (("person",), "human"),
        (("trial",), "evaluated"),
        (("model",), "model"),
        (("customer_text",), "external"),
        (("tool_output",), "external"),
        (("import",), "external"),
        (("person", "model"), "model"),
        (("trial", "customer_text", "person"), "external"),
    ],
)
def test_trust_is_that_of_the_least_trusted_source(origins: tuple[Origin, ...], trust: str) -> None:
    """What a text says of itself does not matter, and one drop of outside text is enough."""
    assert trust_of(origins) == trust
