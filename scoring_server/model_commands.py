"""The commands `anomaly model` that a running server obeys; they import late what they need."""

from typing import Any

import click

from scoring_server.command_options import json_option, target_option


@click.group()
def model() -> None:
    """Check, list and deploy models."""


@model.command()
@target_option
@json_option
def slots(*, target: str, machine_readable: bool) -> None:
    """Show which models a running server holds, and what for."""
    _change(target, "ListModels", machine_readable=machine_readable)


@model.command()
@click.argument("name")
@click.argument("version")
@target_option
@json_option
def promote(*, name: str, version: str, target: str, machine_readable: bool) -> None:
    """Make NAME VERSION the champion of a running server, after it has passed the gate."""
    _change(target, "PromoteModel", machine_readable=machine_readable, name=name, version=version)


@model.command()
@target_option
@json_option
def rollback(*, target: str, machine_readable: bool) -> None:
    """Make the previous champion of a running server champion again."""
    _change(target, "RollbackModel", machine_readable=machine_readable)


@model.command()
@click.argument("name")
@click.argument("version")
@click.argument("percentage", type=click.FloatRange(0, 100))
@target_option
@json_option
def canary(
    *, name: str, version: str, percentage: float, target: str, machine_readable: bool
) -> None:
    """Let NAME VERSION score a PERCENTAGE of the accounts; 0 ends it."""
    _change(
        target, "SetCanary", machine_readable=machine_readable,
        name=name, version=version, canary_pct=percentage,
    )  # fmt: skip


@model.command()
@click.argument("name")
@click.argument("version")
@click.option("--off", is_flag=True, help="Stop it.")
@target_option
@json_option
def shadow(*, name: str, version: str, off: bool, target: str, machine_readable: bool) -> None:
    """Compare NAME VERSION with the champion of a running server on all transactions."""
    _change(
        target, "SetShadow", machine_readable=machine_readable,
        name=name, version=version, shadow=not off,
    )  # fmt: skip


def _change(target: str, method: str, *, machine_readable: bool, **fields: Any) -> None:
    from scoring_server.model_change import change_models

    change_models(target, method, fields, machine_readable=machine_readable)
