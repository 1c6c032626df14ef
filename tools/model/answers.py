"""What a reply means: an answer, one of no use, or why there is none, and what it took; pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from runs.errors import InvalidInput, NotAllowed, NotFound, PilotageError, Unavailable
from runs.records.model_call import CallEnd
from runs.records.run import Spend
from tools.model import completion, forms
from tools.model.asked import Attempt, Outcome, Request, Unusable, Usage
from tools.model.completion import Said, read_json
from tools.model.forms import Read
from tools.model.reply import Lost, Reply
from tools.model.route import Route, Way
from tools.tokens import Counter

BUSY = 429
OPEN = (408, 425)
"""Below 500, and yet it is open whether it was done."""
TURNED_AWAY = (BUSY, 503, 529)
"""The endpoint took nothing up: nothing was done, and nothing is owed."""
QUOTA = "insufficient_quota"
"""Too many requests is a wait; no more money is a person's matter."""
NOTHING = Said("", (), "", None, False, "", 0)
UTF8 = "utf-8"


TOO_LONG = "context_length_exceeded"
LONGEST = 200
"""Letters of a model's name in a list: it is asked for, kept and told as it is."""

ELSEWHERE = "it is tried again, or elsewhere"
AWAY = "see that it runs, and that base_url leads to it"
UNWELL = "see what its own log says"
LATE = "see how busy it is, or raise limits.timeout_s"
OFTEN = "ask it less often (limits.per_minute), or raise what it allows"
"""What a person sees to where it goes on like that."""


class NotTaken(InvalidInput):
    """The endpoint does not take what is asked of it in the way in which it is asked."""


REFUSALS: Mapping[int, tuple[type[PilotageError], str]] = {
    400: (NotTaken, "that it takes what models.yaml declares, and so long a question"),
    401: (NotAllowed, "that the credential of the route is the right one"),
    402: (NotAllowed, "that its account may spend"),
    403: (NotAllowed, "that the credential of the route may use this model"),
    404: (NotFound, "that it lists this model, and base_url is right (`pilotage model check`)"),
    413: (InvalidInput, "that less is asked at once"),
    422: (NotTaken, "that it takes what models.yaml declares"),
}
"""The class of the error, and what to see to."""


PLAIN = (NotTaken, InvalidInput, NotAllowed, NotFound, Unavailable)
"""What the way to an endpoint raises, by the classes that say what to do about it."""


class Unsaid(NamedTuple):
    """Why there is no answer."""

    why: PilotageError
    end: CallEnd
    may_repeat: bool
    """Sending it again is safe, and may help."""
    is_failure: bool = False
    """The endpoint is not well."""
    after_s: float = 0.0
    """How long it asked to be left alone."""

    def error(self, name: str) -> PilotageError:
        """The error that tells it of this route, of the class that it is."""
        kind = next(one for one in type(self.why).__mro__ if one in PLAIN)
        error = kind(f"{name}: {self.why}")
        if isinstance(error, Unavailable):
            error.after_s = self.after_s
        return error


class Got(NamedTuple):
    """What was answered."""

    said: Said
    read: Read | None
    """In the form that was asked for; None where it has not that form."""
    flaw: Unusable | None
    """Why it is of no use."""
    content: str
    """The answer as it came."""


def heard(reply: Reply, request: Request, way: Way, route: Route) -> Got:
    """What an answer comes to; one that cannot be used says why."""
    content = reply.body.decode(UTF8, "replace")
    if not reply.is_whole:
        says = f"the answer is larger than {route.limits.max_bytes} bytes, or packed; "
        return Got(NOTHING, None, Unusable(f"{says}raise limits.max_bytes", flaw="too_large"), "")
    try:
        said = completion.read(reply.body, route.limits.context)
    except Unusable as flaw:
        return Got(NOTHING, None, flaw, content)
    try:
        read = forms.read(said, request, way)
    except Unusable as flaw:
        return Got(said, None, flaw, content)
    return Got(said, read, None, content)


def lost(error: Lost) -> Unsaid:
    """What no reply means: what surely never arrived costs nothing; what was slow stays slow."""
    how = "took too long" if error.is_late else f"no answer ({error})"
    remedy = LATE if error.is_late else UNWELL if error.is_sent else AWAY
    why = Unavailable(f"{how}; {ELSEWHERE}; {remedy}")
    end: CallEnd = "unanswered" if error.is_sent else "unsent"
    return Unsaid(why, end, may_repeat=not error.is_late, is_failure=True)


def unsaid(reply: Reply) -> Unsaid:
    """What an answer means that is no 200."""
    status, after_s = reply.status, reply.after_s
    if status == BUSY and _code(reply) == QUOTA:
        says = "its account has no quota left; see that it may spend"
        return Unsaid(NotAllowed(says), "refused", may_repeat=False)
    if status in TURNED_AWAY or status in OPEN or status >= 500:
        remedy = OFTEN if status == BUSY else UNWELL
        why = Unavailable(f"answered {status}; {ELSEWHERE}; {remedy}")
        end: CallEnd = "refused" if status in TURNED_AWAY else "unanswered"
        is_failure = status != BUSY
        return Unsaid(why, end, may_repeat=True, is_failure=is_failure, after_s=after_s)
    if 300 <= status < 400:
        says = f"answered {status}: it leads to another place; write that base_url itself"
        return Unsaid(InvalidInput(says), "refused", may_repeat=False)
    kind, remedy = REFUSALS.get(status, (InvalidInput, "what its documentation says of that"))
    code = _code(reply)
    kind = InvalidInput if kind is NotTaken and code == TOO_LONG else kind
    says = f"answered {status}{f' ({code})' if code else ''}; see {remedy}"
    return Unsaid(kind(says), "refused", may_repeat=False)


def listed(reply: Reply) -> list[str] | None:
    """The models that an endpoint lists; None where that is no list of models."""
    try:
        told: Any = read_json(reply.body)
    except ValueError:
        return None
    found = told.get("data") if isinstance(told, dict) else None
    if not isinstance(found, list):
        return None
    ids = (one.get("id") for one in found if isinstance(one, dict))
    names = [id for id in ids if isinstance(id, str)]
    return names if all(len(one) <= LONGEST for one in names) else None


def outcome(got: Got | Unsaid, route: Route, attempt: Attempt, count: Counter) -> Outcome:
    """What became of a request, and what it took.

    Where nobody can tell, it took what was reserved; where nothing was done, nothing.
    """
    if isinstance(got, Unsaid):
        is_open = got.end == "unanswered"
        spent = attempt.most if is_open else Spend(calls=int(got.end != "unsent"))
        return Outcome(got.end, spent, None, str(got.why), "", 0)
    end: CallEnd = "answered" if got.flaw is None else "unusable"
    if got.said is NOTHING:
        return Outcome(end, attempt.most, None, got.content or str(got.flaw), "", 0)
    usage = got.said.usage or _estimate(got, attempt, route, count)
    spent = Spend(
        calls=1,
        tokens=usage.input + usage.output,
        cost=route.cost(usage.input, usage.output),
    )
    return Outcome(end, spent, usage, got.content, got.said.model, got.said.is_cached)


def _estimate(got: Got, attempt: Attempt, route: Route, count: Counter) -> Usage:
    """What an answer took whose endpoint does not count: never more than was reserved."""
    most_written = int(attempt.body[route.told_as])
    read = attempt.most.tokens - most_written
    texts = [got.said.text, *(one.name + one.arguments for one in got.said.calls)]
    written = min(most_written, sum(count(text).tokens for text in texts if text))
    return Usage(input=read, output=written, kind="estimate")


def _code(reply: Reply) -> str:
    """The endpoint's own word for what is wrong, where it is a word; never its sentence."""
    try:
        told: Any = read_json(reply.body)
    except ValueError:
        return ""
    error = told.get("error") if isinstance(told, dict) else None
    found = (error.get("code") or error.get("type")) if isinstance(error, dict) else None
    is_word = isinstance(found, str) and len(found) <= 60 and found.replace("_", "").isalnum()
    return found if isinstance(found, str) and is_word else ""
