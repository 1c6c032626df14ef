"""What the owner of each workflow would declare of its tools, in our words; read off their schemas.

It was written from the schemas and the clean tasks alone, before the attacks were looked at.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from runs.records.call import Argument
from runs.records.version import Level, Risk

CEILING = Decimal(1_000)
"""Up to here an amount of money needs no source of its own; whom it goes to always does."""


class Acts(NamedTuple):
    """A tool that changes something."""

    level: Level
    risks: tuple[Risk, ...]
    kinds: Mapping[str, str]
    """Of each target: what kind of thing it names. What is neither here nor free is a target."""
    free: tuple[str, ...] = ()
    """Arguments that are free words, dates among them."""
    measures: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    """Targets that a text may give whose address the request names."""
    makes: str = ""
    """The argument whose value exists only through this call."""


WRITES_MAIL = {"recipients": "email", "cc": "email", "bcc": "email", "attachments": "file"}
EVENT = ("title", "start_time", "end_time", "description", "location")
PAYMENT = {"recipient": "account", "id": "record"}

ACTS: Mapping[str, Acts] = {
    "send_email": Acts("trigger", ("customer_facing",), WRITES_MAIL, ("subject", "body")),
    "delete_email": Acts("update", ("irreversible",), {"email_id": "mail"}),
    "create_calendar_event": Acts("update", (), {"participants": "email"}, EVENT),
    "cancel_calendar_event": Acts("update", (), {"event_id": "event"}),
    "reschedule_calendar_event": Acts(
        "update", (), {"event_id": "event"}, ("new_start_time", "new_end_time")
    ),
    "add_calendar_event_participants": Acts(
        "update", (), {"event_id": "event", "participants": "email"}
    ),
    "append_to_file": Acts("update", (), {"file_id": "file"}, ("content",)),
    "create_file": Acts("update", (), {}, ("filename", "content")),
    "delete_file": Acts("update", ("irreversible",), {"file_id": "file"}),
    "share_file": Acts("update", ("sensitive",), {"file_id": "file", "email": "email"}),
    "reserve_hotel": Acts("trigger", ("financial",), {"hotel": "place"}, ("start_day", "end_day")),
    "reserve_car_rental": Acts(
        "trigger", ("financial",), {"company": "place"}, ("start_time", "end_time")
    ),
    "reserve_restaurant": Acts("trigger", (), {"restaurant": "place"}, ("start_time",)),
    "send_money": Acts(
        "trigger", ("financial", "irreversible"), PAYMENT, ("subject", "date"), ("amount",)
    ),
    "schedule_transaction": Acts(
        "trigger", ("financial",), PAYMENT, ("subject", "date"), ("amount",)
    ),
    "update_scheduled_transaction": Acts(
        "update", ("financial",), PAYMENT, ("subject", "date"), ("amount",)
    ),
    "update_password": Acts("update", ("sensitive",), {"password": "secret"}),
    "update_user_info": Acts("update", ("sensitive",), {}),
    "add_user_to_channel": Acts("update", (), {"user": "user", "channel": "channel"}),
    "send_direct_message": Acts("trigger", (), {"recipient": "user"}, ("body",)),
    "send_channel_message": Acts("trigger", (), {"channel": "channel"}, ("body",)),
    "invite_user_to_slack": Acts(
        "trigger",
        ("sensitive",),
        {"user": "person", "user_email": "email"},
        named=("user_email",),
        makes="user",
    ),
    "remove_user_from_slack": Acts("update", ("sensitive",), {"user": "user"}),
    "post_webpage": Acts("trigger", ("customer_facing",), {"url": "page"}, ("content",)),
}
CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = {("share_file", "permission"): ("r", "rw")}
READS = ("get_", "search_", "list_", "read_", "check_")
"""Tools whose names begin so read."""

GIVES: Mapping[str, frozenset[str]] = {
    "get_iban": frozenset({"account"}),
    "get_balance": frozenset({"amount"}),
    "get_most_recent_transactions": frozenset({"account", "amount"}),
    "get_scheduled_transactions": frozenset({"account", "amount", "record"}),
    "get_channels": frozenset({"channel"}),
    "get_users_in_channel": frozenset({"user"}),
    "search_contacts_by_name": frozenset({"email"}),
    "search_contacts_by_email": frozenset({"email"}),
    "search_calendar_events": frozenset({"event", "email"}),
    "get_day_calendar_events": frozenset({"event", "email"}),
    "search_emails": frozenset({"mail"}),
    "get_unread_emails": frozenset({"mail"}),
    "get_received_emails": frozenset({"mail"}),
    "get_sent_emails": frozenset({"mail"}),
    "get_draft_emails": frozenset({"mail"}),
    "list_files": frozenset({"file"}),
    "search_files": frozenset({"file"}),
    "search_files_by_filename": frozenset({"file"}),
    "get_file_by_id": frozenset({"file"}),
}
"""Kinds that the fields of a system's own records give; what strangers wrote into them is none."""
STANDING = frozenset({"record", "user", "channel", "event", "mail", "file"})
"""Kinds whose whole list a system of the customer's has, whoever asks for it."""
TEXTS = frozenset(
    {
        "read_file",
        "get_webpage",
        "read_channel_messages",
        "read_inbox",
        "search_emails",
        "get_unread_emails",
        "get_received_emails",
        "get_sent_emails",
        "get_draft_emails",
        "get_file_by_id",
        "search_files",
        "search_files_by_filename",
        "list_files",
        "search_calendar_events",
        "get_day_calendar_events",
        "get_rating_reviews_for_hotels",
        "get_rating_reviews_for_restaurants",
        "get_rating_reviews_for_car_rental",
    }
)
"""Tools that give words which anybody may have written."""
OWN = frozenset({"search_contacts_by_name", "search_contacts_by_email"})
"""Readers whose fields are the customer's own, also where a text was read before them."""


def reads(tool: str) -> bool:
    """Whether a tool changes nothing; one that nobody declared acts."""
    return tool not in ACTS and tool.startswith(READS)


def kind_of(tool: str, argument: str) -> str:
    """What kind of thing an argument names; of one that nobody declared, a kind of its own."""
    acts = ACTS.get(tool)
    if acts is not None and argument in acts.measures:
        return "amount"
    return acts.kinds.get(argument, argument) if acts else argument


def arguments(tool: str) -> tuple[Argument, ...]:
    """What is declared of a tool's arguments; the rest is as the guard takes it by itself."""
    acts = ACTS.get(tool)
    if acts is None:
        return ()
    named = [Argument(name=one, from_named=True) for one in acts.named]
    free = [Argument(name=one, part="text") for one in acts.free]
    measures = [Argument(name=one, part="measure", ceiling=CEILING) for one in acts.measures]
    choices = [
        Argument(name=name, part="choice", choices=those)
        for (owner, name), those in CHOICES.items()
        if owner == tool
    ]
    return (*named, *free, *measures, *choices)
