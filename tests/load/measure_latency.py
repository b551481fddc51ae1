"""Measure how long every GET takes on a filled database, with clients that ask without a pause.

    python -m tests.load.measure_latency

starts a gateway on DATABASE_URL, or the SQLite file in DATA_DIR, and asks each kind of question
for a few seconds with 20 clients at once, each the next one as soon as it has its answer. It prints
a table and, as the last line, the same as JSON. Questions that are not yet answered by this version
of the gateway (404) are told of.
"""

import argparse
import asyncio
import json
import os
import random
import secrets
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine

from gateway.config import load_config
from gateway.db.url import synchronous_url
from tests.load import http_clients
from tests.load.fill_desk import ADMIN, PASSWORD
from tests.load.questions import Samples, questions
from tests.support.gateway_process import serving

_PREPARED = 2_000


@dataclass(frozen=True)
class Figures:
    """What one kind of question took."""

    question: str
    answers: int
    per_second: float
    p50_ms: float
    p99_ms: float
    refused: dict[int, int]


async def log_in(client: httpx.AsyncClient) -> str:
    """Return a token of one who may ask everything."""
    answer = await client.post(
        "/api/auth/login", json={"username": ADMIN, "password": PASSWORD}, timeout=60
    )
    token: str = answer.raise_for_status().json()["data"]["access_token"]
    return token


async def measure(options: argparse.Namespace, url: str) -> list[Figures]:
    """Return the figures of all kinds of questions."""
    engine = create_engine(synchronous_url(url))
    with engine.connect() as connection:
        samples = Samples(connection, random.Random(options.seed))
    engine.dispose()
    kinds = {
        name: question
        for name, question in questions(samples).items()
        if options.only.lower() in name.lower()
    }
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "DATABASE_URL": url,
            "RATE_LIMIT_REQUESTS": "0",
            "LOG_LEVEL": "ERROR",
            "SCORING_TARGET": "127.0.0.1:1",
            "WORKERS": str(options.workers),
            "SECRET_KEY": secrets.token_urlsafe(48),
        }
        async with serving(Path(folder), **settings) as client:
            port = client.base_url.port
            assert port
            logged_in = [f"Authorization: Bearer {await log_in(client)}"]
            for name, question in kinds.items():
                headers = logged_in if options.login or "/auth/" in name else []
                prepared = [http_clients.request(question(), headers) for _ in range(_PREPARED)]
                choose = random.Random(options.seed)
                taken = await http_clients.ask(
                    port, options.clients, options.seconds, partial(choose.choice, prepared)
                )
                figures.append(
                    Figures(
                        name,
                        len(taken.seconds),
                        round(taken.per_second, 1),
                        round(taken.quantile_ms(0.5), 2),
                        round(taken.quantile_ms(0.99), 2),
                        taken.refused,
                    )
                )
                click.echo(f"{name}: {figures[-1].p99_ms} ms", err=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each kind of question")
    parser.add_argument("--workers", type=int, default=1, help="processes of the gateway")
    parser.add_argument("--only", default="", help="kinds of questions whose name has this in it")
    parser.add_argument("--login", action="store_true", help="ask with a token, as people do")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    url = load_config(os.environ).database_url
    figures = asyncio.run(measure(options, url))
    table = Table("question", "answers", "a second", "p50 ms", "p99 ms", "not 200")
    for row in figures:
        table.add_row(
            row.question,
            str(row.answers),
            f"{row.per_second:.0f}",
            f"{row.p50_ms:.1f}",
            f"{row.p99_ms:.1f}",
            ", ".join(f"{count} x {status}" for status, count in row.refused.items()),
        )
    Console(width=120).print(table)
    click.echo(json.dumps([row.__dict__ for row in figures]))


if __name__ == "__main__":
    main()
