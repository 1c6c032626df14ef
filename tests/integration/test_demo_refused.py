"""A demo with models is refused before anything is made where no model can be asked."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pilotage import settings
from pilotage.cli import exits
from pilotage.cli.main import pilotage
from pilotage.demo.asking import announced, find
from pilotage.demo.stage import build
from pilotage.home import Home
from tests.conformance import endpoint
from workflow.samples.known import find_sample
from workflow.samples.variant import fewer

ROUTES = """
routes:
  - name: near
    base_url: {url}
    is_private: true
    model: small-1
    price: {{input: 1, output: 4, currency: EUR}}
  - name: far
    base_url: http://127.0.0.1:9/v1
    is_private: true
"""


def asked(folder: Path, *options: str, **env: str) -> Result:
    """`pilotage demo --models` with this environment alone."""
    told = {"PILOTAGE_HOME": str(folder / "home"), "OPENAI_BASE_URL": "", "OPENAI_API_KEY": ""}
    command = ["demo", "--models", "--into", str(folder / "demo"), *options]
    return CliRunner(env=told | env).invoke(pilotage, command)


def routes(folder: Path, text: str) -> Path:
    """A models file."""
    file = folder / "models.yaml"
    file.write_text(text)
    return file


def test_without_an_endpoint_it_says_what_to_set(tmp_path: Path) -> None:
    """With an example; and that the demo needs none without the flag."""
    went = asked(tmp_path)

    assert went.exit_code == exits.USAGE
    for told in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL", "--models-file"):
        assert told in went.stderr
    assert "qwen3:8b pilotage demo --models" in " ".join(went.stderr.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "routes:\n  - {name: far, base_url: 'https://a.example.org/v1', model: m, "
            "credential: 'env:NO_SUCH_KEY'}",
            "env:NO_SUCH_KEY leads to nothing; set it",
        ),
        (
            "routes:\n  - {name: far, base_url: 'https://a.example.org/v1', model: m, "
            "credential: 'file:key'}",
            "name it as env:NAME",
        ),
        (
            "routes:\n  - {name: far, base_url: 'https://a.example.org/v1', model: m, "
            "price: {input: 1, output: 1, currency: USD}}",
            "its price is in USD and the sample's plan is in EUR",
        ),
        ("routes: []", "routes"),
    ],
)
def test_a_file_whose_routes_cannot_be_asked_is_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    """With the route and the remedy."""
    file = routes(tmp_path, text)

    went = asked(tmp_path, "--models-file", str(file))

    assert went.exit_code == exits.USAGE
    assert says in " ".join(went.stderr.split())
    assert not (tmp_path / "demo").exists()


def test_what_a_sample_or_an_endpoint_lacks_is_said(tmp_path: Path) -> None:
    """A file that is not there, several models without a name, a sample that asks none."""
    with endpoint() as server:
        server.lists = ["small-1", "large-1"]
        several = asked(tmp_path, OPENAI_BASE_URL=server.url)
        none = asked(
            tmp_path,
            "--sample",
            "document_drafting",
            OPENAI_BASE_URL=server.url,
            OPENAI_MODEL="small-1",
        )
    missing = asked(tmp_path, "--models-file", str(tmp_path / "no.yaml"))

    assert "name one with OPENAI_MODEL" in " ".join(several.stderr.split())
    assert "name another sample" in none.stderr
    assert "there is no such file" in missing.stderr
    assert {one.exit_code for one in (several, none, missing)} == {exits.USAGE}
    assert list(tmp_path.iterdir()) == []


def test_the_home_s_file_leads_and_what_is_laid_is_what_is_told(tmp_path: Path) -> None:
    """Routes in order, an endpoint that is dead by its address, and the bound that budgets hold."""
    home = tmp_path / "home"
    home.mkdir()
    with endpoint() as server:
        routes(home, ROUTES.format(url=server.url))
        told = {"PILOTAGE_HOME": str(home), "OPENAI_BASE_URL": "http://localhost:1/v1"}
        asking = find(settings.read(told), None, currency="EUR")
        played = settings.read({"PILOTAGE_HOME": str(tmp_path / "demo")})
        stage = build(played, fewer(find_sample("support_triage"), 60), seed=1, asking=asking)
        limits = stage.wired.installation.model_limits
        first, most = announced(stage.wired, asking, cases=108, pieces=10)

    assert [one.name for one in stage.wired.models.routes()] == ["near", "far"]
    assert asking.names == ("small-1", "")
    assert f"asks small-1 at {server.route().host}, then its only model at 127.0.0.1:9" in first
    assert limits.item.calls == 4
    calls, tokens = (
        getattr(limits.run, of) + 10 * getattr(limits.item, of) for of in ("calls", "tokens")
    )
    assert f"at most {calls:,} requests and {tokens:,} tokens, " in most
    assert " EUR: run_budget and item_budget" in most


def test_a_demo_without_the_flag_asks_none_whatever_is_declared(tmp_path: Path) -> None:
    """Its home says nothing of models, as before; one that was made for them says so."""
    told = {"PILOTAGE_HOME": str(tmp_path / "demo"), "OPENAI_BASE_URL": "http://localhost:1/v1"}
    stage = build(settings.read(told), fewer(find_sample("support_triage"), 60), seed=1)

    assert stage.wired.models.routes() == ()
    assert "asks_models" not in Home(tmp_path / "demo").mark_file.read_text()
