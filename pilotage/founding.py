"""a home's first rows: schema, first customer, its owner, and the files operations edit."""

from importlib.resources import files
from typing import NamedTuple

from pilotage import schemas
from pilotage.home import Home, replace
from pilotage.settings import Settings
from pilotage.wiring import Wired
from runs import people, tables
from runs.people import OWNER
from runs.records.person import Customer, Person

SOLO_ROLES = (OWNER, "ops_lead", "domain_expert")
"""What one person alone is; the rules name them for whatever else is needed."""


NOT_SOLO, SOLO = "is_solo: false", "is_solo: true"


class Founder(NamedTuple):
    """The first customer and the person who answers for the installation."""

    customer: str
    customer_name: str
    person: str
    name: str
    email: str


def prepare(settings: Settings, *, is_solo: bool = False) -> None:
    """Bring the schema up to date and lay the rules out to be edited; again changes nothing."""
    home = Home(settings.home)
    schemas.migrate(settings, home.clock())
    if not home.rules_file.exists():
        shipped = files("policies") / "defaults" / "installation.yaml"
        text = shipped.read_text(encoding="utf-8")
        replace(home.rules_file, text.replace(NOT_SOLO, SOLO) if is_solo else text)


def found(wired: Wired, founder: Founder) -> str:
    """Open the first customer with its owner; the owner's token, or "" when there was one.

    Whatever an interrupted earlier attempt left out is made now.
    """
    if any(customer.id != founder.customer for customer in wired.store.customers()):
        return ""
    customer = people.add_customer(wired.store, founder.customer, founder.customer_name)
    # Where operations lay what they own; nothing is in them yet.
    for folder in (wired.home.policies(customer.id), wired.home.tools_file(customer.id).parent):
        folder.mkdir(parents=True, exist_ok=True)
    held = wired.store.ledger.rows(tables.tokens.select().limit(1))
    if held:
        return ""
    if founder.person not in {person.id for person in people.find_people(wired.store, customer)}:
        _add_owner(wired, customer, founder)
    return people.create_token(wired.store, customer, "cli", person=founder.person)


def _add_owner(wired: Wired, customer: Customer, founder: Founder) -> None:
    owner = Person(
        id=founder.person,
        name=founder.name,
        email=founder.email,
        roles=SOLO_ROLES if wired.installation.is_solo else (OWNER,),
        deputy="",
        is_disabled=False,
        created_at=wired.clock.now(),
    )
    people.add_person(wired.store, customer, "cli", owner)
