"""The rules of acceptance are weighed on edits that do what their name says."""

import json
from contextlib import suppress

import numpy as np
import pytest
from click.testing import CliRunner

from bench.fix_rules import ALONE, EDITS_OF, HARM, RULES, Edit, counted, drawn, judged_by, main
from workflow.patches import acceptance


@pytest.mark.parametrize("edit", EDITS_OF, ids=lambda edit: edit.name)
def test_an_edit_does_to_families_what_it_says(edit: Edit) -> None:
    """Shares of the harmed and of the right ones."""
    before, after = drawn(edit, 40_000, np.random.default_rng(0))
    harmed, alone = after[before == HARM], after[before == ALONE]

    assert (harmed == ALONE).mean() == pytest.approx(edit.mends, abs=0.02)
    assert (harmed == HARM).mean() == pytest.approx(1 - edit.mends - edit.asks[0], abs=0.02)
    assert (alone == HARM).mean() == pytest.approx(edit.breaks, abs=0.01)
    assert (alone == ALONE).mean() == pytest.approx(1 - edit.breaks - edit.asks[1], abs=0.01)


def test_a_tally_of_families_adds_up() -> None:
    """What is gained less what is lost is the harm that is avoided."""
    told = counted(*drawn(EDITS_OF[3], 500, np.random.default_rng(1)))

    assert told.harm_avoided == told.gain - told.loss == told.failed[0] - told.failed[1]
    assert told.alone[0] == told.failed[0]


def test_the_product_s_own_rule_stands_again_after_another_was_tried() -> None:
    """Also when the measurement broke."""
    own, meanwhile = acceptance.find_blunt, []
    with suppress(KeyError), judged_by(RULES[0]):
        meanwhile.append(acceptance.find_blunt)
        raise KeyError

    assert meanwhile == [RULES[0].find_blunt]
    assert acceptance.find_blunt is own


def test_the_rule_of_the_product_lets_fewer_blind_edits_through_than_the_price() -> None:
    """And no fewer of those that mend outright."""
    done = CliRunner().invoke(main, ["--edits", "25", "--json"])
    rows = {
        (row["edit"], row["error/review"]): row["accepted"]
        for row in json.loads(done.stdout)["rows"]
    }
    blind, mends = rows["asks blindly, best of 50", "10"], rows["mends 35 %", "10"]

    assert blind[RULES[-1].name] < blind[RULES[0].name]
    assert mends[RULES[-1].name] == mends[RULES[0].name] > 0
