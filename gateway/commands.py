"""The gateway's part of the `anomaly` command."""

import os

import click
import msgspec

from gateway.command_line import configuration, fail
from gateway.config import GatewayConfig
from gateway.database_commands import db
from gateway.db.migrate import migrate
from gateway.errors import GatewayError
from gateway.log import configure_log
from gateway.people_commands import user


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
    config = configuration()
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
        fail(error)


def _print_openapi(config: GatewayConfig) -> None:
    from gateway.app import build

    schema = build(config).openapi_schema.to_schema()
    click.echo(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())


COMMANDS: list[click.Command] = [gateway, db, user]
