"""Which models a home may ask: its file, or the environment, or none."""

from pathlib import Path

import pytest

from pilotage import settings
from pilotage.credentials import Credentials
from pilotage.home import Home, Mark
from pilotage.models import Models
from runs.errors import InvalidInput, NotAllowed
from runs.records.record import canonical
from tests.asking import Ledger, Watch, question, turns
from tests.conformance import ANSWER, endpoint

ROUTES = """
routes:
  - name: near
    base_url: http://localhost:8000/v1
    is_private: true
    model: small-1
    price: {input: 0.15, output: 0.6, currency: USD}
    limits: {context: 16384, output: 1024, timeout_s: 20.5}
    parameters: {temperature: 0, top_p: 0.9}
  - name: far
    base_url: https://api.example.org/v1
    model: large-1
    credential: env:FAR_KEY
    price: {input: 1, output: 4, currency: USD}
    structured: strict
"""


def models(folder: Path, text: str = "", *, is_demo: bool = False, **environment: str) -> Models:
    """The models of a home with this file and environment."""
    home = Home(folder)
    home.make(Mark(is_demo=is_demo))
    if text:
        home.models_file.write_text(text)
    credentials = Credentials(environment, home.secrets)
    return Models(home, settings.read(environment), credentials, take=turns(Watch()))


def test_without_a_word_no_model_is_asked(home: Path) -> None:
    """Nothing is there to be asked, and nothing is opened."""
    assert models(home).paid_by(Ledger()) is None


def test_an_address_alone_is_a_model(home: Path) -> None:
    """OPENAI_BASE_URL is enough: the endpoint says what its model is called."""
    with endpoint() as server:
        model = models(home, OPENAI_BASE_URL=server.url).paid_by(Ledger())
        assert model is not None
        answer = model.ask(question())

    assert (answer.value, answer.route, answer.model) == (ANSWER, "default", "small-1")
    assert "authorization" not in server.headers[0]


def test_a_key_is_sent_with_an_address(home: Path) -> None:
    """And it is in nothing that is shown."""
    with endpoint(key="sk-1") as server:
        found = models(home, OPENAI_BASE_URL=server.url, OPENAI_API_KEY="sk-1")
        model = found.paid_by(Ledger())
        assert model is not None
        model.ask(question())

    assert server.headers[0]["authorization"] == "Bearer sk-1"
    assert "sk-1" not in repr(found.routes())


def test_a_key_alone_means_openai(home: Path) -> None:
    """The address and the model are those that the documentation names."""
    (route,) = models(home, OPENAI_API_KEY="sk-1").routes()

    assert (route.base_url, route.model) == ("https://api.openai.com/v1", "gpt-4o-mini")
    assert (route.told_as, route.is_private) == ("max_completion_tokens", False)


def test_several_models_and_no_name_is_a_question_to_a_person(home: Path) -> None:
    """Nobody guesses which model decides."""
    with endpoint() as server:
        server.lists = ["small-1", "large-1"]
        model = models(home, OPENAI_BASE_URL=server.url).paid_by(Ledger())
        assert model is not None
        with pytest.raises(InvalidInput, match=r"2 are listed \(small-1, large-1\); name one"):
            model.ask(question())


def test_a_file_leads_and_its_order_is_kept(home: Path) -> None:
    """The environment's route is left out, and numbers are what the file says."""
    near, far = models(home, ROUTES, OPENAI_BASE_URL="http://localhost:1/v1").routes()

    assert (near.name, far.name) == ("near", "far")
    assert near.price is not None
    assert str(near.price.of(1_000_000, 1_000_000)) == "0.750000000"
    assert near.limits.timeout_s == 20.5
    assert far.limits.tries == 3


def test_what_a_file_says_of_parameters_is_part_of_a_question_s_name(home: Path) -> None:
    """As it is sent, so that what was paid for is found again."""
    place = models(home, ROUTES).door(Ledger())("near", lambda purse: purse)
    assert place is not None

    assert canonical(place.parameters) == b'{"temperature":0,"top_p":0.9}'


def test_a_secret_that_is_not_there_is_said_when_it_is_asked(home: Path) -> None:
    """Nothing is sent, and nothing is spent."""
    purse = Ledger()
    model = models(
        home, ROUTES[: ROUTES.index("  - name: near")] + ROUTES[ROUTES.index("  - name: far") :]
    ).paid_by(purse)
    assert model is not None

    with pytest.raises(NotAllowed, match="env:FAR_KEY leads to nothing") as caught:
        model.ask(question())

    assert str(caught.value).count("model route 'far'") == 1
    assert purse.ends == ["unsent"]


def test_a_demo_asks_no_model(home: Path) -> None:
    """It plays the same wherever it is played."""
    assert models(home, ROUTES, is_demo=True, OPENAI_API_KEY="sk-1").routes() == ()


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        (
            "model: small-1",
            "modle: small-1",
            "routes.0.modle is not a key here; did you mean model",
        ),
        ("env:FAR_KEY", "sk-very-secret", "routes.1.credential is no reference"),
        ("name: far", "name: near", "routes.1.name is near, which another route is called"),
        ("is_private: true", "is_private: false", "not encrypted: write https, or is_private"),
        ("temperature: 0", "stream: true", "leave out stream: Pilotage sets it"),
        ("output: 1024", "output: 16384", "limits.output leaves no room"),
        ("0.6, currency: USD", "0.6, currency: EUR", "is USD, and another route's is EUR"),
        ("4, currency: USD", "4, currency: dollars", "routes.1.price.currency is dollars"),
        ("structured: strict", "structured: magic", "routes.1.structured is magic"),
        ("structured: strict", "query: {api-key: sk-very-secret}", "with auth query:NAME"),
        ("base_url: https://api", "base_url: http://api", "routes.1 is not encrypted: write https"),
        ("structured: strict", "auth: nowhere", "write `bearer`, `header:NAME` or `query:NAME`"),
        ("base_url: https://api", "base_url: https://me:pass@api", "holds a credential"),
    ],
)
def test_what_is_wrong_in_the_file_names_line_key_and_remedy(
    home: Path, was: str, becomes: str, says: str
) -> None:
    """Whoever wrote it finds the place, and no secret is repeated."""
    with pytest.raises(InvalidInput) as caught:
        models(home, ROUTES.replace(was, becomes)).routes()

    assert says in str(caught.value)
    assert "models.yaml, line " in str(caught.value)
    assert "sk-very-secret" not in str(caught.value)
    assert "pass@" not in str(caught.value)


def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(home: Path) -> None:
    """The remedy is in the sentence."""
    with pytest.raises(InvalidInput, match="OPENAI_BASE_URL is 'localhost'"):
        models(home, OPENAI_BASE_URL="localhost")
