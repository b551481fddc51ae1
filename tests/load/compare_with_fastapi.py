"""Compare GET /api/alerts with its FastAPI twin, both sides in turn, in one run.

    python -m tests.load.compare_with_fastapi --twin-python PATH

starts both on DATABASE_URL (PostgreSQL, filled by fill_database.py), one process and ten
connections each, and asks them in turn with the same clients: for the first page (the same question
over and over, which the gateway may answer together) and for pages all over the list (each question
another one). The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

import click
import httpx
from sqlalchemy import create_engine, select

from gateway.config import load_config
from gateway.db.tables.alerts import alerts
from gateway.db.url import synchronous_url
from gateway.domain.pagination import AlertSort, Position, encode_cursor
from tests.load import http_clients
from tests.support.gateway_process import serving

_TWIN = Path(__file__).parent / "fastapi_twin.py"
_ROWS = 10
_PAGES = 1_000


def pages(url: str) -> list[str]:
    """Return paths of pages all over the list."""
    engine = create_engine(synchronous_url(url))
    columns = (alerts.c.raised_time, alerts.c.alert_id)
    choose = random.Random(1)
    found = []
    with engine.connect() as connection:
        for _ in range(_PAGES):
            start = f"alr_{choose.getrandbits(64):016x}"
            after = select(*columns).where(alerts.c.alert_id >= start)
            row = connection.execute(after.order_by(alerts.c.alert_id).limit(1)).first()
            if row:
                position = Position(AlertSort.TIMESTAMP, row.raised_time, row.alert_id)
                found.append(f"/api/alerts?limit={_ROWS}&cursor={encode_cursor(position)}")
    engine.dispose()
    return found


def check_same(ports: dict[str, int], path: str) -> None:
    """Raise unless both sides give the same answer, but for the text of the cursor."""
    answers = []
    for port in ports.values():
        answer = httpx.get(f"http://127.0.0.1:{port}{path}").raise_for_status().json()
        answer["pagination"].pop("next_cursor")
        answers.append(answer)
    assert answers[0].keys() == answers[1].keys()
    assert answers[0]["pagination"] == answers[1]["pagination"], answers
    for ours, theirs in zip(answers[0]["data"], answers[1]["data"], strict=True):
        assert ours.keys() == theirs.keys()
        assert ours["alert_id"] == theirs["alert_id"]
        assert ours["priority"] == theirs["priority"]


async def compare(ports: dict[str, int], paths: list[str], options: argparse.Namespace) -> dict:
    """Return answers a second of both sides, and their ratio."""
    requests = [http_clients.request(path) for path in paths]
    rates: dict[str, list[float]] = {side: [] for side in ports}
    for _ in range(options.rounds):
        for side, port in ports.items():
            choose = partial(random.Random(2).choice, requests)
            taken = await http_clients.ask(port, options.clients, options.seconds, choose)
            assert not taken.refused, (side, taken.refused)
            rates[side].append(taken.per_second)
    middle = {side: statistics.median(values) for side, values in rates.items()}
    return {
        **{f"{side}_per_second": round(value, 1) for side, value in middle.items()},
        "ratio": round(middle["gateway"] / middle["twin"], 2),
    }


async def run(options: argparse.Namespace) -> dict:
    """Start both sides and compare them."""
    url = load_config(os.environ).database_url
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        twin_port = probe.getsockname()[1]
    settings = {"DATABASE_URL": url, "RATE_LIMIT_REQUESTS": "0", "LOG_LEVEL": "ERROR",
                "SCORING_TARGET": "127.0.0.1:1", "DATABASE_POOL_SIZE": "10"}  # fmt: skip
    twin = await asyncio.create_subprocess_exec(
        options.twin_python, _TWIN, str(twin_port), env=os.environ | {"DATABASE_URL": url}
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with serving(Path(folder), **settings) as client:
                ports = {"gateway": client.base_url.port or 0, "twin": twin_port}
                everywhere = pages(url)
                first = f"/api/alerts?limit={_ROWS}"
                transport = httpx.HTTPTransport(retries=10)
                httpx.Client(transport=transport).get(f"http://127.0.0.1:{twin_port}{first}")
                for path in (first, everywhere[0]):
                    check_same(ports, path)
                return {
                    "first_page": await compare(ports, [first], options),
                    "all_over": await compare(ports, everywhere, options),
                }
    finally:
        twin.terminate()
        await twin.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=4.0, help="a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--twin-python", default=sys.executable, help="has the group `twin`")
    click.echo(json.dumps(asyncio.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
