"""A mail server, met with real certificates: one letter, surely none, or nobody can tell."""

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from runs.clock import StoppedClock
from runs.errors import InvalidInput, NotAllowed, NotFound, PilotageError, Unavailable
from tests.builders import NOW
from tests.postbox import CERTIFICATE, PASSWORD, SILENT, USER, Postbox, posting
from tests.rude import saying
from tools.addresses import Refused
from tools.mail.declared import Letter, Mail
from tools.mail.letter import message_id, write
from tools.mail.line import Line
from tools.mail.system import MailSends
from tools.mail.way import open_way
from tools.pace import NotYet
from tools.tool import ASKED, NotSent, probe, without_means

KEY = "item-1:answer:abc"
RIGHT = SecretStr(f"{USER}:{PASSWORD}")
FIELDS = {"email": "eva@acme.example", "name": "Eva"}
ASK: dict[str, Any] = {
    "workflow": "desk",
    "effect": "answer",
    "item": "t-1",
    "label": "refund",
    "fields": FIELDS,
}
LETTER = {"to": ["{fields.email}"], "subject": "Your {label}", "text": "Dear {fields.name},\n.\nx"}
DECLARED: dict[str, Any] = {
    "host": "127.0.0.1",
    "is_private": True,
    "sender": "Acme <desk@acme.example>",
    "timeout_s": 5,
    "tries": 2,
    "trust": CERTIFICATE,
    "operations": {"answer": LETTER},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postbox]:
    """A mail server in a process of its own."""
    with posting(tmp_path_factory.mktemp("postbox")) as found:
        yield found


@pytest.fixture
def postbox(server: Postbox) -> Postbox:
    """The server, having taken nothing."""
    server.empty()
    return server


def made(folder: Path, secret: SecretStr | None = RIGHT, **declared: Any) -> MailSends:
    """The tool; tries are not waited for."""
    mail = Mail.model_validate(DECLARED | declared)
    way = open_way("letters", mail, folder, lambda: 0.0)
    line = Line("letters", way, secret, pause=lambda *_: None)
    return MailSends(line, clock=StoppedClock(NOW), schema=dict.fromkeys(mail.operations, ASKED))


def letters(
    at: Postbox, security: str = "starttls", secret: SecretStr | None = RIGHT, **more: Any
) -> MailSends:
    """The tool that reaches this server."""
    return made(at.folder, secret, port=at.ports[security], security=security, **more)


def to(*addresses: str) -> dict[str, Any]:
    """What is declared, to other people."""
    return {"operations": {"answer": LETTER | {"to": list(addresses)}}}


def kept(at: Postbox) -> dict[str, Any]:
    """Where the server keeps what it sent."""
    return {"sent": {"host": "127.0.0.1", "port": at.ports["imap"]}}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_is_handed_over_encrypted_under_its_own_id(
    postbox: Postbox, security: str
) -> None:
    """Signed in, with its text whole and a receipt that names the Message-ID."""
    receipt = letters(postbox, security).act("answer", ASK, KEY)

    [letter] = postbox.letters
    assert (letter["To"], letter["Subject"]) == ("eva@acme.example", "Your refund")
    assert letter["From"] == "Acme <desk@acme.example>"
    assert letter.get_payload() == "Dear Eva,\r\n.\r\nx\r\n"
    assert letter["Message-ID"] == receipt["message_id"]
    assert (receipt["key"], receipt["recipients"], receipt["status"]) == (KEY, 1, 250)


def test_the_id_is_of_the_key_alone() -> None:
    """Whoever looks for it later finds the letter of that action and of no other."""
    mail = Mail.model_validate(DECLARED)

    assert message_id(mail, KEY) == message_id(mail, KEY)
    assert message_id(mail, KEY) != message_id(mail, f"{KEY}2")
    assert message_id(mail, KEY).endswith("@acme.example>")


@pytest.mark.parametrize(
    ("people", "error"),
    [(("eva@a.example", "no@a.example"), InvalidInput), (("later@a.example",), NotSent)],
)
def test_a_letter_goes_to_all_or_to_nobody(
    postbox: Postbox, people: tuple[str, ...], error: type[Exception]
) -> None:
    """One recipient that is refused, and nothing was sent; the server's words are not told."""
    with pytest.raises(error, match="RCPT TO: answered") as raised:
        letters(postbox, **to(*people)).act("answer", ASK, KEY)

    assert postbox.letters == []
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize("person", SILENT)
def test_a_letter_without_an_answer_may_have_been_sent(postbox: Postbox, person: str) -> None:
    """It is not tried again: the server has it once."""
    with pytest.raises(Unavailable, match="may have been sent") as raised:
        letters(postbox, **to(person)).act("answer", ASK, KEY)

    assert not isinstance(raised.value, NotSent)
    assert len(postbox.letters) == 1


def test_a_letter_that_was_sent_is_found_by_its_id(postbox: Postbox) -> None:
    """Where it is declared what the server keeps; that settles it as done."""
    tool = letters(postbox, **to("gone@acme.example"), **kept(postbox))
    with pytest.raises(Unavailable):
        tool.act("answer", ASK, KEY)

    assert tool.find_receipt(KEY)["found"]
    assert tool.find_receipt(KEY)["message_id"] == postbox.letters[0]["Message-ID"]


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_is_not_found_may_still_have_been_sent(postbox: Postbox, *, is_kept: bool) -> None:
    """A person is told what to look for; that it was not sent is never said."""
    tool = letters(postbox, **(kept(postbox) if is_kept else {}))

    with pytest.raises(NotFound, match=r"pilotage.*@acme\.example.*look"):
        tool.find_receipt(KEY)
    assert tool.remembers_keys is False


@pytest.mark.parametrize("secret", [f"{USER}:wr0ng-s3cret", f"nobody:{PASSWORD}"])
def test_who_is_not_let_in_sends_nothing_and_says_no_secret(
    postbox: Postbox, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Though the server's refusal repeats user and password."""
    caplog.set_level(logging.DEBUG)
    tool = letters(postbox, secret=SecretStr(secret), **kept(postbox))
    told = []
    for ask in (lambda: tool.act("answer", ASK, KEY), lambda: tool.find_receipt(KEY)):
        with pytest.raises(NotAllowed) as raised:
            ask()
        told.append(f"{raised.value!r}{raised.value.__context__!r}{raised.value.__cause__!r}")

    assert not [part for part in secret.split(":") for one in told if part in one]
    assert secret.partition(":")[2] not in f"{caplog.text}{tool!r}"
    assert postbox.letters == []


@pytest.mark.parametrize("secret", ["no-colon", "desk:", "d\u00e9sk:pass", "desk:two\nlines"])
def test_a_credential_that_is_none_is_refused(postbox: Postbox, secret: str) -> None:
    """Before it is sent, and without repeating it."""
    with pytest.raises(InvalidInput, match="user:password") as raised:
        letters(postbox, secret=SecretStr(secret)).act("answer", ASK, KEY)

    assert secret not in repr(raised.value)


@pytest.mark.parametrize(
    ("security", "changed", "says"),
    [
        ("starttls", {"trust": ""}, "trust"),
        ("tls", {"trust": ""}, "trust"),
        ("none", {}, "STARTTLS"),
    ],
)
def test_what_is_not_encrypted_to_whom_is_trusted_gets_no_secret(
    postbox: Postbox, security: str, changed: dict[str, Any], says: str
) -> None:
    """A certificate of nobody known, or a server without encryption."""
    asked = "tls" if security == "tls" else "starttls"
    changed |= {"port": postbox.ports[security], "security": asked}
    tool = made(postbox.folder, RIGHT, **changed)

    with pytest.raises(InvalidInput, match=says):
        tool.act("answer", ASK, KEY)
    assert postbox.letters == []


def test_a_private_server_is_reached_only_where_it_is_declared(postbox: Postbox) -> None:
    """A public name that leads into the network is refused before a word is said."""
    with pytest.raises(Refused, match="is_private"):
        letters(postbox, is_private=False).act("answer", ASK, KEY)


def test_a_server_that_is_not_there_surely_sent_nothing(tmp_path: Path) -> None:
    """It was tried as often as is declared and its turns allow; either way it is an outage."""
    tried = count()

    def later(_: str) -> None:
        raise NotYet("its turn", after_s=42.0)

    with saying(lambda came: next(tried)) as port:
        tool = made(tmp_path, None, port=port, security="none", trust="", tries=3)
        with pytest.raises(NotSent, match="cannot be reached"):
            tool.act("answer", ASK, KEY)
        with pytest.raises(NotSent, match="cannot be reached") as lost:
            replace(tool, line=replace(tool.line, turn=later)).act("answer", ASK, KEY)

    assert (next(tried), lost.value.is_outage, lost.value.after_s) == (4, True, 42.0)


@pytest.mark.parametrize("said", [b"220-and\r\n" * 20_000, b"220 ", b"\xff\x00" * 60_000, b"\r\n"])
def test_a_server_that_talks_without_end_is_left(tmp_path: Path, said: bytes) -> None:
    """Too much, half a line and garbage are no answers; nothing was sent."""

    def speak(came: socket.socket) -> None:
        came.settimeout(1)
        try:
            came.sendall(said)
            came.shutdown(socket.SHUT_WR)
            came.recv(100)
        except OSError:
            return

    with saying(speak) as port:
        tool = made(tmp_path, None, port=port, security="none", trust="", tries=1)
        with pytest.raises(NotSent):
            tool.act("answer", ASK, KEY)


def test_a_conversation_ends_in_time_however_slowly_it_is_led(tmp_path: Path) -> None:
    """A byte now and then does not keep a worker."""
    clock = count(step=10.0)
    mail = Mail.model_validate(DECLARED | {"security": "none", "trust": "", "timeout_s": 5})

    def speak(came: socket.socket) -> None:
        try:
            while came.send(b"2"):
                came.recv(0)
        except OSError:
            return

    with saying(speak) as port:
        way = open_way(
            "letters", mail.model_copy(update={"port": port}), tmp_path, lambda: next(clock)
        )
        tool = MailSends(
            Line("letters", way, pause=lambda *_: None),
            clock=StoppedClock(NOW),
            schema={"answer": ASKED},
        )
        with pytest.raises(NotSent):
            tool.act("answer", ASK, KEY)

    assert next(clock) < 200


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"email": "eva@acme.example\r\nBcc: x@evil.example"}, "neither a mail address"),
        ({"email": "a@x.example, b@y.example"}, "neither a mail address"),
        ({"email": "<eva@acme.example>"}, "neither a mail address"),
        ({"email": ["eva@acme.example", 7]}, "neither a mail address"),
        ({"email": ""}, "neither a mail address"),
        ({"name": ""}, "is empty"),
        ({"name": "Eva\x00"}, "control characters"),
    ],
)
def test_nothing_somebody_wrote_leaves_its_place(
    postbox: Postbox, changed: dict[str, Any], says: str
) -> None:
    """Nothing is sent, and what was written is not repeated."""
    with pytest.raises(InvalidInput, match=says) as raised:
        letters(postbox).act("answer", ASK | {"fields": FIELDS | changed}, KEY)

    assert postbox.letters == []
    assert "evil" not in str(raised.value)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(label=st.text(max_size=120), name=st.text(max_size=120))
def test_no_text_becomes_a_header(label: str, name: str) -> None:
    """Whatever is filled in: the headers are those of the letter, and subject and text say it."""
    mail, letter = Mail.model_validate(DECLARED), Letter.model_validate(LETTER)
    asked = ASK | {"label": label, "fields": FIELDS | {"name": name}}
    try:
        written = write(mail, letter, asked, KEY, NOW)
    except InvalidInput:
        return

    head, _, _ = written.content.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert len(names) == len(set(names)) == 9
    assert written.recipients == ("eva@acme.example",)
    assert message_from_bytes(written.content, policy=default)["Subject"] == f"Your {label}"
    assert b"\n" not in written.content.replace(b"\r\n", b"")


def test_letters_go_only_where_they_may(postbox: Postbox) -> None:
    """A domain or an address that is not named is refused before anything is said."""
    closed = letters(postbox, only_to=["@acme.example", "bo@other.example"], **to("{fields.email}"))
    closed.act("answer", ASK, KEY)
    closed.act("answer", ASK | {"fields": FIELDS | {"email": "bo@other.example"}}, KEY)

    with pytest.raises(InvalidInput, match="only_to"):
        closed.act("answer", ASK | {"fields": FIELDS | {"email": "al@other.example"}}, KEY)
    assert len(postbox.letters) == 2


def test_people_are_meant_by_their_names(postbox: Postbox) -> None:
    """A list of them is a letter to each address, once."""
    asked = ASK | {"fields": {"email": ["Eva", "bo@acme.example", "Eva"], "name": "all"}}
    tool = letters(postbox, people={"Eva": "eva@acme.example"})

    assert tool.act("answer", asked, KEY)["recipients"] == 2
    assert postbox.letters[0]["To"] == "eva@acme.example, bo@acme.example"


def test_it_is_reached_without_sending_anything(postbox: Postbox) -> None:
    """It lets us in, and so does the folder of what was sent; a wrong folder is told."""
    assert probe(letters(postbox, **kept(postbox)), [], 5) == []
    wrong = {"sent": kept(postbox)["sent"] | {"folder": "Nowhere"}}

    with pytest.raises(NotAllowed, match=r"sent\.folder"):
        probe(letters(postbox, **wrong), [], 5)
    assert postbox.letters == []


def test_without_means_no_letter_is_sent(postbox: Postbox) -> None:
    """In the sandbox nobody is reached."""
    bare = without_means(letters(postbox))

    with pytest.raises(NotAllowed, match="sandbox"):
        bare.act("answer", ASK, KEY)
    with pytest.raises(NotAllowed):
        letters(postbox).read("t-1")
    assert postbox.letters == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"host": "user:pass@smtp.example"}, "host"),
        ({"host": "smtp.example\r\nQUIT"}, "host"),
        ({"sender": "nobody"}, "sender"),
        ({"sender": "Acme\r\nBcc: <desk@acme.example>"}, "sender"),
        ({"security": "none", "is_private": False}, "encrypted"),
        ({"only_to": ["acme"]}, "only_to"),
        ({"people": {"Eva": "eva"}}, "Eva"),
        ({"operations": {}}, "operations"),
        ({"sent": {"host": "imap.example", "folder": 'S"ent'}}, "folder"),
    ],
)
def test_what_is_declared_wrongly_is_refused(changed: dict[str, Any], says: str) -> None:
    """Before anything is reached."""
    with pytest.raises(ValidationError, match=says):
        Mail.model_validate(DECLARED | changed)


def test_a_trust_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """With its name and what to do."""
    with pytest.raises(PilotageError, match="PEM file"):
        made(tmp_path, trust="nowhere.pem")
