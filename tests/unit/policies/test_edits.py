"""Some keys of a policy are set to other values, and the rest stays as it was written."""

from decimal import Decimal

import pytest

from policies import edits, rules
from runs.errors import InvalidInput
from tests.unit.pilotage.homes import policy_of

TEXT = rules.write_policy(policy_of())


def text_after(text: str, *given: str) -> str:
    """The text of the same values but for these."""
    before = rules.read_policy(text, "desk.yaml")
    return edits.with_text(text, "desk.yaml", edits.with_keys(before, edits.pairs(given)))


def test_a_bare_name_is_a_value_and_a_path_is_any_key() -> None:
    """With the digits that were given."""
    given = {"act_threshold": "0.850", "gates.slice.min_cases": "200", "escalation": "ana, ben"}
    after = edits.with_keys(policy_of(), given)

    assert str(after.values["act_threshold"]) == "0.850"
    assert after.gates["slice"].min_cases == 200
    assert after.escalation == ("ana", "ben")
    assert after.gates["full"] == policy_of().gates["full"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"act_treshold": "0.8"}, "did you mean act_threshold"),
        ({"zzz": "1"}, "policy show"),
        ({"audit_share": "much"}, "audit_share is 'much'"),
        ({"gates.slice.min_cases": "0"}, "gates.slice.min_cases is '0'"),
        ({"approvers.plan": "ops_lead"}, "--file"),
    ],
)
def test_a_key_or_value_that_cannot_be_is_refused_with_the_remedy(
    given: dict[str, str], says: str
) -> None:
    """Nothing is guessed."""
    with pytest.raises(InvalidInput) as refused:
        edits.with_keys(policy_of(), given)

    assert says in str(refused.value)


@pytest.mark.parametrize("given", [["a"], ["=1"], ["a="], ["a=1", "a=2"]])
def test_a_pair_has_a_key_a_value_and_stands_once(given: list[str]) -> None:
    """Anything else is refused."""
    with pytest.raises(InvalidInput):
        edits.pairs(given)


def test_a_value_may_hold_the_sign() -> None:
    """Only the first one parts."""
    assert edits.pairs([" a = b=c "]) == {"a": "b=c"}


def test_comments_and_the_order_of_lines_stay() -> None:
    """Only the digits change."""
    written = TEXT.replace("audit_share: 0.1", "audit_share: 0.1   # with Eva, in May")
    after = text_after(written, "audit_share=0.2", "act_threshold=0.85")

    assert after.splitlines().index("audit_share: 0.2   # with Eva, in May") > 0
    assert len(after.splitlines()) == len(written.splitlines())
    assert rules.read_policy(after, "desk.yaml").values["act_threshold"] == Decimal("0.85")


def test_a_gate_on_one_line_is_changed_in_its_own_gate() -> None:
    """A key of the same name elsewhere stays."""
    after = text_after(TEXT, "gates.slice.wrong_auto_max=0.01")
    read = rules.read_policy(after, "desk.yaml")

    assert read.gates["slice"].wrong_auto_max == 0.01
    assert read.gates["full"] == policy_of().gates["full"]


def test_where_lines_do_not_allow_it_the_text_is_written_anew() -> None:
    """A list says what it should, whatever that costs in comments."""
    after = text_after(TEXT + "# last\n", "escalation=ana")

    assert rules.read_policy(after, "desk.yaml").escalation == ("ana",)
