"""Pictures: nothing breaks out of them, and what they show stands beside them as a table."""

from xml.etree import ElementTree

import pytest

from console.charts import canvas, flow, measured
from console.charts.measured import Measured, Rung
from tests import builders
from tests.unit.workflow import builders as desks
from workflow.map.parts import of_policy
from workflow.map.way import Map, map_of

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text></svg><script>alert(1)</script>" onload="x" & \x00\x1b[2J\u202e\ufffe'
QUALITY = Measured("quality", 45, 50, 0.78, 0.96, 0.92, "at least 0.92", "breached")
UNREAD = Measured("latency", 0, 0, None, None, 0.05, "at most 0.05", "unread")


def drawn(title: str = "Sort the desk's tickets", why: str = "the policy") -> Map:
    """The map of a desk with a rule and a source."""
    version = desks.version(rules=(desks.rule("dispute", "context.crm.dispute", why=why),))
    plan = builders.plan(title=title)
    values = of_policy(builders.policy())
    return map_of(plan, version, values=values, policy=builders.DIGEST, who=lambda name: name)


def texts(svg: str) -> str:
    """All that is written in a picture, in order."""
    written = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return " ".join(one.text or "" for one in written)


@pytest.mark.parametrize("make", [flow.way, flow.tree])
def test_hostile_text_stays_text_in_a_picture(make) -> None:
    """Whatever a plan or a rule says, the picture is well-formed and holds no foreign element."""
    svg = make(drawn(HOSTILE, HOSTILE)).svg
    tags = {one.tag.removeprefix(SVG) for one in ElementTree.fromstring(svg).iter()}

    assert tags <= {"svg", "title", "desc", "rect", "text", "polyline", "polygon", "circle"}
    assert "<script" not in svg
    assert "alert(1)" in texts(svg)


@pytest.mark.parametrize("make", [flow.way, flow.tree])
def test_a_picture_says_what_it_shows(make) -> None:
    """A title and a sentence, for whoever cannot see it."""
    root = ElementTree.fromstring(make(drawn()).svg)
    ids = {one.get("id") for one in root}

    assert root.get("role") == "img"
    assert set((root.get("aria-labelledby") or "").split()) <= ids
    assert [bool(one.text) for one in root if one.tag in (f"{SVG}title", f"{SVG}desc")] == [
        True
    ] * 2


def test_the_map_draws_each_step_and_each_path_that_leaves_it() -> None:
    """The same as the record of the map."""
    told = drawn()
    written = texts(flow.way(told).svg)
    steps = [step.title for step in told.steps if f"{step.title} ({step.by})" not in written]

    assert steps == []
    assert {
        path.ends for step in told.steps for path in step.paths if path.ends not in written
    } == set()
    assert "crm changed since it was read" not in written
    assert "crm is out of reach, empty, garbage or too old" in written


def test_the_tree_stands_as_a_table_beside_its_picture() -> None:
    """One row a question, with the values that decide now."""
    picture = flow.tree(drawn())

    assert [row[1] for row in picture.rows][2:3] == ["dispute"]
    assert all(len(row) == len(picture.header) for row in picture.rows)
    assert "act_threshold = 0.5" in texts(picture.svg)


def test_the_numbers_of_a_picture_are_its_table() -> None:
    """Share, count, interval, limit and state, as they are drawn."""
    picture = measured.intervals([QUALITY, UNREAD], name="s", title="Signals")

    assert picture.rows == (
        ("quality", "90.0%", "45 of 50", "78.0% to 96.0%", "at least 0.92", "breached"),
        ("latency", "nothing seen", "0", "no interval", "at most 0.05", "unread"),
    )
    assert "breached" in texts(picture.svg)
    assert "beyond their limit: quality" in picture.svg


def test_an_interval_is_drawn_where_its_numbers_say() -> None:
    """From its low end to its high end, with its point between them."""
    svg = measured.intervals([QUALITY], name="s", title="Signals").svg
    low, high = measured.LABEL + 0.78 * measured.TRACK, measured.LABEL + 0.96 * measured.TRACK
    point = measured.LABEL + 0.9 * measured.TRACK

    assert f'points="{low:g},88 {high:g},88"' in svg
    assert f'cx="{point:g}"' in svg


def test_the_ladder_says_in_words_where_a_release_stands() -> None:
    """Colour is never the only sign."""
    rungs = [Rung("sandbox", 0, "6 looked at", "done"), Rung("slice_5", 0.05, "6", "here")]
    picture = measured.ladder(rungs, name="l", title="How far")

    assert "✓ passed" in texts(picture.svg)
    assert "▲ here" in texts(picture.svg)
    assert [row[1] for row in picture.rows] == ["0 %", "5 %"]
    assert "it stands on slice_5" in picture.svg


def test_text_is_broken_before_its_box_ends() -> None:
    """A word that is longer than a line is broken; hyphens break nothing."""
    lines = canvas.broken(["slice-of-one " * 20, "x" * 200], 300)

    assert max(map(len, lines)) <= 300 / (14 * canvas.EM)
    assert lines[0].endswith("slice-of-one")
