"""A bare DBOS workflow of three steps that do nothing: what a durable queue alone costs.

    python -m bench.plain.stepping URL POLL CONCURRENCY [--own]

Works off what `enqueue` wrote, in this process, and prints what it took. With --own the engine is
the one DBOS makes itself; without, that of Pilotage's queue, which on SQLite waits for no disk.
"""

import json
import sys
import time
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig

from runs.queue import engine_for

QUEUE = "bare"
VERSION = "bare-1"


def config(url: str, *, is_own: bool) -> DBOSConfig:
    """How DBOS is set up, as a small program would."""
    told: dict[str, Any] = {"name": "bare", "system_database_url": url, "log_level": "ERROR"}
    told |= {"application_version": VERSION, "executor_id": "bare", "enable_otlp": False}
    if not is_own:
        told["system_database_engine"] = engine_for(url)
    return DBOSConfig(**told)


def register() -> None:
    """The workflow: three steps, each of which is stored."""

    @DBOS.step(name="first")
    def first(number: int) -> int:
        return number

    @DBOS.step(name="second")
    def second(number: int) -> int:
        return number

    @DBOS.step(name="third")
    def third(number: int) -> int:
        return number

    @DBOS.workflow(name="bare")
    def bare(number: int) -> int:
        return third(second(first(number)))


def enqueue(url: str, count: int) -> None:
    """Write so many of them into the queue."""
    client = DBOSClient(system_database_url=url)
    for number in range(count):
        options: Any = {"workflow_name": "bare", "queue_name": QUEUE, "app_version": VERSION}
        client.enqueue(options, number)
    client.destroy()


def left(engine: sa.Engine, schema: str) -> int:
    """How many have not ended."""
    query = f"SELECT count(*) FROM {schema}workflow_status WHERE status IN ('ENQUEUED', 'PENDING')"
    with engine.connect() as connection:
        return connection.execute(sa.text(query)).scalar_one()


def main(url: str, poll_s: float, concurrency: int, *, is_own: bool) -> None:
    """Prepare the tables, and with a count on stdin work off so many."""
    DBOS(config=config(url, is_own=is_own))
    register()
    DBOS.launch()
    say("ready")
    count = int(sys.stdin.readline())
    enqueue(url, count)
    say("sent")
    sys.stdin.readline()
    DBOS.register_queue(
        QUEUE,
        worker_concurrency=concurrency,
        polling_interval_sec=poll_s,
        on_conflict="always_update",
    )
    watch(url, count)
    DBOS.destroy(workflow_completion_timeout_sec=10, destroy_registry=True)


def watch(url: str, count: int) -> None:
    """Say when a tenth and when all have ended, and the processor time between."""
    engine = engine_for(url)
    schema = "dbos." if url.startswith("postgresql") else ""
    while left(engine, schema) > count * 0.9:
        time.sleep(0.05)
    began, cpu, there = time.monotonic(), time.process_time(), left(engine, schema)
    while left(engine, schema):
        time.sleep(0.05)
    took = {"items": there, "seconds": time.monotonic() - began}
    say(json.dumps(took | {"cpu_s": time.process_time() - cpu}))


def say(line: str) -> None:
    """One line to whoever started this process."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), is_own="--own" in sys.argv)
