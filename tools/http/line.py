"""One line to a system that speaks HTTP: what may be sent again, and what an answer means."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx
from pydantic import SecretStr

from runs.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from runs.records.record import canonical
from tools.filled import KEY, in_body, in_path
from tools.http.declared import Endpoint, Http, Look
from tools.http.way import LONGEST, origin, proof
from tools.tool import NotSent, Pause

KEY_HEADER = "Idempotency-Key"
HOPS = 3
"""Redirects of one look, on the same host."""
PATIENCE_S = 30.0
"""Whoever asks to be left alone for longer is not tried again here, but later by the queue."""
REFUSALS: Mapping[int, type[Exception]] = {
    400: InvalidInput,
    401: NotAllowed,
    402: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    405: InvalidInput,
    410: NotFound,
    413: InvalidInput,
    415: InvalidInput,
    422: InvalidInput,
}
"""What the other side answers when it surely did nothing."""
BUSY = 429
OPEN = (408, 425)
"""Answers below 500 that leave open whether it was done."""
NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Not one byte of the request left this machine."""


class Answer(NamedTuple):
    """What the other side said."""

    status: int
    body: bytes
    is_whole: bool
    """False when it was larger than is read."""
    location: str
    after_s: float = 0.0
    """How long it asked to be left alone."""


@dataclass(frozen=True)
class Line:
    """The way there: one declared system, asked through one client."""

    name: str
    declared: Http
    client: httpx.Client
    secret: SecretStr | None = field(default=None, repr=False)
    _: KW_ONLY
    pause: Pause
    seconds: Callable[[], float]
    """A stopwatch."""

    def look(self, look: Look, key: str) -> Answer:
        """What stands at a declared place; tried again, as looking changes nothing.

        Raises Unavailable when nobody answers, NotAllowed when it may not be looked at,
        InvalidInput when the answer leads elsewhere or is too large.
        """
        answer = self._follow(self.declared.base_url + in_path(look.path, {KEY: key}), look.path)
        at = self._at("GET", look.path)
        if answer.status != 404 and answer.status in REFUSALS:
            raise REFUSALS[answer.status](f"{at}: answered {answer.status}")
        if not answer.is_whole:
            raise InvalidInput(f"{at}: answered more than {self.declared.max_bytes} bytes")
        return answer

    def send(self, endpoint: Endpoint, content: Mapping[str, Any], key: str) -> Answer:
        """Send it once, or again where that is safe: before a byte was sent, or once a key.

        Raises NotSent when surely nothing was done; Unavailable when nobody can tell.
        """
        values = {**content, KEY: key}
        url = self.declared.base_url + in_path(endpoint.path, values)
        body = dict(content) if endpoint.body is None else in_body(endpoint.body, values)
        lost = said = Unavailable("it was not tried")
        for number in range(self.declared.tries):
            if number:
                self.pause(number, said.after_s)
            answer, said = self._try(endpoint, url, body, key)
            if answer is not None:
                return answer
            # What one try left open, no later one that surely did nothing closes.
            lost = said if isinstance(lost, NotSent) or not number else lost
            if said.after_s > PATIENCE_S:
                lost.after_s = said.after_s
                break
            if not (isinstance(said, NotSent) or endpoint.is_idempotent):
                break
        raise lost

    def _try(
        self, endpoint: Endpoint, url: str, body: Any, key: str
    ) -> tuple[Answer | None, Unavailable]:
        """An answer that settles it, or what is known without one."""
        at = self._at(endpoint.method, endpoint.path)
        try:
            answer = self._ask(endpoint.method, url, body, key)
        except NOT_CONNECTED as error:
            return None, NotSent(f"{at}: cannot be reached ({type(error).__name__})")
        except httpx.HTTPError as error:
            return None, Unavailable(f"{at}: no answer ({type(error).__name__})")
        unsaid = _unsaid(at, answer)
        return (answer if unsaid is None else None), unsaid or Unavailable(at)

    def _follow(self, url: str, path: str) -> Answer:
        """What a look found, after redirects on the same host."""
        for _ in range(HOPS):
            answer = self._look(url, path)
            if not 300 <= answer.status < 400:
                return answer
            onward = str(httpx.URL(url).join(answer.location))
            if not answer.location or origin(onward) != origin(url):
                break
            url = onward
        raise InvalidInput(f"{self._at('GET', path)}: it leads to another place")

    def _look(self, url: str, path: str) -> Answer:
        at, lost = self._at("GET", path), Unavailable("it was not tried")
        for number in range(self.declared.tries):
            if number:
                self.pause(number, lost.after_s)
            try:
                answer = self._ask("GET", url)
            except httpx.HTTPError as error:
                lost = Unavailable(f"{at}: no answer ({type(error).__name__})")
                continue
            unsaid = _unsaid(at, answer)
            if unsaid is None:
                return answer
            lost = Unavailable(str(unsaid))
            lost.after_s = unsaid.after_s
            if lost.after_s > PATIENCE_S:
                break
        raise lost

    def _ask(self, method: str, url: str, body: Any = None, key: str = "") -> Answer:
        auth, headers = proof(self.declared, self.secret)
        # What is not packed cannot grow beyond what was received.
        headers |= {"Accept": "application/json", "Accept-Encoding": "identity"}
        if key:
            headers |= {KEY_HEADER: key, "Content-Type": "application/json"}
        content = canonical(body) if key else None
        with self.client.stream(
            method,
            url,
            auth=auth,
            headers=headers,
            content=content,
            timeout=self.declared.timeout_s,
        ) as response:
            read, is_whole = self._body(response)
            location = response.headers.get("location", "")
            after_s = asked_for(response.headers)
            return Answer(response.status_code, read, is_whole, location, after_s)

    def _body(self, response: httpx.Response) -> tuple[bytes, bool]:
        read, until = bytearray(), self.seconds() + LONGEST * self.declared.timeout_s
        for piece in response.iter_raw():
            read += piece
            if len(read) > self.declared.max_bytes:
                return b"", False
            if self.seconds() > until:
                raise httpx.ReadTimeout("the whole answer took too long")
        return bytes(read), True

    def _at(self, method: str, path: str) -> str:
        """Where, as it is declared: what was filled in may be what somebody wrote."""
        return f"tool {self.name!r}: {method} {path}"


def asked_for(headers: Mapping[str, str]) -> float:
    """How long `Retry-After` asks to be left alone, seconds; 0 for none, or what is no time.

    A date is held against the other side's own, so that no clock of ours has to agree with it.
    """
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told[:9])
    try:
        until, now = (parsedate_to_datetime(one) for one in (told, headers.get("date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0


def _unsaid(at: str, answer: Answer) -> Unavailable | None:
    """What an answer means that settles nothing; None for one that does."""
    says = f"{at}: answered {answer.status}"
    if answer.status == BUSY:
        unsaid: Unavailable = NotSent(says)
    elif answer.status >= 500 or answer.status in OPEN:
        unsaid = Unavailable(says)
    else:
        return None
    unsaid.after_s = answer.after_s
    return unsaid
