"""Addresses that are told what happens: how they stand, what they were told, told again."""

from typing import Annotated, Literal

from fastapi import Query

from console.api.door import At, Door, Few, Id, Who, may
from runs.errors import NotAllowed
from runs.records.person import Customer
from runs.records.record import Record
from runs.records.webhook import Delivery, Webhook


class Standing(Record):
    """One address, and how its deliveries stand."""

    webhook: Webhook
    """With the name of its secret, never the secret."""
    waiting: int
    delivered: int
    dead: int


class Addresses(Record):
    """Every address of the customer."""

    webhooks: tuple[Standing, ...]


class WantedDeliveries(Few):
    """Which of them."""

    status: Literal["waiting", "delivered", "dead", ""] = ""


class Told(Record):
    """One address with its deliveries, the newest event first."""

    standing: Standing
    deliveries: tuple[Delivery, ...]


class Resent(Record):
    """How many are told again, under the same ids."""

    resent: int


def list_webhooks(door: At, who: Who) -> Addresses:
    """Every address, and how its deliveries stand."""
    customer = may(door, who, "read").customer
    found = [_standing(door, customer, one) for one in door.store.webhooks.every(customer)]
    return Addresses(webhooks=tuple(found))


def read_webhook(
    door: At, who: Who, webhook: Id, wanted: Annotated[WantedDeliveries, Query()]
) -> Told:
    """One address, and what it was told: when, how often, and what it answered."""
    customer, hooks = may(door, who, "read").customer, door.store.webhooks
    one = hooks.get(customer, webhook)
    found = hooks.deliveries(customer, one.id, status=wanted.status, limit=wanted.limit)
    return Told(standing=_standing(door, customer, one), deliveries=tuple(found))


def resend(door: At, who: Who, webhook: Id) -> Resent:
    """Let everything that was given up of an address be told again; a named person's act."""
    identity, hooks = may(door, who, "operate"), door.store.webhooks
    if identity.is_machine:
        raise NotAllowed("a program tells nothing again; use a token of your own")
    one = hooks.get(identity.customer, webhook)
    return Resent(resent=hooks.resend_given_up(identity.customer, identity.person, one.id))


def _standing(door: Door, customer: Customer, one: Webhook) -> Standing:
    counted = door.store.webhooks.count(customer, one.id)
    told = {"waiting": counted.waiting, "delivered": counted.delivered, "dead": counted.dead}
    return Standing(webhook=one, **told)
