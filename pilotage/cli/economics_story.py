"""what models brought beside the baseline, which costs nothing, and whether they are worth it."""

from typing import Any

WORTH = {
    "yes": "worth it",
    "no": "not worth it",
    "unknown": "not shown to be worth it, nor not to be",
}


def lines(found: dict[str, Any] | None, of: str) -> list[str]:
    """The economics of one trial for people; nothing where no model was asked."""
    if found is None:
        return []
    n = found["families"]
    gained = found["cost_per_gained"]
    each = f"; {amount(gained)} for each right family gained" if gained is not None else ""
    estimated = " (some estimated)" if found["is_estimate"] else ""
    return [
        f"{of}: right {found['right']} of {n} with models, {found['baseline_right']} without, "
        f"which cost nothing; {percent(found['more_right'])} more; wrong alone "
        f"{found['wrong_alone']} with, {found['baseline_wrong_alone']} without (by itself: "
        f"{found['baseline_alone']})",
        f"{of}: cost {amount(found['cost'])}, {span(found['cost_per_item'])} an item{each}; "
        f"{found['tokens']} tokens{estimated}; seconds {seconds(found)}",
        worth_line(found, of),
        *served_lines(found, of),
    ]


def worth_line(found: dict[str, Any], of: str) -> str:
    """What an item saves, with its interval, and whether that shows the models worth it."""
    saved = f"{of}: saves {span(found['saved_per_item'])} an item in errors and reviews"
    return f"{saved}, models paid: {WORTH[found['worth']]}"


def served_lines(found: dict[str, Any], of: str) -> list[str]:
    """Who answered, what failed, and whether any of it was a script."""
    served = ", ".join(f"{name} {times}" for name, times in sorted(found["served"].items()))
    failed = ", ".join(f"{name} {times}" for name, times in sorted(found["failed"].items()))
    told = f"{of}: answered by {served}" + (f"; {failed}" if failed else "")
    is_script = ["a script answered in a model's place: this says nothing of a model"]
    return [told, *(f"{of}: {one}" for one in is_script if found["is_script"])]


def seconds(found: dict[str, Any]) -> str:
    """How long an answer took: in the middle, and the slowest twentieth."""
    if found["p50_s"] is None:
        return "unknown"
    return f"{span(found['p50_s'])}, 95 % within {span(found['p95_s'])}"


def span(found: dict[str, Any] | None) -> str:
    """A figure and its interval."""
    if found is None:
        return "unknown"
    low, high = (amount(found[end]) if found[end] else "unknown" for end in ("low", "high"))
    return f"{amount(found['value'])} ({low} to {high})"


def percent(found: dict[str, Any]) -> str:
    """A share and its interval, in percent."""
    value, low, high = (100 * float(found[part]) for part in ("value", "low", "high"))
    return f"{value:+.1f} % ({low:+.1f} to {high:+.1f})"


def amount(text: str) -> str:
    """A decimal without the noughts behind it."""
    return f"{float(text):.6f}".rstrip("0").rstrip(".")
