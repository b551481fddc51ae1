"""`anomaly db`: bring the database up to date, look whether it is right, count anew, remove."""

import asyncio
import random
import sys
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from gateway.command_line import configuration, fail
from gateway.db.migrate import migrate, require_current, schema_versions
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gateway.config import GatewayConfig
    from gateway.db.engine import Database
    from gateway.domain.database_check import Finding
    from gateway.domain.retention import Pruned

T = TypeVar("T")

# Counts read all there is in a few statements.
_STATEMENT_TIMEOUT_MS = 3_600_000
# Pages between two lines that tell how far a removal is.
_TOLD_PAGES = 50


@click.group()
def db() -> None:
    """Look after the gateway's database."""


@db.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema."""
    url = configuration().database_url
    try:
        migrate(url)
        current, _ = schema_versions(url)
    except GatewayError as error:
        fail(error)
    click.echo(f"the database has schema {current}")


@db.command()
@click.option(
    "--whole",
    is_flag=True,
    help="Read everything instead of samples; takes minutes if there is much.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(*, whole: bool, as_json: bool) -> None:
    """Look whether the database is as it should be.

    Schema, counts against a recount, references, indexes, pages, connections, clock, room, and what
    was set aside. Ends with 0 unless something is wrong, then with 1.
    """
    from gateway.domain import database_check as judged

    config = configuration()
    try:
        findings = [judged.schema(*schema_versions(config.database_url))]
    except GatewayError as error:
        fail(error)
    if not as_json:
        _tell(findings[0])
    if findings[0].verdict is not judged.Verdict.FAULT:
        findings += _run(partial(_look, config, whole=whole, tell=not as_json))
    if as_json:
        body = msgspec.json.encode({"findings": findings})
        click.echo(msgspec.json.format(body, indent=2).decode())
    if any(finding.verdict is judged.Verdict.FAULT for finding in findings):
        sys.exit(1)


async def _look(
    config: "GatewayConfig", database: "Database", *, whole: bool, tell: bool
) -> "list[Finding]":
    from gateway.clock import utc_now
    from gateway.services.database_check import DatabaseCheck

    look = DatabaseCheck(
        database,
        utc_now,
        random.Random(),  # noqa: S311 - a sample, not a secret
        workers=config.workers,
        pool_size=config.database_pool_size,
    )
    findings = []
    async with aclosing(look.run(whole=whole)) as found:
        async for finding in found:
            findings.append(finding)
            if tell:
                _tell(finding)
    return findings


def _tell(finding: "Finding") -> None:
    color = {"OK": "green", "WARNING": "yellow", "FAULT": "red"}[finding.verdict]
    verdict = click.style(f"{finding.verdict:<8}", fg=color)
    click.echo(f"{verdict} {finding.name:<12} {finding.message}")


@db.command()
def recount() -> None:
    """Count all transactions and labels anew for the analytics.

    Needed once after an upgrade from a version without these counts, and after transactions were
    loaded past the feed. The feed waits meanwhile.
    """

    async def count(database: "Database") -> tuple[int, str]:
        async with database.write() as unit:
            total = await unit.recount.recount()
            before = await unit.pruning.pruned_before()
        return total, f"; what is before {before:%Y-%m-%d} was left as it is" if before else ""

    total, rest = _run(count)
    click.echo(f"counted {total} transactions{rest}")


@db.command()
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(1, 36_500),
    required=True,
    metavar="DAYS",
    help="Remove what is older, by the payer's clock and by ours.",
)
@click.option("--dry-run", is_flag=True, help="Tell what would be removed, and change nothing.")
def prune(days: int, *, dry_run: bool) -> None:
    """Remove old transactions that no alert, label or suppression refers to.

    Goes on in small steps while the gateway serves; broken off, it can be started again. The
    counts of analytics and of the dashboard stay as they are.
    """
    from gateway.clock import utc_now
    from gateway.services.retention import Retention

    async def remove(database: "Database") -> "Pruned | None":
        retention = Retention(database, utc_now)
        before = await retention.horizon(days)
        if before is None:
            return None
        done = None
        work = retention.forecast(before) if dry_run else retention.prune(before)
        async with aclosing(work) as pages:
            number = 0
            async for done in pages:
                number += 1
                if number % _TOLD_PAGES == 0:
                    click.echo(
                        f"{done.removed} transactions, up to {done.reached:%Y-%m-%d %H:%M}",
                        err=True,
                    )
        return done

    done = _run(remove)
    if done is None:
        click.echo(f"no transaction is older than {days} days")
        return
    verb = "would be removed" if dry_run else "removed"
    click.echo(
        f"{done.removed} transactions from before {done.before:%Y-%m-%d} {verb}, {done.kept} kept"
    )


def _run(work: "Callable[[Database], Awaitable[T]]") -> T:
    """Return what some work on the configured database gives; end with its error otherwise."""
    # Imported late: help needs none of it.
    from gateway.db.engine import Database
    from gateway.db.watch import DatabaseLimits

    url = configuration().database_url

    async def use() -> T:
        # Its log would stand between the lines that the command prints.
        limits = DatabaseLimits(
            pool_size=2, statement_timeout_ms=_STATEMENT_TIMEOUT_MS, slow_query_ms=0
        )
        database = Database(url, limits)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        require_current(url)
        return asyncio.run(use())
    except GatewayError as error:
        fail(error)
