"""`anomaly score`: one transaction from the command line, its answer for people or as JSON."""

import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import click
import grpc
from anomaly.v1 import scoring_service_pb2
from anomaly.v1.transaction_pb2 import Payment, Transaction
from google.protobuf import json_format
from rich.console import Console
from rich.table import Table

from scoring_server.currencies import minor_unit_exponent
from scoring_server.errors import InvalidArgumentError
from scoring_server.rpc.client import ScoringClient, status_of_call, violations_of
from scoring_server.rpc.client_tls import client_tls


def run_score(
    target: str, text: str | None, options: Mapping[str, Any], *, machine_readable: bool
) -> int:
    """Score one transaction and print the answer; return the exit code.

    Args:
        target: host:port of the scoring server.
        text: the transaction as JSON of the protocol; None builds it from `options`.
        options: the command's options by name.
        machine_readable: print the answer as JSON.

    Raises:
        InvalidArgumentError: the transaction cannot be built.
    """
    transaction = from_options(options) if text is None else from_json(text)
    with ScoringClient(target, tls=client_tls(os.environ)) as client:
        try:
            result = client.score(transaction)
        except grpc.RpcError as error:
            click.echo(f"Error: {describe_error(error, target)}", err=True)
            return 1
    if machine_readable:
        click.echo(
            json_format.MessageToJson(
                result,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
                indent=None,
            )
        )
    else:
        _print_result(Console(), result)
    return 0


def from_json(text: str) -> Transaction:
    """Return the transaction that a JSON text describes, as the protocol maps it."""
    try:
        return json_format.Parse(text, Transaction())
    except json_format.ParseError as error:
        raise InvalidArgumentError(f"the file must be a Transaction as JSON: {error}") from error


def from_options(options: Mapping[str, Any]) -> Transaction:
    """Return the payment that the options of the command describe."""
    amount: Decimal | None = options["amount"]
    if options["account"] is None or amount is None:
        raise InvalidArgumentError("give --account and --amount, or --file with the transaction")
    transaction = Transaction(
        transaction_id=options["transaction_id"] or f"cli-{uuid.uuid4()}",
        payment=Payment(
            account_id=options["account"],
            merchant_id=options["merchant"],
            terminal_id=options["terminal"],
            device_id=options["device"],
            counterparty_account_id=options["counterparty"],
            amount_minor=_minor(amount, options["currency"]),
            currency=options["currency"],
            channel=f"CHANNEL_{options['channel'] or 'UNSPECIFIED'}",
            mcc=options["mcc"],
            country=options["country"],
            ip_address=options["ip_address"],
        ),
    )
    if options["position"] is not None:
        latitude, longitude = options["position"]
        transaction.payment.position.latitude_deg = latitude
        transaction.payment.position.longitude_deg = longitude
    _set_time(transaction, options["event_time"])
    return transaction


def describe_error(error: grpc.RpcError, target: str) -> str:
    """Return what a failed call says, each bad field on a line of its own."""
    # What a stub raises is the call as well, which the types do not say.
    call = cast("grpc.Call", error)
    code, details = call.code(), call.details()
    if code is grpc.StatusCode.UNAVAILABLE:
        return f"no scoring server answers at {target} ({details}). Start one with `anomaly up`."
    violations = violations_of(status_of_call(error))
    return "\n".join(
        [
            f"{code.name}: {details}",
            *(f"  {field}: {description}" for field, description in violations.items()),
        ]
    )


def _minor(amount: Decimal, currency: str) -> int:
    exponent = minor_unit_exponent(currency)
    minor = amount.scaleb(exponent)
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise InvalidArgumentError(
            f"an amount in {currency} has at most {exponent} decimal digits, was {amount}"
        )
    return int(minor)


def _set_time(transaction: Transaction, text: str | None) -> None:
    if text is None:
        transaction.event_time.GetCurrentTime()
        return
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidArgumentError(f"--time must be like 2026-02-09T14:32:18Z: {error}") from error
    transaction.event_time.FromDatetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _print_result(console: Console, result: scoring_service_pb2.ScoreResult) -> None:
    severity = scoring_service_pb2.Severity.Name(result.severity).removeprefix("SEVERITY_")
    decision = scoring_service_pb2.Decision.Name(result.decision).removeprefix("DECISION_")
    table = Table(show_header=False, title=result.transaction_id, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    table.add_row("risk score", f"{result.risk_score:.1f} of 100")
    table.add_row("severity", severity)
    table.add_row("decision", decision)
    scores = result.detector_scores
    ml = f"{scores.ml:.3f}" if scores.HasField("ml") else "took no part"
    table.add_row(
        "detectors",
        f"statistical {scores.statistical:.3f}, behavioral {scores.behavioral:.3f}, ml {ml}",
    )
    table.add_row("model", f"{result.model_name} {result.model_version}".strip() or "none")
    table.add_row("alert", result.alert_id or "none")
    if result.replayed:
        table.add_row("replayed", "yes: this is the first answer to this transaction")
    if result.degraded_reasons:
        table.add_row("degraded", ", ".join(result.degraded_reasons))
    for reason in result.reasons:
        table.add_row(f"{reason.code}", f"{reason.sentence} ({reason.contribution:.0%})")
    console.print(table)
