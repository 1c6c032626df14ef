"""How a run that was refused ended, and how people come and go meanwhile."""

from pilotage.cli import run_explained
from runs import people, words
from runs.records.run import Refusal, Terminal
from tests.tickets import values_of
from tests.voyage import Voyage


def told(voyage: Voyage, text: str) -> str:
    """A text with everything it quotes."""
    return words.told(voyage.store, voyage.customer, text)


def blocked(voyage: Voyage) -> Terminal:
    """The run ended as a blocker that `run explain` tells, with its update and a whole record."""
    end = voyage.terminal
    explained = run_explained.explanation(voyage.store, voyage.customer, voyage.run)
    shown = told(voyage, "\n".join(run_explained.lines(explained)))
    assert end.kind == "blocker_escalated"
    assert told(voyage, end.reason) in shown
    assert f"owner: {end.owner}" in shown
    assert voyage.told()[-3:] == ["run_closed", "record_kept", "checkpoints_pruned"]
    assert voyage.told().count("run_closed") == 1
    voyage.verify()
    return end


def with_role(voyage: Voyage, kind: str, role: str = "warden") -> None:
    """Let one kind of question be for a person of its own, who is there."""
    voyage.add("wim", role)
    approvers = values_of().as_json()["approvers"] | {kind: [{"role": role}]}
    voyage.edit(approvers=approvers)


def leave(voyage: Voyage, name: str = "wim") -> None:
    """The person is not there any more."""
    people.disable_person(voyage.store, voyage.customer, "olga", name)


def refusals(voyage: Voyage) -> list[str]:
    """Which nodes refused."""
    kept = voyage.store.of_run(voyage.customer, Refusal, voyage.run_id)
    return [one.node for one in kept]
