"""LangGraph's own development server on our `langgraph.json`, where it is installed.

`python -m tests.studio` makes a home, starts `langgraph dev` on it, compares the graph it serves
with the loop's nodes, sends a run into it and sees that nothing is changed. It ends with 1 if
something is otherwise; where the server is not installed it says so and ends with 0.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from agent.graph import NODES
from agent.loop import TriggerDraft, start
from tests.guards.tree import ROOT
from tests.unit.pilotage.homes import House, make_house

PATIENCE_S = 120


def find_server() -> str | None:
    """The program beside this Python, or anywhere on the path."""
    return shutil.which("langgraph", path=str(Path(sys.executable).parent)) or shutil.which(
        "langgraph"
    )


def main() -> int:
    """0 when the server serves the loop as it is, or is not installed."""
    program = find_server()
    if program is None:
        sys.stdout.write(
            "skipped: langgraph-cli is not installed here; with it "
            "(pip install 'langgraph-cli[inmem]') this starts the development server\n"
        )
        return 0
    with tempfile.TemporaryDirectory(prefix="studio-") as made:
        folder = Path(made)
        house = make_house(folder / "home")
        found = _serve(program, folder, house)
    sys.stdout.write("".join(f"{line}\n" for line in found or ["ok: the loop is served, shown"]))
    return int(bool(found))


def _serve(program: str, folder: Path, house: House) -> list[str]:
    """Start it, look at it, end it; what is wrong."""
    shutil.copy(ROOT / "langgraph.json", folder)
    port = _free_port()
    told = {"PILOTAGE_HOME": str(house.folder), "PYTHONPATH": str(ROOT)}
    with (folder / "log.txt").open("wb") as log:
        server = subprocess.Popen(
            [program, "dev", "--no-browser", "--no-reload", "--port", str(port)],
            cwd=folder,
            env=os.environ | told,
            stdout=log,
            stderr=log,
        )
        try:
            return _look(server, f"http://127.0.0.1:{port}", house)
        except (httpx.HTTPError, TimeoutError) as error:
            said = (folder / "log.txt").read_text(encoding="utf-8", errors="replace")
            return [f"the server did not answer: {error!r}", said[-3000:]]
        finally:
            server.terminate()
            server.wait(30)


def _look(server: "subprocess.Popen[bytes]", url: str, house: House) -> list[str]:
    with httpx.Client(base_url=url, timeout=60) as client:
        _await(server, client)
        [assistant] = client.post("/assistants/search", json={"graph_id": "loop"}).json()
        drawn = client.get(f"/assistants/{assistant['assistant_id']}/graph").json()
        nodes = {node["id"] for node in drawn["nodes"]} - {"__start__", "__end__"}
        wrong = [] if nodes == set(NODES) else [f"it serves {sorted(nodes)}"]
        return [*wrong, *_run(client, house)]


def _run(client: httpx.Client, house: House) -> list[str]:
    """A run that is sent into it is refused, and nothing is changed."""
    draft = TriggerDraft("priority", "Sort tickets", "A day is lost.", "k-1")
    opened = start(house.store, house.customer, "dan", draft, house.wired.trigger_terms())
    before = len(house.store.events(house.customer))
    asked = {"assistant_id": "loop", "input": {"customer": "acme", "run": opened.id}}
    answer: Any = client.post("/runs/wait", json=asked).json()
    after = len(house.store.events(house.customer))
    wrong = [] if before == after else [f"{after - before} events were written"]
    told = json.dumps(answer)
    return wrong if "NotAllowed" in told else [*wrong, f"it answered {told[:500]}"]


def _await(server: "subprocess.Popen[bytes]", client: httpx.Client) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            if client.get("/ok").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise TimeoutError(f"nothing on {client.base_url} after {PATIENCE_S} s")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
