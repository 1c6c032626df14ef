"""Routes in order: the first that answers gives the answer, and the error says what each said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runs.errors import InvalidInput, PilotageError, Unavailable
from tools.model.asked import Answer, Purse, Request, Unusable
from tools.model.endpoint import Endpoint, Tally


@dataclass(frozen=True)
class Routed:
    """A model: the routes of an installation, paid for out of one purse."""

    endpoints: Sequence[Endpoint]
    purse: Purse
    seconds: Callable[[], float]
    """A stopwatch."""

    def ask(self, request: Request) -> Answer:
        """An answer of the form asked for, of the first route that gives one.

        A refusal of the model is an answer: no other is asked. Raises what `Model.ask` says.
        """
        tally = Tally(began=self.seconds())
        failed: list[PilotageError] = []
        for endpoint in self.endpoints:
            try:
                return endpoint.ask(request, self.purse, tally)
            except PilotageError as error:
                if isinstance(error, Unusable) and error.flaw == "refused":
                    raise
                failed.append(error)
        raise _all(failed)


def _all(failed: Sequence[PilotageError]) -> PilotageError:
    """One error for all: what may pass by itself, else the last; it tells what each route said."""
    if not failed:
        return InvalidInput("no model is declared; write models.yaml, or set OPENAI_BASE_URL")
    passing = [one for one in failed if isinstance(one, Unavailable)]
    told = passing[0] if passing else failed[-1]
    if len(failed) == 1:
        return told
    says = "; ".join(map(str, failed))
    if isinstance(told, Unusable):
        return Unusable(says, flaw=told.flaw)
    if isinstance(told, Unavailable):
        error = Unavailable(says)
        error.after_s = min(one.after_s for one in passing)
        return error
    return type(told)(says)
