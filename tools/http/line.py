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
from tools.pace import LOOKS, Turn, comes_now, free
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
REMEDIES: Mapping[type[Exception], str] = {
    InvalidInput: "correct what the tools file makes of what is asked for",
    NotAllowed: "give its credential the right to it, there",
    NotFound: "correct the path in the tools file, or name what there is",
}
BUSY = 429
OPEN = (408, 425)
"""Answers below 500 that leave open whether it was done."""
NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Not one byte of the request left this machine."""


def refused(at: str, status: int) -> Exception:
    """The error of an answer that says that surely nothing was done, with the remedy."""
    kind = REFUSALS[status]
    return kind(f"{at}: answered {status}; {REMEDIES[kind]}")


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
    turn: Turn = free
    """Taken before each look, and before whatever is sent again; who sends takes the first."""

    def look(self, look: Look, key: str) -> Answer:
        """What stands at a declared place; tried again, as looking changes nothing.

        Raises Unavailable when nobody answers, NotAllowed when it may not be looked at,
        InvalidInput when the answer leads elsewhere or is too large.
        """
        answer = self._follow(self.declared.base_url + in_path(look.path, {KEY: key}), look)
        at = self._at("GET", look.path)
        if answer.status != 404 and answer.status in REFUSALS:
            raise refused(at, answer.status)
        if not answer.is_whole:
            raise InvalidInput(
                f"{at}: answered more than {self.declared.max_bytes} bytes; ask for less, or "
                "raise max_bytes"
            )
        return answer

    def send(self, endpoint: Endpoint, content: Mapping[str, Any], key: str) -> Answer:
        """Send it once, or again where that is safe: before a byte was sent, or once a key.

        Raises NotSent when surely nothing was done; Unavailable when nobody can tell.
        """
        values = {**content, KEY: key}
        url = self.declared.base_url + in_path(endpoint.path, values)
        body = dict(content) if endpoint.body is None else in_body(endpoint.body, values)
        named = next((n for n, one in self.declared.endpoints.items() if one is endpoint), "")
        lost = said = Unavailable("it was not tried; it is tried again")
        for number in range(self.declared.tries):
            if number and not self._may_again(named, number, said.after_s, lost):
                break
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

    def _may_again(self, named: str, number: int, after_s: float, lost: Unavailable) -> bool:
        """Wait as long as was asked for, and for its turn; False where that comes only later."""
        self.pause(number, after_s)
        return comes_now(self.turn, named, lost)

    def _try(
        self, endpoint: Endpoint, url: str, body: Any, key: str
    ) -> tuple[Answer | None, Unavailable]:
        """An answer that settles it, or what is known without one."""
        at = self._at(endpoint.method, endpoint.path)
        try:
            answer = self._ask(endpoint.method, url, body, key)
        except NOT_CONNECTED as error:
            return None, NotSent(
                f"{at}: cannot be reached ({type(error).__name__}); it is tried again"
            )
        except httpx.HTTPError as error:
            return None, Unavailable(f"{at}: no answer ({type(error).__name__}); look there")
        unsaid = _unsaid(at, answer)
        return (answer if unsaid is None else None), unsaid or Unavailable(
            f"{at}: it answered; look there"
        )

    def _follow(self, url: str, look: Look) -> Answer:
        """What a look found, after redirects on the same host."""
        for _ in range(HOPS):
            answer = self._look(url, look)
            if not 300 <= answer.status < 400:
                return answer
            onward = str(httpx.URL(url).join(answer.location))
            if not answer.location or origin(onward) != origin(url):
                break
            url = onward
        raise InvalidInput(
            f"{self._at('GET', look.path)}: it leads to another place; name the address itself in "
            "the tools file"
        )

    def _look(self, url: str, look: Look) -> Answer:
        at, lost = self._at("GET", look.path), Unavailable("it was not tried; it is tried again")
        named = next((one for one in LOOKS if getattr(self.declared, one) is look), "")
        self.turn(named)
        for number in range(self.declared.tries):
            if number and not self._may_again(named, number, lost.after_s, lost):
                break
            try:
                answer = self._ask("GET", url)
            except httpx.HTTPError as error:
                lost = Unavailable(f"{at}: no answer ({type(error).__name__}); it is tried again")
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
    says = f"{at}: answered {answer.status}; it is tried again"
    if answer.status == BUSY:
        unsaid: Unavailable = NotSent(says)
    elif answer.status >= 500 or answer.status in OPEN:
        unsaid = Unavailable(says)
    else:
        return None
    unsaid.after_s = answer.after_s
    return unsaid
