"""The files of a fictional customer: people, rules, plans and values."""

from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

import yaml

from runs.errors import NotFound


class Named(NamedTuple):
    """One person as the customer's file has them."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]
    deputy: str


@dataclass(frozen=True)
class Documents:
    """The folder `customer` of one sample's package."""

    package: str

    def text(self, name: str) -> str:
        """The text of one file, such as `policy.md`; NotFound for any other name."""
        folder = resources.files(self.package) / "customer"
        known = {file.name: file for file in folder.iterdir() if file.is_file()}
        if name not in known:
            raise NotFound(f"{name}: the customer has no such file; name one of {sorted(known)}")
        return known[name].read_text(encoding="utf-8")

    def parsed(self, name: str) -> dict[str, Any]:
        """One YAML file."""
        return yaml.safe_load(self.text(name))

    def people(self) -> tuple[Named, ...]:
        """Everybody the customer names, with a deputy each."""
        return tuple(
            Named(**(person | {"roles": tuple(person["roles"])}))
            for person in self.parsed("people.yaml")["people"]
        )

    def customer(self) -> str:
        """The customer's name; it says that it is fictional."""
        return self.parsed("people.yaml")["customer"]["name"]
