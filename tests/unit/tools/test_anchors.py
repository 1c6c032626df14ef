"""Places outside keep where a chain ends, once, and notice a chain that was set back."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from runs.errors import Conflict, InvalidInput, Unavailable
from tools.anchors import FILE_OF_COPY, FilePlace, GitPlace, Webhook, place_of


def line(seq: int = 7, hash: str = "a", installation: str = "1") -> dict[str, Any]:
    """One anchor."""
    told = {"schema": "pilotage/anchor/1", "seq": seq, "events": seq, "at": "2026-03-02T09:00:00Z"}
    return {**told, "installation": installation * 64, "hash": hash * 64}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A git working copy."""
    folder = tmp_path / "copy"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True, capture_output=True)
    return folder


def log_of(copy: Path) -> list[str]:
    """The subjects of its commits, newest first."""
    command = ["git", "-C", str(copy), "log", "--format=%s"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()


class Told(HTTPServer):
    """A server that keeps what it is told and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.answer = 204
        self.seen: list[tuple[str, dict[str, Any], str]] = []

    @property
    def url(self) -> str:
        """Its address, with a path that is a secret."""
        return f"http://127.0.0.1:{self.server_port}/hook/s3cret"


class Answers(BaseHTTPRequestHandler):
    """One request to it."""

    def do_POST(self) -> None:
        """Keep the body."""
        assert isinstance(self.server, Told)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, body, self.headers["Idempotency-Key"]))
        self.send_response(self.server.answer)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Told]:
    """A real server on a free port."""
    with Told() as told:
        thread = threading.Thread(target=told.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield told
        told.shutdown()
        thread.join()


def test_a_file_gets_one_line_an_anchor_however_often_it_is_told(tmp_path: Path) -> None:
    """Lines are added; what stands there is never changed."""
    place = FilePlace(tmp_path / "anchors.ndjson")
    for seq in (7, 7, 9, 7):
        place.write(line(seq))

    assert [json.loads(one)["seq"] for one in place.path.read_text().splitlines()] == [7, 9]


@pytest.mark.parametrize("back", [line(6), line(7, hash="b")])
def test_a_file_that_vouches_for_more_says_that_the_record_was_set_back(
    back: dict[str, Any], tmp_path: Path
) -> None:
    """And nothing is written over it."""
    place = FilePlace(tmp_path / "anchors.ndjson")
    place.write(line(7))

    with pytest.raises(Conflict, match="was set back; run `pilotage audit verify"):
        place.write(back)
    assert len(place.path.read_text().splitlines()) == 1


def test_a_file_vouches_for_one_installation(tmp_path: Path) -> None:
    """A record that was made anew from its first event cannot hide behind fresh anchors."""
    place = FilePlace(tmp_path / "anchors.ndjson")
    place.write(line(7))

    with pytest.raises(Conflict, match="another installation"):
        place.write(line(9, installation="2"))


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    """It says which line is no anchor."""
    place = FilePlace(tmp_path / "notes.txt")
    place.path.write_text("remember the milk\n")

    with pytest.raises(InvalidInput, match="line 1: is no anchor"):
        place.write(line())
    assert place.path.read_text() == "remember the milk\n"


def test_a_place_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    """Unavailable is what is retried."""
    with pytest.raises(Unavailable, match="cannot be written"):
        FilePlace(tmp_path / "gone" / "anchors.ndjson").write(line())


def test_every_anchor_is_a_commit_of_its_file_alone(copy: Path) -> None:
    """What else was added to the working copy stays uncommitted."""
    place = GitPlace(copy)
    place.write(line(7))
    (copy / "mine.txt").write_text("work in progress")
    subprocess.run(["git", "-C", str(copy), "add", "mine.txt"], check=True)
    place.write(line(9))
    place.write(line(9))

    assert log_of(copy) == ["Anchor event 9 of 111111111111", "Anchor event 7 of 111111111111"]
    status = ["git", "-C", str(copy), "status", "--porcelain"]
    assert subprocess.run(status, capture_output=True, text=True, check=True).stdout == (
        "A  mine.txt\n"
    )


def test_a_line_that_was_added_and_not_committed_is_committed_the_next_time(copy: Path) -> None:
    """As after a crash between both."""
    FilePlace(copy / FILE_OF_COPY).write(line(7))
    GitPlace(copy).write(line(7))

    assert log_of(copy) == ["Anchor event 7 of 111111111111"]


def test_a_folder_that_is_no_working_copy_is_told_how_to_become_one(tmp_path: Path) -> None:
    """Nothing is written to it."""
    with pytest.raises(InvalidInput, match="git init"):
        GitPlace(tmp_path).write(line())
    assert list(tmp_path.iterdir()) == []


def test_a_webhook_is_posted_the_line_under_its_key(server: Told) -> None:
    """And its path, which is often a secret, is never shown."""
    place = place_of(server.url)
    place.write(line())

    assert server.seen == [("/hook/s3cret", line(), f"{'1' * 64}:7")]
    assert place.shown == f"http://127.0.0.1:{server.server_port}"
    assert "s3cret" not in place.name + place.shown


@pytest.mark.parametrize("answer", [302, 400, 503])
def test_whatever_is_not_kept_is_tried_again_and_followed_nowhere(
    answer: int, server: Told
) -> None:
    """A redirect is no answer."""
    server.answer = answer

    with pytest.raises(Unavailable, match=f"answered {answer}"):
        Webhook(server.url).write(line())
    assert len(server.seen) == 1


def test_a_webhook_that_is_not_there_is_tried_again(server: Told) -> None:
    """The error says the host and no more."""
    with pytest.raises(Unavailable, match=r"http://127.0.0.1:1 does not answer \(ConnectError\)"):
        Webhook("http://127.0.0.1:1/s3cret").write(line())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write it like"),
        ("anchors.ndjson", "write it like"),
        ("file:anchors.ndjson", "write it like"),
        ("ftp://host/x", "write it like"),
        ("http://example.com/x", "use https"),
        ("https://example.com/x", "not declared; name the place in PILOTAGE_ANCHOR"),
        ("https://127.0.0.1.example.com/x", "not declared"),
    ],
)
def test_what_is_no_place_is_told_with_what_is_one(text: str, says: str) -> None:
    """Nothing is sent to a host that nobody declared, nor in the clear beyond this machine."""
    with pytest.raises(InvalidInput, match=says):
        place_of(text)


def test_a_declared_host_is_a_place(tmp_path: Path) -> None:
    """So are loopback, a file and a working copy."""
    assert place_of("https://example.com/x", {"example.com"}).shown == "https://example.com"
    assert place_of("http://localhost:8/x").find_file() is None
    assert place_of(f"file:{tmp_path}/a").find_file() == tmp_path / "a"
    assert place_of(f"git:{tmp_path}").find_file() == tmp_path / FILE_OF_COPY
