"""settings -> store, queue, memory, models, tools, policies, clock.

`wire` chooses every implementation. What is heavy stands in `pilotage/engines.py` and is loaded
when it is first asked for, so that a command pays for what it uses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, get_args

from pilotage.credentials import Credentials
from pilotage.home import Home
from pilotage.installed import ModelLimits, read_rules
from pilotage.models import Models
from pilotage.policy_files import Files
from pilotage.settings import Settings
from pilotage.systems import Systems
from policies import rules
from policies.privacy import Pattern, compile_mask
from policies.rules import Installation
from runs import leases, people
from runs.approvals import Rules
from runs.clock import Clock
from runs.errors import NotAllowed
from runs.records.approval import Approval
from runs.records.item import Item
from runs.records.person import Customer, Identity
from runs.records.version import PolicyValues
from runs.snapshots import Masked, Terms
from runs.store import schema
from runs.store.change import INSTALLATION
from runs.store.database import Database
from runs.store.store import Store
from tools.model.account import Account, Payer
from tools.model.asked import Model
from tools.notify import Outbox
from tools.pace import Rate
from tools.tool import Tool

if TYPE_CHECKING:
    from pilotage.engines import Engines
    from rollout.sent import Sent
    from workflow import review
    from workflow.models.asking import Door


EVERYBODY = Customer(id=INSTALLATION, name="the installation", is_demo=False)
"""Whose lease the worker holds: one worker serves every customer."""
WORKER = "worker"
"""The name of that lease; where there are several workers, each has its own below it."""
LEAD = "lead"
"""The lease of the one worker among several that looks at what falls due."""


@dataclass(frozen=True)
class Wired:
    """Everything chosen for one home."""

    settings: Settings
    home: Home
    clock: Clock
    store: Store

    @cached_property
    def installation(self) -> Installation:
        """The installation's rules as they stood in the home when they were first asked for."""
        return read_rules(self.home)

    @cached_property
    def limits(self) -> ModelLimits:
        """What models may take, as the rules in the home say it now."""
        return ModelLimits(self.home)

    @cached_property
    def policy_files(self) -> Files:
        """The values operations edit."""
        return Files(self.home, self.store, lambda: self.installation)

    @cached_property
    def secrets(self) -> Credentials:
        """What is found by its name and told to nobody."""
        return Credentials(self.settings.environment, self.home.secrets)

    @cached_property
    def _systems(self) -> Systems:
        return Systems(self.home, self.clock, self.secrets, take=self._take_turn)

    def _take_turn(self, customer: Customer, rates: Mapping[str, Rate], patience_s: float) -> float:
        """Take the next turn of endpoints, of which every worker of this record takes."""
        wanted = {name: (rate.calls, rate.seconds) for name, rate in rates.items()}
        return self.store.turns.take(customer, wanted, patience_s=patience_s)

    def tools(self, customer: Customer) -> Mapping[str, Tool]:
        """The systems this customer's workflows may reach, by name."""
        return self._systems.of(customer)

    @cached_property
    def models(self) -> Models:
        """Which models may be asked; none where none is declared."""
        take = partial(self._take_turn, EVERYBODY)
        return Models(self.home, self.settings, self.secrets, take=take)

    def asks(self, store: Store, payer: Payer, terms: Terms) -> Model | None:
        """A model whose questions somebody pays for, kept in a store; None where none is declared.

        InvalidInput where the declaration is wrong.
        """
        return self.models.paid_by(Account(store, payer, self.limits, terms))

    def asks_each(self, payer: Payer, terms: Terms) -> Mapping[str, Model]:
        """The same, each route alone, by its name."""
        purse = Account(self.store, payer, self.limits, terms)
        return self.models.each_paid_by(purse)

    def doors(self, store: Store, payer: Payer, terms: Terms) -> "Door":
        """The way of a version to models by their names, paid for by this run, item or person."""
        return self.models.door(Account(store, payer, self.limits, terms))

    def roles(self, customer: Customer) -> set[str]:
        """The roles of the product, and whom the rules of this home name beside them."""
        policies = self.store.policies
        led = [policies.leading(customer, name) for name in policies.workflows(customer)]
        values = [self.store.get(customer, PolicyValues, digest) for digest in led]
        named = [rules.roles_named(one) for one in (self.installation.policy, *values)]
        return set(rules.ROLES).union(*named)

    def notices(self, customer: Customer) -> Outbox:
        """Where people of the customer are told that something waits for them."""
        folder = self.home.folder / "notices" / customer.id
        return Outbox(folder, clock=self.clock, name="notices", risks=(), is_real=False)

    @property
    def is_shared(self) -> bool:
        """True where several workers may work at once: on PostgreSQL."""
        return self.store.database.is_shared

    @property
    def checkpoints(self) -> str:
        """URL of where runs stand in the loop."""
        if self.is_shared:
            return self.settings.database_url
        return f"sqlite:///{self.home.checkpoints}"

    @property
    def queue(self) -> str:
        """URL of where DBOS keeps that jobs will be done."""
        return self.settings.database_url if self.is_shared else f"sqlite:///{self.home.queue}"

    def workers(self) -> list[str]:
        """The workers that do this installation's jobs now."""
        return [lease.holder for lease in leases.live(self.store, EVERYBODY, WORKER)]

    def who_works(self) -> str:
        """The workers by name; empty when there is none."""
        return ", ".join(self.workers())

    def identify(self, token: str) -> Identity:
        """Who is asking; NotAllowed for an unknown token, or one of a customer not meant."""
        identity = people.authenticate(self.store, token)
        meant = self.settings.customer
        if meant and identity.customer.id != meant:
            raise NotAllowed(
                f"the token is of customer {identity.customer.id!r}, PILOTAGE_CUSTOMER says "
                f"{meant!r}; use a token of that customer, or unset it"
            )
        if identity.customer.is_demo:
            return identity.model_copy(update={"proved_by": "demo"})
        return identity

    def trigger_terms(self) -> Terms:
        """What may be kept of a trigger: the text masked, the plan as it was brought."""
        words = self.words()

        def only_the_text(value: dict[str, Any]) -> Masked:
            masked = words.mask(value["text"])
            return Masked({**value, "text": masked.value}, masked.count)

        return words._replace(mask=only_the_text)

    def words(self) -> Terms:
        """What may be kept of what people write here: masked, as long as what names it."""
        return Terms(compile_mask((), get_args(Pattern)), None)

    def decision_rules(self, customer: Customer) -> Rules:
        """What judges a decision, and what makes the digest of what it is about again."""
        return self.engines("").decision_rules(customer)

    def ask_about(self, asker: Identity, call: str) -> Approval:
        """Have people asked about one call of a model that the guard held."""
        from workflow.held import HeldDeps, ask

        rules = self.installation
        return ask(HeldDeps(self.store, rules.policy, is_solo=rules.is_solo), asker, call)

    def admit(
        self, identity: Identity, workflow: str, sent: Sequence["Sent"], *, batch: str
    ) -> list[Item]:
        """Take items in, under the policy that leads now."""
        return self.engines("").admit(identity, workflow, sent, batch=batch)

    def call_off(self, identity: Identity, item: str, reason: str) -> Item:
        """End an item of which nothing was begun outside, with the reason."""
        from rollout.admission import Deps, call_off

        actor = f"token:{identity.token}" if identity.is_machine else identity.person
        words = self.words()
        deps = Deps(self.store, actor, lambda _: words)
        return call_off(deps, identity.customer, item, reason=reason, terms=words)

    def reviews(self) -> "review.Deps":
        """What an act on an item that waits for a person needs."""
        from workflow.review import Deps

        return Deps(self.store, self.installation.is_solo)

    def engines(self, holder: str, has_lease: Callable[[], bool] = lambda: False) -> "Engines":
        """What does the work; `holder` is the worker's name, empty in any other process."""
        from pilotage.engines import Chosen, Engines

        chosen = Chosen(
            home=self.home,
            clock=self.clock,
            store=self.store,
            installation=self.installation,
            policy_files=self.policy_files,
            checkpoints=self.checkpoints,
            tools=self.tools,
            notices=self.notices,
            asks=self.asks,
            routes=lambda: self.models.names(),
            doors=self.doors,
        )
        return Engines(chosen, holder=holder, has_lease=has_lease)


def wire(settings: Settings) -> Wired:
    """Choose every implementation; InvalidInput unless the home is one.

    Raises Conflict when its database has another schema.
    """
    home = Home(settings.home)
    clock = home.clock()
    database = Database(settings.database_url)
    schema.require(database)
    return Wired(settings, home, clock, Store(database, clock))
