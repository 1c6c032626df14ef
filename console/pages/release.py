"""A release on one page: how far it is, what was measured, who watches, who agreed, what next."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from console.charts import measured
from console.charts.measured import Measured, Rung
from console.pages.plan import Who
from console.pages.sheet import drawing, render
from policies.intervals import wilson

BARS = {"wrong_auto": "wrong alone", "coverage": "covered"}
"""Bars of a gate that are shares, by the words people know them by."""
LAST = 20
"""So many of the newest events are told."""
STATES = {"pass": "kept", "fail": "fail", "inconclusive": "inconclusive", "error": "error"}


def page(told: Mapping[str, Any], who: Who) -> str:
    """The page of what `release show` tells; everything on it stands in the record."""
    one = told["release"]
    signals = measured.intervals(
        [_signal(s) for s in told["signals"]], name="signals", title="Signals, as last read"
    )
    pictures = {
        "ladder": measured.ladder(_rungs(told), name="ladder", title="How far it has come"),
        "evidence": measured.intervals(
            list(_evidence(told)), name="evidence", title="What was measured of each stage"
        ),
        "signals": signals,
    }
    names = [stage["name"] for stage in one["stages"]]
    filled = {
        "told": told,
        "release": one,
        "stage": names[one["stage"]] if one["stage"] >= 0 else "no stage yet",
        "share": f"{one['weight_bp'] / 100:g} %",
        "without": [f"{s['field']}={s['value']}" for s in one["without"]],
        "pictures": {name: drawing(picture) for name, picture in pictures.items()},
        "grids": pictures,
        "signals": [
            _watched(s, row, who) for s, row in zip(told["signals"], signals.rows, strict=True)
        ],
        "figures": made_of(told["signals"]),
        "drills": [_drill(e) for e in told["evidence"] if e["kind"] == "drill"],
        "approvals": [row for asked in told["approvals"] for row in _agreed(asked, who)],
        "events": [_event(step, who) for step in reversed(told["climb"][-LAST:])],
        "owners": [(label.replace("_", " "), who) for label, who in told["people"].items()],
        "minute": _minute,
    }
    return render("release.html", filled)


def made_of(signals: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Each signal with the figures it is made of and the ceilings of those that have one."""
    rows = []
    for one in signals:
        told = [f"{name.replace('_', ' ')} {value}" for name, value in one["figures"].items()]
        told += [_ceiling(ceiling) for ceiling in one["ceilings"]]
        if told:
            rows.append((one["name"].replace("_", " "), ", ".join(told)))
    return rows


def _ceiling(one: Mapping[str, Any]) -> str:
    over = " (exceeded)" if one["is_exceeded"] else ""
    return f"{one['figure'].replace('_', ' ')} at most {one['most']}{over}"


def _rungs(told: Mapping[str, Any]) -> list[Rung]:
    one = told["release"]
    here, is_gone = one["stage"], one["status"] == "rolled_back"
    return [
        Rung(
            stage["name"],
            stage["weight_bp"] / 10_000,
            f"{stage['sample']} looked at, {stage['min_hours']} hours",
            "gone" if is_gone and at == here else _state(at, here),
        )
        for at, stage in enumerate(one["stages"])
    ]


def _state(at: int, here: int) -> str:
    if at < here:
        return "done"
    return {here: "here", here + 1: "next"}.get(at, "later")


def _evidence(told: Mapping[str, Any]) -> Iterator[Measured]:
    """The shares of each stage's evidence, as its gate judged them; unjudged ones without limit."""
    judged = {one["evidence"]: one for one in told["verdicts"]}
    for piece in told["evidence"]:
        if piece["kind"] != "stage":
            continue
        number = int(piece["subject"].rpartition(":")[2])
        stage = told["release"]["stages"][number]["name"]
        verdict = judged.get(piece["id"])
        if verdict is None:
            yield _unjudged(stage, piece["items"])
            continue
        for bar in verdict["bars"]:
            if bar["name"] in BARS:
                yield _judged(stage, bar)


def _judged(stage: str, bar: Mapping[str, Any]) -> Measured:
    word = "at most" if bar["name"] == "wrong_auto" else "at least"
    return Measured(
        f"{stage}: {BARS[bar['name']]}",
        bar["events"],
        bar["total"],
        bar["low"],
        bar["high"],
        bar["threshold"],
        f"{word} {bar['threshold']}",
        STATES[bar["outcome"]],
    )


def _unjudged(stage: str, counts: Mapping[str, int]) -> Measured:
    total, events = sum(counts.values()), counts["wrong_auto"]
    between = wilson(events, total) if total else None
    low, high = (between.low, between.high) if between else (None, None)
    return Measured(f"{stage}: wrong alone", events, total, low, high, None, "", "not judged")


def _signal(one: Mapping[str, Any]) -> Measured:
    limit = one["limit"]
    asked = f"{limit['direction'].replace('_', ' ')} {limit['value']}" if limit else ""
    return Measured(
        one["name"].replace("_", " "),
        one["events"] or 0,
        one["total"] or 0,
        one["low"],
        one["high"],
        float(limit["value"]) if limit else None,
        asked,
        one["state"],
    )


def _watched(one: Mapping[str, Any], drawn: tuple[str, ...], who: Who) -> tuple[str, ...]:
    """What is drawn of a signal, with where it goes back, its owner and when it was read."""
    *seen, state = drawn
    back = "; ".join(f"{bar['direction']} {bar['value']}" for bar in one["rollback_when"])
    return (*seen, back or "-", who(one["owner"]), _minute(one["read_at"]), state)


def _drill(piece: Mapping[str, Any]) -> tuple[str, ...]:
    notes = piece["notes"]
    at, until = _minute(piece["measured_at"]), _minute(piece["expires_at"])
    return (at, notes.get("outcome", ""), f"{piece['seconds']} s", notes.get("occasion", ""), until)


def _agreed(asked: Mapping[str, Any], who: Who) -> list[tuple[str, ...]]:
    """A row a decision; a question nobody answered has one of its own."""
    about = (asked["title"], asked["status"].replace("_", " "))
    if not asked["decisions"]:
        named = [who(name) for need in asked["needs"] for name in need["people"]]
        waits = f"waits for {', '.join(named)}" if asked["status"] == "open" else "nobody"
        return [(*about, waits, "", "", "")]
    return [
        (
            *about,
            who(one["person"]),
            f"{one['role']}{', solo' if one['solo'] else ''}, by {one['proved_by']}",
            f"{one['kind'].replace('_', ' ')}{one['reason'] and ': '}{one['reason']}",
            _minute(one["at"]),
        )
        for one in asked["decisions"]
    ]


def _event(step: Mapping[str, Any], who: Who) -> tuple[str, ...]:
    left_out = ("at", "kind", "actor", "clock")
    told = [
        f"{name.replace('_', ' ')} {_short(str(value))}"
        for name, value in step.items()
        if name not in left_out and value not in ("", None)
    ]
    turned = " (clock turned)" if step["clock"] == "turned" else ""
    return (
        _minute(step["at"]) + turned,
        step["kind"].replace("_", " "),
        who(step["actor"]),
        ", ".join(told),
    )


def _short(name: str) -> str:
    return name.removeprefix("sha256:")[:12] if name.startswith("sha256:") else name


def _minute(time: str | None) -> str:
    return f"{time[:16].replace('T', ' ')} UTC" if time else "never"
