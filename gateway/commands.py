"""The gateway's part of the `anomaly` command."""

import asyncio
import os
import sys
from typing import NoReturn

import click
import msgspec

from gateway.config import GatewayConfig, load_config
from gateway.db.migrate import migrate, schema_versions
from gateway.errors import ConfigurationError, GatewayError
from gateway.log import configure_log
from gateway.people_commands import user

_CONFIGURATION_EXIT_CODE = 2
_RECOUNT_TIMEOUT_MS = 3_600_000


@click.command()
@click.option("--host", help="Address to listen on; HOST, or 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port; PORT, or 8000. 0 takes a free one."
)
@click.option("--print-openapi", is_flag=True, help="Print the description of the API and stop.")
def gateway(host: str | None, port: int | None, *, print_openapi: bool) -> None:
    """Start the REST gateway."""
    # The worker processes of a larger gateway read the environment again.
    if host is not None:
        os.environ["HOST"] = host
    if port is not None:
        os.environ["PORT"] = str(port)
    config = _config()
    if print_openapi:
        _print_openapi(config)
        return
    configure_log(config.log_level, config.log_format)
    if not config.login_required:
        click.secho(
            "WARNING: no login. ENVIRONMENT is development and HOST a loopback address, so "
            "everybody on this machine can read and decide alerts. REQUIRE_LOGIN=true turns the "
            "login on.",
            fg="red",
            bold=True,
            err=True,
        )
    # Imported late: the server behind it takes half a second that other commands need not wait for.
    from gateway.server import serve

    try:
        config.data_dir.mkdir(parents=True, exist_ok=True)
        migrate(config.database_url)
        serve(config)
    except GatewayError as error:
        _fail(error)


@click.group()
def db() -> None:
    """Look after the gateway's database."""


@db.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema."""
    url = _config().database_url
    try:
        migrate(url)
        current, _ = schema_versions(url)
    except GatewayError as error:
        _fail(error)
    click.echo(f"the database has schema {current}")


@db.command()
def check() -> None:
    """Tell whether the database has the schema that this program needs."""
    try:
        current, needed = schema_versions(_config().database_url)
    except GatewayError as error:
        _fail(error)
    if current != needed:
        click.echo(
            f"the database has schema {current or 'none'}, this program needs {needed}: run "
            "`anomaly db migrate`",
            err=True,
        )
        sys.exit(1)
    click.echo(f"the database has schema {current}, as needed")


@db.command()
def recount() -> None:
    """Count all transactions and labels anew for the analytics.

    Needed once after an upgrade from a version without these counts, and after transactions were
    loaded past the feed. The feed waits meanwhile.
    """
    from gateway.db.engine import Database
    from gateway.db.watch import DatabaseLimits

    async def run() -> int:
        # It reads all there is in a few statements.
        limits = DatabaseLimits(pool_size=2, statement_timeout_ms=_RECOUNT_TIMEOUT_MS)
        database = Database(_config().database_url, limits)
        try:
            async with database.write() as unit:
                return await unit.recount.recount()
        finally:
            await database.close()

    try:
        total = asyncio.run(run())
    except GatewayError as error:
        _fail(error)
    click.echo(f"counted {total} transactions")


def _config() -> GatewayConfig:
    try:
        return load_config(os.environ)
    except ConfigurationError as error:
        _fail(error)


def _fail(error: GatewayError) -> NoReturn:
    click.secho(error.message, fg="red", err=True)
    sys.exit(_CONFIGURATION_EXIT_CODE if isinstance(error, ConfigurationError) else 1)


def _print_openapi(config: GatewayConfig) -> None:
    from gateway.app import build

    schema = build(config).openapi_schema.to_schema()
    click.echo(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())


COMMANDS: list[click.Command] = [gateway, db, user]
