"""What `anomaly model` does to a running server: promote, rollback, canary, shadow, slots."""

import json
import os
from typing import Any

import click
import grpc
from anomaly.v1 import model_service_pb2

from scoring_server.rpc.client import ScoringClient
from scoring_server.rpc.client_tls import client_tls

# The gate of a large model takes its time.
_TIMEOUT_S = 150.0
_ROLE_PREFIX = "MODEL_ROLE_"


def change_models(
    target: str, method: str, fields: dict[str, Any], *, machine_readable: bool
) -> None:
    """Call a method of ModelService and show the models held afterwards.

    Raises:
        ClickException: the server refuses it, with the sentence why, or is away.
    """
    request = getattr(model_service_pb2, f"{method}Request")(**fields)
    with ScoringClient(target, tls=client_tls(os.environ)) as client:
        try:
            answer = getattr(client.models, method)(request, timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            raise click.ClickException(_why(error, target)) from error
    held = [_line(model) for model in answer.models]
    if machine_readable:
        click.echo(json.dumps(held))
        return
    for line in held:
        share = f", {line['canary_pct']:g} % of accounts" if line["canary_pct"] else ""
        click.echo(f"{line['role']:<9} {line['name']}/{line['version']}{share}")
    if not held:
        click.echo("no model is held")


def _why(error: grpc.RpcError, target: str) -> str:
    # What a stub raises is the call as well, which the types do not say.
    call: Any = error
    if call.code() is grpc.StatusCode.UNAVAILABLE:
        return f"no scoring server answers at {target}; start one with `anomaly up`"
    return str(call.details())


def _line(model: model_service_pb2.Model) -> dict[str, Any]:
    role = model_service_pb2.ModelRole.Name(model.role)
    return {
        "role": role.removeprefix(_ROLE_PREFIX).lower(),
        "name": model.name,
        "version": model.version,
        "sha256": model.sha256,
        "canary_pct": model.canary_pct,
    }
