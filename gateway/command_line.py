"""What all commands of the gateway share: its configuration, and how they fail."""

import os
import sys
from typing import NoReturn

import click

from gateway.config import GatewayConfig, load_config
from gateway.errors import ConfigurationError, GatewayError

_CONFIGURATION_EXIT_CODE = 2


def configuration() -> GatewayConfig:
    """Return what the environment asks for; end the command if that is wrong."""
    try:
        return load_config(os.environ)
    except ConfigurationError as error:
        fail(error)


def fail(error: GatewayError) -> NoReturn:
    """End the command with the error's message."""
    click.secho(error.message, fg="red", err=True)
    sys.exit(_CONFIGURATION_EXIT_CODE if isinstance(error, ConfigurationError) else 1)
