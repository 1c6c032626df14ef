"""the values that operations own."""

from typing import Any

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import section, short, show, table
from runs.errors import InvalidInput, NotFound
from runs.records.version import PolicyValues, Version


@click.group(
    epilog="Examples:\n\n  pilotage policy show triage\n\n  pilotage policy show triage --json"
)
def policy() -> None:
    """The values that operations own."""


@policy.command(
    "show",
    epilog="Examples:\n\n  pilotage policy show triage\n\n  pilotage policy show triage --json",
)
@click.argument("workflow")
@json_option
@pass_call
def show_policy(call: Call, *, workflow: str, as_json: bool) -> None:
    """The values that lead, how far each may move, and what the file says."""
    store, customer = call.store, call.customer
    files = call.wired.policy_files
    state = _follow(call, workflow)
    leading = files.last_led(customer, workflow)
    if leading is None:
        raise NotFound(
            f"no values lead for workflow {workflow!r} yet; they do once a release entered its "
            "first stage, or a file stands at " + str(files.file(customer, workflow))
        )
    release = store.releases.find_open(customer, workflow)
    version = None if release is None else store.get(customer, Version, release.version)
    bounds = {} if version is None else version.as_json()["bounds"]
    told = {
        "policy": leading.as_json(),
        "digest": leading.digest,
        "bounds": bounds,
        "file": str(files.file(customer, workflow)),
        "problem": state,
    }
    show("policy", told, _lines(leading, told), as_json=as_json)


def _follow(call: Call, workflow: str) -> str:
    """Let the file lead if it may; why it may not, otherwise."""
    try:
        call.wired.policy_files.find(call.customer, workflow)
    except InvalidInput as error:
        return str(error)
    return ""


def _lines(leading: PolicyValues, told: dict[str, Any]) -> list[str]:
    body = leading.as_json()
    rows = [
        (name, value, _bound(told["bounds"].get(name)))
        for name, value in [*body["values"].items(), *body["lists"].items()]
    ]
    gates = [
        (
            name.replace("_", " "),
            f"{gate['wrong_auto_max']:g}",
            f"{gate['coverage_min']:g}",
            f"{gate['confidence']:g}",
            gate["min_cases"],
        )
        for name, gate in body["gates"].items()
    ]
    approvers = [
        f"{kind.replace('_', ' ')}: " + ", ".join(f"{one['count']} {one['role']}" for one in wanted)
        for kind, wanted in body["approvers"].items()
    ]
    header = ("gate", "wrong alone at most", "covered at least", "confidence", "cases at least")
    return [
        f"policy of {leading.workflow}: {short(leading.digest)}",
        f"  edit {told['file']}",
        *section("the file may not lead", told["problem"].splitlines()),
        *section("values", table(("name", "value", "bound"), rows, none="none")),
        *section("gates", table(header, gates, none="none")),
        *section("who must agree", approvers),
        f"  reviews go to {leading.review_owner} within {leading.review_due_hours} h; "
        f"{leading.audit_share:.0%} of what acts alone is looked at",
    ]


def _bound(bound: dict[str, Any] | None) -> str:
    if bound is None:
        return "-"
    if bound["choices"]:
        return ", ".join(bound["choices"])
    return f"{bound['low'] or ''} to {bound['high'] or ''}"
