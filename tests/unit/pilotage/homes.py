"""A home made as `pilotage init` makes it, with people, and commands called in it."""

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from click.testing import CliRunner, Result

from pilotage import founding, settings
from pilotage.cli.main import pilotage
from pilotage.founding import Founder
from pilotage.home import Home, Mark
from pilotage.wiring import Wired, wire
from policies import rules
from runs import people
from runs.clock import StoppedClock
from runs.records.person import Customer
from runs.records.version import PolicyValues
from runs.store.store import Store
from tests import databases
from tests.builders import NOW, person

PEOPLE = {
    "dan": ("delivery_engineer",),
    "ana": ("product_owner", "business_owner"),
    "ben": ("ops_lead", "ops_manager", "rollout_owner"),
    "eva": ("domain_expert",),
    "gil": ("engineering_lead",),
}


@dataclass
class House:
    """A home, everybody's token, and the door."""

    folder: Path
    tokens: dict[str, str]
    wired: Wired

    @property
    def store(self) -> Store:
        """The record, as a test may look at it."""
        return self.wired.store

    @property
    def customer(self) -> Customer:
        """The only customer."""
        return self.store.customer("acme")

    def run(self, *arguments: str, by: str = "olga", stdin: str = "", **env: str) -> Result:
        """Carry out a command in this process, as somebody."""
        token = self.tokens.get(by, "")
        told = {"PILOTAGE_HOME": str(self.folder), "PILOTAGE_TOKEN": token}
        told |= databases.environment(self.folder) | env
        return CliRunner(env=told).invoke(pilotage, list(arguments), input=stdin)


def make_house(folder: Path, *, is_demo: bool = False, is_solo: bool = False) -> House:
    """A home of customer acme with an owner and five people."""
    environment = {"PILOTAGE_HOME": str(folder), "PILOTAGE_TICK_S": "0.05"}
    chosen = settings.read(environment | databases.environment(folder))
    Home(folder).make(Mark(is_demo=is_demo))
    databases.lay(folder)
    founding.prepare(chosen, is_solo=is_solo)
    wired = wire(chosen)
    tokens = {"olga": founding.found(wired, Founder("acme", "Acme", "olga", "Olga", ""))}
    customer = wired.store.customer("acme")
    for name, roles in {} if is_solo else PEOPLE.items():
        people.add_person(wired.store, customer, "olga", person(id=name, roles=roles))
        tokens[name] = people.create_token(wired.store, customer, "olga", person=name)
    return House(folder, tokens, wired)


def stopped(house: House) -> StoppedClock:
    """Let the record stand still from now on; returns its clock."""
    clock = StoppedClock(NOW)
    store = Store(house.store.database, clock)
    house.wired = replace(house.wired, clock=clock, store=store)
    return clock


def policy_of(workflow: str = "desk", **values: str) -> PolicyValues:
    """Complete values of one workflow, as an operations lead would bring them."""
    told = shipped_values().as_json()
    return PolicyValues.model_validate(
        told | {"workflow": workflow, "values": told["values"] | values}
    )


@cache
def shipped_values() -> PolicyValues:
    """The values of the rules as they ship; read once a process, for a record is never changed."""
    return rules.read_installation(shipped_rules(), "installation.yaml").policy


def shipped_rules() -> str:
    """The text of the rules as they ship."""
    return (files("policies") / "defaults" / "installation.yaml").read_text(encoding="utf-8")
